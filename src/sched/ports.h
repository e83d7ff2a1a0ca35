// SPDX-License-Identifier: Apache-2.0
/* The host ports in use on one node, over all its addresses. A port may be held twice for a while:
 * by a stopping allocation and the one that replaces it there. */
#pragma once
#include "base/str.h"
#include "base/vec.h"

struct port_set {
    uint64_t words[1024];
    VEC(uint16_t) again; /* further holders of a port */
};

struct port_set *port_set_free(struct port_set *p);
static inline bool port_used(const struct port_set *p, int64_t port)
{
    return p && port >= 0 && port < 65536 && (p->words[port / 64] >> (port % 64) & 1);
}
/* Out-of-range ports are ignored. -ENOMEM. */
int port_hold(struct port_set *p, int64_t port);
void port_drop(struct port_set *p, int64_t port);
/* "22,80,8500-8600": cb for each; malformed pieces are skipped. Stops at the first error. */
int port_ranges(const char *text, int (*cb)(void *ctx, int64_t port), void *ctx);
