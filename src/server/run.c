// SPDX-License-Identifier: Apache-2.0
/* One try of one evaluation: reconcile on a worker, place on the placer's thread, a plan entry
 * through the log, and again while there are pieces left. */
#include <errno.h>

#include "base/log.h"
#include "server/scheduling_parts.h"

void run_free(struct run *r)
{
    struct scheduling *s = r->s;
    state_unpin(r->snap);
    arena_free(r->arena);
    free(r);
    s->n_runs--;
}

static const struct node *find_node(void *ctx, const struct uuid *id)
{
    struct run *r = ctx;
    return state_get_node(r->snap, id);
}

static int gather_allocs(struct run *r)
{
    struct state_iter it;
    const struct allocation *a;
    size_t n = 0, i = 0;
    state_allocs_by_job(&it, r->snap, r->eval->ns, r->eval->job_id);
    while (state_next(&it))
        n++;
    if (!(r->allocs = arena_array(r->arena, const struct allocation *, n)))
        return -ENOMEM;
    state_allocs_by_job(&it, r->snap, r->eval->ns, r->eval->job_id);
    while ((a = state_next(&it)))
        r->allocs[i++] = a;
    r->n_allocs = n;
    return 0;
}

void run_reconcile(void *ctx)
{
    struct run *r = ctx;
    struct reconcile_input in = {
        .ns = r->eval->ns,
        .job_id = r->eval->job_id,
        .job = r->job,
        .eval = r->eval,
        .node_cb = find_node,
        .ctx = r,
        .now = r->now,
        .seed = {r->seed[0], r->seed[1]},
    };
    if ((r->code = gather_allocs(r)) < 0)
        return;
    in.allocs = r->allocs;
    in.n_allocs = r->n_allocs;
    r->code = reconcile(r->arena, &in, &r->err, &r->todo);
}

/* The placer lends a replacement its predecessor's room. What ended since the run's snapshot has
 * none to lend: the ledger may have given it back already. */
static int forget_ended(struct run *r)
{
    cleanup_snap struct snap *newest = state_pin(r->s->st);
    for (size_t i = r->in.first; i < r->todo->n_place; i++) {
        struct place_request *q = &r->todo->place[i];
        if (!q->previous || !q->stop_description || alloc_client_terminal(q->previous))
            continue;
        const struct allocation *now = state_get_alloc(newest, &q->previous->id);
        if (now && alloc_holds_resources(now))
            continue;
        struct allocation *ended = arena_memdup(r->arena, q->previous, sizeof(*ended));
        if (!ended)
            return -ENOMEM;
        ended->client_status = now ? now->client_status : ALLOC_LOST;
        q->previous = ended;
    }
    return 0;
}

void run_place_input(struct run *r)
{
    r->in = (struct place_input){
        .eval = r->eval,
        .job = r->job,
        .requests = r->todo->place,
        .n_requests = r->todo->n_place,
        .stops = r->todo->stop,
        .n_stops = r->todo->n_stop,
    };
}

void run_place(void *ctx)
{
    struct run *r = ctx;
    r->placed = NULL;
    if ((r->code = forget_ended(r)) < 0)
        return;
    r->code = placer_place(r->lead->placer, r->arena, &r->in, &r->err, &r->placed);
}

static void finished(struct run *r, bool retry)
{
    struct scheduling *s = r->s;
    if (run_is_current(r)) {
        if (retry)
            broker_nack(r->lead->broker, &r->eval_id, s->env->now(s->env));
        else
            broker_ack(r->lead->broker, &r->eval_id);
        scheduling_pump_soon(s);
    }
    run_free(r);
    scheduling_landed(s);
}

static void release_claims(struct run *r, const struct fsm_result *res)
{
    if (!r->placed || !run_is_current(r))
        return;
    if (!res || res->n_dropped)
        scheduling_room_again(r->s);
    if (res) {
        feed_release(r->lead->feed, res->dropped, res->n_dropped);
        return;
    }
    for (size_t i = 0; i < r->placed->allocs.n; i++)
        feed_release(r->lead->feed, &((struct allocation *)r->placed->allocs.items[i])->id, 1);
    for (size_t i = 0; i < r->placed->stops.n; i++)
        feed_release(r->lead->feed, &((struct allocation *)r->placed->stops.items[i])->id, 1);
}

static void failed_applied(void *ctx, int code, const struct fsm_result *res)
{
    finished(ctx, code < 0);
}

/* Work that was only refused too often is looked at again later. */
static int add_follow_up(struct run *r, struct command *c, struct evaluation *failed)
{
    struct evaluation *e = model_new(&evaluation_schema, r->arena);
    if (!e)
        return -ENOMEM;
    env_uuid(r->s->env, &e->id);
    e->ns = failed->ns;
    e->job_id = failed->job_id;
    e->type = failed->type;
    e->priority = failed->priority;
    e->triggered_by = TRIGGER_FAILED_FOLLOW_UP;
    e->status = EVAL_PENDING;
    e->status_description = "created to try a failed evaluation again";
    e->previous_eval = failed->id;
    e->wait_until = c->now + FOLLOW_UP_WAIT;
    failed->next_eval = e->id;
    return objs_add(r->arena, &c->evals, e);
}

/* The evaluation cannot be done: say so in the state. */
static void give_up(struct run *r, const char *why, bool again)
{
    struct scheduling *s = r->s;
    struct command *c = model_new(&command_schema, r->arena);
    struct evaluation *e = model_copy(&evaluation_schema, r->arena, r->eval);
    struct buf b = {0};
    int q = -ENOMEM;
    s->stats.evals_failed++;
    log_warn("scheduler", "evaluation failed: eval_id=%s job=%s error=\"%s\"", UUID_Z(&r->eval_id),
             r->eval->job_id, why);
    if (c && e) {
        c->type = CMD_EVAL_UPDATE;
        c->now = env_stamp(s->env);
        e->status = EVAL_FAILED;
        e->status_description = why;
        if (objs_add(r->arena, &c->evals, e) == 0 && (!again || add_follow_up(r, c, e) == 0)) {
            command_encode(c, &b);
            q = b.failed ? -ENOMEM : s->env->propose(s->env, b.p, b.n, failed_applied, r);
        }
    }
    buf_free(&b);
    if (q < 0)
        finished(r, true);
}

static void place_next(struct run *r);
static void restart(struct run *r);

static void plan_applied(void *ctx, int code, const struct fsm_result *res)
{
    struct run *r = ctx;
    struct scheduling *s = r->s;
    if (code < 0) {
        release_claims(r, NULL);
        finished(r, true);
        return;
    }
    release_claims(r, res);
    s->stats.dropped += res->n_dropped;
    s->stats.no_room += res->no_room;
    if (r->placed)
        s->stats.placements += r->placed->allocs.n - res->n_dropped;
    if (res->no_room)
        log_error("scheduler", "placements refused for lack of room: eval_id=%s count=%llu",
                  UUID_Z(&r->eval_id), (unsigned long long)res->no_room);
    if (res->code) {
        finished(r, false);
    } else if (res->n_dropped) {
        restart(r);
    } else if (r->placed && r->placed->next < r->todo->n_place) {
        r->in.first = r->placed->next;
        r->in.failed = r->placed->failed;
        place_next(r);
    } else {
        s->stats.evals_done++;
        finished(r, false);
    }
}

static void propose_plan(struct run *r)
{
    struct buf b = {0};
    int q = run_command(r, &b);
    if (q == 0)
        q = r->s->env->propose(r->s->env, b.p, b.n, plan_applied, r);
    buf_free(&b);
    if (q < 0) {
        release_claims(r, NULL);
        finished(r, true);
    }
}

static void after_place(void *ctx)
{
    struct run *r = ctx;
    if (!run_is_current(r))
        finished(r, true);
    else if (r->code == -ENOMEM)
        finished(r, true);
    else if (r->code < 0)
        give_up(r, r->err.text, false);
    else
        propose_plan(r);
}

static void place_next(struct run *r)
{
    struct server_env *env = r->s->env;
    if (!run_is_current(r)) {
        finished(r, true);
        return;
    }
    r->in.now = env->now(env);
    r->in.seed[0] = env->random(env);
    r->in.seed[1] = env->random(env);
    env->place(env, run_place, after_place, r);
}

static void after_reconcile(void *ctx)
{
    struct run *r = ctx;
    if (!run_is_current(r) || r->code == -ENOMEM) {
        finished(r, true);
        return;
    }
    if (r->code < 0) {
        give_up(r, r->err.text, false);
        return;
    }
    run_place_input(r);
    if (r->todo->n_place)
        place_next(r);
    else
        propose_plan(r);
}

/* From a fresh snapshot, keeping the evaluation's place in the broker. */
static void restart(struct run *r)
{
    struct scheduling *s = r->s;
    struct uuid id = r->eval_id;
    int attempt = r->attempt + 1;
    if (!run_is_current(r)) {
        finished(r, true);
        return;
    }
    if (attempt > PLAN_ATTEMPTS_MAX) {
        give_up(r, "maximum attempts reached (5)", true);
        return;
    }
    run_free(r);
    run_start(s, &id, attempt);
    scheduling_landed(s);
}

void run_start(struct scheduling *s, const struct uuid *eval_id, int attempt)
{
    struct run *r = calloc(1, sizeof(*r));
    if (!r || !(r->arena = arena_new(4096))) {
        free(r);
        broker_nack(s->lead->broker, eval_id, s->env->now(s->env));
        return;
    }
    r->s = s;
    r->lead = s->lead;
    r->lead_serial = s->lead->serial;
    r->eval_id = *eval_id;
    r->attempt = attempt;
    r->snap = state_pin(s->st);
    r->eval = state_get_eval(r->snap, eval_id);
    r->now = s->env->now(s->env);
    r->seed[0] = s->env->random(s->env);
    r->seed[1] = s->env->random(s->env);
    s->n_runs++;
    s->in_flight++;
    if (!r->eval || r->eval->status != EVAL_PENDING) {
        finished(r, false);
        return;
    }
    r->job = (struct job *)state_get_job(r->snap, r->eval->ns, r->eval->job_id);
    s->env->work(s->env, run_reconcile, after_reconcile, r);
}
