// SPDX-License-Identifier: Apache-2.0
/* Non-cryptographic hashing and an open-addressing map from byte strings to pointers. */
#pragma once
#include "base/str.h"

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);
/* CRC-32C (Castagnoli); start with crc = 0. Uses the SSE4.2 instruction where there is one. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

/* Keys are borrowed and must outlive the map (usually they live inside the value). Values must not
 * be NULL. Iteration order is unspecified: never iterate in deterministic code. */
struct map {
    struct map_slot *slots;
    size_t n, used, cap; /* live entries; live + deleted; slots */
};
struct map_slot {
    struct str key;
    void *value; /* NULL: free (key.p NULL) or deleted */
};

void map_free(struct map *m);
#define cleanup_map __attribute__((cleanup(map_free)))
void *map_get(const struct map *m, struct str key);
/* Insert or replace; *ret_old (may be NULL) gets the replaced value or NULL. -ENOMEM. */
int map_put(struct map *m, struct str key, void *value, void **ret_old);
/* Returns the removed value or NULL. */
void *map_del(struct map *m, struct str key);
/* for (size_t i = 0; (slot = map_next(m, &i));) */
struct map_slot *map_next(const struct map *m, size_t *it);
