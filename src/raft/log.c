// SPDX-License-Identifier: Apache-2.0
#include "raft/log.h"

#include "base/vec.h"

bool raft_log_term(const struct raft_log *l, uint64_t index, uint64_t *ret)
{
    if (index < l->base || index > raft_log_last(l))
        return false;
    *ret = index == l->base ? l->base_term : raft_log_get(l, index)->term;
    return true;
}

uint64_t raft_log_last_term(const struct raft_log *l)
{
    return l->n ? l->items[l->start + l->n - 1]->term : l->base_term;
}

int raft_log_push(struct raft_log *l, struct raft_entry *e)
{
    assert(e->index == raft_log_last(l) + 1);
    int r = vec_grow((void **)&l->items, &l->cap, l->start + l->n + 1, sizeof(struct raft_entry *));
    if (r < 0)
        return r;
    l->items[l->start + l->n++] = e;
    return 0;
}

void raft_log_truncate(struct raft_log *l, uint64_t from)
{
    assert(from > l->base);
    while (raft_log_last(l) >= from)
        raft_entry_unref(l->items[l->start + --l->n]);
}

void raft_log_forget(struct raft_log *l, uint64_t upto)
{
    uint64_t term;
    if (upto <= l->base)
        return;
    bool known = raft_log_term(l, upto, &term);
    assert(known);
    (void)known;
    size_t k = (size_t)(upto - l->base);
    for (size_t i = 0; i < k; i++)
        raft_entry_unref(l->items[l->start + i]);
    l->start += k;
    l->n -= k;
    l->base = upto;
    l->base_term = term;
    if (l->start >= l->n) {
        if (l->n)
            memmove(l->items, l->items + l->start, l->n * sizeof(struct raft_entry *));
        l->start = 0;
    }
}

void raft_log_reset(struct raft_log *l, uint64_t base, uint64_t base_term)
{
    raft_log_truncate(l, l->base + 1);
    l->start = 0;
    l->base = base;
    l->base_term = base_term;
}

void raft_log_free(struct raft_log *l)
{
    raft_log_truncate(l, l->base + 1);
    free(l->items);
    *l = (struct raft_log){0};
}

uint64_t raft_log_conflict(const struct raft_log *l, uint64_t index, uint64_t term,
                           uint64_t *ret_term)
{
    uint64_t t = 0;
    index = MAX(MIN(index, raft_log_last(l)), l->base);
    while (raft_log_term(l, index, &t) && t > term && index > l->base)
        index--;
    *ret_term = t;
    return index;
}
