// SPDX-License-Identifier: Apache-2.0
/* Alloc.* */
#include "server/server_parts.h"

struct alloc_stub *alloc_stub_of(struct arena *a, const struct allocation *x)
{
    struct alloc_stub *b = arena_new_of(a, struct alloc_stub);
    if (!b)
        return NULL;
    *b = (struct alloc_stub){
        .id = x->id,
        .eval_id = x->eval_id,
        .node_id = x->node_id,
        .followup_eval_id = x->followup_eval_id,
        .preempted_by = x->preempted_by,
        .name = x->name,
        .ns = x->ns,
        .node_name = x->node_name,
        .job_id = x->job_id,
        .task_group = x->task_group,
        .desired_description = x->desired_description,
        .client_description = x->client_description,
        .job_type = x->job ? x->job->type : JOB_SERVICE,
        .desired_status = x->desired_status,
        .client_status = x->client_status,
        .job_version = x->job_version,
        .create_index = x->create_index,
        .modify_index = x->modify_index,
        .task_states = x->task_states,
        .deployment_status = x->deployment_status,
        .reschedule_tracker = x->reschedule_tracker,
        .desired_transition = x->desired_transition,
        .create_time = x->create_time,
        .modify_time = x->modify_time,
    };
    return b;
}

static int read_list(struct server *s, struct rpc_call *call, const struct snap *snap,
                     struct state_key *ret_key)
{
    struct alloc_list_args *args = call->args;
    struct allocs_reply *reply = call->reply;
    struct state_iter it;
    const struct allocation *a;
    *ret_key = state_key_table(TABLE_ALLOCS);
    if (state_iter_uuid_prefix(&it, snap, TABLE_ALLOCS, nonull(args->c.prefix)) < 0)
        return read_error(call, 400, "\"%s\" is not the beginning of an ID", args->c.prefix);
    while ((a = state_next(&it))) {
        if (!streq(args->c.ns, "*") && !streq(a->ns, args->c.ns))
            continue;
        struct alloc_stub *b = alloc_stub_of(call->arena, a);
        if (!b || objs_add(call->arena, &reply->allocations, b) < 0)
            return read_error(call, 503, "out of memory");
        if (args->resources)
            b->resources = a->resources;
        if (args->no_task_states)
            b->task_states = (struct omap){0};
    }
    return 0;
}

static int read_alloc(struct server *s, struct rpc_call *call, const struct snap *snap,
                      struct state_key *ret_key)
{
    struct alloc_args *args = call->args;
    *ret_key = state_key_uuid(TABLE_ALLOCS, STATE_BY_ID, &args->alloc_id);
    ((struct alloc_reply *)call->reply)->alloc =
        (struct allocation *)state_get_alloc(snap, &args->alloc_id);
    return 0;
}

/* What a client fetches: those of the wanted ones that exist. */
static int read_allocs(struct server *s, struct rpc_call *call, const struct snap *snap,
                       struct state_key *ret_key)
{
    struct alloc_ids_args *args = call->args;
    struct full_allocs_reply *reply = call->reply;
    *ret_key = state_key_table(TABLE_ALLOCS);
    for (size_t i = 0; i < args->alloc_ids.n; i++) {
        const struct allocation *a = state_get_alloc(snap, &args->alloc_ids.items[i]);
        if (a && objs_add(call->arena, &reply->allocs, (void *)a) < 0)
            return read_error(call, 503, "out of memory");
    }
    return 0;
}

static void handle_list(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_list);
}

static void handle_get(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_alloc);
}

static void handle_get_many(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_allocs);
}

/* Stop means: let the scheduler replace it. */
static void handle_stop(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct alloc_stop_args *args = call->args;
    struct eval_id_reply *reply = rpc_reply(call);
    struct command *c = model_new(&command_schema, call->arena);
    struct snap *snap = state_pin(s->state);
    const struct allocation *a = state_get_alloc(snap, &args->alloc_id);
    struct evaluation *e = NULL;
    if (a && reply && c) {
        const struct job *j = a->job;
        e = server_new_eval(s, call->arena, arena_strdup(call->arena, a->ns),
                            arena_strdup(call->arena, a->job_id), j->type, j->priority,
                            TRIGGER_ALLOC_STOP);
        c->transition = model_new(&desired_transition_schema, call->arena);
    }
    state_unpin(snap);
    if (!a) {
        rpc_fail(call, 404, "alloc not found");
        return;
    }
    if (!e || !c->transition || objs_add(call->arena, &c->evals, e) < 0 ||
        uuids_add(call->arena, &c->ids, &args->alloc_id) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    c->type = CMD_ALLOC_TRANSITION;
    c->now = server_stamp(s);
    c->transition->migrate = 1;
    if (args->no_shutdown_delay)
        c->transition->no_shutdown_delay = 1;
    reply->eval_id = e->id;
    server_write(s, call, c, NULL);
}

#define READ_FLAGS (RPC_ANY_THREAD | RPC_BLOCKING)

const struct rpc_method alloc_methods[] = {
    {"Alloc.List", &alloc_list_args_schema, &allocs_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_list, NULL},
    {"Alloc.GetAlloc", &alloc_args_schema, &alloc_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_get, NULL},
    {"Alloc.GetAllocs", &alloc_ids_args_schema, &full_allocs_reply_schema, READ_FLAGS | RPC_NODE,
     CAP_NODE_SELF, handle_get_many, NULL},
    {"Alloc.Stop", &alloc_stop_args_schema, &eval_id_reply_schema, RPC_WRITE, CAP_ALLOC_LIFECYCLE,
     handle_stop, NULL},
};
const size_t n_alloc_methods = ARRAY_LEN(alloc_methods);
