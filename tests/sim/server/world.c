// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/server/world.h"

#include <stdio.h>

static struct server the_server;
static struct rpc_table *the_table;
static uv_loop_t the_loop;

void world_fail(struct world *w, const char *fmt, ...)
{
    va_list ap;
    if (w->failure[0])
        return;
    va_start(ap, fmt);
    int n =
        snprintf(w->failure, sizeof(w->failure), "at entry %llu: ", (unsigned long long)w->v.index);
    vsnprintf(w->failure + n, sizeof(w->failure) - (size_t)n, fmt, ap);
    va_end(ap);
}

static void make_table(void)
{
    uv_loop_init(&the_loop);
    the_table = rpc_table_new(&the_loop);
    rpc_register(the_table, job_methods, n_job_methods, &the_server);
    rpc_register(the_table, eval_methods, n_eval_methods, &the_server);
    rpc_register(the_table, alloc_methods, n_alloc_methods, &the_server);
    rpc_register(the_table, node_methods, n_node_methods, &the_server);
}

void world_init(struct world *w, uint64_t seed, nsec_t now, struct state *state, uint64_t index)
{
    static const struct heartbeat_options ho = {5 * NSEC_SEC, 3 * NSEC_SEC, 50};
    struct server *s = &the_server;
    if (!the_table)
        make_table();
    *w = (struct world){0};
    venv_init(&w->v, seed, now, state ? state : state_new(), index);
    w->v.leading = false;
    w->v.delay_ms = 30;
    w->v.before = check_before;
    w->v.after = check_after;
    w->v.ctx = w;
    *s = (struct server){
        .o = {.region = "global", .datacenter = "dc1", .name = "s1", .rpc_addr = "127.0.0.1:4647"},
        .loop = &the_loop,
        .rpc = the_table,
        .env = &w->v.env,
        .state = w->v.state,
    };
    list_init(&s->waiting);
    s->scheduling = scheduling_new(s->env, s->state);
    s->heartbeat = heartbeat_new(s->env, &ho, server_node_expired, s);
}

void world_lead(struct world *w)
{
    struct snap *snap = state_pin(w->v.state);
    w->v.index++; /* the leader's no-op */
    w->v.leading = the_server.leader = true;
    scheduling_start(the_server.scheduling);
    heartbeat_start(the_server.heartbeat, snap);
    state_unpin(snap);
    w->leads++;
}

void world_depose(struct world *w)
{
    bool first = venv_roll(&w->v, 2);
    if (!the_server.leader)
        return;
    the_server.leader = false;
    if (first)
        venv_depose(&w->v);
    scheduling_stop(the_server.scheduling);
    heartbeat_stop(the_server.heartbeat);
    if (!first)
        venv_depose(&w->v);
}

static void set_true(void *ctx)
{
    *(bool *)ctx = true;
}

void world_free(struct world *w)
{
    bool freed = false;
    world_depose(w);
    w->v.before = NULL;
    w->v.after = NULL;
    for (size_t i = 0; i < HOSTS; i++)
        w->hosts[i].alive = false;
    scheduling_free(the_server.scheduling, set_true, &freed);
    while (venv_step(&w->v))
        ;
    if (!freed)
        abort(); /* something is in flight for ever */
    heartbeat_free(the_server.heartbeat);
    while (state_reclaim(w->v.state))
        ;
    state_free(w->v.state);
    venv_free(&w->v);
}

void world_run(struct world *w, nsec_t t)
{
    nsec_t until = w->v.now + t;
    size_t seen = w->v.seen;
    nsec_t last = w->v.now;
    while (w->v.now < until && !w->failure[0]) {
        if (w->v.now != last) {
            last = w->v.now;
            seen = w->v.seen;
        }
        if (w->v.seen - seen > 20000)
            world_fail(w, "the loop spins: 20000 events in no time");
        if (!venv_step(&w->v))
            break;
    }
}

static void free_call(struct rpc_call *call)
{
    rpc_call_free(call);
}

struct rpc_call *world_call(const char *method)
{
    struct rpc_call *call = rpc_call_new(the_table, method);
    if (!call)
        abort();
    call->done = free_call;
    rpc_common_of(call)->ns = "default";
    rpc_common_of(call)->region = "global";
    return call;
}

void world_send(struct world *w, struct rpc_call *call)
{
    rpc_invoke(the_table, call);
}

struct server *world_server(void)
{
    return &the_server;
}
