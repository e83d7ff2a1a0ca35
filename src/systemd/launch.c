// SPDX-License-Identifier: Apache-2.0
#include "systemd/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

static uint32_t add_list(struct buf *b, const char *const *v)
{
    uint32_t n = 0;
    for (; v && *v; v++, n++)
        buf_add(b, *v, strlen(*v) + 1);
    return n;
}

int launch_encode(const struct launch *l, struct buf *b, struct err *err)
{
    if (!l->argv || !l->argv[0])
        return err_set(err, -EINVAL, "command: nothing to run");
    struct launch_header h = {
        .magic = LAUNCH_MAGIC, .version = LAUNCH_VERSION, .flags = LAUNCH_FLAG_RESET_SIGNALS};
    size_t start = b->n;
    buf_add(b, &h, sizeof(h));
    buf_add(b, nonull(l->cwd), strlen(nonull(l->cwd)) + 1);
    buf_add(b, nonull(l->path), strlen(nonull(l->path)) + 1);
    h.argc = add_list(b, l->argv);
    h.envc = add_list(b, l->env);
    size_t size = b->n - start - sizeof(h);
    if (b->failed)
        return err_errno(err, -ENOMEM, "command");
    if (size > LAUNCH_MAX_SIZE)
        return err_set(err, -E2BIG, "command: arguments and environment exceed 64 MiB");
    h.size = (uint32_t)size;
    memcpy(b->p + start, &h, sizeof(h));
    return 0;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t r = pwrite(fd, p, n, lseek(fd, 0, SEEK_END));
        if (r < 0)
            return -errno;
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

int launch_memfd(const struct launch *l, struct err *err, int *ret_fd)
{
    cleanup_buf struct buf b = {0};
    int r = launch_encode(l, &b, err);
    if (r < 0)
        return r;
    cleanup_fd int fd = memfd_create("nomad-task", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_errno(err, -errno, "command: memfd");
    r = write_all(fd, b.p, b.n);
    if (r < 0)
        return err_errno(err, r, "command: memfd");
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (fcntl(fd, F_ADD_SEALS, seals) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return err_errno(err, -errno, "command: memfd");
    *ret_fd = take_fd(&fd);
    return 0;
}

const char *launch_status_text(int status)
{
    switch (status) {
    case LAUNCH_EXIT_BAD_INPUT:
        return "the launcher could not read the command";
    case LAUNCH_EXIT_CHDIR:
        return "the task's directory could not be entered";
    case LAUNCH_EXIT_NOT_FOUND:
        return "command not found in the task's PATH or file system";
    case LAUNCH_EXIT_EXEC:
        return "the command could not be executed";
    default:
        return NULL;
    }
}
