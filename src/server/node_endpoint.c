// SPDX-License-Identifier: Apache-2.0
/* Node.*: what client agents say about themselves, and what people ask about nodes. */
#include <errno.h>

#include "server/server_parts.h"

static bool node_error(struct rpc_call *call, int code, const char *text)
{
    rpc_fail(call, code, "%s", text);
    return false;
}

/* Every server a client may talk to: this one. */
static int fill_servers(struct server *s, struct rpc_call *call, struct node_update_reply *reply)
{
    struct server_info *i = model_new(&server_info_schema, call->arena);
    if (!i || objs_add(call->arena, &reply->servers, i) < 0)
        return -ENOMEM;
    i->rpc_addr = s->o.rpc_addr;
    i->datacenter = s->o.datacenter;
    i->rpc_major = i->rpc_minor = 1;
    reply->leader_rpc_addr = s->o.rpc_addr;
    reply->num_nodes = (int64_t)heartbeat_active(s->heartbeat);
    return 0;
}

static const struct uuid *node_of_call(struct rpc_call *call)
{
    return call->method->args == &node_register_args_schema
               ? &((struct node_register_args *)call->args)->node->id
               : &((struct node_status_args *)call->args)->node_id;
}

static void node_updated(struct server *s, struct rpc_call *call, const struct fsm_result *res)
{
    struct node_update_reply *reply = call->reply;
    reply->node_modify_index = res->index;
    reply->heartbeat_ttl = heartbeat_reset(s->heartbeat, node_of_call(call));
}

/* --- register --- */

static bool check_node(struct server *s, struct rpc_call *call, const struct node *n,
                       const struct node *old)
{
    if (!n || uuid_is_zero(&n->id))
        return node_error(call, 400, "missing node ID for client registration");
    if (isempty(n->datacenter))
        return node_error(call, 400, "missing datacenter for client registration");
    if (isempty(n->name))
        return node_error(call, 400, "missing node name for client registration");
    if (n->attributes.n == 0)
        return node_error(call, 400, "missing attributes for client registration");
    if (uuid_is_zero(&n->secret_id))
        return node_error(call, 400, "missing node secret ID for client registration");
    if (old && !uuid_eq(&old->secret_id, &n->secret_id))
        return node_error(call, 403, "node secret ID does not match. Not registering node.");
    return true;
}

static void handle_register(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct node_register_args *args = call->args;
    struct node_update_reply *reply = rpc_reply(call);
    struct command *c = model_new(&command_schema, call->arena);
    struct snap *snap = state_pin(s->state);
    const struct node *old = args->node ? state_get_node(snap, &args->node->id) : NULL;
    int r = 0;
    if (!check_node(s, call, args->node, old)) {
        state_unpin(snap);
        return;
    }
    if (!reply || !c || fill_servers(s, call, reply) < 0)
        r = -ENOMEM;
    /* A node that comes back needs its jobs looked at. */
    if (r == 0 && old && old->status != args->node->status)
        r = server_node_evals(s, call->arena, snap, &args->node->id, TRIGGER_NODE_UPDATE,
                              &c->evals);
    state_unpin(snap);
    if (r < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    c->type = CMD_NODE_REGISTER;
    c->now = server_stamp(s);
    c->node = args->node;
    server_write(s, call, c, node_updated);
}

/* --- heartbeat --- */

static void handle_status(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct node_status_args *args = call->args;
    struct node_update_reply *reply = rpc_reply(call);
    struct command *c = model_new(&command_schema, call->arena);
    int32_t status;
    if (!reply || !c || fill_servers(s, call, reply) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    if (enum_parse(&node_status_texts, str_of(nonull(args->status)), &status) < 0) {
        rpc_fail(call, 400, "invalid status \"%s\" for node", nonull(args->status));
        return;
    }
    struct snap *snap = state_pin(s->state);
    const struct node *n = state_get_node(snap, &args->node_id);
    int r = n ? 0 : -ENOENT;
    bool changed = n && n->status != status;
    if (changed)
        r = server_node_evals(s, call->arena, snap, &args->node_id, TRIGGER_NODE_UPDATE, &c->evals);
    reply->m.index = snap_index(snap);
    state_unpin(snap);
    if (r < 0) {
        rpc_fail(call, r == -ENOENT ? 404 : 503, r == -ENOENT ? "node not found" : "out of memory");
        return;
    }
    if (!changed) { /* nearly always: costs no log entry */
        reply->heartbeat_ttl = heartbeat_reset(s->heartbeat, &args->node_id);
        rpc_finish(call);
        return;
    }
    c->type = CMD_NODE_STATUS;
    c->now = server_stamp(s);
    c->node_id = args->node_id;
    c->node_status = status;
    server_write(s, call, c, node_updated);
}

/* --- what to run --- */

static int read_client_allocs(struct server *s, struct rpc_call *call, const struct snap *snap,
                              struct state_key *ret_key)
{
    struct node_args *args = call->args;
    struct client_allocs_reply *reply = call->reply;
    const struct node *n = state_get_node(snap, &args->node_id);
    struct state_iter it;
    const struct allocation *a;
    size_t count = 0;
    if (!n)
        return read_error(call, 404, "node not found");
    if (!uuid_eq(&n->secret_id, &args->secret_id))
        return read_error(call, 403, "node secret ID does not match");
    *ret_key = state_key_uuid(TABLE_ALLOCS, ALLOCS_BY_NODE, &args->node_id);
    state_allocs_by_node(&it, snap, &args->node_id);
    while (state_next(&it))
        count++;
    if (!(reply->allocs.items = arena_array(call->arena, struct ikv, count)))
        return read_error(call, 503, "out of memory");
    state_allocs_by_node(&it, snap, &args->node_id);
    while ((a = state_next(&it))) {
        const char *id = arena_strdup(call->arena, UUID_Z(&a->id));
        if (!id)
            return read_error(call, 503, "out of memory");
        /* By node, the index is in the order of ids: sorted as a map has to be. */
        assert(reply->allocs.n == 0 ||
               strcmp(reply->allocs.items[reply->allocs.n - 1].key, id) < 0);
        reply->allocs.items[reply->allocs.n++] = (struct ikv){id, (int64_t)a->alloc_modify_index};
    }
    return 0;
}

static void handle_client_allocs(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_client_allocs);
}

/* --- what runs --- */

/* A job whose rolling update may go on: the new version of it started to run here. */
static bool rolls_on(const struct snap *snap, const struct allocation *a)
{
    struct state_iter it;
    const struct allocation *other;
    const struct job *j = state_get_job(snap, a->ns, a->job_id);
    if (!j || j->stop || a->job_version != j->version || a->job_create_index != j->create_index)
        return false;
    state_allocs_by_job(&it, snap, a->ns, a->job_id);
    while ((other = state_next(&it)))
        if (!alloc_terminal(other) &&
            (other->job_version != j->version || other->job_create_index != j->create_index))
            return true;
    return false;
}

static const char *eval_trigger(const struct snap *snap, const struct allocation *old,
                                const struct allocation *u)
{
    if (old->desired_status != ALLOC_RUN || old->client_status == u->client_status)
        return NULL;
    if (u->client_status == ALLOC_FAILED)
        return TRIGGER_ALLOC_FAILURE;
    if (u->client_status == ALLOC_RUNNING && rolls_on(snap, old))
        return TRIGGER_ROLLING_UPDATE;
    return NULL;
}

static int add_eval(struct server *s, struct rpc_call *call, struct command *c,
                    const struct allocation *old, const char *trigger)
{
    OBJS_FOR(struct evaluation, e, c->evals)
    if (streq(e->job_id, old->job_id) && streq(e->ns, old->ns))
        return 0;
    const struct job *j = old->job;
    struct evaluation *e =
        server_new_eval(s, call->arena, arena_strdup(call->arena, old->ns),
                        arena_strdup(call->arena, old->job_id), j->type, j->priority, trigger);
    return e ? objs_add(call->arena, &c->evals, e) : -ENOMEM;
}

static void handle_update_alloc(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct alloc_update_args *args = call->args;
    struct command *c = model_new(&command_schema, call->arena);
    struct snap *snap = state_pin(s->state);
    int r = rpc_reply(call) && c ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < args->allocs.n; i++) {
        const struct allocation *u = args->allocs.items[i];
        const struct allocation *old = state_get_alloc(snap, &u->id);
        const char *trigger = old ? eval_trigger(snap, old, u) : NULL;
        if (trigger)
            r = add_eval(s, call, c, old, trigger);
    }
    state_unpin(snap);
    if (r < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    c->type = CMD_ALLOC_CLIENT;
    c->now = server_stamp(s);
    c->allocs = args->allocs;
    server_write(s, call, c, NULL);
}

/* --- people --- */

static int read_node(struct server *s, struct rpc_call *call, const struct snap *snap,
                     struct state_key *ret_key)
{
    struct node_args *args = call->args;
    const struct node *n = state_get_node(snap, &args->node_id);
    *ret_key = state_key_uuid(TABLE_NODES, STATE_BY_ID, &args->node_id);
    ((struct node_reply *)call->reply)->node = (struct node *)n;
    return 0;
}

static struct node_stub *stub_of(struct arena *a, const struct node *n,
                                 const struct node_list_args *args)
{
    struct node_stub *b = arena_new_of(a, struct node_stub);
    const char *version = smap_get(&n->attributes, "nomad.version");
    const char *colon = n->http_addr ? strrchr(n->http_addr, ':') : NULL;
    if (!b)
        return NULL;
    *b = (struct node_stub){
        .id = n->id,
        .address = colon ? arena_strndup(a, n->http_addr, (size_t)(colon - n->http_addr)) : "",
        .datacenter = n->datacenter,
        .name = n->name,
        .node_class = n->node_class,
        .node_pool = n->node_pool,
        .version = version ? version : "",
        .status_description = n->status_description,
        .drain = n->drain,
        .eligibility = n->eligibility,
        .status = n->status,
        .drivers = n->drivers,
        .host_volumes = n->host_volumes,
        .resources = args->resources ? n->resources : NULL,
        .reserved = args->resources ? n->reserved : NULL,
        .create_index = n->create_index,
        .modify_index = n->modify_index,
    };
    if (args->os && smap_get(&n->attributes, "os.name"))
        smap_set(a, &b->attributes, "os.name", smap_get(&n->attributes, "os.name"));
    return b;
}

static int read_list(struct server *s, struct rpc_call *call, const struct snap *snap,
                     struct state_key *ret_key)
{
    struct node_list_args *args = call->args;
    struct node_list_reply *reply = call->reply;
    struct state_iter it;
    const struct node *n;
    *ret_key = state_key_table(TABLE_NODES);
    if (state_iter_uuid_prefix(&it, snap, TABLE_NODES, nonull(args->c.prefix)) < 0)
        return read_error(call, 400, "\"%s\" is not the beginning of an ID", args->c.prefix);
    while ((n = state_next(&it))) {
        struct node_stub *b = stub_of(call->arena, n, args);
        if (!b || objs_add(call->arena, &reply->nodes, b) < 0)
            return read_error(call, 503, "out of memory");
    }
    return 0;
}

static int read_allocs(struct server *s, struct rpc_call *call, const struct snap *snap,
                       struct state_key *ret_key)
{
    struct node_args *args = call->args;
    struct full_allocs_reply *reply = call->reply;
    struct state_iter it;
    const struct allocation *a;
    *ret_key = state_key_uuid(TABLE_ALLOCS, ALLOCS_BY_NODE, &args->node_id);
    state_allocs_by_node(&it, snap, &args->node_id);
    while ((a = state_next(&it)))
        if (objs_add(call->arena, &reply->allocs, (void *)a) < 0)
            return read_error(call, 503, "out of memory");
    return 0;
}

static void handle_get(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_node);
}

static void handle_list(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_list);
}

static void handle_allocs(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_allocs);
}

static void handle_eligibility(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct node_eligibility_args *args = call->args;
    struct command *c = model_new(&command_schema, call->arena);
    int32_t eligibility;
    if (!rpc_reply(call) || !c) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    if (enum_parse(&node_eligibility_texts, str_of(nonull(args->eligibility)), &eligibility) < 0) {
        rpc_fail(call, 400, "invalid scheduling eligibility \"%s\"", nonull(args->eligibility));
        return;
    }
    c->type = CMD_NODE_ELIGIBILITY;
    c->now = server_stamp(s);
    c->node_id = args->node_id;
    c->eligibility = eligibility;
    server_write(s, call, c, NULL);
}

static void node_evaluated(struct server *s, struct rpc_call *call, const struct fsm_result *res)
{
    struct node_update_reply *reply = call->reply;
    reply->eval_create_index = res->index;
}

static void handle_evaluate(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct node_args *args = call->args;
    struct node_update_reply *reply = rpc_reply(call);
    struct command *c = model_new(&command_schema, call->arena);
    struct snap *snap = state_pin(s->state);
    bool found = state_get_node(snap, &args->node_id);
    int r = reply && c ? server_node_evals(s, call->arena, snap, &args->node_id,
                                           TRIGGER_NODE_UPDATE, &c->evals)
                       : -ENOMEM;
    state_unpin(snap);
    if (!found) {
        rpc_fail(call, 404, "node not found");
        return;
    }
    for (size_t i = 0; r == 0 && i < c->evals.n; i++)
        if (uuids_add(call->arena, &reply->eval_ids,
                      &((struct evaluation *)c->evals.items[i])->id) < 0)
            r = -ENOMEM;
    if (r < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    c->type = CMD_EVAL_UPDATE;
    c->now = server_stamp(s);
    server_write(s, call, c, node_evaluated);
}

#define READ_FLAGS (RPC_ANY_THREAD | RPC_BLOCKING)

const struct rpc_method node_methods[] = {
    {"Node.Register", &node_register_args_schema, &node_update_reply_schema, RPC_WRITE | RPC_NODE,
     CAP_NODE_SELF, handle_register, NULL},
    {"Node.UpdateStatus", &node_status_args_schema, &node_update_reply_schema, RPC_WRITE | RPC_NODE,
     CAP_NODE_SELF, handle_status, NULL},
    {"Node.GetClientAllocs", &node_args_schema, &client_allocs_reply_schema, READ_FLAGS | RPC_NODE,
     CAP_NODE_SELF, handle_client_allocs, NULL},
    {"Node.UpdateAlloc", &alloc_update_args_schema, &index_reply_schema, RPC_WRITE | RPC_NODE,
     CAP_NODE_SELF, handle_update_alloc, NULL},
    {"Node.UpdateEligibility", &node_eligibility_args_schema, &index_reply_schema, RPC_WRITE,
     CAP_NODE_WRITE, handle_eligibility, NULL},
    {"Node.Evaluate", &node_args_schema, &node_update_reply_schema, RPC_WRITE, CAP_NODE_WRITE,
     handle_evaluate, NULL},
    {"Node.GetNode", &node_args_schema, &node_reply_schema, READ_FLAGS, CAP_NODE_READ, handle_get,
     NULL},
    {"Node.List", &node_list_args_schema, &node_list_reply_schema, READ_FLAGS, CAP_NODE_READ,
     handle_list, NULL},
    {"Node.GetAllocs", &node_args_schema, &full_allocs_reply_schema, READ_FLAGS, CAP_NODE_READ,
     handle_allocs, NULL},
};
const size_t n_node_methods = ARRAY_LEN(node_methods);
