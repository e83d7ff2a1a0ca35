// SPDX-License-Identifier: Apache-2.0
#include "state/record.h"

#include "base/log.h"

static void record_destroy(struct obj *o)
{
    struct record *r = record_of(o);
    struct arena *a = r->arena;
    obj_unref(r->held);
    if (a)
        arena_free(a);
    else
        free(r);
}

static const struct obj_type record_type = {"record", record_destroy};

void must(int r, const char *what)
{
    if (r >= 0)
        return;
    log_error("state", "%s: %s", what, strerror(-r));
    abort();
}

struct record *record_new(struct arena *scratch, const struct schema *s, const void *from)
{
    arena_reset(scratch);
    if (!model_copy(s, scratch, from))
        must(-ENOMEM, "copying an object");
    struct arena *a = arena_new(arena_used(scratch) + sizeof(struct record));
    struct record *r = a ? arena_alloc(a, sizeof(*r) + s->size) : NULL;
    if (!r || model_copy_into(s, a, r + 1, from) < 0)
        must(-ENOMEM, "storing an object");
    obj_init(&r->obj, &record_type);
    r->arena = a;
    r->data = r + 1;
    return r;
}

struct record *record_alias(struct record *of)
{
    struct record *r = aligned_alloc(_Alignof(struct record), sizeof(*r));
    if (!r)
        must(-ENOMEM, "storing an object");
    *r = (struct record){.data = of->data};
    obj_init(&r->obj, &record_type);
    record_hold(r, of);
    return r;
}
