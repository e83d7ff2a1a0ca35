// SPDX-License-Identifier: Apache-2.0
#include "sched/ports.h"

struct port_set *port_set_free(struct port_set *p)
{
    if (p)
        vec_free(&p->again);
    free(p);
    return NULL;
}

int port_hold(struct port_set *p, int64_t port)
{
    if (port <= 0 || port >= 65536)
        return 0;
    if (port_used(p, port))
        return vec_push(&p->again, (uint16_t)port);
    p->words[port / 64] |= UINT64_C(1) << (port % 64);
    return 0;
}

void port_drop(struct port_set *p, int64_t port)
{
    if (!p || port <= 0 || port >= 65536)
        return;
    for (size_t i = 0; i < p->again.n; i++)
        if (p->again.items[i] == port) {
            vec_swap_del(&p->again, i);
            return;
        }
    p->words[port / 64] &= ~(UINT64_C(1) << (port % 64));
}

static bool parse_range(struct str s, int64_t *lo, int64_t *hi)
{
    const char *dash = s.n ? memchr(s.p, '-', s.n) : NULL;
    if (!dash)
        return parse_i64(s, lo) == 0 && (*hi = *lo, true);
    size_t left = (size_t)(dash - s.p);
    return parse_i64(str_n(s.p, left), lo) == 0 &&
           parse_i64(str_n(dash + 1, s.n - left - 1), hi) == 0;
}

int port_ranges(const char *text, int (*cb)(void *ctx, int64_t port), void *ctx)
{
    const char *at = nonull(text);
    while (*at) {
        size_t n = strcspn(at, ",");
        struct str s = str_n(at, n);
        int64_t lo, hi;
        while (s.n && s.p[0] == ' ')
            s = str_n(s.p + 1, s.n - 1);
        while (s.n && s.p[s.n - 1] == ' ')
            s.n--;
        at += n + (at[n] == ',');
        if (!parse_range(s, &lo, &hi) || lo < 0 || hi > 65535)
            continue;
        for (; lo <= hi; lo++) {
            int e = cb(ctx, lo);
            if (e < 0)
                return e;
        }
    }
    return 0;
}
