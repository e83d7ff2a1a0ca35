// SPDX-License-Identifier: Apache-2.0
/* Private to trie*.c. A node pointer is a branch, or an object with the low bit set. */
#pragma once
#include "base/trie.h"

struct trie_branch {
    uint64_t birth;
    uint32_t off; /* the half byte of the key that decides */
    uint32_t map; /* bit 0: the key ends here; bit 1 + v: half byte v; kids are packed in order */
    void *kids[];
};

static inline bool node_is_leaf(const void *n)
{
    return (uintptr_t)n & 1;
}
static inline struct obj *node_obj(const void *n)
{
    return (struct obj *)((uintptr_t)n & ~(uintptr_t)1);
}
static inline void *obj_node(const struct obj *o)
{
    return (void *)((uintptr_t)o | 1);
}
static inline uint64_t node_birth(const void *n)
{
    return node_is_leaf(n) ? node_obj(n)->birth : ((const struct trie_branch *)n)->birth;
}
static inline unsigned key_slot(struct str key, uint32_t off)
{
    if (off / 2 >= key.n)
        return 0;
    unsigned byte = (unsigned char)key.p[off / 2];
    return 1 + (off & 1 ? byte & 15 : byte >> 4);
}
static inline unsigned bits(uint32_t map)
{
    return (unsigned)__builtin_popcount(map);
}
static inline bool branch_has(const struct trie_branch *b, unsigned slot)
{
    return b->map >> slot & 1;
}
static inline unsigned branch_pos(const struct trie_branch *b, unsigned slot)
{
    return bits(b->map & ((UINT32_C(1) << slot) - 1));
}
static inline size_t branch_size(unsigned kids)
{
    return sizeof(struct trie_branch) + kids * sizeof(void *);
}

/* First half byte where the keys differ; UINT32_MAX when equal. */
uint32_t trie_key_diff(struct str a, struct str b);
/* Some leaf below n that shares as much of `key` as any does. */
struct obj *trie_nearest(const void *n, struct str key);
