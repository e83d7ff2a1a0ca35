// SPDX-License-Identifier: Apache-2.0
/* What is counted from allocations and evaluations as they come, change and go. Node usage and job
 * statistics are pure sums (tests recount them); job summaries and deployments follow Nomad: ended
 * allocations stay counted when they are deleted. */
#include <errno.h>

#include "state/state_impl.h"

static struct node_usage usage_of(const struct allocation *a)
{
    struct node_usage u = {0};
    if (!a || !alloc_holds_resources(a) || uuid_is_zero(&a->node_id))
        return u;
    struct capacity c = alloc_usage(a->resources);
    u.node_id = a->node_id;
    u.cpu = c.cpu;
    u.memory_mb = c.memory_mb;
    u.disk_mb = c.disk_mb;
    u.allocs = 1;
    if (alloc_terminal(a))
        return u;
    u.live_cpu = u.cpu;
    u.live_memory_mb = u.memory_mb;
    u.live_disk_mb = u.disk_mb;
    u.live_allocs = 1;
    return u;
}

static void add_usage(struct state *st, const struct node_usage *u, int sign)
{
    if (!u->allocs)
        return;
    struct key k = key_of_uuid(&u->node_id);
    struct node_usage *sum = own_data(st, TABLE_NODE_USAGE, &k);
    if (!sum) {
        struct node_usage first = {.node_id = u->node_id};
        struct record *r = record_new(st->scratch, &node_usage_schema, &first);
        sum = r->data;
        must(put_record(st, TABLE_NODE_USAGE, r), "counting usage");
    }
    sum->cpu += sign * u->cpu;
    sum->memory_mb += sign * u->memory_mb;
    sum->disk_mb += sign * u->disk_mb;
    sum->allocs += sign * u->allocs;
    sum->live_cpu += sign * u->live_cpu;
    sum->live_memory_mb += sign * u->live_memory_mb;
    sum->live_disk_mb += sign * u->live_disk_mb;
    sum->live_allocs += sign * u->live_allocs;
    if (!sum->allocs)
        delete_plain(st, TABLE_NODE_USAGE, &k);
}

static void add_stats(struct state *st, const char *ns, const char *job_id,
                      const struct job_stats *delta)
{
    struct key k = key_of_id(ns, job_id);
    struct job_stats *sum = own_data(st, TABLE_JOB_STATS, &k);
    if (!sum) {
        struct job_stats first = {.ns = ns, .job_id = job_id};
        struct record *r = record_new(st->scratch, &job_stats_schema, &first);
        sum = r->data;
        must(put_record(st, TABLE_JOB_STATS, r), "counting a job");
    }
    sum->allocs += delta->allocs;
    sum->live_allocs += delta->live_allocs;
    sum->evals += delta->evals;
    sum->live_evals += delta->live_evals;
    if (!sum->allocs && !sum->evals)
        delete_plain(st, TABLE_JOB_STATS, &k);
}

void count_alloc(struct state *st, const struct allocation *old, const struct allocation *now)
{
    struct node_usage was = usage_of(old), is = usage_of(now);
    if (memcmp(&was, &is, sizeof(was)) != 0) {
        add_usage(st, &is, 1);
        add_usage(st, &was, -1);
    }
    const struct allocation *any = now ? now : old;
    struct job_stats delta = {
        .allocs = !!now - !!old,
        .live_allocs = (now && !alloc_terminal(now)) - (old && !alloc_terminal(old)),
    };
    if (delta.allocs || delta.live_allocs)
        add_stats(st, any->ns, any->job_id, &delta);
}

void count_eval(struct state *st, const struct evaluation *old, const struct evaluation *now)
{
    const struct evaluation *any = now ? now : old;
    struct job_stats delta = {
        .evals = !!now - !!old,
        .live_evals = (now && !eval_terminal(now)) - (old && !eval_terminal(old)),
    };
    if (delta.evals || delta.live_evals)
        add_stats(st, any->ns, any->job_id, &delta);
}

/* --- job summaries --- */
static struct job_summary *own_summary(struct state *st, const char *ns, const char *id,
                                       struct record **ret_record)
{
    struct key k = key_of_id(ns, id);
    struct record *r = own_record(st, TABLE_JOB_SUMMARIES, &k);
    if (!r)
        return NULL;
    struct job_summary *s = r->data;
    s->modify_index = txn_index(st);
    if (ret_record)
        *ret_record = r;
    return s;
}

void summarise_job(struct state *st, const struct job *j)
{
    struct key k = key_of_id(j->ns, j->id);
    const struct job_summary *old = table_data(state_txn(st), TABLE_JOB_SUMMARIES, &k);
    if (!old) {
        struct children_summary none = {0};
        struct job_summary s = {.job_id = j->id, .ns = j->ns, .children = &none};
        must(upsert_plain(st, TABLE_JOB_SUMMARIES, &k, &s), "creating a job summary");
    }
    OBJS_FOR(const struct task_group, g, j->task_groups)
    {
        if (old && omap_get(&old->summary, g->name))
            continue;
        struct record *r = NULL;
        struct job_summary *s = own_summary(st, j->ns, j->id, &r);
        void *counts = arena_alloc(r->arena, sizeof(struct group_summary));
        const char *name = arena_strdup(r->arena, g->name);
        if (!counts || !name || omap_set(r->arena, &s->summary, name, counts) < 0)
            must(-ENOMEM, "extending a job summary");
    }
}

static int64_t *child_counter(struct children_summary *c, int status)
{
    return status == JOB_PENDING   ? &c->pending
           : status == JOB_RUNNING ? &c->running
           : status == JOB_DEAD    ? &c->dead
                                   : NULL;
}

void summarise_child(struct state *st, const struct job *child, int from, int to)
{
    if (isempty(child->parent_id))
        return;
    struct job_summary *s = own_summary(st, child->ns, child->parent_id, NULL);
    if (!s || !s->children)
        return;
    int64_t *minus = child_counter(s->children, from), *plus = child_counter(s->children, to);
    if (minus)
        --*minus;
    if (plus)
        ++*plus;
}

static int64_t *client_counter(struct group_summary *g, int32_t status)
{
    switch ((enum alloc_client)status) {
    case ALLOC_PENDING:
        return &g->starting;
    case ALLOC_RUNNING:
        return &g->running;
    case ALLOC_COMPLETE:
        return &g->complete;
    case ALLOC_FAILED:
        return &g->failed;
    case ALLOC_LOST:
        return &g->lost;
    case ALLOC_UNKNOWN:
        return &g->unknown;
    default:
        return NULL;
    }
}

/* What ended stays counted under how it ended, when it changes again or is deleted. */
static bool leaves_its_counter(const struct allocation *old, const struct allocation *now)
{
    if (!old || old->client_status == ALLOC_COMPLETE || old->client_status == ALLOC_FAILED)
        return false;
    return now || old->client_status != ALLOC_LOST;
}

void summarise_alloc(struct state *st, const struct allocation *old, const struct allocation *now)
{
    const struct allocation *any = now ? now : old;
    if (old && now && old->client_status == now->client_status)
        return;
    const struct job_summary *s = state_get_job_summary(state_txn(st), any->ns, any->job_id);
    /* Another job of the same name may have taken the place of the allocation's. */
    if (!s || s->create_index != any->job_create_index || !omap_get(&s->summary, any->task_group))
        return;
    struct job_summary *own = own_summary(st, any->ns, any->job_id, NULL);
    struct group_summary *g = omap_get(&own->summary, any->task_group);
    int64_t *plus = now ? client_counter(g, now->client_status) : NULL;
    int64_t *minus = old ? client_counter(g, old->client_status) : NULL;
    if (plus)
        ++*plus;
    if (minus && leaves_its_counter(old, now) && *minus > 0)
        --*minus;
    if (!old && now->client_status == ALLOC_PENDING && g->queued > 0)
        g->queued--;
}

void summarise_eval(struct state *st, const struct evaluation *e)
{
    const struct job_summary *s = state_get_job_summary(state_txn(st), e->ns, e->job_id);
    for (size_t i = 0; s && i < e->queued_allocations.n; i++) {
        const struct ikv *q = &e->queued_allocations.items[i];
        const struct group_summary *g = omap_get(&s->summary, q->key);
        if (!g || g->queued == q->value)
            continue;
        struct job_summary *own = own_summary(st, e->ns, e->job_id, NULL);
        ((struct group_summary *)omap_get(&own->summary, q->key))->queued = q->value;
        s = own;
    }
}
