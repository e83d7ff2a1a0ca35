// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdio.h>

enum { ALIGN = 16, BLOCK_MIN = 1024, BLOCK_MAX = 256 * 1024 };

struct block {
    struct block *next;
    size_t used, cap;
    _Alignas(ALIGN) char data[];
};

struct arena {
    struct block *head;
    size_t next_size, bytes, used;
};

struct arena *arena_new(size_t hint)
{
    struct arena *a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    a->next_size = hint ? MIN(MAX(hint, (size_t)ALIGN), (size_t)BLOCK_MAX) : BLOCK_MIN;
    a->bytes = sizeof(*a);
    return a;
}

struct arena *arena_free(struct arena *a)
{
    if (!a)
        return NULL;
    for (struct block *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
    return NULL;
}

void arena_free_p(struct arena **a)
{
    *a = arena_free(*a);
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (n == 0)
        n = ALIGN;
    struct block *b = a->head;
    if (!b || b->cap - b->used < n) {
        size_t cap = MAX(n, a->next_size);
        struct block *fresh = calloc(1, sizeof(*fresh) + cap);
        if (!fresh)
            return NULL;
        fresh->cap = cap;
        /* A block for one large object goes behind the current one, which keeps its room. */
        if (b && n > a->next_size / 4 && b->cap - b->used > ALIGN) {
            fresh->next = b->next;
            b->next = fresh;
        } else {
            fresh->next = b;
            a->head = fresh;
        }
        a->bytes += sizeof(*fresh) + cap;
        a->next_size = MIN(MAX(a->next_size * 2, (size_t)BLOCK_MIN), (size_t)BLOCK_MAX);
        b = fresh;
    }
    void *p = b->data + b->used;
    b->used += n;
    a->used += n;
    return p;
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total))
        return NULL;
    return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *p, size_t n)
{
    char *s = arena_alloc(a, n + 1);
    if (s && n)
        memcpy(s, p, n);
    return s;
}

char *arena_strdup(struct arena *a, const char *z)
{
    return z ? arena_strndup(a, z, strlen(z)) : NULL;
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
    void *q = arena_alloc(a, n);
    if (q && n)
        memcpy(q, p, n);
    return q;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (s)
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

size_t arena_bytes(const struct arena *a)
{
    return a->bytes;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

void arena_reset(struct arena *a)
{
    struct block *keep = a->head;
    for (struct block *b = keep ? keep->next : NULL, *next; b; b = next) {
        next = b->next;
        a->bytes -= sizeof(*b) + b->cap;
        free(b);
    }
    a->used = 0;
    if (!keep)
        return;
    keep->next = NULL;
    memset(keep->data, 0, keep->used);
    keep->used = 0;
}
