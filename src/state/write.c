// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "state/image.h"
#include "state/state_impl.h"

const struct snap *state_begin(struct state *st, uint64_t raft_index, int cause)
{
    store_begin(st->store, raft_index, cause);
    return store_txn(st->store);
}

const struct snap *state_txn(const struct state *st)
{
    return store_txn(st->store);
}

void state_commit(struct state *st)
{
    settle_jobs(st);
    store_commit(st->store);
}

void state_abort(struct state *st)
{
    forget_dirty(st);
    store_abort(st->store);
}

struct store *state_take_replaced(struct state *st)
{
    for (size_t i = 0; i < st->replaced.n; i++) {
        struct trie_heap_stats stats;
        struct store *s = st->replaced.items[i];
        store_stats(s, &stats);
        if (stats.pinned)
            continue;
        vec_swap_del(&st->replaced, i);
        return s;
    }
    return NULL;
}

bool state_reclaim(struct state *st)
{
    bool more = store_reclaim(st->store);
    for (size_t i = 0; i < st->replaced.n; i++)
        more |= store_reclaim(st->replaced.items[i]);
    for (struct store *s; (s = state_take_replaced(st));)
        store_free(s);
    return more;
}

void state_stats(struct state *st, struct trie_heap_stats *ret)
{
    store_stats(st->store, ret);
}

uint64_t txn_index(const struct state *st)
{
    return snap_index(state_txn(st));
}

int put_record(struct state *st, enum state_table t, struct record *r)
{
    int q = store_put(st->store, t, &r->obj);
    if (q == -ENOMEM)
        must(q, "storing an object");
    return q;
}

struct record *own_record(struct state *st, enum state_table t, const struct key *k)
{
    struct record *r = table_get(state_txn(st), t, k);
    if (!r || store_is_fresh(st->store, &r->obj))
        return r;
    struct record *copy = record_new(st->scratch, table_defs[t].schema, r->data);
    copy->held = obj_ref(r->held);
    must(put_record(st, t, copy), "replacing an object");
    return copy;
}

static uint64_t *u64_at(void *data, uint16_t offset)
{
    return (uint64_t *)(void *)((char *)data + offset);
}

int upsert_plain(struct state *st, enum state_table t, const struct key *k, const void *object)
{
    const struct table_def *d = &table_defs[t];
    if (k->n > STORE_KEY_MAX)
        return -ENAMETOOLONG;
    const struct record *old = table_get(state_txn(st), t, k);
    struct record *r = record_new(st->scratch, d->schema, object);
    *u64_at(r->data, d->create_index) = old ? *u64_at(old->data, d->create_index) : txn_index(st);
    *u64_at(r->data, d->modify_index) = txn_index(st);
    return put_record(st, t, r);
}

int delete_plain(struct state *st, enum state_table t, const struct key *k)
{
    if (k->n > STORE_KEY_MAX)
        return -ENOENT;
    int q = store_del(st->store, t, key_str(k));
    if (q == -ENOMEM)
        must(q, "deleting an object");
    return q;
}

int state_upsert_node(struct state *st, const struct node *n)
{
    struct key k = key_of_uuid(&n->id);
    return upsert_plain(st, TABLE_NODES, &k, n);
}

int state_delete_node(struct state *st, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    return delete_plain(st, TABLE_NODES, &k);
}

int state_upsert_namespace(struct state *st, const struct namespace *n)
{
    struct key k = key_of_text(n->name);
    return upsert_plain(st, TABLE_NAMESPACES, &k, n);
}

int state_delete_namespace(struct state *st, const char *name)
{
    struct key k = key_of_text(name);
    return delete_plain(st, TABLE_NAMESPACES, &k);
}

int state_set_scheduler_config(struct state *st, const struct scheduler_config *c)
{
    struct key k = {1, "1"};
    return upsert_plain(st, TABLE_SCHEDULER_CONFIG, &k, c);
}

int state_upsert_launch(struct state *st, const struct periodic_launch *l)
{
    struct key k = key_of_id(l->ns, l->id);
    return upsert_plain(st, TABLE_PERIODIC_LAUNCHES, &k, l);
}

int state_delete_launch(struct state *st, const char *ns, const char *id)
{
    struct key k = key_of_id(ns, id);
    return delete_plain(st, TABLE_PERIODIC_LAUNCHES, &k);
}
