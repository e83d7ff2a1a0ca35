// SPDX-License-Identifier: Apache-2.0
#include "base/trie_node.h"

uint32_t trie_key_diff(struct str a, struct str b)
{
    size_t n = MIN(a.n, b.n), i = 0;
    while (i < n && a.p[i] == b.p[i])
        i++;
    if (i < n)
        return (uint32_t)(2 * i + (((a.p[i] ^ b.p[i]) & 0xf0) == 0));
    return a.n == b.n ? UINT32_MAX : (uint32_t)(2 * i);
}

struct obj *trie_nearest(const void *n, struct str key)
{
    while (!node_is_leaf(n)) {
        const struct trie_branch *b = n;
        unsigned slot = key_slot(key, b->off);
        n = b->kids[branch_has(b, slot) ? branch_pos(b, slot) : 0];
    }
    return node_obj(n);
}

struct obj *trie_get(const struct trie *t, struct str key)
{
    const void *n = t->root;
    if (!n)
        return NULL;
    while (!node_is_leaf(n)) {
        const struct trie_branch *b = n;
        unsigned slot = key_slot(key, b->off);
        if (!branch_has(b, slot))
            return NULL;
        n = b->kids[branch_pos(b, slot)];
    }
    char scratch[TRIE_KEY_MAX];
    return str_eq(t->spec->key(t->spec, node_obj(n), scratch), key) ? node_obj(n) : NULL;
}

/* Only levels with something left to visit are pushed, and of those the deepest are kept; what
 * falls off the bottom is found again from the last key returned. */
static void push(struct trie_iter *it, const struct trie_branch *b, unsigned next)
{
    if (next >= bits(b->map))
        return;
    if (it->depth == TRIE_ITER_DEPTH) {
        memmove(&it->stack[0], &it->stack[1], sizeof(it->stack) - sizeof(it->stack[0]));
        it->depth--;
        it->dropped = true;
    }
    it->stack[it->depth].node = b;
    it->stack[it->depth++].next = next;
}

static void start_at(struct trie_iter *it, void *n)
{
    if (node_is_leaf(n))
        it->pending = n;
    else
        push(it, n, 0);
}

/* Position before the first key >= from, or > from when `after`. */
static void seek(struct trie_iter *it, struct str from, bool after)
{
    it->depth = 0;
    it->pending = NULL;
    it->dropped = false;
    if (!it->root)
        return;
    char scratch[TRIE_KEY_MAX];
    struct str near = it->spec->key(it->spec, trie_nearest(it->root, from), scratch);
    uint32_t diff = trie_key_diff(from, near);
    void *n = it->root;
    while (!node_is_leaf(n)) {
        const struct trie_branch *b = n;
        unsigned slot = key_slot(from, b->off), pos = branch_pos(b, slot);
        if (b->off > diff)
            break;
        if (b->off == diff) {
            push(it, b, pos);
            return;
        }
        push(it, b, pos + 1);
        n = b->kids[pos];
    }
    if (diff == UINT32_MAX ? !after : key_slot(near, diff) > key_slot(from, diff))
        start_at(it, n);
}

void trie_iter_init_nibbles(struct trie_iter *it, const struct trie *t, const void *p, size_t n)
{
    it->spec = t->spec;
    it->root = it->pending = NULL;
    it->last = NULL;
    it->depth = 0;
    it->dropped = false;
    struct str prefix = {p, (n + 1) / 2};
    void *at = t->root;
    while (at && !node_is_leaf(at)) {
        const struct trie_branch *b = at;
        if (b->off >= n)
            break;
        unsigned slot = key_slot(prefix, b->off);
        at = branch_has(b, slot) ? b->kids[branch_pos(b, slot)] : NULL;
    }
    if (!at)
        return;
    char scratch[TRIE_KEY_MAX];
    struct str key = t->spec->key(t->spec, trie_nearest(at, prefix), scratch);
    if (key.n * 2 < n || trie_key_diff(key, prefix) < n)
        return;
    it->root = at;
    start_at(it, at);
}

void trie_iter_init(struct trie_iter *it, const struct trie *t, struct str prefix)
{
    trie_iter_init_nibbles(it, t, prefix.p, prefix.n * 2);
}

void trie_iter_seek(struct trie_iter *it, struct str from)
{
    seek(it, from, false);
}

struct obj *trie_next(struct trie_iter *it)
{
    char scratch[TRIE_KEY_MAX];
    for (;;) {
        if (it->pending) {
            struct obj *o = node_obj(it->pending);
            it->pending = NULL;
            it->last = o;
            return o;
        }
        if (it->depth == 0) {
            if (!it->dropped)
                return NULL;
            seek(it, it->spec->key(it->spec, it->last, scratch), true);
            continue;
        }
        const struct trie_branch *b = it->stack[it->depth - 1].node;
        unsigned i = it->stack[it->depth - 1].next;
        if (i + 1 < bits(b->map))
            it->stack[it->depth - 1].next++;
        else
            it->depth--;
        start_at(it, b->kids[i]);
    }
}
