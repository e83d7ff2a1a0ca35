// SPDX-License-Identifier: Apache-2.0
#include "raft/internal.h"

/* Acknowledges only what was checked against this term's leader and is on our disk. */
void raft_ack(struct raft *r)
{
    if (uuid_is_zero(&r->leader) || r->role != RAFT_FOLLOWER)
        return;
    r->ack_due = r->persisted < r->verified;
    struct raft_msg m = {.type = RAFT_MSG_APPEND_REPLY,
                         .to = r->leader,
                         .term = r->hard.term,
                         .index = MIN(r->verified, r->persisted),
                         .round = r->round};
    raft_send(r, &m);
}

static void refuse(struct raft *r, const struct raft_msg *m)
{
    struct raft_msg reply = {.type = RAFT_MSG_APPEND_REPLY,
                             .to = m->from,
                             .term = r->hard.term,
                             .index = m->index,
                             .round = m->round,
                             .reject = true};
    reply.hint = raft_log_conflict(&r->log, m->index, m->index_term, &reply.hint_term);
    raft_send(r, &reply);
}

static void follow(struct raft *r, const struct raft_msg *m)
{
    raft_become_follower(r, r->hard.term, &m->from);
    r->leader_contact = r->now;
    r->round = MAX(r->round, m->round);
}

/* Adds what is missing; where a term differs, the rest of our log goes first. */
static void merge(struct raft *r, const struct raft_msg *m)
{
    for (size_t i = 0; i < m->n_entries && !r->failed; i++) {
        struct raft_entry *e = m->entries[i];
        uint64_t term;
        if (e->index <= r->log.base || (raft_log_term(&r->log, e->index, &term) && term == e->term))
            continue;
        if (e->index <= raft_log_last(&r->log)) {
            if (e->index <= r->commit) {
                raft_fail(r, -EUCLEAN);
                return;
            }
            raft_truncate(r, e->index);
        }
        raft_append(r, raft_entry_ref(e));
    }
}

void raft_on_append(struct raft *r, const struct raft_msg *m)
{
    if (r->role == RAFT_LEADER)
        return;
    follow(r, m);
    if (r->installing) {
        refuse(r, m);
        return;
    }
    uint64_t term, last = m->index + m->n_entries;
    /* Below the base everything is committed, hence the same as the leader's. */
    if (m->index >= r->log.base &&
        !(raft_log_term(&r->log, m->index, &term) && term == m->index_term)) {
        refuse(r, m);
        return;
    }
    merge(r, m);
    r->verified = MAX(r->verified, last);
    r->verified = MIN(MAX(r->verified, r->log.base), raft_log_last(&r->log));
    r->commit = MAX(r->commit, MIN(m->commit, r->verified));
    if (m->n_entries == 0 || r->persisted >= r->verified)
        raft_ack(r);
    else
        r->ack_due = true;
}

void raft_on_snapshot(struct raft *r, const struct raft_msg *m)
{
    if (r->role == RAFT_LEADER)
        return;
    follow(r, m);
    uint64_t term;
    bool have = raft_log_term(&r->log, m->index, &term) && term == m->index_term;
    if (m->index <= r->commit || have) {
        r->verified = MAX(r->verified, m->index);
        r->commit = MAX(r->commit, m->index);
        raft_ack(r);
        return;
    }
    if (r->installing)
        return;
    r->installing = m->index;
    r->installing_term = m->index_term;
    r->installing_config = m->config;
    r->out->install = m->index;
    r->out->install_term = m->index_term;
}

void raft_on_installed(struct raft *r, uint64_t index, uint64_t term)
{
    assert(index == r->installing && term == r->installing_term);
    raft_log_reset(&r->log, index, term);
    for (size_t i = 0; i < r->batches.n; i++)
        r->batches.items[i].last = 0;
    r->snap_index = index;
    r->snap_term = term;
    r->snap_config = r->installing_config;
    raft_use_config(r, &r->installing_config, 0);
    r->persisted = r->commit = r->applied = index;
    r->verified = index;
    r->installing = 0;
    raft_reset_election(r);
    raft_ack(r);
}
