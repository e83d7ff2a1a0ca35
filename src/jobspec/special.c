// SPDX-License-Identifier: Apache-2.0
/* The few places where job files say things another way than the field tables: constraint
 * shorthands, static ports, tasks without a group, and what is refused by name. */
#include "jobspec/decode.h"

#include <errno.h>

/* Blocks and attributes of Nomad that this product does not have, and why. */
static const struct {
    const struct schema *where;
    const char *name, *why;
} refused[] = {
    {&job_schema, "vault", "Vault integration"},
    {&job_schema, "consul_token", "Consul integration"},
    {&job_schema, "vault_token", "Vault integration"},
    {&job_schema, "multiregion", "multiregion deployments (Enterprise)"},
    {&task_group_schema, "consul", "Consul integration"},
    {&task_group_schema, "vault", "Vault integration"},
    {&task_schema, "vault", "Vault integration"},
    {&task_schema, "consul", "Consul integration"},
    {&task_schema, "csi_plugin", "CSI plugins"},
    {&task_schema, "secret", "secret blocks"},
    {&task_schema, "schedule", "task schedules (Enterprise)"},
    {&service_schema, "connect", "Consul Connect"},
    {&service_schema, "identity", "Consul integration"},
    {&resources_schema, "numa", "numa blocks (Enterprise)"},
};

static int refuse(struct decode *d, const struct schema *s, struct str name, struct hcl_range range)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].where == s && str_eqz(name, refused[i].name))
            return hcl_error(d->err, range, "not supported: %s (\"%s\")", refused[i].why,
                             refused[i].name);
    return 0;
}

/* `version = "…"` for operator and value at once; `distinct_hosts = true` alone. */
static const char *const constraint_shorthands[] = {
    "version", "semver", "regexp", "set_contains", "set_contains_all", "set_contains_any",
};

static int constraint_attr(struct decode *d, const struct hcl_attr *at, const char **ltarget,
                           const char **rtarget, const char **operand)
{
    struct val v;
    int r;
    for (size_t i = 0; i < ARRAY_LEN(constraint_shorthands); i++) {
        if (!str_eqz(at->name, constraint_shorthands[i]))
            continue;
        if ((r = hcl_eval(d->ctx, at, &v, d->err)) < 0)
            return r;
        if (v.type != VAL_STR)
            return hcl_error(d->err, at->range, "%.*s wants a string", STR_ARG(at->name));
        *operand = constraint_shorthands[i];
        *rtarget = v.s.p;
        return 1;
    }
    if (str_eqz(at->name, "distinct_hosts")) {
        if ((r = hcl_eval(d->ctx, at, &v, d->err)) < 0)
            return r;
        bool text = v.type == VAL_STR && (str_eqz(v.s, "true") || str_eqz(v.s, "false"));
        if (v.type != VAL_BOOL && !text)
            return hcl_error(d->err, at->range, "distinct_hosts wants true or false");
        *operand = "distinct_hosts";
        *rtarget = text ? v.s.p : v.b ? "true" : "false";
        return 1;
    }
    if (str_eqz(at->name, "distinct_property")) {
        if ((r = hcl_eval(d->ctx, at, &v, d->err)) < 0)
            return r;
        if (v.type != VAL_STR)
            return hcl_error(d->err, at->range, "distinct_property wants an attribute in quotes");
        *operand = "distinct_property";
        *ltarget = v.s.p;
        return 1;
    }
    return 0;
}

int special_attr(struct decode *d, const struct schema *s, const struct hcl_attr *at, void *obj)
{
    int r = refuse(d, s, at->name, at->name_range);
    if (r < 0)
        return r;
    if (s == &constraint_schema) {
        struct constraint *c = obj;
        return constraint_attr(d, at, &c->ltarget, &c->rtarget, &c->operand);
    }
    if (s == &affinity_schema) {
        struct affinity *c = obj;
        return constraint_attr(d, at, &c->ltarget, &c->rtarget, &c->operand);
    }
    if (s == &task_schema && str_eqz(at->name, "name"))
        return hcl_error(d->err, at->name_range, "a task's name is its label: task \"name\" { … }");
    return 0;
}

/* A task directly under the job becomes a group of the same name. */
static int lone_task(struct decode *d, const struct hcl_block *b, struct job *j)
{
    struct task_group *g = model_new(&task_group_schema, d->arena);
    struct task *t = model_new(&task_schema, d->arena);
    if (!g || !t)
        return -ENOMEM;
    int r = decode_block(d, &task_schema, b, t);
    if (r < 0)
        return r;
    g->name = t->name;
    g->count = 1;
    if (objs_add(d->arena, &g->tasks, t) < 0 || objs_add(d->arena, &j->task_groups, g) < 0)
        return -ENOMEM;
    return 1;
}

int special_block(struct decode *d, const struct schema *s, const struct hcl_block *b, void *obj)
{
    int r = refuse(d, s, b->type, b->type_range);
    if (r < 0)
        return r;
    if (s == &job_schema && str_eqz(b->type, "task"))
        return lone_task(d, b, obj);
    return 0;
}

/* Ports with a static value are reservations. */
static int sort_ports(struct decode *d, struct network_resource *n)
{
    struct objs dynamic = {0};
    OBJS_FOR(struct port, p, n->dynamic_ports)
    if (objs_add(d->arena, p->value ? &n->reserved_ports : &dynamic, p) < 0)
        return -ENOMEM;
    n->dynamic_ports = dynamic;
    return 0;
}

int special_done(struct decode *d, const struct schema *s, void *obj)
{
    if (s == &network_resource_schema)
        return sort_ports(d, obj);
    return 0;
}
