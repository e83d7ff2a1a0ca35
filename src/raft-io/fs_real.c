// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "raft-io/fs.h"

static int real_mkdir(void *ctx, const char *path)
{
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int real_open(void *ctx, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

/* The data was synced before; what close still has to say changes nothing. */
static int real_close(void *ctx, int fd)
{
    close(fd);
    return 0;
}

static int real_lock(void *ctx, int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static ssize_t real_pread(void *ctx, int fd, void *p, size_t n, uint64_t at)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = pread(fd, (char *)p + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        if (k == 0)
            break;
        done += (size_t)k;
    }
    return (ssize_t)done;
}

static int real_pwrite(void *ctx, int fd, const void *p, size_t n, uint64_t at)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = pwrite(fd, (const char *)p + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k < 0 ? -errno : -EIO;
        done += (size_t)k;
    }
    return 0;
}

static int real_allocate(void *ctx, int fd, uint64_t size)
{
    int e;
    do
        e = posix_fallocate(fd, 0, (off_t)size);
    while (e == EINTR);
    return -e;
}

static int real_truncate(void *ctx, int fd, uint64_t size)
{
    return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static int real_sync(void *ctx, int fd)
{
    return fdatasync(fd) < 0 ? -errno : 0;
}

static int64_t real_size(void *ctx, int fd)
{
    struct stat st;
    return fstat(fd, &st) < 0 ? -errno : st.st_size;
}

static int real_rename(void *ctx, const char *from, const char *to)
{
    return rename(from, to) < 0 ? -errno : 0;
}

static int real_unlink(void *ctx, const char *path)
{
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int real_sync_dir(void *ctx, const char *path)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int real_list(void *ctx, const char *path, void (*name_cb)(void *arg, const char *name),
                     void *arg)
{
    DIR *d = opendir(path);
    if (!d)
        return -errno;
    struct dirent *e;
    for (errno = 0; (e = readdir(d)); errno = 0)
        if (e->d_name[0] != '.')
            name_cb(arg, e->d_name);
    int r = -errno;
    closedir(d);
    return r;
}

static int real_free_space(void *ctx, const char *path, uint64_t *ret_bytes)
{
    struct statvfs s;
    if (statvfs(path, &s) < 0)
        return -errno;
    *ret_bytes = (uint64_t)s.f_bavail * s.f_frsize;
    return 0;
}

const struct raft_fs raft_fs_real = {
    .mkdir = real_mkdir,
    .open = real_open,
    .close = real_close,
    .lock = real_lock,
    .pread = real_pread,
    .pwrite = real_pwrite,
    .allocate = real_allocate,
    .truncate = real_truncate,
    .sync = real_sync,
    .size = real_size,
    .rename = real_rename,
    .unlink = real_unlink,
    .sync_dir = real_sync_dir,
    .list = real_list,
    .free_space = real_free_space,
};
