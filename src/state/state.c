// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "state/state_impl.h"

struct state *state_new(void)
{
    struct state *st = calloc(1, sizeof(*st));
    if (!st)
        return NULL;
    pthread_mutex_init(&st->lock, NULL);
    st->store = store_new(state_tables, STATE_TABLE_MAX);
    st->scratch = arena_new(0);
    return st->store && st->scratch ? st : state_free(st);
}

struct state *state_free(struct state *st)
{
    if (!st)
        return NULL;
    for (size_t i = 0; i < st->replaced.n; i++)
        store_free(st->replaced.items[i]);
    vec_free(&st->replaced);
    store_free(st->store);
    forget_dirty(st);
    vec_free(&st->dirty);
    map_free(&st->dirty_index);
    arena_free(st->scratch);
    pthread_mutex_destroy(&st->lock);
    free(st);
    return NULL;
}

struct snap *state_pin(struct state *st)
{
    pthread_mutex_lock(&st->lock);
    struct snap *v = store_pin(st->store);
    pthread_mutex_unlock(&st->lock);
    return v;
}

const void *state_ref(const void *object)
{
    if (object)
        obj_ref(&record_of_data(object)->obj);
    return object;
}

const void *state_unref(const void *object)
{
    if (object)
        obj_unref(&record_of_data(object)->obj);
    return NULL;
}

const void *state_data(const struct obj *o)
{
    return o ? container_of(o, const struct record, obj)->data : NULL;
}

const struct node *state_get_node(const struct snap *v, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    return table_data(v, TABLE_NODES, &k);
}

const struct job *state_get_job(const struct snap *v, const char *ns, const char *id)
{
    struct key k = key_of_id(ns, id);
    return table_data(v, TABLE_JOBS, &k);
}

const struct job *state_get_job_version(const struct snap *v, const char *ns, const char *id,
                                        uint64_t version)
{
    struct key k = key_of_version(ns, id, version);
    return table_data(v, TABLE_JOB_VERSIONS, &k);
}

const struct job_summary *state_get_job_summary(const struct snap *v, const char *ns,
                                                const char *id)
{
    struct key k = key_of_id(ns, id);
    return table_data(v, TABLE_JOB_SUMMARIES, &k);
}

const struct allocation *state_get_alloc(const struct snap *v, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    return table_data(v, TABLE_ALLOCS, &k);
}

const struct evaluation *state_get_eval(const struct snap *v, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    return table_data(v, TABLE_EVALS, &k);
}

const struct deployment *state_get_deployment(const struct snap *v, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    return table_data(v, TABLE_DEPLOYMENTS, &k);
}

const struct deployment *state_latest_deployment(const struct snap *v, const char *ns,
                                                 const char *job_id)
{
    struct state_iter it;
    const struct deployment *latest = NULL;
    state_deployments_by_job(&it, v, ns, job_id);
    for (const struct deployment *d; (d = state_next(&it));)
        if (!latest || d->create_index > latest->create_index)
            latest = d;
    return latest;
}

const struct namespace *state_get_namespace(const struct snap *v, const char *name)
{
    struct key k = key_of_text(name);
    return table_data(v, TABLE_NAMESPACES, &k);
}

const struct periodic_launch *state_get_launch(const struct snap *v, const char *ns, const char *id)
{
    struct key k = key_of_id(ns, id);
    return table_data(v, TABLE_PERIODIC_LAUNCHES, &k);
}

const struct scheduler_config *state_scheduler_config(const struct snap *v)
{
    static struct preemption_config preemption = {.system = true};
    static const struct scheduler_config initial = {.preemption = &preemption};
    struct key k = {1, "1"};
    const struct scheduler_config *c = table_data(v, TABLE_SCHEDULER_CONFIG, &k);
    return c ? c : &initial;
}

struct node_usage state_node_usage(const struct snap *v, const struct uuid *node_id)
{
    struct key k = key_of_uuid(node_id);
    const struct node_usage *u = table_data(v, TABLE_NODE_USAGE, &k);
    return u ? *u : (struct node_usage){.node_id = *node_id};
}

struct state_key state_key_table(enum state_table table)
{
    return (struct state_key){.table = table, .index = STORE_WHOLE};
}

static struct state_key key_from(enum state_table table, int index, const struct key *k)
{
    struct state_key r = state_key_table(table);
    /* Nothing is ever stored under a key too long: any change of the table may tell so. */
    if (k->n > STORE_KEY_MAX)
        return r;
    r.index = index;
    r.n = k->n;
    memcpy(r.b, k->b, k->n);
    return r;
}

struct state_key state_key_uuid(enum state_table table, enum state_index index,
                                const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    return key_from(table, (int)index, &k);
}

struct state_key state_key_text(enum state_table table, enum state_index index, const char *ns,
                                const char *id)
{
    struct key k = ns ? key_of_id(ns, id) : key_of_text(id);
    return key_from(table, (int)index, &k);
}

uint64_t state_key_index(const struct snap *v, const struct state_key *k)
{
    if (k->index == STORE_WHOLE)
        return snap_table_index(v, k->table);
    return snap_key_index(v, k->table, (unsigned)k->index, str_n(k->b, k->n));
}

int state_watch(struct state *st, struct store_watch *w, const struct state_key *k,
                uint64_t min_index)
{
    return store_watch_add(st->store, w, k->table, k->index, str_n(k->b, k->n), min_index);
}

void state_listen(struct state *st, struct store_listener *l)
{
    store_listen(st->store, l);
}
