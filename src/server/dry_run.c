// SPDX-License-Identifier: Apache-2.0
/* `job plan`: the same reconcile and the same placer, undone and never proposed. */
#include <errno.h>

#include "server/scheduling_parts.h"

static void answer(struct run *r)
{
    struct scheduling *s = r->s;
    struct plan_answer a = {.err = r->err};
    a.code = !run_is_current(r) ? 503 : r->code < 0 ? 500 : 0;
    if (a.code == 503)
        err_set(&a.err, 0, "No cluster leader");
    if (a.code == 0) {
        a.annotations = reconcile_annotations(r->arena, r->todo);
        if (r->placed)
            a.failed = r->placed->failed;
    }
    r->plan_cb(r->plan_ctx, &a);
    state_unpin(r->snap);
    free(r); /* the arena is the caller's */
    s->n_runs--;
    scheduling_landed(s);
}

static void after_place(void *ctx)
{
    struct run *r = ctx;
    if (run_is_current(r) && r->code == 0 && r->placed->next < r->todo->n_place) {
        r->in.first = r->placed->next;
        r->in.failed = r->placed->failed;
        r->s->env->place(r->s->env, run_place, after_place, r);
        return;
    }
    answer(r);
}

static void after_reconcile(void *ctx)
{
    struct run *r = ctx;
    struct server_env *env = r->s->env;
    if (!run_is_current(r) || r->code < 0 || !r->todo->n_place) {
        answer(r);
        return;
    }
    run_place_input(r);
    r->in.now = r->now;
    r->in.seed[0] = env->random(env);
    r->in.seed[1] = env->random(env);
    r->in.dry_run = true;
    env->place(env, run_place, after_place, r);
}

static struct evaluation *plan_eval(struct arena *a, const struct job *j)
{
    struct evaluation *e = model_new(&evaluation_schema, a);
    if (!e)
        return NULL;
    e->ns = j->ns;
    e->job_id = j->id;
    e->type = j->type;
    e->priority = j->priority;
    e->triggered_by = TRIGGER_JOB_REGISTER;
    e->status = EVAL_PENDING;
    e->annotate_plan = true;
    return e;
}

void scheduling_dry_run(struct scheduling *s, struct arena *a, struct job *job,
                        scheduling_plan_cb cb, void *ctx)
{
    struct run *r = calloc(1, sizeof(*r));
    struct evaluation *e = plan_eval(a, job);
    if (!r || !e || !s->lead) {
        struct plan_answer none = {.code = s->lead ? 500 : 503};
        err_set(&none.err, 0, "%s", s->lead ? "out of memory" : "No cluster leader");
        free(r);
        cb(ctx, &none);
        return;
    }
    env_uuid(s->env, &e->id);
    *r = (struct run){.s = s, .lead = s->lead, .arena = a, .eval = e, .job = job};
    r->lead_serial = s->lead->serial;
    r->plan_cb = cb;
    r->plan_ctx = ctx;
    r->snap = state_pin(s->st);
    r->now = s->env->now(s->env);
    r->seed[0] = s->env->random(s->env);
    r->seed[1] = s->env->random(s->env);
    s->n_runs++;
    s->in_flight++;
    s->env->work(s->env, run_reconcile, after_reconcile, r);
}
