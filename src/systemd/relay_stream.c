// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/uuid.h"
#include "base/vec.h"
#include "relay/descriptor.h"
#include "systemd/relay_unit.h"

#define PIPE_SIZE (256 * 1024) /* what a task may print while the relay restarts */

static int open_dir(const char *dir, bool make, int *ret)
{
    const char *path = isempty(dir) ? RELAY_DIR : dir;
    if (make && mkdir(path, 0700) < 0 && errno == ENOENT) {
        char parent[4096];
        snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
        if (mkdir(parent, 0755) < 0 || mkdir(path, 0700) < 0)
            return -errno;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret = fd;
    return 0;
}

struct names {
    char hidden[32], shown[32];
};

static struct names names_of(const char *id, const char *suffix)
{
    struct names n;
    snprintf(n.hidden, sizeof(n.hidden), ".%.*s.%s", RELAY_ID_LEN, id, suffix);
    snprintf(n.shown, sizeof(n.shown), "%s", n.hidden + 1);
    return n;
}

static int write_descriptor(int dir_fd, const char *id, const struct descriptor *d)
{
    cleanup_buf struct buf b = {0};
    struct names n = names_of(id, "stream");
    descriptor_print(d, &b);
    if (b.failed)
        return -ENOMEM;
    cleanup_fd int fd =
        openat(dir_fd, n.hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (write(fd, b.p, b.n) == (ssize_t)b.n &&
        renameat2(dir_fd, n.hidden, dir_fd, n.shown, RENAME_NOREPLACE) == 0)
        return 0;
    int r = errno ? -errno : -EIO;
    unlinkat(dir_fd, n.hidden, 0);
    return r;
}

/* The FIFO has its first writer before the relay can see it, else it would look ended. The writing
 * end blocks: the task shares the flag. */
static int open_ends(int dir_fd, const char *name, const struct relay_stream_spec *s, int fds[2])
{
    cleanup_fd int both = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (both < 0)
        return -errno;
    cleanup_fd int in = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return -errno;
    if ((s->uid || s->gid) && fchown(both, s->uid, s->gid) < 0)
        return -errno;
    (void)fcntl(both, F_SETPIPE_SZ, PIPE_SIZE);
    fds[0] = take_fd(&in);
    fds[1] = take_fd(&both);
    return 0;
}

static int make_fifo(int dir_fd, const char *id, const struct relay_stream_spec *s, int fds[2])
{
    struct names n = names_of(id, "fifo");
    if (mkfifoat(dir_fd, n.hidden, 0600) < 0)
        return -errno;
    int r = open_ends(dir_fd, n.hidden, s, fds);
    if (r >= 0 && renameat2(dir_fd, n.hidden, dir_fd, n.shown, RENAME_NOREPLACE) < 0) {
        r = -errno;
        close(fds[0]);
        close(fds[1]);
    }
    if (r < 0)
        unlinkat(dir_fd, n.hidden, 0);
    return r;
}

static int describe(const struct relay_stream_spec *s, struct descriptor *d, struct err *err)
{
    *d = (struct descriptor){.max_files = s->max_files, .max_file_size = s->max_file_size};
    if (snprintf(d->dir, sizeof(d->dir), "%s", nonull(s->target_dir)) >= (int)sizeof(d->dir) ||
        snprintf(d->prefix, sizeof(d->prefix), "%s", nonull(s->prefix)) >= (int)sizeof(d->prefix))
        return err_set(err, -ENAMETOOLONG, "log directory or prefix: too long");
    return descriptor_check(d, err);
}

int relay_stream_register(const struct relay_stream_spec *s, struct err *err,
                          struct relay_stream *ret)
{
    struct descriptor d;
    struct relay_stream out;
    struct uuid random;
    cleanup_fd int dir_fd = -1;
    int fds[2] = {-1, -1}, r = describe(s, &d, err);
    if (r < 0)
        return r;
    relay_stream_sweep();
    r = open_dir(s->dir, true, &dir_fd);
    if (r < 0)
        return err_errno(err, r, "log relay: %s", s->dir ? s->dir : RELAY_DIR);
    do {
        uuid_random(&random);
        snprintf(out.id, sizeof(out.id), "%.*s", RELAY_ID_LEN, UUID_Z(&random));
        r = write_descriptor(dir_fd, out.id, &d);
    } while (r == -EEXIST);
    if (r >= 0)
        r = make_fifo(dir_fd, out.id, s, fds);
    if (r < 0) {
        unlinkat(dir_fd, names_of(out.id, "stream").shown, 0);
        return err_errno(err, r, "log relay: stream for %s", d.prefix);
    }
    out.read_fd = fds[0];
    out.write_fd = fds[1];
    *ret = out;
    return 0;
}

int relay_stream_reopen(const char *dir, const char *id, int *ret_read_fd)
{
    cleanup_fd int dir_fd = -1;
    int r = open_dir(dir, false, &dir_fd);
    if (r < 0)
        return r;
    int fd =
        openat(dir_fd, names_of(id, "fifo").shown, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_read_fd = fd;
    return 0;
}

/* Read ends with output that no relay has taken yet: closing the last one would lose it. */
static VEC(int) unread;

static bool is_drained(int fd)
{
    int n = 0;
    return ioctl(fd, FIONREAD, &n) < 0 || n == 0;
}

size_t relay_stream_sweep(void)
{
    for (size_t i = unread.n; i-- > 0;)
        if (is_drained(unread.items[i])) {
            close(unread.items[i]);
            vec_swap_del(&unread, i);
        }
    size_t left = unread.n;
    if (left == 0)
        vec_free(&unread);
    return left;
}

void relay_stream_release(struct relay_stream *s)
{
    if (s->write_fd >= 0)
        close(take_fd(&s->write_fd));
    if (s->read_fd >= 0 && (is_drained(s->read_fd) || vec_push(&unread, s->read_fd) < 0))
        close(s->read_fd);
    s->read_fd = -1;
    relay_stream_sweep();
}

int relay_stream_unregister(const char *dir, const char *id)
{
    static const char *const suffixes[] = {"fifo", "stream", "dropped"};
    cleanup_fd int dir_fd = -1;
    int r = open_dir(dir, false, &dir_fd);
    for (size_t i = 0; i < ARRAY_LEN(suffixes) && r >= 0; i++)
        if (unlinkat(dir_fd, names_of(id, suffixes[i]).shown, 0) < 0 && errno != ENOENT)
            r = -errno;
    return r;
}

bool relay_stream_is_active(const char *dir, const char *id)
{
    cleanup_fd int dir_fd = -1;
    return open_dir(dir, false, &dir_fd) == 0 &&
           faccessat(dir_fd, names_of(id, "fifo").shown, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

uint64_t relay_stream_dropped(const char *dir, const char *id)
{
    cleanup_fd int dir_fd = -1;
    char text[32];
    uint64_t n = 0;
    if (open_dir(dir, false, &dir_fd) < 0)
        return 0;
    cleanup_fd int fd =
        openat(dir_fd, names_of(id, "dropped").shown, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t r = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (r > 0)
        parse_u64(str_n(text, (size_t)r), &n);
    return n;
}
