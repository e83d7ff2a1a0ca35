// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <errno.h>

static uint64_t rotl(uint64_t x, int r)
{
    return x << r | x >> (64 - r);
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    return rotl(h ^ (rotl(v * 0xc2b2ae3d27d4eb4f, 31) * 0x9e3779b185ebca87), 27) *
               0x9e3779b185ebca87 +
           0x85ebca77c2b2ae63;
}

uint64_t hash_bytes(const void *data, size_t n, uint64_t seed)
{
    const uint8_t *p = data;
    uint64_t h = seed + 0x27d4eb2f165667c5 + n;
    for (; n >= 8; p += 8, n -= 8)
        h = mix(h, load64(p));
    uint64_t tail = 0;
    for (size_t i = 0; i < n; i++)
        tail = tail << 8 | p[i];
    h = mix(h, tail);
    h = (h ^ (h >> 33)) * 0xc2b2ae3d27d4eb4f;
    h = (h ^ (h >> 29)) * 0x165667b19e3779f9;
    return h ^ (h >> 32);
}

static uint32_t crc_table[256];

__attribute__((constructor)) static void crc_init(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
        crc_table[i] = c;
    }
}

static uint32_t crc_soft(uint32_t c, const uint8_t *p, size_t n)
{
    while (n--)
        c = crc_table[(c ^ *p++) & 0xff] ^ c >> 8;
    return c;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc_hard(uint32_t c, const uint8_t *p, size_t n)
{
    uint64_t c64 = c;
    for (; n >= 8; p += 8, n -= 8)
        c64 = __builtin_ia32_crc32di(c64, load64(p));
    c = (uint32_t)c64;
    while (n--)
        c = __builtin_ia32_crc32qi(c, *p++);
    return c;
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_hard(~crc, p, n);
#endif
    return ~crc_soft(~crc, p, n);
}

void map_free(struct map *m)
{
    if (!m)
        return;
    free(m->slots);
    *m = (struct map){0};
}

/* The key's slot, or the first slot where it may be put. */
static struct map_slot *find(const struct map *m, struct str key)
{
    struct map_slot *hole = NULL;
    for (size_t i = hash_bytes(key.p, key.n, 0);; i++) {
        struct map_slot *s = &m->slots[i & (m->cap - 1)];
        if (!s->value && !s->key.p)
            return hole ? hole : s;
        if (!s->value)
            hole = hole ? hole : s;
        else if (str_eq(s->key, key))
            return s;
    }
}

void *map_get(const struct map *m, struct str key)
{
    return m->cap ? find(m, key)->value : NULL;
}

static int grow(struct map *m)
{
    struct map bigger = {.cap = MAX((size_t)16, m->n * 4)};
    while (bigger.cap & (bigger.cap - 1))
        bigger.cap += bigger.cap & -bigger.cap;
    bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
    if (!bigger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].value)
            *find(&bigger, m->slots[i].key) = m->slots[i];
    bigger.n = bigger.used = m->n;
    free(m->slots);
    *m = bigger;
    return 0;
}

int map_put(struct map *m, struct str key, void *value, void **ret_old)
{
    assert(value);
    if (key.p == NULL)
        key.p = "";
    if (m->used * 4 >= m->cap * 3 && grow(m) < 0)
        return -ENOMEM;
    struct map_slot *s = find(m, key);
    if (ret_old)
        *ret_old = s->value;
    if (!s->value) {
        m->n++;
        m->used += !s->key.p;
    }
    *s = (struct map_slot){key, value};
    return 0;
}

void *map_del(struct map *m, struct str key)
{
    if (!m->cap)
        return NULL;
    struct map_slot *s = find(m, key);
    void *old = s->value;
    if (old) {
        s->key = (struct str){"", 0};
        s->value = NULL;
        m->n--;
    }
    return old;
}

struct map_slot *map_next(const struct map *m, size_t *it)
{
    while (*it < m->cap) {
        struct map_slot *s = &m->slots[(*it)++];
        if (s->value)
            return s;
    }
    return NULL;
}
