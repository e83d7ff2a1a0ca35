// SPDX-License-Identifier: Apache-2.0
/* Assembly: log, state, duties, methods. */
#include "server/server.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "server/server_parts.h"

/* --- the log's side --- */

static void on_apply(void *ctx, uint64_t index, uint64_t term, const void *entry, size_t n,
                     void **result)
{
    struct server *s = ctx;
    struct arena *a = arena_new(n * 2);
    struct command *c;
    struct fsm_result *res;
    int r = a ? command_decode(a, entry, n, &c) : -ENOMEM;
    if (r < 0) {
        log_error("server", "log entry %llu cannot be applied: %s", (unsigned long long)index,
                  r == -EPROTONOSUPPORT ? "written by a newer version" : strerror(-r));
        exit(RAFT_EXIT_FATAL); /* a state that skips an entry would be another state */
    }
    s->env->latest = MAX(s->env->latest, c->now);
    fsm_apply(s->state, index, c, &res);
    *result = res;
    arena_free(a);
}

static void on_result_free(void *ctx, void *result)
{
    fsm_result_free(result);
}

static void *on_snapshot_pin(void *ctx, uint64_t index, uint64_t term)
{
    struct server *s = ctx;
    return state_pin(s->state);
}

static int to_sink(void *arg, const void *p, size_t n)
{
    return raft_sink_write(arg, p, n);
}

static int on_snapshot_write(void *pin, struct raft_sink *sink, struct err *err)
{
    int r = state_write(pin, to_sink, sink);
    return r < 0 ? err_errno(err, r, "writing the state's snapshot") : 0;
}

static void on_snapshot_unpin(void *ctx, void *pin)
{
    state_unpin(pin);
}

static int on_restore(void *ctx, uint64_t index, uint64_t term, struct raft_source *source,
                      struct err *err)
{
    struct server *s = ctx;
    struct state_reader *r = state_reader_new();
    char chunk[65536];
    ssize_t n;
    int q = r ? 0 : -ENOMEM;
    while (q == 0 && (n = raft_source_read(source, chunk, sizeof(chunk), err)) != 0)
        q = n < 0 ? (int)n : state_reader_feed(r, chunk, (size_t)n, err);
    if (q == 0)
        q = state_reader_finish(r, err);
    if (q == 0)
        state_install(s->state, r);
    state_reader_free(r);
    return q;
}

static void on_leader_changed(void *ctx, bool is_leader, uint64_t term)
{
    struct server *s = ctx;
    if (is_leader == s->leader)
        return;
    s->leader = is_leader;
    log_info("server", is_leader ? "cluster leadership acquired" : "cluster leadership lost");
    if (is_leader) {
        struct snap *snap = state_pin(s->state);
        scheduling_start(s->scheduling);
        heartbeat_start(s->heartbeat, snap);
        state_unpin(snap);
    } else {
        scheduling_stop(s->scheduling);
        heartbeat_stop(s->heartbeat);
    }
}

struct proposal {
    env_proposed_cb cb;
    void *ctx;
};

static void on_proposed(void *ctx, int r, uint64_t index, void *result)
{
    struct proposal *p = ctx;
    p->cb(p->ctx, r, result);
    fsm_result_free(result);
    free(p);
}

static int env_propose(struct server_env *env, const void *bytes, size_t n, env_proposed_cb cb,
                       void *ctx)
{
    struct server *s = env->owner;
    struct proposal *p = malloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
    *p = (struct proposal){cb, ctx};
    int r = raft_host_propose(s->raft, bytes, n, on_proposed, p);
    if (r < 0)
        free(p);
    return r;
}

/* --- duties --- */

void server_node_expired(void *ctx, const struct uuid *node_id)
{
    struct server *s = ctx;
    struct arena *a = arena_new(0);
    struct snap *snap = state_pin(s->state);
    struct command *c = a ? model_new(&command_schema, a) : NULL;
    const struct node *n = state_get_node(snap, node_id);
    if (c && n && n->status != NODE_DOWN) {
        log_warn("server", "node missed its heartbeat: node_id=%s name=%s", UUID_Z(node_id),
                 n->name);
        c->type = CMD_NODE_STATUS;
        c->now = server_stamp(s);
        c->node_id = *node_id;
        c->node_status = NODE_DOWN;
        c->event = model_new(&node_event_schema, a);
        if (c->event) {
            c->event->message = "Node heartbeat missed";
            c->event->subsystem = "Cluster";
            c->event->timestamp = c->now;
        }
        if (server_node_evals(s, a, snap, node_id, TRIGGER_NODE_UPDATE, &c->evals) < 0 ||
            server_write_own(s, c) < 0)
            heartbeat_reset(s->heartbeat, node_id); /* it will be missed again */
    }
    state_unpin(snap);
    arena_free(a);
}

/* A burst of work leaves freed memory scattered in the heap: give it back once all is quiet. */
static void trim_when_quiet(struct server *s)
{
    uint64_t applied = raft_host_applied(s->raft);
    nsec_t now = s->env->mono(s->env);
    if (applied != s->seen_index) {
        s->seen_index = applied;
        s->quiet_since = now;
    } else if (s->trimmed_index != applied && now - s->quiet_since > 2 * NSEC_SEC) {
        s->trimmed_index = applied;
        malloc_trim(0);
    }
}

static void reclaim(void *ctx)
{
    struct server *s = ctx;
    bool more = state_reclaim(s->state);
    if (!more)
        trim_when_quiet(s);
    s->reclaim_timer = s->env->timer(s->env, more ? 0 : NSEC_SEC / 10, reclaim, s);
}

/* --- life --- */

static int open_raft(struct server *s, struct err *err)
{
    char dir[4096];
    struct raft_host_options ro = {0};
    static const struct raft_host_callbacks cb = {
        .apply = on_apply,
        .result_free = on_result_free,
        .leader_changed = on_leader_changed,
        .snapshot_pin = on_snapshot_pin,
        .snapshot_write = on_snapshot_write,
        .snapshot_unpin = on_snapshot_unpin,
        .restore = on_restore,
    };
    if (s->o.data_dir) {
        snprintf(dir, sizeof(dir), "%s/raft", s->o.data_dir);
        ro.dir = dir;
    }
    ro.election_timeout = 100 * NSEC_MSEC; /* one voter: nobody to wait for */
    ro.heartbeat = 20 * NSEC_MSEC;
    ro.bootstrap.n = 1;
    ro.bootstrap.servers[0] = (struct raft_server){.voter = true};
    return raft_host_open(s->loop, &ro, &cb, s, &s->raft, err);
}

int server_new(uv_loop_t *loop, struct rpc_table *rpc, const struct server_options *o,
               struct server **ret, struct err *err)
{
    struct server *s = calloc(1, sizeof(*s));
    struct heartbeat_options ho = {
        .min_ttl = o->heartbeat_ttl ? o->heartbeat_ttl : 10 * NSEC_SEC,
        .grace = o->heartbeat_grace ? o->heartbeat_grace : 10 * NSEC_SEC,
        .max_per_second = 50,
    };
    if (!s)
        return -ENOMEM;
    s->o = *o;
    list_init(&s->waiting);
    s->loop = loop;
    s->rpc = rpc;
    if (!(s->uv_env = uv_env_new(loop, rpc)) || !(s->state = state_new()))
        return err_set(err, -ENOMEM, "starting the server: out of memory");
    s->env = uv_env_get(s->uv_env);
    s->env->propose = env_propose;
    s->env->owner = s;
    if (!(s->scheduling = scheduling_new(s->env, s->state)) ||
        !(s->heartbeat = heartbeat_new(s->env, &ho, server_node_expired, s)))
        return err_set(err, -ENOMEM, "starting the server: out of memory");
    int r = open_raft(s, err);
    if (r < 0)
        return err_wrap(err, r, "starting the server");
    rpc_register(rpc, job_methods, n_job_methods, s);
    rpc_register(rpc, eval_methods, n_eval_methods, s);
    rpc_register(rpc, alloc_methods, n_alloc_methods, s);
    rpc_register(rpc, node_methods, n_node_methods, s);
    rpc_register(rpc, status_methods, n_status_methods, s);
    s->reclaim_timer = s->env->timer(s->env, NSEC_SEC / 10, reclaim, s);
    *ret = s;
    return 0;
}

/* Never comes: what is awaited comes from threads, which do not keep the loop running. */
static void closing_took_an_hour(void *ctx)
{
    struct server *s = ctx;
    s->close_timer = s->env->timer(s->env, NSEC_HOUR, closing_took_an_hour, s);
}

static void scheduling_freed(void *ctx)
{
    struct server *s = ctx;
    s->env->cancel(s->env, s->close_timer);
    void (*cb)(void *) = s->closed_cb;
    void *cb_ctx = s->closed_ctx;
    heartbeat_free(s->heartbeat);
    uv_env_free(s->uv_env);
    while (state_reclaim(s->state))
        ;
    state_free(s->state);
    free(s);
    cb(cb_ctx);
}

static void raft_closed(void *ctx)
{
    struct server *s = ctx;
    scheduling_free(s->scheduling, scheduling_freed, s);
}

void server_close(struct server *s, void (*closed_cb)(void *ctx), void *ctx)
{
    s->closing = true;
    s->closed_cb = closed_cb;
    s->closed_ctx = ctx;
    s->env->cancel(s->env, s->reclaim_timer);
    s->close_timer = s->env->timer(s->env, NSEC_HOUR, closing_took_an_hour, s);
    server_end_waiting(s);
    if (s->leader) {
        s->leader = false;
        scheduling_stop(s->scheduling);
        heartbeat_stop(s->heartbeat);
    }
    raft_host_close(s->raft, raft_closed, s);
}

bool server_is_leader(const struct server *s)
{
    return s->leader;
}
