// SPDX-License-Identifier: Apache-2.0
/* The job's own rules. Limits are Nomad's; each text says what to write instead where that is
 * known. */
#include "jobspec/validate.h"

#include <errno.h>
#include <stdarg.h>

void find(struct findings *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(f->arena, fmt, ap);
    va_end(ap);
    if (text && f->where)
        text = arena_printf(f->arena, "%s: %s", f->where, text);
    if (!text || strs_add(f->arena, &f->texts, text) < 0)
        f->no_memory = true;
}

static void validate_identity(struct findings *f, const struct job *j)
{
    if (isempty(j->id))
        find(f, "Missing job ID");
    else if (strchr(j->id, ' '))
        find(f, "Job ID contains a space");
    if (strlen(nonull(j->id)) > 255)
        find(f, "Job ID is longer than 255 bytes");
    if (isempty(j->name))
        find(f, "Missing job name");
    if (isempty(j->region))
        find(f, "Missing job region");
    if (isempty(j->ns))
        find(f, "Job must be in a namespace");
    if (j->priority < 1 || j->priority > 100)
        find(f, "Job priority must be between [1, 100], found %lld", (long long)j->priority);
    if (j->datacenters.n == 0)
        find(f, "Missing job datacenters");
    for (size_t i = 0; i < j->datacenters.n; i++)
        if (isempty(j->datacenters.items[i]))
            find(f, "Job datacenter must be non-empty string");
    if (j->type == JOB_CORE)
        find(f, "Invalid job type: \"_core\"");
}

static void validate_type(struct findings *f, const struct job *j)
{
    if (j->type == JOB_SYSTEM || j->type == JOB_SYSBATCH)
        find(f, "not supported yet: job type \"%s\"", enum_text(&job_type_texts, j->type));
    if (j->type == JOB_SERVICE && (j->periodic || j->parameterized))
        find(f, "%s can only be used with batch jobs",
             j->periodic ? "Periodic" : "Parameterized job");
    if (j->periodic && j->periodic->enabled)
        find(f, "not supported yet: periodic jobs");
    if (j->parameterized && !j->dispatched)
        find(f, "not supported yet: parameterized jobs");
}

int job_validate(struct arena *a, const struct job *j, struct strs *ret_errors)
{
    struct findings f = {.arena = a};
    validate_identity(&f, j);
    validate_type(&f, j);
    if (j->task_groups.n == 0)
        find(&f, "Missing job task groups");
    validate_constraints(&f, &j->constraints, false);
    validate_affinities(&f, &j->affinities);
    validate_spreads(&f, &j->spreads);
    for (size_t i = 0; i < j->task_groups.n; i++) {
        const struct task_group *g = j->task_groups.items[i];
        for (size_t k = 0; k < i; k++)
            if (streq(((const struct task_group *)j->task_groups.items[k])->name, g->name))
                find(&f, "Job task group %zu redefines '%s' from group %zu", i + 1, nonull(g->name),
                     k + 1);
        f.where = arena_printf(a, "Task group %s", nonull(g->name));
        validate_group(&f, j, g);
        f.where = NULL;
    }
    if (f.no_memory)
        return -ENOMEM;
    *ret_errors = f.texts;
    return 0;
}

const char *job_errors_text(struct arena *a, const struct strs *errors)
{
    if (errors->n == 0)
        return NULL;
    const char *text =
        arena_printf(a, "%zu error%s occurred:\n", errors->n, errors->n > 1 ? "s" : "");
    for (size_t i = 0; text && i < errors->n; i++)
        text = arena_printf(a, "%s\t* %s\n", text, errors->items[i]);
    return text;
}

const char *job_warnings_text(struct arena *a, const struct strs *warnings)
{
    if (warnings->n == 0)
        return NULL;
    const char *text =
        arena_printf(a, "%zu warning%s:\n\n", warnings->n, warnings->n > 1 ? "s" : "");
    for (size_t i = 0; text && i < warnings->n; i++)
        text = arena_printf(a, "%s* %s\n", text, warnings->items[i]);
    return text;
}

static void warn_services(struct findings *f, const struct objs *services)
{
    if (services->n)
        find(f, "service blocks are accepted but not registered anywhere yet");
}

static void warn_task(struct findings *f, const struct task *t)
{
    warn_services(f, &t->services);
    if (t->identities.n || t->actions.n)
        find(f, "identity and action blocks of task \"%s\" are not acted upon yet",
             nonull(t->name));
    if (t->resources && t->resources->secrets_mb)
        find(f, "secrets = %lld of task \"%s\" is not acted upon yet",
             (long long)t->resources->secrets_mb, nonull(t->name));
}

static void warn_update(struct findings *f, const struct update_strategy *u)
{
    if (!u)
        return;
    if (u->canary > 0)
        find(f, "canary = %lld is not acted upon yet: the update rolls by max_parallel",
             (long long)u->canary);
    if (u->auto_revert == 1 || u->auto_promote == 1)
        find(f, "auto_revert and auto_promote are not acted upon yet");
}

static void warn_group(struct findings *f, const struct task_group *g)
{
    warn_services(f, &g->services);
    warn_update(f, g->update);
    if (g->disconnect || g->max_client_disconnect != INT_UNSET ||
        g->stop_after_client_disconnect != INT_UNSET || g->prevent_reschedule_on_lost)
        find(f, "disconnect settings are accepted but not acted upon yet");
    if (g->max_run_duration != INT_UNSET)
        find(f, "max_run_duration is not acted upon yet");
    if (g->ephemeral_disk && (g->ephemeral_disk->sticky || g->ephemeral_disk->migrate))
        find(f, "sticky and migrated ephemeral disks are accepted but not acted upon yet");
    OBJS_FOR(struct network_resource, n, g->networks)
    if (n->dns || n->cni)
        find(f, "dns and cni blocks of a network are not acted upon yet");
    OBJS_FOR(struct task, t, g->tasks)
    warn_task(f, t);
}

int job_warnings(struct arena *a, const struct job *j, struct strs *ret_warnings)
{
    struct findings f = {.arena = a};
    if (j->all_at_once)
        find(&f, "all_at_once is not acted upon yet: what fits is placed");
    OBJS_FOR(struct task_group, g, j->task_groups)
    {
        f.where = arena_printf(a, "Group \"%s\"", nonull(g->name));
        warn_group(&f, g);
    }
    if (f.no_memory)
        return -ENOMEM;
    *ret_warnings = f.texts;
    return 0;
}
