// SPDX-License-Identifier: Apache-2.0
/* Proposals from the caller into the log, and committed entries from the log to the caller. */
#include <errno.h>

#include "raft-io/host_internal.h"

#define APPLY_SLICE (5 * NSEC_MSEC)
#define SPACE_INTERVAL NSEC_SEC

static bool space_low(struct raft_host *h)
{
    nsec_t now = now_mono();
    if (!h->dir || (h->space_checked && now - h->space_checked < SPACE_INTERVAL))
        return h->space_low;
    uint64_t bytes;
    h->space_checked = now;
    h->space_low =
        h->o.fs->free_space(h->o.fs->ctx, h->dir, &bytes) >= 0 && bytes < h->o.free_space_min;
    return h->space_low;
}

static int admit(struct raft_host *h, size_t n)
{
    if (h->closing || h->dead)
        return -ESHUTDOWN;
    if (raft_role(h->raft) != RAFT_LEADER)
        return -ENOTCONN;
    if (n > RAFT_ENTRY_MAX)
        return -E2BIG;
    if (h->held_entries >= h->o.inflight_entries || h->held_bytes + n > h->o.inflight_bytes)
        return -EAGAIN;
    return space_low(h) ? -ENOSPC : 0;
}

int raft_host_propose(struct raft_host *h, const void *p, size_t n, raft_proposed_cb cb, void *ctx)
{
    int r = admit(h, n);
    if (r < 0)
        return r;
    struct proposal q = {.bytes = n, .cb = cb, .ctx = ctx};
    q.entry = raft_entry_new(RAFT_ENTRY_COMMAND, p, n);
    if (!q.entry || vec_push(&h->queued, q) < 0) {
        raft_entry_unref(q.entry);
        return -ENOMEM;
    }
    h->held_bytes += n;
    h->held_entries++;
    uv_async_send(&h->wake);
    return 0;
}

static void answer(struct raft_host *h, const struct proposal *p, int r, uint64_t index,
                   void *result)
{
    h->held_bytes -= p->bytes;
    h->held_entries--;
    if (p->cb)
        p->cb(p->ctx, r, index, result);
    else if (result && h->cb.result_free)
        h->cb.result_free(h->ctx, result);
}

void raft_host_fail_proposals(struct raft_host *h, int r)
{
    /* A callback may propose again; what it queues is refused, not lost in this loop. */
    VEC(struct proposal) queued = {h->queued.items, h->queued.n, h->queued.cap};
    VEC(struct proposal) inflight = {h->inflight.items, h->inflight.n, h->inflight.cap};
    size_t head = h->inflight_head;
    h->queued.items = h->inflight.items = NULL;
    h->queued.n = h->queued.cap = h->inflight.n = h->inflight.cap = h->inflight_head = 0;
    for (size_t i = head; i < inflight.n; i++)
        answer(h, &inflight.items[i], r, 0, NULL);
    for (size_t i = 0; i < queued.n; i++) {
        raft_entry_unref(queued.items[i].entry);
        answer(h, &queued.items[i], r, 0, NULL);
    }
    vec_free(&queued);
    vec_free(&inflight);
}

/* The step machine refused the last n proposals, so it did not take their entries. */
static void take_back(struct raft_host *h, struct raft_entry **entries, size_t n)
{
    while (n-- > 0) {
        struct proposal p = h->inflight.items[--h->inflight.n];
        raft_entry_unref(entries[n]);
        answer(h, &p, -ECANCELED, 0, NULL);
    }
}

static int step_queued(struct raft_host *h, size_t n)
{
    cleanup_free struct raft_entry **entries = calloc(n, sizeof(*entries));
    if (!entries || vec_reserve(&h->inflight, h->inflight.n + n) < 0)
        return -ENOMEM;
    uint64_t first = raft_last_index(h->raft) + 1, term = raft_term(h->raft);
    for (size_t i = 0; i < n; i++) {
        struct proposal p = h->queued.items[i];
        entries[i] = take_ptr(p.entry);
        p.index = first + i;
        p.term = term;
        h->inflight.items[h->inflight.n++] = p;
    }
    h->queued.n = 0;
    struct raft_event ev = {.type = RAFT_EV_PROPOSE, .entries = entries, .n_entries = n};
    if (raft_host_step(h, &ev) < 0 && !h->dead)
        take_back(h, entries, n);
    return 0;
}

/* All that was proposed since the last turn becomes one batch of the log. */
void raft_host_flush_proposals(struct raft_host *h)
{
    size_t n = h->queued.n;
    if (n == 0 || h->dead || h->closing)
        return;
    if (raft_role(h->raft) != RAFT_LEADER)
        raft_host_fail_proposals(h, -ECANCELED);
    else if (step_queued(h, n) < 0)
        raft_host_fatal(h, "out of memory");
}

/* The front one is the oldest; the log may hold entries nobody here waits for. */
static bool take_proposal(struct raft_host *h, const struct raft_entry *e, struct proposal *ret)
{
    if (h->inflight_head == h->inflight.n || h->inflight.items[h->inflight_head].index != e->index)
        return false;
    *ret = h->inflight.items[h->inflight_head++];
    assert(ret->term == e->term);
    if (h->inflight_head == h->inflight.n) {
        h->inflight_head = h->inflight.n = 0;
    } else if (h->inflight_head > 4096) {
        h->inflight.n -= h->inflight_head;
        memmove(h->inflight.items, h->inflight.items + h->inflight_head,
                h->inflight.n * sizeof(struct proposal));
        h->inflight_head = 0;
    }
    return true;
}

static void apply_command(struct raft_host *h, const struct raft_entry *e)
{
    void *result = NULL;
    struct proposal p;
    h->cb.apply(h->ctx, e->index, e->term, e->data, e->n, &result);
    if (take_proposal(h, e, &p))
        answer(h, &p, 0, e->index, result);
    else if (result && h->cb.result_free)
        h->cb.result_free(h->ctx, result);
}

static void apply_entry(struct raft_host *h, struct raft_entry *e)
{
    h->applied = e->index;
    h->applied_term = e->term;
    h->entries_since++;
    h->bytes_since += e->n;
    if (e->type == RAFT_ENTRY_COMMAND) {
        apply_command(h, e);
    } else if (e->index == raft_noop_index(h->raft)) {
        h->led = true;
        h->led_term = e->term;
        if (h->cb.leader_changed)
            h->cb.leader_changed(h->ctx, true, e->term);
    }
}

void raft_host_apply(struct raft_host *h)
{
    nsec_t start = now_mono();
    uint64_t before = h->applied, commit = raft_commit_index(h->raft);
    while (h->applied < commit && !h->dead && !h->closing) {
        struct raft_entry *e = raft_entry_ref(raft_entry_at(h->raft, h->applied + 1));
        apply_entry(h, e);
        raft_entry_unref(e);
        if (now_mono() - start >= APPLY_SLICE)
            break;
    }
    if (h->dead || h->closing)
        return;
    if (h->applied != before) {
        struct raft_event ev = {.type = RAFT_EV_APPLIED, .index = h->applied};
        raft_host_step(h, &ev);
    }
    if (h->applied < raft_commit_index(h->raft))
        uv_async_send(&h->wake);
}
