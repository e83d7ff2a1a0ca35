// SPDX-License-Identifier: Apache-2.0
#include "rpc/rpc.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/list.h"

struct entry {
    const struct rpc_method *method;
    void *impl;
};

struct posted {
    struct list queue;
    void (*fn)(void *arg);
    void *arg;
};

struct rpc_table {
    struct map methods; /* name -> entry */
    uv_async_t *async;
    pthread_t loop_thread;
    pthread_mutex_t lock;
    struct list posted; /* under lock */
    bool closing;
};

static void drain(struct rpc_table *t)
{
    struct list batch;
    list_init(&batch);
    pthread_mutex_lock(&t->lock);
    while (!list_empty(&t->posted)) {
        struct list *n = t->posted.next;
        list_del(n);
        list_add_tail(&batch, n);
    }
    pthread_mutex_unlock(&t->lock);
    list_for_each_safe (it, &batch) {
        struct posted *p = list_item(it, struct posted, queue);
        list_del(it);
        p->fn(p->arg);
        free(p);
    }
}

static void on_async(uv_async_t *h)
{
    drain(h->data);
}

struct rpc_table *rpc_table_new(uv_loop_t *loop)
{
    struct rpc_table *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->async = calloc(1, sizeof(*t->async));
    if (!t->async || uv_async_init(loop, t->async, on_async) < 0) {
        free(t->async);
        free(t);
        return NULL;
    }
    t->async->data = t;
    uv_unref((uv_handle_t *)t->async);
    t->loop_thread = pthread_self();
    pthread_mutex_init(&t->lock, NULL);
    list_init(&t->posted);
    return t;
}

static void free_handle(uv_handle_t *h)
{
    free(h);
}

struct rpc_table *rpc_table_free(struct rpc_table *t)
{
    if (!t)
        return NULL;
    t->closing = true;
    drain(t); /* queued calls see `closing` and fail */
    uv_close((uv_handle_t *)t->async, free_handle);
    size_t it = 0;
    struct map_slot *slot;
    while ((slot = map_next(&t->methods, &it)))
        free(slot->value);
    map_free(&t->methods);
    pthread_mutex_destroy(&t->lock);
    free(t);
    return NULL;
}

void rpc_register(struct rpc_table *t, const struct rpc_method *methods, size_t n, void *impl)
{
    for (size_t i = 0; i < n; i++) {
        struct entry *e = malloc(sizeof(*e));
        void *old = NULL;
        if (!e || map_put(&t->methods, str_of(methods[i].name), e, &old) < 0)
            abort(); /* at start only */
        assert(!old);
        *e = (struct entry){&methods[i], impl};
    }
}

struct rpc_call *rpc_call_new(struct rpc_table *t, const char *method)
{
    struct entry *e = map_get(&t->methods, str_of(method));
    struct rpc_call *call = e ? calloc(1, sizeof(*call)) : NULL;
    if (!call)
        return NULL;
    call->method = e->method;
    call->impl = e->impl;
    call->arena = arena_new(0);
    call->args = call->arena ? model_new(e->method->args, call->arena) : NULL;
    return call->args ? call : rpc_call_free(call);
}

struct rpc_call *rpc_call_free(struct rpc_call *call)
{
    if (!call)
        return NULL;
    if (call->release)
        call->release(call->pin);
    arena_free(call->arena);
    free(call);
    return NULL;
}

bool rpc_on_loop(const struct rpc_table *t)
{
    return pthread_equal(pthread_self(), t->loop_thread);
}

int rpc_post(struct rpc_table *t, void (*fn)(void *arg), void *arg)
{
    struct posted *p = malloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->fn = fn;
    p->arg = arg;
    pthread_mutex_lock(&t->lock);
    list_add_tail(&t->posted, &p->queue);
    pthread_mutex_unlock(&t->lock);
    uv_async_send(t->async);
    return 0;
}

static void run_call(struct rpc_call *call)
{
    if (call->method->flags & RPC_STREAM)
        call->method->open(call->impl, call, call->stream);
    else
        call->method->handle(call->impl, call);
}

struct on_loop {
    struct rpc_table *table;
    struct rpc_call *call;
};

static void run_posted(void *arg)
{
    struct on_loop *o = arg;
    struct rpc_call *call = o->call;
    bool closing = o->table->closing;
    free(o);
    if (closing)
        rpc_fail(call, 503, "agent is shutting down");
    else
        run_call(call);
}

void rpc_invoke(struct rpc_table *t, struct rpc_call *call)
{
    assert(!(call->method->flags & RPC_STREAM) || call->stream);
    if (call->method->flags & RPC_ANY_THREAD || rpc_on_loop(t)) {
        run_call(call);
        return;
    }
    struct on_loop *o = malloc(sizeof(*o));
    if (o)
        *o = (struct on_loop){t, call};
    if (!o || rpc_post(t, run_posted, o) < 0) {
        free(o);
        rpc_fail(call, 503, "out of memory");
    }
}

void rpc_cancel(struct rpc_call *call)
{
    void (*cancel)(struct rpc_call *) = take_ptr(call->cancel);
    call->cancelled = true;
    if (cancel)
        cancel(call);
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
};

static void wake(struct rpc_call *call)
{
    struct waiter *w = call->ctx;
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

int rpc_invoke_sync(struct rpc_table *t, struct rpc_call *call)
{
    assert(!rpc_on_loop(t));
    struct waiter w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    call->done = wake;
    call->ctx = &w;
    rpc_invoke(t, call);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.cond, &w.lock);
    pthread_mutex_unlock(&w.lock);
    return call->code;
}

void *rpc_reply(struct rpc_call *call)
{
    call->reply = model_new(call->method->reply, call->arena);
    return call->reply;
}

void rpc_finish(struct rpc_call *call)
{
    call->done(call);
}

void rpc_fail(struct rpc_call *call, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(call->err.text, sizeof(call->err.text), fmt, ap);
    va_end(ap);
    call->code = code;
    rpc_finish(call);
}
