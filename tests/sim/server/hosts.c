// SPDX-License-Identifier: Apache-2.0
/* Client agents. What becomes of an allocation, and when, is in its id: a host needs no memory, so
 * it can call a server that was restored from any point of the log. */
#include "base/hash.h"
#include "tests/sim/server/world.h"

enum { TICK_MS = 400 };

static void tick(void *ctx);

static void tick_later(struct host *h)
{
    struct venv *v = &h->w->v;
    v->env.timer(&v->env, (nsec_t)(TICK_MS + venv_roll(v, TICK_MS)) * NSEC_MSEC, tick, h);
}

/* --- itself --- */

static void registered(struct rpc_call *call)
{
    struct host *h = call->ctx;
    h->calling = false;
    h->registered = call->code == 0;
    rpc_call_free(call);
}

static struct node *describe(struct arena *a, const struct host *h)
{
    struct node *n = model_new(&node_schema, a);
    struct driver_info *d = model_new(&driver_info_schema, a);
    n->id = h->id;
    n->secret_id = h->secret;
    n->name = arena_printf(a, "host-%u", h->number);
    n->datacenter = "dc1";
    n->node_pool = "default";
    n->node_class = h->number % 2 ? "odd" : "even";
    n->status = NODE_INIT;
    n->resources = model_new(&node_resources_schema, a);
    n->resources->cpu = model_new(&node_cpu_schema, a);
    n->resources->memory = model_new(&node_memory_schema, a);
    n->resources->disk = model_new(&node_disk_schema, a);
    n->resources->cpu->shares = 2000;
    n->resources->memory->mb = 2048;
    n->resources->disk->mb = 10000;
    smap_set(a, &n->attributes, "kernel.name", "linux");
    smap_set(a, &n->attributes, "unique.hostname", n->name);
    d->detected = d->healthy = true;
    omap_set(a, &n->drivers, "raw_exec", d);
    return n;
}

static void send_register(struct host *h)
{
    struct rpc_call *call = world_call("Node.Register");
    ((struct node_register_args *)call->args)->node = describe(call->arena, h);
    call->done = registered;
    call->ctx = h;
    h->calling = true;
    world_send(h->w, call);
}

static void beaten(struct rpc_call *call)
{
    struct host *h = call->ctx;
    nsec_t now = h->w->v.now;
    h->calling = false;
    if (call->code == 404)
        h->registered = false;
    h->next_beat = call->code ? now + NSEC_SEC
                              : now + ((struct node_update_reply *)call->reply)->heartbeat_ttl / 2;
    rpc_call_free(call);
}

static void send_beat(struct host *h)
{
    struct rpc_call *call = world_call("Node.UpdateStatus");
    struct node_status_args *args = call->args;
    args->node_id = h->id;
    args->status = "ready";
    call->done = beaten;
    call->ctx = h;
    h->calling = true;
    world_send(h->w, call);
}

/* --- its allocations --- */

static uint64_t fate(const struct allocation *a)
{
    return hash_bytes(a->id.b, sizeof(a->id.b), 7);
}

/* What the allocation turns into by now, or -1. */
static int next_status(const struct world *w, const struct allocation *a)
{
    nsec_t age = w->v.now - a->modify_time;
    uint64_t f = fate(a);
    if (alloc_client_terminal(a))
        return -1;
    if (a->desired_status != ALLOC_RUN)
        return age > (nsec_t)(f % 2000) * NSEC_MSEC ? ALLOC_COMPLETE : -1;
    if (a->client_status == ALLOC_PENDING) {
        if (age <= (nsec_t)(f % 2500) * NSEC_MSEC)
            return -1;
        return !w->quiet && (f >> 16) % 10 == 0 ? ALLOC_FAILED : ALLOC_RUNNING;
    }
    if (a->job->type == JOB_BATCH) {
        if (age <= NSEC_SEC + (nsec_t)(f % 9000) * NSEC_MSEC)
            return -1;
        return !w->quiet && (f >> 20) % 4 == 0 ? ALLOC_FAILED : ALLOC_COMPLETE;
    }
    bool fails = !w->quiet && (f >> 24) % 6 == 0 && age > (nsec_t)(f % 20000) * NSEC_MSEC;
    return fails ? ALLOC_FAILED : -1;
}

static struct allocation *report_of(struct arena *a, const struct host *h,
                                    const struct allocation *old, int status)
{
    struct allocation *x = model_new(&allocation_schema, a);
    struct task_state *t = model_new(&task_state_schema, a);
    x->id = old->id;
    x->client_status = status;
    t->state = status == ALLOC_RUNNING ? TASK_RUNNING : TASK_DEAD;
    t->failed = status == ALLOC_FAILED;
    t->finished_at = status == ALLOC_RUNNING ? 0 : h->w->v.now;
    omap_set(a, &x->task_states, "main", t);
    return x;
}

static void reported(struct rpc_call *call)
{
    ((struct host *)call->ctx)->reporting = false;
    rpc_call_free(call);
}

static void send_report(struct host *h)
{
    struct rpc_call *call = world_call("Node.UpdateAlloc");
    struct alloc_update_args *args = call->args;
    struct snap *snap = state_pin(h->w->v.state);
    struct state_iter it;
    const struct allocation *a;
    state_allocs_by_node(&it, snap, &h->id);
    while ((a = state_next(&it))) {
        int status = next_status(h->w, a);
        if (status >= 0)
            objs_add(call->arena, &args->allocs, report_of(call->arena, h, a, status));
    }
    state_unpin(snap);
    if (!args->allocs.n) {
        rpc_call_free(call);
        return;
    }
    call->done = reported;
    call->ctx = h;
    h->reporting = true;
    world_send(h->w, call);
}

static void tick(void *ctx)
{
    struct host *h = ctx;
    h->ticking = h->alive;
    if (!h->alive)
        return;
    tick_later(h);
    if (!h->calling && !h->registered)
        send_register(h);
    else if (!h->calling && h->w->v.now >= h->next_beat)
        send_beat(h);
    if (h->registered && !h->reporting)
        send_report(h);
}

/* --- life --- */

void host_boot(struct host *h)
{
    if (h->alive)
        return;
    h->alive = true;
    h->registered = false;
    h->next_beat = 0;
    if (!h->ticking)
        tick_later(h);
    h->ticking = true;
}

void host_kill(struct host *h)
{
    h->alive = false;
}

void host_restart_agent(struct host *h)
{
    h->registered = false;
    h->next_beat = 0;
}

uint32_t hosts_alive(const struct world *w)
{
    uint32_t m = 0;
    for (size_t i = 0; i < HOSTS; i++)
        m |= (uint32_t)w->hosts[i].alive << i;
    return m;
}

void hosts_start(struct world *w, uint32_t alive)
{
    struct snap *snap = state_pin(w->v.state);
    for (unsigned i = 0; i < HOSTS; i++) {
        struct host *h = &w->hosts[i];
        *h = (struct host){.w = w, .number = i};
        h->id.b[0] = (uint8_t)(i * 40 + 1);
        h->secret.b[0] = (uint8_t)(i + 1);
        if (alive >> i & 1)
            host_boot(h);
        h->registered = state_get_node(snap, &h->id) && venv_roll(&w->v, 4);
    }
    state_unpin(snap);
}
