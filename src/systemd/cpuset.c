// SPDX-License-Identifier: Apache-2.0
#include "systemd/cpuset.h"

#include <errno.h>

static struct str trim(struct str s)
{
    while (s.n && strchr(" \t\n", s.p[0]))
        s.p++, s.n--;
    while (s.n && strchr(" \t\n", s.p[s.n - 1]))
        s.n--;
    return s;
}

static int add_range(struct cpuset *c, struct str s)
{
    const char *dash = memchr(s.p, '-', s.n);
    size_t head = dash ? (size_t)(dash - s.p) : s.n;
    uint64_t from, to;
    int r = parse_u64(trim(str_n(s.p, head)), &from);
    if (r < 0)
        return r;
    to = from;
    if (dash)
        r = parse_u64(trim(str_n(dash + 1, s.n - head - 1)), &to);
    if (r < 0)
        return r;
    if (to < from)
        return -EINVAL;
    if (to >= CPUSET_MAX)
        return -ERANGE;
    for (uint64_t i = from; i <= to; i++)
        c->mask[i / 8] |= (uint8_t)(1U << (i % 8));
    c->n = MAX(c->n, (size_t)(to / 8 + 1));
    return 0;
}

int cpuset_parse(struct str s, struct cpuset *ret)
{
    struct cpuset c = {.n = 0};
    s = trim(s);
    while (s.n) {
        const char *comma = memchr(s.p, ',', s.n);
        size_t n = comma ? (size_t)(comma - s.p) : s.n;
        int r = add_range(&c, str_n(s.p, n));
        if (r < 0)
            return r;
        if (comma && n + 1 == s.n)
            return -EINVAL;
        s.p += n + (comma != NULL);
        s.n -= n + (comma != NULL);
    }
    *ret = c;
    return 0;
}

bool cpuset_eq(const struct cpuset *a, const struct cpuset *b)
{
    return a->n == b->n && memcmp(a->mask, b->mask, a->n) == 0;
}
