// SPDX-License-Identifier: Apache-2.0
/* What one task group needs: how many to stop, update and place, and under which names. */
#include "sched/reconcile_impl.h"

#define FOLLOWUP_WINDOW (5 * NSEC_SEC)

static int by_index(const void *pa, const void *pb)
{
    const struct allocation *a = *(const struct allocation *const *)pa,
                            *b = *(const struct allocation *const *)pb;
    int64_t ia = alloc_name_index(a->name), ib = alloc_name_index(b->name);
    if (ia != ib)
        return ia < ib ? -1 : 1;
    return uuid_cmp(&a->id, &b->id);
}

static void sort_list(struct alloc_list *l)
{
    if (l->n > 1)
        qsort(l->items, l->n, sizeof(*l->items), by_index);
}

static int by_time(const void *pa, const void *pb)
{
    const struct later *a = pa, *b = pb;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return uuid_cmp(&a->alloc->id, &b->alloc->id);
}

static struct evaluation *followup(struct reconciler *r, nsec_t at)
{
    const struct job *j = r->in->job;
    struct evaluation *e = model_new(&evaluation_schema, r->a);
    if (!e)
        return NULL;
    uuid_from_seed(r->seed, &e->id);
    e->ns = j->ns;
    e->priority = j->priority;
    e->type = j->type;
    e->triggered_by = TRIGGER_ALLOC_FAILURE;
    e->job_id = j->id;
    e->job_modify_index = j->modify_index;
    e->status = EVAL_PENDING;
    e->status_description = EVAL_FOLLOWUP_DESC;
    e->previous_eval = r->in->eval->id;
    e->wait_until = at;
    return e;
}

/* Failed allocations due within five seconds share one evaluation. */
static int plan_followups(struct reconciler *r, struct group_sets *s)
{
    struct evaluation *e = NULL;
    if (s->n_later > 1)
        qsort(s->later, s->n_later, sizeof(*s->later), by_time);
    for (size_t i = 0; i < s->n_later; i++) {
        if (!e || s->later[i].at - e->wait_until >= FOLLOWUP_WINDOW) {
            e = followup(r, s->later[i].at);
            if (!e ||
                arena_push(r->a, r->out->followups, r->out->n_followups, r->cap_followups, e) < 0)
                return -ENOMEM;
        }
        struct followup_mark m = {s->later[i].alloc, e->id};
        if (arena_push(r->a, r->out->marks, r->out->n_marks, r->cap_marks, m) < 0)
            return -ENOMEM;
    }
    return 0;
}

static void take_names(struct name_index *names, const struct alloc_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        name_index_set(names, alloc_name_index(l->items[i]->name));
}

/* Stops up to `excess` living allocations of the list, highest index first; the others stay. */
static int stop_highest(struct reconciler *r, struct alloc_list *l, size_t *excess,
                        struct name_index *names, struct reconcile_group *out)
{
    if (!*excess || !l->n)
        return 0;
    sort_list(l);
    size_t kept = l->n;
    for (size_t i = l->n; i-- > 0;) {
        const struct allocation *x = l->items[i];
        if (!*excess || alloc_terminal(x)) {
            l->items[--kept] = x;
            continue;
        }
        if (add_stop(r, x, STOP_NOT_NEEDED, -1) < 0)
            return -ENOMEM;
        name_index_unset(names, alloc_name_index(x->name));
        out->updates.stop++;
        (*excess)--;
    }
    l->items += kept;
    l->n -= kept;
    return 0;
}

static int stop_excess(struct reconciler *r, const struct task_group *g, struct group_sets *s,
                       struct name_index *names, struct reconcile_group *out)
{
    for (size_t i = 0; i < s->lost.n; i++)
        if (add_stop(r, s->lost.items[i], STOP_LOST, ALLOC_LOST) < 0)
            return -ENOMEM;
    out->updates.stop += (int64_t)s->lost.n;
    int64_t over = (int64_t)(s->keep.n + s->migrate.n) - g->count;
    size_t excess = over > 0 ? (size_t)over : 0;
    int e = stop_highest(r, &s->migrate, &excess, names, out);
    if (e == 0)
        e = stop_highest(r, &s->keep, &excess, names, out);
    return e;
}

/* Splits `keep`: in-place updates go to the result, destructive ones to the list. */
static int split_updates(struct reconciler *r, const struct task_group *g, struct group_sets *s,
                         struct alloc_list *destructive, struct reconcile_group *out)
{
    for (size_t i = 0; i < s->keep.n; i++) {
        const struct allocation *x = s->keep.items[i];
        switch (update_class(r, g, x)) {
        case CHG_DESTROY:
            if (alloc_list_add(r->a, destructive, x) < 0)
                return -ENOMEM;
            break;
        case CHG_INPLACE:
            out->updates.in_place++;
            if (arena_push(r->a, r->out->inplace, r->out->n_inplace, r->cap_inplace, x) < 0)
                return -ENOMEM;
            break;
        default:
            out->updates.ignore++;
        }
    }
    return 0;
}

/* How many more allocations of the new version may be under way. Deployments will count health
 * here; until then an allocation of the new version that is not running (pending, or failed and
 * waiting) uses up one of max_parallel. */
static size_t rolling_limit(const struct reconciler *r, const struct task_group *g,
                            const struct group_sets *s, size_t n_destructive)
{
    if (!g->update || g->update->max_parallel <= 0 || n_destructive + s->migrate.n == 0)
        return (size_t)MAX(g->count, (int64_t)0) + n_destructive;
    int64_t limit = g->update->max_parallel;
    for (size_t i = 0; i < s->keep.n; i++) {
        const struct allocation *x = s->keep.items[i];
        bool fresh = x->job_version == r->in->job->version &&
                     x->job_create_index == r->in->job->create_index;
        limit -= fresh && x->client_status != ALLOC_RUNNING && x->client_status != ALLOC_COMPLETE;
    }
    return (size_t)MAX(limit, (int64_t)0);
}

static int add_place(struct reconciler *r, struct place_request p, struct reconcile_group *out)
{
    out->queued++;
    return arena_push(r->a, r->out->place, r->out->n_place, r->cap_place, p);
}

static int place_rescheduled(struct reconciler *r, struct task_group *g, struct group_sets *s,
                             int64_t *existing, struct reconcile_group *out)
{
    sort_list(&s->reschedule);
    for (size_t i = 0; i < s->reschedule.n; i++) {
        const struct allocation *x = s->reschedule.items[i];
        out->updates.stop++;
        if (*existing >= g->count) {
            if (add_stop(r, x, STOP_NOT_NEEDED, -1) < 0)
                return -ENOMEM;
            continue;
        }
        struct place_request p = {
            .name = x->name,
            .group = g,
            .previous = x,
            .stop_description = STOP_RESCHEDULED,
            .tracker = tracker_next(r->a, x, r->in->now),
            .reschedule = true,
        };
        if (!p.tracker || add_place(r, p, out) < 0)
            return -ENOMEM;
        out->updates.place++;
        (*existing)++;
    }
    return 0;
}

static int place_lost(struct reconciler *r, struct task_group *g, struct group_sets *s,
                      int64_t *existing, struct reconcile_group *out)
{
    sort_list(&s->lost);
    for (size_t i = 0; i < s->lost.n && *existing < g->count; i++, (*existing)++) {
        const struct allocation *x = s->lost.items[i];
        struct place_request p = {.name = x->name, .group = g, .previous = x};
        if (add_place(r, p, out) < 0)
            return -ENOMEM;
        out->updates.place++;
    }
    return 0;
}

static int place_new(struct reconciler *r, struct task_group *g, struct name_index *names,
                     int64_t existing, struct reconcile_group *out)
{
    for (; existing < g->count; existing++) {
        int64_t i = name_index_next(names);
        if (i < 0)
            break; /* only after duplicate names; the next evaluation finds a free one */
        const char *name = arena_printf(r->a, "%s.%s[%lld]", r->in->job->id, g->name, (long long)i);
        struct place_request p = {.name = name, .group = g};
        if (!name || add_place(r, p, out) < 0)
            return -ENOMEM;
        out->updates.place++;
    }
    return 0;
}

static int place_destructive(struct reconciler *r, struct task_group *g, struct alloc_list *l,
                             size_t limit, struct reconcile_group *out)
{
    sort_list(l);
    size_t n = MIN(l->n, limit);
    for (size_t i = 0; i < n; i++) {
        struct place_request p = {
            .name = l->items[i]->name,
            .group = g,
            .previous = l->items[i],
            .stop_description = STOP_UPDATING,
        };
        out->queued++;
        if (arena_push(r->a, r->destructive, r->n_destructive, r->cap_destructive, p) < 0)
            return -ENOMEM;
    }
    out->updates.destructive += (int64_t)n;
    out->updates.ignore += (int64_t)(l->n - n);
    out->rolling_left = l->n - n;
    return 0;
}

static int place_migrating(struct reconciler *r, struct task_group *g, struct alloc_list *l,
                           struct reconcile_group *out)
{
    sort_list(l);
    for (size_t i = 0; i < l->n; i++) {
        struct place_request p = {.name = l->items[i]->name, .group = g, .previous = l->items[i]};
        if (add_stop(r, l->items[i], STOP_MIGRATING, -1) < 0 || add_place(r, p, out) < 0)
            return -ENOMEM;
        out->updates.migrate++;
    }
    return 0;
}

int reconcile_group(struct reconciler *r, struct task_group *g, struct group_sets *s,
                    struct reconcile_group *out)
{
    struct name_index names;
    struct alloc_list destructive = {0};
    size_t count = (size_t)MAX(g->count, (int64_t)0);
    out->updates.ignore += (int64_t)s->ignored;
    bool settled = s->keep.n == count && !s->migrate.n && !s->lost.n && !s->reschedule.n;
    if (plan_followups(r, s) < 0 || name_index_init(r->a, &names, settled ? 0 : count) < 0)
        return -ENOMEM;
    if (settled) {
        if (split_updates(r, g, s, &destructive, out) < 0)
            return -ENOMEM;
        return place_destructive(r, g, &destructive, rolling_limit(r, g, s, destructive.n), out);
    }
    take_names(&names, &s->keep);
    take_names(&names, &s->migrate);
    take_names(&names, &s->reschedule);
    take_names(&names, &s->lost);
    if (stop_excess(r, g, s, &names, out) < 0 || split_updates(r, g, s, &destructive, out) < 0)
        return -ENOMEM;

    size_t limit = rolling_limit(r, g, s, destructive.n), before = r->out->n_place;
    int64_t existing = (int64_t)(s->keep.n + s->migrate.n);
    if (place_rescheduled(r, g, s, &existing, out) < 0 || place_lost(r, g, s, &existing, out) < 0 ||
        place_new(r, g, &names, existing, out) < 0)
        return -ENOMEM;
    limit -= MIN(limit, r->out->n_place - before);
    if (place_destructive(r, g, &destructive, limit, out) < 0 ||
        place_migrating(r, g, &s->migrate, out) < 0)
        return -ENOMEM;
    return 0;
}
