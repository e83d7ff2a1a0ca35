// SPDX-License-Identifier: Apache-2.0
/* Eval.* */
#include "server/server_parts.h"

static int read_eval(struct server *s, struct rpc_call *call, const struct snap *snap,
                     struct state_key *ret_key)
{
    struct eval_args *args = call->args;
    *ret_key = state_key_uuid(TABLE_EVALS, STATE_BY_ID, &args->eval_id);
    ((struct eval_reply *)call->reply)->eval =
        (struct evaluation *)state_get_eval(snap, &args->eval_id);
    return 0;
}

static int read_list(struct server *s, struct rpc_call *call, const struct snap *snap,
                     struct state_key *ret_key)
{
    struct eval_list_args *args = call->args;
    struct evals_reply *reply = call->reply;
    struct state_iter it;
    const struct evaluation *e;
    *ret_key = state_key_table(TABLE_EVALS);
    if (state_iter_uuid_prefix(&it, snap, TABLE_EVALS, nonull(args->c.prefix)) < 0)
        return read_error(call, 400, "\"%s\" is not the beginning of an ID", args->c.prefix);
    while ((e = state_next(&it))) {
        if ((!streq(args->c.ns, "*") && !streq(e->ns, args->c.ns)) ||
            (!isempty(args->job) && !streq(args->job, e->job_id)) ||
            (!isempty(args->status) &&
             !streq(args->status, enum_text(&eval_status_texts, e->status))))
            continue;
        if (objs_add(call->arena, &reply->evaluations, (void *)e) < 0)
            return read_error(call, 503, "out of memory");
    }
    return 0;
}

static int read_allocations(struct server *s, struct rpc_call *call, const struct snap *snap,
                            struct state_key *ret_key)
{
    struct eval_args *args = call->args;
    struct allocs_reply *reply = call->reply;
    struct state_iter it;
    const struct allocation *a;
    *ret_key = state_key_uuid(TABLE_ALLOCS, ALLOCS_BY_EVAL, &args->eval_id);
    state_allocs_by_eval(&it, snap, &args->eval_id);
    while ((a = state_next(&it))) {
        struct alloc_stub *b = alloc_stub_of(call->arena, a);
        if (!b || objs_add(call->arena, &reply->allocations, b) < 0)
            return read_error(call, 503, "out of memory");
    }
    return 0;
}

static void handle_get(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_eval);
}

static void handle_list(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_list);
}

static void handle_allocations(void *impl, struct rpc_call *call)
{
    server_read(impl, call, read_allocations);
}

#define READ_FLAGS (RPC_ANY_THREAD | RPC_BLOCKING)

const struct rpc_method eval_methods[] = {
    {"Eval.GetEval", &eval_args_schema, &eval_reply_schema, READ_FLAGS, CAP_READ_JOB, handle_get,
     NULL},
    {"Eval.List", &eval_list_args_schema, &evals_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_list, NULL},
    {"Eval.Allocations", &eval_args_schema, &allocs_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_allocations, NULL},
};
const size_t n_eval_methods = ARRAY_LEN(eval_methods);
