// SPDX-License-Identifier: Apache-2.0
/* One server under test: the step machine, the real log on a disk in memory, and a state that is
 * the list of numbers applied. Disk work waits in a queue, so a test decides when, and whether, it
 * is done. No threads, no clock. */
#pragma once
#include "base/vec.h"
#include "raft-io/wal.h"
#include "raft/raft.h"
#include "tests/support/raft/memfs.h"

struct replica_job {
    enum { JOB_APPEND, JOB_ADOPT, JOB_INSTALL } kind;
    struct raft_persist persist;
    uint64_t index, term, log_index, log_term;
    uint8_t *bytes; /* JOB_INSTALL: the snapshot's file */
    size_t n;
};
struct replica_waiter {
    uint64_t index, term;
    uint32_t value;
};
struct replica {
    struct uuid id;
    struct raft_config bootstrap;
    struct memfs disk;
    uint64_t seed, segment_bytes, snapshot_every, trailing;
    /* while it runs */
    struct raft *raft;
    struct wal *wal;
    VEC(struct replica_job) jobs;
    VEC(struct raft_msg) outbox; /* the test takes them */
    VEC(struct replica_waiter) waiting;
    VEC(uint32_t) values;
    uint64_t applied, snap_index, snap_term;
    bool snapping;
    uint8_t *incoming; /* bytes of the last snapshot message */
    size_t incoming_n;
    nsec_t now;
    /* told to the test; may be NULL */
    void *ctx;
    void (*acked_cb)(void *ctx, struct replica *r, uint32_t value);
    void (*applied_cb)(void *ctx, struct replica *r, const struct raft_entry *e);
    void (*persist_cb)(void *ctx, struct replica *r, const struct raft_persist *p);
};
void replica_init(struct replica *r, uint8_t number, uint64_t seed);
void replica_free(struct replica *r);
int replica_start(struct replica *r, nsec_t now, struct err *err); /* reads its disk */
void replica_stop(struct replica *r);                              /* forgets all but its disk */
int replica_event(struct replica *r, struct raft_event *ev);       /* raft_step, effects queued */
int replica_receive(struct replica *r, nsec_t now, const struct raft_msg *m,
                    const uint8_t *snapshot, size_t n);
int replica_propose(struct replica *r, nsec_t now, uint32_t value);
/* Does the first job, or all appends at the head of the queue. < 0: the disk failed and the process
 * would have stopped. */
int replica_disk(struct replica *r, nsec_t now, struct err *err);
int replica_apply(struct replica *r, nsec_t now, struct err *err);
/* All of it until nothing is left to do: a single server without a network. */
int replica_settle(struct replica *r, nsec_t now, struct err *err);
/* The newest snapshot's file as it would be sent; borrowed. */
const uint8_t *replica_snapshot(struct replica *r, size_t *ret_n);
