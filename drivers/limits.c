// SPDX-License-Identifier: Apache-2.0
#include "drivers/limits.h"

#define MB (UINT64_C(1) << 20)

static uint64_t weight_of(int64_t shares)
{
    return shares <= 0 ? 0 : (uint64_t)MIN(shares, 10000);
}

void driver_limits(const struct allocated_task *r, struct unit_limits *ret)
{
    *ret = (struct unit_limits){0};
    if (!r)
        return;
    if (r->cpu)
        ret->cpu_weight = weight_of(r->cpu->shares);
    if (!r->memory || r->memory->mb <= 0)
        return;
    if (r->memory->max_mb > r->memory->mb) {
        ret->memory_max = (uint64_t)r->memory->max_mb * MB;
        ret->memory_low = (uint64_t)r->memory->mb * MB;
    } else {
        ret->memory_max = (uint64_t)r->memory->mb * MB;
    }
    ret->no_swap = true;
}

void driver_slice_limits(const struct allocated_resources *r, struct unit_limits *ret)
{
    *ret = (struct unit_limits){0};
    int64_t shares = 0;
    for (size_t i = 0; r && i < r->tasks.n; i++) {
        const struct allocated_task *t = r->tasks.items[i].value;
        if (t && t->cpu && t->cpu->shares > 0)
            shares += MIN(t->cpu->shares, 10000);
    }
    ret->cpu_weight = weight_of(shares);
}
