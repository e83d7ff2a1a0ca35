// SPDX-License-Identifier: Apache-2.0
/* A plan's stops and placements. Every placement is checked again, in integers, alike on every
 * server: node ready, job unchanged, name free, room. What fails is dropped and named in the
 * result; then the evaluation's own update is held back, so that it is tried again. */
#include "base/hash.h"
#include "server/fsm_parts.h"

static void drop(struct fsm_apply *f, const struct allocation *a)
{
    struct fsm_result *r = f->result;
    if (!r->dropped && !(r->dropped = calloc(f->cmd->placed.n, sizeof(*r->dropped))))
        abort();
    r->dropped[r->n_dropped++] = a->id;
}

static struct allocation *copy_alloc(struct fsm_apply *f, const struct uuid *id)
{
    const struct allocation *old = state_get_alloc(f->snap, id);
    struct allocation *a = old ? model_copy(&allocation_schema, f->arena, old) : NULL;
    if (old && !a)
        abort();
    if (a)
        a->modify_time = f->cmd->now;
    return a;
}

static void apply_stops(struct fsm_apply *f)
{
    OBJS_FOR(struct stop_record, s, f->cmd->stops)
    {
        struct allocation *a = copy_alloc(f, &s->id);
        if (!a)
            continue;
        a->desired_status = ALLOC_STOP;
        a->desired_description = s->description;
        if (s->client_status >= 0 && !alloc_client_terminal(a))
            a->client_status = (int32_t)s->client_status;
        state_upsert_alloc(f->st, a);
    }
}

static void apply_inplace(struct fsm_apply *f)
{
    for (size_t i = 0; i < f->cmd->inplace.n; i++) {
        struct allocation *a = copy_alloc(f, &f->cmd->inplace.items[i]);
        if (!a || alloc_terminal(a))
            continue;
        a->job_version = f->cmd->job_version;
        a->eval_id = f->cmd->eval_id;
        state_upsert_alloc(f->st, a);
    }
}

static void apply_marks(struct fsm_apply *f)
{
    OBJS_FOR(struct mark_record, m, f->cmd->marks)
    {
        struct allocation *a = copy_alloc(f, &m->alloc_id);
        if (!a)
            continue;
        a->followup_eval_id = m->eval_id;
        state_upsert_alloc(f->st, a);
    }
}

/* Against what the node's allocations that are to run hold: the state keeps the sums. */
static bool fits(struct fsm_apply *f, const struct node *n, const struct allocation *a)
{
    struct node_usage used = state_node_usage(f->snap, &n->id);
    struct capacity cap = node_capacity(n), ask = alloc_usage(a->resources);
    return used.live_cpu + ask.cpu <= cap.cpu &&
           used.live_memory_mb + ask.memory_mb <= cap.memory_mb &&
           used.live_disk_mb + ask.disk_mb <= cap.disk_mb;
}

static void live_names(struct fsm_apply *f, struct map *names)
{
    struct state_iter it;
    const struct allocation *a;
    state_allocs_by_job(&it, f->snap, f->cmd->ns, f->cmd->job_id);
    while ((a = state_next(&it)))
        if (!alloc_terminal(a) && map_put(names, str_of(a->name), (void *)a, NULL) < 0)
            abort();
}

static bool job_unchanged(struct fsm_apply *f)
{
    const struct job *j = state_get_job(f->snap, f->cmd->ns, f->cmd->job_id);
    return j && !j->stop && j->version == f->cmd->job_version &&
           j->job_modify_index == f->cmd->job_modify_index;
}

static void apply_placed(struct fsm_apply *f)
{
    struct map names = {0};
    bool job_ok = job_unchanged(f);
    if (f->cmd->placed.n)
        live_names(f, &names);
    OBJS_FOR(struct allocation, a, f->cmd->placed)
    {
        const struct node *n = state_get_node(f->snap, &a->node_id);
        bool known = state_get_alloc(f->snap, &a->id);
        if (!job_ok || !n || !node_is_ready(n) || known || map_get(&names, str_of(a->name))) {
            drop(f, a);
            continue;
        }
        if (!fits(f, n, a)) {
            f->result->no_room++;
            drop(f, a);
            continue;
        }
        a->create_time = a->modify_time = f->cmd->now;
        a->job_version = f->cmd->job_version;
        if (state_upsert_alloc(f->st, a) < 0) {
            drop(f, a);
            continue;
        }
        if (map_put(&names, str_of(a->name), a, NULL) < 0)
            abort();
    }
    map_free(&names);
}

void fsm_plan(struct fsm_apply *f)
{
    const struct evaluation *e = state_get_eval(f->snap, &f->cmd->eval_id);
    if (!e || eval_terminal(e)) { /* somebody else finished it: nothing of this plan may count */
        OBJS_FOR(struct allocation, a, f->cmd->placed)
        drop(f, a);
        fsm_refuse(f, 409, "evaluation is no longer pending");
        return;
    }
    apply_stops(f);
    apply_inplace(f);
    apply_placed(f);
    if (f->result->n_dropped == 0) {
        apply_marks(f); /* they name evaluations of this entry */
        fsm_put_evals(f);
    }
}
