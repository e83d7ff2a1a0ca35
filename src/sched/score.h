// SPDX-License-Identifier: Apache-2.0
/* The score pass: one key per node slot, and the maximum of each block of 64.
 *
 *   binpack = (20 - 10^free_cpu - 10^free_mem) / 18, free after the placement
 *   key     = (binpack + extra) * inv_k + cos(ask, free) - 0.1 * unstarted
 *
 * extra is the sum and 1/inv_k the number of the other scorers that speak (job anti-affinity,
 * affinity, reschedule penalty), so the first term is Nomad's normalised score. The cosine keeps
 * the tighter of cpu and memory from being filled alone, the last term keeps a burst of starts off
 * one node (measurements: exact best fit without them packs worse than sampling and puts hundreds
 * of starts on one node). */
#pragma once
#include "sched/ledger_impl.h"

#define SCORE_BLOCK 64
#define SCORE_NONE (-1e30f) /* does not fit, not feasible */
#define SCORE_UNSTARTED 0.1f

struct score_ask {
    int32_t cpu, mem, disk;
};

/* Arrays as long as the ledger's, 64-byte aligned. */
struct score_arrays {
    float *extra, *inv_k;
    float *bias; /* 0 or SCORE_NONE */
    float *key;
    float *packed, *rest; /* with spread only: binpack + extra, and the other terms */
    float *block;         /* maxima */
};

/* All keys of slots 0 .. ledger cap - 1 and the block maxima. */
void score_all(const struct ledger *l, const struct score_ask *ask, const struct score_arrays *s);
/* One slot again, as if `credit` were free there (NULL: nothing). Only the key, not its block. */
void score_slot(const struct ledger *l, const struct score_ask *ask, const struct score_arrays *s,
                uint32_t slot, const struct score_ask *credit);
void score_block(const struct score_arrays *s, uint32_t slot);
/* How many slots have a key above SCORE_NONE. */
int64_t score_usable(const struct score_arrays *s, size_t cap);
/* The slot with the highest key, the lowest one of equals; SLOT_NONE when all are SCORE_NONE. */
uint32_t score_best(const struct score_arrays *s, size_t cap);
/* Up to k slots in falling order; returns how many. k <= SCORE_TOP_MAX. */
#define SCORE_TOP_MAX 8
size_t score_top(const struct score_arrays *s, size_t cap, size_t k, uint32_t *ret_slots);

/* The same in double, for what is shown to users. */
double score_binpack(const struct ledger *l, const struct score_ask *ask, uint32_t slot,
                     const struct score_ask *credit);
