// SPDX-License-Identifier: Apache-2.0
/* An immutable, reference-counted object as kept by tries. Embed as a member and recover with
 * container_of. The count is atomic: any thread that can reach the object (through a pin or a
 * reference of its own) may take a reference; whoever drops the last one runs `destroy`. */
#pragma once
#include <stdatomic.h>

#include "base/macros.h"

struct obj;

struct obj_type {
    const char *name;
    void (*destroy)(struct obj *o); /* frees the memory; any thread */
};

struct obj {
    const struct obj_type *type;
    uint64_t birth; /* the trie version that first stored it; written by the trie only */
    uint64_t index; /* free for the owner until stored (the store keeps the raft index here) */
    atomic_uint refs;
    uint32_t slot; /* free for the writer until published */
};

/* The creator holds the first reference. */
static inline void obj_init(struct obj *o, const struct obj_type *type)
{
    o->type = type;
    o->birth = o->index = 0;
    o->slot = 0;
    atomic_init(&o->refs, 1);
}
static inline struct obj *obj_ref(struct obj *o)
{
    if (o)
        atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}
/* Accepts NULL; returns NULL. */
static inline struct obj *obj_unref(struct obj *o)
{
    if (o && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
        o->type->destroy(o);
    return NULL;
}
