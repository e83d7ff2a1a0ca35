// SPDX-License-Identifier: Apache-2.0
/* Real sockets on loopback: the main thread is the loop, a second one the client. */
#include "tests/unit/cmocka_all.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "http/server.h"
#include "rpc/messages.h"

struct producer {
    struct rpc_stream *stream;
    size_t written, total; /* total 0: endless */
    bool paused, cancelled, ended, by_hand;
};

struct fixture {
    uv_loop_t loop;
    uv_async_t keep; /* keeps the loop waiting instead of returning */
    struct rpc_table *rpc;
    struct http_server *server;
    struct rpc_call *waiting; /* Job.GetJob waits until somebody finishes it */
    bool given_up;            /* it was told that nobody waits any more */
    struct producer producer;
    int clients; /* still running */
};

static void handle_list(void *impl, struct rpc_call *call)
{
    struct job_list_reply *r = rpc_reply(call);
    r->m = (struct rpc_meta){.index = 42, .last_contact = 3 * NSEC_MSEC, .known_leader = true};
    rpc_finish(call);
}

static void give_up(struct rpc_call *call)
{
    struct fixture *f = call->waiter;
    f->waiting = NULL;
    f->given_up = true;
    rpc_fail(call, 503, "given up");
}

static void handle_get(void *impl, struct rpc_call *call)
{
    struct fixture *f = impl;
    f->waiting = call;
    call->cancel = give_up;
    call->waiter = f;
}

/* A write that lets the waiting read go. */
static void handle_register(void *impl, struct rpc_call *call)
{
    struct fixture *f = impl;
    struct job_register_args *args = call->args;
    struct job_register_reply *mine = rpc_reply(call);
    mine->m.index = 43;
    if (f->waiting) {
        struct rpc_call *other = take_ptr(f->waiting);
        struct job_reply *r = rpc_reply(other);
        r->m.index = 43;
        r->job = model_copy(&job_schema, other->arena, args->job);
        rpc_finish(other);
    }
    rpc_finish(call);
}

static void produce(struct producer *p)
{
    char chunk[8192];
    while (!p->paused && !p->ended && !p->cancelled) {
        size_t n = p->total ? MIN(sizeof(chunk), p->total - p->written) : sizeof(chunk);
        for (size_t i = 0; i < n; i++)
            chunk[i] = (char)('a' + (p->written + i) % 26);
        p->written += n;
        p->paused = p->stream->write(p->stream, chunk, n) == 0;
        if (p->total && p->written == p->total) {
            p->ended = true;
            p->stream->end(p->stream, NULL);
        }
    }
}

static void on_resume(struct rpc_stream *s)
{
    struct producer *p = s->producer;
    p->paused = false;
    produce(p);
}

static void on_cancel(struct rpc_stream *s)
{
    ((struct producer *)s->producer)->cancelled = true;
}

static void open_logs(void *impl, struct rpc_call *call, struct rpc_stream *stream)
{
    struct fixture *f = impl;
    struct fs_logs_args *args = call->args;
    if (streq(args->task, "none")) {
        rpc_fail(call, 404, "unknown task name \"none\"");
        return;
    }
    f->producer.stream = stream;
    stream->producer = &f->producer;
    stream->resume = on_resume;
    stream->cancel = on_cancel;
    rpc_finish(call);
    if (!f->producer.by_hand)
        produce(&f->producer);
}

static const struct rpc_method methods[] = {
    {"Job.List", &empty_args_schema, &job_list_reply_schema, RPC_ANY_THREAD, .handle = handle_list},
    {"Job.GetJob", &job_args_schema, &job_reply_schema, RPC_BLOCKING, .handle = handle_get},
    {"Job.Register", &job_register_args_schema, &job_register_reply_schema, RPC_WRITE,
     .handle = handle_register},
    {"FileSystem.Logs", &fs_logs_args_schema, NULL, RPC_STREAM, .open = open_logs},
};

static void nothing(uv_async_t *h)
{
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {{0}};
    uv_loop_init(&f->loop);
    uv_async_init(&f->loop, &f->keep, nothing);
    f->rpc = rpc_table_new(&f->loop);
    rpc_register(f->rpc, methods, ARRAY_LEN(methods), f);
    struct http_config c = {.address = "127.0.0.1", .threads = 2, .max_body = 100000};
    c.api = (struct http_api){.rpc = f->rpc, .region = "global", .routes = http_routes};
    f->server = http_server_start(&f->loop, &c, &err);
    if (!f->server)
        fail_msg("%s", err.text);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_server_free(f->server);
    if (f->waiting)
        rpc_fail(f->waiting, 500, "end of the test");
    rpc_table_free(f->rpc);
    uv_close((uv_handle_t *)&f->keep, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

/* ---- the client's thread ---- */
struct reply {
    long status;
    char head[2048], *body;
    size_t n;
};
struct client {
    struct fixture *f;
    void (*run)(struct client *c);
    struct reply reply, second;
    pthread_t thread;
    int fd;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct reply *r = arg;
    r->body = realloc(r->body, r->n + n + 1);
    memcpy(r->body + r->n, p, n);
    r->n += n;
    r->body[r->n] = '\0';
    return n;
}

static size_t on_head(char *p, size_t size, size_t n, void *arg)
{
    struct reply *r = arg;
    size_t have = strlen(r->head);
    snprintf(r->head + have, sizeof(r->head) - have, "%.*s", (int)n, p);
    return n;
}

static void fetch(struct client *c, const char *method, const char *path, const char *body,
                  struct reply *r)
{
    char url[512];
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(c->f->server), path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
    curl_easy_cleanup(curl);
}

static int dial(struct client *c, int receive_buffer)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_port = htons(http_server_port(c->f->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    if (connect(fd, (void *)&sa, sizeof(sa)) < 0)
        abort();
    return fd;
}

static void say(int fd, const char *z)
{
    if (send(fd, z, strlen(z), MSG_NOSIGNAL) != (ssize_t)strlen(z))
        abort();
}

static void client_finished(void *arg)
{
    ((struct fixture *)arg)->clients--;
}

static void *client_thread(void *arg)
{
    struct client *c = arg;
    c->run(c);
    rpc_post(c->f->rpc, client_finished, c->f);
    return NULL;
}

#define RUN_UNTIL(f, condition)                                                                    \
    while (!(condition))                                                                           \
    uv_run(&(f)->loop, UV_RUN_ONCE)

static void start(struct client *c, struct fixture *f, void (*fn)(struct client *c))
{
    c->f = f;
    c->run = fn;
    f->clients++;
    pthread_create(&c->thread, NULL, client_thread, c);
}

static void run(struct client *c, struct fixture *f, void (*fn)(struct client *c))
{
    start(c, f, fn);
    RUN_UNTIL(f, f->clients == 0);
    pthread_join(c->thread, NULL);
}

/* ---- tests ---- */
static void get_list(struct client *c)
{
    fetch(c, "GET", "/v1/jobs?pretty", NULL, &c->reply);
}

static void reads_are_answered_with_nomads_headers(void **state)
{
    struct client c = {0};
    run(&c, *state, get_list);
    assert_int_equal(c.reply.status, 200);
    assert_string_equal(c.reply.body, "[]\n");
    assert_non_null(strstr(c.reply.head, "X-Nomad-Index: 42\r\n"));
    assert_non_null(strstr(c.reply.head, "X-Nomad-LastContact: 3\r\n"));
    assert_non_null(strstr(c.reply.head, "X-Nomad-KnownLeader: true\r\n"));
    assert_non_null(strstr(c.reply.head, "Content-Type: application/json\r\n"));
    free(c.reply.body);
}

static void get_waiting(struct client *c)
{
    fetch(c, "GET", "/v1/job/a%2Fb?index=1", NULL, &c->reply);
}

static void post_job(struct client *c)
{
    fetch(c, "POST", "/v1/jobs", "{\"Job\":{\"ID\":\"a/b\",\"Priority\":77}}", &c->reply);
}

static void a_waiting_read_is_answered_when_a_write_lets_it_go(void **state)
{
    struct fixture *f = *state;
    struct client reader = {0}, writer = {0};
    start(&reader, f, get_waiting);
    RUN_UNTIL(f, f->waiting);
    run(&writer, f, post_job); /* until both are done */
    pthread_join(reader.thread, NULL);
    assert_int_equal(writer.reply.status, 200);
    assert_non_null(strstr(writer.reply.head, "X-Nomad-Index: 43\r\n"));
    assert_int_equal(reader.reply.status, 200);
    assert_non_null(strstr(reader.reply.body, "\"Priority\":77"));
    free(writer.reply.body);
    free(reader.reply.body);
}

static void large_post(struct client *c)
{
    char *body = malloc(200001);
    memset(body, ' ', 200000);
    body[200000] = '\0';
    fetch(c, "PUT", "/v1/jobs", body, &c->reply);
    fetch(c, "PUT", "/v1/jobs", "{\"Job\":", &c->second);
    free(body);
}

static void bodies_too_large_or_broken_are_refused(void **state)
{
    struct client c = {0};
    run(&c, *state, large_post);
    assert_int_equal(c.reply.status, 413);
    assert_int_equal(c.second.status, 400);
    assert_non_null(strstr(c.second.body, "line 1"));
    free(c.reply.body);
    free(c.second.body);
}

static void ask_for_job(struct client *c)
{
    c->fd = dial(c, 0);
    say(c->fd, "GET /v1/job/x?index=5 HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void a_client_that_leaves_cancels_its_waiting_call(void **state)
{
    struct fixture *f = *state;
    struct client c = {0};
    run(&c, f, ask_for_job);
    RUN_UNTIL(f, f->waiting);
    assert_false(f->given_up);
    close(c.fd);
    RUN_UNTIL(f, f->given_up);
}

static void half_a_request(struct client *c)
{
    c->fd = dial(c, 0);
    say(c->fd, "PUT /v1/jobs HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n{\"Jo");
    fetch(c, "GET", "/v1/jobs", NULL, &c->reply);
}

static void half_a_request_keeps_nobody_from_being_served(void **state)
{
    struct client c = {0};
    run(&c, *state, half_a_request);
    assert_int_equal(c.reply.status, 200);
    close(c.fd);
    free(c.reply.body);
}

#define LOGS "/v1/client/fs/logs/01234567-89ab-cdef-0123-456789abcdef?type=stdout&plain=true&task="

static void get_logs(struct client *c)
{
    fetch(c, "GET", LOGS "web", NULL, &c->reply);
    fetch(c, "GET", LOGS "none", NULL, &c->second);
}

static void a_stream_arrives_whole_and_its_errors_have_a_code(void **state)
{
    struct fixture *f = *state;
    struct client c = {0};
    f->producer.total = 3 << 20;
    run(&c, f, get_logs);
    assert_int_equal(c.reply.status, 200);
    assert_int_equal(c.reply.n, 3 << 20);
    for (size_t i = 0; i < c.reply.n; i++)
        if (c.reply.body[i] != (char)('a' + i % 26))
            fail_msg("byte %zu differs", i);
    assert_non_null(strstr(c.reply.head, "Content-Type: text/plain"));
    assert_int_equal(c.second.status, 404);
    assert_string_equal(c.second.body, "unknown task name \"none\"");
    free(c.reply.body);
    free(c.second.body);
}

static void ask_for_logs(struct client *c)
{
    c->fd = dial(c, 4096);
    say(c->fd, "GET " LOGS "web HTTP/1.1\r\nHost: h\r\n\r\n");
}

/* Nobody reads: the producer must stop after what fits the buffers, whatever those are. */
static void a_slow_reader_pauses_the_producer_and_leaving_cancels_it(void **state)
{
    struct fixture *f = *state;
    struct client c = {0};
    run(&c, f, ask_for_logs);
    RUN_UNTIL(f, f->producer.stream);
    for (size_t before = 0; !f->producer.paused || before != f->producer.written;) {
        before = f->producer.written;
        poll(NULL, 0, 20); /* the server's thread moves what still fits */
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    assert_true(f->producer.written < (32 << 20));
    close(c.fd);
    RUN_UNTIL(f, f->producer.cancelled);
}

static void a_stream_with_nothing_to_say_waits_and_notices_the_end(void **state)
{
    struct fixture *f = *state;
    struct client c = {0};
    f->producer.by_hand = true;
    run(&c, f, ask_for_logs);
    RUN_UNTIL(f, f->producer.stream);
    assert_int_equal(f->producer.stream->write(f->producer.stream, "hello", 5), 1);
    char z[4096] = "";
    for (size_t n = 0; !strstr(z, "hello");) {
        ssize_t got = recv(c.fd, z + n, sizeof(z) - 1 - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
        z[n] = '\0';
    }
    close(c.fd);
    RUN_UNTIL(f, f->producer.cancelled);
}

static void stopping_ends_waiting_requests_and_streams(void **state)
{
    struct fixture *f = *state;
    struct client one = {0}, two = {0};
    f->producer.by_hand = true;
    run(&one, f, ask_for_job);
    run(&two, f, ask_for_logs);
    RUN_UNTIL(f, f->waiting && f->producer.stream);
    http_server_stop(f->server);
    http_server_stop(f->server);
    RUN_UNTIL(f, f->given_up && f->producer.cancelled);
    char z[4096] = "";
    assert_true(recv(one.fd, z, sizeof(z) - 1, 0) > 0);
    assert_non_null(strstr(z, " 503 "));
    close(one.fd);
    close(two.fd);
}

static void a_port_in_use_is_said_so(void **state)
{
    struct fixture *f = *state;
    struct err err = {{0}};
    struct http_config c = {.address = "127.0.0.1", .port = http_server_port(f->server)};
    c.api = (struct http_api){.rpc = f->rpc, .routes = http_routes};
    assert_null(http_server_start(&f->loop, &c, &err));
    assert_non_null(strstr(err.text, "Address already in use"));
    c.address = "localhost";
    assert_null(http_server_start(&f->loop, &c, &err));
    assert_string_equal(err.text, "http address \"localhost\" is no IP address");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_are_answered_with_nomads_headers),
        TEST(a_waiting_read_is_answered_when_a_write_lets_it_go),
        TEST(bodies_too_large_or_broken_are_refused),
        TEST(a_client_that_leaves_cancels_its_waiting_call),
        TEST(half_a_request_keeps_nobody_from_being_served),
        TEST(a_stream_arrives_whole_and_its_errors_have_a_code),
        TEST(a_slow_reader_pauses_the_producer_and_leaving_cancels_it),
        TEST(a_stream_with_nothing_to_say_waits_and_notices_the_end),
        TEST(stopping_ends_waiting_requests_and_streams),
        TEST(a_port_in_use_is_said_so),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return r;
}
