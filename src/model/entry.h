// SPDX-License-Identifier: Apache-2.0
/* The items of all five map types seen as one, for decoders: fill an array, then sort it once. */
#pragma once
#include "model/schema.h"

union map_entry {
    const char *key; /* comes first in each of them */
    struct skv s;
    struct ikv i;
    struct nkv n;
    struct okv o;
};
_Static_assert(sizeof(union map_entry) == sizeof(struct skv) &&
                   sizeof(union map_entry) == sizeof(struct ikv) &&
                   sizeof(union map_entry) == sizeof(struct nkv) &&
                   sizeof(union map_entry) == sizeof(struct okv),
               "all map items have one size");

static inline int map_entry_cmp(const void *a, const void *b)
{
    return strcmp(((const union map_entry *)a)->key, ((const union map_entry *)b)->key);
}

/* Sorts, drops repeated keys and stores into the member at p (any of the map types). */
static inline void map_entries_store(union map_entry *items, size_t n, void *p)
{
    size_t kept = 0;
    if (n)
        qsort(items, n, sizeof(*items), map_entry_cmp);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(items[kept - 1].key, items[i].key) != 0)
            items[kept++] = items[i];
    *(struct smap *)p = (struct smap){(struct skv *)(void *)items, kept};
}
