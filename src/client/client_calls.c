// SPDX-License-Identifier: Apache-2.0
#include "client/client_internal.h"

struct pending {
    struct list node;
    struct client *c; /* NULL: the client is gone */
    struct rpc_table *rpc;
    struct rpc_call *call;
    client_call_cb cb;
    void *user;
};

static void deliver(void *arg)
{
    struct pending *p = arg;
    struct client *c = p->c;
    list_del(&p->node);
    if (c)
        p->cb(c, p->call, p->user);
    rpc_call_free(p->call);
    free(p);
}

/* Perhaps on another thread, perhaps inside rpc_invoke(): always take the way over the loop. */
static void on_done(struct rpc_call *call)
{
    struct pending *p = call->ctx;
    if (rpc_post(p->rpc, deliver, p) < 0)
        deliver(p);
}

struct rpc_call *client_call_new(struct client *c, const char *method)
{
    struct rpc_call *call = rpc_call_new(c->rpc, method);
    if (!call)
        return NULL;
    struct rpc_common *common = rpc_common_of(call);
    common->region = c->config.region;
    common->auth_token = arena_strdup(call->arena, UUID_Z(&c->secret_id));
    return call;
}

void client_call_send(struct client *c, struct rpc_call *call, client_call_cb cb, void *user)
{
    struct pending *p = calloc(1, sizeof(*p));
    if (!p) {
        rpc_call_free(call);
        return;
    }
    *p = (struct pending){.c = c, .rpc = c->rpc, .call = call, .cb = cb, .user = user};
    list_add_tail(&c->calls, &p->node);
    call->ctx = p;
    call->done = on_done;
    rpc_invoke(c->rpc, call);
}

void client_calls_drop(struct client *c)
{
    list_for_each_safe (it, &c->calls) {
        struct pending *p = list_item(it, struct pending, node);
        p->c = NULL;
        list_del(&p->node);
        rpc_cancel(p->call);
    }
}
