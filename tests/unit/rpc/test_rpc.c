// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "model/table.h"
#include "rpc/rpc.h"
#include "tests/unit/cmocka_all.h"

#define S struct rpc_common
static const struct field args_fields[] = {F(1, prefix, "Prefix", NULL, FT_STR, CHG_NONE)};
static SCHEMA(args_schema, "Args", args_fields);
#undef S
#define S struct rpc_meta
static const struct field reply_fields[] = {F(1, index, "Index", NULL, FT_UINT, CHG_NONE)};
static SCHEMA(reply_schema, "Reply", reply_fields);
#undef S

struct world {
    uv_loop_t loop;
    struct rpc_table *table;
    struct rpc_call *held; /* by the handler that waits */
    bool on_loop;          /* where the handler ran last */
    int done, posted, released;
};

static void handle_count(void *impl, struct rpc_call *call)
{
    struct world *w = impl;
    w->on_loop = rpc_on_loop(w->table);
    struct rpc_meta *m = rpc_reply(call);
    m->index = strlen(nonull(rpc_common_of(call)->prefix));
    rpc_finish(call);
}

static void handle_fail(void *impl, struct rpc_call *call)
{
    rpc_fail(call, 404, "no such %s", "thing");
}

static void give_up(struct rpc_call *call)
{
    ((struct world *)call->waiter)->held = NULL;
    rpc_fail(call, 499, "cancelled");
}

static void handle_wait(void *impl, struct rpc_call *call)
{
    struct world *w = impl;
    w->held = call;
    call->waiter = w;
    call->cancel = give_up;
}

static void open_three(void *impl, struct rpc_call *call, struct rpc_stream *s)
{
    if (streq(rpc_common_of(call)->prefix, "bad")) {
        rpc_fail(call, 400, "bad stream");
        return;
    }
    rpc_finish(call);
    for (int i = 0; i < 3; i++)
        if (s->write(s, "x", 1) < 0)
            return;
    s->end(s, NULL);
}

static const struct rpc_method methods[] = {
    {.name = "T.Count", &args_schema, &reply_schema, 0, CAP_NONE, handle_count},
    {.name = "T.Read", &args_schema, &reply_schema, RPC_ANY_THREAD, CAP_NONE, handle_count},
    {.name = "T.Fail", &args_schema, &reply_schema, 0, CAP_NONE, handle_fail},
    {.name = "T.Wait", &args_schema, &reply_schema, RPC_BLOCKING, CAP_NONE, handle_wait},
    {.name = "T.Three", &args_schema, NULL, RPC_STREAM, CAP_NONE, .open = open_three},
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    uv_loop_init(&w->loop);
    w->table = rpc_table_new(&w->loop);
    rpc_register(w->table, methods, ARRAY_LEN(methods), w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    rpc_table_free(w->table);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    int r = uv_loop_close(&w->loop);
    free(w);
    return r;
}

static void count_done(struct rpc_call *call)
{
    ((struct world *)call->ctx)->done++;
}

static struct rpc_call *new_call(struct world *w, const char *method, const char *prefix)
{
    struct rpc_call *call = rpc_call_new(w->table, method);
    assert_non_null(call);
    rpc_common_of(call)->prefix = prefix;
    call->done = count_done;
    call->ctx = w;
    return call;
}

static void a_call_on_the_loop_is_answered_at_once(void **state)
{
    struct world *w = *state;
    struct rpc_call *call = new_call(w, "T.Count", "four");
    rpc_invoke(w->table, call);
    assert_int_equal(w->done, 1);
    assert_int_equal(call->code, 0);
    assert_int_equal(rpc_meta_of(call)->index, 4);
    rpc_call_free(call);
}

static void an_unknown_method_makes_no_call(void **state)
{
    struct world *w = *state;
    assert_null(rpc_call_new(w->table, "T.Nothing"));
    assert_null(rpc_call_free(NULL));
}

static void a_failure_carries_status_and_text(void **state)
{
    struct world *w = *state;
    struct rpc_call *call = new_call(w, "T.Fail", "");
    rpc_invoke(w->table, call);
    assert_int_equal(call->code, 404);
    assert_string_equal(call->err.text, "no such thing");
    assert_null(call->reply);
    rpc_call_free(call);
}

static void count_release(void *pin)
{
    ((struct world *)pin)->released++;
}

static void what_a_reply_borrows_is_released_with_the_call(void **state)
{
    struct world *w = *state;
    struct rpc_call *call = new_call(w, "T.Count", "");
    rpc_invoke(w->table, call);
    call->release = count_release;
    call->pin = w;
    assert_int_equal(w->released, 0);
    rpc_call_free(call);
    assert_int_equal(w->released, 1);
}

static void a_cancelled_call_still_ends_once(void **state)
{
    struct world *w = *state;
    struct rpc_call *call = new_call(w, "T.Wait", "");
    rpc_invoke(w->table, call);
    assert_int_equal(w->done, 0);
    rpc_cancel(call);
    assert_int_equal(w->done, 1);
    assert_true(call->cancelled);
    rpc_cancel(call);
    assert_int_equal(w->done, 1);
    rpc_call_free(call);
}

/* ---- other threads ---- */

enum { CALLS = 200, THREADS = 4 };

struct caller {
    struct world *w;
    const char *method;
    int good, on_loop;
    pthread_t thread;
};

static void stop_loop(void *arg)
{
    uv_stop(arg);
}

static void *call_many(void *arg)
{
    struct caller *t = arg;
    for (int i = 0; i < CALLS; i++) {
        struct rpc_call *call = new_call(t->w, t->method, "abc");
        t->good += rpc_invoke_sync(t->w->table, call) == 0 && rpc_meta_of(call)->index == 3;
        rpc_call_free(call);
    }
    return NULL;
}

static void *call_then_stop(void *arg)
{
    struct caller *t = arg;
    call_many(t);
    t->on_loop = t->w->on_loop;
    rpc_post(t->w->table, stop_loop, &t->w->loop);
    return NULL;
}

/* The table's own handle does not keep a loop alive, so a timer nobody waits for does. */
static void ring(uv_timer_t *t)
{
}

static void run_until_stopped(struct world *w)
{
    uv_timer_t keep;
    uv_timer_init(&w->loop, &keep);
    uv_timer_start(&keep, ring, 3600 * 1000, 0);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&keep, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

static void calls_of_other_threads_run_on_the_loop(void **state)
{
    struct world *w = *state;
    struct caller t = {.w = w, .method = "T.Count"};
    assert_int_equal(pthread_create(&t.thread, NULL, call_then_stop, &t), 0);
    run_until_stopped(w);
    pthread_join(t.thread, NULL);
    assert_int_equal(t.good, CALLS);
    assert_true(t.on_loop);
}

static void reads_of_any_thread_do_not_need_the_loop(void **state)
{
    struct world *w = *state;
    struct caller t = {.w = w, .method = "T.Read"};
    w->on_loop = true;
    assert_int_equal(pthread_create(&t.thread, NULL, call_many, &t), 0);
    pthread_join(t.thread, NULL);
    assert_int_equal(t.good, CALLS);
    assert_false(w->on_loop);
}

static void count_posted(void *arg)
{
    ((struct world *)arg)->posted++;
}

static void *post_many(void *arg)
{
    struct caller *t = arg;
    for (int i = 0; i < CALLS; i++)
        t->good += rpc_post(t->w->table, count_posted, t->w) == 0;
    return NULL;
}

static void everything_posted_runs_once_in_the_end(void **state)
{
    struct world *w = *state;
    struct caller t[THREADS];
    for (int i = 0; i < THREADS; i++) {
        t[i] = (struct caller){.w = w};
        assert_int_equal(pthread_create(&t[i].thread, NULL, post_many, &t[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i].thread, NULL);
    assert_int_equal(w->posted, 0);
    assert_int_equal(rpc_post(w->table, stop_loop, &w->loop), 0);
    run_until_stopped(w);
    assert_int_equal(w->posted, THREADS * CALLS);
}

static void *invoke_one(void *arg)
{
    rpc_invoke(((struct world *)((struct rpc_call *)arg)->ctx)->table, arg);
    return NULL;
}

static void calls_still_queued_fail_when_the_table_goes(void **state)
{
    struct world *w = *state;
    pthread_t thread;
    struct rpc_call *call = new_call(w, "T.Count", "");
    assert_int_equal(pthread_create(&thread, NULL, invoke_one, call), 0);
    pthread_join(thread, NULL);
    assert_int_equal(w->done, 0);
    w->table = rpc_table_free(w->table);
    assert_int_equal(w->done, 1);
    assert_int_equal(call->code, 503);
    rpc_call_free(call);
}

/* ---- streams ---- */

struct sink {
    struct rpc_stream stream;
    int bytes, ends, limit;
};

static int sink_write(struct rpc_stream *s, const void *p, size_t n)
{
    struct sink *k = s->ctx;
    k->bytes += (int)n;
    return k->limit && k->bytes >= k->limit ? -EPIPE : 1;
}

static void sink_end(struct rpc_stream *s, const struct err *err)
{
    ((struct sink *)s->ctx)->ends++;
}

static struct sink open_stream(struct world *w, const char *prefix, int limit, int *ret_code)
{
    struct sink k = {.stream = {.write = sink_write, .end = sink_end}, .limit = limit};
    struct rpc_call *call = new_call(w, "T.Three", prefix);
    k.stream.ctx = &k;
    call->stream = &k.stream;
    rpc_invoke(w->table, call);
    *ret_code = call->code;
    rpc_call_free(call);
    return k;
}

static void a_stream_writes_and_ends_once(void **state)
{
    int code;
    struct sink k = open_stream(*state, "", 0, &code);
    assert_int_equal(code, 0);
    assert_int_equal(k.bytes, 3);
    assert_int_equal(k.ends, 1);
}

static void a_stream_stops_when_its_reader_is_gone(void **state)
{
    int code;
    struct sink k = open_stream(*state, "", 2, &code);
    assert_int_equal(k.bytes, 2);
    assert_int_equal(k.ends, 0);
}

static void a_stream_that_cannot_open_fails_its_call(void **state)
{
    int code;
    struct sink k = open_stream(*state, "bad", 0, &code);
    assert_int_equal(code, 400);
    assert_int_equal(k.bytes + k.ends, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_call_on_the_loop_is_answered_at_once),
        T(an_unknown_method_makes_no_call),
        T(a_failure_carries_status_and_text),
        T(what_a_reply_borrows_is_released_with_the_call),
        T(a_cancelled_call_still_ends_once),
        T(calls_of_other_threads_run_on_the_loop),
        T(reads_of_any_thread_do_not_need_the_loop),
        T(everything_posted_runs_once_in_the_end),
        T(calls_still_queued_fail_when_the_table_goes),
        T(a_stream_writes_and_ends_once),
        T(a_stream_stops_when_its_reader_is_gone),
        T(a_stream_that_cannot_open_fails_its_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
