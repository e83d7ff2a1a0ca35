// SPDX-License-Identifier: Apache-2.0
/* Private to src/state: model objects as the store keeps them. A record and its object live in one
 * arena, the object right behind the record. */
#pragma once
#include "base/arena.h"
#include "model/schema.h"
#include "state/store.h"

struct record {
    _Alignas(16) struct obj obj;
    struct arena *arena; /* NULL: the object is another record's */
    struct obj *held;    /* the job of an allocation; the job a version stands for */
    void *data;
};

static inline struct record *record_of(const struct obj *o)
{
    return container_of(o, struct record, obj);
}
/* Of an object that lies behind its record. */
static inline struct record *record_of_data(const void *data)
{
    return (struct record *)(uintptr_t)data - 1;
}
/* A packed deep copy. `scratch` is for measuring and is reset. Memory short: the process ends. */
struct record *record_new(struct arena *scratch, const struct schema *s, const void *from);
/* A second record for the same object. */
struct record *record_alias(struct record *of);
/* Takes a reference on what this record's object points to; once. */
static inline void record_hold(struct record *r, struct record *other)
{
    assert(!r->held);
    r->held = obj_ref(&other->obj);
}
/* For results that can only be short memory or a bug: the process ends with a line in the log. */
void must(int r, const char *what);
