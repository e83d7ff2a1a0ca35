// SPDX-License-Identifier: Apache-2.0
/* Snapshot files: a header (magic, version, index, term, configuration, CRC), chunks of at most
 * 1 MiB {u32 length, u32 CRC-32C, bytes}, and a last chunk of length 0 that carries the total, so a
 * file that ends early is never taken for a whole one. */
#pragma once
#include "raft-io/fs.h"
#include "raft/types.h"

#define RAFT_SNAPSHOT_CHUNK (1u << 20)

struct raft_sink;
struct raft_source;

/* Starts the temporary file of a snapshot at index. */
int raft_sink_open(const struct raft_fs *fs, const char *dir, uint64_t index, uint64_t term,
                   const struct raft_config *c, struct raft_sink **ret, struct err *err);
/* In raft_host.h: int raft_sink_write(struct raft_sink *, const void *, size_t); */
/* The file is whole and synced; *ret_bytes: its size. */
int raft_sink_finish(struct raft_sink *s, uint64_t *ret_bytes, struct err *err);
int raft_sink_failed(const struct raft_sink *s);       /* the disk's error so far, or 0 */
struct raft_sink *raft_sink_free(struct raft_sink *s); /* an unfinished file stays as a left-over */

/* Opens a finished snapshot and checks its header against index and term. */
int raft_source_open(const struct raft_fs *fs, const char *dir, uint64_t index, uint64_t term,
                     struct raft_config *ret_config, struct raft_source **ret, struct err *err);
/* In raft_host.h: ssize_t raft_source_read(struct raft_source *, void *, size_t, struct err *); */
struct raft_source *raft_source_free(struct raft_source *s);
