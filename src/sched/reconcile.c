// SPDX-License-Identifier: Apache-2.0
/* Reconcile: sorts a job's allocations into sets by group, then lets reconcile_group() decide. */
#include "sched/feasible.h"
#include "sched/reconcile_impl.h"

#define RESCHEDULE_WINDOW NSEC_SEC

int arena_grow(struct arena *a, void **items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return 0;
    size_t fresh = MAX(*cap * 2, (size_t)16);
    void *p = arena_calloc(a, fresh, size);
    if (!p)
        return -ENOMEM;
    if (n)
        memcpy(p, *items, n * size);
    *items = p;
    *cap = fresh;
    return 0;
}

int alloc_list_add(struct arena *a, struct alloc_list *l, const struct allocation *x)
{
    return arena_push(a, l->items, l->n, l->cap, x);
}

int add_stop(struct reconciler *r, const struct allocation *x, const char *why, int32_t client)
{
    struct stop_request s = {.alloc = x, .description = why, .client_status = client};
    return arena_push(r->a, r->out->stop, r->out->n_stop, r->cap_stop, s);
}

static bool node_lost(const struct reconciler *r, const struct allocation *x)
{
    const struct node *n = r->in->node_cb(r->in->ctx, &x->node_id);
    return !n || n->status == NODE_DOWN || n->status == NODE_DISCONNECTED;
}

static bool ran_successfully(const struct allocation *x)
{
    for (size_t i = 0; i < x->task_states.n; i++) {
        const struct task_state *t = x->task_states.items[i].value;
        if (t->state != TASK_DEAD || t->failed)
            return false;
    }
    return x->task_states.n > 0;
}

static bool older(const struct reconciler *r, const struct allocation *x)
{
    const struct job *j = r->in->job;
    return x->job_version < j->version || x->job_create_index < j->create_index;
}

static bool forced(const struct allocation *x)
{
    return x->desired_transition && x->desired_transition->force_reschedule == 1;
}

/* A failed allocation: replaced now, later, or it keeps its place until somebody changes the job.
 */
static int classify_failed(struct reconciler *r, struct group_sets *s, const struct allocation *x)
{
    nsec_t at;
    bool eligible = reschedule_time(x, &at);
    bool due =
        eligible &&
        ((!uuid_is_zero(&x->followup_eval_id) && uuid_eq(&x->followup_eval_id, &r->in->eval->id)) ||
         at - r->in->now <= RESCHEDULE_WINDOW);
    if (forced(x) || due)
        return alloc_list_add(r->a, &s->reschedule, x);
    if (eligible && uuid_is_zero(&x->followup_eval_id)) {
        struct later l = {x, at};
        if (arena_push(r->a, s->later, s->n_later, s->cap_later, l) < 0)
            return -ENOMEM;
    }
    return alloc_list_add(r->a, &s->keep, x);
}

/* Allocations that somebody asked to stop, or that ended. */
static int classify_terminal(struct reconciler *r, struct group_sets *s, const struct allocation *x)
{
    if (r->batch && older(r, x)) {
        s->ignored++;
        return 0;
    }
    if (!uuid_is_zero(&x->next_allocation))
        return 0;
    if (x->desired_status != ALLOC_RUN)
        return r->batch && ran_successfully(x) ? alloc_list_add(r->a, &s->keep, x) : 0;
    if (x->client_status == ALLOC_FAILED)
        return classify_failed(r, s, x);
    return r->batch ? alloc_list_add(r->a, &s->keep, x) : 0;
}

static int classify(struct reconciler *r, struct group_sets *s, const struct allocation *x)
{
    if (alloc_terminal(x))
        return classify_terminal(r, s, x);
    if (x->desired_transition && x->desired_transition->migrate == 1)
        return alloc_list_add(r->a, &s->migrate, x);
    if (node_lost(r, x))
        return alloc_list_add(r->a, &s->lost, x);
    if (forced(x) && !r->batch)
        return alloc_list_add(r->a, &s->reschedule, x);
    return alloc_list_add(r->a, &s->keep, x);
}

/* A stopping allocation whose node died will never report its end. */
static int mark_orphan(struct reconciler *r, const struct allocation *x)
{
    if (x->desired_status == ALLOC_RUN || alloc_client_terminal(x) || !node_lost(r, x))
        return 0;
    return add_stop(r, x, STOP_LOST, ALLOC_LOST);
}

static int stop_one(struct reconciler *r, const struct allocation *x, struct reconcile_group *g)
{
    if (alloc_terminal(x))
        return 0;
    g->updates.stop++;
    return node_lost(r, x) ? add_stop(r, x, STOP_LOST, ALLOC_LOST)
                           : add_stop(r, x, STOP_NOT_NEEDED, -1);
}

static size_t find_group(const struct reconcile_result *out, const char *name, size_t hint)
{
    if (hint < out->n_groups && streq(out->groups[hint].name, name))
        return hint;
    for (size_t i = 0; i < out->n_groups; i++)
        if (streq(out->groups[i].name, name))
            return i;
    return out->n_groups;
}

/* The groups of the job, then those only allocations name; *ret_of maps allocations to them. */
static int collect_groups(struct reconciler *r, size_t n_living, size_t **ret_of)
{
    const struct reconcile_input *in = r->in;
    struct reconcile_result *out = r->out;
    size_t cap = 0, hint = 0;
    size_t *of = arena_array(r->a, size_t, in->n_allocs + 1);
    for (size_t i = 0; i < n_living; i++) {
        struct reconcile_group g = {.name =
                                        ((struct task_group *)in->job->task_groups.items[i])->name};
        if (arena_push(r->a, out->groups, out->n_groups, cap, g) < 0)
            return -ENOMEM;
    }
    for (size_t i = 0; of && i < in->n_allocs; i++) {
        of[i] = hint = find_group(out, in->allocs[i]->task_group, hint);
        if (hint < out->n_groups)
            continue;
        struct reconcile_group g = {.name = in->allocs[i]->task_group};
        if (arena_push(r->a, out->groups, out->n_groups, cap, g) < 0)
            return -ENOMEM;
    }
    *ret_of = of;
    return of ? 0 : -ENOMEM;
}

static int run(struct reconciler *r, size_t n_living)
{
    const struct reconcile_input *in = r->in;
    size_t *of = NULL;
    int e = collect_groups(r, n_living, &of);
    struct group_sets *sets = arena_array(r->a, struct group_sets, n_living + 1);
    if (e < 0 || !sets)
        return -ENOMEM;
    if (n_living == 1 && in->n_allocs) {
        /* most jobs have one group, and most of its allocations stay */
        sets[0].keep.cap = in->n_allocs;
        sets[0].keep.items = arena_array(r->a, const struct allocation *, in->n_allocs);
        if (!sets[0].keep.items)
            return -ENOMEM;
    }
    for (size_t i = 0; i < in->n_allocs; i++) {
        const struct allocation *x = in->allocs[i];
        e = mark_orphan(r, x);
        if (e == 0)
            e = of[i] < n_living ? classify(r, &sets[of[i]], x)
                                 : stop_one(r, x, &r->out->groups[of[i]]);
        if (e < 0)
            return e;
    }
    for (size_t i = 0; i < n_living; i++) {
        e = reconcile_group(r, in->job->task_groups.items[i], &sets[i], &r->out->groups[i]);
        if (e < 0)
            return e;
        r->out->rolling_left += r->out->groups[i].rolling_left;
    }
    return 0;
}

/* One list, destructive requests first: the room they free may be what the others need. */
static int join_requests(struct reconciler *r)
{
    size_t n = r->n_destructive + r->out->n_place;
    struct place_request *all = arena_array(r->a, struct place_request, n + 1);
    if (!all)
        return -ENOMEM;
    if (r->n_destructive)
        memcpy(all, r->destructive, r->n_destructive * sizeof(*all));
    if (r->out->n_place)
        memcpy(all + r->n_destructive, r->out->place, r->out->n_place * sizeof(*all));
    r->out->place = all;
    r->out->n_place = n;
    return 0;
}

int reconcile(struct arena *a, const struct reconcile_input *in, struct err *err,
              struct reconcile_result **ret)
{
    assert(in->eval && in->node_cb && (in->allocs || !in->n_allocs));
    const struct job *j = in->job;
    bool living = j && !j->stop;
    if (living && j->type != JOB_SERVICE && j->type != JOB_BATCH)
        return err_set(err, -EOPNOTSUPP, "not supported: scheduling of %s jobs",
                       enum_text(&job_type_texts, j->type));
    struct reconciler r = {
        .a = a,
        .in = in,
        .out = arena_new_of(a, struct reconcile_result),
        .batch = j && j->type == JOB_BATCH,
        .seed = {in->seed[0], in->seed[1]},
    };
    bool ok = r.out && run(&r, living ? j->task_groups.n : 0) == 0 && join_requests(&r) == 0;
    feasible_free(r.checker);
    if (!ok)
        return err_set(err, -ENOMEM, "out of memory");
    *ret = r.out;
    return 0;
}

struct plan_annotations *reconcile_annotations(struct arena *a, const struct reconcile_result *r)
{
    struct plan_annotations *p = arena_new_of(a, struct plan_annotations);
    for (size_t i = 0; p && i < r->n_groups; i++) {
        void *u = model_copy(&desired_updates_schema, a, &r->groups[i].updates);
        if (!u || omap_set(a, &p->desired_tg_updates, r->groups[i].name, u) < 0)
            return NULL;
    }
    return p;
}
