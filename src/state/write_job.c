// SPDX-License-Identifier: Apache-2.0
/* Jobs, their versions, and their status, which is derived: running while an allocation is not
 * terminal, pending while an evaluation is not, else dead; system, periodic and parameterized jobs
 * run until stopped. */
#include <errno.h>

#include "state/state_impl.h"

enum { VERSIONS_KEPT = 6 };

static struct job_stats stats_of(const struct state *st, const struct job *j)
{
    struct key k = key_of_id(j->ns, j->id);
    const struct job_stats *s = table_data(state_txn(st), TABLE_JOB_STATS, &k);
    return s ? *s : (struct job_stats){0};
}

static enum job_status derive_status(const struct state *st, const struct job *j,
                                     bool evals_deleted)
{
    bool runs_until_stopped =
        j->type == JOB_SYSTEM || j->periodic || (j->parameterized && !j->dispatched);
    if (runs_until_stopped)
        return j->stop ? JOB_DEAD : JOB_RUNNING;
    struct job_stats s = stats_of(st, j);
    if (s.live_allocs)
        return JOB_RUNNING;
    if (s.live_evals)
        return JOB_PENDING;
    return evals_deleted || s.evals || s.allocs ? JOB_DEAD : JOB_PENDING;
}

void dirty_job(struct state *st, const char *ns, const char *id, bool evals_deleted)
{
    struct key k = key_of_id(ns, id);
    if (k.n > STORE_KEY_MAX)
        return;
    struct dirty_job *d = map_get(&st->dirty_index, key_str(&k));
    if (!d) {
        d = calloc(1, sizeof(*d) + k.n);
        if (!d)
            must(-ENOMEM, "noting a job");
        d->n = k.n;
        memcpy(d->key, k.b, k.n);
        must(vec_push(&st->dirty, d), "noting a job");
        must(map_put(&st->dirty_index, str_n(d->key, d->n), d, NULL), "noting a job");
    }
    d->evals_deleted |= evals_deleted;
}

void forget_dirty(struct state *st)
{
    map_free(&st->dirty_index);
    for (size_t i = 0; i < st->dirty.n; i++)
        free(st->dirty.items[i]);
    st->dirty.n = 0;
}

void settle_jobs(struct state *st)
{
    for (size_t i = 0; i < st->dirty.n; i++) {
        const struct dirty_job *d = st->dirty.items[i];
        struct key k = {.n = d->n};
        memcpy(k.b, d->key, d->n);
        const struct job *j = table_data(state_txn(st), TABLE_JOBS, &k);
        if (!j)
            continue;
        enum job_status old = (enum job_status)j->status;
        enum job_status now = derive_status(st, j, d->evals_deleted);
        if (now == old)
            continue;
        struct job *own = own_data(st, TABLE_JOBS, &k);
        own->status = (int32_t)now;
        own->modify_index = txn_index(st);
        summarise_child(st, own, (int)old, (int)now);
    }
    forget_dirty(st);
}

static int put_version(struct state *st, struct record *job)
{
    return put_record(st, TABLE_JOB_VERSIONS, record_alias(job));
}

static int delete_version(struct state *st, const struct job *j)
{
    struct key k = key_of_version(j->ns, j->id, j->version);
    return delete_plain(st, TABLE_JOB_VERSIONS, &k);
}

/* The oldest goes, unless it is the only stable one: then the one before it. */
static void prune_versions(struct state *st, const struct job *j)
{
    const struct job *all[VERSIONS_KEPT + 1];
    struct state_iter it;
    size_t n = 0, stable = SIZE_MAX;
    state_job_versions(&it, state_txn(st), j->ns, j->id);
    for (const struct job *v; n < ARRAY_LEN(all) && (v = state_next(&it)); n++) {
        all[n] = v;
        if (v->stable && stable == SIZE_MAX)
            stable = n;
    }
    if (n <= VERSIONS_KEPT)
        return;
    must(delete_version(st, all[stable == VERSIONS_KEPT ? VERSIONS_KEPT - 1 : VERSIONS_KEPT]),
         "forgetting a job version");
}

/* The indexes and version of a job about to be stored over `old`, which may be NULL. */
static void number_job(const struct state *st, struct job *j, const struct job *old,
                       enum job_upsert how)
{
    uint64_t index = txn_index(st);
    j->create_index = old ? old->create_index : index;
    j->modify_index = index;
    if (!old || how == JOB_NEW_VERSION)
        j->job_modify_index = index;
    if (old && how == JOB_NEW_VERSION && j->version <= old->version)
        j->version = old->version + 1;
}

int state_upsert_job(struct state *st, const struct job *given, enum job_upsert how)
{
    struct key k = key_of_id(given->ns, given->id);
    if (k.n + sizeof(uint64_t) > STORE_KEY_MAX)
        return -ENAMETOOLONG;
    const struct job *old = table_data(state_txn(st), TABLE_JOBS, &k);
    int old_status = old ? old->status : -1;
    struct record *r = record_new(st->scratch, &job_schema, given);
    struct job *j = r->data;
    number_job(st, j, old, how);
    j->status = (int32_t)derive_status(st, j, false);
    must(put_version(st, r), "storing a job version");
    must(put_record(st, TABLE_JOBS, r), "storing a job");
    prune_versions(st, j);
    summarise_job(st, j);
    if (j->status != old_status)
        summarise_child(st, j, old_status, j->status);
    dirty_job(st, j->ns, j->id, false);
    return 0;
}

static void delete_versions(struct state *st, const char *ns, const char *id)
{
    for (;;) {
        struct state_iter it;
        state_job_versions(&it, state_txn(st), ns, id);
        const struct job *v = state_next(&it);
        if (!v)
            return;
        must(delete_version(st, v), "deleting a job version");
    }
}

int state_delete_job(struct state *st, const char *ns, const char *id)
{
    struct key k = key_of_id(ns, id);
    const struct job *j = table_data(state_txn(st), TABLE_JOBS, &k);
    if (!j)
        return -ENOENT;
    state_ref(j);
    /* For its parent a deleted child is a dead one. */
    if (j->status != JOB_DEAD)
        summarise_child(st, j, j->status, JOB_DEAD);
    delete_versions(st, j->ns, j->id);
    delete_plain(st, TABLE_JOB_SUMMARIES, &k);
    int q = delete_plain(st, TABLE_JOBS, &k);
    state_unref(j);
    return q;
}

int state_set_job_stable(struct state *st, const char *ns, const char *id, uint64_t version,
                         bool stable)
{
    const struct job *v = state_get_job_version(state_txn(st), ns, id, version);
    const struct job *current = state_get_job(state_txn(st), ns, id);
    if (!v)
        return -ENOENT;
    if (v->stable == stable)
        return 0;
    bool is_current = current && current->version == version;
    struct record *r = record_new(st->scratch, &job_schema, is_current ? current : v);
    struct job *j = r->data;
    j->stable = stable;
    j->modify_index = txn_index(st);
    must(put_version(st, r), "storing a job version");
    if (is_current)
        return put_record(st, TABLE_JOBS, r);
    obj_unref(&r->obj);
    return 0;
}
