// SPDX-License-Identifier: Apache-2.0
/* Reads that wait, and writes the log refuses, through the method table. */
#include "server/server_parts.h"
#include "tests/unit/server/fixture.h"
#include "tests/unit/cmocka_all.h"

struct srv {
    struct fx *f;
    struct venv v;
    struct server s;
    uv_loop_t loop;
    struct rpc_table *rpc;
};

/* What became of a call. */
struct answer {
    bool done;
    int code;
    uint64_t index;
    bool found;
    char text[200];
};

static int open_srv(void **state)
{
    struct srv *x = calloc(1, sizeof(*x));
    void *f;
    fx_setup(&f);
    x->f = f;
    uv_loop_init(&x->loop);
    x->rpc = rpc_table_new(&x->loop);
    venv_init(&x->v, 1, NOW, x->f->st, 0);
    x->s = (struct server){.env = &x->v.env, .state = x->f->st, .rpc = x->rpc, .leader = true};
    list_init(&x->s.waiting);
    rpc_register(x->rpc, job_methods, n_job_methods, &x->s);
    rpc_register(x->rpc, eval_methods, n_eval_methods, &x->s);
    *state = x;
    return 0;
}

static int close_srv(void **state)
{
    struct srv *x = *state;
    void *f = x->f;
    server_end_waiting(&x->s);
    assert_int_equal(x->v.heap.n, 0); /* no timer is left */
    venv_free(&x->v);
    rpc_table_free(x->rpc);
    uv_run(&x->loop, UV_RUN_DEFAULT);
    uv_loop_close(&x->loop);
    fx_teardown(&f);
    free(x);
    return 0;
}

static void answered(struct rpc_call *call)
{
    struct answer *a = call->ctx;
    assert_false(a->done);
    *a = (struct answer){.done = true, .code = call->code};
    snprintf(a->text, sizeof(a->text), "%s", call->err.text);
    if (!call->code)
        a->index = rpc_meta_of(call)->index;
    if (!call->code && streq(call->method->name, "Job.GetJob"))
        a->found = ((struct job_reply *)call->reply)->job;
    rpc_call_free(call);
}

static void get_job(struct srv *x, const char *id, uint64_t min_index, nsec_t wait,
                    struct answer *a)
{
    struct rpc_call *call = rpc_call_new(x->rpc, "Job.GetJob");
    struct job_args *args = call->args;
    args->c.ns = "default";
    args->c.min_query_index = min_index;
    args->c.max_query_time = wait;
    args->job_id = arena_strdup(call->arena, id);
    *a = (struct answer){0};
    call->done = answered;
    call->ctx = a;
    rpc_invoke(x->rpc, call);
}

static void a_read_without_an_index_is_answered_at_once(void **state)
{
    struct srv *x = *state;
    struct answer a;
    get_job(x, "web", 0, 0, &a);
    assert_true(a.done);
    assert_false(a.found);
    assert_int_equal(a.index, 1); /* never 0: a client would spin */
    fx_add_job(x->f, fx_job(x->f, "web", 1), 1);
    fx_add_job(x->f, fx_job(x->f, "api", 1), 2);
    get_job(x, "web", 0, 0, &a);
    assert_true(a.done && a.found);
    assert_int_equal(a.index, 1);
    get_job(x, "api", 1, 0, &a); /* it is newer already */
    assert_true(a.done && a.found);
    assert_int_equal(a.index, 2);
}

static void a_read_waits_for_its_own_key(void **state)
{
    struct srv *x = *state;
    struct answer a;
    fx_add_job(x->f, fx_job(x->f, "web", 1), 1);
    get_job(x, "web", 1, 0, &a);
    assert_false(a.done);
    fx_add_job(x->f, fx_job(x->f, "api", 1), 2);
    assert_false(a.done);
    fx_add_job(x->f, fx_job(x->f, "web", 2), 3);
    assert_true(a.done && a.found);
    assert_int_equal(a.index, 3);
}

static void a_read_waits_for_what_does_not_exist_yet(void **state)
{
    struct srv *x = *state;
    struct answer a;
    get_job(x, "web", 1, 0, &a);
    assert_false(a.done);
    x->f->index = 5;
    fx_add_job(x->f, fx_job(x->f, "web", 1), 1);
    assert_true(a.done && a.found);
    assert_int_equal(a.index, 6);
}

static void a_wait_ends_at_its_deadline_with_what_there_is(void **state)
{
    struct srv *x = *state;
    struct answer a;
    fx_add_job(x->f, fx_job(x->f, "web", 1), 1);
    get_job(x, "web", 1, 16 * NSEC_SEC, &a);
    venv_run(&x->v, NOW + 15 * NSEC_SEC);
    assert_false(a.done);
    venv_run(&x->v, NOW + 17 * NSEC_SEC + 1);
    assert_true(a.done && a.found);
    assert_int_equal(a.index, 1);
    get_job(x, "web", 1, 0, &a);
    venv_run(&x->v, x->v.now + 299 * NSEC_SEC);
    assert_false(a.done);
    venv_run(&x->v, x->v.now + 21 * NSEC_SEC);
    assert_true(a.done);
}

static void waiting_reads_end_when_the_server_does(void **state)
{
    struct srv *x = *state;
    struct answer a[3];
    for (size_t i = 0; i < ARRAY_LEN(a); i++)
        get_job(x, "web", 1, 0, &a[i]);
    x->s.closing = true;
    server_end_waiting(&x->s);
    for (size_t i = 0; i < ARRAY_LEN(a); i++)
        assert_int_equal(a[i].code, 503);
    get_job(x, "web", 1, 0, &a[0]);
    assert_int_equal(a[0].code, 503);
}

static void stop_job(struct srv *x, const char *id, struct answer *a)
{
    struct rpc_call *call = rpc_call_new(x->rpc, "Job.Deregister");
    struct job_deregister_args *args = call->args;
    args->c.ns = "default";
    args->job_id = arena_strdup(call->arena, id);
    *a = (struct answer){0};
    call->done = answered;
    call->ctx = a;
    rpc_invoke(x->rpc, call);
}

static void a_write_answers_with_the_index_it_was_applied_at(void **state)
{
    struct srv *x = *state;
    struct answer a;
    fx_add_job(x->f, fx_job(x->f, "web", 1), 1);
    x->v.index = 1;
    x->v.delay_ms = 50;
    stop_job(x, "web", &a);
    assert_false(a.done);
    venv_run(&x->v, NOW + NSEC_SEC);
    assert_int_equal(a.code, 0);
    assert_int_equal(a.index, 2);
    assert_true(state_get_job(fx_snap(x->f), "default", "web")->stop);
}

static void refused_writes_say_why(void **state)
{
    struct srv *x = *state;
    struct answer a;
    stop_job(x, "web", &a);
    assert_int_equal(a.code, 404);
    assert_string_equal(a.text, "job \"web\" not found");
    fx_add_job(x->f, fx_job(x->f, "web", 1), 1);
    x->v.index = 1;
    x->v.refuse = 100;
    stop_job(x, "web", &a);
    assert_int_equal(a.code, 429);
    x->v.refuse = 0;
    stop_job(x, "web", &a);
    assert_false(a.done);
    venv_depose(&x->v);
    assert_int_equal(a.code, 500);
    assert_string_equal(a.text, "No cluster leader");
    venv_run(&x->v, NOW + NSEC_SEC);
    stop_job(x, "web", &a);
    assert_int_equal(a.code, 500);
    assert_string_equal(a.text, "No cluster leader");
}

static void a_refusal_at_apply_reaches_the_caller(void **state)
{
    struct srv *x = *state;
    struct answer a, b;
    fx_add_job(x->f, fx_job(x->f, "web", 1), 1);
    x->v.index = 1;
    struct rpc_call *call = rpc_call_new(x->rpc, "Job.Deregister");
    struct job_deregister_args *args = call->args;
    args->c.ns = "default";
    args->job_id = "web";
    args->purge = true;
    a = (struct answer){0};
    call->done = answered;
    call->ctx = &a;
    rpc_invoke(x->rpc, call);
    stop_job(x, "web", &b); /* it is still there */
    venv_run(&x->v, NOW + NSEC_SEC);
    assert_int_equal(a.code, 0);
    assert_int_equal(b.code, 404);
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_srv, close_srv)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_read_without_an_index_is_answered_at_once),
        T(a_read_waits_for_its_own_key),
        T(a_read_waits_for_what_does_not_exist_yet),
        T(a_wait_ends_at_its_deadline_with_what_there_is),
        T(waiting_reads_end_when_the_server_does),
        T(a_write_answers_with_the_index_it_was_applied_at),
        T(refused_writes_say_why),
        T(a_refusal_at_apply_reaches_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
