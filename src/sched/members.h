// SPDX-License-Identifier: Apache-2.0
/* How many allocations of a job run where: counts by (node slot, group). */
#pragma once
#include "base/hash.h"
#include "base/vec.h"

struct member_cell {
    uint64_t key; /* (slot << 16 | group) + 1; 0 = free */
    uint32_t count;
};

struct members {
    char *name; /* "ns\0job" */
    size_t name_len;
    VEC(char *) groups;
    struct member_cell *cells;
    size_t used, cap; /* cells ever filled; a power of two */
    size_t total;     /* sum of the counts */
    size_t claims;    /* claims that point here */
};

struct members *members_new(const char *ns, const char *job);
struct members *members_free(struct members *m);
static inline uint32_t cell_slot(const struct member_cell *c)
{
    return (uint32_t)((c->key - 1) >> 16);
}
static inline uint16_t cell_group(const struct member_cell *c)
{
    return (uint16_t)(c->key - 1);
}
/* The group's number, entered when missing; -ENOMEM, -E2BIG beyond 65535 groups. */
int members_group(struct members *m, const char *name);
/* The group's number; -1 when unknown. */
int members_find_group(const struct members *m, const char *name);
/* delta is 1 or -1; going below zero is ignored. -ENOMEM. */
int members_add(struct members *m, uint32_t slot, uint16_t group, int delta);
