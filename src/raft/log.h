// SPDX-License-Identifier: Apache-2.0
/* The log's tail in memory: entries base+1 .. last, without a gap. */
#pragma once
#include "raft/types.h"

struct raft_log {
    uint64_t base, base_term; /* the entry just before the first one kept; 0, 0 at the very start */
    struct raft_entry **items;
    size_t start, n, cap; /* items[start .. start + n) */
};

static inline uint64_t raft_log_last(const struct raft_log *l)
{
    return l->base + l->n;
}
/* NULL if not kept. */
static inline struct raft_entry *raft_log_get(const struct raft_log *l, uint64_t index)
{
    return index > l->base && index <= raft_log_last(l) ? l->items[l->start + (index - l->base - 1)]
                                                        : NULL;
}
/* False outside base .. last. */
bool raft_log_term(const struct raft_log *l, uint64_t index, uint64_t *ret);
uint64_t raft_log_last_term(const struct raft_log *l);
/* Takes the reference on success; the entry's index must be last + 1. -ENOMEM. */
int raft_log_push(struct raft_log *l, struct raft_entry *e);
void raft_log_truncate(struct raft_log *l, uint64_t from); /* drops from .. last */
void raft_log_forget(struct raft_log *l, uint64_t upto); /* base becomes upto, which is kept now */
void raft_log_reset(struct raft_log *l, uint64_t base, uint64_t base_term); /* empty */
void raft_log_free(struct raft_log *l);
/* The largest index <= `index` whose term is <= `term` (never below the base), and its term. */
uint64_t raft_log_conflict(const struct raft_log *l, uint64_t index, uint64_t term,
                           uint64_t *ret_term);
