// SPDX-License-Identifier: Apache-2.0
/* Pin on the loop, write on a worker, adopt on the log's thread, forget on the loop. */
#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "raft-io/host_internal.h"

void raft_host_snapshot_answer(struct raft_host *h, int r)
{
    VEC(struct snapshot_waiter) w = {h->snap_waiters.items, h->snap_waiters.n, h->snap_waiters.cap};
    h->snap_waiters.items = NULL;
    h->snap_waiters.n = h->snap_waiters.cap = 0;
    for (size_t i = 0; i < w.n; i++)
        if (w.items[i].cb)
            w.items[i].cb(w.items[i].ctx, r, r < 0 ? 0 : h->snap_index);
    vec_free(&w);
}

/* How far the log may forget: a tail of entries stays for servers that are a little behind. */
static uint64_t log_start(const struct raft_host *h, uint64_t index)
{
    uint64_t base = raft_log_index(h->raft), from = index, bytes = 0;
    while (from > base && index - from < h->o.trailing_entries && bytes < h->o.snapshot_bytes)
        bytes += raft_entry_at(h->raft, from--)->n;
    return from;
}

static void taken(struct raft_host *h, uint64_t index, uint64_t term, uint64_t log_index)
{
    struct raft_event ev = {.type = RAFT_EV_SNAPSHOT, .index = index, .log_index = log_index};
    raft_host_step(h, &ev);
    h->snap_index = index;
    h->snap_term = term;
    h->snap.running = false;
    h->next_try = 0;
}

/* Without a disk there is nothing to restore from, only memory to give back. */
static void forget_in_memory(struct raft_host *h)
{
    uint64_t term = raft_term_at(h->raft, h->applied);
    h->entries_since = h->bytes_since = 0;
    taken(h, h->applied, term, h->applied);
    raft_host_snapshot_answer(h, 0);
}

static int write_snapshot(struct snapshot_run *s)
{
    struct raft_host *h = s->h;
    struct raft_sink *sink = NULL;
    int r = s->disk =
        raft_sink_open(h->o.fs, h->dir, s->index, s->term, &s->config, &sink, &s->err);
    if (r < 0)
        return r;
    r = h->cb.snapshot_write(s->pin, sink, &s->err);
    s->disk = raft_sink_failed(sink);
    if (s->disk < 0)
        r = err_errno(&s->err, s->disk, "writing the snapshot");
    else if (r >= 0)
        r = s->disk = raft_sink_finish(sink, &s->bytes, &s->err);
    raft_sink_free(sink);
    return r;
}

static void snapshot_work(uv_work_t *work)
{
    struct snapshot_run *s = container_of(work, struct snapshot_run, work);
    const struct raft_fs *fs = s->h->o.fs;
    s->r = write_snapshot(s);
    if (s->r >= 0)
        return;
    struct raft_path tmp = raft_snapshot_path(s->h->dir, s->index, s->term, true);
    fs->unlink(fs->ctx, tmp.z);
}

/* A full disk stops nothing here: nobody was promised this file, and the space it took is given
 * back. Stopping would only lead to the same attempt after the next start. */
static void snapshot_failed(struct raft_host *h)
{
    h->snap.running = false;
    if (h->snap.disk < 0 && h->snap.disk != -ENOSPC) {
        raft_host_fatal(h, "snapshot at %" PRIu64 ": %s", h->snap.index, h->snap.err.text);
        return;
    }
    log_error("raft", "snapshot at %" PRIu64 " failed: %s", h->snap.index, h->snap.err.text);
    h->entries_since = h->bytes_since = 0; /* try again after as much again */
    raft_host_snapshot_answer(h, h->snap.r);
}

static void snapshot_after(uv_work_t *work, int status)
{
    struct snapshot_run *s = container_of(work, struct snapshot_run, work);
    struct raft_host *h = s->h;
    h->cb.snapshot_unpin(h->ctx, s->pin);
    s->pin = NULL;
    if (h->closing) {
        s->running = false;
        raft_host_finish_close(h);
        return;
    }
    if (h->dead) {
        s->running = false;
        return;
    }
    if (s->r < 0) {
        snapshot_failed(h);
        return;
    }
    h->snapshot_size = s->bytes;
    struct log_job *j = calloc(1, sizeof(*j));
    if (!j) {
        raft_host_fatal(h, "out of memory");
        return;
    }
    *j = (struct log_job){.kind = LOG_ADOPT,
                          .index = s->index,
                          .term = s->term,
                          .log_index = s->log_index,
                          .log_term = s->log_term};
    log_thread_post(&h->log, j);
}

void raft_host_snapshot_adopted(struct raft_host *h, const struct log_job *j)
{
    log_info("raft", "snapshot at index %" PRIu64 " complete, %" PRIu64 " bytes", j->index,
             h->snapshot_size);
    taken(h, j->index, j->term, j->log_index);
    raft_host_snapshot_answer(h, 0);
}

static int start(struct raft_host *h)
{
    struct snapshot_run *s = &h->snap;
    if (!h->dir) {
        forget_in_memory(h);
        return 0;
    }
    uint64_t term = raft_term_at(h->raft, h->applied);
    void *pin = h->cb.snapshot_pin ? h->cb.snapshot_pin(h->ctx, h->applied, term) : NULL;
    if (!pin)
        return -EAGAIN;
    *s = (struct snapshot_run){.h = h, .pin = pin, .index = h->applied, .term = term};
    raft_configuration_at(h->raft, s->index, &s->config);
    s->log_index = log_start(h, s->index);
    s->log_term = raft_term_at(h->raft, s->log_index);
    int r = uv_queue_work(h->loop, &s->work, snapshot_work, snapshot_after);
    if (r < 0) {
        h->cb.snapshot_unpin(h->ctx, pin);
        return r;
    }
    s->running = true;
    h->entries_since = h->bytes_since = 0;
    return 0;
}

void raft_host_snapshot_maybe(struct raft_host *h)
{
    if (h->dead || h->closing || h->snap.running || h->applied <= h->snap_index)
        return;
    /* A snapshot larger than the log it replaces would mostly rewrite itself. */
    uint64_t bytes = MAX(h->o.snapshot_bytes, h->snapshot_size);
    if (h->entries_since < MAX(h->o.snapshot_entries, h->next_try) && h->bytes_since < bytes)
        return;
    if (start(h) < 0)
        h->next_try = h->entries_since + h->o.snapshot_entries / 8 + 1;
}

int raft_host_snapshot(struct raft_host *h, raft_snapshot_cb done_cb, void *ctx)
{
    if (h->dead || h->closing)
        return -ESHUTDOWN;
    if (h->snap.running)
        return -EBUSY;
    struct snapshot_waiter w = {.cb = done_cb, .ctx = ctx};
    if (vec_push(&h->snap_waiters, w) < 0)
        return -ENOMEM;
    int r = 0;
    if (h->applied > h->snap_index)
        r = start(h);
    else
        raft_host_snapshot_answer(h, 0);
    if (r < 0)
        h->snap_waiters.n--;
    return r;
}
