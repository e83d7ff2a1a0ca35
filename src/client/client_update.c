// SPDX-License-Identifier: Apache-2.0
/* Telling the servers: every allocation whose state they do not know yet, in one call each 200 ms.
 */
#include "base/log.h"
#include "client/client_internal.h"

#define BATCH_MS 200
#define RETRY_MS 1000
#define BATCH_MAX 1000

struct sent {
    struct uuid id;
    uint64_t version;
};

void client_update_soon(struct client *c)
{
    if (!uv_is_active((uv_handle_t *)c->update) && !c->update_in_flight)
        uv_timer_start(c->update, client_on_update_timer, BATCH_MS, 0);
}

static int add_states(struct arena *a, struct alloc_runner *ar, struct allocation *to)
{
    bool terminal = alloc_client_terminal(to);
    for (size_t i = 0; i < ar->n_tasks; i++) {
        struct task_runner *tr = &ar->tasks[i];
        struct task_state *s = model_copy(&task_state_schema, a, tr->status.state);
        if (!s || omap_set(a, &to->task_states, tr->task->name, s) < 0)
            return -ENOMEM;
        if (terminal && s->finished_at == 0)
            s->finished_at = now_wall();
    }
    return 0;
}

static int add_health(struct arena *a, struct alloc_runner *ar, struct allocation *to)
{
    if (uuid_is_zero(&ar->alloc->deployment_id) || ar->health == TRI_UNSET)
        return 0;
    struct alloc_deployment_status *d = model_new(&alloc_deployment_status_schema, a);
    if (!d)
        return -ENOMEM;
    if (ar->alloc->deployment_status)
        d->canary = ar->alloc->deployment_status->canary;
    d->healthy = (int8_t)ar->health;
    d->timestamp = ar->health_at;
    to->deployment_status = d;
    return 0;
}

static struct allocation *client_view(struct arena *a, struct alloc_runner *ar)
{
    struct allocation *to = model_new(&allocation_schema, a);
    if (!to)
        return NULL;
    to->id = ar->id;
    to->node_id = ar->c->node_id;
    to->ns = arena_strdup(a, ar->alloc->ns);
    to->client_status = alloc_runner_status(ar, &to->client_description);
    to->modify_time = now_wall();
    return add_states(a, ar, to) < 0 || add_health(a, ar, to) < 0 ? NULL : to;
}

static void on_updated(struct client *c, struct rpc_call *call, void *user)
{
    struct sent *sent = user;
    const struct alloc_update_args *args = call->args;
    c->update_in_flight = false;
    if (call->code)
        log_warn("client", "cannot report allocations: %s", call->err.text);
    bool more = false;
    for (size_t i = 0; i < args->allocs.n && !call->code; i++) {
        struct alloc_runner *ar = client_find(c, &sent[i].id);
        if (ar && ar->sent_version < sent[i].version)
            ar->sent_version = sent[i].version;
    }
    list_for_each (it, &c->allocs) {
        const struct alloc_runner *ar = list_item(it, struct alloc_runner, node);
        more |= !ar->removed && ar->sent_version < ar->version;
    }
    if (more)
        uv_timer_start(c->update, client_on_update_timer, call->code ? RETRY_MS : BATCH_MS, 0);
}

static void send_update(struct client *c)
{
    struct rpc_call *call = client_call_new(c, "Node.UpdateAlloc");
    struct sent *sent = call ? arena_array(call->arena, struct sent, BATCH_MAX) : NULL;
    if (!sent) {
        rpc_call_free(call);
        uv_timer_start(c->update, client_on_update_timer, RETRY_MS, 0);
        return;
    }
    struct alloc_update_args *args = call->args;
    list_for_each (it, &c->allocs) {
        struct alloc_runner *ar = list_item(it, struct alloc_runner, node);
        if (ar->removed || ar->sent_version >= ar->version || args->allocs.n >= BATCH_MAX)
            continue;
        struct allocation *view = client_view(call->arena, ar);
        if (!view || objs_add(call->arena, &args->allocs, view) < 0)
            break;
        sent[args->allocs.n - 1] = (struct sent){ar->id, ar->version};
    }
    if (args->allocs.n == 0) {
        rpc_call_free(call);
        return;
    }
    c->update_in_flight = true;
    client_call_send(c, call, on_updated, sent);
}

void client_on_update_timer(uv_timer_t *t)
{
    struct client *c = t->data;
    if (!c->registered)
        uv_timer_start(c->update, client_on_update_timer, RETRY_MS, 0);
    else if (!c->update_in_flight)
        send_update(c);
}
