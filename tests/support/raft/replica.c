// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raft/replica.h"

#include <errno.h>

#include "base/buf.h"
#include "raft-io/raft_host.h"
#include "raft-io/snapshot.h"

#define DIR "/r"

void replica_init(struct replica *r, uint8_t number, uint64_t seed)
{
    *r = (struct replica){
        .id = {{number}}, .seed = seed, .segment_bytes = 8192, .snapshot_every = 20, .trailing = 8};
    r->bootstrap = (struct raft_config){.n = 1, .servers = {{.id = r->id, .voter = true}}};
    memfs_init(&r->disk, seed);
}

static void job_free(struct replica_job *j)
{
    for (size_t i = 0; i < j->persist.n_entries; i++)
        raft_entry_unref(j->persist.entries[i]);
    free(j->persist.entries);
    free(j->bytes);
}

void replica_stop(struct replica *r)
{
    r->raft = raft_free(r->raft);
    r->wal = wal_close(r->wal);
    for (size_t i = 0; i < r->jobs.n; i++)
        job_free(&r->jobs.items[i]);
    for (size_t i = 0; i < r->outbox.n; i++)
        raft_msg_clear(&r->outbox.items[i]);
    vec_free(&r->jobs);
    vec_free(&r->outbox);
    vec_free(&r->waiting);
    vec_free(&r->values);
    free(r->incoming);
    r->incoming = NULL;
    r->snapping = false;
    memfs_exit(&r->disk);
}

void replica_free(struct replica *r)
{
    replica_stop(r);
    memfs_free(&r->disk);
}

static int read_state(struct replica *r, uint64_t index, uint64_t term, struct raft_config *ret,
                      struct err *err)
{
    struct raft_source *s = NULL;
    uint32_t v;
    int e = raft_source_open(&r->disk.fs, DIR, index, term, ret, &s, err);
    r->values.n = 0;
    ssize_t k = e < 0 ? e : 1;
    while (k > 0) {
        k = raft_source_read(s, &v, sizeof(v), err);
        if (k > 0 && vec_push(&r->values, v) < 0)
            abort();
    }
    raft_source_free(s);
    r->applied = r->snap_index = index;
    r->snap_term = term;
    return (int)k;
}

static int write_bootstrap(struct replica *r, struct raft_boot *boot, struct err *err)
{
    cleanup_buf struct buf b = {0};
    raft_config_encode(&r->bootstrap, &b);
    boot->entries = calloc(1, sizeof(*boot->entries));
    boot->entries[0] = raft_entry_new(RAFT_ENTRY_CONFIG, b.p, b.n);
    boot->entries[0]->index = boot->entries[0]->term = 1;
    boot->n_entries = 1;
    boot->hard.term = 1;
    struct raft_persist p = {
        .hard = boot->hard, .hard_changed = true, .entries = boot->entries, .n_entries = 1};
    const struct raft_persist *one = &p;
    return wal_append(r->wal, &one, 1, err);
}

int replica_start(struct replica *r, nsec_t now, struct err *err)
{
    struct wal_options wo = {
        .fs = &r->disk.fs, .dir = DIR, .id = r->id, .segment_bytes = r->segment_bytes};
    struct raft_boot boot = {0};
    struct uuid id;
    r->applied = r->snap_index = r->snap_term = 0;
    r->now = now;
    int e = wal_open(&wo, &boot, &id, &r->wal, err);
    if (e >= 0 && boot.snap_index)
        e = read_state(r, boot.snap_index, boot.snap_term, &boot.snap_config, err);
    if (e >= 0 && !boot.snap_index && !boot.n_entries && !boot.hard.term)
        e = write_bootstrap(r, &boot, err);
    struct raft_options ro = {
        .id = r->id, .seed = r->seed++, .batch_entries = 4, .window_messages = 4};
    if (e >= 0)
        e = raft_new(&ro, &boot, now, &r->raft);
    if (e < 0)
        raft_boot_clear(&boot);
    free(boot.entries);
    return e;
}

int replica_event(struct replica *r, struct raft_event *ev)
{
    struct raft_out out = {0};
    r->now = MAX(r->now, ev->now);
    int e = raft_step(r->raft, ev, &out);
    if (out.persist.seq) {
        if (r->persist_cb)
            r->persist_cb(r->ctx, r, &out.persist);
        struct replica_job j = {.kind = JOB_APPEND, .persist = out.persist};
        out.persist = (struct raft_persist){0};
        if (vec_push(&r->jobs, j) < 0)
            abort();
    }
    if (out.install) {
        struct replica_job j = {.kind = JOB_INSTALL,
                                .index = out.install,
                                .term = out.install_term,
                                .bytes = take_ptr(r->incoming),
                                .n = r->incoming_n};
        if (vec_push(&r->jobs, j) < 0)
            abort();
    }
    for (size_t i = 0; i < out.n_msgs; i++)
        if (vec_push(&r->outbox, out.msgs[i]) < 0)
            abort();
    out.n_msgs = 0;
    raft_out_clear(&out);
    if (raft_role(r->raft) != RAFT_LEADER)
        r->waiting.n = 0;
    return e;
}

int replica_receive(struct replica *r, nsec_t now, const struct raft_msg *m,
                    const uint8_t *snapshot, size_t n)
{
    if (m->type == RAFT_MSG_SNAPSHOT) {
        free(r->incoming);
        r->incoming = malloc(n + 1);
        memcpy(r->incoming, snapshot, n);
        r->incoming_n = n;
    }
    struct raft_event ev = {.type = RAFT_EV_MESSAGE, .now = now, .msg = m};
    return replica_event(r, &ev);
}

int replica_propose(struct replica *r, nsec_t now, uint32_t value)
{
    struct raft_entry *e = raft_entry_new(RAFT_ENTRY_COMMAND, &value, sizeof(value));
    struct raft_event ev = {.type = RAFT_EV_PROPOSE, .now = now, .entries = &e, .n_entries = 1};
    int k = replica_event(r, &ev);
    if (k < 0) {
        raft_entry_unref(e);
        return k;
    }
    struct replica_waiter w = {e->index, e->term, value};
    return vec_push(&r->waiting, w);
}

static int install(struct replica *r, const struct replica_job *j, struct err *err)
{
    const struct raft_fs *fs = &r->disk.fs;
    struct raft_path tmp = raft_snapshot_path(DIR, j->index, j->term, true);
    struct raft_config c;
    int fd = fs->open(fs->ctx, tmp.z, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return fd;
    int e = fs->pwrite(fs->ctx, fd, j->bytes, j->n, 0);
    if (e >= 0)
        e = fs->sync(fs->ctx, fd);
    fs->close(fs->ctx, fd);
    if (e >= 0)
        e = wal_install_snapshot(r->wal, j->index, j->term, err);
    return e < 0 ? e : read_state(r, j->index, j->term, &c, err);
}

static int append(struct replica *r, size_t n, struct raft_event *ev, struct err *err)
{
    const struct raft_persist **group = calloc(n, sizeof(*group));
    for (size_t i = 0; i < n; i++)
        group[i] = &r->jobs.items[i].persist;
    ev->type = RAFT_EV_PERSISTED;
    ev->seq = group[n - 1]->seq;
    int e = wal_append(r->wal, group, n, err);
    free(group);
    return e;
}

static int adopt(struct replica *r, const struct replica_job *j, struct raft_event *ev,
                 struct err *err)
{
    ev->type = RAFT_EV_SNAPSHOT;
    r->snapping = false;
    /* A snapshot installed meanwhile is newer. */
    if (j->index <= r->snap_index)
        return 0;
    ev->index = j->index;
    ev->log_index = j->log_index;
    r->snap_index = j->index;
    r->snap_term = j->term;
    return wal_adopt_snapshot(r->wal, j->index, j->term, j->log_index, j->log_term, err);
}

static int do_jobs(struct replica *r, size_t n, struct raft_event *ev, struct err *err)
{
    const struct replica_job *j = &r->jobs.items[0];
    if (j->kind == JOB_APPEND)
        return append(r, n, ev, err);
    if (j->kind == JOB_ADOPT)
        return adopt(r, j, ev, err);
    ev->type = RAFT_EV_INSTALLED;
    ev->index = j->index;
    ev->term = j->term;
    return install(r, j, err);
}

/* Appends that wait together share one write, as in the host. */
int replica_disk(struct replica *r, nsec_t now, struct err *err)
{
    struct raft_event ev = {.now = now};
    size_t n = 0;
    if (r->jobs.n == 0)
        return 0;
    while (n < r->jobs.n && r->jobs.items[n].kind == JOB_APPEND)
        n++;
    n = MAX(n, (size_t)1);
    int e = do_jobs(r, n, &ev, err);
    for (size_t i = 0; i < n; i++)
        job_free(&r->jobs.items[i]);
    r->jobs.n -= n;
    memmove(r->jobs.items, r->jobs.items + n, r->jobs.n * sizeof(struct replica_job));
    return e < 0 ? e : replica_event(r, &ev);
}

static int take_snapshot(struct replica *r, struct err *err)
{
    struct raft_sink *s = NULL;
    struct raft_config c;
    uint64_t bytes, term = raft_term_at(r->raft, r->applied);
    raft_configuration_at(r->raft, r->applied, &c);
    int e = raft_sink_open(&r->disk.fs, DIR, r->applied, term, &c, &s, err);
    if (e >= 0)
        e = raft_sink_write(s, r->values.items, r->values.n * sizeof(uint32_t));
    if (e >= 0)
        e = raft_sink_finish(s, &bytes, err);
    raft_sink_free(s);
    if (e < 0)
        return e;
    uint64_t log_index = MAX(raft_log_index(r->raft), r->applied - MIN(r->applied, r->trailing));
    struct replica_job j = {.kind = JOB_ADOPT,
                            .index = r->applied,
                            .term = term,
                            .log_index = log_index,
                            .log_term = raft_term_at(r->raft, log_index)};
    r->snapping = true;
    return vec_push(&r->jobs, j);
}

static void apply_one(struct replica *r, const struct raft_entry *e)
{
    uint32_t v;
    r->applied = e->index;
    if (e->type == RAFT_ENTRY_COMMAND) {
        memcpy(&v, e->data, sizeof(v));
        if (vec_push(&r->values, v) < 0)
            abort();
    }
    if (r->applied_cb)
        r->applied_cb(r->ctx, r, e);
    for (size_t i = 0; i < r->waiting.n; i++) {
        struct replica_waiter w = r->waiting.items[i];
        if (w.index != e->index)
            continue;
        vec_swap_del(&r->waiting, i);
        if (w.term == e->term && r->acked_cb)
            r->acked_cb(r->ctx, r, w.value);
        return;
    }
}

int replica_apply(struct replica *r, nsec_t now, struct err *err)
{
    bool some = false;
    /* What the snapshot replaces is not applied any more. */
    for (size_t i = 0; i < r->jobs.n; i++)
        if (r->jobs.items[i].kind == JOB_INSTALL)
            return 0;
    for (; r->applied < raft_commit_index(r->raft); some = true)
        apply_one(r, raft_entry_at(r->raft, r->applied + 1));
    if (!some)
        return 0;
    struct raft_event ev = {.type = RAFT_EV_APPLIED, .now = now, .index = r->applied};
    int e = replica_event(r, &ev);
    if (e >= 0 && !r->snapping && r->applied - r->snap_index >= r->snapshot_every)
        e = take_snapshot(r, err);
    return e;
}

int replica_settle(struct replica *r, nsec_t now, struct err *err)
{
    int e = 0;
    do {
        if (raft_deadline(r->raft) <= now) {
            struct raft_event ev = {.type = RAFT_EV_TICK, .now = now};
            e = replica_event(r, &ev);
        }
        if (e >= 0)
            e = replica_disk(r, now, err);
        if (e >= 0)
            e = replica_apply(r, now, err);
    } while (e >= 0 && (r->jobs.n || raft_deadline(r->raft) <= now));
    return e;
}

const uint8_t *replica_snapshot(struct replica *r, size_t *ret_n)
{
    struct raft_path p = raft_snapshot_path(DIR, r->snap_index, r->snap_term, false);
    return memfs_content(&r->disk, p.z, ret_n);
}
