// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "state/store_impl.h"

void store_begin(struct store *s, uint64_t raft_index, int cause)
{
    assert(!s->work);
    struct snap *v = snap_new(s);
    /* In apply, memory running short is like a disk error: the process ends. */
    if (!v)
        abort();
    memcpy(v->ix, s->current->ix, s->n_ix * sizeof(v->ix[0]));
    memcpy(v->table_index, s->current->table_index, s->n_tables * sizeof(uint64_t));
    v->index = raft_index;
    s->work = v;
    s->cause = cause;
    s->failed = false;
    s->txn = trie_begin(s->heap);
}

const struct snap *store_txn(const struct store *s)
{
    assert(s->work);
    return s->work;
}

bool store_is_fresh(const struct store *s, const struct obj *o)
{
    return s->work && o->birth == s->txn;
}

static int poison(struct store *s, int r)
{
    s->failed = s->failed || r < 0;
    return r;
}

/* One object's keys in all indexes of its table. */
struct keys {
    size_t n[8];
    char b[8][STORE_KEY_MAX];
};

static struct str keys_at(const struct keys *k, unsigned i)
{
    return str_n(k->b[i], k->n[i]);
}

/* -ENAMETOOLONG, -EINVAL: no primary key. */
static int keys_of(const struct store_table *t, const struct obj *o, struct keys *ret)
{
    assert(t->n_indexes < ARRAY_LEN(ret->n));
    for (unsigned i = 0; i <= t->n_indexes; i++) {
        ret->n[i] = i ? t->indexes[i - 1].key(o, ret->b[i]) : t->key(o, ret->b[i]);
        if (ret->n[i] > STORE_KEY_MAX && ret->n[i] != STORE_NO_KEY)
            return -ENAMETOOLONG;
    }
    return ret->n[0] == STORE_NO_KEY ? -EINVAL : 0;
}

/* Entry for an object this transaction changes; the references keep `old` alive until commit. */
static void record(struct store *s, unsigned table, struct obj *old, struct obj *now)
{
    if (old && old->birth == s->txn) {
        struct store_change *c = &s->changes.items[old->slot];
        c->now = obj_ref(now);
        if (now)
            now->slot = old->slot;
        obj_unref(old);
        return;
    }
    if (now)
        now->slot = (uint32_t)s->changes.n;
    s->changes.items[s->changes.n++] = (struct store_change){table, obj_ref(old), obj_ref(now)};
}

static int index_del(struct store *s, struct trie *t, struct str key, struct str primary)
{
    char b[TRIE_KEY_MAX];
    memcpy(b, key.p, key.n);
    memcpy(b + key.n, primary.p, primary.n);
    return trie_del(s->heap, t, str_n(b, key.n + primary.n));
}

/* Moves the object in secondary index i. -ENOMEM. */
static int reindex(struct store *s, unsigned table, unsigned i, const struct keys *old,
                   const struct keys *now, struct obj *o, uint64_t raft_index)
{
    struct trie *t = &s->work->ix[ix_of(s, table, i)].objs;
    bool was = old && old->n[i] != STORE_NO_KEY, is = now && now->n[i] != STORE_NO_KEY;
    bool same = was && is && str_eq(keys_at(old, i), keys_at(now, i));
    int r = 0;
    if (was && !same) {
        r = index_del(s, t, keys_at(old, i), keys_at(old, 0));
        if (r == 0)
            r = key_touch(s, table, i, keys_at(old, i), -1, raft_index);
    }
    if (r == 0 && is)
        r = trie_put(s->heap, t, o);
    if (r == 0 && is)
        r = key_touch(s, table, i, keys_at(now, i), !same, raft_index);
    return r;
}

static int put(struct store *s, unsigned table, struct obj *o, uint64_t raft_index)
{
    const struct store_table *t = &s->tables[table];
    struct keys now, before;
    assert(s->work && !s->failed);
    int r = keys_of(t, o, &now);
    if (r < 0)
        return r;
    struct trie *primary = &s->work->ix[ix_of(s, table, STORE_PRIMARY)].objs;
    struct obj *old = trie_get(primary, keys_at(&now, 0));
    assert(old != o);
    if (old)
        keys_of(t, old, &before);
    if (vec_reserve(&s->changes, s->changes.n + 1) < 0)
        return poison(s, -ENOMEM);
    o->index = raft_index;
    obj_ref(old);
    r = trie_put(s->heap, primary, o);
    if (r == 0 && !old)
        r = key_revive(s, table, keys_at(&now, 0));
    for (unsigned i = 1; r == 0 && i <= t->n_indexes; i++)
        r = reindex(s, table, i, old ? &before : NULL, &now, o, raft_index);
    if (r == 0)
        record(s, table, old, o);
    obj_unref(old);
    return poison(s, r);
}

int store_put(struct store *s, unsigned table, struct obj *o)
{
    int r = put(s, table, o, s->work->index);
    if (r == 0)
        s->work->table_index[table] = s->work->index;
    obj_unref(o);
    return r;
}

int store_load(struct store *s, unsigned table, struct obj *o)
{
    int r = put(s, table, o, o->index);
    obj_unref(o);
    return r;
}

void store_load_table_index(struct store *s, unsigned table, uint64_t raft_index)
{
    assert(table < s->n_tables);
    s->work->table_index[table] = raft_index;
}

int store_del(struct store *s, unsigned table, struct str key)
{
    const struct store_table *t = &s->tables[table];
    struct keys before;
    assert(s->work && !s->failed);
    struct trie *primary = &s->work->ix[ix_of(s, table, STORE_PRIMARY)].objs;
    struct obj *old = trie_get(primary, key);
    if (!old)
        return -ENOENT;
    if (vec_reserve(&s->changes, s->changes.n + 1) < 0)
        return poison(s, -ENOMEM);
    keys_of(t, old, &before);
    uint64_t index = s->work->index;
    obj_ref(old);
    int r = trie_del(s->heap, primary, keys_at(&before, 0));
    if (r == 0)
        r = key_touch(s, table, STORE_PRIMARY, keys_at(&before, 0), 0, index);
    for (unsigned i = 1; r == 0 && i <= t->n_indexes; i++)
        r = reindex(s, table, i, &before, NULL, NULL, index);
    if (r == 0) {
        record(s, table, old, NULL);
        s->work->table_index[table] = index;
    }
    obj_unref(old);
    return poison(s, r);
}

static void drop_changes(struct store *s)
{
    for (size_t i = 0; i < s->changes.n; i++) {
        obj_unref(s->changes.items[i].old);
        obj_unref(s->changes.items[i].now);
    }
    s->changes.n = 0;
}

static void tell_listeners(struct store *s, const struct store_changes *c)
{
    list_for_each_safe (it, &s->listeners) {
        struct store_listener *l = list_item(it, struct store_listener, link);
        l->cb(l, c);
    }
}

void store_commit(struct store *s)
{
    assert(s->work && !s->failed);
    if (keys_sweep(s) < 0)
        abort();
    trie_commit(s->heap, &s->work->version);
    s->current = take_ptr(s->work);
    struct store_changes c = {s->current->index, s->cause, s->current, s->changes.items,
                              s->changes.n};
    tell_listeners(s, &c);
    watches_fire(s, &c);
    drop_changes(s);
}

void store_succeed(struct store *old, struct store *fresh, int cause)
{
    assert(!old->work && !fresh->work);
    list_for_each_safe (it, &old->listeners) {
        list_del(it);
        list_add_tail(&fresh->listeners, it);
    }
    struct store_changes c = {fresh->current->index, cause, fresh->current, NULL, 0};
    tell_listeners(fresh, &c);
    watches_fire_all(old, c.index);
}

void store_abort(struct store *s)
{
    assert(s->work);
    for (unsigned i = 0; i < s->n_ix; i++) {
        trie_revert(s->heap, &s->work->ix[i].objs, s->current->ix[i].objs);
        trie_revert(s->heap, &s->work->ix[i].keys, s->current->ix[i].keys);
    }
    trie_abort(s->heap);
    drop_changes(s);
    free(take_ptr(s->work));
}
