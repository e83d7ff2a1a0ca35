// SPDX-License-Identifier: Apache-2.0
#include "raft/internal.h"

static uint64_t next_random(struct raft *r)
{
    uint64_t z = r->rng += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static bool alone(const struct raft *r)
{
    return raft_self_votes(r) && raft_config_voters(&r->config) == 1;
}

void raft_reset_election(struct raft *r)
{
    uint64_t span = (uint64_t)r->o.election_timeout;
    nsec_t wait = r->o.election_timeout + (nsec_t)(next_random(r) % span);
    /* The only voter has nobody to wait for. */
    r->election_deadline = r->now + (alone(r) ? 0 : wait);
}

bool raft_leader_is_fresh(const struct raft *r)
{
    return r->role == RAFT_LEADER ||
           (!uuid_is_zero(&r->leader) && r->now - r->leader_contact < r->o.election_timeout);
}

void raft_become_follower(struct raft *r, uint64_t term, const struct uuid *leader)
{
    if (term > r->hard.term) {
        r->hard = (struct raft_hard){.term = term};
        r->hard_dirty = true;
        r->verified = 0;
        r->round = 0;
        r->ack_due = false;
    }
    bool led = r->role == RAFT_LEADER;
    r->role = RAFT_FOLLOWER;
    r->noop = 0;
    r->transfer = (struct uuid){0};
    r->leader = leader ? *leader : (struct uuid){0};
    if (led || leader)
        raft_reset_election(r);
}

/* What this server can vouch for after a crash. */
static void persisted_last(const struct raft *r, uint64_t *ret_index, uint64_t *ret_term)
{
    *ret_index = r->persisted;
    if (!raft_log_term(&r->log, r->persisted, ret_term))
        *ret_term = r->log.base_term;
}

static void ask_votes(struct raft *r, enum raft_msg_type type, uint64_t term, bool transfer)
{
    struct raft_msg m = {.type = type, .term = term, .transfer = transfer};
    persisted_last(r, &m.index, &m.index_term);
    for (size_t i = 0; i < r->peers.n; i++) {
        r->peers.items[i].voted = r->peers.items[i].granted = false;
        m.to = r->peers.items[i].id;
        if (r->peers.items[i].voter)
            raft_send(r, &m);
    }
}

void raft_campaign(struct raft *r, bool transfer)
{
    raft_become_follower(r, r->hard.term + 1, NULL);
    r->role = RAFT_CANDIDATE;
    r->hard.vote = r->o.id;
    raft_reset_election(r);
    ask_votes(r, RAFT_MSG_VOTE, r->hard.term, transfer);
}

static void precampaign(struct raft *r)
{
    r->role = RAFT_PRECANDIDATE;
    r->leader = (struct uuid){0};
    raft_reset_election(r);
    ask_votes(r, RAFT_MSG_PREVOTE, r->hard.term + 1, false);
}

void raft_election_tick(struct raft *r)
{
    if (r->now < r->election_deadline || !raft_self_votes(r) || r->installing)
        return;
    if (!alone(r))
        precampaign(r);
    else if (r->role != RAFT_CANDIDATE)
        raft_campaign(r, false);
    else
        r->election_deadline = r->now + r->o.election_timeout;
}

void raft_count_votes(struct raft *r)
{
    /* Our own vote is one only once it would survive a crash. */
    bool own = raft_self_votes(r) && (r->role == RAFT_PRECANDIDATE ||
                                      (r->hard_seq <= r->persisted_seq && !r->hard_dirty));
    size_t granted = own, refused = 0;
    for (size_t i = 0; i < r->peers.n; i++) {
        const struct raft_peer *p = &r->peers.items[i];
        granted += p->voter && p->voted && p->granted;
        refused += p->voter && p->voted && !p->granted;
    }
    if (granted >= raft_quorum(r)) {
        if (r->role == RAFT_PRECANDIDATE)
            raft_campaign(r, false);
        else
            raft_become_leader(r);
    } else if (refused >= raft_quorum(r)) {
        raft_become_follower(r, r->hard.term, NULL);
    }
}

static bool log_is_current(const struct raft *r, const struct raft_msg *m)
{
    uint64_t index, term;
    persisted_last(r, &index, &term);
    return m->index_term > term || (m->index_term == term && m->index >= index);
}

void raft_on_prevote(struct raft *r, const struct raft_msg *m)
{
    bool grant = m->term > r->hard.term && !raft_leader_is_fresh(r) && log_is_current(r, m);
    struct raft_msg reply = {.type = RAFT_MSG_PREVOTE_REPLY,
                             .to = m->from,
                             .term = grant ? m->term : r->hard.term,
                             .reject = !grant};
    raft_send(r, &reply);
}

void raft_on_vote(struct raft *r, const struct raft_msg *m)
{
    bool free_vote = uuid_is_zero(&r->hard.vote) && uuid_is_zero(&r->leader);
    bool grant = r->role == RAFT_FOLLOWER && (free_vote || uuid_eq(&r->hard.vote, &m->from)) &&
                 log_is_current(r, m);
    if (r->role == RAFT_PRECANDIDATE && free_vote && log_is_current(r, m)) {
        raft_become_follower(r, r->hard.term, NULL);
        grant = true;
    }
    if (grant) {
        if (!uuid_eq(&r->hard.vote, &m->from))
            r->hard_dirty = true;
        r->hard.vote = m->from;
        raft_reset_election(r);
    }
    struct raft_msg reply = {
        .type = RAFT_MSG_VOTE_REPLY, .to = m->from, .term = r->hard.term, .reject = !grant};
    raft_send(r, &reply);
}

void raft_on_vote_reply(struct raft *r, const struct raft_msg *m)
{
    bool pre = m->type == RAFT_MSG_PREVOTE_REPLY;
    struct raft_peer *p = raft_peer(r, &m->from);
    if (!p || r->role != (pre ? RAFT_PRECANDIDATE : RAFT_CANDIDATE))
        return;
    if (pre && !m->reject && m->term != r->hard.term + 1)
        return;
    p->voted = true;
    p->granted = !m->reject;
    raft_count_votes(r);
}
