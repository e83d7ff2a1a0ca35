// SPDX-License-Identifier: Apache-2.0
#include "server/uv_env.h"

#include <pthread.h>

#include "base/list.h"

struct uv_env {
    struct server_env env;
    uv_loop_t *loop;
    struct rpc_table *rpc; /* its way onto the loop */
    pthread_t placer;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct list tasks; /* under lock: the placer's */
    bool stopping;     /* under lock */
};

struct env_timer {
    uv_timer_t uv;
    void (*cb)(void *);
    void *ctx;
};

struct queued {
    struct list link;
    uv_work_t work;
    struct uv_env *env;
    void (*run)(void *), (*done)(void *);
    void *ctx;
};

static nsec_t env_now(struct server_env *env)
{
    return now_wall();
}

static nsec_t env_mono(struct server_env *env)
{
    return now_mono();
}

static uint64_t env_random(struct server_env *env)
{
    struct uuid u;
    uint64_t v;
    uuid_random(&u);
    memcpy(&v, u.b, sizeof(v));
    return v;
}

static void timer_closed(uv_handle_t *h)
{
    free(h->data);
}

static void timer_fired(uv_timer_t *uv)
{
    struct env_timer *t = uv->data;
    void (*cb)(void *) = t->cb;
    void *ctx = t->ctx;
    uv_close((uv_handle_t *)uv, timer_closed);
    cb(ctx);
}

static struct env_timer *env_timer(struct server_env *env, nsec_t delay, void (*cb)(void *),
                                   void *ctx)
{
    struct uv_env *e = container_of(env, struct uv_env, env);
    struct env_timer *t = calloc(1, sizeof(*t));
    if (!t || uv_timer_init(e->loop, &t->uv) < 0)
        abort(); /* a duty whose timer is missing would hang for good */
    t->uv.data = t;
    t->cb = cb;
    t->ctx = ctx;
    uv_update_time(e->loop);
    uv_timer_start(&t->uv, timer_fired, (uint64_t)((delay + NSEC_MSEC - 1) / NSEC_MSEC), 0);
    return t;
}

static void env_cancel(struct server_env *env, struct env_timer *t)
{
    uv_timer_stop(&t->uv);
    uv_close((uv_handle_t *)&t->uv, timer_closed);
}

static struct queued *new_task(struct uv_env *e, void (*run)(void *), void (*done)(void *),
                               void *ctx)
{
    struct queued *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    *t = (struct queued){.env = e, .run = run, .done = done, .ctx = ctx};
    return t;
}

static void finish_task(void *arg)
{
    struct queued *t = arg;
    void (*done)(void *) = t->done;
    void *ctx = t->ctx;
    free(t);
    done(ctx);
}

static void pool_run(uv_work_t *w)
{
    struct queued *t = w->data;
    t->run(t->ctx);
}

static void pool_done(uv_work_t *w, int status)
{
    finish_task(w->data);
}

static void env_work(struct server_env *env, void (*run)(void *), void (*done)(void *), void *ctx)
{
    struct uv_env *e = container_of(env, struct uv_env, env);
    struct queued *t = new_task(e, run, done, ctx);
    t->work.data = t;
    if (uv_queue_work(e->loop, &t->work, pool_run, pool_done) < 0)
        abort();
}

static void env_place(struct server_env *env, void (*run)(void *), void (*done)(void *), void *ctx)
{
    struct uv_env *e = container_of(env, struct uv_env, env);
    struct queued *t = new_task(e, run, done, ctx);
    pthread_mutex_lock(&e->lock);
    list_add_tail(&e->tasks, &t->link);
    pthread_cond_signal(&e->cond);
    pthread_mutex_unlock(&e->lock);
}

static struct queued *next_task(struct uv_env *e)
{
    struct queued *t = NULL;
    pthread_mutex_lock(&e->lock);
    while (list_empty(&e->tasks) && !e->stopping)
        pthread_cond_wait(&e->cond, &e->lock);
    if (!list_empty(&e->tasks)) {
        t = list_item(e->tasks.next, struct queued, link);
        list_del(&t->link);
    }
    pthread_mutex_unlock(&e->lock);
    return t;
}

static void *placer_main(void *arg)
{
    struct uv_env *e = arg;
    struct queued *t;
    while ((t = next_task(e))) {
        t->run(t->ctx);
        if (rpc_post(e->rpc, finish_task, t) < 0)
            abort();
    }
    return NULL;
}

struct uv_env *uv_env_new(uv_loop_t *loop, struct rpc_table *rpc)
{
    struct uv_env *e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    e->env = (struct server_env){
        .now = env_now,
        .mono = env_mono,
        .random = env_random,
        .timer = env_timer,
        .cancel = env_cancel,
        .work = env_work,
        .place = env_place,
    };
    e->loop = loop;
    e->rpc = rpc;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->cond, NULL);
    list_init(&e->tasks);
    if (pthread_create(&e->placer, NULL, placer_main, e) != 0) {
        free(e);
        return NULL;
    }
    return e;
}

struct server_env *uv_env_get(struct uv_env *e)
{
    return &e->env;
}

struct uv_env *uv_env_free(struct uv_env *e)
{
    if (!e)
        return NULL;
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_signal(&e->cond);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->placer, NULL);
    pthread_cond_destroy(&e->cond);
    pthread_mutex_destroy(&e->lock);
    free(e);
    return NULL;
}
