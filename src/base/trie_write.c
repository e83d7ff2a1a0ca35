// SPDX-License-Identifier: Apache-2.0
#include "base/trie_heap.h"

#include <errno.h>

static struct trie_branch *branch_copy(const struct trie_branch *b, unsigned kids, uint64_t birth)
{
    struct trie_branch *c = malloc(branch_size(kids));
    if (!c)
        return NULL;
    memcpy(c, b, branch_size(MIN(kids, bits(b->map))));
    c->birth = birth;
    return c;
}

/* Makes the branch in *slot this transaction's own. */
static struct trie_branch *own(struct trie_heap *h, const struct trie *t, void **slot)
{
    struct trie_branch *b = *slot;
    if (b->birth == h->txn)
        return b;
    struct trie_branch *c = heap_reserve(h, 1) < 0 ? NULL : branch_copy(b, bits(b->map), h->txn);
    if (!c)
        return NULL;
    heap_retire(h, t, b);
    *slot = c;
    return c;
}

/* Owns every branch above half byte `off` on the way to key; the slot found there, or NULL. */
static void **own_path(struct trie_heap *h, struct trie *t, struct str key, uint32_t off)
{
    void **slot = &t->root;
    while (!node_is_leaf(*slot) && ((struct trie_branch *)*slot)->off < off) {
        struct trie_branch *b = own(h, t, slot);
        if (!b)
            return NULL;
        slot = &b->kids[branch_pos(b, key_slot(key, b->off))];
    }
    return slot;
}

/* A branch of two over the node in *slot and the new leaf. */
static int split(struct trie_heap *h, void **slot, uint32_t off, unsigned old_at, unsigned new_at,
                 const struct obj *o)
{
    struct trie_branch *b = malloc(branch_size(2));
    if (!b)
        return -ENOMEM;
    b->birth = h->txn;
    b->off = off;
    b->map = UINT32_C(1) << old_at | UINT32_C(1) << new_at;
    b->kids[new_at > old_at] = obj_node(o);
    b->kids[old_at > new_at] = *slot;
    *slot = b;
    return 0;
}

static int widen(struct trie_heap *h, const struct trie *t, void **slot, unsigned at,
                 const struct obj *o)
{
    struct trie_branch *b = *slot, *c;
    unsigned n = bits(b->map), pos = branch_pos(b, at);
    if (b->birth == h->txn) {
        c = realloc(b, branch_size(n + 1));
        if (!c)
            return -ENOMEM;
    } else {
        c = heap_reserve(h, 1) < 0 ? NULL : branch_copy(b, n + 1, h->txn);
        if (!c)
            return -ENOMEM;
        heap_retire(h, t, b);
    }
    memmove(&c->kids[pos + 1], &c->kids[pos], (n - pos) * sizeof(void *));
    c->kids[pos] = obj_node(o);
    c->map |= UINT32_C(1) << at;
    *slot = c;
    return 0;
}

static int replace(struct trie_heap *h, struct trie *t, struct str key, const struct obj *o)
{
    void **slot = own_path(h, t, key, UINT32_MAX);
    if (!slot || heap_reserve(h, 1) < 0)
        return -ENOMEM;
    heap_retire(h, t, *slot);
    *slot = obj_node(o);
    return 0;
}

static int insert(struct trie_heap *h, struct trie *t, struct str key, struct str near,
                  const struct obj *o)
{
    uint32_t off = trie_key_diff(key, near);
    unsigned new_at = key_slot(key, off);
    void **slot = own_path(h, t, key, off);
    if (!slot)
        return -ENOMEM;
    if (!node_is_leaf(*slot) && ((struct trie_branch *)*slot)->off == off)
        return widen(h, t, slot, new_at, o);
    return split(h, slot, off, key_slot(near, off), new_at, o);
}

int trie_put(struct trie_heap *h, struct trie *t, struct obj *o)
{
    char scratch[TRIE_KEY_MAX], near_scratch[TRIE_KEY_MAX];
    struct str key = t->spec->key(t->spec, o, scratch);
    assert(h->txn);
    if (key.n > TRIE_KEY_MAX)
        return -ENAMETOOLONG;
    const struct obj *near = t->root ? trie_nearest(t->root, key) : NULL;
    if (near == o)
        return 0;
    assert(o->birth == 0 || o->birth == h->txn);
    o->birth = h->txn;
    int r = 0;
    struct str near_key = near ? t->spec->key(t->spec, near, near_scratch) : (struct str){0};
    bool fresh = !near || !str_eq(near_key, key);
    if (!near)
        t->root = obj_node(o);
    else if (fresh)
        r = insert(h, t, key, near_key, o);
    else
        r = replace(h, t, key, o);
    if (r < 0)
        return r;
    t->n += fresh;
    if (t->spec->owns)
        obj_ref(o);
    return 0;
}

/* Takes the leaf of `key` out of the branch in *slot, which this transaction owns. */
static void narrow(struct trie_heap *h, const struct trie *t, void **slot, struct str key)
{
    struct trie_branch *b = *slot;
    unsigned at = key_slot(key, b->off), pos = branch_pos(b, at), n = bits(b->map);
    void *leaf = b->kids[pos];
    if (n == 2) {
        *slot = b->kids[!pos];
        free(b);
    } else {
        memmove(&b->kids[pos], &b->kids[pos + 1], (n - pos - 1) * sizeof(void *));
        b->map &= ~(UINT32_C(1) << at);
    }
    heap_retire(h, t, leaf);
}

/* The offset of the lowest branch above the leaf of `key`. */
static uint32_t last_off(const struct trie *t, struct str key)
{
    const void *n = t->root;
    uint32_t off = 0;
    while (!node_is_leaf(n)) {
        const struct trie_branch *b = n;
        off = b->off;
        n = b->kids[branch_pos(b, key_slot(key, off))];
    }
    return off;
}

int trie_del(struct trie_heap *h, struct trie *t, struct str key)
{
    assert(h->txn);
    if (!trie_get(t, key))
        return -ENOENT;
    if (node_is_leaf(t->root)) {
        if (heap_reserve(h, 1) < 0)
            return -ENOMEM;
        heap_retire(h, t, t->root);
        t->root = NULL;
    } else {
        void **slot = own_path(h, t, key, last_off(t, key));
        if (!slot || !own(h, t, slot) || heap_reserve(h, 1) < 0)
            return -ENOMEM;
        narrow(h, t, slot, key);
    }
    t->n--;
    return 0;
}

/* What this transaction made hangs together at the top: nothing older points to it. */
static void drop_fresh(uint64_t txn, const struct trie_spec *spec, void *n)
{
    if (node_is_leaf(n)) {
        if (spec->owns && node_birth(n) == txn)
            node_free(n);
        return;
    }
    if (node_birth(n) != txn)
        return;
    struct trie_branch *b = n;
    for (unsigned i = 0; i < bits(b->map); i++)
        drop_fresh(txn, spec, b->kids[i]);
    free(b);
}

void trie_revert(struct trie_heap *h, struct trie *t, struct trie before)
{
    assert(h->txn);
    if (t->root)
        drop_fresh(h->txn, t->spec, t->root);
    *t = before;
}

static void drop_all(const struct trie_spec *spec, void *n)
{
    if (node_is_leaf(n)) {
        if (spec->owns)
            node_free(n);
        return;
    }
    struct trie_branch *b = n;
    for (unsigned i = 0; i < bits(b->map); i++)
        drop_all(spec, b->kids[i]);
    free(b);
}

void trie_clear(struct trie *t)
{
    if (t->root)
        drop_all(t->spec, t->root);
    t->root = NULL;
    t->n = 0;
}
