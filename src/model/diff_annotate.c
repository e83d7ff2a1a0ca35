// SPDX-License-Identifier: Apache-2.0
/* Texts and rules: scheduler/annotate.go. Whether a task's change is destructive comes from the
 * field tables, so that what the plan says is what will happen. */
#include <errno.h>

#include "model/diff.h"

static int annotate_updates(struct arena *a, struct task_group_diff *g,
                            const struct desired_updates *u)
{
    const struct {
        const char *name;
        int64_t n;
    } kinds[] = {{"ignore", u->ignore},
                 {"create", u->place},
                 {"migrate", u->migrate},
                 {"destroy", u->stop},
                 {"canary", u->canary},
                 {"in-place update", u->in_place},
                 {"create/destroy update", u->destructive}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].n && imap_set(a, &g->updates, kinds[i].name, kinds[i].n) < 0)
            return -ENOMEM;
    return 0;
}

static int annotate_count(struct arena *a, struct task_group_diff *g)
{
    OBJS_FOR(struct field_diff, f, g->fields)
    {
        int64_t old = 0, new = 0;
        if (!streq(f->name, "Count"))
            continue;
        if ((!isempty(f->old) && parse_i64(str_of(f->old), &old) < 0) ||
            (!isempty(f->new) && parse_i64(str_of(f->new), &new) < 0) || old == new)
            return 0;
        return strs_add(a, &f->annotations, old < new ? "forces create" : "forces destroy");
    }
    return 0;
}

static const char *task_annotation(const struct task_group_diff *g, const struct task_diff *t)
{
    bool whole_group = g->type == DIFF_ADDED || g->type == DIFF_DELETED;
    if (whole_group && t->type == DIFF_ADDED)
        return "forces create";
    if (whole_group && t->type == DIFF_DELETED)
        return "forces destroy";
    return t->change == CHG_DESTROY ? "forces create/destroy update" : "forces in-place update";
}

static int annotate_tasks(struct arena *a, struct task_group_diff *g)
{
    OBJS_FOR(struct task_diff, t, g->tasks)
    if (t->type != DIFF_NONE && strs_add(a, &t->annotations, task_annotation(g, t)) < 0)
        return -ENOMEM;
    return 0;
}

int job_diff_annotate(struct arena *a, struct job_diff *d, const struct plan_annotations *plan)
{
    OBJS_FOR(struct task_group_diff, g, d->task_groups)
    {
        const struct desired_updates *u =
            plan ? omap_get(&plan->desired_tg_updates, nonull(g->name)) : NULL;
        if ((u && annotate_updates(a, g, u) < 0) || annotate_count(a, g) < 0 ||
            annotate_tasks(a, g) < 0)
            return -ENOMEM;
    }
    return 0;
}
