// SPDX-License-Identifier: Apache-2.0
/* Defaults that depend on other fields; values from Nomad 1.0.18 and 2.0.5 (api/tasks.go,
 * structs.go). */
#include <errno.h>
#include <string.h>

#include "jobspec/jobspec.h"

#define FILL(field, value)                                                                         \
    do {                                                                                           \
        if ((field) == INT_UNSET)                                                                  \
            (field) = (value);                                                                     \
    } while (0)
#define FILL_TRI(field, value)                                                                     \
    do {                                                                                           \
        if ((field) == TRI_UNSET)                                                                  \
            (field) = (value);                                                                     \
    } while (0)
#define FILL_TEXT(field, value)                                                                    \
    do {                                                                                           \
        if (isempty(field))                                                                        \
            (field) = (value);                                                                     \
    } while (0)

static void fill_restart(struct restart_policy *p, int32_t type)
{
    bool batch = type == JOB_BATCH || type == JOB_SYSBATCH;
    FILL(p->attempts, batch ? 3 : 2);
    FILL(p->interval, batch ? 24 * NSEC_HOUR : 30 * NSEC_MIN);
    FILL(p->delay, 15 * NSEC_SEC);
    FILL_TEXT(p->mode, "fail");
    FILL_TRI(p->render_templates, 0);
}

static void fill_reschedule(struct reschedule_policy *p, int32_t type)
{
    bool batch = type == JOB_BATCH;
    bool limited = p->attempts != INT_UNSET && p->attempts > 0 && p->unlimited == TRI_UNSET;
    FILL(p->attempts, batch ? 1 : 0);
    FILL(p->interval, batch ? 24 * NSEC_HOUR : 0);
    FILL(p->delay, batch ? 5 * NSEC_SEC : 30 * NSEC_SEC);
    FILL_TEXT(p->delay_function, batch ? "constant" : "exponential");
    FILL(p->max_delay, batch ? 0 : NSEC_HOUR);
    FILL_TRI(p->unlimited, batch || limited ? 0 : 1);
}

static void fill_update(struct update_strategy *u)
{
    FILL(u->stagger, 30 * NSEC_SEC);
    FILL(u->max_parallel, 1);
    FILL_TEXT(u->health_check, "checks");
    FILL(u->min_healthy_time, 10 * NSEC_SEC);
    FILL(u->healthy_deadline, 5 * NSEC_MIN);
    /* A job that only lengthens healthy_deadline means what it says: the deadline that was not
     * given makes room for it instead of contradicting it. */
    FILL(u->progress_deadline, u->healthy_deadline < 10 * NSEC_MIN   ? 10 * NSEC_MIN
                               : u->healthy_deadline > INT64_MAX / 2 ? INT64_MAX
                                                                     : 2 * u->healthy_deadline);
    FILL_TRI(u->auto_revert, 0);
    FILL_TRI(u->auto_promote, 0);
    FILL(u->canary, 0);
}

static void fill_migrate(struct migrate_strategy *m)
{
    FILL(m->max_parallel, 1);
    FILL_TEXT(m->health_check, "checks");
    FILL(m->min_healthy_time, 10 * NSEC_SEC);
    FILL(m->healthy_deadline, 5 * NSEC_MIN);
}

/* `over` (of the group or task) wins field by field against `base` (of the job or group). */
static void *merge(const struct schema *s, struct arena *a, const void *base, const void *over)
{
    if (!base && !over)
        return NULL;
    void *m = model_copy(s, a, base ? base : over);
    for (size_t i = 0; m && base && over && i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (!field_is_empty(f, over))
            memcpy(field_ptr(f, m), field_ptr(f, over), f->size);
    }
    return m;
}

static int canonical_service(struct arena *a, struct service *s, const struct job *j,
                             const struct task_group *g, const struct task *t)
{
    if (isempty(s->name))
        s->name = t ? arena_printf(a, "%s-%s-%s", nonull(j->name), nonull(g->name), nonull(t->name))
                    : arena_printf(a, "%s-%s", nonull(j->name), nonull(g->name));
    FILL_TEXT(s->ns, j->ns);
    if (t && isempty(s->task_name))
        s->task_name = t->name;
    return s->name ? 0 : -ENOMEM;
}

static int canonical_task(struct arena *a, struct task *t, const struct task_group *g,
                          const struct job *j)
{
    if (!t->resources && !(t->resources = model_new(&resources_schema, a)))
        return -ENOMEM;
    FILL(t->resources->cpu, t->resources->cores ? 0 : 100);
    if (!t->logs && !(t->logs = model_new(&log_config_schema, a)))
        return -ENOMEM;
    if (!(t->restart = merge(&restart_policy_schema, a, g->restart, t->restart)))
        return -ENOMEM;
    if (t->lifecycle && isempty(t->lifecycle->hook))
        t->lifecycle = NULL;
    OBJS_FOR(struct artifact, x, t->artifacts)
    FILL_TEXT(x->destination, "local/");
    OBJS_FOR(struct template, x, t->templates)
    if (streq(x->change_mode, "signal"))
        FILL_TEXT(x->change_signal, "SIGHUP");
    OBJS_FOR(struct service, s, t->services)
    if (canonical_service(a, s, j, g, t) < 0)
        return -ENOMEM;
    return 0;
}

static int canonical_group(struct arena *a, struct task_group *g, const struct job *j)
{
    bool service = j->type == JOB_SERVICE;
    if (g->scaling && g->scaling->min == INT_UNSET)
        g->scaling->min = g->count != INT_UNSET ? g->count : 1;
    FILL(g->count, g->scaling ? g->scaling->min : 1);
    if (!g->ephemeral_disk && !(g->ephemeral_disk = model_new(&ephemeral_disk_schema, a)))
        return -ENOMEM;
    if (!g->restart && !(g->restart = model_new(&restart_policy_schema, a)))
        return -ENOMEM;
    fill_restart(g->restart, j->type);
    if (j->type == JOB_SERVICE || j->type == JOB_BATCH) {
        g->reschedule = merge(&reschedule_policy_schema, a, j->reschedule, g->reschedule);
        if (!g->reschedule && !(g->reschedule = model_new(&reschedule_policy_schema, a)))
            return -ENOMEM;
        fill_reschedule(g->reschedule, j->type);
    }
    g->update = merge(&update_strategy_schema, a, j->update, g->update);
    if (!g->update && service && !(g->update = model_new(&update_strategy_schema, a)))
        return -ENOMEM;
    if (g->update)
        fill_update(g->update);
    g->migrate = merge(&migrate_strategy_schema, a, j->migrate, g->migrate);
    if (!g->migrate && service && !(g->migrate = model_new(&migrate_strategy_schema, a)))
        return -ENOMEM;
    if (g->migrate)
        fill_migrate(g->migrate);
    OBJS_FOR(struct service, s, g->services)
    if (canonical_service(a, s, j, g, NULL) < 0)
        return -ENOMEM;
    OBJS_FOR(struct task, t, g->tasks)
    if (canonical_task(a, t, g, j) < 0)
        return -ENOMEM;
    return 0;
}

int job_canonicalize(struct arena *a, struct job *j)
{
    FILL_TEXT(j->name, j->id);
    FILL_TEXT(j->ns, "default");
    FILL_TEXT(j->region, "global");
    FILL_TEXT(j->node_pool, "default");
    if (j->datacenters.n == 0 && strs_add(a, &j->datacenters, "*") < 0)
        return -ENOMEM;
    OBJS_FOR(struct task_group, g, j->task_groups)
    if (canonical_group(a, g, j) < 0)
        return -ENOMEM;
    /* Now part of the groups. */
    j->update = NULL;
    j->reschedule = NULL;
    j->migrate = NULL;
    if (j->periodic && isempty(j->periodic->time_zone))
        j->periodic->time_zone = "UTC";
    return 0;
}
