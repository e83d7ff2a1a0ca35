// SPDX-License-Identifier: Apache-2.0
#include "raft/internal.h"

void raft_peer_reset(struct raft *r, struct raft_peer *p)
{
    p->state = RAFT_PROBE;
    p->match = 0;
    p->next = raft_log_last(&r->log) + 1;
    p->paused = false;
    p->inflight.n = 0;
    p->inflight_bytes = 0;
    p->last_contact = r->now;
    p->snap_index = 0;
}

/* An entry of our own term commits everything before it; by itself an older one never counts. */
void raft_become_leader(struct raft *r)
{
    struct raft_entry *e = raft_entry_new(RAFT_ENTRY_NOOP, NULL, 0);
    if (!e) {
        raft_fail(r, -ENOMEM);
        return;
    }
    r->role = RAFT_LEADER;
    r->leader = r->o.id;
    r->round = 0;
    for (size_t i = 0; i < r->peers.n; i++)
        raft_peer_reset(r, &r->peers.items[i]);
    e->index = r->noop = raft_log_last(&r->log) + 1;
    e->term = r->hard.term;
    r->quorum_deadline = r->now + r->o.election_timeout;
    r->heartbeat_deadline = r->now + r->o.heartbeat;
    if (raft_append(r, e) >= 0)
        raft_broadcast(r, true);
}

static void send_snapshot(struct raft *r, struct raft_peer *p)
{
    struct raft_msg m = {.type = RAFT_MSG_SNAPSHOT,
                         .to = p->id,
                         .term = r->hard.term,
                         .index = r->snap_index,
                         .index_term = r->snap_term,
                         .config = r->snap_config};
    p->state = RAFT_SNAPSHOTTING;
    p->snap_index = r->snap_index;
    p->snap_resend = r->now + 10 * r->o.election_timeout;
    raft_send(r, &m);
}

/* Entries next .. of at most one batch; a single big one may go alone. */
static size_t batch_size(const struct raft *r, const struct raft_peer *p, size_t *ret_bytes)
{
    size_t n = 0, bytes = 0;
    const struct raft_entry *e;
    while (n < r->o.batch_entries && (e = raft_log_get(&r->log, p->next + n))) {
        if (n && bytes + e->n > r->o.batch_bytes)
            break;
        bytes += e->n;
        n++;
    }
    *ret_bytes = bytes;
    return n;
}

static void send_append(struct raft *r, struct raft_peer *p, uint64_t prev, size_t n)
{
    struct raft_msg m = {.type = RAFT_MSG_APPEND,
                         .to = p->id,
                         .term = r->hard.term,
                         .index = prev,
                         .commit = r->commit,
                         .round = r->round};
    raft_log_term(&r->log, prev, &m.index_term);
    m.entries = n ? calloc(n, sizeof(struct raft_entry *)) : NULL;
    if (n && !m.entries) {
        raft_fail(r, -ENOMEM);
        return;
    }
    for (; m.n_entries < n; m.n_entries++)
        m.entries[m.n_entries] = raft_entry_ref(raft_log_get(&r->log, prev + 1 + m.n_entries));
    raft_send(r, &m);
}

static bool pipeline(struct raft *r, struct raft_peer *p)
{
    bool sent = false;
    while (p->next <= raft_log_last(&r->log) && p->inflight.n < r->o.window_messages &&
           (p->inflight_bytes < r->o.window_bytes)) {
        size_t bytes, n = batch_size(r, p, &bytes);
        struct raft_inflight f = {.index = p->next + n - 1, .bytes = bytes};
        if (vec_push(&p->inflight, f) < 0) {
            raft_fail(r, -ENOMEM);
            break;
        }
        p->inflight_bytes += bytes;
        send_append(r, p, p->next - 1, n);
        p->next += n;
        sent = true;
    }
    return sent;
}

void raft_replicate(struct raft *r, struct raft_peer *p, bool heartbeat)
{
    uint64_t term;
    if (p->state != RAFT_SNAPSHOTTING && !raft_log_term(&r->log, p->next - 1, &term))
        send_snapshot(r, p);
    switch (p->state) {
    case RAFT_PROBE:
        if (p->paused && !heartbeat)
            return;
        p->paused = true;
        send_append(r, p, p->next - 1, 0);
        break;
    case RAFT_PIPELINE:
        if (!pipeline(r, p) && heartbeat)
            send_append(r, p, p->next - 1, 0);
        break;
    case RAFT_SNAPSHOTTING:
        if (r->now >= p->snap_resend)
            send_snapshot(r, p);
        /* Its answer tells whether the snapshot has arrived, and that the peer lives. */
        if (heartbeat && raft_log_term(&r->log, p->snap_index, &term))
            send_append(r, p, p->snap_index, 0);
        else if (heartbeat)
            send_snapshot(r, p);
        break;
    }
}

void raft_broadcast(struct raft *r, bool heartbeat)
{
    if (heartbeat)
        r->round++;
    for (size_t i = 0; i < r->peers.n; i++)
        raft_replicate(r, &r->peers.items[i], heartbeat);
}

static bool quorum_is_near(const struct raft *r)
{
    size_t near = raft_self_votes(r);
    for (size_t i = 0; i < r->peers.n; i++) {
        const struct raft_peer *p = &r->peers.items[i];
        near += p->voter && r->now - p->last_contact < r->o.election_timeout;
    }
    return near >= raft_quorum(r);
}

void raft_leader_tick(struct raft *r)
{
    if (r->now >= r->quorum_deadline) {
        r->quorum_deadline = r->now + r->o.election_timeout;
        if (!quorum_is_near(r)) {
            raft_become_follower(r, r->hard.term, NULL);
            return;
        }
    }
    if (!uuid_is_zero(&r->transfer) && r->now >= r->transfer_deadline)
        r->transfer = (struct uuid){0};
    if (r->now >= r->heartbeat_deadline) {
        r->heartbeat_deadline = r->now + r->o.heartbeat;
        raft_broadcast(r, true);
    }
}

static int compare_down(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

void raft_advance_commit(struct raft *r)
{
    uint64_t match[RAFT_SERVERS_MAX + 1], term;
    size_t n = 0;
    if (raft_self_votes(r))
        match[n++] = r->persisted;
    for (size_t i = 0; i < r->peers.n; i++)
        if (r->peers.items[i].voter)
            match[n++] = r->peers.items[i].match;
    size_t quorum = raft_quorum(r);
    if (n < quorum)
        return;
    qsort(match, n, sizeof(match[0]), compare_down);
    uint64_t index = match[quorum - 1];
    if (index <= r->commit || !raft_log_term(&r->log, index, &term) || term != r->hard.term)
        return;
    r->commit = index;
    if (!raft_config_find(&r->config, &r->o.id) && r->config_index <= r->commit) {
        raft_broadcast(r, true);
        raft_become_follower(r, r->hard.term, NULL);
        return;
    }
    raft_broadcast(r, true);
}

/* One server joins, leaves or changes its vote: any two majorities still meet. */
static int check_change(const struct raft *r, const struct raft_entry *e)
{
    struct raft_config c;
    if (raft_config_decode(e->data, e->n, &c) < 0 || raft_config_voters(&c) == 0)
        return -EINVAL;
    if (r->commit < r->noop || r->config_index > r->commit)
        return -EBUSY;
    size_t changes = 0;
    for (size_t i = 0; i < c.n; i++) {
        const struct raft_server *old = raft_config_find(&r->config, &c.servers[i].id);
        changes += !old || old->voter != c.servers[i].voter;
    }
    for (size_t i = 0; i < r->config.n; i++)
        changes += !raft_config_find(&c, &r->config.servers[i].id);
    return changes <= 1 ? 0 : -EINVAL;
}

int raft_propose(struct raft *r, struct raft_entry **entries, size_t n)
{
    if (r->role != RAFT_LEADER)
        return -ENOTCONN;
    if (!uuid_is_zero(&r->transfer))
        return -EAGAIN;
    for (size_t i = 0; i < n; i++) {
        if (entries[i]->type == RAFT_ENTRY_CONFIG && n > 1)
            return -EINVAL;
        int e = entries[i]->type == RAFT_ENTRY_CONFIG ? check_change(r, entries[i]) : 0;
        if (e < 0)
            return e;
    }
    for (size_t i = 0; i < n && !r->failed; i++) {
        entries[i]->index = raft_log_last(&r->log) + 1;
        entries[i]->term = r->hard.term;
        raft_append(r, entries[i]);
    }
    raft_broadcast(r, false);
    return 0;
}

static void hand_over(struct raft *r, const struct raft_peer *p)
{
    if (!uuid_eq(&p->id, &r->transfer) || p->match != raft_log_last(&r->log))
        return;
    struct raft_msg m = {.type = RAFT_MSG_TIMEOUT_NOW, .to = p->id, .term = r->hard.term};
    raft_send(r, &m);
}

int raft_start_transfer(struct raft *r, const struct uuid *to)
{
    if (r->role != RAFT_LEADER)
        return -ENOTCONN;
    struct raft_peer *best = NULL;
    for (size_t i = 0; i < r->peers.n; i++) {
        struct raft_peer *p = &r->peers.items[i];
        bool wanted = uuid_is_zero(to) ? !best || p->match > best->match : uuid_eq(&p->id, to);
        if (p->voter && wanted)
            best = p;
    }
    if (!best)
        return -EINVAL;
    r->transfer = best->id;
    r->transfer_deadline = r->now + r->o.election_timeout;
    hand_over(r, best);
    return 0;
}

static void free_window(struct raft_peer *p)
{
    size_t k = 0;
    while (k < p->inflight.n && p->inflight.items[k].index <= p->match)
        p->inflight_bytes -= p->inflight.items[k++].bytes;
    p->inflight.n -= k;
    if (k && p->inflight.n)
        memmove(p->inflight.items, p->inflight.items + k,
                p->inflight.n * sizeof(struct raft_inflight));
}

static void probe_from(struct raft_peer *p, uint64_t next)
{
    p->state = RAFT_PROBE;
    p->next = MAX(next, p->match + 1);
    p->paused = false;
    p->inflight.n = 0;
    p->inflight_bytes = 0;
}

static void on_refusal(struct raft *r, struct raft_peer *p, const struct raft_msg *m)
{
    uint64_t term;
    if (p->state == RAFT_SNAPSHOTTING || m->index <= p->match)
        return;
    if (p->state == RAFT_PROBE && m->index != p->next - 1)
        return;
    if (p->state == RAFT_PIPELINE) {
        probe_from(p, p->match + 1);
    } else {
        uint64_t at = raft_log_conflict(&r->log, m->hint, m->hint_term, &term);
        /* Before our base there is nothing to probe: the snapshot must do. */
        probe_from(p, m->hint < r->log.base ? m->hint + 1 : MIN(m->index, at + 1));
    }
    raft_replicate(r, p, false);
}

void raft_on_append_reply(struct raft *r, const struct raft_msg *m)
{
    struct raft_peer *p = raft_peer(r, &m->from);
    if (r->role != RAFT_LEADER || !p)
        return;
    p->last_contact = r->now;
    if (m->reject) {
        on_refusal(r, p, m);
        return;
    }
    if (m->index > raft_log_last(&r->log))
        return;
    p->match = MAX(p->match, m->index);
    p->next = MAX(p->next, p->match + 1);
    free_window(p);
    if (p->state == RAFT_PROBE || (p->state == RAFT_SNAPSHOTTING && p->match >= p->snap_index)) {
        p->state = RAFT_PIPELINE;
        p->paused = false;
        p->next = p->match + 1;
    }
    raft_advance_commit(r);
    if (r->role != RAFT_LEADER)
        return;
    raft_replicate(r, p, false);
    hand_over(r, p);
}
