// SPDX-License-Identifier: Apache-2.0
/* Commands through the log, for calls and for the server's own duties. */
#include <errno.h>

#include "server/server_parts.h"

struct writing {
    struct server *s;
    struct rpc_call *call; /* NULL: nobody waits */
    server_applied_cb applied;
};

nsec_t server_stamp(struct server *s)
{
    return env_stamp(s->env);
}

/* Why the log took no entry, in the words clients know. */
static void refuse(struct rpc_call *call, int r)
{
    switch (r) {
    case -ENOTCONN:
    case -ECANCELED:
        rpc_fail(call, 500, "No cluster leader");
        break;
    case -E2BIG:
        rpc_fail(call, 400, "request is too large: one change may take 4 MiB");
        break;
    case -EAGAIN:
        rpc_fail(call, 429, "too many writes in flight; try again");
        break;
    case -ENOSPC:
        rpc_fail(call, 503, "the server's disk is nearly full: writes are refused");
        break;
    default:
        rpc_fail(call, 500, "write failed: %s", strerror(-r));
    }
}

static void on_applied(void *ctx, int r, const struct fsm_result *res)
{
    struct writing *w = ctx;
    struct rpc_call *call = w->call;
    if (!call) {
        if (r < 0 && r != -ESHUTDOWN)
            log_warn("server", "own command was not applied: %s", strerror(-r));
    } else if (r < 0) {
        refuse(call, r);
    } else if (res->code) {
        rpc_fail(call, res->code, "%s", res->err.text);
    } else {
        rpc_meta_of(call)->index = res->index;
        if (w->applied)
            w->applied(w->s, call, res);
        rpc_finish(call);
    }
    free(w);
}

static int propose(struct server *s, struct rpc_call *call, const struct command *c,
                   server_applied_cb applied)
{
    struct buf b = {0};
    struct writing *w = malloc(sizeof(*w));
    int r = -ENOMEM;
    if (w) {
        *w = (struct writing){s, call, applied};
        command_encode(c, &b);
        r = b.failed ? -ENOMEM : s->env->propose(s->env, b.p, b.n, on_applied, w);
    }
    buf_free(&b);
    if (r < 0)
        free(w);
    return r;
}

void server_write(struct server *s, struct rpc_call *call, const struct command *c,
                  server_applied_cb applied)
{
    int r = propose(s, call, c, applied);
    if (r < 0)
        refuse(call, r);
}

int server_write_own(struct server *s, const struct command *c)
{
    int r = propose(s, NULL, c, NULL);
    if (r < 0)
        log_warn("server", "own command was refused: %s", strerror(-r));
    return r;
}

struct evaluation *server_new_eval(struct server *s, struct arena *a, const char *ns,
                                   const char *job_id, int32_t type, int64_t priority,
                                   const char *trigger)
{
    struct evaluation *e = model_new(&evaluation_schema, a);
    if (!e)
        return NULL;
    env_uuid(s->env, &e->id);
    e->ns = ns;
    e->job_id = job_id;
    e->type = type;
    e->priority = priority;
    e->triggered_by = trigger;
    e->status = EVAL_PENDING;
    return e;
}

static bool has_eval(const struct objs *l, const struct allocation *a)
{
    OBJS_FOR(struct evaluation, e, *l)
    if (streq(e->job_id, a->job_id) && streq(e->ns, a->ns))
        return true;
    return false;
}

int server_node_evals(struct server *s, struct arena *a, const struct snap *snap,
                      const struct uuid *node_id, const char *trigger, struct objs *ret)
{
    struct state_iter it;
    const struct allocation *alloc;
    state_allocs_by_node(&it, snap, node_id);
    while ((alloc = state_next(&it))) {
        /* Those told to stop too: on a dead node nobody else will say that they ended. */
        if (!alloc_holds_resources(alloc) || has_eval(ret, alloc))
            continue;
        const struct job *j = alloc->job;
        struct evaluation *e =
            server_new_eval(s, a, alloc->ns, alloc->job_id, j->type, j->priority, trigger);
        if (!e || objs_add(a, ret, e) < 0)
            return -ENOMEM;
        e->node_id = *node_id;
    }
    return 0;
}
