// SPDX-License-Identifier: Apache-2.0
/* What a new job version means for a running allocation. */
#include "sched/feasible.h"
#include "sched/reconcile_impl.h"

/* A job's meta reaches every task that does not override it in its group. */
static bool job_meta_differs(const struct smap *a, const struct smap *b, const struct smap *over)
{
    for (size_t i = 0; i < a->n; i++)
        if (!smap_get(over, a->items[i].key) &&
            !streq(a->items[i].value, smap_get(b, a->items[i].key)))
            return true;
    return false;
}

static enum change group_change(const struct job *old, const struct job *fresh,
                                const struct task_group *g)
{
    const struct task_group *was = job_find_group(old, g->name);
    if (!was)
        return CHG_DESTROY;
    enum change c = model_change(&task_group_schema, was, g);
    if (c == CHG_DESTROY || old->type != fresh->type ||
        job_meta_differs(&old->meta, &fresh->meta, &g->meta) ||
        job_meta_differs(&fresh->meta, &old->meta, &g->meta))
        return CHG_DESTROY;
    return CHG_INPLACE; /* the job is a new one: the allocation points to it from now on */
}

/* Could the group, as it is now, have been placed on the node it runs on? Resources are no
 * question: a change of what is asked for is destructive already. */
static bool node_still_fits(struct reconciler *r, const struct task_group *g, const struct node *n)
{
    if (r->checker_group != g) {
        struct feasible *f = NULL;
        r->checker = feasible_free(r->checker);
        if (feasible_new(r->in->job, g, NULL, &f) < 0)
            return false;
        r->checker = f;
        r->checker_group = g;
    }
    return feasible_class(r->checker, n) == FEAS_OK && feasible_node(r->checker, n) == FEAS_OK;
}

enum change update_class(struct reconciler *r, const struct task_group *g,
                         const struct allocation *x)
{
    const struct job *j = r->in->job;
    if (x->job == j || (x->job && x->job->job_modify_index == j->job_modify_index &&
                        x->job_create_index == j->create_index))
        return 0;
    if (!x->job)
        return CHG_DESTROY;
    if (r->memo_job != x->job || r->memo_group != g) {
        r->memo_change = group_change(x->job, j, g);
        r->memo_job = x->job;
        r->memo_group = g;
    }
    if (r->memo_change == CHG_DESTROY)
        return CHG_DESTROY;
    if (alloc_terminal(x))
        return 0;
    const struct node *n = r->in->node_cb(r->in->ctx, &x->node_id);
    return n && node_still_fits(r, g, n) ? CHG_INPLACE : CHG_DESTROY;
}
