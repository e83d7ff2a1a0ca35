// SPDX-License-Identifier: Apache-2.0
#include "server/blocked.h"

#include <errno.h>

#include "base/hash.h"

struct item {
    struct arena *arena;
    struct evaluation *e;
    struct str job_key;
};

struct blocked {
    struct map by_id;  /* uuid bytes -> item */
    struct map by_job; /* "ns\0job" -> item */
};

struct blocked *blocked_new(void)
{
    return calloc(1, sizeof(struct blocked));
}

struct blocked *blocked_free(struct blocked *b)
{
    size_t i = 0;
    struct map_slot *slot;
    if (!b)
        return NULL;
    while ((slot = map_next(&b->by_id, &i)))
        arena_free(((struct item *)slot->value)->arena);
    map_free(&b->by_id);
    map_free(&b->by_job);
    free(b);
    return NULL;
}

static void forget(struct blocked *b, struct item *it)
{
    map_del(&b->by_id, uuid_key(&it->e->id));
    if (map_get(&b->by_job, it->job_key) == it)
        map_del(&b->by_job, it->job_key);
    arena_free(it->arena);
}

int blocked_add(struct blocked *b, const struct evaluation *e, struct uuid *ret_duplicate)
{
    struct arena *a = arena_new(0);
    struct item *it = a ? arena_new_of(a, struct item) : NULL;
    memset(ret_duplicate, 0, sizeof(*ret_duplicate));
    if (map_get(&b->by_id, uuid_key(&e->id))) {
        arena_free(a);
        return 0;
    }
    if (it)
        *it = (struct item){.arena = a, .e = model_copy(&evaluation_schema, a, e)};
    const char *key =
        it && it->e ? arena_printf(a, "%s%c%s", nonull(e->ns), 1, nonull(e->job_id)) : NULL;
    if (!key) {
        arena_free(a);
        return -ENOMEM;
    }
    it->job_key = str_of(key);
    struct item *old = map_get(&b->by_job, it->job_key);
    if (old && old->e->modify_index > e->modify_index) {
        *ret_duplicate = e->id;
        arena_free(a);
        return 0;
    }
    if (old) {
        *ret_duplicate = old->e->id;
        forget(b, old);
    }
    if (map_put(&b->by_id, uuid_key(&it->e->id), it, NULL) < 0 ||
        map_put(&b->by_job, it->job_key, it, NULL) < 0) {
        map_del(&b->by_id, uuid_key(&it->e->id));
        arena_free(a);
        return -ENOMEM;
    }
    return 0;
}

void blocked_remove(struct blocked *b, const struct uuid *eval_id)
{
    struct item *it = map_get(&b->by_id, uuid_key(eval_id));
    if (it)
        forget(b, it);
}

static bool may_succeed(const struct evaluation *e, const char *computed_class)
{
    int64_t eligible;
    if (e->escaped_computed_class)
        return true;
    return !imap_get(&e->class_eligibility, computed_class, &eligible) || eligible;
}

void blocked_unblock(struct blocked *b, const char *computed_class,
                     void (*cb)(void *ctx, const struct uuid *id), void *ctx)
{
    size_t i = 0;
    struct map_slot *slot;
    while ((slot = map_next(&b->by_id, &i))) {
        struct item *it = slot->value;
        if (may_succeed(it->e, nonull(computed_class)))
            cb(ctx, &it->e->id);
    }
}

size_t blocked_count(const struct blocked *b)
{
    return b->by_id.n;
}
