// SPDX-License-Identifier: Apache-2.0
/* Making the machine from what the disk held, and looking into it. */
#include "base/hash.h"
#include "raft/internal.h"

static void set_defaults(struct raft_options *o)
{
    o->election_timeout = o->election_timeout ? o->election_timeout : NSEC_SEC;
    o->heartbeat = o->heartbeat ? o->heartbeat : 100 * NSEC_MSEC;
    o->batch_bytes = o->batch_bytes ? o->batch_bytes : 1 << 20;
    o->batch_entries = o->batch_entries ? o->batch_entries : 1024;
    o->window_bytes = o->window_bytes ? o->window_bytes : 8 << 20;
    o->window_messages = o->window_messages ? o->window_messages : 256;
}

int raft_new(const struct raft_options *o, const struct raft_boot *boot, nsec_t now,
             struct raft **ret)
{
    assert(!uuid_is_zero(&o->id) && boot->snap_index >= boot->log_index);
    struct raft *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->o = *o;
    set_defaults(&r->o);
    r->now = now;
    /* Two servers given one seed must still not wait alike: they would split every vote. */
    r->rng = hash_bytes(o->id.b, sizeof(o->id.b), o->seed);
    r->hard = boot->hard;
    r->log.base = boot->log_index;
    r->log.base_term = boot->log_term;
    r->snap_index = boot->snap_index;
    r->snap_term = boot->snap_term;
    r->snap_config = boot->snap_config;
    r->commit = r->applied = boot->snap_index;
    r->leader_contact = INT64_MIN / 2;
    raft_use_config(r, &boot->snap_config, 0);
    for (size_t i = 0; i < boot->n_entries && !r->failed; i++)
        raft_append(r, raft_entry_ref(boot->entries[i]));
    if (r->failed) {
        int e = r->failed;
        raft_free(r);
        return e;
    }
    for (size_t i = 0; i < boot->n_entries; i++)
        raft_entry_unref(boot->entries[i]);
    assert(raft_log_last(&r->log) >= r->snap_index);
    r->append_from = 0;
    r->persisted = raft_log_last(&r->log);
    raft_reset_election(r);
    *ret = r;
    return 0;
}

struct raft *raft_free(struct raft *r)
{
    if (!r)
        return NULL;
    for (size_t i = 0; i < r->peers.n; i++)
        vec_free(&r->peers.items[i].inflight);
    vec_free(&r->peers);
    for (size_t i = 0; i < r->held.n; i++)
        raft_msg_clear(&r->held.items[i].msg);
    vec_free(&r->held);
    vec_free(&r->batches);
    raft_log_free(&r->log);
    free(r);
    return NULL;
}

const char *raft_role_name(enum raft_role role)
{
    static const char *const names[] = {"Follower", "Candidate", "Candidate", "Leader"};
    return names[role];
}

enum raft_role raft_role(const struct raft *r)
{
    return r->role;
}

uint64_t raft_term(const struct raft *r)
{
    return r->hard.term;
}

struct uuid raft_leader(const struct raft *r)
{
    return r->leader;
}

/* An entry is applied here only once it is also on our own disk: a snapshot of it then never runs
 * ahead of the log it replaces. */
uint64_t raft_commit_index(const struct raft *r)
{
    return MIN(r->commit, r->persisted);
}

uint64_t raft_last_index(const struct raft *r)
{
    return raft_log_last(&r->log);
}

uint64_t raft_log_index(const struct raft *r)
{
    return r->log.base;
}

uint64_t raft_noop_index(const struct raft *r)
{
    return r->role == RAFT_LEADER ? r->noop : 0;
}

uint64_t raft_term_at(const struct raft *r, uint64_t index)
{
    uint64_t term;
    return raft_log_term(&r->log, index, &term) ? term : 0;
}

struct raft_entry *raft_entry_at(const struct raft *r, uint64_t index)
{
    return raft_log_get(&r->log, index);
}

const struct raft_config *raft_configuration(const struct raft *r)
{
    return &r->config;
}

nsec_t raft_deadline(const struct raft *r)
{
    if (r->role == RAFT_LEADER)
        return r->peers.n ? r->heartbeat_deadline : INT64_MAX;
    return raft_self_votes(r) && !r->installing ? r->election_deadline : INT64_MAX;
}
