// SPDX-License-Identifier: Apache-2.0
/* Becomes a task: reads command, environment and directory from the memfd on descriptor 0, puts
 * /dev/null there and executes the command, so that nothing of ours stays in the task's cgroup.
 * Format and exit statuses: systemd/launch_format.h. Static, no options, no environment read. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "systemd/launch_format.h"

static _Noreturn void fail(int status, const char *what, const char *which, int error)
{
    lseek(0, LAUNCH_FAILED_POSITION, SEEK_SET);
    dprintf(2, "nomad: %s%s%s: %s\n", what, *which ? " " : "", which, strerror(error));
    _exit(status);
}

static void read_full(void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t r = read(0, (char *)p + done, n - done);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            fail(LAUNCH_EXIT_BAD_INPUT, "reading the command", "", r < 0 ? errno : ENODATA);
        done += (size_t)r;
    }
}

/* Next NUL-terminated text; ends the process where the input is cut short. */
static char *next_text(char **at, char *end)
{
    char *start = *at, *nul = start < end ? memchr(start, '\0', (size_t)(end - start)) : NULL;
    if (!nul)
        fail(LAUNCH_EXIT_BAD_INPUT, "reading the command", "", EBADMSG);
    *at = nul + 1;
    return start;
}

static char **next_list(char **at, char *end, uint32_t n)
{
    char **v = (size_t)n > (size_t)(end - *at) ? NULL : calloc((size_t)n + 1, sizeof(*v));
    if (!v)
        fail(LAUNCH_EXIT_BAD_INPUT, "reading the command", "", ENOMEM);
    for (uint32_t i = 0; i < n; i++)
        v[i] = next_text(at, end);
    return v;
}

static void reset_signals(void)
{
    sigset_t none;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *task_path(char **env)
{
    for (; *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            return *env + 5;
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* The memfd must not reach the task, but is needed to report a failure: it moves up, close-on-exec.
 */
static int hide_input(void)
{
    int kept = fcntl(0, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (kept < 0)
        fail(LAUNCH_EXIT_BAD_INPUT, "keeping the command", "", errno);
    if (null < 0) /* a root directory without /dev: an empty pipe reads the same */
        null = ({
            int p[2];
            pipe2(p, O_CLOEXEC) < 0 ? -1 : (close(p[1]), p[0]);
        });
    if (null < 0 || dup2(null, 0) < 0)
        fail(LAUNCH_EXIT_BAD_INPUT, "opening", "/dev/null", errno);
    return kept;
}

/* Tries each directory of PATH like execvp(3), without its shell fallback. */
static int exec_in_path(const char *name, char **argv, char **env)
{
    int error = ENOENT;
    for (const char *p = task_path(env);;) {
        size_t n = strcspn(p, ":");
        char full[4096];
        int len = snprintf(full, sizeof(full), "%.*s%s%s", (int)n, p, n ? "/" : "./", name);
        if (len > 0 && (size_t)len < sizeof(full))
            execve(full, argv, env);
        if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
            error = errno;
        if (error != ENOENT && error != EACCES)
            return error;
        if (!p[n])
            return error;
        p += n + 1;
    }
}

int main(void)
{
    struct launch_header h;
    read_full(&h, sizeof(h));
    if (h.magic != LAUNCH_MAGIC || h.version != LAUNCH_VERSION || h.size > LAUNCH_MAX_SIZE ||
        h.argc == 0)
        fail(LAUNCH_EXIT_BAD_INPUT, "reading the command", "", EPROTO);
    char *data = malloc((size_t)h.size + 1);
    if (!data)
        fail(LAUNCH_EXIT_BAD_INPUT, "reading the command", "", ENOMEM);
    read_full(data, h.size);
    char *at = data, *end = data + h.size;
    const char *cwd = next_text(&at, end), *path = next_text(&at, end);
    char **argv = next_list(&at, end, h.argc), **env = next_list(&at, end, h.envc);
    if (*cwd && chdir(cwd) < 0)
        fail(LAUNCH_EXIT_CHDIR, "entering", cwd, errno);
    if (h.flags & LAUNCH_FLAG_RESET_SIGNALS) {
        reset_signals();
        umask(022);
    }
    int kept = hide_input(), error;
    const char *program = *path ? path : argv[0];
    if (strchr(program, '/')) {
        execve(program, argv, env);
        error = errno;
    } else {
        error = exec_in_path(program, argv, env);
    }
    dup2(kept, 0);
    fail(error == ENOENT ? LAUNCH_EXIT_NOT_FOUND : LAUNCH_EXIT_EXEC, "executing", program, error);
}
