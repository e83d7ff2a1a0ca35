// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "http/exchange.h"

struct http_exchange *exchange_new(struct http_server *s, struct MHD_Connection *conn,
                                   const char *raw_uri)
{
    struct http_exchange *x = calloc(1, sizeof(*x));
    if (!x || !(x->req.arena = arena_new(0)) ||
        !(x->raw_uri = arena_strdup(x->req.arena, raw_uri))) {
        if (x)
            arena_free(x->req.arena);
        free(x);
        return NULL;
    }
    x->server = s;
    x->conn = conn;
    x->refs = 1;
    x->started = now_mono();
    x->watch_fd = -1;
    x->req.api = &s->api;
    list_init(&x->link);
    __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    return x;
}

struct http_exchange *exchange_ref(struct http_exchange *x)
{
    __atomic_add_fetch(&x->refs, 1, __ATOMIC_RELAXED);
    return x;
}

void exchange_unref(struct http_exchange *x)
{
    if (__atomic_sub_fetch(&x->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (x->watch_fd >= 0)
        close(x->watch_fd);
    rpc_call_free(x->call);
    buf_free(&x->body);
    buf_free(&x->data);
    buf_free(&x->resp.body);
    arena_free(x->req.arena);
    server_unref(x->server);
    free(x);
}

bool exchange_suspend(struct http_exchange *x)
{
    if (x->server->stopping)
        return false;
    MHD_suspend_connection(x->conn);
    x->suspended = true;
    list_add_tail(&x->server->waiting, &x->link);
    return true;
}

void exchange_resume(struct http_exchange *x)
{
    if (!x->suspended)
        return;
    x->suspended = false;
    list_del(&x->link);
    MHD_resume_connection(x->conn);
}

void exchange_post(struct http_exchange *x, void (*fn)(void *x))
{
    /* Without memory for the message the deadline or the client's end still frees the rest. */
    if (rpc_post(x->server->api.rpc, fn, exchange_ref(x)) < 0)
        exchange_unref(x);
}

static void unwatch_posted(void *arg)
{
    struct http_exchange *x = arg;
    exchange_unwatch(x);
    exchange_unref(x);
}

static void on_done(struct rpc_call *call)
{
    struct http_exchange *x = call->ctx;
    bool streams = x->is_stream && call->code == 0;
    pthread_mutex_lock(&x->server->lock);
    x->finished = true;
    bool gone = x->gone;
    exchange_resume(x);
    pthread_mutex_unlock(&x->server->lock);
    if (streams) { /* its end or cancel gives the reference back */
        if (gone)
            exchange_post(x, exchange_gone_posted);
        return;
    }
    if (rpc_on_loop(x->server->api.rpc))
        exchange_unwatch(x);
    else
        exchange_post(x, unwatch_posted);
    exchange_unref(x);
}

/* The copy belongs to the watch: the library may close its own at any time. */
static int copy_fd(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 3) : -1;
}

static void watch_posted(void *arg)
{
    struct http_exchange *x = arg;
    exchange_watch(x);
    exchange_unref(x);
}

static void invoke_posted(void *arg)
{
    struct http_exchange *x = arg;
    rpc_invoke(x->server->api.rpc, x->call);
    exchange_watch(x);
    exchange_unref(x);
}

#define GRACE (60 * NSEC_SEC)

/* What the method itself may take, and a minute. */
static nsec_t deadline_of(struct rpc_call *call)
{
    const struct rpc_common *c = rpc_common_of(call);
    nsec_t wait = c->max_query_time ? c->max_query_time : 300 * NSEC_SEC;
    return now_mono() + GRACE + (c->min_query_index ? wait + wait / 16 : 0);
}

static enum MHD_Result respond(struct http_exchange *x)
{
    struct http_response *r = &x->resp;
    char z[32];
    size_t n = r->body.n;
    char *body = n ? buf_steal(&r->body) : NULL;
    struct MHD_Response *m = MHD_create_response_from_buffer(
        body ? n : 0, body ? body : "", body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!m) {
        free(body);
        return MHD_NO;
    }
    if (r->content_type)
        MHD_add_response_header(m, "Content-Type", r->content_type);
    if (r->has_index) {
        snprintf(z, sizeof(z), "%llu", (unsigned long long)r->index);
        MHD_add_response_header(m, "X-Nomad-Index", z);
    }
    if (r->has_meta) {
        snprintf(z, sizeof(z), "%lld", (long long)(r->last_contact / NSEC_MSEC));
        MHD_add_response_header(m, "X-Nomad-LastContact", z);
        MHD_add_response_header(m, "X-Nomad-KnownLeader", r->known_leader ? "true" : "false");
    }
    enum MHD_Result ok = MHD_queue_response(x->conn, (unsigned)r->status, m);
    MHD_destroy_response(m);
    log_debug("http", "request complete: path=%s status=%d duration_us=%lld", x->raw_uri, r->status,
              (long long)((now_mono() - x->started) / NSEC_USEC));
    return ok;
}

static enum MHD_Result respond_error(struct http_exchange *x, int status, const char *text)
{
    http_error(&x->resp, status, "%s", text);
    return respond(x);
}

static enum MHD_Result answer(struct http_exchange *x)
{
    if (x->is_stream && x->call->code == 0)
        return stream_answer(x);
    http_answer(x->route, &x->req, x->call, &x->resp);
    return respond(x);
}

/* A method that runs on this thread and mostly has its answer before it returns. */
static enum MHD_Result invoke_here(struct http_exchange *x)
{
    exchange_ref(x); /* the call's; on_done gives it back */
    rpc_invoke(x->server->api.rpc, x->call);
    pthread_mutex_lock(&x->server->lock);
    bool finished = x->finished;
    bool waits = !finished && exchange_suspend(x);
    if (waits)
        x->watch_fd = copy_fd(x->conn);
    pthread_mutex_unlock(&x->server->lock);
    if (finished)
        return answer(x);
    if (!waits)
        return respond_error(x, 503, "agent is shutting down");
    exchange_post(x, watch_posted);
    return MHD_YES;
}

/* A method of the loop: suspend first, then tell the loop to run it. */
static enum MHD_Result invoke_there(struct http_exchange *x)
{
    pthread_mutex_lock(&x->server->lock);
    bool waits = exchange_suspend(x);
    if (waits)
        x->watch_fd = copy_fd(x->conn);
    pthread_mutex_unlock(&x->server->lock);
    if (!waits)
        return respond_error(x, 503, "agent is shutting down");
    exchange_ref(x);
    exchange_post(x, invoke_posted);
    return MHD_YES;
}

static enum MHD_Result dispatch(struct http_exchange *x)
{
    struct http_request *req = &x->req;
    if (x->too_large)
        return respond_error(x, 413, "request body is too large");
    if (x->body.failed)
        return respond_error(x, 503, "out of memory");
    req->body = buf_str(&x->body);
    if (uri_parse(req->arena, str_of(x->raw_uri), &req->uri) < 0)
        return respond_error(x, 400, "Invalid path");
    if (!(x->route = http_route(req, &x->resp)))
        return respond(x);
    if (x->route->local) {
        x->route->local(req, &x->resp);
        return respond(x);
    }
    if (!(x->call = http_prepare(x->route, req, &x->resp)))
        return respond(x);
    x->call->done = on_done;
    x->call->ctx = x;
    x->deadline = deadline_of(x->call);
    if (x->call->method->flags & RPC_STREAM) {
        stream_prepare(x);
        return invoke_there(x);
    }
    return x->call->method->flags & RPC_ANY_THREAD ? invoke_here(x) : invoke_there(x);
}

enum MHD_Result exchange_run(struct http_exchange *x)
{
    if (!x->call)
        return dispatch(x);
    pthread_mutex_lock(&x->server->lock);
    bool finished = x->finished, gone = x->gone, late = x->late;
    pthread_mutex_unlock(&x->server->lock);
    if (gone)
        return MHD_NO;
    if (finished)
        return answer(x);
    return late ? respond_error(x, 504, "the request took too long")
                : respond_error(x, 503, "agent is shutting down");
}

void exchange_gone_posted(void *arg)
{
    struct http_exchange *x = arg;
    exchange_gone(x);
    exchange_unref(x);
}

void exchange_completed(struct http_exchange *x)
{
    pthread_mutex_lock(&x->server->lock);
    bool outstanding = x->call && (!x->finished || (x->is_stream && !x->ended));
    x->gone = true;
    if (x->ending && --x->server->ending == 0)
        pthread_cond_signal(&x->server->ended);
    pthread_mutex_unlock(&x->server->lock);
    if (outstanding)
        exchange_post(x, exchange_gone_posted);
    exchange_unref(x);
}
