// SPDX-License-Identifier: Apache-2.0
/* Typed growing arrays: `VEC(struct foo *) v = {0};`. Elements move when the array grows. */
#pragma once
#include <errno.h>
#include <string.h>

#include "base/macros.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t n, cap;                                                                             \
    }

/* 0 or -ENOMEM. */
static inline int vec_grow(void **items, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    size_t fresh = MAX(MAX(*cap * 2, need), (size_t)8), bytes;
    if (__builtin_mul_overflow(fresh, size, &bytes))
        return -ENOMEM;
    void *p = realloc(*items, bytes);
    if (!p)
        return -ENOMEM;
    *items = p;
    *cap = fresh;
    return 0;
}
#define vec_reserve(v, need) vec_grow((void **)&(v)->items, &(v)->cap, (need), sizeof(*(v)->items))
#define vec_push(v, x)                                                                             \
    (vec_reserve((v), (v)->n + 1) < 0 ? -ENOMEM : ((v)->items[(v)->n++] = (x), 0))
#define vec_free(v)                                                                                \
    do {                                                                                           \
        free((v)->items);                                                                          \
        (v)->items = NULL;                                                                         \
        (v)->n = (v)->cap = 0;                                                                     \
    } while (0)
/* Order is not kept. */
#define vec_swap_del(v, i) ((v)->items[(i)] = (v)->items[--(v)->n])
