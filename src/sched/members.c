// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "sched/members.h"

struct members *members_new(const char *ns, const char *job)
{
    struct members *m = calloc(1, sizeof(*m));
    size_t a = strlen(nonull(ns)) + 1, b = strlen(nonull(job)) + 1;
    if (m)
        m->name = malloc(a + b);
    if (!m || !m->name)
        return members_free(m);
    memcpy(m->name, nonull(ns), a);
    memcpy(m->name + a, nonull(job), b);
    m->name_len = a + b;
    return m;
}

struct members *members_free(struct members *m)
{
    if (!m)
        return NULL;
    for (size_t i = 0; i < m->groups.n; i++)
        free(m->groups.items[i]);
    vec_free(&m->groups);
    free(m->cells);
    free(m->name);
    free(m);
    return NULL;
}

int members_find_group(const struct members *m, const char *name)
{
    for (size_t i = 0; i < m->groups.n; i++)
        if (streq(m->groups.items[i], name))
            return (int)i;
    return -1;
}

int members_group(struct members *m, const char *name)
{
    int i = members_find_group(m, name);
    if (i >= 0)
        return i;
    if (m->groups.n > UINT16_MAX)
        return -E2BIG;
    char *copy = strdup(nonull(name));
    if (!copy || vec_push(&m->groups, copy) < 0) {
        free(copy);
        return -ENOMEM;
    }
    return (int)m->groups.n - 1;
}

static struct member_cell *find(struct member_cell *cells, size_t cap, uint64_t key)
{
    size_t i = (key * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (cap - 1);
    while (cells[i].key && cells[i].key != key)
        i = (i + 1) & (cap - 1);
    return &cells[i];
}

static int rehash(struct members *m)
{
    size_t live = 0, cap = 16;
    for (size_t i = 0; i < m->cap; i++)
        live += m->cells[i].count > 0;
    while (cap < live * 3)
        cap *= 2;
    struct member_cell *fresh = calloc(cap, sizeof(*fresh));
    if (!fresh)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->cells[i].count)
            *find(fresh, cap, m->cells[i].key) = m->cells[i];
    free(m->cells);
    m->cells = fresh;
    m->cap = cap;
    m->used = live;
    return 0;
}

int members_add(struct members *m, uint32_t slot, uint16_t group, int delta)
{
    if ((m->used + 1) * 4 > m->cap * 3 && rehash(m) < 0)
        return -ENOMEM;
    uint64_t key = ((uint64_t)slot << 16 | group) + 1;
    struct member_cell *c = find(m->cells, m->cap, key);
    if (delta < 0 && (!c->key || !c->count))
        return 0;
    if (!c->key) {
        c->key = key;
        m->used++;
    }
    c->count += (uint32_t)delta;
    m->total += (size_t)delta;
    return 0;
}
