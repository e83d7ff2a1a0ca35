// SPDX-License-Identifier: Apache-2.0
/* A suspended connection's descriptor on the loop: the library does not see its end. */
#include "http/exchange.h"

struct http_watch {
    uv_poll_t poll;
    struct http_exchange *x;
    int fd;
};

static void on_closed(uv_handle_t *h)
{
    struct http_watch *w = h->data;
    close(w->fd);
    exchange_unref(w->x);
    free(w);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct http_watch *w = poll->data;
    exchange_gone(w->x);
}

void exchange_watch(struct http_exchange *x)
{
    pthread_mutex_lock(&x->server->lock);
    bool streams = x->is_stream && !x->ended && (!x->finished || x->call->code == 0);
    bool needless = x->gone || (x->finished && !streams);
    pthread_mutex_unlock(&x->server->lock);
    struct http_watch *w = x->watch_fd < 0 || needless ? NULL : calloc(1, sizeof(*w));
    if (!w)
        return; /* its deadline ends it */
    if (uv_poll_init(x->server->loop, &w->poll, x->watch_fd) < 0) {
        free(w);
        return;
    }
    w->fd = take_fd(&x->watch_fd);
    w->x = exchange_ref(x);
    w->poll.data = w;
    x->watch = w;
    uv_unref((uv_handle_t *)&w->poll);
    uv_poll_start(&w->poll, UV_DISCONNECT, on_event);
}

void exchange_unwatch(struct http_exchange *x)
{
    struct http_watch *w = take_ptr(x->watch);
    if (w)
        uv_close((uv_handle_t *)&w->poll, on_closed);
}

void exchange_gone(struct http_exchange *x)
{
    pthread_mutex_lock(&x->server->lock);
    bool runs = x->call && !x->finished;
    x->gone = true;
    exchange_resume(x);
    pthread_mutex_unlock(&x->server->lock);
    if (runs)
        rpc_cancel(x->call);
    stream_cancel(x);
    exchange_unwatch(x);
}
