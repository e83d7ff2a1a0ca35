// SPDX-License-Identifier: Apache-2.0
#include "server/scheduling.h"

#include <errno.h>

#include "base/log.h"
#include "base/vec.h"
#include "server/scheduling_parts.h"

void scheduling_landed(struct scheduling *s)
{
    s->in_flight--;
    if (s->freed_cb && s->in_flight == 0) {
        void (*cb)(void *) = s->freed_cb;
        void *ctx = s->freed_ctx;
        free(s);
        cb(ctx);
    }
}

/* --- the pump: work starts from a timer, never from within an apply --- */

static void pump(struct scheduling *s);

static void on_pump(void *ctx)
{
    struct scheduling *s = ctx;
    s->pump_timer = NULL;
    pump(s);
}

void scheduling_pump_soon(struct scheduling *s)
{
    if (s->lead && !s->pump_timer)
        s->pump_timer = s->env->timer(s->env, 0, on_pump, s);
}

static void on_wake(void *ctx)
{
    struct scheduling *s = ctx;
    s->wake_timer = NULL;
    pump(s);
}

static void arm_wake(struct scheduling *s)
{
    /* With all runs busy, whichever ends first pumps. */
    nsec_t at = s->n_runs < RUNS_MAX ? broker_wake_time(s->lead->broker) : INT64_MAX;
    if (s->wake_timer && at == s->wake_at)
        return;
    if (s->wake_timer)
        s->env->cancel(s->env, s->wake_timer);
    s->wake_timer = NULL;
    s->wake_at = at;
    if (at != INT64_MAX)
        s->wake_timer = s->env->timer(s->env, MAX(at - s->env->now(s->env), (nsec_t)0), on_wake, s);
}

static void pump(struct scheduling *s)
{
    struct uuid id;
    int attempt;
    while (s->lead && s->n_runs < RUNS_MAX &&
           broker_next(s->lead->broker, s->env->now(s->env), &id, &attempt))
        run_start(s, &id, 1);
    if (s->lead)
        arm_wake(s);
}

/* --- evaluations whose status the leader itself changes --- */

static void on_rescan(void *ctx);

/* The log did not take it, but may soon: what was lost is found in the state. */
static void rescan_later(struct scheduling *s)
{
    if (s->lead && !s->rescan_timer)
        s->rescan_timer = s->env->timer(s->env, NSEC_SEC, on_rescan, s);
}

void scheduling_room_again(struct scheduling *s)
{
    struct snap *snap = state_pin(s->st);
    s->lead->capacity_index = MAX(s->lead->capacity_index, snap_index(snap) + 1);
    state_unpin(snap);
    rescan_later(s);
}

static void status_applied(void *ctx, int r, const struct fsm_result *res)
{
    struct scheduling *s = ctx;
    if (r < 0)
        rescan_later(s);
    scheduling_landed(s);
}

static void set_status(struct scheduling *s, const struct snap *snap, const struct uuid *ids,
                       size_t n, int32_t status, const char *description)
{
    struct arena *a = arena_new(0);
    struct command *c = a ? model_new(&command_schema, a) : NULL;
    struct buf b = {0};
    for (size_t i = 0; c && i < n; i++) {
        const struct evaluation *old = state_get_eval(snap, &ids[i]);
        struct evaluation *e;
        if (!old || eval_terminal(old) || old->status == status)
            continue;
        if (!(e = model_copy(&evaluation_schema, a, old)))
            break;
        e->status = status;
        e->status_description = description;
        if (objs_add(a, &c->evals, e) < 0)
            break;
    }
    if (c && c->evals.n) {
        c->type = CMD_EVAL_UPDATE;
        c->now = env_stamp(s->env);
        command_encode(c, &b);
        if (!b.failed && s->env->propose(s->env, b.p, b.n, status_applied, s) == 0)
            s->in_flight++;
        else
            rescan_later(s);
    }
    buf_free(&b);
    arena_free(a);
}

/* --- what a commit means for the queues --- */

struct unblocked {
    VEC(struct uuid) ids;
};

static void collect(void *ctx, const struct uuid *id)
{
    struct unblocked *u = ctx;
    for (size_t i = 0; i < u->ids.n; i++)
        if (uuid_eq(&u->ids.items[i], id))
            return;
    (void)vec_push(&u->ids, *id);
}

static void take_eval(struct scheduling *s, const struct evaluation *e, const struct snap *snap,
                      struct unblocked *u)
{
    struct lead *l = s->lead;
    struct uuid dup;
    if (e->status == EVAL_PENDING) {
        blocked_remove(l->blocked, &e->id);
        if (broker_enqueue(l->broker, e, s->env->now(s->env)) < 0)
            log_error("scheduler", "no memory to queue evaluation %s", UUID_Z(&e->id));
    } else if (e->status == EVAL_BLOCKED) {
        broker_remove(l->broker, &e->id);
        if (blocked_add(l->blocked, e, &dup) < 0)
            log_error("scheduler", "no memory to queue evaluation %s", UUID_Z(&e->id));
        else if (!uuid_is_zero(&dup))
            set_status(s, snap, &dup, 1, EVAL_CANCELED,
                       "existing blocked evaluation exists for job");
        /* Room that appeared after the snapshot it was planned on would otherwise be missed. */
        if (e->snapshot_index < l->capacity_index)
            collect(u, &e->id);
    } else {
        broker_remove(l->broker, &e->id);
        blocked_remove(l->blocked, &e->id);
    }
}

static const char *class_of_room(const struct store_change *c, const struct snap *snap)
{
    if (c->table == TABLE_NODES) {
        const struct node *old = state_data(c->old), *now = state_data(c->now);
        if (!now || !node_is_ready(now))
            return NULL;
        if (old && node_is_ready(old) && streq(old->computed_class, now->computed_class) &&
            model_equal(&node_resources_schema, old->resources, now->resources, true))
            return NULL;
        return nonull(now->computed_class);
    }
    if (c->table == TABLE_ALLOCS) {
        const struct allocation *old = state_data(c->old), *now = state_data(c->now);
        if (!old || !alloc_holds_resources(old) || (now && alloc_holds_resources(now)))
            return NULL;
        const struct node *n = state_get_node(snap, &old->node_id);
        return n ? nonull(n->computed_class) : NULL;
    }
    return NULL;
}

static void on_changes(struct store_listener *l, const struct store_changes *c)
{
    struct scheduling *s = container_of(l, struct scheduling, listener);
    struct unblocked u = {{0}};
    const char *done = NULL;
    if (!s->lead || c->cause == STATE_RESTORED)
        return;
    feed_changes(s->lead->feed, c);
    for (size_t i = 0; i < c->n; i++) {
        const char *computed_class = class_of_room(&c->items[i], c->snap);
        if (!computed_class || (done && streq(done, computed_class)))
            continue;
        done = computed_class;
        s->lead->capacity_index = c->index;
        blocked_unblock(s->lead->blocked, computed_class, collect, &u);
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct store_change *x = &c->items[i];
        if (x->table != TABLE_EVALS || (!x->old && !x->now))
            continue;
        const struct evaluation *e = state_data(x->now ? x->now : x->old);
        if (x->now)
            take_eval(s, e, c->snap, &u);
        else {
            broker_remove(s->lead->broker, &e->id);
            blocked_remove(s->lead->blocked, &e->id);
        }
    }
    if (u.ids.n)
        set_status(s, c->snap, u.ids.items, u.ids.n, EVAL_PENDING, "");
    vec_free(&u.ids);
    scheduling_pump_soon(s);
}

/* --- leadership --- */

struct scheduling *scheduling_new(struct server_env *env, struct state *st)
{
    struct scheduling *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->env = env;
    s->st = st;
    s->listener.cb = on_changes;
    state_listen(st, &s->listener);
    return s;
}

static void nothing(void *ctx)
{
}

/* Comes after everything that was queued for the placer. */
static void free_lead(void *ctx)
{
    struct lead *l = ctx;
    struct scheduling *s = l->owner;
    placer_free(l->placer);
    ledger_free(l->ledger);
    feed_free(l->feed);
    broker_free(l->broker);
    blocked_free(l->blocked);
    free(l);
    scheduling_landed(s);
}

/* Room may have appeared anywhere with the last change of nodes or allocations; whoever led then
 * may have died before it said so. */
static uint64_t last_room(const struct snap *snap)
{
    struct state_key nodes = state_key_table(TABLE_NODES), allocs = state_key_table(TABLE_ALLOCS);
    return MAX(state_key_index(snap, &nodes), state_key_index(snap, &allocs));
}

/* Queues what is to do; what is queued already stays as it is. */
static void scan(struct scheduling *s, const struct snap *snap)
{
    struct unblocked u = {{0}};
    struct state_iter it;
    const struct evaluation *e;
    state_iter_all(&it, snap, TABLE_EVALS);
    while ((e = state_next(&it)))
        if (!eval_terminal(e))
            take_eval(s, e, snap, &u);
    if (u.ids.n)
        set_status(s, snap, u.ids.items, u.ids.n, EVAL_PENDING, "");
    vec_free(&u.ids);
    scheduling_pump_soon(s);
}

static void on_rescan(void *ctx)
{
    struct scheduling *s = ctx;
    struct snap *snap = state_pin(s->st);
    s->rescan_timer = NULL;
    scan(s, snap);
    state_unpin(snap);
}

void scheduling_start(struct scheduling *s)
{
    struct lead *l = calloc(1, sizeof(*l));
    struct snap *snap = state_pin(s->st);
    assert(!s->lead);
    if (!l || !(l->ledger = ledger_new()) || !(l->placer = placer_new(l->ledger)) ||
        !(l->feed = feed_new(s->env, l->ledger)) || !(l->broker = broker_new()) ||
        !(l->blocked = blocked_new()))
        abort();
    l->owner = s;
    l->serial = ++s->last_serial;
    l->capacity_index = last_room(snap);
    s->lead = l;
    feed_all(l->feed, snap);
    scan(s, snap);
    state_unpin(snap);
}

void scheduling_stop(struct scheduling *s)
{
    struct lead *l = s->lead;
    if (!l)
        return;
    s->lead = NULL;
    if (s->pump_timer)
        s->env->cancel(s->env, s->pump_timer);
    if (s->wake_timer)
        s->env->cancel(s->env, s->wake_timer);
    if (s->rescan_timer)
        s->env->cancel(s->env, s->rescan_timer);
    s->pump_timer = s->wake_timer = s->rescan_timer = NULL;
    s->in_flight++;
    s->env->place(s->env, nothing, free_lead, l);
}

void scheduling_free(struct scheduling *s, void (*freed_cb)(void *), void *ctx)
{
    assert(!s->lead);
    store_unlisten(&s->listener);
    s->freed_cb = freed_cb;
    s->freed_ctx = ctx;
    s->in_flight++;
    scheduling_landed(s);
}

void scheduling_stats(struct scheduling *s, struct scheduling_stats *ret)
{
    struct broker_stats b = {0};
    *ret = s->stats;
    if (!s->lead)
        return;
    broker_stats(s->lead->broker, s->env->now(s->env), &b);
    ret->blocked = blocked_count(s->lead->blocked);
    ret->ready = b.ready;
    ret->waiting = b.waiting;
    ret->outstanding = b.outstanding;
}
