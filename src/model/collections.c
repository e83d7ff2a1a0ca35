// SPDX-License-Identifier: Apache-2.0
/* The sorted maps and lists that model objects are made of. */
#include <errno.h>

#include "model/schema.h"

/* Every map item starts with its key. */
static size_t lower_bound(const void *items, size_t n, size_t size, const char *key,
                          bool *ret_found)
{
    size_t lo = 0, hi = n;
    *ret_found = false;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = strcmp(
            nonull(*(const char *const *)(const void *)((const char *)items + mid * size)), key);
        if (c == 0) {
            *ret_found = true;
            return mid;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void *map_at(const void *items, size_t n, size_t size, const char *key)
{
    bool found;
    size_t i = lower_bound(items, n, size, nonull(key), &found);
    return found ? (char *)items + i * size : NULL;
}

/* There is no capacity field and a list may come from a decoder with exactly n slots, so every add
 * copies. Lists built this way are short; decoders count first. */
static void *grow(struct arena *a, void *items, size_t n, size_t size)
{
    char *p = arena_calloc(a, n + 1, size);
    if (p && n)
        memcpy(p, items, n * size);
    return p;
}

/* The item for the key, made if it is not there. */
static void *map_slot_for(struct arena *a, void **items, size_t *n, size_t size, const char *key)
{
    bool found;
    size_t i = lower_bound(*items, *n, size, key, &found);
    if (found)
        return (char *)*items + i * size;
    char *p = arena_calloc(a, *n + 1, size);
    if (!p)
        return NULL;
    if (*n) {
        memcpy(p, *items, i * size);
        memcpy(p + (i + 1) * size, (char *)*items + i * size, (*n - i) * size);
    }
    *items = p;
    ++*n;
    *(const char **)(void *)(p + i * size) = key;
    return p + i * size;
}

const char *smap_get(const struct smap *m, const char *key)
{
    const struct skv *kv = map_at(m->items, m->n, sizeof(*kv), key);
    return kv ? nonull(kv->value) : NULL;
}

bool imap_get(const struct imap *m, const char *key, int64_t *ret)
{
    const struct ikv *kv = map_at(m->items, m->n, sizeof(*kv), key);
    if (kv)
        *ret = kv->value;
    return kv;
}

void *omap_get(const struct omap *m, const char *key)
{
    const struct okv *kv = map_at(m->items, m->n, sizeof(*kv), key);
    return kv ? kv->value : NULL;
}

bool strs_has(const struct strs *l, const char *z)
{
    for (size_t i = 0; i < l->n; i++)
        if (streq(l->items[i], z))
            return true;
    return false;
}

int smap_set(struct arena *a, struct smap *m, const char *key, const char *value)
{
    struct skv *kv = map_slot_for(a, (void **)&m->items, &m->n, sizeof(*kv), nonull(key));
    if (!kv)
        return -ENOMEM;
    kv->value = value;
    return 0;
}

int imap_set(struct arena *a, struct imap *m, const char *key, int64_t value)
{
    struct ikv *kv = map_slot_for(a, (void **)&m->items, &m->n, sizeof(*kv), nonull(key));
    if (!kv)
        return -ENOMEM;
    kv->value = value;
    return 0;
}

int imap_add(struct arena *a, struct imap *m, const char *key, int64_t delta)
{
    int64_t old = 0;
    imap_get(m, key, &old);
    return imap_set(a, m, key, old + delta);
}

int nmap_set(struct arena *a, struct nmap *m, const char *key, double value)
{
    struct nkv *kv = map_slot_for(a, (void **)&m->items, &m->n, sizeof(*kv), nonull(key));
    if (!kv)
        return -ENOMEM;
    kv->value = value;
    return 0;
}

int omap_set(struct arena *a, struct omap *m, const char *key, void *value)
{
    struct okv *kv = map_slot_for(a, (void **)&m->items, &m->n, sizeof(*kv), nonull(key));
    if (!kv)
        return -ENOMEM;
    kv->value = value;
    return 0;
}

int strs_add(struct arena *a, struct strs *l, const char *z)
{
    const char **p = grow(a, l->items, l->n, sizeof(*p));
    if (!p)
        return -ENOMEM;
    l->items = p;
    l->items[l->n++] = z;
    return 0;
}

int uuids_add(struct arena *a, struct uuids *l, const struct uuid *u)
{
    struct uuid *p = grow(a, l->items, l->n, sizeof(*p));
    if (!p)
        return -ENOMEM;
    l->items = p;
    l->items[l->n++] = *u;
    return 0;
}

int objs_add(struct arena *a, struct objs *l, void *obj)
{
    void **p = grow(a, l->items, l->n, sizeof(*p));
    if (!p)
        return -ENOMEM;
    l->items = p;
    l->items[l->n++] = obj;
    return 0;
}
