// SPDX-License-Identifier: Apache-2.0
/* Job.*: what users ask of jobs. */
#include <errno.h>

#include "jobspec/jobspec.h"
#include "server/plan_endpoint.h"
#include "server/server_parts.h"

/* --- writes --- */

/* Canonical and valid, or the call is finished. */
static bool prepare(struct server *s, struct rpc_call *call, struct job *j,
                    const char **ret_warnings)
{
    struct strs errors = {0}, warnings = {0};
    if (!j) {
        rpc_fail(call, 400, "Job must be specified");
        return false;
    }
    if (job_canonicalize(call->arena, j) < 0 || job_validate(call->arena, j, &errors) < 0 ||
        job_warnings(call->arena, j, &warnings) < 0) {
        rpc_fail(call, 503, "out of memory");
        return false;
    }
    if (errors.n) {
        rpc_fail(call, 400, "%s", job_errors_text(call->arena, &errors));
        return false;
    }
    *ret_warnings = nonull(job_warnings_text(call->arena, &warnings));
    return true;
}

static void registered(struct server *s, struct rpc_call *call, const struct fsm_result *res)
{
    struct job_register_args *args = call->args;
    struct job_register_reply *reply = call->reply;
    struct snap *snap = state_pin(s->state);
    const struct job *j = state_get_job(snap, args->job->ns, args->job->id);
    reply->job_modify_index = j ? j->job_modify_index : res->index;
    reply->eval_create_index = uuid_is_zero(&reply->eval_id) ? 0 : res->index;
    state_unpin(snap);
}

static void handle_register(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct job_register_args *args = call->args;
    struct job_register_reply *reply = rpc_reply(call);
    struct command *c = model_new(&command_schema, call->arena);
    const char *warnings;
    struct job *j = args->job;
    if (!reply || !c) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    if (!prepare(s, call, j, &warnings))
        return;
    j->submit_time = server_stamp(s);
    struct evaluation *e = server_new_eval(s, call->arena, j->ns, j->id, j->type,
                                           args->eval_priority ? args->eval_priority : j->priority,
                                           TRIGGER_JOB_REGISTER);
    if (!e || objs_add(call->arena, &c->evals, e) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    c->type = CMD_JOB_REGISTER;
    c->now = j->submit_time;
    c->job = j;
    c->job_modify_index = args->enforce_index ? args->job_modify_index : UINT64_MAX;
    reply->eval_id = e->id;
    reply->warnings = warnings;
    server_write(s, call, c, registered);
}

static void deregistered(struct server *s, struct rpc_call *call, const struct fsm_result *res)
{
    struct job_register_reply *reply = call->reply;
    reply->job_modify_index = reply->eval_create_index = res->index;
}

static void handle_deregister(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct job_deregister_args *args = call->args;
    struct job_register_reply *reply = rpc_reply(call);
    struct command *c = model_new(&command_schema, call->arena);
    struct snap *snap = state_pin(s->state);
    const struct job *j = state_get_job(snap, rpc_common_of(call)->ns, args->job_id);
    struct evaluation *e =
        j && reply && c ? server_new_eval(s, call->arena, rpc_common_of(call)->ns, args->job_id,
                                          j->type, j->priority, TRIGGER_JOB_DEREGISTER)
                        : NULL;
    state_unpin(snap);
    if (!j) {
        rpc_fail(call, 404, "job \"%s\" not found", nonull(args->job_id));
        return;
    }
    if (!e || objs_add(call->arena, &c->evals, e) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    c->type = CMD_JOB_DEREGISTER;
    c->now = server_stamp(s);
    c->ns = rpc_common_of(call)->ns;
    c->job_id = args->job_id;
    c->purge = args->purge;
    reply->eval_id = e->id;
    server_write(s, call, c, deregistered);
}

static void evaluated(struct server *s, struct rpc_call *call, const struct fsm_result *res)
{
    ((struct job_register_reply *)call->reply)->eval_create_index = res->index;
}

static void handle_evaluate(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct job_evaluate_args *args = call->args;
    struct job_register_reply *reply = rpc_reply(call);
    struct command *c = model_new(&command_schema, call->arena);
    struct snap *snap = state_pin(s->state);
    const struct job *j = state_get_job(snap, rpc_common_of(call)->ns, args->job_id);
    struct evaluation *e =
        j && reply && c ? server_new_eval(s, call->arena, rpc_common_of(call)->ns, args->job_id,
                                          j->type, j->priority, TRIGGER_JOB_REGISTER)
                        : NULL;
    if (reply && j)
        reply->job_modify_index = j->job_modify_index;
    state_unpin(snap);
    if (!j) {
        rpc_fail(call, 404, "job not found");
        return;
    }
    if (args->force_reschedule) {
        rpc_fail(call, 501, "not supported yet: forced rescheduling");
        return;
    }
    if (!e || objs_add(call->arena, &c->evals, e) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    c->type = CMD_EVAL_UPDATE;
    c->now = server_stamp(s);
    reply->eval_id = e->id;
    server_write(s, call, c, evaluated);
}

static void handle_validate(void *impl, struct rpc_call *call)
{
    struct job_validate_args *args = call->args;
    struct job_validate_reply *reply = rpc_reply(call);
    struct strs warnings = {0};
    if (!reply || !args->job) {
        rpc_fail(call, reply ? 400 : 503, reply ? "Job must be specified" : "out of memory");
        return;
    }
    if (job_canonicalize(call->arena, args->job) < 0 ||
        job_validate(call->arena, args->job, &reply->validation_errors) < 0 ||
        job_warnings(call->arena, args->job, &warnings) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    reply->error = nonull(job_errors_text(call->arena, &reply->validation_errors));
    reply->warnings = nonull(job_warnings_text(call->arena, &warnings));
    rpc_finish(call);
}

/* --- reads --- */

static struct job_stub *stub_of(struct arena *a, const struct job *j, const struct snap *snap)
{
    struct job_stub *b = arena_new_of(a, struct job_stub);
    if (!b)
        return NULL;
    *b = (struct job_stub){
        .id = j->id,
        .parent_id = j->parent_id,
        .name = j->name,
        .ns = j->ns,
        .node_pool = j->node_pool,
        .status_description = j->status_description,
        .datacenters = j->datacenters,
        .type = j->type,
        .status = j->status,
        .priority = j->priority,
        .submit_time = j->submit_time,
        .periodic = j->periodic,
        .parameterized = j->parameterized,
        .stop = j->stop,
        .summary = state_get_job_summary(snap, j->ns, j->id),
        .create_index = j->create_index,
        .modify_index = j->modify_index,
        .job_modify_index = j->job_modify_index,
    };
    return b;
}

static int read_list(struct server *s, struct rpc_call *call, const struct snap *snap,
                     struct state_key *ret_key)
{
    struct job_list_reply *reply = call->reply;
    struct rpc_common *c = rpc_common_of(call);
    struct state_iter it;
    const struct job *j;
    if (streq(c->ns, "*"))
        state_iter_all(&it, snap, TABLE_JOBS);
    else
        state_iter_id_prefix(&it, snap, TABLE_JOBS, c->ns, c->prefix);
    while ((j = state_next(&it))) {
        if (streq(c->ns, "*") && !has_prefix(j->id, nonull(c->prefix)))
            continue;
        struct job_stub *b = stub_of(call->arena, j, snap);
        if (!b || objs_add(call->arena, &reply->jobs, b) < 0)
            return read_error(call, 503, "out of memory");
    }
    /* A list shows the summaries too, which change with every allocation. */
    *ret_key = state_key_table(TABLE_JOB_SUMMARIES);
    struct state_key jobs = state_key_table(TABLE_JOBS);
    if (state_key_index(snap, &jobs) > state_key_index(snap, ret_key))
        *ret_key = jobs;
    return 0;
}

static int read_job(struct server *s, struct rpc_call *call, const struct snap *snap,
                    struct state_key *ret_key)
{
    struct job_args *args = call->args;
    *ret_key = state_key_text(TABLE_JOBS, STATE_BY_ID, args->c.ns, args->job_id);
    ((struct job_reply *)call->reply)->job =
        (struct job *)state_get_job(snap, args->c.ns, args->job_id);
    return 0;
}

static int read_allocations(struct server *s, struct rpc_call *call, const struct snap *snap,
                            struct state_key *ret_key)
{
    struct job_args *args = call->args;
    struct allocs_reply *reply = call->reply;
    const struct job *j = state_get_job(snap, args->c.ns, args->job_id);
    struct state_iter it;
    const struct allocation *a;
    *ret_key = state_key_text(TABLE_ALLOCS, ALLOCS_BY_JOB, args->c.ns, args->job_id);
    state_allocs_by_job(&it, snap, args->c.ns, args->job_id);
    while ((a = state_next(&it))) {
        /* Those of a purged job of the same name are only shown when asked for. */
        if (!args->all && j && a->job_create_index != j->create_index)
            continue;
        struct alloc_stub *b = alloc_stub_of(call->arena, a);
        if (!b || objs_add(call->arena, &reply->allocations, b) < 0)
            return read_error(call, 503, "out of memory");
    }
    return 0;
}

static int read_evaluations(struct server *s, struct rpc_call *call, const struct snap *snap,
                            struct state_key *ret_key)
{
    struct job_args *args = call->args;
    struct evals_reply *reply = call->reply;
    struct state_iter it;
    const struct evaluation *e;
    *ret_key = state_key_text(TABLE_EVALS, EVALS_BY_JOB, args->c.ns, args->job_id);
    state_evals_by_job(&it, snap, args->c.ns, args->job_id);
    while ((e = state_next(&it)))
        if (objs_add(call->arena, &reply->evaluations, (void *)e) < 0)
            return read_error(call, 503, "out of memory");
    return 0;
}

static int read_summary(struct server *s, struct rpc_call *call, const struct snap *snap,
                        struct state_key *ret_key)
{
    struct job_args *args = call->args;
    *ret_key = state_key_text(TABLE_JOB_SUMMARIES, STATE_BY_ID, args->c.ns, args->job_id);
    ((struct job_summary_reply *)call->reply)->summary =
        (struct job_summary *)state_get_job_summary(snap, args->c.ns, args->job_id);
    return 0;
}

static int read_versions(struct server *s, struct rpc_call *call, const struct snap *snap,
                         struct state_key *ret_key)
{
    struct job_args *args = call->args;
    struct job_versions_reply *reply = call->reply;
    struct state_iter it;
    const struct job *j;
    *ret_key = state_key_text(TABLE_JOBS, STATE_BY_ID, args->c.ns, args->job_id);
    state_job_versions(&it, snap, args->c.ns, args->job_id);
    while ((j = state_next(&it)))
        if (objs_add(call->arena, &reply->versions, (void *)j) < 0)
            return read_error(call, 503, "out of memory");
    return 0;
}

#define READ(FN)                                                                                   \
    static void handle_##FN(void *impl, struct rpc_call *call)                                     \
    {                                                                                              \
        server_read(impl, call, FN);                                                               \
    }
READ(read_list)
READ(read_job)
READ(read_allocations)
READ(read_evaluations)
READ(read_summary)
READ(read_versions)

#define READ_FLAGS (RPC_ANY_THREAD | RPC_BLOCKING)

const struct rpc_method job_methods[] = {
    {"Job.Register", &job_register_args_schema, &job_register_reply_schema, RPC_WRITE,
     CAP_SUBMIT_JOB, handle_register, NULL},
    {"Job.Deregister", &job_deregister_args_schema, &job_register_reply_schema, RPC_WRITE,
     CAP_SUBMIT_JOB, handle_deregister, NULL},
    {"Job.Evaluate", &job_evaluate_args_schema, &job_register_reply_schema, RPC_WRITE,
     CAP_SUBMIT_JOB, handle_evaluate, NULL},
    {"Job.Validate", &job_validate_args_schema, &job_validate_reply_schema, RPC_ANY_THREAD,
     CAP_READ_JOB, handle_validate, NULL},
    {"Job.Plan", &job_plan_args_schema, &job_plan_reply_schema, RPC_WRITE, CAP_SUBMIT_JOB,
     handle_plan, NULL},
    {"Job.List", &empty_args_schema, &job_list_reply_schema, READ_FLAGS, CAP_LIST_JOBS,
     handle_read_list, NULL},
    {"Job.GetJob", &job_args_schema, &job_reply_schema, READ_FLAGS, CAP_READ_JOB, handle_read_job,
     NULL},
    {"Job.Allocations", &job_args_schema, &allocs_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_read_allocations, NULL},
    {"Job.Evaluations", &job_args_schema, &evals_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_read_evaluations, NULL},
    {"Job.Summary", &job_args_schema, &job_summary_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_read_summary, NULL},
    {"Job.GetJobVersions", &job_args_schema, &job_versions_reply_schema, READ_FLAGS, CAP_READ_JOB,
     handle_read_versions, NULL},
};
const size_t n_job_methods = ARRAY_LEN(job_methods);
