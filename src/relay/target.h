// SPDX-License-Identifier: Apache-2.0
/* The files <dir>/<prefix>.<N> that one or more streams are written to. What to write next follows
 * from the files alone (highest N, its end), so a relay killed anywhere goes on where the kernel
 * stopped. The directory may belong to a task: nothing in it is followed or trusted. */
#pragma once
#include "base/list.h"
#include "relay/descriptor.h"

struct target {
    struct list node;
    struct descriptor d;
    unsigned refs;
    int dir_fd, fd;
    unsigned number;
    uint64_t gap; /* bytes dropped since something was last written */
};

/* Shared by (dir, prefix); limits of the newest descriptor hold. */
int target_get(struct list *targets, const struct descriptor *d, struct target **ret);
struct target *target_unref(struct target *t);

/* Moves what is readable from the pipe, at most about `budget` bytes. Returns 0 when that was the
 * end of the stream, else the bytes moved, -EAGAIN when the pipe is empty, or the error that keeps
 * it from being written: the caller drops. */
ssize_t target_move(struct target *t, int pipe_fd, size_t budget);
