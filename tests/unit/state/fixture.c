// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/state/fixture.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"

struct uuid uuid_n(unsigned kind, unsigned n)
{
    struct uuid u = {{(uint8_t)(n * 37), (uint8_t)n, (uint8_t)kind, 1}};
    return u;
}

struct job *fx_job(struct fx_job *f, unsigned n)
{
    *f = (struct fx_job){0};
    snprintf(f->id, sizeof(f->id), "job%u", n);
    f->task = (struct task){.name = "server", .driver = "raw_exec"};
    f->tasks[0] = &f->task;
    f->group = (struct task_group){.name = "web", .count = 3, .tasks = {f->tasks, 1}};
    f->groups[0] = &f->group;
    f->job =
        (struct job){.id = f->id, .name = f->id, .ns = "default", .task_groups = {f->groups, 1}};
    return &f->job;
}

struct allocation *fx_alloc(struct fx_alloc *f, unsigned n, unsigned job, unsigned node)
{
    *f = (struct fx_alloc){.cpu = {.shares = 100}, .memory = {.mb = 50}, .shared = {.disk_mb = 10}};
    f->task = (struct allocated_task){.cpu = &f->cpu, .memory = &f->memory};
    f->tasks[0] = (struct okv){"server", &f->task};
    f->resources = (struct allocated_resources){.tasks = {f->tasks, 1}, .shared = &f->shared};
    snprintf(f->job_id, sizeof(f->job_id), "job%u", job);
    snprintf(f->name, sizeof(f->name), "job%u.web[%u]", job, n);
    f->status.healthy = TRI_UNSET;
    f->alloc = (struct allocation){.id = uuid_n('a', n),
                                   .eval_id = uuid_n('e', job),
                                   .node_id = uuid_n('n', node),
                                   .ns = "default",
                                   .name = f->name,
                                   .job_id = f->job_id,
                                   .task_group = "web",
                                   .resources = &f->resources};
    return &f->alloc;
}

struct evaluation fx_eval(unsigned n, const char *job_id)
{
    return (struct evaluation){.id = uuid_n('e', n),
                               .ns = "default",
                               .job_id = job_id,
                               .triggered_by = TRIGGER_JOB_REGISTER,
                               .priority = 50};
}

struct node fx_node(unsigned n)
{
    return (struct node){.id = uuid_n('n', n),
                         .datacenter = "dc1",
                         .name = "node",
                         .computed_class = n % 2 ? "odd" : "even",
                         .status = NODE_READY};
}

static void recount_node(const struct snap *v, unsigned node, int64_t *ret_allocs)
{
    struct uuid id = uuid_n('n', node);
    struct node_usage sum = {0}, kept = state_node_usage(v, &id);
    struct state_iter it;
    state_iter_all(&it, v, TABLE_ALLOCS);
    for (const struct allocation *a; (a = state_next(&it));) {
        if (!uuid_eq(&a->node_id, &id) || !alloc_holds_resources(a))
            continue;
        struct capacity c = alloc_usage(a->resources);
        sum.cpu += c.cpu;
        sum.memory_mb += c.memory_mb;
        sum.disk_mb += c.disk_mb;
        sum.allocs++;
        if (alloc_terminal(a))
            continue;
        sum.live_cpu += c.cpu;
        sum.live_memory_mb += c.memory_mb;
        sum.live_disk_mb += c.disk_mb;
        sum.live_allocs++;
    }
    assert_int_equal(kept.cpu, sum.cpu);
    assert_int_equal(kept.memory_mb, sum.memory_mb);
    assert_int_equal(kept.disk_mb, sum.disk_mb);
    assert_int_equal(kept.allocs, sum.allocs);
    assert_int_equal(kept.live_cpu, sum.live_cpu);
    assert_int_equal(kept.live_memory_mb, sum.live_memory_mb);
    assert_int_equal(kept.live_disk_mb, sum.live_disk_mb);
    assert_int_equal(kept.live_allocs, sum.live_allocs);
    *ret_allocs += sum.allocs;
}

static void recount_job(const struct snap *v, const struct job *j)
{
    int64_t allocs = 0, live = 0, pending = 0, running = 0, evals = 0, live_evals = 0;
    struct state_iter it;
    state_allocs_by_job(&it, v, j->ns, j->id);
    for (const struct allocation *a; (a = state_next(&it)); allocs++) {
        bool ours = a->job_create_index == j->create_index;
        live += !alloc_terminal(a);
        pending += ours && a->client_status == ALLOC_PENDING;
        running += ours && a->client_status == ALLOC_RUNNING;
        assert_int_equal(a->job->version, a->job_version);
    }
    state_evals_by_job(&it, v, j->ns, j->id);
    for (const struct evaluation *e; (e = state_next(&it)); evals++)
        live_evals += !eval_terminal(e);
    const struct group_summary *g =
        omap_get(&state_get_job_summary(v, j->ns, j->id)->summary, "web");
    assert_int_equal(g->starting, pending);
    assert_int_equal(g->running, running);
    /* What was deleted leaves a job dead only when an evaluation went; that is tested elsewhere. */
    if (live || live_evals || allocs || evals)
        assert_int_equal(j->status, live ? JOB_RUNNING : live_evals ? JOB_PENDING : JOB_DEAD);
}

void fx_recount(const struct snap *v)
{
    int64_t held = 0, holding = 0;
    struct state_iter it;
    for (unsigned node = 0; node < 16; node++)
        recount_node(v, node, &held);
    state_iter_all(&it, v, TABLE_ALLOCS);
    for (const struct allocation *a; (a = state_next(&it));)
        holding += alloc_holds_resources(a);
    assert_int_equal(held, holding);
    state_iter_all(&it, v, TABLE_JOBS);
    for (const struct job *j; (j = state_next(&it));)
        recount_job(v, j);
}
