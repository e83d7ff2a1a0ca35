// SPDX-License-Identifier: Apache-2.0
/* The write-ahead log in a directory: segments and the manifest that names them. Synchronous; the
 * host calls it from one thread of its own. After any error the log refuses further writes, and the
 * process must stop: what reached the disk is known only by reading it again. */
#pragma once
#include "raft-io/manifest.h"
#include "raft/raft.h"

struct wal;
struct wal_options {
    const struct raft_fs *fs;
    const char *dir;
    struct uuid id;         /* zero: as found; a directory of another server is refused */
    uint64_t segment_bytes; /* 0: 64 MiB */
};
/* Creates, locks, checks and reads the directory; cuts an unfinished last batch; deletes
 * left-overs. boot->snap_config is not filled (it is in the snapshot's file). *ret_id: the server's
 * id. */
int wal_open(const struct wal_options *o, struct raft_boot *ret_boot, struct uuid *ret_id,
             struct wal **ret, struct err *err);
struct wal *wal_close(struct wal *w); /* nothing is pending between calls; accepts NULL */
/* All of them in one write and one sync; durable when it returns 0. */
int wal_append(struct wal *w, const struct raft_persist *const *p, size_t n, struct err *err);
/* The snapshot's temporary file is complete and synced: it becomes the newest one, the log starts
 * behind log_index (<= index), older segments and the third snapshot go. */
int wal_adopt_snapshot(struct wal *w, uint64_t index, uint64_t term, uint64_t log_index,
                       uint64_t log_term, struct err *err);
/* The same for one received from the leader: the whole log is replaced by it. */
int wal_install_snapshot(struct wal *w, uint64_t index, uint64_t term, struct err *err);
uint64_t wal_bytes(const struct wal *w); /* written since open */
uint64_t wal_syncs(const struct wal *w);
void raft_boot_clear(struct raft_boot *b); /* drops the entries */
