// SPDX-License-Identifier: Apache-2.0
#include "server/feed.h"

#include "base/hash.h"
#include "base/vec.h"

struct feed_change {
    enum state_table table;
    const void *old, *now; /* referenced */
};

struct batch {
    struct feed *feed;
    VEC(struct feed_change) changes;
    VEC(struct uuid) released;
};

struct feed {
    struct server_env *env;
    struct ledger *ledger;
    struct map nodes; /* id bytes -> node the ledger points to, referenced */
};

struct feed *feed_new(struct server_env *env, struct ledger *ledger)
{
    struct feed *f = calloc(1, sizeof(*f));
    if (f)
        *f = (struct feed){.env = env, .ledger = ledger};
    return f;
}

struct feed *feed_free(struct feed *f)
{
    size_t i = 0;
    struct map_slot *slot;
    if (!f)
        return NULL;
    while ((slot = map_next(&f->nodes, &i)))
        state_unref(slot->value);
    map_free(&f->nodes);
    free(f);
    return NULL;
}

static void run_change(struct ledger *l, const struct feed_change *c)
{
    int r;
    if (c->table == TABLE_NODES) {
        const struct node *n = c->now ? c->now : c->old;
        r = ledger_node(l, &n->id, c->now);
    } else {
        r = ledger_alloc(l, c->old, c->now);
    }
    if (r < 0)
        abort(); /* a ledger that misses a change would overcommit nodes */
}

static void run_batch(void *ctx)
{
    struct batch *b = ctx;
    for (size_t i = 0; i < b->changes.n; i++)
        run_change(b->feed->ledger, &b->changes.items[i]);
    for (size_t i = 0; i < b->released.n; i++)
        ledger_release(b->feed->ledger, &b->released.items[i]);
}

/* The ledger points to a node until the next one of the same id: keep exactly that one. */
static void keep_node(struct feed *f, const struct feed_change *c)
{
    const struct node *n = c->now ? c->now : c->old;
    void *replaced = NULL;
    if (c->now) {
        const struct node *held = state_ref(c->now);
        /* The key lives in the value: replace the slot as a whole. */
        replaced = map_del(&f->nodes, uuid_key(&n->id));
        if (map_put(&f->nodes, uuid_key(&held->id), (void *)held, NULL) < 0)
            abort();
    } else {
        replaced = map_del(&f->nodes, uuid_key(&n->id));
    }
    state_unref(replaced);
}

static void batch_done(void *ctx)
{
    struct batch *b = ctx;
    for (size_t i = 0; i < b->changes.n; i++) {
        struct feed_change *c = &b->changes.items[i];
        if (c->table == TABLE_NODES)
            keep_node(b->feed, c);
        state_unref(c->old);
        state_unref(c->now);
    }
    vec_free(&b->changes);
    vec_free(&b->released);
    free(b);
}

static struct batch *new_batch(struct feed *f)
{
    struct batch *b = calloc(1, sizeof(*b));
    if (!b)
        abort();
    b->feed = f;
    return b;
}

static void add_change(struct batch *b, enum state_table table, const void *old, const void *now)
{
    struct feed_change c = {table, old ? state_ref(old) : NULL, now ? state_ref(now) : NULL};
    if (vec_push(&b->changes, c) < 0)
        abort();
}

static void send(struct batch *b)
{
    if (b->changes.n || b->released.n)
        b->feed->env->place(b->feed->env, run_batch, batch_done, b);
    else
        free(b);
}

void feed_all(struct feed *f, const struct snap *snap)
{
    static const enum state_table tables[] = {TABLE_NODES, TABLE_ALLOCS};
    struct batch *b = new_batch(f);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        struct state_iter it;
        const void *o;
        state_iter_all(&it, snap, tables[i]);
        while ((o = state_next(&it)))
            add_change(b, tables[i], NULL, o);
    }
    send(b);
}

void feed_changes(struct feed *f, const struct store_changes *c)
{
    struct batch *b = new_batch(f);
    for (size_t i = 0; i < c->n; i++) {
        const struct store_change *x = &c->items[i];
        if ((x->table == TABLE_NODES || x->table == TABLE_ALLOCS) && (x->old || x->now))
            add_change(b, x->table, state_data(x->old), state_data(x->now));
    }
    send(b);
}

void feed_release(struct feed *f, const struct uuid *ids, size_t n)
{
    struct batch *b = new_batch(f);
    for (size_t i = 0; i < n; i++)
        if (vec_push(&b->released, ids[i]) < 0)
            abort();
    send(b);
}
