// SPDX-License-Identifier: Apache-2.0
/* Rules of groups, tasks and what they hold. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>

#include "jobspec/validate.h"

static const char *const operands[] = {
    "=",
    "==",
    "is",
    "!=",
    "not",
    "<",
    "<=",
    ">",
    ">=",
    "regexp",
    "version",
    "semver",
    "set_contains",
    "set_contains_all",
    "set_contains_any",
    "is_set",
    "is_not_set",
    "distinct_hosts",
    "distinct_property",
};

static bool known_operand(const char *op)
{
    for (size_t i = 0; i < ARRAY_LEN(operands); i++)
        if (streq(op, operands[i]))
            return true;
    return false;
}

static bool needs_rtarget(const char *op)
{
    return !streq(op, "is_set") && !streq(op, "is_not_set") && !streq(op, "distinct_hosts") &&
           !streq(op, "distinct_property");
}

static void unknown_operand(struct findings *f, const char *what, size_t i, const char *op)
{
    const char *near = nearest_name(str_of(nonull(op)), operands, ARRAY_LEN(operands));
    find(f, "%s %zu validation failed: unknown operator \"%s\"%s%s%s", what, i + 1, nonull(op),
         near ? "; did you mean \"" : "", nonull(near), near ? "\"?" : "");
}

void validate_constraints(struct findings *f, const struct objs *list, bool at_task)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct constraint *c = list->items[i];
        if (!known_operand(c->operand)) {
            unknown_operand(f, "Constraint", i, c->operand);
            continue;
        }
        bool distinct = has_prefix(c->operand, "distinct_");
        if (distinct && at_task)
            find(f, "Constraint %zu has disallowed operand at task level: %s", i + 1, c->operand);
        if (isempty(c->ltarget) && !streq(c->operand, "distinct_hosts"))
            find(f, "Constraint %zu validation failed: no attribute (LTarget) given", i + 1);
        if (isempty(c->rtarget) && needs_rtarget(c->operand))
            find(f, "Constraint %zu validation failed: operator %s requires a value (RTarget)",
                 i + 1, c->operand);
    }
}

void validate_affinities(struct findings *f, const struct objs *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct affinity *c = list->items[i];
        if (!known_operand(c->operand) || has_prefix(c->operand, "distinct_"))
            unknown_operand(f, "Affinity", i, c->operand);
        if (c->weight == 0 || c->weight > 100 || c->weight < -100)
            find(f, "Affinity %zu validation failed: weight must be within [-100, 100] and not 0",
                 i + 1);
    }
}

void validate_spreads(struct findings *f, const struct objs *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct spread *s = list->items[i];
        int64_t sum = 0;
        if (isempty(s->attribute))
            find(f, "Spread %zu validation failed: missing spread attribute", i + 1);
        if (s->weight <= 0 || s->weight > 100)
            find(f, "Spread %zu validation failed: weight must be within [1, 100]", i + 1);
        OBJS_FOR(struct spread_target, t, s->targets)
        {
            if (t->percent < 0 || t->percent > 100)
                find(f,
                     "Spread %zu validation failed: target \"%s\" wants a percent within [0, 100]",
                     i + 1, nonull(t->value));
            else
                sum += t->percent;
        }
        if (sum > 100)
            find(f, "Spread %zu validation failed: sum of target percentages %lld exceeds 100",
                 i + 1, (long long)sum);
    }
}

static void validate_restart(struct findings *f, const struct restart_policy *p)
{
    if (!p)
        return;
    if (!streq(p->mode, "delay") && !streq(p->mode, "fail"))
        find(f, "Unsupported restart mode: \"%s\" (\"delay\" or \"fail\")", nonull(p->mode));
    if (p->attempts == 0 && !streq(p->mode, "fail"))
        find(f, "Restart policy \"%s\" with 0 attempts is ambiguous", p->mode);
    if (p->attempts < 0)
        find(f, "Restart attempts can't be negative");
    if (p->interval < 5 * NSEC_SEC)
        find(f, "Restart interval can not be less than 5s");
    if (p->attempts > 0 && p->delay > 0 && p->attempts > p->interval / p->delay)
        find(f, "Nomad can't restart the task group %lld times in an interval with this delay",
             (long long)p->attempts);
}

static void validate_reschedule(struct findings *f, const struct reschedule_policy *p)
{
    static const char *const functions[] = {"constant", "exponential", "fibonacci"};
    bool known = false;
    if (!p || (p->attempts <= 0 && p->unlimited != 1))
        return;
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        known |= streq(p->delay_function, functions[i]);
    if (!known)
        find(f, "Invalid delay function \"%s\", must be one of constant, exponential, fibonacci",
             nonull(p->delay_function));
    if (p->delay < 5 * NSEC_SEC)
        find(f, "Reschedule delay cannot be less than 5s");
    if (!streq(p->delay_function, "constant") && p->max_delay < p->delay)
        find(f, "Reschedule max delay cannot be less than its delay");
    if (p->unlimited != 1 && p->interval <= 0)
        find(f, "Reschedule interval must be a non-zero value if attempts > 0");
}

static void validate_update(struct findings *f, const struct job *j,
                            const struct update_strategy *u)
{
    if (!u)
        return;
    if (j->type == JOB_BATCH)
        find(f, "Job type \"batch\" does not allow update block");
    if (u->max_parallel < 0)
        find(f, "Max parallel can not be less than zero: %lld < 0", (long long)u->max_parallel);
    if (u->canary < 0)
        find(f, "Canary count can not be less than zero: %lld < 0", (long long)u->canary);
    if (!streq(u->health_check, "checks") && !streq(u->health_check, "task_states") &&
        !streq(u->health_check, "manual"))
        find(f, "Invalid health check given: \"%s\"", nonull(u->health_check));
    if (u->canary == 0 && u->auto_promote == 1)
        find(f, "Auto Promote requires a Canary count greater than zero");
    if (u->min_healthy_time >= u->healthy_deadline)
        find(f, "Minimum healthy time must be less than healthy deadline");
    if (u->progress_deadline != 0 && u->healthy_deadline >= u->progress_deadline)
        find(f, "Healthy deadline must be less than progress deadline");
}

static void validate_ports(struct findings *f, const struct network_resource *n)
{
    const struct objs *lists[] = {&n->reserved_ports, &n->dynamic_ports};
    for (size_t l = 0; l < 2; l++)
        OBJS_FOR(struct port, p, *lists[l])
        {
            if (isempty(p->label))
                find(f, "Port without a label");
            if (p->value < 0 || p->value > 65535 || p->to < -1 || p->to > 65535)
                find(f, "Port \"%s\" is out of range [1, 65535]", nonull(p->label));
            for (size_t m = 0; m <= l; m++)
                for (size_t i = 0; i < (m == l ? p_i : lists[m]->n); i++) {
                    const struct port *q = lists[m]->items[i];
                    if (streq(p->label, q->label))
                        find(f, "Port label \"%s\" is already in use", nonull(p->label));
                    else if (p->value && p->value == q->value && !p->ignore_collision)
                        find(f, "Static port %lld is already reserved by \"%s\"",
                             (long long)p->value, nonull(q->label));
                }
        }
}

static void validate_networks(struct findings *f, const struct task_group *g)
{
    if (g->networks.n > 1)
        find(f, "Only one network block can be used in a group");
    OBJS_FOR(struct network_resource, n, g->networks)
    {
        if (!isempty(n->mode) && !streq(n->mode, "host"))
            find(f, "not supported yet: network mode \"%s\"", n->mode);
        validate_ports(f, n);
    }
}

void validate_group(struct findings *f, const struct job *j, const struct task_group *g)
{
    size_t leaders = 0;
    if (isempty(g->name))
        find(f, "Missing task group name");
    if (g->count < 0)
        find(f, "Task group count can't be negative");
    if (g->tasks.n == 0)
        find(f, "Missing tasks for task group");
    if (g->scaling && (g->scaling->min > g->scaling->max || g->count < g->scaling->min ||
                       g->count > g->scaling->max))
        find(f, "Scaling policy wants min <= count <= max");
    if (g->ephemeral_disk && g->ephemeral_disk->size_mb < 10)
        find(f, "minimum DiskMB value is 10; got %lld", (long long)g->ephemeral_disk->size_mb);
    if (g->migrate && j->type != JOB_SERVICE)
        find(f, "Job type \"%s\" does not allow migrate block",
             enum_text(&job_type_texts, j->type));
    validate_constraints(f, &g->constraints, false);
    validate_affinities(f, &g->affinities);
    validate_spreads(f, &g->spreads);
    validate_restart(f, g->restart);
    validate_reschedule(f, g->reschedule);
    validate_update(f, j, g->update);
    validate_networks(f, g);
    for (size_t i = 0; i < g->volumes.n; i++) {
        const struct volume_request *v = g->volumes.items[i].value;
        if (streq(v->type, "csi"))
            find(f, "not supported: CSI volumes (volume \"%s\")", nonull(v->name));
        else
            find(f, "not supported yet: volumes (volume \"%s\")", nonull(v->name));
    }
    for (size_t i = 0; i < g->tasks.n; i++) {
        const struct task *t = g->tasks.items[i];
        leaders += t->leader;
        for (size_t k = 0; k < i; k++)
            if (streq(((const struct task *)g->tasks.items[k])->name, t->name))
                find(f, "Task %zu redefines '%s' from task %zu", i + 1, nonull(t->name), k + 1);
        const char *outer = f->where;
        f->where = arena_printf(f->arena, "%s: Task %s", outer, nonull(t->name));
        validate_task(f, j, g, t);
        f->where = outer;
    }
    if (leaders > 1)
        find(f, "Only one task may be marked as leader");
}
