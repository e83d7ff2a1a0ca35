// SPDX-License-Identifier: Apache-2.0
/* Which nodes are alive: the leader gives every node a time to live and declares it down when it
 * has not been heard of for that and the grace. Rebuilt from the state on every leadership. */
#pragma once
#include "server/env.h"

struct heartbeat;

struct heartbeat_options {
    nsec_t min_ttl, grace;  /* 10 s each */
    int64_t max_per_second; /* 50: spreads many nodes out */
};

/* `expired` is called on the loop for a node that missed its time. */
struct heartbeat *heartbeat_new(struct server_env *env, const struct heartbeat_options *o,
                                void (*expired)(void *ctx, const struct uuid *node_id), void *ctx);
struct heartbeat *heartbeat_free(struct heartbeat *h);
/* All nodes that are not down get a full time to live. */
void heartbeat_start(struct heartbeat *h, const struct snap *snap);
void heartbeat_stop(struct heartbeat *h);
/* Heard of it: the time until when it should call again. */
nsec_t heartbeat_reset(struct heartbeat *h, const struct uuid *node_id);
void heartbeat_forget(struct heartbeat *h, const struct uuid *node_id);
size_t heartbeat_active(const struct heartbeat *h);
