// SPDX-License-Identifier: Apache-2.0
/* Bump allocator: everything in it is freed at once. Memory is zeroed and 16-byte aligned.
 * Not thread-safe while allocating; read-only use from several threads is fine.
 * All functions return NULL when memory is short. */
#pragma once
#include <stdarg.h>

#include "base/str.h"

struct arena;

/* A fresh arena; `hint` is the expected total in bytes, to the point when known (0 = small). */
struct arena *arena_new(size_t hint);
/* Accepts NULL; returns NULL. */
struct arena *arena_free(struct arena *a);
void arena_free_p(struct arena **a);
#define cleanup_arena __attribute__((cleanup(arena_free_p)))

void *arena_alloc(struct arena *a, size_t n);
/* `n` elements of `size` bytes; NULL on overflow too. */
void *arena_calloc(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *z); /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *p, size_t n);
static inline char *arena_str(struct arena *a, struct str s)
{
    return arena_strndup(a, s.p, s.n);
}
void *arena_memdup(struct arena *a, const void *p, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) printf_like(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) printf_like(2, 0);
/* Bytes taken from the system; bytes handed out, rounding included. */
size_t arena_bytes(const struct arena *a);
size_t arena_used(const struct arena *a);
/* Forgets everything in it but keeps one block to start again with. */
void arena_reset(struct arena *a);

#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))
