// SPDX-License-Identifier: Apache-2.0
#include "server/fsm_parts.h"

enum { EVENTS_MAX = 10 };

static struct node *copy_node(struct fsm_apply *f, const struct node *old)
{
    struct node *n = model_copy(&node_schema, f->arena, old);
    if (!n)
        abort();
    return n;
}

static void add_event(struct fsm_apply *f, struct node *n, const char *text)
{
    struct node_event *e = f->cmd->event;
    if (!e && text && (e = model_new(&node_event_schema, f->arena))) {
        e->message = text;
        e->subsystem = "Cluster";
        e->timestamp = f->cmd->now;
    }
    if (!e || objs_add(f->arena, &n->events, e) < 0)
        return;
    e->create_index = f->result->index;
    if (n->events.n > EVENTS_MAX) {
        n->events.items += n->events.n - EVENTS_MAX;
        n->events.n = EVENTS_MAX;
    }
}

void fsm_node_register(struct fsm_apply *f)
{
    struct node *n = f->cmd->node;
    const struct node *old = state_get_node(f->snap, &n->id);
    n->computed_class = node_computed_class(f->arena, n);
    if (old) {
        struct node *keep = copy_node(f, old);
        n->status_updated_at = old->status_updated_at;
        n->events = keep->events;
        n->drain = keep->drain;
        n->eligibility = old->eligibility;
        if (old->status == NODE_DOWN)
            add_event(f, n, "Node re-registered");
    } else {
        n->events = (struct objs){0};
        add_event(f, n, "Node registered");
    }
    if (!old || old->status != n->status)
        n->status_updated_at = f->cmd->now / NSEC_SEC;
    state_upsert_node(f->st, n);
    fsm_put_evals(f);
}

void fsm_node_status(struct fsm_apply *f)
{
    const struct node *old = state_get_node(f->snap, &f->cmd->node_id);
    if (!old) {
        fsm_refuse(f, 404, "node not found");
        return;
    }
    struct node *n = copy_node(f, old);
    n->status = f->cmd->node_status;
    n->status_updated_at = f->cmd->now / NSEC_SEC;
    add_event(f, n, NULL);
    state_upsert_node(f->st, n);
    fsm_put_evals(f);
}

void fsm_node_eligibility(struct fsm_apply *f)
{
    const struct node *old = state_get_node(f->snap, &f->cmd->node_id);
    if (!old) {
        fsm_refuse(f, 404, "node not found");
        return;
    }
    struct node *n = copy_node(f, old);
    n->eligibility = f->cmd->eligibility;
    add_event(f, n,
              n->eligibility == NODE_ELIGIBLE ? "Node marked as eligible for scheduling"
                                              : "Node marked as ineligible for scheduling");
    state_upsert_node(f->st, n);
    fsm_put_evals(f);
}
