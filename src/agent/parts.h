// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agent/agent.h"
#include "client/client.h"
#include "http/server.h"
#include "rpc/messages.h"
#include "server/server.h"
#include "systemd/notify.h"

struct agent {
    uv_loop_t *loop;
    const struct agent_config *config;
    struct arena *arena;
    struct rpc_table *rpc;
    struct server *server;
    struct client *client;
    struct http_server *http;
    struct notify_watchdog *watchdog;
    const char *http_addr, *rpc_addr;
    int lock_fd;
    nsec_t started;
    bool stopping;
};

/* Agent.*, registered in the table. */
void agent_register_methods(struct agent *a);
