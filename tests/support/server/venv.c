// SPDX-License-Identifier: Apache-2.0
#include "tests/support/server/venv.h"

#include <errno.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/list.h"
#include "state/image.h"

struct env_timer {
    nsec_t at;
    uint64_t seq;
    size_t slot; /* in the heap */
    void (*cb)(void *);
    void *ctx;
};

struct errand {
    struct venv *v;
    void (*run)(void *), (*done)(void *);
    void *ctx;
    bool place;
};

struct proposal {
    struct list link;
    struct venv *v;
    void *p;
    size_t n;
    env_proposed_cb cb; /* NULL: answered already */
    void *ctx;
    struct env_timer *timer;
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

/* --- the queue --- */

static bool earlier(const struct env_timer *a, const struct env_timer *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void put(struct venv *v, size_t i, struct env_timer *t)
{
    v->heap.items[i] = t;
    t->slot = i;
}

static void sift(struct venv *v, size_t i)
{
    struct env_timer *t = v->heap.items[i];
    for (; i && earlier(t, v->heap.items[(i - 1) / 2]); i = (i - 1) / 2)
        put(v, i, v->heap.items[(i - 1) / 2]);
    for (size_t k; (k = 2 * i + 1) < v->heap.n; i = k) {
        k += k + 1 < v->heap.n && earlier(v->heap.items[k + 1], v->heap.items[k]);
        if (!earlier(v->heap.items[k], t))
            break;
        put(v, i, v->heap.items[k]);
    }
    put(v, i, t);
}

static struct env_timer *add(struct venv *v, nsec_t at, void (*cb)(void *), void *ctx)
{
    struct env_timer *t = must(calloc(1, sizeof(*t)));
    *t = (struct env_timer){.at = at, .seq = ++v->seq, .cb = cb, .ctx = ctx};
    if (vec_push(&v->heap, t) < 0)
        abort();
    sift(v, v->heap.n - 1);
    return t;
}

static void drop(struct venv *v, struct env_timer *t)
{
    size_t i = t->slot;
    struct env_timer *last = v->heap.items[--v->heap.n];
    if (last != t) {
        put(v, i, last);
        sift(v, i);
    }
    free(t);
}

bool venv_step(struct venv *v)
{
    if (!v->heap.n)
        return false;
    struct env_timer *t = v->heap.items[0];
    void (*cb)(void *) = t->cb;
    void *ctx = t->ctx;
    v->now = MAX(v->now, t->at);
    v->seen++;
    drop(v, t);
    cb(ctx);
    return true;
}

void venv_run(struct venv *v, nsec_t until)
{
    while (v->heap.n && v->heap.items[0]->at <= until)
        venv_step(v);
    v->now = MAX(v->now, until);
}

void venv_settle(struct venv *v)
{
    venv_run(v, v->now);
}

/* --- the table --- */

static struct venv *of(struct server_env *env)
{
    return container_of(env, struct venv, env);
}

static nsec_t env_now(struct server_env *env)
{
    return of(env)->now;
}

static nsec_t env_mono(struct server_env *env)
{
    return of(env)->now - NSEC_HOUR; /* another clock */
}

static uint64_t env_random(struct server_env *env)
{
    struct uuid u;
    uint64_t n;
    uuid_from_seed(of(env)->rng, &u);
    memcpy(&n, u.b, sizeof(n));
    return n;
}

uint64_t venv_roll(struct venv *v, uint64_t n)
{
    return env_random(&v->env) % n;
}

static nsec_t some_delay(struct venv *v)
{
    return v->delay_ms ? (nsec_t)venv_roll(v, v->delay_ms + 1) * NSEC_MSEC : 0;
}

static struct env_timer *env_timer(struct server_env *env, nsec_t delay, void (*cb)(void *),
                                   void *ctx)
{
    assert(delay >= 0);
    return add(of(env), of(env)->now + delay, cb, ctx);
}

static void env_cancel(struct server_env *env, struct env_timer *t)
{
    drop(of(env), t);
}

static void task_done(void *arg)
{
    struct errand *t = arg;
    struct errand own = *t;
    t->v->works -= !t->place;
    free(t);
    own.done(own.ctx);
}

static void task_run(void *arg)
{
    struct errand *t = arg;
    struct venv *v = t->v;
    nsec_t at = v->now + some_delay(v);
    t->run(t->ctx);
    if (t->place)
        at = v->last_placed = MAX(at, v->last_placed);
    add(v, at, task_done, t);
}

static void env_work(struct server_env *env, void (*run)(void *), void (*done)(void *), void *ctx)
{
    struct venv *v = of(env);
    struct errand *t = must(malloc(sizeof(*t)));
    *t = (struct errand){v, run, done, ctx, false};
    v->works++;
    v->works_max = MAX(v->works_max, v->works);
    add(v, v->now + some_delay(v), task_run, t);
}

static void env_place(struct server_env *env, void (*run)(void *), void (*done)(void *), void *ctx)
{
    struct venv *v = of(env);
    struct errand *t = must(malloc(sizeof(*t)));
    *t = (struct errand){v, run, done, ctx, true};
    nsec_t at = v->now + some_delay(v);
    v->last_place = MAX(v->last_place, at);
    add(v, v->last_place, task_run, t);
}

/* --- the log --- */

static struct fsm_result *apply(struct venv *v, const void *p, size_t n)
{
    struct arena *a = must(arena_new(n * 2));
    struct command *c;
    struct fsm_result *r;
    if (command_decode(a, p, n, &c) < 0)
        abort();
    if (v->before)
        v->before(v->ctx, c);
    fsm_apply(v->state, ++v->index, c, &r);
    if (v->after)
        v->after(v->ctx, c, r);
    arena_free(a);
    return r;
}

static uint64_t hash_now(struct venv *v)
{
    struct snap *snap = state_pin(v->state);
    uint64_t h = state_hash(snap);
    state_unpin(snap);
    return h;
}

static void free_proposal(struct proposal *q)
{
    list_del(&q->link);
    free(q->p);
    free(q);
}

static void commit(void *arg)
{
    struct proposal *q = arg;
    struct venv *v = q->v;
    struct venv_entry e = {q->p, q->n, v->now, v->index + 1, 0, v->tag};
    size_t at = v->log.n;
    if (vec_push(&v->log, e) < 0)
        abort();
    struct fsm_result *r = apply(v, q->p, q->n);
    if (v->hashes)
        v->log.items[at].hash = hash_now(v);
    q->p = NULL;
    if (q->cb)
        q->cb(q->ctx, 0, r);
    fsm_result_free(r);
    free_proposal(q);
}

static int env_propose(struct server_env *env, const void *p, size_t n, env_proposed_cb cb,
                       void *ctx)
{
    struct venv *v = of(env);
    if (!v->leading)
        return -ENOTCONN;
    if (v->refuse && venv_roll(v, 100) < v->refuse)
        return -EAGAIN;
    struct proposal *q = must(calloc(1, sizeof(*q)));
    *q = (struct proposal){.v = v, .p = must(malloc(n)), .n = n, .cb = cb, .ctx = ctx};
    memcpy(q->p, p, n);
    list_add_tail(&v->proposals, &q->link);
    nsec_t at = v->now + some_delay(v);
    v->last_commit = MAX(v->last_commit, at);
    q->timer = add(v, v->last_commit, commit, q);
    return 0;
}

void venv_depose(struct venv *v)
{
    bool survives = true;
    v->leading = false;
    list_for_each_safe (l, &v->proposals) {
        struct proposal *q = list_item(l, struct proposal, link);
        env_proposed_cb cb = q->cb;
        void *ctx = q->ctx;
        survives = survives && venv_roll(v, 3);
        q->cb = NULL;
        if (!survives) {
            drop(v, q->timer);
            free_proposal(q);
        }
        if (cb)
            cb(ctx, -ECANCELED, NULL);
    }
}

void venv_replay(struct venv *v, const struct venv_entry *e)
{
    fsm_result_free(apply(v, e->p, e->n));
}

void venv_init(struct venv *v, uint64_t seed, nsec_t now, struct state *state, uint64_t index)
{
    *v = (struct venv){.now = now, .state = state, .index = index, .leading = true};
    v->rng[0] = hash_bytes(&seed, sizeof(seed), 1);
    v->rng[1] = hash_bytes(&seed, sizeof(seed), 2);
    list_init(&v->proposals);
    v->env = (struct server_env){
        .owner = v,
        .now = env_now,
        .mono = env_mono,
        .random = env_random,
        .timer = env_timer,
        .cancel = env_cancel,
        .work = env_work,
        .place = env_place,
        .propose = env_propose,
    };
}

void venv_free(struct venv *v)
{
    assert(list_empty(&v->proposals));
    for (size_t i = 0; i < v->heap.n; i++)
        free(v->heap.items[i]);
    vec_free(&v->heap);
    for (size_t i = 0; i < v->log.n; i++)
        free(v->log.items[i].p);
    vec_free(&v->log);
}
