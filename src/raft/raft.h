// SPDX-License-Identifier: Apache-2.0
/* Consensus as a pure step machine (Ongaro's Raft with pre-vote, check-quorum and a no-op at each
 * election): one event in, effects out. No I/O, clock or randomness inside; time and the seed are
 * given. The caller must carry out the effects in order:
 *   1. `persist` goes to the log on disk, strictly in order of `seq`, and comes back as
 *      RAFT_EV_PERSISTED once it is durable. Messages that depend on it are kept back inside.
 *   2. `msgs` may be sent at once, in any order, and may be lost.
 *   3. entries up to `raft_commit_index()` may be applied; RAFT_EV_APPLIED tells how far.
 *   4. `install`: make the received snapshot durable and load it, then RAFT_EV_INSTALLED.
 * A failed disk write has no event: the process must stop. */
#pragma once
#include "base/clock.h"
#include "raft/types.h"

struct raft;

struct raft_options {
    struct uuid id;
    nsec_t election_timeout; /* drawn from [1, 2) times this; default 1 s */
    nsec_t heartbeat;        /* default 100 ms */
    uint64_t seed;
    size_t batch_bytes, batch_entries;    /* one append message; default 1 MiB, 1024 */
    size_t window_bytes, window_messages; /* unanswered per peer; default 8 MiB, 256 */
};
/* What the disk held. Entries follow `log_index` without a gap; references are taken over. */
struct raft_boot {
    struct raft_hard hard;
    uint64_t log_index, log_term;   /* just before the first entry */
    uint64_t snap_index, snap_term; /* latest snapshot, already loaded; >= log_index */
    struct raft_config snap_config;
    struct raft_entry **entries;
    size_t n_entries;
};
int raft_new(const struct raft_options *o, const struct raft_boot *boot, nsec_t now,
             struct raft **ret);
struct raft *raft_free(struct raft *r);

enum raft_event_type {
    RAFT_EV_TICK,      /* time passed; see raft_deadline() */
    RAFT_EV_MESSAGE,   /* msg; its entries are referenced, not taken */
    RAFT_EV_PROPOSE,   /* entries, references taken on success and index and term set; -ENOTCONN */
    RAFT_EV_PERSISTED, /* seq */
    RAFT_EV_APPLIED,   /* index */
    RAFT_EV_SNAPSHOT,  /* a snapshot at index is durable; the log may forget up to log_index */
    RAFT_EV_INSTALLED, /* the snapshot of out.install is durable and loaded: index, term */
    RAFT_EV_TRANSFER,  /* leader: hand over to `to` (zero: the most caught-up voter) */
};
struct raft_event {
    enum raft_event_type type;
    nsec_t now;
    const struct raft_msg *msg;
    struct raft_entry **entries; /* commands, or one configuration; not shared yet */
    size_t n_entries;
    uint64_t seq, index, term, log_index;
    struct uuid to;
};

struct raft_persist {
    uint64_t seq; /* 0 = nothing to persist */
    struct raft_hard hard;
    bool hard_changed;
    uint64_t truncate_from;      /* drop entries from this index first; 0 = none */
    struct raft_entry **entries; /* referenced */
    size_t n_entries;
};
struct raft_out {
    struct raft_persist persist;
    struct raft_msg *msgs;
    size_t n_msgs, cap_msgs;
    uint64_t install, install_term; /* snapshot to install; 0 = none */
};
/* *out must be empty (zeroed or cleared). Refusals that change nothing: -ENOTCONN not the leader,
 * -EAGAIN handing leadership over, -EBUSY another configuration change is open, -EINVAL the change
 * is more than one server. After -ENOMEM or -EUCLEAN (a leader contradicts a committed entry) the
 * process must stop. */
int raft_step(struct raft *r, const struct raft_event *ev, struct raft_out *out);
void raft_out_clear(struct raft_out *out);

enum raft_role { RAFT_FOLLOWER, RAFT_PRECANDIDATE, RAFT_CANDIDATE, RAFT_LEADER };
const char *
raft_role_name(enum raft_role role); /* Nomad's words: "Follower", "Candidate", "Leader" */
enum raft_role raft_role(const struct raft *r);
uint64_t raft_term(const struct raft *r);
struct uuid raft_leader(const struct raft *r); /* zero = unknown */
uint64_t raft_commit_index(const struct raft *r);
uint64_t raft_last_index(const struct raft *r);
uint64_t raft_log_index(const struct raft *r);  /* last index forgotten by the log in memory */
uint64_t raft_noop_index(const struct raft *r); /* leader: its term's first entry; else 0 */
/* The term of an entry or of the log's base; 0 = not known any more, or not yet. */
uint64_t raft_term_at(const struct raft *r, uint64_t index);
struct raft_entry *raft_entry_at(const struct raft *r, uint64_t index); /* borrowed or NULL */
const struct raft_config *raft_configuration(const struct raft *r);
/* The configuration in force at `index` (for a snapshot there). */
void raft_configuration_at(const struct raft *r, uint64_t index, struct raft_config *ret);
nsec_t raft_deadline(const struct raft *r); /* next RAFT_EV_TICK; INT64_MAX = none needed */
