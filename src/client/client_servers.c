// SPDX-License-Identifier: Apache-2.0
/* What the client says to and hears from the servers: registration, heartbeats and the long poll
 * for its allocations. */
#include "base/log.h"
#include "client/client_internal.h"

#define RETRY_MS 1000
#define POLL_MAX_TIME (5 * NSEC_MIN)

static void send_heartbeat(struct client *c);
static void send_poll(struct client *c);

static void retry(struct client *c, uv_timer_t *t, uv_timer_cb cb, uint64_t ms)
{
    if (!c->stopping)
        uv_timer_start(t, cb, ms, 0);
}

static bool says_unknown_node(const struct rpc_call *call)
{
    return strstr(call->err.text, "node not found") || strstr(call->err.text, "Unknown node");
}

static void follow_ttl(struct client *c, const struct node_update_reply *reply)
{
    nsec_t ttl = reply->heartbeat_ttl > 0 ? reply->heartbeat_ttl : 10 * NSEC_SEC;
    c->last_heartbeat = now_mono();
    /* A little before the end: the servers' grace is not ours to use up. */
    retry(c, c->heartbeat, client_on_heartbeat_timer, (uint64_t)(ttl / NSEC_MSEC * 9 / 10));
}

static void on_status(struct client *c, struct rpc_call *call, void *user unused_arg)
{
    if (call->code) {
        log_warn("client", "heartbeat failed: %s", call->err.text);
        if (says_unknown_node(call))
            c->registered = false;
        retry(c, c->heartbeat, client_on_heartbeat_timer, RETRY_MS);
        return;
    }
    follow_ttl(c, call->reply);
}

static void send_status(struct client *c)
{
    struct rpc_call *call = client_call_new(c, "Node.UpdateStatus");
    if (!call) {
        retry(c, c->heartbeat, client_on_heartbeat_timer, RETRY_MS);
        return;
    }
    struct node_status_args *args = call->args;
    args->node_id = c->node_id;
    args->status = enum_text(&node_status_texts, NODE_READY);
    args->updated_at = now_wall() / NSEC_SEC;
    client_call_send(c, call, on_status, NULL);
}

static void on_registered(struct client *c, struct rpc_call *call, void *user unused_arg)
{
    if (call->code) {
        log_error("client", "error registering node: %s", call->err.text);
        retry(c, c->heartbeat, client_on_heartbeat_timer, RETRY_MS);
        return;
    }
    bool first = c->last_heartbeat == 0;
    c->registered = true;
    log_info("client", "node registration complete: node_id=%s", UUID_Z(&c->node_id));
    c->last_heartbeat = now_mono();
    send_status(c);
    if (first)
        send_poll(c);
}

static void send_register(struct client *c)
{
    struct rpc_call *call = client_call_new(c, "Node.Register");
    struct node_register_args *args = call ? call->args : NULL;
    if (args)
        args->node = model_copy(&node_schema, call->arena, c->node);
    if (!args || !args->node) {
        rpc_call_free(call);
        retry(c, c->heartbeat, client_on_heartbeat_timer, RETRY_MS);
        return;
    }
    client_call_send(c, call, on_registered, NULL);
}

static void send_heartbeat(struct client *c)
{
    if (c->registered)
        send_status(c);
    else
        send_register(c);
}

void client_on_heartbeat_timer(uv_timer_t *t)
{
    send_heartbeat(t->data);
}

/* ---- allocations ---- */

static bool mentioned(const struct client_allocs_reply *reply, const struct alloc_runner *ar)
{
    int64_t index;
    return imap_get(&reply->allocs, UUID_Z(&ar->id), &index);
}

static void remove_forgotten(struct client *c, const struct client_allocs_reply *reply)
{
    list_for_each_safe (it, &c->allocs) {
        struct alloc_runner *ar = list_item(it, struct alloc_runner, node);
        if (!ar->removed && !mentioned(reply, ar)) {
            log_debug("client", "allocation %s was removed by the servers", UUID_Z(&ar->id));
            alloc_runner_remove(ar);
        }
    }
}

static void run_new(struct client *c, const struct allocation *alloc)
{
    struct alloc_runner *ar = NULL;
    if (alloc_client_terminal(alloc))
        return; /* ended before; nothing of it is here */
    int r = alloc_runner_new(c, alloc, &ar);
    if (r < 0) {
        log_error("client", "cannot take allocation %s: %s", UUID_Z(&alloc->id), strerror(-r));
        c->allocs_index = 0;
        return;
    }
    client_soon(c, ar);
}

static void on_allocs(struct client *c, struct rpc_call *call, void *user)
{
    uint64_t index = (uint64_t)(uintptr_t)user;
    if (call->code) {
        log_warn("client", "cannot read allocations: %s", call->err.text);
        retry(c, c->poll, client_on_poll_timer, RETRY_MS);
        return;
    }
    const struct full_allocs_reply *reply = call->reply;
    c->allocs_index = index;
    OBJS_FOR(struct allocation, alloc, reply->allocs)
    {
        struct alloc_runner *ar = client_find(c, &alloc->id);
        if (!alloc->job || c->stopping)
            continue;
        if (ar)
            alloc_runner_update(ar, alloc);
        else
            run_new(c, alloc);
    }
    send_poll(c);
}

static bool is_news(const struct client *c, const struct uuid *id, uint64_t index)
{
    const struct alloc_runner *ar = client_find(c, id);
    return !ar || (!ar->removed && ar->alloc->alloc_modify_index < index);
}

static void pull(struct client *c, const struct client_allocs_reply *reply)
{
    struct rpc_call *call = client_call_new(c, "Alloc.GetAllocs");
    struct alloc_ids_args *args = call ? call->args : NULL;
    uint64_t highest = 0;
    for (size_t i = 0; args && i < reply->allocs.n; i++) {
        struct uuid id;
        uint64_t index = (uint64_t)reply->allocs.items[i].value;
        if (uuid_parse(str_of(reply->allocs.items[i].key), &id) < 0 || !is_news(c, &id, index))
            continue;
        uuids_add(call->arena, &args->alloc_ids, &id);
        highest = MAX(highest, index);
    }
    if (!args || args->alloc_ids.n == 0) {
        rpc_call_free(call);
        if (args) {
            c->allocs_index = reply->m.index;
            send_poll(c);
        } else {
            retry(c, c->poll, client_on_poll_timer, RETRY_MS);
        }
        return;
    }
    args->c.allow_stale = true;
    args->c.min_query_index = highest > 0 ? highest - 1 : 0;
    client_call_send(c, call, on_allocs, (void *)(uintptr_t)reply->m.index);
}

static void on_client_allocs(struct client *c, struct rpc_call *call, void *user unused_arg)
{
    if (call->code) {
        log_warn("client", "cannot ask for allocations: %s", call->err.text);
        retry(c, c->poll, client_on_poll_timer, RETRY_MS);
        return;
    }
    const struct client_allocs_reply *reply = call->reply;
    /* An older index comes from a server that lags behind: its list would take allocations away. */
    if (reply->m.index < c->allocs_index) {
        retry(c, c->poll, client_on_poll_timer, RETRY_MS);
        return;
    }
    if (c->stopping)
        return;
    remove_forgotten(c, reply);
    pull(c, reply);
}

static void send_poll(struct client *c)
{
    struct rpc_call *call = c->stopping ? NULL : client_call_new(c, "Node.GetClientAllocs");
    if (!call) {
        retry(c, c->poll, client_on_poll_timer, RETRY_MS);
        return;
    }
    struct node_args *args = call->args;
    args->node_id = c->node_id;
    args->secret_id = c->secret_id;
    args->c.min_query_index = c->allocs_index;
    args->c.max_query_time = POLL_MAX_TIME;
    args->c.allow_stale = c->allocs_index > 0;
    client_call_send(c, call, on_client_allocs, NULL);
}

void client_on_poll_timer(uv_timer_t *t)
{
    send_poll(t->data);
}

void client_servers_start(struct client *c)
{
    send_heartbeat(c);
}
