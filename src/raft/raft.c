// SPDX-License-Identifier: Apache-2.0
#include "raft/internal.h"

void raft_fail(struct raft *r, int code)
{
    if (!r->failed)
        r->failed = code;
}

/* Everything waits until term and vote are on disk: whatever a message says, it says in that term.
 */
void raft_send(struct raft *r, struct raft_msg *m)
{
    m->from = r->o.id;
    struct raft_held h = {.term = r->hard.term, .msg = *m};
    if (vec_push(&r->held, h) < 0) {
        raft_msg_clear(m);
        raft_fail(r, -ENOMEM);
    }
}

struct raft_peer *raft_peer(struct raft *r, const struct uuid *id)
{
    for (size_t i = 0; i < r->peers.n; i++)
        if (uuid_eq(&r->peers.items[i].id, id))
            return &r->peers.items[i];
    return NULL;
}

static void peer_remove(struct raft *r, size_t i)
{
    vec_free(&r->peers.items[i].inflight);
    vec_swap_del(&r->peers, i);
}

static void peer_add(struct raft *r, const struct raft_server *s)
{
    struct raft_peer *p = raft_peer(r, &s->id);
    if (p) {
        p->voter = s->voter;
        return;
    }
    struct raft_peer fresh = {.id = s->id, .voter = s->voter};
    if (vec_push(&r->peers, fresh) < 0) {
        raft_fail(r, -ENOMEM);
        return;
    }
    raft_peer_reset(r, &r->peers.items[r->peers.n - 1]);
}

void raft_use_config(struct raft *r, const struct raft_config *c, uint64_t index)
{
    if (c != &r->config)
        r->config = *c;
    r->config_index = index;
    for (size_t i = r->peers.n; i-- > 0;)
        if (!raft_config_find(&r->config, &r->peers.items[i].id))
            peer_remove(r, i);
    for (size_t i = 0; i < r->config.n; i++)
        if (!uuid_eq(&r->config.servers[i].id, &r->o.id))
            peer_add(r, &r->config.servers[i]);
}

static void adopt_config(struct raft *r, const struct raft_entry *e)
{
    struct raft_config c;
    if (raft_config_decode(e->data, e->n, &c) < 0)
        raft_fail(r, -EUCLEAN);
    else
        raft_use_config(r, &c, e->index);
}

int raft_append(struct raft *r, struct raft_entry *e)
{
    int k = raft_log_push(&r->log, e);
    if (k < 0) {
        raft_entry_unref(e);
        raft_fail(r, k);
        return k;
    }
    if (!r->append_from)
        r->append_from = e->index;
    if (e->type == RAFT_ENTRY_CONFIG)
        adopt_config(r, e);
    return 0;
}

void raft_configuration_at(const struct raft *r, uint64_t index, struct raft_config *ret)
{
    for (uint64_t i = MIN(index, raft_log_last(&r->log)); i > MAX(r->log.base, r->snap_index);
         i--) {
        const struct raft_entry *e = raft_log_get(&r->log, i);
        if (e->type == RAFT_ENTRY_CONFIG && raft_config_decode(e->data, e->n, ret) >= 0)
            return;
    }
    *ret = r->snap_config;
}

/* A change that was not committed goes with its entry. */
static void reload_config(struct raft *r)
{
    struct raft_config c;
    uint64_t i = raft_log_last(&r->log);
    raft_configuration_at(r, i, &c);
    while (i > r->log.base && raft_log_get(&r->log, i)->type != RAFT_ENTRY_CONFIG)
        i--;
    raft_use_config(r, &c, i > r->log.base ? i : 0);
}

void raft_truncate(struct raft *r, uint64_t from)
{
    raft_log_truncate(&r->log, from);
    r->persisted = MIN(r->persisted, from - 1);
    for (size_t i = 0; i < r->batches.n; i++)
        r->batches.items[i].last = MIN(r->batches.items[i].last, from - 1);
    r->truncate_from = r->truncate_from ? MIN(r->truncate_from, from) : from;
    if (r->append_from > from)
        r->append_from = from;
    if (r->config_index >= from)
        reload_config(r);
}

static void on_persisted(struct raft *r, uint64_t seq)
{
    size_t k = 0;
    for (; k < r->batches.n && r->batches.items[k].seq <= seq; k++)
        r->persisted = MAX(r->persisted, r->batches.items[k].last);
    if (k) {
        r->batches.n -= k;
        memmove(r->batches.items, r->batches.items + k, r->batches.n * sizeof(struct raft_batch));
    }
    r->persisted_seq = MAX(r->persisted_seq, seq);
    if (r->role == RAFT_CANDIDATE)
        raft_count_votes(r);
    else if (r->role == RAFT_LEADER)
        raft_advance_commit(r);
    else if (r->ack_due && r->persisted >= r->verified)
        raft_ack(r);
}

static void on_snapshot_taken(struct raft *r, const struct raft_event *ev)
{
    uint64_t term;
    if (ev->index <= r->snap_index || !raft_log_term(&r->log, ev->index, &term))
        return;
    assert(ev->index <= r->applied && ev->log_index <= ev->index);
    raft_configuration_at(r, ev->index, &r->snap_config);
    r->snap_index = ev->index;
    r->snap_term = term;
    raft_log_forget(&r->log, ev->log_index);
    if (r->config_index <= r->log.base)
        r->config_index = 0;
}

/* What an older or newer term means before the message itself is looked at. */
static bool term_admits(struct raft *r, const struct raft_msg *m)
{
    bool asks = m->type == RAFT_MSG_PREVOTE || (m->type == RAFT_MSG_PREVOTE_REPLY && !m->reject);
    if (asks || m->term == r->hard.term)
        return true;
    if (m->term > r->hard.term) {
        if (m->type == RAFT_MSG_VOTE && !m->transfer && raft_leader_is_fresh(r))
            return false;
        bool leads = m->type == RAFT_MSG_APPEND || m->type == RAFT_MSG_SNAPSHOT;
        raft_become_follower(r, m->term, leads ? &m->from : NULL);
        return true;
    }
    if (m->type == RAFT_MSG_APPEND || m->type == RAFT_MSG_SNAPSHOT) {
        struct raft_msg reply = {
            .type = RAFT_MSG_APPEND_REPLY, .to = m->from, .term = r->hard.term, .reject = true};
        raft_send(r, &reply);
    }
    return false;
}

static void on_timeout_now(struct raft *r)
{
    if (r->role == RAFT_FOLLOWER && raft_self_votes(r) && !r->installing)
        raft_campaign(r, true);
}

static void on_message(struct raft *r, const struct raft_msg *m)
{
    if (!uuid_eq(&m->to, &r->o.id) || !term_admits(r, m))
        return;
    switch (m->type) {
    case RAFT_MSG_PREVOTE:
        raft_on_prevote(r, m);
        break;
    case RAFT_MSG_VOTE:
        raft_on_vote(r, m);
        break;
    case RAFT_MSG_PREVOTE_REPLY:
    case RAFT_MSG_VOTE_REPLY:
        raft_on_vote_reply(r, m);
        break;
    case RAFT_MSG_APPEND:
        raft_on_append(r, m);
        break;
    case RAFT_MSG_SNAPSHOT:
        raft_on_snapshot(r, m);
        break;
    case RAFT_MSG_APPEND_REPLY:
    case RAFT_MSG_SNAPSHOT_REPLY:
        raft_on_append_reply(r, m);
        break;
    case RAFT_MSG_TIMEOUT_NOW:
        on_timeout_now(r);
        break;
    case RAFT_MSG_MAX:
        break;
    }
}

/* The effects on the disk collected by this step, as one batch. */
static void emit_persist(struct raft *r)
{
    uint64_t last = raft_log_last(&r->log);
    size_t n = r->append_from && r->append_from <= last ? (size_t)(last - r->append_from + 1) : 0;
    if (!r->hard_dirty && !r->truncate_from && !n)
        return;
    struct raft_persist *p = &r->out->persist;
    *p = (struct raft_persist){.seq = ++r->seq,
                               .hard = r->hard,
                               .hard_changed = r->hard_dirty,
                               .truncate_from = r->truncate_from};
    if (r->hard_dirty)
        r->hard_seq = r->seq;
    struct raft_batch b = {.seq = r->seq, .last = n ? last : r->persisted};
    p->entries = n ? calloc(n, sizeof(struct raft_entry *)) : NULL;
    if ((n && !p->entries) || vec_push(&r->batches, b) < 0) {
        raft_fail(r, -ENOMEM);
        return;
    }
    for (; p->n_entries < n; p->n_entries++)
        p->entries[p->n_entries] =
            raft_entry_ref(raft_log_get(&r->log, r->append_from + p->n_entries));
}

static void emit_messages(struct raft *r)
{
    if (r->hard_seq > r->persisted_seq)
        return;
    for (size_t i = 0; i < r->held.n; i++) {
        struct raft_held *h = &r->held.items[i];
        struct raft_out *o = r->out;
        bool stale = h->term != r->hard.term;
        if (!stale &&
            vec_grow((void **)&o->msgs, &o->cap_msgs, o->n_msgs + 1, sizeof(*o->msgs)) < 0)
            raft_fail(r, -ENOMEM);
        if (stale || r->failed)
            raft_msg_clear(&h->msg);
        else
            o->msgs[o->n_msgs++] = h->msg;
    }
    r->held.n = 0;
}

static void on_tick(struct raft *r)
{
    if (r->role == RAFT_LEADER)
        raft_leader_tick(r);
    else
        raft_election_tick(r);
}

static int dispatch(struct raft *r, const struct raft_event *ev)
{
    switch (ev->type) {
    case RAFT_EV_TICK:
        on_tick(r);
        break;
    case RAFT_EV_MESSAGE:
        on_message(r, ev->msg);
        break;
    case RAFT_EV_PROPOSE:
        return raft_propose(r, ev->entries, ev->n_entries);
    case RAFT_EV_PERSISTED:
        on_persisted(r, ev->seq);
        break;
    case RAFT_EV_APPLIED:
        assert(ev->index <= raft_commit_index(r));
        r->applied = MAX(r->applied, ev->index);
        break;
    case RAFT_EV_SNAPSHOT:
        on_snapshot_taken(r, ev);
        break;
    case RAFT_EV_INSTALLED:
        raft_on_installed(r, ev->index, ev->term);
        break;
    case RAFT_EV_TRANSFER:
        return raft_start_transfer(r, &ev->to);
    }
    return 0;
}

int raft_step(struct raft *r, const struct raft_event *ev, struct raft_out *out)
{
    assert(out->n_msgs == 0 && out->persist.seq == 0);
    if (r->failed)
        return r->failed;
    r->out = out;
    r->now = MAX(r->now, ev->now);
    r->hard_dirty = false;
    r->truncate_from = r->append_from = 0;
    int e = dispatch(r, ev);
    emit_persist(r);
    emit_messages(r);
    r->out = NULL;
    return r->failed ? r->failed : e;
}

void raft_out_clear(struct raft_out *out)
{
    for (size_t i = 0; i < out->persist.n_entries; i++)
        raft_entry_unref(out->persist.entries[i]);
    free(out->persist.entries);
    for (size_t i = 0; i < out->n_msgs; i++)
        raft_msg_clear(&out->msgs[i]);
    free(out->msgs);
    *out = (struct raft_out){0};
}
