// SPDX-License-Identifier: Apache-2.0
#include "server/heartbeat.h"

#include "base/hash.h"
#include "base/vec.h"

struct beat {
    struct uuid id;
    nsec_t deadline; /* monotonic */
};

struct heartbeat {
    struct server_env *env;
    struct heartbeat_options o;
    void (*expired)(void *ctx, const struct uuid *node_id);
    void *ctx;
    struct map beats;
    struct env_timer *timer;
    bool running;
};

struct heartbeat *heartbeat_new(struct server_env *env, const struct heartbeat_options *o,
                                void (*expired)(void *ctx, const struct uuid *node_id), void *ctx)
{
    struct heartbeat *h = calloc(1, sizeof(*h));
    if (h)
        *h = (struct heartbeat){.env = env, .o = *o, .expired = expired, .ctx = ctx};
    return h;
}

struct heartbeat *heartbeat_free(struct heartbeat *h)
{
    if (!h)
        return NULL;
    heartbeat_stop(h);
    free(h);
    return NULL;
}

static void check(void *ctx)
{
    struct heartbeat *h = ctx;
    nsec_t now = h->env->mono(h->env);
    VEC(struct uuid) late = {0};
    size_t i = 0;
    struct map_slot *slot;
    while ((slot = map_next(&h->beats, &i))) {
        struct beat *b = slot->value;
        if (b->deadline <= now)
            (void)vec_push(&late, b->id);
    }
    h->timer = h->env->timer(h->env, NSEC_SEC, check, h);
    for (size_t k = 0; k < late.n; k++) {
        heartbeat_forget(h, &late.items[k]);
        h->expired(h->ctx, &late.items[k]);
    }
    vec_free(&late);
}

nsec_t heartbeat_reset(struct heartbeat *h, const struct uuid *node_id)
{
    nsec_t ttl = MAX(h->o.min_ttl, (nsec_t)h->beats.n * NSEC_SEC / h->o.max_per_second);
    ttl += (nsec_t)(h->env->random(h->env) % (uint64_t)ttl);
    struct beat *b = map_get(&h->beats, uuid_key(node_id));
    if (!h->running)
        return ttl;
    if (!b) {
        b = malloc(sizeof(*b));
        if (!b)
            abort();
        b->id = *node_id;
        if (map_put(&h->beats, uuid_key(&b->id), b, NULL) < 0)
            abort();
    }
    b->deadline = h->env->mono(h->env) + ttl + h->o.grace;
    return ttl;
}

void heartbeat_forget(struct heartbeat *h, const struct uuid *node_id)
{
    free(map_del(&h->beats, uuid_key(node_id)));
}

void heartbeat_start(struct heartbeat *h, const struct snap *snap)
{
    struct state_iter it;
    const struct node *n;
    h->running = true;
    state_iter_all(&it, snap, TABLE_NODES);
    while ((n = state_next(&it)))
        if (n->status != NODE_DOWN)
            heartbeat_reset(h, &n->id);
    h->timer = h->env->timer(h->env, NSEC_SEC, check, h);
}

void heartbeat_stop(struct heartbeat *h)
{
    size_t i = 0;
    struct map_slot *slot;
    if (!h->running)
        return;
    h->running = false;
    h->env->cancel(h->env, h->timer);
    while ((slot = map_next(&h->beats, &i)))
        free(slot->value);
    map_free(&h->beats);
}

size_t heartbeat_active(const struct heartbeat *h)
{
    return h->beats.n;
}
