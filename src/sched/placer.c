// SPDX-License-Identifier: Apache-2.0
/* The flow of one call: for each request the best slot, its claim, and what the next sees. */
#include <errno.h>

#include "sched/run.h"

#define SCORES_SHOWN 5 /* nodes in score_meta */
#define SCORES_SHOWN_FOR                                                                           \
    8 /* placements of a group that show them all; the others their own node                       \
       */
#define PENALTY_MAX 8

struct placer {
    struct ledger *l;
    struct scratch x;
};

struct call {
    struct placer *p;
    const struct place_input *in;
    struct arena *a;
    struct err *err;
    struct place_result *out;
    uint64_t seed[2];
    struct run run;
    bool running;
    struct alloc_metric *metric; /* of the run, shared by its placements */
    struct allocation *blank;    /* what all placements of the call have in common */
    size_t placed_in_run;
    VEC(struct uuid) claims; /* allocation ids */
};

/* What is special about one request's slots. */
struct exceptions {
    uint32_t own;            /* of the previous allocation that makes room; SLOT_NONE */
    struct score_ask credit; /* its room */
    uint32_t penalty[PENALTY_MAX];
    float extra[PENALTY_MAX], inv_k[PENALTY_MAX]; /* what the penalty hides */
    size_t n_penalty;
};

struct placer *placer_new(struct ledger *l)
{
    struct placer *p = calloc(1, sizeof(*p));
    if (p)
        p->l = l;
    return p;
}

struct placer *placer_free(struct placer *p)
{
    if (p)
        scratch_free(&p->x);
    free(p);
    return NULL;
}

static int claim_stop(struct call *c, const struct allocation *x)
{
    if (!alloc_is_member(x))
        return 0;
    int e = ledger_claim_stop(c->p->l, x);
    return e > 0 ? vec_push(&c->claims, x->id) : e;
}

static void unclaim(struct call *c, size_t keep)
{
    while (c->claims.n > keep)
        ledger_release(c->p->l, &c->claims.items[--c->claims.n]);
}

static int switch_run(struct call *c, struct task_group *g)
{
    if (c->running && c->run.group == g)
        return 0;
    if (c->running)
        run_end(&c->run);
    c->running = false;
    int e = run_begin(&c->run, c->p->l, &c->p->x, c->a, c->in, g, c->err);
    if (e < 0)
        return e;
    c->running = true;
    c->placed_in_run = 0;
    c->metric = run_metric(&c->run);
    return c->metric ? 0 : -ENOMEM;
}

static void add_penalty(struct call *c, struct exceptions *x, const struct uuid *node)
{
    uint32_t slot = ledger_slot(c->p->l, node);
    if (slot == SLOT_NONE || x->n_penalty == PENALTY_MAX)
        return;
    for (size_t i = 0; i < x->n_penalty; i++)
        if (x->penalty[i] == slot)
            return;
    x->penalty[x->n_penalty++] = slot;
}

/* Scores the request's special slots apart: the penalty counts as one more scorer. */
static void apply_exceptions(struct run *r, struct exceptions *x)
{
    struct score_arrays *s = &r->x->s;
    if (x->own != SLOT_NONE) {
        score_slot(r->l, &r->ask, s, x->own, &x->credit);
        score_block(s, x->own);
    }
    for (size_t i = 0; i < x->n_penalty; i++) {
        uint32_t slot = x->penalty[i];
        x->extra[i] = s->extra[slot];
        x->inv_k[i] = s->inv_k[slot];
        s->extra[slot] -= 1;
        s->inv_k[slot] /= 1 + s->inv_k[slot];
        score_slot(r->l, &r->ask, s, slot, slot == x->own ? &x->credit : NULL);
        score_block(s, slot);
    }
}

static void lift_exceptions(struct run *r, const struct exceptions *x)
{
    struct score_arrays *s = &r->x->s;
    for (size_t i = 0; i < x->n_penalty; i++) {
        s->extra[x->penalty[i]] = x->extra[i];
        s->inv_k[x->penalty[i]] = x->inv_k[i];
        run_rescore(r, x->penalty[i]);
    }
    if (x->own == SLOT_NONE)
        return;
    run_rescore(r, x->own);
    if (!r->x->out[x->own] && run_port_conflict(r, x->own, NULL))
        run_exclude(r, x->own, OUT_STATIC_PORT);
}

static int32_t clamp(int64_t v)
{
    return (int32_t)MIN(v, (int64_t)(INT32_MAX / 4));
}

static int find_exceptions(struct call *c, const struct place_request *q, struct exceptions *x)
{
    const struct allocation *prev = q->previous;
    *x = (struct exceptions){.own = SLOT_NONE};
    if (!prev)
        return 0;
    if (prev->client_status == ALLOC_FAILED)
        add_penalty(c, x, &prev->node_id);
    if (prev->reschedule_tracker)
        for (size_t i = prev->reschedule_tracker->events.n; i-- > 0;)
            add_penalty(
                c, x,
                &((struct reschedule_event *)prev->reschedule_tracker->events.items[i])->prev_node);
    uint32_t slot = ledger_slot(c->p->l, &prev->node_id);
    if (!q->stop_description || slot == SLOT_NONE || !alloc_holds_resources(prev))
        return 0;
    struct capacity u = alloc_usage(prev->resources);
    x->own = slot;
    x->credit = (struct score_ask){clamp(u.cpu), clamp(u.memory_mb), clamp(u.disk_mb)};
    /* its ports and its place as a distinct host are given up, too */
    if (c->run.x->out[slot] == OUT_STATIC_PORT && !run_port_conflict(&c->run, slot, prev)) {
        c->run.x->out[slot] = 0;
        c->run.x->s.bias[slot] = 0;
    }
    return 0;
}

/* A sticky disk stays where it is if that node will do. */
static uint32_t preferred(const struct call *c, const struct place_request *q)
{
    const struct ephemeral_disk *d = q->group->ephemeral_disk;
    if (!q->previous || !d || !d->sticky)
        return SLOT_NONE;
    uint32_t slot = ledger_slot(c->p->l, &q->previous->node_id);
    return slot != SLOT_NONE && c->run.x->s.key[slot] > SCORE_NONE / 10 ? slot : SLOT_NONE;
}

/* The best slot whose ports work out. SLOT_NONE (and 0) when there is none. */
static int choose(struct call *c, const struct place_request *q, const struct exceptions *x,
                  const struct uuid *id, uint32_t *ret_slot, struct allocated_resources **ret)
{
    uint32_t slot = preferred(c, q);
    for (;; slot = SLOT_NONE) {
        if (slot == SLOT_NONE)
            slot = run_best(&c->run);
        *ret_slot = slot;
        if (slot == SLOT_NONE)
            return 0;
        int e = run_offer(&c->run, slot, id, slot == x->own ? q->previous : NULL, ret);
        if (e != -EADDRINUSE)
            return e;
        run_exclude(&c->run, slot,
                    run_port_conflict(&c->run, slot, NULL) ? OUT_STATIC_PORT : OUT_DYNAMIC_PORT);
    }
}

static struct alloc_metric *metric_of(struct call *c, uint32_t slot, const struct exceptions *x)
{
    struct alloc_metric *m = arena_memdup(c->a, c->metric, sizeof(*m));
    size_t top = c->placed_in_run < SCORES_SHOWN_FOR ? SCORES_SHOWN : 1;
    if (!m || run_scores(&c->run, m, slot, top, slot == x->own ? &x->credit : NULL, x->penalty,
                         x->n_penalty) < 0)
        return NULL;
    return m;
}

static struct allocation *make_blank(const struct call *c)
{
    struct allocation *x = model_new(&allocation_schema, c->a);
    if (!x)
        return NULL;
    x->eval_id = c->in->eval->id;
    x->ns = c->in->job->ns;
    x->job_id = c->in->job->id;
    x->job = c->in->job;
    x->job_version = c->in->job->version;
    x->job_create_index = c->in->job->create_index;
    x->desired_status = ALLOC_RUN;
    x->client_status = ALLOC_PENDING;
    x->create_time = x->modify_time = c->in->now;
    return x;
}

static struct allocation *build(struct call *c, const struct place_request *q, uint32_t slot,
                                const struct uuid *id, struct allocated_resources *res)
{
    const struct node *n = c->p->l->nodes[slot];
    struct allocation *x = arena_memdup(c->a, c->blank, sizeof(*x));
    if (!x)
        return NULL;
    x->id = *id;
    x->node_id = n->id;
    x->node_name = arena_strdup(c->a, n->name);
    x->name = q->name;
    x->task_group = q->group->name;
    x->resources = res;
    x->reschedule_tracker = q->tracker;
    if (q->previous)
        x->previous_allocation = q->previous->id;
    return x;
}

/* Both lists have room for a whole piece. */
static void record(struct call *c, const struct place_request *q, struct allocation *x)
{
    struct place_result *o = c->out;
    o->allocs.items[o->allocs.n++] = x;
    if (!q->stop_description)
        return;
    o->stop_descriptions[o->stops.n] = q->stop_description;
    o->stops.items[o->stops.n++] = (void *)q->previous;
}

static int fail_group(struct call *c, const struct place_request *q)
{
    struct alloc_metric *m = run_metric(&c->run);
    return m ? omap_set(c->a, &c->out->failed, q->group->name, m) : -ENOMEM;
}

static int place_one(struct call *c, const struct place_request *q)
{
    struct exceptions x;
    struct allocated_resources *res = NULL;
    struct uuid id;
    uint32_t slot = SLOT_NONE, prev_slot = SLOT_NONE;
    size_t keep = c->claims.n;
    uuid_from_seed(c->seed, &id);
    if (q->stop_description && q->previous && alloc_is_member(q->previous)) {
        prev_slot = ledger_slot(c->p->l, &q->previous->node_id);
        if (claim_stop(c, q->previous) < 0)
            return -ENOMEM;
    }
    if (prev_slot != SLOT_NONE)
        run_member(&c->run, prev_slot, q->group->name, -1);
    find_exceptions(c, q, &x);
    apply_exceptions(&c->run, &x);
    int e = choose(c, q, &x, &id, &slot, &res);
    if (e < 0)
        return e;
    if (slot == SLOT_NONE) {
        e = fail_group(c, q);
        lift_exceptions(&c->run, &x);
        unclaim(c, keep);
        if (prev_slot != SLOT_NONE)
            run_member(&c->run, prev_slot, q->group->name, 1);
        return e;
    }
    struct allocation *a = build(c, q, slot, &id, res);
    if (!a || !(a->metrics = metric_of(c, slot, &x)))
        return -ENOMEM;
    lift_exceptions(&c->run, &x);
    if (vec_push(&c->claims, id) < 0 || ledger_claim(c->p->l, a) < 0)
        return -ENOMEM;
    record(c, q, a);
    c->placed_in_run++;
    if (c->run.n_statics)
        run_exclude(&c->run, slot, OUT_STATIC_PORT);
    return run_member(&c->run, slot, q->group->name, 1);
}

/* A group that failed once is not tried again: nothing became free since. */
static void coalesce(struct call *c, const char *group)
{
    ((struct alloc_metric *)omap_get(&c->out->failed, group))->coalesced_failures++;
}

static int take_over_failed(struct call *c)
{
    for (size_t i = 0; i < c->in->failed.n; i++) {
        const struct okv *kv = &c->in->failed.items[i];
        void *m = model_copy(&alloc_metric_schema, c->a, kv->value);
        if (!m || omap_set(c->a, &c->out->failed, kv->key, m) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* What a blocked evaluation waits for: the classes that would do for a group that failed. */
static int sum_up_failures(struct call *c)
{
    for (size_t i = 0; i < c->out->failed.n; i++) {
        const struct okv *kv = &c->out->failed.items[i];
        struct task_group *g = job_find_group(c->in->job, kv->key);
        int64_t n = ((const struct alloc_metric *)kv->value)->coalesced_failures + 1;
        int e = g ? switch_run(c, g) : 0;
        if (e < 0)
            return e;
        if (imap_set(c->a, &c->out->queued, kv->key, n) < 0 ||
            (g && run_classes(&c->run, c->a, &c->out->class_eligibility) < 0))
            return -ENOMEM;
        c->out->escaped |= g && c->run.f->escaped;
    }
    return 0;
}

static int place_all(struct call *c)
{
    const struct place_input *in = c->in;
    /* one evaluation of a job at a time: what an earlier one claimed and is not applied never will
     * be; a dry run may meet one under way */
    if (in->first == 0 && !in->dry_run &&
        ledger_release_stops(c->p->l, in->job->ns, in->job->id) < 0)
        return -ENOMEM;
    for (size_t i = 0; in->first == 0 && i < in->n_stops; i++)
        if (claim_stop(c, in->stops[i].alloc) < 0)
            return -ENOMEM;
    int e = take_over_failed(c);
    size_t i = in->first;
    for (; e == 0 && i < in->n_requests && c->out->allocs.n < SCHED_PIECE_MAX; i++) {
        const struct place_request *q = &in->requests[i];
        if (omap_get(&c->out->failed, q->group->name)) {
            coalesce(c, q->group->name);
            continue;
        }
        e = switch_run(c, q->group);
        if (e == 0)
            e = place_one(c, q);
    }
    c->out->next = i;
    return e < 0 ? e : sum_up_failures(c);
}

int placer_place(struct placer *p, struct arena *a, const struct place_input *in, struct err *err,
                 struct place_result **ret)
{
    assert(in->eval && in->job && in->first <= in->n_requests);
    struct call c = {
        .p = p,
        .in = in,
        .a = a,
        .err = err,
        .out = arena_new_of(a, struct place_result),
        .seed = {in->seed[0], in->seed[1]},
    };
    if (!c.out)
        return err_set(err, -ENOMEM, "out of memory");
    size_t most = MIN(in->n_requests - in->first, (size_t)SCHED_PIECE_MAX) + 1;
    c.out->allocs.items = arena_array(a, void *, most);
    c.out->stops.items = arena_array(a, void *, most);
    c.out->stop_descriptions = arena_array(a, const char *, most);
    c.blank = make_blank(&c);
    bool ok = c.out->allocs.items && c.out->stops.items && c.out->stop_descriptions && c.blank;
    int e = ok ? place_all(&c) : -ENOMEM;
    if (c.running)
        run_end(&c.run);
    if (e < 0 || in->dry_run)
        unclaim(&c, 0);
    vec_free(&c.claims);
    if (e == -ENOMEM)
        return err_set(err, e, "out of memory");
    if (e < 0)
        return e;
    if (c.out->escaped)
        c.out->class_eligibility = (struct imap){0};
    *ret = c.out;
    return 0;
}

struct evaluation *sched_blocked_eval(struct arena *a, const struct evaluation *eval,
                                      const struct uuid *id, const struct place_result *r)
{
    struct evaluation *e = model_new(&evaluation_schema, a);
    if (!e)
        return NULL;
    e->id = *id;
    e->ns = eval->ns;
    e->priority = eval->priority;
    e->type = eval->type;
    e->triggered_by = TRIGGER_QUEUED_ALLOCS;
    e->job_id = eval->job_id;
    e->job_modify_index = eval->job_modify_index;
    e->status = EVAL_BLOCKED;
    e->status_description = EVAL_BLOCKED_DESC;
    e->previous_eval = eval->id;
    e->class_eligibility = r->class_eligibility;
    e->escaped_computed_class = r->escaped;
    return e;
}
