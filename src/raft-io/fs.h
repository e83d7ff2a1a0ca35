// SPDX-License-Identifier: Apache-2.0
/* The only door from the log and the snapshots to the disk, so that a test can fail, tear or lose
 * any single operation. All paths are full paths. Everything returns >= 0 or negative errno; calls
 * come from the log's thread and one snapshot thread at a time. */
#pragma once
#include <fcntl.h>
#include <sys/types.h>

#include "base/macros.h"

struct raft_fs {
    void *ctx;
    int (*mkdir)(void *ctx, const char *path);           /* 0 if it exists already */
    int (*open)(void *ctx, const char *path, int flags); /* handle >= 0; mode 0600, O_CLOEXEC */
    int (*close)(void *ctx, int fd);
    int (*lock)(void *ctx, int fd); /* exclusive, released by close; -EWOULDBLOCK if held */
    ssize_t (*pread)(void *ctx, int fd, void *p, size_t n, uint64_t at); /* short only at the end */
    int (*pwrite)(void *ctx, int fd, const void *p, size_t n, uint64_t at); /* all n or an error */
    int (*allocate)(void *ctx, int fd, uint64_t size); /* real blocks, zeros beyond the old end */
    int (*truncate)(void *ctx, int fd, uint64_t size);
    int (*sync)(void *ctx, int fd); /* data and size */
    int64_t (*size)(void *ctx, int fd);
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *path); /* 0 if already gone */
    int (*sync_dir)(void *ctx, const char *path);
    int (*list)(void *ctx, const char *path, void (*name_cb)(void *arg, const char *name),
                void *arg);
    int (*free_space)(void *ctx, const char *path, uint64_t *ret_bytes);
};

extern const struct raft_fs raft_fs_real;
