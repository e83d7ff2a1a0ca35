// SPDX-License-Identifier: Apache-2.0
/* The few macros everybody uses. Nothing here allocates. */
#pragma once
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/param.h> /* MIN, MAX */
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define unused_arg __attribute__((unused))
#define must_check __attribute__((warn_unused_result))

/* Cleanup attributes for locals: `cleanup_free char *p = NULL;`. */
static inline void cleanup_free_p(void *p)
{
    free(*(void **)p);
}
static inline void cleanup_fd_p(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define cleanup_free __attribute__((cleanup(cleanup_free_p)))
#define cleanup_fd __attribute__((cleanup(cleanup_fd_p)))
#define cleanup_with(f) __attribute__((cleanup(f)))

/* Hand a pointer or descriptor on and forget it. */
#define take_ptr(p)                                                                                \
    __extension__({                                                                                \
        __typeof__(p) take_tmp_ = (p);                                                             \
        (p) = NULL;                                                                                \
        take_tmp_;                                                                                 \
    })
static inline int take_fd(int *fd)
{
    int r = *fd;
    *fd = -1;
    return r;
}
