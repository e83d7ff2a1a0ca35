// SPDX-License-Identifier: Apache-2.0
/* Which name indexes of a group are taken. Names are unique among the living allocations of a
 * group; freed indexes are used again, lowest first. */
#pragma once
#include "base/arena.h"

struct name_index {
    uint64_t *words;
    size_t bits;   /* indexes at or above this are never tracked */
    size_t cursor; /* no free index below it */
};

/* Tracks 0 .. count-1. -ENOMEM. */
int name_index_init(struct arena *a, struct name_index *x, size_t count);
/* Out-of-range indexes (negative too) are ignored. */
void name_index_set(struct name_index *x, int64_t i);
void name_index_unset(struct name_index *x, int64_t i);
/* Takes the lowest free index; -1 when there is none. */
int64_t name_index_next(struct name_index *x);
