// SPDX-License-Identifier: Apache-2.0
#include "server/fsm_parts.h"

/* Of the deployment status the client says health and when; whether it is a canary is ours. */
static void merge_health(struct fsm_apply *f, struct allocation *a,
                         const struct alloc_deployment_status *update)
{
    struct alloc_deployment_status *s = a->deployment_status;
    if (!s && !(s = model_new(&alloc_deployment_status_schema, f->arena)))
        abort();
    s->healthy = update->healthy;
    s->timestamp = update->timestamp;
    s->modify_index = f->result->index;
    a->deployment_status = s;
}

/* Only what the client owns is taken from its update; the rest is the servers'. */
static void merge_client_fields(struct fsm_apply *f, struct allocation *a,
                                const struct allocation *update)
{
    a->client_status = update->client_status;
    a->client_description = update->client_description;
    a->task_states = update->task_states;
    if (update->network_status)
        a->network_status = update->network_status;
    if (update->deployment_status)
        merge_health(f, a, update->deployment_status);
}

void fsm_alloc_client(struct fsm_apply *f)
{
    OBJS_FOR(struct allocation, u, f->cmd->allocs)
    {
        const struct allocation *old = state_get_alloc(f->snap, &u->id);
        struct allocation *a;
        /* Deleted meanwhile; or a late word, as from a node it was declared lost on, that would
         * make it alive again after its replacement started. */
        if (!old || (alloc_client_terminal(old) && !alloc_client_terminal(u)))
            continue;
        if (!(a = model_copy(&allocation_schema, f->arena, old)))
            abort();
        merge_client_fields(f, a, u);
        a->modify_time = f->cmd->now;
        state_update_alloc_from_client(f->st, a);
    }
    fsm_put_evals(f);
}

void fsm_alloc_transition(struct fsm_apply *f)
{
    for (size_t i = 0; i < f->cmd->ids.n; i++) {
        const struct allocation *old = state_get_alloc(f->snap, &f->cmd->ids.items[i]);
        struct allocation *a;
        if (!old) {
            fsm_refuse(f, 404, "alloc not found");
            return;
        }
        if (!(a = model_copy(&allocation_schema, f->arena, old)))
            abort();
        a->desired_transition = f->cmd->transition;
        a->modify_time = f->cmd->now;
        state_upsert_alloc(f->st, a);
    }
    fsm_put_evals(f);
}
