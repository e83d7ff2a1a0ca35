// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

struct uuid fx_id(unsigned kind, unsigned n)
{
    struct uuid u = {{(uint8_t)kind}};
    for (size_t i = 0; i < 4; i++)
        u.b[15 - i] = (uint8_t)(n >> (8 * i));
    return u;
}

struct job *fx_job(struct arena *a, int32_t type, int64_t count)
{
    struct job *j = model_new(&job_schema, a);
    struct task_group *g = model_new(&task_group_schema, a);
    struct task *t = model_new(&task_schema, a);
    j->id = j->name = "web";
    j->ns = "default";
    j->type = type;
    j->priority = 50;
    j->create_index = 10;
    j->modify_index = j->job_modify_index = 10;
    strs_add(a, &j->datacenters, "*");
    g->name = "g";
    g->count = count;
    g->reschedule = model_new(&reschedule_policy_schema, a);
    *g->reschedule = (struct reschedule_policy){
        .unlimited = 1,
        .delay = 30 * NSEC_SEC,
        .delay_function = "exponential",
        .max_delay = NSEC_HOUR,
    };
    g->ephemeral_disk = model_new(&ephemeral_disk_schema, a);
    g->ephemeral_disk->size_mb = 150;
    t->name = "main";
    t->driver = "raw_exec";
    t->resources = model_new(&resources_schema, a);
    t->resources->cpu = 500;
    t->resources->memory_mb = 256;
    objs_add(a, &g->tasks, t);
    objs_add(a, &j->task_groups, g);
    return j;
}

struct task_group *fx_group(const struct job *j)
{
    return j->task_groups.items[0];
}

struct job *fx_next(struct arena *a, const struct job *j)
{
    struct job *n = model_copy(&job_schema, a, j);
    n->version++;
    n->modify_index += 10;
    n->job_modify_index = n->modify_index;
    return n;
}

struct node *fx_node(struct arena *a, unsigned n)
{
    struct node *x = model_new(&node_schema, a);
    x->id = fx_id(1, n);
    x->name = arena_printf(a, "node-%u", n);
    x->datacenter = "dc1";
    x->node_pool = "default";
    x->status = NODE_READY;
    x->resources = model_new(&node_resources_schema, a);
    x->resources->cpu = model_new(&node_cpu_schema, a);
    x->resources->memory = model_new(&node_memory_schema, a);
    x->resources->disk = model_new(&node_disk_schema, a);
    x->resources->cpu->shares = 4000;
    x->resources->memory->mb = 8192;
    x->resources->disk->mb = 100000;
    smap_set(a, &x->attributes, "kernel.name", "linux");
    smap_set(a, &x->attributes, "unique.hostname", x->name);
    struct driver_info *d = model_new(&driver_info_schema, a);
    d->detected = d->healthy = true;
    omap_set(a, &x->drivers, "raw_exec", d);
    x->computed_class = node_computed_class(a, x);
    return x;
}

static struct allocated_resources *resources(struct arena *a, const struct task_group *g)
{
    struct allocated_resources *r = model_new(&allocated_resources_schema, a);
    const struct task *t = g->tasks.items[0];
    struct allocated_task *at = model_new(&allocated_task_schema, a);
    at->cpu = model_new(&allocated_cpu_schema, a);
    at->memory = model_new(&allocated_memory_schema, a);
    at->cpu->shares = t->resources->cpu;
    at->memory->mb = t->resources->memory_mb;
    omap_set(a, &r->tasks, t->name, at);
    r->shared = model_new(&allocated_shared_schema, a);
    r->shared->disk_mb = g->ephemeral_disk->size_mb;
    return r;
}

struct allocation *fx_alloc(struct arena *a, struct job *j, unsigned n, int64_t index)
{
    static unsigned serial;
    struct allocation *x = model_new(&allocation_schema, a);
    x->id = fx_id(2, ++serial);
    x->node_id = fx_id(1, n);
    x->ns = j->ns;
    x->job_id = j->id;
    x->job = j;
    x->job_version = j->version;
    x->job_create_index = j->create_index;
    x->task_group = "g";
    x->name = arena_printf(a, "web.g[%lld]", (long long)index);
    x->client_status = ALLOC_RUNNING;
    x->modify_time = NOW - NSEC_HOUR;
    x->resources = resources(a, fx_group(j));
    return x;
}

void fx_failed(struct arena *a, struct allocation *x, nsec_t at)
{
    struct task_state *t = model_new(&task_state_schema, a);
    t->state = TASK_DEAD;
    t->failed = true;
    t->finished_at = at;
    x->client_status = ALLOC_FAILED;
    omap_set(a, &x->task_states, "main", t);
}
