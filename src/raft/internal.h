// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of the step machine only. */
#pragma once
#include <errno.h>

#include "base/vec.h"
#include "raft/log.h"
#include "raft/raft.h"

enum raft_peer_state { RAFT_PROBE, RAFT_PIPELINE, RAFT_SNAPSHOTTING };

struct raft_inflight {
    uint64_t index;
    size_t bytes;
};
struct raft_peer {
    struct uuid id;
    bool voter;
    enum raft_peer_state state;
    uint64_t match, next;
    bool paused; /* probe: one is out, wait for its answer or the next heartbeat */
    VEC(struct raft_inflight) inflight;
    size_t inflight_bytes;
    nsec_t last_contact;
    uint64_t snap_index;
    nsec_t snap_resend;
    bool voted, granted;
};

struct raft_held {
    uint64_t term;
    struct raft_msg msg;
};
struct raft_batch { /* given out for persisting, not confirmed yet */
    uint64_t seq, last;
};

struct raft {
    struct raft_options o;
    nsec_t now;
    uint64_t rng;
    struct raft_hard hard;
    enum raft_role role;
    struct uuid leader;
    struct raft_log log;
    uint64_t snap_index, snap_term;
    struct raft_config snap_config, config;
    uint64_t config_index; /* entry `config` came from; 0 = the snapshot's */
    uint64_t commit, applied;
    uint64_t persisted; /* the log up to here is on disk as it is in memory */
    uint64_t verified;  /* follower: the log up to here agrees with this term's leader */
    uint64_t noop;
    uint64_t round;              /* leader: heartbeat rounds; follower: the last one heard */
    bool ack_due;                /* follower: an append waits for its entries to be persisted */
    VEC(struct raft_peer) peers; /* everyone in the configuration but us */
    struct uuid transfer;
    nsec_t transfer_deadline, election_deadline, heartbeat_deadline, quorum_deadline;
    nsec_t leader_contact;
    uint64_t installing, installing_term;
    struct raft_config installing_config;
    uint64_t seq, persisted_seq,
        hard_seq; /* last given out, last durable, last with the hard state */
    VEC(struct raft_batch) batches;
    VEC(struct raft_held) held;
    /* effects being collected by the current step */
    struct raft_out *out;
    bool hard_dirty;
    uint64_t truncate_from, append_from;
    int failed;
};

static inline bool raft_self_votes(const struct raft *r)
{
    const struct raft_server *s = raft_config_find(&r->config, &r->o.id);
    return s && s->voter;
}
static inline size_t raft_quorum(const struct raft *r)
{
    return raft_config_voters(&r->config) / 2 + 1;
}
/* raft.c */
void raft_fail(struct raft *r, int code);
void raft_send(struct raft *r, struct raft_msg *m); /* takes m's entries; fills from */
int raft_append(struct raft *r,
                struct raft_entry *e); /* takes the reference; adopts configurations */
void raft_truncate(struct raft *r, uint64_t from);
struct raft_peer *raft_peer(struct raft *r, const struct uuid *id);
void raft_use_config(struct raft *r, const struct raft_config *c, uint64_t index);
/* election.c */
void raft_reset_election(struct raft *r);
void raft_become_follower(struct raft *r, uint64_t term, const struct uuid *leader);
void raft_election_tick(struct raft *r);
void raft_campaign(struct raft *r, bool transfer);
void raft_count_votes(struct raft *r);
void raft_on_prevote(struct raft *r, const struct raft_msg *m);
void raft_on_vote(struct raft *r, const struct raft_msg *m);
void raft_on_vote_reply(struct raft *r, const struct raft_msg *m);
bool raft_leader_is_fresh(const struct raft *r);
/* follower.c */
void raft_on_append(struct raft *r, const struct raft_msg *m);
void raft_on_snapshot(struct raft *r, const struct raft_msg *m);
void raft_on_installed(struct raft *r, uint64_t index, uint64_t term);
void raft_ack(struct raft *r);
/* leader.c */
void raft_become_leader(struct raft *r);
void raft_leader_tick(struct raft *r);
int raft_propose(struct raft *r, struct raft_entry **entries, size_t n);
void raft_on_append_reply(struct raft *r, const struct raft_msg *m);
void raft_replicate(struct raft *r, struct raft_peer *p, bool heartbeat);
void raft_broadcast(struct raft *r, bool heartbeat);
void raft_advance_commit(struct raft *r);
void raft_peer_reset(struct raft *r, struct raft_peer *p);
int raft_start_transfer(struct raft *r, const struct uuid *to);
