// SPDX-License-Identifier: Apache-2.0
/* Endpoints against a table of fake methods: what arrives as arguments, what is shown. */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>

#include "http/router.h"
#include "rpc/messages.h"

struct fixture {
    uv_loop_t loop;
    struct rpc_table *rpc;
    struct http_api api;
    struct http_request req;
    struct http_response resp;
    struct rpc_call *call;
    const struct http_route *route;
};

static const struct rpc_method methods[] = {
    {"Job.List", &empty_args_schema, &job_list_reply_schema, RPC_BLOCKING},
    {"Job.Register", &job_register_args_schema, &job_register_reply_schema, RPC_WRITE},
    {"Job.Deregister", &job_deregister_args_schema, &job_register_reply_schema, RPC_WRITE},
    {"Job.Evaluate", &job_evaluate_args_schema, &job_register_reply_schema, RPC_WRITE},
    {"Job.GetJob", &job_args_schema, &job_reply_schema, RPC_BLOCKING},
    {"Job.Allocations", &job_args_schema, &allocs_reply_schema, RPC_BLOCKING},
    {"Job.Plan", &job_plan_args_schema, &job_plan_reply_schema, RPC_WRITE},
    {"FileSystem.Logs", &fs_logs_args_schema, NULL, RPC_STREAM},
    {"Status.Leader", &empty_args_schema, &text_reply_schema, 0},
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    uv_loop_init(&f->loop);
    f->rpc = rpc_table_new(&f->loop);
    rpc_register(f->rpc, methods, ARRAY_LEN(methods), NULL);
    f->api = (struct http_api){.rpc = f->rpc, .region = "here", .routes = http_routes};
    *state = f;
    return 0;
}

static void forget(struct fixture *f)
{
    f->call = rpc_call_free(f->call);
    buf_free(&f->resp.body);
    arena_free(f->req.arena);
    f->req = (struct http_request){0};
    f->resp = (struct http_response){0};
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    forget(f);
    rpc_table_free(f->rpc);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_loop_close(&f->loop);
    free(f);
    return 0;
}

/* The arguments a request leads to, NULL with an answer in f->resp. */
static void *ask(struct fixture *f, unsigned method, const char *uri, const char *body)
{
    forget(f);
    f->req = (struct http_request){
        .method = method, .body = str_of(body), .arena = arena_new(0), .api = &f->api};
    assert_int_equal(uri_parse(f->req.arena, str_of(uri), &f->req.uri), 0);
    f->route = http_route(&f->req, &f->resp);
    if (!f->route)
        return NULL;
    if (f->route->local) {
        f->route->local(&f->req, &f->resp);
        return NULL;
    }
    f->call = http_prepare(f->route, &f->req, &f->resp);
    return f->call ? f->call->args : NULL;
}

static void refused(struct fixture *f, unsigned method, const char *uri, const char *body,
                    int status, const char *text)
{
    assert_null(ask(f, method, uri, body));
    assert_int_equal(f->resp.status, status);
    assert_string_equal(f->resp.body.p, text);
}

static void unknown_paths_are_404_and_wrong_methods_405(void **state)
{
    struct fixture *f = *state;
    refused(f, HTTP_GET, "/v1/nothing", NULL, 404, "Invalid path");
    refused(f, HTTP_GET, "/v1/job/", NULL, 404, "Invalid path");
    refused(f, HTTP_DELETE, "/v1/jobs", NULL, 405, "Invalid method");
    refused(f, HTTP_GET, "/v1/job/x/plan", NULL, 405, "Invalid method");
    refused(f, 0, "/v1/job/x", NULL, 405, "Invalid method");
    refused(f, HTTP_GET, "/v1/nodes", NULL, 501, "not supported by this agent: Node.List");
}

static void the_most_specific_path_wins_and_ids_may_have_slashes(void **state)
{
    struct fixture *f = *state;
    struct job_args *a = ask(f, HTTP_GET, "/v1/job/cron/periodic-123", NULL);
    assert_string_equal(a->job_id, "cron/periodic-123");
    assert_string_equal(f->call->method->name, "Job.GetJob");
    a = ask(f, HTTP_GET, "/v1/job/a%2Fb/allocations?all=true", NULL);
    assert_string_equal(a->job_id, "a/b");
    assert_true(a->all);
    assert_string_equal(f->call->method->name, "Job.Allocations");
}

static void blocking_and_common_parameters_are_read(void **state)
{
    struct fixture *f = *state;
    struct empty_args *a =
        ask(f, HTTP_GET, "/v1/jobs?index=7&wait=10m&stale&prefix=ab&namespace=*&region=r2", NULL);
    assert_int_equal(a->c.min_query_index, 7);
    assert_int_equal(a->c.max_query_time, 300 * NSEC_SEC);
    assert_true(a->c.allow_stale);
    assert_string_equal(a->c.prefix, "ab");
    assert_string_equal(a->c.ns, "*");
    assert_string_equal(a->c.region, "r2");
    a = ask(f, HTTP_GET, "/v1/jobs", NULL);
    assert_string_equal(a->c.ns, "default");
    assert_string_equal(a->c.region, "here");
    refused(f, HTTP_GET, "/v1/jobs?wait=soon", NULL, 400, "Invalid wait time");
    refused(f, HTTP_GET, "/v1/jobs?index=-1", NULL, 400, "Invalid index");
}

static void a_job_registers_with_the_bodys_options(void **state)
{
    struct fixture *f = *state;
    struct job_register_args *a =
        ask(f, HTTP_WRITE, "/v1/jobs?namespace=team",
            "{\"Job\":{\"ID\":\"web\",\"Region\":\"global\",\"Priority\":70},"
            "\"EnforceIndex\":true,\"JobModifyIndex\":9,\"Forwarded\":true}");
    assert_non_null(a);
    assert_int_equal(a->job->priority, 70);
    assert_true(a->enforce_index);
    assert_int_equal(a->job_modify_index, 9);
    assert_string_equal(a->c.ns, "team");
    assert_string_equal(a->job->ns, "team");
    assert_string_equal(a->job->region, "here");
    assert_false(a->c.forwarded);
    assert_non_null(ask(f, HTTP_WRITE, "/v1/job/web", "{\"Job\":{\"ID\":\"web\"}}"));
    refused(f, HTTP_WRITE, "/v1/job/web", "{\"Job\":{\"ID\":\"other\"}}", 400,
            "Job ID does not match name");
    refused(f, HTTP_WRITE, "/v1/jobs", "", 400, "Request body is empty");
    refused(f, HTTP_WRITE, "/v1/jobs", "{}", 400, "Job must be specified");
    refused(f, HTTP_WRITE, "/v1/jobs", "{\"Job\":{}}", 400, "Job ID hasn't been provided");
    refused(f, HTTP_WRITE, "/v1/jobs", "{\"Job\":{\"Priority\":\"high\"}}", 400,
            "Job.Priority: wants a number, found a string");
}

static void jobs_are_stopped_evaluated_and_planned(void **state)
{
    struct fixture *f = *state;
    struct job_deregister_args *d = ask(f, HTTP_DELETE, "/v1/job/web?purge=true", NULL);
    assert_string_equal(d->job_id, "web");
    assert_true(d->purge);
    refused(f, HTTP_DELETE, "/v1/job/web?purge=maybe", NULL, 400,
            "Failed to parse value of \"purge\" (maybe) as a bool");
    struct job_evaluate_args *e =
        ask(f, HTTP_WRITE, "/v1/job/web/evaluate",
            "{\"JobID\":\"web\",\"EvalOptions\":{\"ForceReschedule\":true}}");
    assert_true(e->force_reschedule);
    e = ask(f, HTTP_WRITE, "/v1/job/web/evaluate", NULL);
    assert_string_equal(e->job_id, "web");
    struct job_plan_args *p =
        ask(f, HTTP_WRITE, "/v1/job/web/plan", "{\"Job\":{\"ID\":\"web\"},\"Diff\":true}");
    assert_true(p->diff);
}

static void logs_need_a_task_and_a_type(void **state)
{
    struct fixture *f = *state;
    const char *base = "/v1/client/fs/logs/01234567-89ab-cdef-0123-456789abcdef?";
    char uri[256];
    snprintf(uri, sizeof(uri), "%stask=t&type=stderr&follow=1&plain=true&offset=5&origin=end",
             base);
    struct fs_logs_args *a = ask(f, HTTP_GET, uri, NULL);
    assert_string_equal(a->task, "t");
    assert_string_equal(a->log_type, "stderr");
    assert_true(a->follow);
    assert_true(a->plain_text);
    assert_int_equal(a->offset, 5);
    snprintf(uri, sizeof(uri), "%stype=stderr", base);
    refused(f, HTTP_GET, uri, NULL, 400, "must provide task name");
    snprintf(uri, sizeof(uri), "%stask=t&type=both", base);
    refused(f, HTTP_GET, uri, NULL, 400, "must provide log type (stdout/stderr)");
    refused(f, HTTP_GET, "/v1/client/fs/logs/0123?task=t&type=stdout", NULL, 400,
            "id: \"0123\" is no full id (36 characters)");
}

static void answer(struct fixture *f)
{
    http_answer(f->route, &f->req, f->call, &f->resp);
}

static void lists_show_their_items_and_are_never_null(void **state)
{
    struct fixture *f = *state;
    ask(f, HTTP_GET, "/v1/jobs", NULL);
    struct job_list_reply *r = rpc_reply(f->call);
    r->m = (struct rpc_meta){.index = 42, .last_contact = 3 * NSEC_MSEC, .known_leader = true};
    answer(f);
    assert_int_equal(f->resp.status, 200);
    assert_string_equal(f->resp.body.p, "[]");
    assert_int_equal(f->resp.index, 42);
    assert_true(f->resp.has_meta);
    ask(f, HTTP_GET, "/v1/jobs?pretty", NULL);
    r = rpc_reply(f->call);
    objs_add(f->call->arena, &r->jobs, model_new(&job_stub_schema, f->call->arena));
    answer(f);
    assert_memory_equal(f->resp.body.p, "[\n    {\n        \"ID\": \"\",", 25);
    assert_int_equal(f->resp.body.p[f->resp.body.n - 1], '\n');
}

static void what_is_not_there_is_404_with_nomads_text(void **state)
{
    struct fixture *f = *state;
    ask(f, HTTP_GET, "/v1/job/web", NULL);
    rpc_reply(f->call);
    answer(f);
    assert_int_equal(f->resp.status, 404);
    assert_string_equal(f->resp.body.p, "job not found");
}

static void writes_answer_the_whole_reply_and_only_the_index(void **state)
{
    struct fixture *f = *state;
    ask(f, HTTP_WRITE, "/v1/jobs", "{\"Job\":{\"ID\":\"web\"}}");
    struct job_register_reply *r = rpc_reply(f->call);
    r->m.index = 5;
    answer(f);
    assert_true(f->resp.has_index);
    assert_false(f->resp.has_meta);
    assert_non_null(strstr(f->resp.body.p, "\"EvalID\":\"\""));
    assert_non_null(strstr(f->resp.body.p, "\"Index\":5"));
}

static void ignore_done(struct rpc_call *call)
{
}

static void errors_of_a_call_carry_their_code_and_text(void **state)
{
    struct fixture *f = *state;
    ask(f, HTTP_GET, "/v1/status/leader", NULL);
    f->call->done = ignore_done;
    rpc_fail(f->call, 403, "Permission denied");
    answer(f);
    assert_int_equal(f->resp.status, 403);
    assert_string_equal(f->resp.body.p, "Permission denied");
    assert_string_equal(f->resp.content_type, "text/plain; charset=utf-8");
}

static void what_nomad_has_and_we_have_not_says_so(void **state)
{
    struct fixture *f = *state;
    refused(f, HTTP_WRITE, "/v1/node/x/drain", NULL, 501, "not supported yet: /v1/node/x/drain");
    refused(f, HTTP_GET, "/v1/operator/raft/configuration", NULL, 501,
            "not supported yet: /v1/operator/raft/configuration");
    refused(f, HTTP_WRITE, "/v1/acl/bootstrap", NULL, 400, "ACL support disabled");
    refused(f, HTTP_GET, "/v1/deployment/x", NULL, 404, "deployment not found");
}

static void there_are_no_deployments_yet(void **state)
{
    struct fixture *f = *state;
    assert_null(ask(f, HTTP_GET, "/v1/deployments", NULL));
    assert_string_equal(f->resp.body.p, "[]");
    assert_null(ask(f, HTTP_GET, "/v1/job/web/deployment", NULL));
    assert_string_equal(f->resp.body.p, "null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_paths_are_404_and_wrong_methods_405),
        cmocka_unit_test(the_most_specific_path_wins_and_ids_may_have_slashes),
        cmocka_unit_test(blocking_and_common_parameters_are_read),
        cmocka_unit_test(a_job_registers_with_the_bodys_options),
        cmocka_unit_test(jobs_are_stopped_evaluated_and_planned),
        cmocka_unit_test(logs_need_a_task_and_a_type),
        cmocka_unit_test(lists_show_their_items_and_are_never_null),
        cmocka_unit_test(what_is_not_there_is_404_with_nomads_text),
        cmocka_unit_test(writes_answer_the_whole_reply_and_only_the_index),
        cmocka_unit_test(errors_of_a_call_carry_their_code_and_text),
        cmocka_unit_test(what_nomad_has_and_we_have_not_says_so),
        cmocka_unit_test(there_are_no_deployments_yet),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
