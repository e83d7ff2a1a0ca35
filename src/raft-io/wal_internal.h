// SPDX-License-Identifier: Apache-2.0
/* Shared by the log's writing and opening halves only. */
#pragma once
#include "raft-io/segment.h"
#include "raft-io/wal.h"

struct wal {
    const struct raft_fs *fs;
    char *dir;
    uint64_t segment_bytes;
    struct manifest m;
    int fd, lock_fd;   /* the open segment; the directory's lock */
    uint64_t at, size; /* of the open segment: next batch's offset, file size */
    uint64_t seq;      /* of the next batch */
    struct raft_hard hard;
    uint64_t last_index, last_term;
    struct buf batch;
    uint64_t bytes, syncs;
    bool broken;
};

/* Opens the next segment and puts it in the manifest in memory; the caller writes that out. */
int wal_start_segment(struct wal *w, uint64_t batch_bytes, struct err *err);
