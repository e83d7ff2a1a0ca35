// SPDX-License-Identifier: Apache-2.0
#include "server/plan_endpoint.h"

#include "jobspec/jobspec.h"
#include "model/diff.h"
#include "server/server_parts.h"

static void planned(void *ctx, const struct plan_answer *answer)
{
    struct rpc_call *call = ctx;
    struct job_plan_reply *reply = call->reply;
    if (answer->code) {
        rpc_fail(call, answer->code, "%s", answer->err.text);
        return;
    }
    reply->annotations = answer->annotations;
    reply->failed_tg_allocs = answer->failed;
    if (reply->diff && job_diff_annotate(call->arena, reply->diff, reply->annotations) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    rpc_finish(call);
}

/* The indexes and version the job would get. */
static void as_registered(struct job *j, const struct job *old)
{
    bool same = old && model_equal(&job_schema, old, j, false);
    j->version = !old ? 0 : same ? old->version : old->version + 1;
    j->create_index = old ? old->create_index : 0;
    j->modify_index = old ? old->modify_index : 0;
    j->job_modify_index = old ? old->job_modify_index + !same : 0;
}

void handle_plan(void *impl, struct rpc_call *call)
{
    struct server *s = impl;
    struct job_plan_args *args = call->args;
    struct job_plan_reply *reply = rpc_reply(call);
    struct strs errors = {0}, warnings = {0};
    struct job *j = args->job;
    if (!reply || !j) {
        rpc_fail(call, reply ? 400 : 503, reply ? "Job must be specified" : "out of memory");
        return;
    }
    if (job_canonicalize(call->arena, j) < 0 || job_validate(call->arena, j, &errors) < 0 ||
        job_warnings(call->arena, j, &warnings) < 0) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    if (errors.n) {
        rpc_fail(call, 400, "%s", job_errors_text(call->arena, &errors));
        return;
    }
    reply->warnings = nonull(job_warnings_text(call->arena, &warnings));
    struct snap *snap = state_pin(s->state);
    const struct job *old = state_get_job(snap, j->ns, j->id);
    as_registered(j, old);
    reply->job_modify_index = old ? old->job_modify_index : 0;
    reply->m.index = snap_index(snap);
    reply->m.known_leader = s->leader;
    if (args->diff)
        reply->diff = job_diff(call->arena, old, j, true);
    state_unpin(snap);
    if (args->diff && !reply->diff) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    scheduling_dry_run(s->scheduling, call->arena, j, planned, call);
}
