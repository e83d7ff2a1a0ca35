// SPDX-License-Identifier: Apache-2.0
#include "drivers/command.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define NEEDED_MODE 0555

/* One word into b; returns the rest of the line, NULL if quotes do not balance. */
static const char *split_word(const char *p, struct buf *b)
{
    char quote = 0;
    for (; *p && (quote || !strchr(" \t\n", *p)); p++) {
        if (*p == '\\' && quote != '\'' && p[1]) {
            buf_addc(b, *++p);
        } else if (quote && *p == quote) {
            quote = 0;
        } else if (!quote && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else {
            buf_addc(b, *p);
        }
    }
    return quote ? NULL : p;
}

int command_split(struct arena *a, const char *line, struct strs *ret, struct err *err)
{
    struct strs words = {0};
    for (const char *p = line;;) {
        p += strspn(p, " \t\n");
        if (!*p)
            break;
        cleanup_buf struct buf b = {0};
        p = split_word(p, &b);
        if (!p)
            return err_set(err, -EINVAL, "command \"%s\" has an unbalanced quote", line);
        if (b.failed || strs_add(a, &words, arena_strndup(a, b.p, b.n)) < 0)
            return -ENOMEM;
    }
    *ret = words;
    return 0;
}

/* 0, -EACCES or -ENOENT. */
static int try_file(struct arena *a, const char *root, const char *dir, size_t dir_len,
                    const char *name, const char **ret)
{
    const char *path = arena_printf(a, "%.*s%s%s", (int)dir_len, dir, dir_len ? "/" : "", name);
    const char *real = arena_printf(a, "%s%s", root, path);
    if (!path || !real)
        return -ENOMEM;
    struct stat st;
    if (stat(real, &st) < 0 || !S_ISREG(st.st_mode))
        return -ENOENT;
    *ret = path;
    return st.st_mode & 0111 ? 0 : -EACCES;
}

static int search_path(struct arena *a, const struct command_where *w, const char *command,
                       const char **ret)
{
    int best = -ENOENT;
    for (const char *p = isempty(w->path) ? DEFAULT_PATH : w->path; p;) {
        size_t n = strcspn(p, ":");
        if (n > 0 && *p == '/') {
            int r = try_file(a, nonull(w->root), p, n, command, ret);
            if (r == 0)
                return 0;
            if (r == -EACCES)
                best = r;
        }
        p = p[n] ? p + n + 1 : NULL;
    }
    return best;
}

/* What was downloaded over HTTP has no mode to bring along. Only for files below dir, reached
 * without any link; set-id files and files with a second name elsewhere stay as they are. */
static int make_executable(const char *dir, const char *rel)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    struct stat st;
    cleanup_fd int top = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    cleanup_fd int fd = top < 0 ? -1 : (int)syscall(SYS_openat2, top, rel, &how, sizeof(how));
    if (fd < 0 || fstat(fd, &st) < 0)
        return -EACCES;
    if ((st.st_mode & NEEDED_MODE) == NEEDED_MODE)
        return 0;
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || (st.st_mode & (S_ISUID | S_ISGID)))
        return -EACCES;
    return fchmod(fd, (st.st_mode & 07777) | NEEDED_MODE) < 0 ? -EACCES : 0;
}

/* As Nomad: whatever is found there is made executable for everyone. */
static int try_task_file(struct arena *a, const char *task_dir, const char *sub, const char *name,
                         const char **ret)
{
    const char *rel = arena_printf(a, "%s%s", sub, name);
    int r = rel ? try_file(a, "", task_dir, strlen(task_dir), rel, ret) : -ENOMEM;
    if (r != 0 && r != -EACCES)
        return r;
    return make_executable(task_dir, rel) == 0 ? 0 : r;
}

/* ${NOMAD_TASK_DIR}/x names the task's own file, too; with a root of its own so does /local/x. */
static int try_absolute(struct arena *a, const struct command_where *w, const char *command,
                        const char **ret)
{
    int r = try_file(a, nonull(w->root), "", 0, command, ret);
    size_t n = strlen(nonull(w->task_dir));
    if ((r != 0 && r != -EACCES) || n == 0)
        return r;
    const char *real = arena_printf(a, "%s%s", nonull(w->root), command);
    if (!real)
        return -ENOMEM;
    if (strncmp(real, w->task_dir, n) != 0 || real[n] != '/')
        return r;
    const char *rel = real + n + strspn(real + n, "/");
    return make_executable(w->task_dir, rel) == 0 ? 0 : r;
}

static int find_quietly(struct arena *a, const struct command_where *w, const char *command,
                        const char **ret)
{
    if (*command == '/')
        return try_absolute(a, w, command, ret);
    const char *const subs[] = {"local/", ""};
    int best = -ENOENT;
    for (size_t i = 0; w->task_dir && i < ARRAY_LEN(subs); i++) {
        int r = try_task_file(a, w->task_dir, subs[i], command, ret);
        if (r == 0 || r == -ENOMEM)
            return r;
        if (r == -EACCES)
            best = r;
    }
    int r = strchr(command, '/') ? -ENOENT : search_path(a, w, command, ret);
    return r == -ENOENT ? best : r;
}

int command_find(struct arena *a, const struct command_where *w, const char *command,
                 const char **ret, struct err *err)
{
    int r = isempty(command) ? -ENOENT : find_quietly(a, w, command, ret);
    if (r == -EACCES)
        return err_set(err, r, "command \"%s\" is not executable: %s", command, *ret);
    if (r == -ENOENT && (*nonull(command) == '/' || strchr(nonull(command), '/')))
        return err_set(err, r, "command \"%s\" not found%s%s", nonull(command),
                       *command == '/' ? "" : " in the task directory ",
                       *command == '/' ? "" : nonull(w->task_dir));
    if (r == -ENOENT)
        return err_set(err, r,
                       "command \"%s\" not found: neither in the task directory %s nor in $PATH",
                       nonull(command), nonull(w->task_dir));
    return r < 0 ? err_errno(err, r, "command \"%s\"", command) : 0;
}

static int make_argv(struct arena *a, const char *first, const struct strs *rest, size_t skip,
                     const char *const **ret)
{
    const char **argv = arena_array(a, const char *, rest->n - skip + 2);
    if (!argv)
        return -ENOMEM;
    argv[0] = first;
    for (size_t i = skip; i < rest->n; i++)
        argv[i - skip + 1] = rest->items[i];
    *ret = argv;
    return 0;
}

int command_resolve(struct arena *a, const struct command_where *w, const char *command,
                    const struct strs *args, const char **ret_path, const char *const **ret_argv,
                    struct err *err)
{
    int r = command_find(a, w, command, ret_path, err);
    if (r != -ENOENT || args->n > 0 || !strpbrk(nonull(command), " \t"))
        return r < 0 ? r : make_argv(a, command, args, 0, ret_argv);
    struct strs words = {0};
    r = command_split(a, command, &words, err);
    if (r < 0)
        return r;
    if (words.n == 0)
        return err_set(err, -ENOENT, "command is empty");
    r = command_find(a, w, words.items[0], ret_path, err);
    return r < 0 ? r : make_argv(a, words.items[0], &words, 1, ret_argv);
}
