// SPDX-License-Identifier: Apache-2.0
/* Agent.*: what an agent says of itself. */
#include <errno.h>

#include "agent/parts.h"

struct obj_builder {
    struct arena *arena;
    struct val_entry *items;
    size_t n, cap;
};

static void put(struct obj_builder *b, const char *key, struct val v)
{
    if (b->items && b->n < b->cap)
        b->items[b->n++] = (struct val_entry){str_of(key), v};
}

static void put_text(struct obj_builder *b, const char *key, const char *text)
{
    put(b, key, val_str(str_of(nonull(text))));
}

static struct obj_builder builder(struct arena *a, size_t cap)
{
    return (struct obj_builder){a, arena_array(a, struct val_entry, cap), 0, cap};
}

static struct val built(struct obj_builder *b)
{
    return val_map_of(b->items, b->n);
}

static struct val config_of(struct agent *a, struct arena *m)
{
    const struct agent_config *c = a->config;
    struct obj_builder b = builder(m, 16), client = builder(m, 4), server = builder(m, 4),
                       version = builder(m, 4);
    put(&client, "Enabled", val_bool(c->client->enabled));
    put(&server, "Enabled", val_bool(c->server->enabled));
    put_text(&version, "Version", NOMAD_VERSION);
    put_text(&b, "Region", c->region);
    put_text(&b, "Datacenter", c->datacenter);
    put_text(&b, "NodeName", c->name);
    put_text(&b, "DataDir", c->data_dir);
    put_text(&b, "LogLevel", c->log_level);
    put_text(&b, "BindAddr", c->bind_addr);
    put(&b, "DevMode", val_bool(c->dev));
    put(&b, "Client", built(&client));
    put(&b, "Server", built(&server));
    put(&b, "Version", built(&version));
    return built(&b);
}

static struct val member_of(struct agent *a, struct arena *m)
{
    struct obj_builder b = builder(m, 8), tags = builder(m, 8);
    put_text(&tags, "role", "nomad");
    put_text(&tags, "region", a->config->region);
    put_text(&tags, "dc", a->config->datacenter);
    put_text(&tags, "build", NOMAD_VERSION);
    put_text(&b, "Name", arena_printf(m, "%s.%s", a->config->name, a->config->region));
    put_text(&b, "Addr", a->config->bind_addr);
    put(&b, "Port", val_int(a->config->ports->serf));
    put_text(&b, "Status", "alive");
    put(&b, "Tags", built(&tags));
    return built(&b);
}

static void put_client_stats(struct agent *a, struct arena *m, struct obj_builder *stats)
{
    struct obj_builder b = builder(m, 8);
    if (!a->client)
        return;
    put_text(&b, "node_id", arena_strdup(m, UUID_Z(&client_node(a->client)->id)));
    put_text(&b, "num_allocations", arena_printf(m, "%zu", client_n_allocs(a->client)));
    put_text(&b, "known_servers", a->rpc_addr);
    put(stats, "client", built(&b));
}

static struct val stats_of(struct agent *a, struct arena *m)
{
    struct obj_builder stats = builder(m, 8), runtime = builder(m, 8);
    struct val server = {0};
    if (a->server && server_info(a->server, m, &server) == 0)
        for (size_t i = 0; i < server.map.n; i++)
            put(&stats, server.map.entries[i].key.p, server.map.entries[i].value);
    put_client_stats(a, m, &stats);
    put_text(&runtime, "pid", arena_printf(m, "%d", (int)getpid()));
    put_text(&runtime, "kernel.name", "linux");
    put_text(&runtime, "version", NOMAD_VERSION);
    put_text(&runtime, "uptime_s",
             arena_printf(m, "%lld", (long long)((now_mono() - a->started) / NSEC_SEC)));
    put(&stats, "runtime", built(&runtime));
    return built(&stats);
}

static void handle_self(void *impl, struct rpc_call *call)
{
    struct agent *a = impl;
    struct stats_reply *reply = rpc_reply(call);
    struct obj_builder b = builder(call->arena, 4);
    if (!reply || !b.items) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    put(&b, "config", config_of(a, call->arena));
    put(&b, "member", member_of(a, call->arena));
    put(&b, "stats", stats_of(a, call->arena));
    reply->stats = built(&b);
    rpc_finish(call);
}

static struct val health_of(struct arena *m, bool ok, const char *message)
{
    struct obj_builder b = builder(m, 2);
    put(&b, "ok", val_bool(ok));
    put_text(&b, "message", message);
    return built(&b);
}

static void handle_health(void *impl, struct rpc_call *call)
{
    struct agent *a = impl;
    struct stats_reply *reply = rpc_reply(call);
    struct obj_builder b = builder(call->arena, 2);
    bool leader = a->server && server_is_leader(a->server);
    if (!reply || !b.items) {
        rpc_fail(call, 503, "out of memory");
        return;
    }
    if (a->server && !leader) {
        rpc_fail(call, 500, "{\"server\":{\"ok\":false,\"message\":\"No cluster leader\"}}");
        return;
    }
    if (a->client)
        put(&b, "client", health_of(call->arena, true, "ok"));
    if (a->server)
        put(&b, "server", health_of(call->arena, true, "ok"));
    reply->stats = built(&b);
    rpc_finish(call);
}

static void handle_servers(void *impl, struct rpc_call *call)
{
    struct agent *a = impl;
    struct texts_reply *reply = rpc_reply(call);
    if (!reply || strs_add(call->arena, &reply->texts, a->rpc_addr) < 0)
        rpc_fail(call, 503, "out of memory");
    else
        rpc_finish(call);
}

static const struct rpc_method methods[] = {
    {"Agent.Self", &empty_args_schema, &stats_reply_schema, 0, CAP_AGENT_READ, handle_self, NULL},
    {"Agent.Health", &empty_args_schema, &stats_reply_schema, 0, CAP_NONE, handle_health, NULL},
    {"Agent.Servers", &empty_args_schema, &texts_reply_schema, 0, CAP_AGENT_READ, handle_servers,
     NULL},
};

void agent_register_methods(struct agent *a)
{
    rpc_register(a->rpc, methods, ARRAY_LEN(methods), a);
}
