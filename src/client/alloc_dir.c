// SPDX-License-Identifier: Apache-2.0
#include "client/alloc_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DEPTH_MAX 512

int alloc_dir_of(const char *base, const struct uuid *alloc, struct alloc_dir *ret)
{
    int n = snprintf(ret->path, sizeof(ret->path), "%s/%s", base, UUID_Z(alloc));
    return n < 0 || (size_t)n >= sizeof(ret->path) ? -ENAMETOOLONG : 0;
}

int alloc_dir_parse_name(const char *name, struct uuid *ret)
{
    return strlen(name) == UUID_TEXT_LEN ? uuid_parse(str_of(name), ret) : -EINVAL;
}

static int open_beneath(int dir, const char *rel, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    int fd = (int)syscall(SYS_openat2, dir, rel, &how, sizeof(how));
    return fd < 0 ? -errno : fd;
}

/* mkdir + chmod on the descriptor: the agent's umask does not matter. */
static int make_dir(int parent, const char *name, mode_t mode, uid_t uid, gid_t gid, int *ret_fd)
{
    if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
        return -errno;
    cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP ? -ENOTDIR : -errno;
    if (fchmod(fd, mode) < 0 || (uid != 0 && fchown(fd, uid, gid) < 0))
        return -errno;
    if (ret_fd)
        *ret_fd = take_fd(&fd);
    return 0;
}

static int make_parents(const char *path)
{
    char part[4096];
    if (mkdir(path, 0711) == 0 || errno == EEXIST)
        return 0;
    snprintf(part, sizeof(part), "%s", path);
    for (char *p = part + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return -errno;
    }
    return mkdir(part, 0711) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_root(const struct alloc_dir *d)
{
    int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int make_subs(int parent, const char *name, const char *const *subs, const mode_t *modes,
                     size_t n, uid_t uid, gid_t gid)
{
    cleanup_fd int fd = -1;
    int r = make_dir(parent, name, 0777, 0, 0, &fd);
    for (size_t i = 0; r == 0 && i < n; i++) {
        bool private = modes[i] == 0700;
        r = make_dir(fd, subs[i], modes[i], private ? uid : 0, private ? gid : 0, NULL);
    }
    return r;
}

int alloc_dir_make(const struct alloc_dir *d, struct err *err)
{
    static const char *const subs[] = {"data", "logs", "tmp"};
    static const mode_t modes[] = {0777, 0777, 0777};
    int r = make_parents(d->path);
    cleanup_fd int root = r < 0 ? -1 : open_root(d);
    if (r == 0 && root < 0)
        r = root;
    if (r == 0 && fchmod(root, 0711) < 0)
        r = -errno;
    if (r == 0)
        r = make_subs(root, "alloc", subs, modes, ARRAY_LEN(subs), 0, 0);
    return r < 0 ? err_errno(err, r, "cannot make allocation directory %s", d->path) : 0;
}

int alloc_dir_check_task_name(const char *task, struct err *err)
{
    if (isempty(task) || streq(task, ".") || streq(task, "..") || strchr(task, '/') ||
        strlen(task) > 200)
        return err_set(err, -EINVAL, "task name \"%s\" cannot be a directory name", nonull(task));
    if (streq(task, "alloc"))
        return err_set(err, -EINVAL,
                       "task name \"alloc\" is taken by the directory the tasks share");
    return 0;
}

int alloc_dir_make_task(const struct alloc_dir *d, const char *task, uid_t uid, gid_t gid,
                        struct err *err)
{
    static const char *const subs[] = {"local", "secrets", "tmp"};
    static const mode_t modes[] = {0777, 0700, 0777};
    int r = alloc_dir_check_task_name(task, err);
    if (r < 0)
        return r;
    cleanup_fd int root = open_root(d);
    r = root < 0 ? root : make_subs(root, task, subs, modes, ARRAY_LEN(subs), uid, gid);
    return r < 0 ? err_errno(err, r, "cannot make task directory %s/%s", d->path, task) : 0;
}

int alloc_dir_open(const struct alloc_dir *d, const char *rel, int flags, mode_t mode,
                   struct err *err)
{
    cleanup_fd int root = open_root(d);
    if (root < 0)
        return err_errno(err, root, "allocation directory %s", d->path);
    while (*rel == '/')
        rel++;
    int fd = open_beneath(root, *rel ? rel : ".", flags, mode);
    if (fd == -EXDEV)
        return err_set(err, fd, "path \"%s\" leads out of the allocation directory", rel);
    return fd < 0 ? err_errno(err, fd, "path \"%s\" of the allocation", rel) : fd;
}

int alloc_dir_make_path(const struct alloc_dir *d, const char *rel, struct err *err)
{
    cleanup_fd int at = open_root(d);
    if (at < 0)
        return err_errno(err, at, "allocation directory %s", d->path);
    char part[4096];
    for (const char *p = rel; *(p += strspn(p, "/"));) {
        size_t n = strcspn(p, "/");
        snprintf(part, sizeof(part), "%.*s", (int)n, p);
        p += n;
        if (streq(part, "."))
            continue;
        if (streq(part, ".."))
            return err_set(err, -EXDEV, "path \"%s\" leads out of the allocation directory", rel);
        if (mkdirat(at, part, 0777) == 0)
            fchmodat(at, part, 0777, 0);
        else if (errno != EEXIST)
            return err_errno(err, -errno, "path \"%s\" of the allocation", rel);
        int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return err_set(err, -ENOTDIR, "path \"%s\" passes \"%s\", which is no directory", rel,
                           part);
        close(at);
        at = next;
    }
    return 0;
}

static int remove_tree(int parent, const char *name, dev_t dev, int depth);

static int remove_children(int fd, dev_t dev, int depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int r = -errno;
        close(fd);
        return r;
    }
    int first = 0;
    struct dirent *e;
    while ((e = readdir(dir))) {
        if (streq(e->d_name, ".") || streq(e->d_name, ".."))
            continue;
        int r = remove_tree(dirfd(dir), e->d_name, dev, depth + 1);
        if (r < 0 && first == 0)
            first = r;
    }
    closedir(dir);
    return first;
}

static int remove_tree(int parent, const char *name, dev_t dev, int depth)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    if (depth > DEPTH_MAX)
        return -ELOOP;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_dev != dev) {
        close(fd);
        return -EBUSY; /* something is mounted here: not ours to empty */
    }
    int r = remove_children(fd, dev, depth);
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT && r == 0)
        r = -errno;
    return r;
}

int alloc_dir_destroy(const struct alloc_dir *d, struct err *err)
{
    struct stat st;
    if (lstat(d->path, &st) < 0)
        return errno == ENOENT ? 0 : err_errno(err, -errno, "%s", d->path);
    int r = remove_tree(AT_FDCWD, d->path, st.st_dev, 0);
    return r < 0 ? err_errno(err, r, "cannot remove allocation directory %s", d->path) : 0;
}
