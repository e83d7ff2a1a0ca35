// SPDX-License-Identifier: Apache-2.0
/* Answers without a known end: bytes go from the producer on the loop through a bounded buffer to
 * the library's thread. With nothing to send the connection is suspended; with too much the
 * producer pauses until the reader has caught up. */
#include "http/exchange.h"

static struct http_exchange *exchange_of(struct rpc_stream *s)
{
    return container_of(s, struct http_exchange, stream);
}

/* When the reader is gone the producer pauses, and `cancel` follows. */
static int stream_write(struct rpc_stream *s, const void *p, size_t n)
{
    struct http_exchange *x = exchange_of(s);
    pthread_mutex_lock(&x->server->lock);
    if (!x->gone)
        buf_add(&x->data, p, n);
    bool failed = x->data.failed && !x->gone;
    x->gone = x->gone || failed;
    x->paused = x->gone || x->data.n > STREAM_HIGH;
    if (x->finished)
        exchange_resume(x);
    int r = x->paused ? 0 : 1;
    pthread_mutex_unlock(&x->server->lock);
    if (failed)
        exchange_post(x, exchange_gone_posted);
    return r;
}

static void stream_end(struct rpc_stream *s, const struct err *err)
{
    struct http_exchange *x = exchange_of(s);
    pthread_mutex_lock(&x->server->lock);
    x->ended = true;
    x->broken = err != NULL;
    if (x->finished)
        exchange_resume(x);
    pthread_mutex_unlock(&x->server->lock);
    exchange_unwatch(x);
    exchange_unref(x);
}

void stream_prepare(struct http_exchange *x)
{
    x->is_stream = true;
    x->stream.write = stream_write;
    x->stream.end = stream_end;
    x->stream.ctx = x;
    x->call->stream = &x->stream;
}

void stream_cancel(struct http_exchange *x)
{
    pthread_mutex_lock(&x->server->lock);
    bool tell = x->is_stream && x->finished && x->call->code == 0 && !x->ended;
    x->ended = x->ended || tell;
    pthread_mutex_unlock(&x->server->lock);
    if (!tell)
        return;
    x->stream.cancel(&x->stream);
    exchange_unref(x);
}

static void resume_posted(void *arg)
{
    struct http_exchange *x = arg;
    pthread_mutex_lock(&x->server->lock);
    bool tell = x->paused && !x->ended && !x->gone;
    if (tell)
        x->paused = false;
    pthread_mutex_unlock(&x->server->lock);
    if (tell)
        x->stream.resume(&x->stream);
    exchange_unref(x);
}

/* With the lock held. */
static ssize_t take_bytes(struct http_exchange *x, char *to, size_t max, bool *ret_low)
{
    size_t n = MIN(max, x->data.n);
    memcpy(to, x->data.p, n);
    buf_consume(&x->data, n);
    *ret_low = x->paused && x->data.n < STREAM_LOW;
    return (ssize_t)n;
}

static ssize_t read_cb(void *cls, uint64_t pos, char *to, size_t max)
{
    struct http_exchange *x = cls;
    ssize_t r = MHD_CONTENT_READER_END_WITH_ERROR;
    bool low = false;
    pthread_mutex_lock(&x->server->lock);
    if (x->data.n)
        r = take_bytes(x, to, max, &low);
    else if (x->ended)
        r = x->broken || x->gone ? MHD_CONTENT_READER_END_WITH_ERROR
                                 : MHD_CONTENT_READER_END_OF_STREAM;
    else if (!x->gone && exchange_suspend(x))
        r = 0;
    pthread_mutex_unlock(&x->server->lock);
    if (low)
        exchange_post(x, resume_posted);
    return r;
}

static const char *content_type(const struct http_exchange *x)
{
    bool plain = x->route->flags & ROUTE_PLAIN;
    const char *z = uri_param(&x->req.uri, "plain");
    if (!isempty(z))
        (void)uri_bool(z, &plain);
    return plain ? "text/plain; charset=utf-8" : "application/json";
}

/* A reader may stop reading for a while (a terminal on hold). */
#define READER_TIMEOUT_S 3600u

enum MHD_Result stream_answer(struct http_exchange *x)
{
    pthread_mutex_lock(&x->server->lock);
    x->deadline = INT64_MAX;
    pthread_mutex_unlock(&x->server->lock);
    struct MHD_Response *m =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32 * 1024, read_cb, x, NULL);
    if (!m)
        return MHD_NO;
    MHD_add_response_header(m, "Content-Type", content_type(x));
    MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
    MHD_set_connection_option(x->conn, MHD_CONNECTION_OPTION_TIMEOUT, READER_TIMEOUT_S);
    enum MHD_Result ok = MHD_queue_response(x->conn, 200, m);
    MHD_destroy_response(m);
    return ok;
}
