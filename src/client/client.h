// SPDX-License-Identifier: Apache-2.0
/* The client agent: registers its node, asks the servers what should run here, makes it so as
 * systemd units, and reports what happened. One object on the loop; loop thread only. */
#pragma once
#include <uv.h>

#include "drivers/driver.h"
#include "model/node.h"
#include "rpc/rpc.h"

struct client;

/* Copied by client_create(). NULL or 0: the default in brackets. */
struct client_config {
    const char *data_dir;            /* holds client/allocs, client/client-id, client/secret-id */
    const char *alloc_dir;           /* [<data_dir>/alloc] */
    const char *region, *datacenter; /* [global, dc1] */
    const char *node_name;           /* [host name] */
    const char *node_class, *node_pool, *http_addr, *version;
    const char *network_interface;                             /* [that of the default route] */
    int64_t network_speed, cpu_total_compute, memory_total_mb; /* override what was found */
    struct reserved_resources *reserved;
    struct smap meta, options;
    struct omap host_volumes;
    const char *launcher; /* absolute path of nomad-launcher */
    const char *relay;    /* absolute path of nomad-relay, for hosts without the unit file */
    const char *self;     /* absolute path of nomad: artifacts are fetched by it */
    const char *run_dir;  /* [/run/nomad] */
    struct driver_host host;
    bool dev; /* clear left-overs at start, stop all and remove directories at the end */
};

/* Reads or makes the node's identity and fingerprints the host; nothing runs yet. */
int client_create(uv_loop_t *loop, struct rpc_table *rpc, const struct client_config *config,
                  struct client **ret, struct err *err);
/* Restores recorded allocations, then registers and follows the servers. */
int client_start(struct client *c, struct err *err);
/* -dev: stops every task, removes directories, then calls back; else calls back soon and leaves
 * all tasks running. */
void client_stop(struct client *c, void (*done_cb)(void *user), void *user);
/* Tasks go on running. Then run the loop until its handles are closed. */
struct client *client_free(struct client *c);

/* Borrowed until the next fingerprint change. */
const struct node *client_node(const struct client *c);
/* FileSystem.*, Allocations.*, ClientStats.* into the table: once, before client_start(). */
void client_register_methods(struct client *c);
/* Allocations known here. */
size_t client_n_allocs(const struct client *c);
