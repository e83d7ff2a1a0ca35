// SPDX-License-Identifier: Apache-2.0
/* What an allocation is given on its node: task resources, disk, ports. */
#include <errno.h>

#include "sched/run.h"

#define MIN_DYNAMIC_PORT 20000
#define MAX_DYNAMIC_PORT 32000

static struct allocated_task *task_resources(struct arena *a, const struct task *t)
{
    struct allocated_task *x = arena_new_of(a, struct allocated_task);
    if (!x)
        return NULL;
    x->cpu = arena_new_of(a, struct allocated_cpu);
    x->memory = arena_new_of(a, struct allocated_memory);
    if (!x->cpu || !x->memory)
        return NULL;
    if (t->resources) {
        x->cpu->shares = t->resources->cpu == INT_UNSET ? 0 : t->resources->cpu;
        x->memory->mb = t->resources->memory_mb;
        x->memory->max_mb = t->resources->memory_max_mb;
    }
    return x;
}

struct allocated_resources *group_resources(struct arena *a, const struct task_group *g)
{
    struct allocated_resources *r = arena_new_of(a, struct allocated_resources);
    if (!r)
        return NULL;
    r->shared = arena_new_of(a, struct allocated_shared);
    if (!r->shared)
        return NULL;
    r->shared->disk_mb = g->ephemeral_disk ? g->ephemeral_disk->size_mb : 0;
    OBJS_FOR(const struct task, t, g->tasks)
    {
        struct allocated_task *x = task_resources(a, t);
        if (!x || omap_set(a, &r->tasks, t->name, x) < 0 ||
            (t->lifecycle && omap_set(a, &r->task_lifecycles, t->name, t->lifecycle) < 0))
            return NULL;
    }
    return r;
}

struct held {
    int64_t port;
    bool found;
};

static int is_held_cb(void *ctx, int64_t port)
{
    struct held *h = ctx;
    h->found |= port == h->port;
    return 0;
}

/* The port is the previous allocation's own, which stops before its replacement starts. */
static bool held_by(const struct allocation *previous, int64_t port)
{
    struct held h = {.port = port};
    if (previous && alloc_holds_resources(previous))
        alloc_ports(previous->resources, is_held_cb, &h);
    return h.found;
}

static const struct allocation *previous_here(const struct run *r, uint32_t slot,
                                              const struct allocation *previous)
{
    return previous && uuid_eq(&previous->node_id, &r->l->ids[slot]) ? previous : NULL;
}

const struct static_port *run_port_conflict(const struct run *r, uint32_t slot,
                                            const struct allocation *previous)
{
    previous = previous_here(r, slot, previous);
    for (size_t i = 0; i < r->n_statics; i++) {
        const struct port *p = r->statics[i].port;
        if (!p->ignore_collision && port_used(r->l->ports[slot], p->value) &&
            !held_by(previous, p->value))
            return &r->statics[i];
    }
    return NULL;
}

static const char *address_of(const struct node *n, const char *network)
{
    const char *alias = isempty(network) ? "default" : network;
    if (!n->resources)
        return NULL;
    OBJS_FOR(const struct node_network, w, n->resources->node_networks)
    OBJS_FOR(const struct node_address, x, w->addresses)
    if (streq(x->alias, alias))
        return x->address;
    OBJS_FOR(const struct network_resource, w, n->resources->networks)
    if ((isempty(w->mode) || streq(w->mode, "host")) && !isempty(w->ip))
        return w->ip;
    return NULL;
}

static bool taken_here(const struct allocated_shared *s, int64_t port)
{
    OBJS_FOR(const struct port_mapping, m, s->ports)
    if (m->value == port)
        return true;
    return false;
}

static bool is_static(const struct run *r, int64_t port)
{
    for (size_t i = 0; i < r->n_statics; i++)
        if (r->statics[i].port->value == port)
            return true;
    return false;
}

/* A free port of the node's range; the search starts at a place given by the allocation's id, so
 * a port just given up is not the next one handed out. -EADDRINUSE. */
static int64_t dynamic_port(const struct run *r, uint32_t slot, const struct uuid *id, size_t nth,
                            const struct allocated_shared *s)
{
    const struct node_resources *nr = r->l->nodes[slot]->resources;
    int64_t lo = nr && nr->min_dynamic_port > 0 ? nr->min_dynamic_port : MIN_DYNAMIC_PORT;
    int64_t hi = nr && nr->max_dynamic_port > 0 ? nr->max_dynamic_port : MAX_DYNAMIC_PORT;
    if (lo > hi || hi > 65535)
        return -EADDRINUSE;
    uint64_t n = (uint64_t)(hi - lo + 1), at = hash_bytes(id, sizeof(*id), nth) % n;
    for (uint64_t i = 0; i < n; i++, at = at + 1 == n ? 0 : at + 1) {
        int64_t port = lo + (int64_t)at;
        if (!port_used(r->l->ports[slot], port) && !taken_here(s, port) && !is_static(r, port))
            return port;
    }
    return -EADDRINUSE;
}

static int add_mapping(struct run *r, uint32_t slot, struct allocated_shared *s, struct port *p,
                       const struct uuid *id)
{
    struct port_mapping *m = arena_new_of(r->a, struct port_mapping);
    if (!m)
        return -ENOMEM;
    if (id) {
        p->value = dynamic_port(r, slot, id, s->ports.n, s);
        if (p->value < 0)
            return (int)p->value;
    }
    if (p->to == -1)
        p->to = p->value;
    m->label = p->label;
    m->value = p->value;
    m->to = p->to;
    m->host_ip = arena_strdup(r->a, address_of(r->l->nodes[slot], p->host_network));
    return objs_add(r->a, &s->ports, m);
}

static int offer_network(struct run *r, uint32_t slot, const struct uuid *id,
                         const struct network_resource *ask, struct allocated_shared *s)
{
    struct network_resource *w = model_copy(&network_resource_schema, r->a, ask);
    if (!w || objs_add(r->a, &s->networks, w) < 0)
        return -ENOMEM;
    w->ip = arena_strdup(r->a, address_of(r->l->nodes[slot], NULL));
    int e = 0;
    OBJS_FOR(struct port, p, w->reserved_ports)
    if (e == 0)
        e = add_mapping(r, slot, s, p, NULL);
    OBJS_FOR(struct port, p, w->dynamic_ports)
    if (e == 0)
        e = add_mapping(r, slot, s, p, id);
    return e;
}

int run_offer(struct run *r, uint32_t slot, const struct uuid *alloc_id,
              const struct allocation *previous, struct allocated_resources **ret)
{
    if (!r->group->networks.n) {
        *ret = r->plain;
        return 0;
    }
    struct allocated_resources *x = arena_new_of(r->a, struct allocated_resources);
    if (!x)
        return -ENOMEM;
    *x = *r->plain;
    x->shared = arena_memdup(r->a, r->plain->shared, sizeof(*x->shared));
    if (!x->shared)
        return -ENOMEM;
    if (run_port_conflict(r, slot, previous))
        return -EADDRINUSE;
    OBJS_FOR(const struct network_resource, w, r->group->networks)
    {
        int e = offer_network(r, slot, alloc_id, w, x->shared);
        if (e < 0)
            return e;
    }
    *ret = x;
    return 0;
}
