// SPDX-License-Identifier: Apache-2.0
#include "raft-io/raft_host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "raft-io/host_internal.h"

void raft_host_fatal(struct raft_host *h, const char *fmt, ...)
{
    struct err e = {{0}};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e.text, sizeof(e.text), fmt, ap);
    va_end(ap);
    if (h->dead)
        return;
    h->dead = true;
    uv_timer_stop(&h->timer);
    if (h->cb.fatal) {
        h->cb.fatal(h->ctx, e.text);
        return;
    }
    log_error("raft", "stopping: %s", e.text);
    _exit(RAFT_EXIT_FATAL);
}

static void give_to_log(struct raft_host *h, struct raft_out *out)
{
    if (!out->persist.seq)
        return;
    if (!h->dir) {
        h->memory_seq = out->persist.seq;
        uv_async_send(&h->wake);
        return;
    }
    struct log_job *j = calloc(1, sizeof(*j));
    if (!j) {
        raft_host_fatal(h, "out of memory");
        return;
    }
    j->kind = LOG_APPEND;
    j->persist = out->persist;
    out->persist = (struct raft_persist){0};
    log_thread_post(&h->log, j);
}

static void on_timer(uv_timer_t *t);

static void set_timer(struct raft_host *h)
{
    nsec_t deadline = raft_deadline(h->raft);
    if (deadline == INT64_MAX) {
        uv_timer_stop(&h->timer);
        return;
    }
    nsec_t wait = MAX(deadline - now_mono(), 0);
    uv_update_time(h->loop);
    uv_timer_start(&h->timer, on_timer, (uint64_t)((wait + NSEC_MSEC - 1) / NSEC_MSEC), 0);
}

static void check_leadership(struct raft_host *h)
{
    bool leads = raft_role(h->raft) == RAFT_LEADER;
    if (h->led && !(leads && raft_term(h->raft) == h->led_term)) {
        h->led = false;
        if (h->cb.leader_changed)
            h->cb.leader_changed(h->ctx, false, raft_term(h->raft));
    }
    if (!leads && h->held_entries)
        raft_host_fail_proposals(h, -ECANCELED);
}

int raft_host_step(struct raft_host *h, struct raft_event *ev)
{
    struct raft_out out = {0};
    if (h->dead)
        return -ESHUTDOWN;
    ev->now = now_mono();
    int r = raft_step(h->raft, ev, &out);
    if (r == -ENOMEM || r == -EUCLEAN)
        raft_host_fatal(h, "consensus: %s", strerror(-r));
    else
        give_to_log(h, &out);
    raft_out_clear(&out);
    if (h->dead)
        return -ESHUTDOWN;
    check_leadership(h);
    if (!h->closing)
        set_timer(h);
    return r;
}

static void on_timer(uv_timer_t *t)
{
    struct raft_host *h = t->data;
    struct raft_event ev = {.type = RAFT_EV_TICK};
    raft_host_step(h, &ev);
}

static void job_done(struct raft_host *h, const struct log_job *j)
{
    if (h->dead || h->closing)
        return;
    if (j->r < 0) {
        raft_host_fatal(h, "%s", h->log.err.text);
    } else if (j->kind == LOG_ADOPT) {
        raft_host_snapshot_adopted(h, j);
    } else {
        struct raft_event ev = {.type = RAFT_EV_PERSISTED, .seq = j->persist.seq};
        raft_host_step(h, &ev);
    }
}

static void take_done(struct raft_host *h)
{
    struct list done;
    list_init(&done);
    log_thread_take(&h->log, &done);
    list_for_each_safe (it, &done) {
        struct log_job *j = list_item(it, struct log_job, link);
        list_del(it);
        job_done(h, j);
        log_job_free(j);
    }
}

static void on_wake(uv_async_t *a)
{
    struct raft_host *h = a->data;
    if (h->closing || h->dead)
        return;
    if (h->dir) {
        take_done(h);
    } else if (h->memory_seq) {
        struct raft_event ev = {.type = RAFT_EV_PERSISTED, .seq = h->memory_seq};
        h->memory_seq = 0;
        raft_host_step(h, &ev);
    }
    if (!h->dead && !h->closing)
        raft_host_flush_proposals(h);
    if (!h->dead && !h->closing)
        raft_host_apply(h);
    raft_host_snapshot_maybe(h);
}

static void free_host(struct raft_host *h)
{
    raft_free(h->raft);
    wal_close(h->wal);
    vec_free(&h->queued);
    vec_free(&h->inflight);
    vec_free(&h->snap_waiters);
    free(h->dir);
    free(h);
}

static void on_closed(uv_handle_t *handle)
{
    struct raft_host *h = handle->data;
    if (--h->handles)
        return;
    void (*closed_cb)(void *) = h->closed_cb;
    void *ctx = h->closed_ctx;
    free_host(h);
    if (closed_cb)
        closed_cb(ctx);
}

/* Once no snapshot is being written; whatever the log still has to write, it writes first. */
void raft_host_finish_close(struct raft_host *h)
{
    if (h->log_running)
        log_thread_stop(&h->log);
    h->log_running = false;
    uv_close((uv_handle_t *)&h->wake, on_closed);
    uv_close((uv_handle_t *)&h->timer, on_closed);
}

void raft_host_close(struct raft_host *h, void (*closed_cb)(void *ctx), void *ctx)
{
    if (!h)
        return;
    assert(!h->closing);
    h->closing = true;
    h->closed_cb = closed_cb;
    h->closed_ctx = ctx;
    uv_timer_stop(&h->timer);
    raft_host_fail_proposals(h, -ESHUTDOWN);
    raft_host_snapshot_answer(h, -ESHUTDOWN);
    if (!h->snap.pin)
        raft_host_finish_close(h);
}

static void set_defaults(struct raft_host_options *o)
{
    o->fs = o->fs ? o->fs : &raft_fs_real;
    o->snapshot_entries = o->snapshot_entries ? o->snapshot_entries : 8192;
    o->snapshot_bytes = o->snapshot_bytes ? o->snapshot_bytes : UINT64_C(64) << 20;
    o->trailing_entries = o->trailing_entries ? o->trailing_entries : 10240;
    o->inflight_bytes = o->inflight_bytes ? o->inflight_bytes : 32u << 20;
    o->inflight_entries = o->inflight_entries ? o->inflight_entries : 4096;
    o->free_space_min = o->free_space_min ? o->free_space_min : UINT64_C(64) << 20;
}

/* The first entry of a new log names the servers. */
static int bootstrap(struct raft_host *h, struct raft_boot *boot, struct err *err)
{
    struct raft_config c = h->o.bootstrap;
    for (size_t i = 0; i < c.n; i++)
        if (uuid_is_zero(&c.servers[i].id))
            c.servers[i].id = h->id;
    cleanup_buf struct buf b = {0};
    raft_config_encode(&c, &b);
    struct raft_entry *e = b.failed ? NULL : raft_entry_new(RAFT_ENTRY_CONFIG, b.p, b.n);
    boot->entries = calloc(1, sizeof(*boot->entries));
    if (!e || !boot->entries) {
        raft_entry_unref(e);
        return err_errno(err, -ENOMEM, "bootstrap");
    }
    e->index = e->term = 1;
    boot->entries[0] = e;
    boot->n_entries = 1;
    boot->hard.term = 1;
    struct raft_persist p = {
        .hard = boot->hard, .hard_changed = true, .entries = boot->entries, .n_entries = 1};
    const struct raft_persist *one = &p;
    return h->wal ? wal_append(h->wal, &one, 1, err) : 0;
}

static int restore(struct raft_host *h, struct raft_boot *boot, struct err *err)
{
    struct raft_source *s = NULL;
    int r = raft_source_open(h->o.fs, h->dir, boot->snap_index, boot->snap_term, &boot->snap_config,
                             &s, err);
    if (r >= 0)
        r = h->cb.restore(h->ctx, boot->snap_index, boot->snap_term, s, err);
    raft_source_free(s);
    return r;
}

static int read_disk(struct raft_host *h, struct raft_boot *boot, struct err *err)
{
    h->id = h->o.id;
    if (h->dir) {
        struct wal_options wo = {
            .fs = h->o.fs, .dir = h->dir, .id = h->o.id, .segment_bytes = h->o.segment_bytes};
        int r = wal_open(&wo, boot, &h->id, &h->wal, err);
        if (r >= 0 && boot->snap_index)
            r = restore(h, boot, err);
        if (r < 0)
            return r;
    } else if (uuid_is_zero(&h->id)) {
        uuid_random(&h->id);
    }
    bool empty = !boot->n_entries && !boot->snap_index && !boot->hard.term;
    return empty && h->o.bootstrap.n ? bootstrap(h, boot, err) : 0;
}

static int make_raft(struct raft_host *h, struct err *err)
{
    struct raft_boot boot = {0};
    int r = read_disk(h, &boot, err);
    if (r >= 0) {
        struct uuid seed;
        uuid_random(&seed);
        struct raft_options ro = {
            .id = h->id, .election_timeout = h->o.election_timeout, .heartbeat = h->o.heartbeat};
        memcpy(&ro.seed, seed.b, sizeof(ro.seed));
        h->snap_index = h->applied = boot.snap_index;
        h->snap_term = h->applied_term = boot.snap_term;
        r = raft_new(&ro, &boot, now_mono(), &h->raft);
        if (r < 0)
            err_errno(err, r, "log");
    }
    if (r < 0) {
        raft_boot_clear(&boot);
        return r;
    }
    free(boot.entries);
    if (raft_configuration(h->raft)->n > 1)
        return err_set(err, -EOPNOTSUPP,
                       "not supported: more than one server in the configuration");
    return 0;
}

static int start(struct raft_host *h, struct err *err)
{
    int r = uv_async_init(h->loop, &h->wake, on_wake);
    if (r < 0)
        return err_errno(err, r, "loop");
    uv_timer_init(h->loop, &h->timer);
    h->wake.data = h->timer.data = h;
    h->handles = 2;
    r = h->dir ? log_thread_start(&h->log, h->wal, &h->wake) : 0;
    if (r < 0)
        return err_errno(err, r, "log thread");
    h->log_running = h->dir;
    set_timer(h);
    return 0;
}

int raft_host_open(uv_loop_t *loop, const struct raft_host_options *o,
                   const struct raft_host_callbacks *cb, void *ctx, struct raft_host **ret,
                   struct err *err)
{
    struct raft_host *h = calloc(1, sizeof(*h));
    if (!h)
        return err_errno(err, -ENOMEM, "raft");
    h->loop = loop;
    h->o = *o;
    h->cb = *cb;
    h->ctx = ctx;
    set_defaults(&h->o);
    h->dir = o->dir ? strdup(o->dir) : NULL;
    int r = o->dir && !h->dir ? err_errno(err, -ENOMEM, "raft") : make_raft(h, err);
    if (r >= 0)
        r = start(h, err);
    if (r < 0 && h->handles) {
        h->closing = true;
        raft_host_finish_close(h);
        return r;
    }
    if (r < 0) {
        free_host(h);
        return r;
    }
    *ret = h;
    return 0;
}

bool raft_host_is_leader(const struct raft_host *h)
{
    return h->led;
}

uint64_t raft_host_applied(const struct raft_host *h)
{
    return h->applied;
}

uint64_t raft_host_term(const struct raft_host *h)
{
    return raft_term(h->raft);
}

struct uuid raft_host_id(const struct raft_host *h)
{
    return h->id;
}

const struct raft_config *raft_host_configuration(const struct raft_host *h)
{
    return raft_configuration(h->raft);
}

void raft_host_stats(const struct raft_host *h, struct raft_host_stats *ret)
{
    const struct raft_config *c = raft_configuration(h->raft);
    const struct raft_server *self = raft_config_find(c, &h->id);
    *ret = (struct raft_host_stats){
        .state = raft_role_name(raft_role(h->raft)),
        .term = raft_term(h->raft),
        .last_log_index = raft_last_index(h->raft),
        .last_log_term = raft_term_at(h->raft, raft_last_index(h->raft)),
        .commit_index = raft_commit_index(h->raft),
        .applied_index = h->applied,
        .fsm_pending = raft_commit_index(h->raft) - h->applied,
        .num_peers = raft_config_voters(c) - (self && self->voter),
        .last_snapshot_index = h->snap_index,
        .last_snapshot_term = h->snap_term,
        .protocol_version = 3,
        .protocol_version_min = 0,
        .protocol_version_max = 3,
        .snapshot_version_min = 0,
        .snapshot_version_max = 1,
        .inflight_entries = h->held_entries,
        .inflight_bytes = h->held_bytes,
    };
    if (h->log_running) {
        struct log_thread *t = (struct log_thread *)&h->log;
        pthread_mutex_lock(&t->lock);
        ret->wal_bytes = t->bytes;
        ret->wal_syncs = t->syncs;
        pthread_mutex_unlock(&t->lock);
    }
}
