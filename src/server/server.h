// SPDX-License-Identifier: Apache-2.0
/* A server: the replicated state, its scheduling and the methods other parts call. Everything here
 * runs on the core loop; reads run on the caller's thread from a snapshot. */
#pragma once
#include <uv.h>

#include "rpc/rpc.h"

struct server;

struct server_options {
    const char *region, *datacenter, *name; /* borrowed for the server's lifetime */
    const char *data_dir;                   /* raft's files live below; NULL: memory only */
    const char *rpc_addr;                   /* "ip:port", told to clients */
    nsec_t heartbeat_ttl, heartbeat_grace;  /* 0: 10 s */
    const char *version;
};

/* Opens log and state and registers the methods in `rpc`. */
int server_new(uv_loop_t *loop, struct rpc_table *rpc, const struct server_options *o,
               struct server **ret, struct err *err);
/* Ends duties and the log, then calls closed_cb from the loop; the server is freed. */
void server_close(struct server *s, void (*closed_cb)(void *ctx), void *ctx);
bool server_is_leader(const struct server *s);
/* For agent-info: section -> key -> text. In `a`. */
int server_info(struct server *s, struct arena *a, struct val *ret);
