// SPDX-License-Identifier: Apache-2.0
/* A value whose type is only known at run time: a task's driver config, job JSON of no fixed shape,
 * the result of an HCL expression. Values are immutable once built and live in an arena; copying
 * the struct copies a reference. Maps are kept sorted by key (byte order) with unique keys, so
 * equality, iteration and output are deterministic. */
#pragma once
#include "base/arena.h"

enum val_type {
    VAL_NULL,
    VAL_BOOL,
    VAL_INT, /* whole numbers that fit int64 */
    VAL_NUM, /* all other numbers */
    VAL_STR,
    VAL_LIST,
    VAL_MAP,
    VAL_TYPE_MAX
};

struct val_entry;

struct val {
    enum val_type type;
    union {
        bool b;
        int64_t i;
        double d;
        struct str s; /* NUL-terminated, UTF-8 */
        struct {
            struct val *items;
            size_t n;
        } list;
        struct {
            struct val_entry *entries;
            size_t n;
        } map;
    };
};

struct val_entry {
    struct str key; /* NUL-terminated */
    struct val value;
};

static inline struct val val_null(void)
{
    return (struct val){.type = VAL_NULL};
}
static inline struct val val_bool(bool b)
{
    return (struct val){.type = VAL_BOOL, .b = b};
}
static inline struct val val_int(int64_t i)
{
    return (struct val){.type = VAL_INT, .i = i};
}
/* VAL_INT when d is whole and exactly representable, else VAL_NUM. */
struct val val_num(double d);
/* Borrows s, which must be NUL-terminated and outlive the value. */
static inline struct val val_str(struct str s)
{
    return (struct val){.type = VAL_STR, .s = s};
}
static inline bool val_is_number(struct val v)
{
    return v.type == VAL_INT || v.type == VAL_NUM;
}
static inline double val_as_double(struct val v)
{
    return v.type == VAL_INT ? (double)v.i : v.d;
}
/* "null", "bool", "number", "string", "list", "map": words for error messages. */
const char *val_type_name(struct val v);
/* NULL when v is not a map or has no such key. */
const struct val *val_get(struct val v, struct str key);
/* Sorts entries in place by key and drops earlier duplicates; returns the map. */
struct val val_map_of(struct val_entry *entries, size_t n);
/* Deep structural equality; 1 and 1.0 are equal. */
bool val_eq(struct val a, struct val b);
/* Deep copy into `a`. -ENOMEM. */
int val_copy(struct arena *a, struct val v, struct val *ret);
