// SPDX-License-Identifier: Apache-2.0
/* Drives the consensus step machine on a libuv loop: proposals in, entries applied in log order,
 * everything durable before it is acknowledged. All functions and all callbacks run on the loop's
 * thread, except `snapshot_write`. The log has a thread of its own; each turn's proposals share one
 * write and one fdatasync. Any disk error ends in `fatal`. */
#pragma once
#include <uv.h>

#include "raft/raft.h"
#include "raft-io/fs.h"

struct raft_host;
struct raft_sink;   /* where a snapshot's bytes go */
struct raft_source; /* where they come from, each chunk already verified */

/* 0 or negative errno (sticky); may be called with any size. */
int raft_sink_write(struct raft_sink *s, const void *p, size_t n);
/* Reads up to n bytes; 0 = end, which means the whole snapshot was verified. -EBADMSG, -EIO. */
ssize_t raft_source_read(struct raft_source *s, void *p, size_t n, struct err *err);

struct raft_host_callbacks {
    /* A committed command; called once per index in log order, again from the last snapshot on
     * after a restart. *result (starts NULL) goes to the proposer, else to result_free. Must not
     * fail. */
    void (*apply)(void *ctx, uint64_t index, uint64_t term, const void *entry, size_t n,
                  void **result);
    void (*result_free)(void *ctx, void *result); /* NULL: results need no freeing */
    /* true once this term's first entry is applied, i.e. the state is complete; false when lost. */
    void (*leader_changed)(void *ctx, bool is_leader, uint64_t term);
    /* Pin the state as of `index` (all applied); NULL = not now. Pin and unpin on the loop, write
     * on a worker thread that reads only the pinned state. */
    void *(*snapshot_pin)(void *ctx, uint64_t index, uint64_t term);
    int (*snapshot_write)(void *pin, struct raft_sink *sink, struct err *err);
    void (*snapshot_unpin)(void *ctx, void *pin);
    /* Replace the whole state; called within open, before any apply. NULL err->text on success. */
    int (*restore)(void *ctx, uint64_t index, uint64_t term, struct raft_source *source,
                   struct err *err);
    /* The process cannot go on (disk error, no memory). Default: log and _exit(RAFT_EXIT_FATAL).
     * If it returns, the host stays dead: nothing more is acknowledged or applied. */
    void (*fatal)(void *ctx, const char *text);
};
#define RAFT_EXIT_FATAL 74 /* EX_IOERR; systemd restarts the unit with back-off */

struct raft_host_options {
    const char *dir; /* created 0700 if missing; NULL: memory only, for dev mode and tests */
    const struct raft_fs *fs; /* NULL: the real one */
    struct uuid id;           /* zero: taken from dir, or made up and kept there */
    /* Written as the first entry when dir is empty (or NULL); n == 0: wait to be joined. A server
     * with a zero id stands for this one. */
    struct raft_config bootstrap;
    nsec_t election_timeout, heartbeat;        /* 0: 1 s, 100 ms */
    uint64_t snapshot_entries, snapshot_bytes; /* applied since the last; 0: 8192, 64 MiB */
    uint64_t trailing_entries;                 /* kept in the log after one; 0: 10240 */
    uint64_t segment_bytes;                    /* 0: 64 MiB */
    size_t inflight_bytes, inflight_entries;   /* 0: 32 MiB, 4096 */
    uint64_t free_space_min;                   /* 0: 64 MiB */
};
/* Reads the disk synchronously (restore is called here; applies start with the loop). ctx is given
 * to every callback. Errors name file and offset. */
int raft_host_open(uv_loop_t *loop, const struct raft_host_options *o,
                   const struct raft_host_callbacks *cb, void *ctx, struct raft_host **ret,
                   struct err *err);
/* Writes out what is queued, answers what is waiting with -ESHUTDOWN, then calls closed_cb (may be
 * NULL) from the loop; the host is freed. Accepts NULL (closed_cb is not called). */
void raft_host_close(struct raft_host *h, void (*closed_cb)(void *ctx), void *ctx);

/* r = 0: applied at `index`, `result` is apply's and now the receiver's. Otherwise result is NULL
 * and r is -ECANCELED (leadership lost: the entry may or may not be applied later) or -ESHUTDOWN
 * (same). Never called from within raft_host_propose. */
typedef void (*raft_proposed_cb)(void *ctx, int r, uint64_t index, void *result);
/* Copies the bytes. Refused at once, without a callback: -ENOTCONN not the leader, -E2BIG over
 * RAFT_ENTRY_MAX, -EAGAIN too much in flight, -ENOSPC less than free_space_min on disk, -ESHUTDOWN
 * closing or dead, -ENOMEM. */
int raft_host_propose(struct raft_host *h, const void *p, size_t n, raft_proposed_cb cb, void *ctx);

/* Take a snapshot of what is applied now. done_cb gets its index (r = 0 too when nothing
 * was applied since the last one, or in memory only; then from within). -EBUSY while one is being
 * written, -EAGAIN when snapshot_pin gave nothing. */
typedef void (*raft_snapshot_cb)(void *ctx, int r, uint64_t index);
int raft_host_snapshot(struct raft_host *h, raft_snapshot_cb done_cb, void *ctx);

bool raft_host_is_leader(const struct raft_host *h); /* as leader_changed told */
uint64_t raft_host_applied(const struct raft_host *h);
uint64_t raft_host_term(const struct raft_host *h);
struct uuid raft_host_id(const struct raft_host *h);
const struct raft_config *raft_host_configuration(const struct raft_host *h);

/* For agent-info ("raft" section) and metrics. */
struct raft_host_stats {
    const char *state; /* "Leader", "Follower", "Candidate" */
    uint64_t term, last_log_index, last_log_term, commit_index, applied_index;
    uint64_t fsm_pending; /* committed, not yet applied */
    uint64_t num_peers;   /* other voters */
    uint64_t last_snapshot_index, last_snapshot_term;
    uint32_t protocol_version, protocol_version_min, protocol_version_max;
    uint32_t snapshot_version_min, snapshot_version_max;
    uint64_t inflight_entries, inflight_bytes;
    uint64_t wal_syncs, wal_bytes; /* since open */
};
void raft_host_stats(const struct raft_host *h, struct raft_host_stats *ret);
