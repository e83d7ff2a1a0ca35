// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/server/fixture.h"

#include "tests/unit/cmocka_all.h"

int fx_setup(void **state)
{
    struct fx *f = calloc(1, sizeof(*f));
    f->a = arena_new(0);
    f->st = state_new();
    *state = f;
    return 0;
}

int fx_teardown(void **state)
{
    struct fx *f = *state;
    state_unpin(f->snap);
    fsm_result_free(f->r);
    while (state_reclaim(f->st))
        ;
    state_free(f->st);
    arena_free(f->a);
    free(f);
    return 0;
}

struct uuid fx_id(unsigned kind, unsigned n)
{
    return (struct uuid){{(uint8_t)(n * 37 + 1), (uint8_t)kind, (uint8_t)n}};
}

struct job *fx_job(struct fx *f, const char *id, int64_t count)
{
    struct job *j = model_new(&job_schema, f->a);
    struct task_group *g = model_new(&task_group_schema, f->a);
    struct task *t = model_new(&task_schema, f->a);
    j->id = j->name = id;
    j->ns = "default";
    strs_add(f->a, &j->datacenters, "*");
    g->name = "g";
    g->count = count;
    g->ephemeral_disk = model_new(&ephemeral_disk_schema, f->a);
    g->ephemeral_disk->size_mb = 100;
    t->name = "main";
    t->driver = "raw_exec";
    t->resources = model_new(&resources_schema, f->a);
    t->resources->cpu = 500;
    t->resources->memory_mb = 256;
    objs_add(f->a, &g->tasks, t);
    objs_add(f->a, &j->task_groups, g);
    return j;
}

struct node *fx_node(struct fx *f, unsigned n)
{
    struct node *x = model_new(&node_schema, f->a);
    x->id = fx_id('n', n);
    x->secret_id = fx_id('s', n);
    x->name = arena_printf(f->a, "node-%u", n);
    x->datacenter = "dc1";
    x->node_pool = "default";
    x->status = NODE_READY;
    x->resources = model_new(&node_resources_schema, f->a);
    x->resources->cpu = model_new(&node_cpu_schema, f->a);
    x->resources->memory = model_new(&node_memory_schema, f->a);
    x->resources->disk = model_new(&node_disk_schema, f->a);
    x->resources->cpu->shares = 1000;
    x->resources->memory->mb = 1024;
    x->resources->disk->mb = 1000;
    return x;
}

struct evaluation *fx_eval(struct fx *f, unsigned n, const char *job)
{
    struct evaluation *e = model_new(&evaluation_schema, f->a);
    e->id = fx_id('e', n);
    e->ns = "default";
    e->job_id = job;
    e->priority = 50;
    e->triggered_by = TRIGGER_JOB_REGISTER;
    return e;
}

struct allocation *fx_alloc(struct fx *f, unsigned n, const char *job, unsigned node, int index)
{
    struct allocation *x = model_new(&allocation_schema, f->a);
    struct allocated_task *t = model_new(&allocated_task_schema, f->a);
    x->id = fx_id('a', n);
    x->node_id = fx_id('n', node);
    x->ns = "default";
    x->job_id = job;
    x->task_group = "g";
    x->name = arena_printf(f->a, "%s.g[%d]", job, index);
    x->resources = model_new(&allocated_resources_schema, f->a);
    t->cpu = model_new(&allocated_cpu_schema, f->a);
    t->memory = model_new(&allocated_memory_schema, f->a);
    t->cpu->shares = 500;
    t->memory->mb = 256;
    omap_set(f->a, &x->resources->tasks, "main", t);
    x->resources->shared = model_new(&allocated_shared_schema, f->a);
    x->resources->shared->disk_mb = 100;
    return x;
}

struct command *fx_command(struct fx *f, enum command_type type)
{
    struct command *c = model_new(&command_schema, f->a);
    c->type = type;
    c->now = NOW + (nsec_t)f->index * NSEC_SEC;
    c->job_modify_index = UINT64_MAX;
    return c;
}

const struct fsm_result *fx_apply(struct fx *f, const struct command *c)
{
    struct buf b = {0};
    struct command *decoded;
    command_encode(c, &b);
    assert_int_equal(command_decode(f->a, b.p, b.n, &decoded), 0);
    buf_free(&b);
    fsm_result_free(f->r);
    fsm_apply(f->st, ++f->index, decoded, &f->r);
    assert_int_equal(f->r->index, f->index);
    return f->r;
}

const struct snap *fx_snap(struct fx *f)
{
    state_unpin(f->snap);
    return f->snap = state_pin(f->st);
}

void fx_add_job(struct fx *f, struct job *j, unsigned n)
{
    struct command *c = fx_command(f, CMD_JOB_REGISTER);
    c->job = j;
    objs_add(f->a, &c->evals, fx_eval(f, n, j->id));
    assert_int_equal(fx_apply(f, c)->code, 0);
}

void fx_add_node(struct fx *f, struct node *n)
{
    struct command *c = fx_command(f, CMD_NODE_REGISTER);
    c->node = n;
    assert_int_equal(fx_apply(f, c)->code, 0);
}

struct command *fx_plan(struct fx *f, unsigned eval, const char *job)
{
    struct command *c = fx_command(f, CMD_PLAN);
    const struct job *j = state_get_job(fx_snap(f), "default", job);
    struct evaluation *e = fx_eval(f, eval, job);
    e->status = EVAL_COMPLETE;
    c->ns = "default";
    c->job_id = job;
    c->eval_id = e->id;
    c->job_version = j ? j->version : 0;
    c->job_modify_index = j ? j->job_modify_index : 0;
    objs_add(f->a, &c->evals, e);
    return c;
}
