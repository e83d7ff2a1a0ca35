// SPDX-License-Identifier: Apache-2.0
/* The index of a keyed read: the last raft index that changed that key's set, deletions included. A
 * primary key that is alive needs no entry, its object knows; all other keys ever used have one
 * until they are dead and forgotten, and then the floor answers for them. */
#include <errno.h>

#include "state/store_impl.h"

enum { DEAD_MAX = 4096 };

static void entry_destroy(struct obj *o)
{
    free(container_of(o, struct key_entry, obj));
}

static const struct obj_type key_entry_type = {"key entry", entry_destroy};

static const struct key_entry *entry_of(const struct obj *o)
{
    return container_of(o, const struct key_entry, obj);
}

static struct str entry_key(const struct trie_spec *spec, const struct obj *o, char *scratch)
{
    return str_n(entry_of(o)->key, entry_of(o)->n);
}

const struct trie_spec key_entry_spec = {entry_key, true};

static int entry_add(struct store *s, struct trie *t, struct str key, uint32_t members,
                     uint64_t raft_index)
{
    struct key_entry *e = malloc(sizeof(*e) + key.n);
    if (!e)
        return -ENOMEM;
    obj_init(&e->obj, &key_entry_type);
    e->obj.index = raft_index;
    e->members = members;
    e->n = (uint32_t)key.n;
    memcpy(e->key, key.p, key.n);
    int r = trie_put(s->heap, t, &e->obj);
    obj_unref(&e->obj);
    return r;
}

int key_touch(struct store *s, unsigned table, unsigned index, struct str key, int delta,
              uint64_t raft_index)
{
    struct snap_ix *ix = &s->work->ix[ix_of(s, table, index)];
    struct obj *o = trie_get(&ix->keys, key);
    uint32_t before = o ? entry_of(o)->members : 0;
    uint32_t members = (uint32_t)((int64_t)before + delta);
    int r = 0;
    if (o && o->birth == s->txn) {
        struct key_entry *own = container_of(o, struct key_entry, obj);
        own->obj.index = raft_index;
        own->members = members;
    } else {
        r = entry_add(s, &ix->keys, key, members, raft_index);
    }
    if (r < 0)
        return r;
    ix->dead -= o && before == 0;
    ix->dead += members == 0;
    return 0;
}

int key_revive(struct store *s, unsigned table, struct str key)
{
    struct snap_ix *ix = &s->work->ix[ix_of(s, table, STORE_PRIMARY)];
    int r = trie_del(s->heap, &ix->keys, key);
    if (r == 0)
        ix->dead--;
    return r == -ENOENT ? 0 : r;
}

static int sweep(struct store *s, struct snap_ix *ix)
{
    struct trie_iter it;
    struct obj *o;
    VEC(struct obj *) dead = {0};
    trie_iter_init(&it, &ix->keys, str_of(""));
    int r = 0;
    while (r == 0 && (o = trie_next(&it)))
        if (entry_of(o)->members == 0)
            r = vec_push(&dead, o);
    for (size_t i = 0; r == 0 && i < dead.n; i++) {
        const struct key_entry *e = entry_of(dead.items[i]);
        ix->floor = MAX(ix->floor, e->obj.index);
        r = trie_del(s->heap, &ix->keys, str_n(e->key, e->n));
    }
    ix->dead = 0;
    vec_free(&dead);
    return r;
}

int keys_sweep(struct store *s)
{
    for (unsigned i = 0; i < s->n_ix; i++) {
        struct snap_ix *ix = &s->work->ix[i];
        if (ix->dead <= DEAD_MAX || ix->dead <= ix->objs.n)
            continue;
        int r = sweep(s, ix);
        if (r < 0)
            return r;
    }
    return 0;
}

uint64_t snap_key_index(const struct snap *v, unsigned table, unsigned index, struct str key)
{
    const struct snap_ix *ix = &v->ix[ix_of(v->store, table, index)];
    const struct obj *o = index == STORE_PRIMARY ? trie_get(&ix->objs, key) : NULL;
    if (!o)
        o = trie_get(&ix->keys, key);
    return o ? o->index : ix->floor;
}

int store_load_key_index(struct store *s, unsigned table, unsigned index, struct str key,
                         uint64_t raft_index)
{
    return key_touch(s, table, index, key, 0, raft_index);
}

void store_load_floor(struct store *s, unsigned table, unsigned index, uint64_t floor)
{
    s->work->ix[ix_of(s, table, index)].floor = floor;
}

uint64_t snap_floor(const struct snap *v, unsigned table, unsigned index)
{
    return v->ix[ix_of(v->store, table, index)].floor;
}

void snap_iter_keys(struct key_iter *it, const struct snap *v, unsigned table, unsigned index)
{
    trie_iter_init(&it->it, &v->ix[ix_of(v->store, table, index)].keys, str_of(""));
}

bool key_iter_next(struct key_iter *it, struct str *ret_key, uint64_t *ret_raft_index)
{
    const struct obj *o = trie_next(&it->it);
    if (!o)
        return false;
    *ret_key = str_n(entry_of(o)->key, entry_of(o)->n);
    *ret_raft_index = o->index;
    return true;
}
