// SPDX-License-Identifier: Apache-2.0
/* /v1/jobs, /v1/job/..., /v1/validate/job. */
#include <errno.h>

#include "http/endpoints.h"
#include "model/job.h"
#include "rpc/messages.h"

/* Region and namespace of the request are the query's, else the body's, else the job's. */
static int place_job(struct http_request *req, struct rpc_common *c, struct job *j,
                     struct http_response *resp)
{
    const char *region = uri_param(&req->uri, "region"), *ns = uri_param(&req->uri, "namespace");
    if (!j)
        return http_error(resp, 400, "Job must be specified");
    if (isempty(region) && !isempty(j->region) && !streq(j->region, "global"))
        region = j->region;
    if (isempty(region) || streq(region, "global"))
        region = req->api->region;
    c->region = j->region = region;
    if (isempty(ns))
        ns = !isempty(j->ns) && !streq(j->ns, "default") ? j->ns : nonull(c->ns);
    c->ns = j->ns = isempty(ns) ? "default" : ns;
    return 0;
}

static int check_id(struct http_request *req, const struct job *j, const char *mismatch,
                    struct http_response *resp)
{
    if (!isempty(req->id) && !streq(req->id, j->id))
        return http_error(resp, 400, "%s", mismatch);
    return 0;
}

static int prepare_register(struct http_request *req, void *args, struct http_response *resp)
{
    struct job_register_args *a = args;
    if (place_job(req, &a->c, a->job, resp) < 0)
        return -EINVAL;
    if (isempty(a->job->id))
        return http_error(resp, 400, "Job ID hasn't been provided");
    return check_id(req, a->job, "Job ID does not match name", resp);
}

static int prepare_plan(struct http_request *req, void *args, struct http_response *resp)
{
    struct job_plan_args *a = args;
    if (place_job(req, &a->c, a->job, resp) < 0)
        return -EINVAL;
    if (isempty(a->job->id))
        return http_error(resp, 400, "Job must have a valid ID");
    return check_id(req, a->job, "Job ID does not match", resp);
}

static int prepare_validate(struct http_request *req, void *args, struct http_response *resp)
{
    struct job_validate_args *a = args;
    return place_job(req, &a->c, a->job, resp);
}

/* {"JobID": ..., "EvalOptions": {"ForceReschedule": true}}; the id of the path wins. */
static int prepare_evaluate(struct http_request *req, void *args, struct http_response *resp)
{
    struct job_evaluate_args *a = args;
    struct val body;
    if (req->body.n && val_from_json(req->arena, req->body, &body, NULL) == 0) {
        const struct val *opts = val_get(body, str_of("EvalOptions"));
        const struct val *force = opts ? val_get(*opts, str_of("ForceReschedule")) : NULL;
        if (force && force->type == VAL_BOOL)
            a->force_reschedule = force->b;
    }
    if (!isempty(a->job_id) && !streq(a->job_id, req->id))
        return http_error(resp, 400, "JobID not same as job name");
    a->job_id = req->id;
    return 0;
}

static void parse_job(struct http_request *req, struct http_response *resp)
{
    struct err err = {{0}};
    struct job *job = NULL;
    struct val body;
    if (!req->api->parse_job) {
        http_error(resp, 501, "not supported by this agent: parsing job files");
        return;
    }
    if (req->body.n == 0) {
        http_error(resp, 400, "Request body is empty");
        return;
    }
    if (val_from_json(req->arena, req->body, &body, &err) < 0) {
        http_error(resp, 400, "%s", err.text);
        return;
    }
    const struct val *hcl = val_get(body, str_of("JobHCL")),
                     *canonicalize = val_get(body, str_of("Canonicalize")),
                     *variables = val_get(body, str_of("Variables"));
    if (!hcl || hcl->type != VAL_STR || hcl->s.n == 0) {
        http_error(resp, 400, "Job spec is empty");
        return;
    }
    if (req->api->parse_job(
            req->arena, hcl->s, variables && variables->type == VAL_STR ? variables->s.p : NULL,
            canonicalize && canonicalize->type == VAL_BOOL && canonicalize->b, &job, &err) < 0)
        http_error(resp, 400, "%s", err.text);
    else
        http_json(req, resp, &job_schema, job);
}

/* Deployments do not exist yet: there are none of any job. */
static void no_deployments(struct http_request *req, struct http_response *resp)
{
    struct json_writer w = json_writer(&resp->body, http_json_flags(req));
    jw_arr_begin(&w);
    jw_arr_end(&w);
    resp->status = 200;
    resp->content_type = "application/json";
}

static void no_deployment(struct http_request *req, struct http_response *resp)
{
    http_json(req, resp, &job_schema, NULL);
}

const struct http_route http_job_routes[] = {
    {HTTP_GET, "/v1/jobs", "Job.List", .show = "Jobs"},
    {HTTP_WRITE, "/v1/jobs", "Job.Register", .flags = ROUTE_BODY, .prepare = prepare_register},
    {HTTP_WRITE, "/v1/jobs/parse", .local = parse_job},
    {HTTP_WRITE, "/v1/validate/job", "Job.Validate", .flags = ROUTE_BODY,
     .prepare = prepare_validate},
    {HTTP_GET, "/v1/job/*", "Job.GetJob", .id = "JobID", .show = "Job", .missing = "job not found"},
    {HTTP_WRITE, "/v1/job/*", "Job.Register", .flags = ROUTE_BODY, .prepare = prepare_register},
    {HTTP_DELETE, "/v1/job/*", "Job.Deregister", .id = "JobID",
     .params = "purge=Purge global=Global no_shutdown_delay=NoShutdownDelay "
               "eval_priority=EvalPriority"},
    {HTTP_GET, "/v1/job/*/allocations", "Job.Allocations", .id = "JobID", .params = "all=All",
     .show = "Allocations"},
    {HTTP_GET, "/v1/job/*/evaluations", "Job.Evaluations", .id = "JobID", .show = "Evaluations"},
    {HTTP_GET, "/v1/job/*/summary", "Job.Summary", .id = "JobID", .show = "JobSummary",
     .missing = "job not found"},
    {HTTP_GET, "/v1/job/*/versions", "Job.GetJobVersions", .id = "JobID", .params = "diffs=Diffs"},
    {HTTP_GET, "/v1/job/*/deployments", .local = no_deployments},
    {HTTP_GET, "/v1/job/*/deployment", .local = no_deployment},
    {HTTP_WRITE, "/v1/job/*/evaluate", "Job.Evaluate", .flags = ROUTE_BODY | ROUTE_OPTIONAL,
     .prepare = prepare_evaluate},
    {HTTP_WRITE, "/v1/job/*/plan", "Job.Plan", .flags = ROUTE_BODY, .prepare = prepare_plan},
    {HTTP_GET, "/v1/deployments", .local = no_deployments},
    {0},
};
