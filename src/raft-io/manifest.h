// SPDX-License-Identifier: Apache-2.0
/* The one file that says which others count: replaced whole (write, sync, rename, sync of the
 * directory), so segments come and go and snapshots change in one step. What it does not name is a
 * left-over and is deleted; nothing is ever concluded from names or times of files. */
#pragma once
#include "base/err.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "raft-io/fs.h"

struct manifest_segment {
    uint64_t file;
    uint64_t end;        /* offset behind the last batch; 0 = the open one, always the last */
    uint64_t prev_index; /* last index when it was started */
};
struct manifest_snapshot {
    uint64_t index, term; /* index 0 = none */
};
struct manifest {
    struct uuid log_id, server_id;
    uint64_t next_file;
    uint64_t log_index, log_term;      /* the log starts behind this */
    struct manifest_snapshot snaps[2]; /* newest first */
    VEC(struct manifest_segment) segments;
};
void manifest_free(struct manifest *m);
/* -ENOENT if there is none. */
int manifest_read(const struct raft_fs *fs, const char *dir, struct manifest *ret, struct err *err);
int manifest_write(const struct raft_fs *fs, const char *dir, const struct manifest *m,
                   struct err *err);
/* For the fuzzer. */
int manifest_decode(const void *p, size_t n, struct manifest *ret, struct err *err);

struct raft_path {
    char z[4096];
};
struct raft_path raft_path_of(const char *dir, const char *name);
struct raft_path raft_segment_path(const char *dir, uint64_t file);
/* `tmp`: while it is being written. */
struct raft_path raft_snapshot_path(const char *dir, uint64_t index, uint64_t term, bool tmp);
