// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <math.h>

#include "base/hash.h"
#include "sched/feasible.h"

enum fixed_reason { R_DRIVERS = FEAS_REASONS, R_VOLUMES, R_DEVICES, R_NETWORK, R_CONSTRAINTS };
static const char *const fixed_texts[] = {
    [R_DRIVERS] = "missing drivers",
    [R_VOLUMES] = "missing compatible host volumes",
    [R_DEVICES] = "missing devices",
    [R_NETWORK] = "missing network",
};

static size_t count_constraints(const struct job *j, const struct task_group *g)
{
    size_t n = j->constraints.n + g->constraints.n;
    OBJS_FOR(const struct task, t, g->tasks)
    n += t->constraints.n;
    return n;
}

static size_t count_affinities(const struct job *j, const struct task_group *g)
{
    size_t n = j->affinities.n + g->affinities.n;
    OBJS_FOR(const struct task, t, g->tasks)
    n += t->affinities.n;
    return n;
}

static int add_distinct(struct feasible *f, const struct constraint *c, enum constraint_op op,
                        bool whole_job)
{
    if (op == COP_DISTINCT_HOSTS) {
        /* "distinct_hosts = false" is how a job file takes it back */
        bool on = !streq(c->rtarget, "false");
        f->distinct_hosts_job |= on && whole_job;
        f->distinct_hosts_group |= on && !whole_job;
        return 0;
    }
    struct distinct_property *d = &f->distinct[f->n_distinct++];
    d->attribute = nonull(c->ltarget);
    d->whole_job = whole_job;
    d->allowed = 1;
    if (!isempty(c->rtarget) && (parse_i64(str_of(c->rtarget), &d->allowed) < 0 || d->allowed < 1))
        d->allowed = 0;
    return target_parse(f->arena, d->attribute, &d->target);
}

static int add_constraints(struct feasible *f, const struct objs *list, bool whole_job)
{
    OBJS_FOR(const struct constraint, x, *list)
    {
        struct compiled c;
        if (constraint_compile(f->arena, x->ltarget, x->operand, x->rtarget, &c) < 0)
            return -ENOMEM;
        if (c.op == COP_DISTINCT_HOSTS || c.op == COP_DISTINCT_PROPERTY) {
            if (add_distinct(f, x, c.op, whole_job) < 0)
                return -ENOMEM;
        } else if (c.escapes) {
            f->by_node[f->n_by_node++] = c;
        } else {
            f->by_class[f->n_by_class++] = c;
        }
        f->escaped |= c.escapes;
    }
    return 0;
}

static int add_affinities(struct feasible *f, const struct objs *list)
{
    OBJS_FOR(const struct affinity, x, *list)
    {
        struct weighted *w = &f->affinities[f->n_affinities];
        if (constraint_compile(f->arena, x->ltarget, x->operand, x->rtarget, &w->c) < 0)
            return -ENOMEM;
        w->weight = (double)x->weight;
        f->n_affinities++;
    }
    return 0;
}

static int check_supported(const struct task_group *g, struct err *err)
{
    for (size_t i = 0; i < g->volumes.n; i++) {
        const struct volume_request *v = g->volumes.items[i].value;
        if (!streq(v->type, "host"))
            return err_set(err, -EOPNOTSUPP, "not supported: volume \"%s\" of type \"%s\"",
                           nonull(v->name), nonull(v->type));
    }
    OBJS_FOR(const struct task, t, g->tasks)
    {
        if (t->resources && t->resources->cores > 0)
            return err_set(err, -EOPNOTSUPP, "not supported: reserved cores of task \"%s\"",
                           t->name);
        if (t->resources && t->resources->networks.n)
            return err_set(err, -EOPNOTSUPP,
                           "not supported: network in the resources of task \"%s\" (move it to "
                           "the group)",
                           t->name);
    }
    return 0;
}

static int compile_all(struct feasible *f)
{
    const struct job *j = f->job;
    const struct task_group *g = f->group;
    int e = add_constraints(f, &j->constraints, true);
    if (e == 0)
        e = add_constraints(f, &g->constraints, false);
    if (e == 0)
        e = add_affinities(f, &j->affinities);
    if (e == 0)
        e = add_affinities(f, &g->affinities);
    OBJS_FOR(const struct task, t, g->tasks)
    {
        if (e == 0)
            e = add_constraints(f, &t->constraints, false);
        if (e == 0)
            e = add_affinities(f, &t->affinities);
    }
    return e;
}

static bool driver_known(const struct feasible *f, const char *name)
{
    for (size_t i = 0; i < f->n_drivers; i++)
        if (streq(f->drivers[i], name))
            return true;
    return false;
}

static int collect_drivers(struct feasible *f)
{
    f->drivers = arena_array(f->arena, const char *, f->group->tasks.n + 1);
    f->driver_keys = arena_array(f->arena, const char *, f->group->tasks.n + 1);
    if (!f->drivers || !f->driver_keys)
        return -ENOMEM;
    OBJS_FOR(const struct task, t, f->group->tasks)
    {
        f->devices |= t->resources && t->resources->devices.n;
        if (driver_known(f, t->driver))
            continue;
        const char *key = arena_printf(f->arena, "driver.%s", nonull(t->driver));
        if (!key)
            return -ENOMEM;
        f->drivers[f->n_drivers] = nonull(t->driver);
        f->driver_keys[f->n_drivers++] = key;
    }
    return 0;
}

/* Reasons: the fixed ones, then the class constraints, then the node constraints. */
static int make_reasons(struct feasible *f)
{
    f->n_reasons = R_CONSTRAINTS + f->n_by_class + f->n_by_node;
    f->reasons = arena_array(f->arena, const char *, f->n_reasons);
    if (!f->reasons)
        return -ENOMEM;
    memcpy(f->reasons, fixed_texts, sizeof(fixed_texts));
    for (size_t i = 0; i < f->n_by_class; i++)
        f->reasons[R_CONSTRAINTS + i] = f->by_class[i].text;
    for (size_t i = 0; i < f->n_by_node; i++)
        f->reasons[R_CONSTRAINTS + f->n_by_class + i] = f->by_node[i].text;
    return 0;
}

static const char *network_mode(const struct network_resource *n)
{
    return isempty(n->mode) ? "host" : n->mode;
}

static bool wants_alias(const struct objs *ports)
{
    OBJS_FOR(const struct port, p, *ports)
    if (!isempty(p->host_network) && !streq(p->host_network, "default"))
        return true;
    return false;
}

static bool network_by_node(const struct task_group *g)
{
    OBJS_FOR(const struct network_resource, n, g->networks)
    if (!streq(network_mode(n), "host") || wants_alias(&n->reserved_ports) ||
        wants_alias(&n->dynamic_ports))
        return true;
    return false;
}

int feasible_new(const struct job *j, const struct task_group *g, struct err *err,
                 struct feasible **ret)
{
    int e = check_supported(g, err);
    if (e < 0)
        return e;
    struct arena *a = arena_new(0);
    struct feasible *f = a ? arena_new_of(a, struct feasible) : NULL;
    if (!f) {
        arena_free(a);
        return err_set(err, -ENOMEM, "out of memory");
    }
    size_t n = count_constraints(j, g);
    *f = (struct feasible){.arena = a, .job = j, .group = g};
    f->by_class = arena_array(a, struct compiled, n + 1);
    f->by_node = arena_array(a, struct compiled, n + 1);
    f->distinct = arena_array(a, struct distinct_property, n + 1);
    f->affinities = arena_array(a, struct weighted, count_affinities(j, g) + 1);
    if (!f->by_class || !f->by_node || !f->distinct || !f->affinities || compile_all(f) < 0 ||
        collect_drivers(f) < 0 || make_reasons(f) < 0) {
        feasible_free(f);
        return err_set(err, -ENOMEM, "out of memory");
    }
    f->needs_node = f->n_by_node || g->volumes.n || network_by_node(g);
    *ret = f;
    return 0;
}

struct feasible *feasible_free(struct feasible *f)
{
    if (!f)
        return NULL;
    for (size_t i = 0; f->by_class && i < f->n_by_class; i++)
        constraint_clear(&f->by_class[i]);
    for (size_t i = 0; f->by_node && i < f->n_by_node; i++)
        constraint_clear(&f->by_node[i]);
    for (size_t i = 0; f->affinities && i < f->n_affinities; i++)
        constraint_clear(&f->affinities[i].c);
    arena_free(f->arena);
    return NULL;
}

static bool in_datacenters(const struct job *j, const struct node *n)
{
    for (size_t i = 0; i < j->datacenters.n; i++)
        if (glob_matches(j->datacenters.items[i], n->datacenter))
            return true;
    return j->datacenters.n == 0; /* the job file's default is "*" */
}

static bool in_pool(const struct job *j, const struct node *n)
{
    const char *wanted = isempty(j->node_pool) ? "default" : j->node_pool;
    const char *pool = isempty(n->node_pool) ? "default" : n->node_pool;
    return streq(wanted, "all") || streq(wanted, pool);
}

static bool has_driver(const struct node *n, const char *driver, const char *key)
{
    const struct driver_info *d = omap_get(&n->drivers, driver);
    if (d)
        return d->detected && d->healthy;
    const char *v = smap_get(&n->attributes, key);
    return v && (streq(v, "1") || streq(v, "true") || streq(v, "t") || streq(v, "T") ||
                 streq(v, "TRUE") || streq(v, "True"));
}

size_t feasible_class(const struct feasible *f, const struct node *n)
{
    if (!in_pool(f->job, n))
        return FEAS_OTHER_POOL;
    if (!in_datacenters(f->job, n))
        return FEAS_OTHER_DC;
    for (size_t i = 0; i < f->n_drivers; i++)
        if (!has_driver(n, f->drivers[i], f->driver_keys[i]))
            return R_DRIVERS;
    if (f->devices)
        return R_DEVICES;
    for (size_t i = 0; i < f->n_by_class; i++)
        if (!constraint_check(&f->by_class[i], n))
            return R_CONSTRAINTS + i;
    return FEAS_OK;
}

static bool volumes_fit(const struct task_group *g, const struct node *n)
{
    for (size_t i = 0; i < g->volumes.n; i++) {
        const struct volume_request *v = g->volumes.items[i].value;
        const struct host_volume *h = omap_get(&n->host_volumes, v->source);
        if (!h || (h->read_only && !v->read_only))
            return false;
    }
    return true;
}

static bool has_alias(const struct node *n, const char *alias)
{
    if (isempty(alias) || streq(alias, "default"))
        return true;
    if (!n->resources)
        return false;
    OBJS_FOR(const struct node_network, w, n->resources->node_networks)
    OBJS_FOR(const struct node_address, x, w->addresses)
    if (streq(x->alias, alias))
        return true;
    return false;
}

static bool ports_have_alias(const struct node *n, const struct objs *ports)
{
    OBJS_FOR(const struct port, p, *ports)
    if (!has_alias(n, p->host_network))
        return false;
    return true;
}

static bool has_mode(const struct node *n, const char *mode)
{
    if (streq(mode, "host") || streq(mode, "none"))
        return true;
    if (!n->resources)
        return false;
    OBJS_FOR(const struct network_resource, w, n->resources->networks)
    if (streq(network_mode(w), mode))
        return true;
    OBJS_FOR(const struct node_network, w, n->resources->node_networks)
    if (streq(w->mode, mode))
        return true;
    return false;
}

size_t feasible_node(const struct feasible *f, const struct node *n)
{
    if (!f->needs_node)
        return FEAS_OK;
    for (size_t i = 0; i < f->n_by_node; i++)
        if (!constraint_check(&f->by_node[i], n))
            return R_CONSTRAINTS + f->n_by_class + i;
    if (!volumes_fit(f->group, n))
        return R_VOLUMES;
    OBJS_FOR(const struct network_resource, w, f->group->networks)
    if (!has_mode(n, network_mode(w)) || !ports_have_alias(n, &w->reserved_ports) ||
        !ports_have_alias(n, &w->dynamic_ports))
        return R_NETWORK;
    return FEAS_OK;
}

static void sign(uint64_t sig[2], const char *text)
{
    size_t n = strlen(nonull(text)) + 1;
    sig[0] = hash_bytes(nonull(text), n, sig[0]);
    sig[1] = hash_bytes(nonull(text), n, sig[1] + 1);
}

void feasible_signature(const struct feasible *f, uint64_t ret[2])
{
    uint64_t sig[2] = {1, 2};
    sign(sig, f->job->node_pool);
    sign(sig, f->devices ? "devices" : "");
    for (size_t i = 0; i < f->job->datacenters.n; i++)
        sign(sig, f->job->datacenters.items[i]);
    sign(sig, "\n");
    for (size_t i = 0; i < f->n_drivers; i++)
        sign(sig, f->drivers[i]);
    sign(sig, "\n");
    for (size_t i = 0; i < f->n_by_class; i++) {
        /* the parts apart: the printed text alone is ambiguous */
        sign(sig, f->by_class[i].l.text);
        sign(sig, f->by_class[i].text);
        sign(sig, f->by_class[i].r.text);
    }
    memcpy(ret, sig, sizeof(sig));
}

double feasible_affinity(const struct feasible *f, const struct node *n)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < f->n_affinities; i++) {
        const struct weighted *w = &f->affinities[i];
        all += fabs(w->weight);
        if (constraint_check(&w->c, n))
            sum += w->weight;
    }
    return all > 0 ? sum / all : 0;
}
