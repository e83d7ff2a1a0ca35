// SPDX-License-Identifier: Apache-2.0
/* What users and operators do, by chance. */
#include <stdio.h>

#include "tests/sim/server/world.h"

static const char *const ids[JOBS] = {"web", "api", "batch", "wide", "cron"};
static const bool is_batch[JOBS] = {false, false, true, false, true};

static int64_t range(struct world *w, int64_t from, int64_t to)
{
    return from + (int64_t)venv_roll(&w->v, (uint64_t)(to - from + 1));
}

static struct task_group *make_group(struct world *w, struct arena *a, const char *name, bool batch)
{
    struct task_group *g = model_new(&task_group_schema, a);
    struct task *t = model_new(&task_schema, a);
    struct val_entry *e = arena_array(a, struct val_entry, 1);
    g->name = name;
    g->count = range(w, 0, 5);
    if (!batch) {
        g->update = model_new(&update_strategy_schema, a);
        g->update->max_parallel = range(w, 0, 2);
    }
    g->reschedule = model_new(&reschedule_policy_schema, a);
    g->reschedule->delay = range(w, 5, 8) * NSEC_SEC;
    g->reschedule->delay_function = "constant";
    g->reschedule->unlimited = 1;
    g->reschedule->attempts = 0;
    g->reschedule->max_delay = NSEC_MIN;
    t->name = "main";
    t->driver = "raw_exec";
    e->key = str_of("command");
    e->value = val_str(str_of("/bin/true"));
    t->config = val_map_of(e, 1);
    t->resources = model_new(&resources_schema, a);
    t->resources->cpu = range(w, 1, 5) * 200;
    t->resources->memory_mb = range(w, 1, 4) * 128;
    smap_set(a, &t->env, "V", arena_printf(a, "%lld", (long long)range(w, 0, 2)));
    objs_add(a, &g->tasks, t);
    if (!venv_roll(&w->v, 5)) {
        struct constraint *c = model_new(&constraint_schema, a);
        c->ltarget = "${node.class}";
        c->operand = "=";
        c->rtarget = venv_roll(&w->v, 2) ? "odd" : "even";
        objs_add(a, &g->constraints, c);
    }
    if (!venv_roll(&w->v, 8)) {
        struct constraint *c = model_new(&constraint_schema, a);
        c->operand = "distinct_hosts";
        c->rtarget = "true";
        objs_add(a, &g->constraints, c);
    }
    return g;
}

static struct job *make_job(struct world *w, struct arena *a, size_t n)
{
    struct job *j = model_new(&job_schema, a);
    j->id = j->name = ids[n];
    j->ns = "default";
    j->type = is_batch[n] ? JOB_BATCH : JOB_SERVICE;
    j->priority = range(w, 1, 3) * 25;
    strs_add(a, &j->datacenters, "dc1");
    objs_add(a, &j->task_groups, make_group(w, a, "g", is_batch[n]));
    if (n == 3 && venv_roll(&w->v, 2))
        objs_add(a, &j->task_groups, make_group(w, a, "h", false));
    return j;
}

/* Something of it is different, or nothing. */
static void change(struct world *w, struct job *j)
{
    OBJS_FOR(struct task_group, g, j->task_groups)
    {
        struct task *t = g->tasks.items[0];
        switch (venv_roll(&w->v, 6)) {
        case 0:
        case 1:
            g->count = range(w, 0, 6);
            break;
        case 2:
            t->resources->cpu = range(w, 1, 5) * 200;
            break;
        case 3:
            t->env.items[0].value = venv_roll(&w->v, 2) ? "x" : "y";
            break;
        case 4:
            j->priority = range(w, 1, 4) * 20;
            break;
        default:
            break;
        }
    }
}

static void answered(struct rpc_call *call)
{
    struct world *w = call->ctx;
    if (call->code == 400)
        world_fail(w, "%s is refused: %s", call->method->name, call->err.text);
    w->refused += call->code != 0;
    rpc_call_free(call);
}

static void ask(struct world *w, struct rpc_call *call)
{
    call->done = answered;
    call->ctx = w;
    world_send(w, call);
}

static void register_job(struct world *w)
{
    size_t n = venv_roll(&w->v, JOBS);
    struct rpc_call *call = world_call("Job.Register");
    struct job_register_args *args = call->args;
    struct snap *snap = state_pin(w->v.state);
    const struct job *old = state_get_job(snap, "default", ids[n]);
    if (old && venv_roll(&w->v, 4)) {
        args->job = model_copy(&job_schema, call->arena, old);
        args->job->stop = false;
        if (venv_roll(&w->v, 4))
            change(w, args->job);
        args->enforce_index = !venv_roll(&w->v, 4);
        args->job_modify_index = old->job_modify_index;
    } else {
        args->job = make_job(w, call->arena, n);
    }
    state_unpin(snap);
    ask(w, call);
}

static void stop_job(struct world *w)
{
    struct rpc_call *call = world_call("Job.Deregister");
    struct job_deregister_args *args = call->args;
    args->job_id = ids[venv_roll(&w->v, JOBS)];
    args->purge = !venv_roll(&w->v, 3);
    const char *id = args->job_id;
    bool again = args->purge && venv_roll(&w->v, 2);
    ask(w, call);
    if (!again)
        return;
    for (size_t i = 0; i < JOBS; i++)
        if (streq(ids[i], id)) {
            call = world_call("Job.Register");
            ((struct job_register_args *)call->args)->job = make_job(w, call->arena, i);
            ask(w, call);
        }
}

static void evaluate_job(struct world *w)
{
    struct rpc_call *call = world_call("Job.Evaluate");
    ((struct job_evaluate_args *)call->args)->job_id = ids[venv_roll(&w->v, JOBS)];
    ask(w, call);
}

static void plan_job(struct world *w)
{
    struct rpc_call *call = world_call("Job.Plan");
    ((struct job_plan_args *)call->args)->job = make_job(w, call->arena, venv_roll(&w->v, JOBS));
    ask(w, call);
}

static void stop_alloc(struct world *w)
{
    struct rpc_call *call = world_call("Alloc.Stop");
    struct alloc_stop_args *args = call->args;
    struct snap *snap = state_pin(w->v.state);
    struct state_iter it;
    const struct allocation *a;
    uint64_t n = 0;
    state_iter_all(&it, snap, TABLE_ALLOCS);
    while ((a = state_next(&it)))
        if (!alloc_terminal(a) && !venv_roll(&w->v, ++n))
            args->alloc_id = a->id;
    state_unpin(snap);
    ask(w, call);
}

static void set_eligibility(struct world *w)
{
    struct rpc_call *call = world_call("Node.UpdateEligibility");
    struct node_eligibility_args *args = call->args;
    args->node_id = w->hosts[venv_roll(&w->v, HOSTS)].id;
    args->eligibility = venv_roll(&w->v, 3) ? "eligible" : "ineligible";
    ask(w, call);
}

static void gather_dead(struct arena *a, struct command *c, const struct snap *snap)
{
    struct state_iter it;
    const struct evaluation *e;
    const struct allocation *x;
    state_evals_by_job(&it, snap, c->ns, c->job_id);
    while ((e = state_next(&it)))
        if (eval_terminal(e))
            uuids_add(a, &c->eval_ids, &e->id);
    state_allocs_by_job(&it, snap, c->ns, c->job_id);
    while ((x = state_next(&it)))
        if (alloc_client_terminal(x))
            uuids_add(a, &c->ids, &x->id);
}

static void reap(struct world *w)
{
    struct arena *a = arena_new(0);
    struct snap *snap = state_pin(w->v.state);
    struct command *c = model_new(&command_schema, a);
    const char *id = ids[venv_roll(&w->v, JOBS)];
    const struct job *j = state_get_job(snap, "default", id);
    if (!j || j->status == JOB_DEAD) {
        c->type = CMD_REAP;
        c->now = w->v.now;
        c->ns = "default";
        c->job_id = id;
        gather_dead(a, c, snap);
        server_write_own(world_server(), c);
    }
    state_unpin(snap);
    arena_free(a);
}

static struct allocation *rogue_alloc(struct world *w, struct arena *a, const struct job *j,
                                      const struct task_group *g, const struct host *h)
{
    struct allocation *x = model_new(&allocation_schema, a);
    struct allocated_task *t = model_new(&allocated_task_schema, a);
    const struct task *ask = g->tasks.items[0];
    env_uuid(&w->v.env, &x->id);
    x->node_id = h->id;
    x->node_name = ROGUE;
    x->ns = j->ns;
    x->job_id = j->id;
    x->task_group = g->name;
    x->name = arena_printf(a, "%s.%s[%lld]", j->id, g->name, (long long)range(w, 0, 5));
    x->resources = model_new(&allocated_resources_schema, a);
    t->cpu = model_new(&allocated_cpu_schema, a);
    t->memory = model_new(&allocated_memory_schema, a);
    t->cpu->shares = ask->resources->cpu;
    t->memory->mb = ask->resources->memory_mb;
    omap_set(a, &x->resources->tasks, ask->name, t);
    x->resources->shared = model_new(&allocated_shared_schema, a);
    x->resources->shared->disk_mb = g->ephemeral_disk->size_mb;
    return x;
}

static void fill_rogue(struct world *w, struct arena *a, struct command *c, const struct job *j)
{
    const struct host *h = &w->hosts[venv_roll(&w->v, HOSTS)];
    bool one_host = venv_roll(&w->v, 2);
    c->type = CMD_PLAN;
    c->now = w->v.now;
    c->ns = j->ns;
    c->job_id = j->id;
    c->job_version = j->version;
    c->job_modify_index = j->job_modify_index;
    for (int64_t n = range(w, 1, 5); n > 0; n--) {
        objs_add(a, &c->placed, rogue_alloc(w, a, j, j->task_groups.items[0], h));
        if (!one_host)
            h = &w->hosts[venv_roll(&w->v, HOSTS)];
    }
}

/* A plan made by somebody who knows nothing of names and room: the state machine has to refuse what
 * does not fit. It stands for a scheduler that errs. */
static void propose_rogue(struct rpc_call *call)
{
    struct world *w = call->ctx;
    struct job_evaluate_args *args = call->args;
    struct snap *snap = state_pin(w->v.state);
    const struct job *j = state_get_job(snap, "default", args->job_id);
    struct command *c = model_new(&command_schema, call->arena);
    if (!call->code && j && !j->stop) {
        fill_rogue(w, call->arena, c, j);
        c->eval_id = ((struct job_register_reply *)call->reply)->eval_id;
        server_write_own(world_server(), c);
        struct rpc_call *after = world_call("Job.Evaluate");
        ((struct job_evaluate_args *)after->args)->job_id = args->job_id;
        ask(w, after);
    }
    state_unpin(snap);
    rpc_call_free(call);
}

static void make_rogue_plan(struct world *w)
{
    struct rpc_call *call = world_call("Job.Evaluate");
    ((struct job_evaluate_args *)call->args)->job_id = ids[venv_roll(&w->v, JOBS)];
    call->done = propose_rogue;
    call->ctx = w;
    world_send(w, call);
}

static void touch_host(struct world *w)
{
    struct host *h = &w->hosts[venv_roll(&w->v, HOSTS)];
    switch (venv_roll(&w->v, 4)) {
    case 0:
        host_restart_agent(h);
        break;
    case 1:
        host_kill(h);
        break;
    default:
        host_boot(h);
    }
}

void people_act(struct world *w)
{
    static void (*const acts[])(struct world * w) = {
        register_job,
        register_job,
        register_job,
        register_job,
        register_job,
        register_job,
        stop_job,
        stop_job,
        evaluate_job,
        plan_job,
        stop_alloc,
        stop_alloc,
        set_eligibility,
        set_eligibility,
        touch_host,
        touch_host,
        touch_host,
        reap,
        reap,
    };
    if (w->rogues && !venv_roll(&w->v, 4))
        make_rogue_plan(w);
    acts[venv_roll(&w->v, ARRAY_LEN(acts))](w);
}
