// SPDX-License-Identifier: Apache-2.0
/* Reads: from a pinned snapshot on the caller's thread; a blocking one waits on the loop for its
 * key and pins nothing meanwhile. */
#include <errno.h>
#include <stdio.h>

#include "server/server_parts.h"

enum { WAIT_MAX_S = 300 };

struct waiting {
    struct list link;
    struct server *s;
    struct rpc_call *call;
    server_read_cb read;
    struct state_key key;
    struct store_watch watch;
    struct env_timer *timer;
};

int read_error(struct rpc_call *call, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(call->err.text, sizeof(call->err.text), fmt, ap);
    va_end(ap);
    return code;
}

static void release_snap(void *pin)
{
    state_unpin(pin);
}

/* One look at the state. Finishes the call unless it asks to wait and there is nothing new. */
static bool answer(struct server *s, struct rpc_call *call, server_read_cb read, bool may_wait,
                   struct state_key *ret_key)
{
    struct snap *snap = state_pin(s->state);
    uint64_t min = rpc_common_of(call)->min_query_index;
    if (!rpc_reply(call)) {
        state_unpin(snap);
        rpc_fail(call, 503, "out of memory");
        return true;
    }
    int code = read(s, call, snap, ret_key);
    if (code) {
        state_unpin(snap);
        call->code = code;
        rpc_finish(call);
        return true;
    }
    struct rpc_meta *meta = rpc_meta_of(call);
    meta->index = MAX(state_key_index(snap, ret_key), UINT64_C(1));
    meta->known_leader = s->leader;
    if (may_wait && min && meta->index <= min) {
        state_unpin(snap);
        return false;
    }
    call->pin = snap;
    call->release = release_snap;
    rpc_finish(call);
    return true;
}

static void stop_waiting(struct waiting *w)
{
    list_del(&w->link);
    w->call->cancel = NULL;
    if (w->timer)
        w->s->env->cancel(w->s->env, w->timer);
}

/* rpc_cancel(): the caller is gone. */
static void give_up(struct rpc_call *call)
{
    struct waiting *w = call->waiter;
    store_watch_cancel(&w->watch);
    stop_waiting(w);
    free(w);
    rpc_fail(call, 503, "agent is shutting down");
}

static void look_again(struct waiting *w)
{
    struct state_key key;
    stop_waiting(w);
    answer(w->s, w->call, w->read, false, &key);
    free(w);
}

static void on_change(struct store_watch *watch, uint64_t index)
{
    look_again(container_of(watch, struct waiting, watch));
}

static void on_deadline(void *ctx)
{
    struct waiting *w = ctx;
    w->timer = NULL;
    store_watch_cancel(&w->watch);
    look_again(w);
}

void server_end_waiting(struct server *s)
{
    while (!list_empty(&s->waiting))
        give_up(list_item(s->waiting.next, struct waiting, link)->call);
}

static nsec_t wait_time(struct server *s, const struct rpc_common *c)
{
    nsec_t max = WAIT_MAX_S * NSEC_SEC, t = c->max_query_time;
    if (t <= 0 || t > max)
        t = max;
    return t + (nsec_t)(s->env->random(s->env) % (uint64_t)(t / 16 + 1));
}

/* On the loop: from here on no change can be missed. */
static void start_waiting(void *arg)
{
    struct waiting *w = arg;
    struct server *s = w->s;
    uint64_t min = rpc_common_of(w->call)->min_query_index;
    if (s->closing || w->call->cancelled) {
        rpc_fail(w->call, 503, "agent is shutting down");
        free(w);
        return;
    }
    int r = state_watch(s->state, &w->watch, &w->key, min);
    list_add_tail(&s->waiting, &w->link);
    if (r == 0) {
        w->call->waiter = w;
        w->call->cancel = give_up;
        w->timer = s->env->timer(s->env, wait_time(s, rpc_common_of(w->call)), on_deadline, w);
        return;
    }
    if (r < 0)
        log_warn("server", "no memory for a blocking query");
    look_again(w);
}

void server_read(struct server *s, struct rpc_call *call, server_read_cb read)
{
    struct state_key key;
    bool may_wait = call->method->flags & RPC_BLOCKING;
    if (answer(s, call, read, may_wait, &key))
        return;
    struct waiting *w = calloc(1, sizeof(*w));
    if (w)
        *w =
            (struct waiting){.s = s, .call = call, .read = read, .key = key, .watch.cb = on_change};
    if (!w || (!rpc_on_loop(s->rpc) && rpc_post(s->rpc, start_waiting, w) < 0)) {
        free(w);
        rpc_fail(call, 503, "out of memory");
        return;
    }
    if (rpc_on_loop(s->rpc))
        start_waiting(w);
}
