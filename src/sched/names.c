// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "sched/names.h"

int name_index_init(struct arena *a, struct name_index *x, size_t count)
{
    *x = (struct name_index){.bits = count};
    x->words = arena_array(a, uint64_t, (count + 63) / 64 + 1);
    return x->words ? 0 : -ENOMEM;
}

static bool in_range(const struct name_index *x, int64_t i)
{
    return i >= 0 && (uint64_t)i < x->bits;
}

void name_index_set(struct name_index *x, int64_t i)
{
    if (in_range(x, i))
        x->words[i / 64] |= UINT64_C(1) << (i % 64);
}

void name_index_unset(struct name_index *x, int64_t i)
{
    if (!in_range(x, i))
        return;
    x->words[i / 64] &= ~(UINT64_C(1) << (i % 64));
    x->cursor = MIN(x->cursor, (size_t)i);
}

int64_t name_index_next(struct name_index *x)
{
    for (size_t w = x->cursor / 64; w * 64 < x->bits; w++) {
        if (x->words[w] == UINT64_MAX)
            continue;
        size_t i = w * 64 + (size_t)__builtin_ctzll(~x->words[w]);
        if (i >= x->bits)
            break;
        name_index_set(x, (int64_t)i);
        x->cursor = i + 1;
        return (int64_t)i;
    }
    x->cursor = x->bits;
    return -1;
}
