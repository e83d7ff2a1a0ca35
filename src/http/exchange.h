// SPDX-License-Identifier: Apache-2.0
/* One request and its answer, shared by a library thread and the loop. Everything marked (lock) is
 * under server->lock; the rest belongs to the library's thread until the connection is suspended
 * and to the loop until it is resumed. */
#pragma once
#include <microhttpd.h>

#include "base/list.h"
#include "http/server.h"

enum {
    STREAM_HIGH = 256 * 1024, /* bytes waiting for a slow reader at which the producer pauses */
    STREAM_LOW = 64 * 1024,
};

struct http_server {
    uv_loop_t *loop;
    struct http_api api;
    struct MHD_Daemon *mhd;
    uv_timer_t *sweep;
    size_t max_body;
    uint16_t port;
    int refs; /* atomic: the owner and every exchange */
    pthread_mutex_t lock;
    struct list waiting; /* (lock) suspended exchanges */
    bool stopping;       /* (lock) */
    size_t ending;       /* (lock) resumed by the stop, answer not yet sent */
    pthread_cond_t ended;
};

struct http_watch;

struct http_exchange {
    struct http_server *server;
    struct MHD_Connection *conn;
    int refs; /* atomic: the library, the call, messages to the loop */
    nsec_t started;

    const char *raw_uri;
    bool seen, too_large;
    struct buf body;
    struct http_request req;
    struct http_response resp;
    const struct http_route *route;
    struct rpc_call *call;

    struct list link; /* (lock) in server->waiting */
    bool suspended;   /* (lock) */
    bool finished;    /* (lock) the call has its result */
    bool gone;        /* (lock) nobody reads the answer any more */
    bool ending;      /* (lock) counted in server->ending */
    bool late;        /* (lock) the deadline has passed */
    nsec_t deadline;  /* (lock) monotonic */

    struct http_watch *watch; /* loop only */
    int watch_fd;             /* on its way to the loop */

    struct rpc_stream stream;
    bool is_stream;
    struct buf data;    /* (lock) bytes on their way out */
    bool ended, broken; /* (lock) the producer is done; with an error */
    bool paused;        /* (lock) the producer waits for resume */
};

struct http_exchange *exchange_new(struct http_server *s, struct MHD_Connection *conn,
                                   const char *raw_uri);
struct http_exchange *exchange_ref(struct http_exchange *x);
void exchange_unref(struct http_exchange *x);
struct http_server *server_unref(struct http_server *s);

/* Call with the lock held, on the library's thread: false when the server is stopping. */
bool exchange_suspend(struct http_exchange *x);
/* Call with the lock held; any thread. Nothing happens when it is not suspended. */
void exchange_resume(struct http_exchange *x);
/* A message to the loop with a reference. */
void exchange_post(struct http_exchange *x, void (*fn)(void *x));

/* From the library: the whole request is there, or the connection was resumed. */
enum MHD_Result exchange_run(struct http_exchange *x);
/* The library is done with it. */
void exchange_completed(struct http_exchange *x);

/* Loop only. Watches a copy of the connection's descriptor. */
void exchange_watch(struct http_exchange *x);
void exchange_unwatch(struct http_exchange *x);
/* Loop only: the reader is gone. */
void exchange_gone(struct http_exchange *x);
void exchange_gone_posted(void *x); /* the same as a message */

/* Streams. */
void stream_prepare(struct http_exchange *x);
enum MHD_Result stream_answer(struct http_exchange *x);
/* Loop only; tells the producer, once. */
void stream_cancel(struct http_exchange *x);
