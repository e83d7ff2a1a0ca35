// SPDX-License-Identifier: Apache-2.0
/* A run's answer as plan entries: stops with the first, the evaluation's end and what follows from
 * it with the last. */
#include <errno.h>

#include "server/command.h"
#include "server/scheduling_parts.h"

static int add_stop(struct arena *a, struct command *c, const struct uuid *id, const char *text,
                    int32_t client_status)
{
    struct stop_record *s = arena_new_of(a, struct stop_record);
    if (!s)
        return -ENOMEM;
    *s = (struct stop_record){*id, text, client_status};
    return objs_add(a, &c->stops, s);
}

static int add_first(struct run *r, struct command *c)
{
    const struct reconcile_result *t = r->todo;
    for (size_t i = 0; i < t->n_stop; i++)
        if (add_stop(r->arena, c, &t->stop[i].alloc->id, t->stop[i].description,
                     t->stop[i].client_status) < 0)
            return -ENOMEM;
    for (size_t i = 0; i < t->n_inplace; i++)
        if (uuids_add(r->arena, &c->inplace, &t->inplace[i]->id) < 0)
            return -ENOMEM;
    return 0;
}

static int add_placed(struct run *r, struct command *c)
{
    const struct place_result *p = r->placed;
    if (!p)
        return 0;
    c->placed = p->allocs;
    for (size_t i = 0; i < p->stops.n; i++) {
        const struct allocation *a = p->stops.items[i];
        if (add_stop(r->arena, c, &a->id, p->stop_descriptions[i], -1) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* With the evaluations they name: without these a marked allocation would never be replaced. */
static int add_marks(struct run *r, struct command *c)
{
    for (size_t i = 0; i < r->todo->n_marks; i++) {
        struct mark_record *m = arena_new_of(r->arena, struct mark_record);
        if (!m)
            return -ENOMEM;
        *m = (struct mark_record){r->todo->marks[i].alloc->id, r->todo->marks[i].eval_id};
        if (objs_add(r->arena, &c->marks, m) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* What could not be placed waits as a blocked evaluation: this one again if it is one already. */
static int add_blocked(struct run *r, struct command *c, struct evaluation *done)
{
    if (streq(done->triggered_by, TRIGGER_QUEUED_ALLOCS)) {
        done->status = EVAL_BLOCKED;
        done->status_description = EVAL_BLOCKED_DESC;
        done->snapshot_index = snap_index(r->snap);
        done->class_eligibility = r->placed->class_eligibility;
        done->escaped_computed_class = r->placed->escaped;
        return 0;
    }
    struct uuid id;
    env_uuid(r->s->env, &id);
    struct evaluation *b = sched_blocked_eval(r->arena, done, &id, r->placed);
    if (!b)
        return -ENOMEM;
    b->snapshot_index = snap_index(r->snap);
    done->blocked_eval = id;
    return objs_add(r->arena, &c->evals, b);
}

static int add_last(struct run *r, struct command *c)
{
    struct evaluation *done = model_copy(&evaluation_schema, r->arena, r->eval);
    if (!done)
        return -ENOMEM;
    done->status = EVAL_COMPLETE;
    done->status_description = "";
    if (r->placed) {
        done->failed_tg_allocs = r->placed->failed;
        done->queued_allocations = r->placed->queued;
    }
    for (size_t i = 0; i < r->todo->n_groups; i++) {
        int64_t n;
        const char *name = r->todo->groups[i].name;
        if (!imap_get(&done->queued_allocations, name, &n) &&
            imap_set(r->arena, &done->queued_allocations, name, 0) < 0)
            return -ENOMEM;
    }
    if (r->placed && r->placed->failed.n && add_blocked(r, c, done) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < r->todo->n_followups; i++)
        if (objs_add(r->arena, &c->evals, r->todo->followups[i]) < 0)
            return -ENOMEM;
    return add_marks(r, c) < 0 ? -ENOMEM : objs_add(r->arena, &c->evals, done);
}

int run_command(struct run *r, struct buf *out)
{
    struct command *c = model_new(&command_schema, r->arena);
    bool last = !r->placed || r->placed->next >= r->todo->n_place;
    if (!c)
        return -ENOMEM;
    c->type = CMD_PLAN;
    c->now = env_stamp(r->s->env);
    c->ns = r->eval->ns;
    c->job_id = r->eval->job_id;
    c->eval_id = r->eval->id;
    if (r->job) {
        c->job_version = r->job->version;
        c->job_modify_index = r->job->job_modify_index;
    }
    if ((r->in.first == 0 && add_first(r, c) < 0) || add_placed(r, c) < 0 ||
        (last && add_last(r, c) < 0))
        return -ENOMEM;
    command_encode(c, out);
    return out->failed ? -ENOMEM : 0;
}
