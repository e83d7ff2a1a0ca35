// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "state/state_impl.h"

int state_upsert_deployment(struct state *st, const struct deployment *d)
{
    struct key k = key_of_uuid(&d->id);
    /* What is given may point into what it replaces. */
    const void *old = state_ref(table_data(state_txn(st), TABLE_DEPLOYMENTS, &k));
    int q = upsert_plain(st, TABLE_DEPLOYMENTS, &k, d);
    if (q == 0 && d->status == DEPLOYMENT_SUCCESSFUL)
        state_set_job_stable(st, d->ns, d->job_id, d->job_version, true);
    state_unref(old);
    return q;
}

int state_delete_deployment(struct state *st, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    return delete_plain(st, TABLE_DEPLOYMENTS, &k);
}

static int8_t health_of(const struct allocation *a)
{
    return a && a->deployment_status ? a->deployment_status->healthy : TRI_UNSET;
}

struct progress {
    int placed, healthy, unhealthy;
};

static struct progress progress_of(const struct allocation *old, const struct allocation *now)
{
    struct progress p = {0};
    int8_t was = health_of(old), is = health_of(now);
    if (!old || !uuid_eq(&old->deployment_id, &now->deployment_id)) {
        p.placed = 1;
    } else if (was == TRI_UNSET && is != TRI_UNSET) {
        p.healthy = is == 1;
        p.unhealthy = is == 0;
    } else if (was == 1 && is == 0) {
        p.healthy = -1;
        p.unhealthy = 1;
    }
    return p;
}

static void note_canary(struct arena *a, struct deployment_state *s, const struct uuid *id)
{
    for (size_t i = 0; i < s->placed_canaries.n; i++)
        if (uuid_eq(&s->placed_canaries.items[i], id))
            return;
    must(uuids_add(a, &s->placed_canaries, id), "noting a canary");
}

/* The clock of the progress deadline starts with the first placement and again with each health. */
static void extend_deadline(struct deployment_state *s, const struct allocation *a,
                            struct progress p)
{
    if (s->progress_deadline == 0)
        return;
    if (p.placed && s->require_progress_by == 0)
        s->require_progress_by = a->modify_time + s->progress_deadline;
    else if (p.healthy)
        s->require_progress_by =
            MAX(s->require_progress_by, a->deployment_status->timestamp + s->progress_deadline);
}

void deploy_alloc(struct state *st, const struct allocation *old, struct allocation *now)
{
    if (uuid_is_zero(&now->deployment_id))
        return;
    struct key k = key_of_uuid(&now->deployment_id);
    const struct deployment *d = table_data(state_txn(st), TABLE_DEPLOYMENTS, &k);
    struct progress p = progress_of(old, now);
    if (!d || !omap_get(&d->task_groups, now->task_group) ||
        (!p.placed && !p.healthy && !p.unhealthy))
        return;
    if (now->deployment_status && p.healthy + p.unhealthy != 0)
        now->deployment_status->modify_index = txn_index(st);
    struct record *r = own_record(st, TABLE_DEPLOYMENTS, &k);
    struct deployment *own = r->data;
    own->modify_index = txn_index(st);
    struct deployment_state *s = omap_get(&own->task_groups, now->task_group);
    s->placed += p.placed;
    s->healthy += p.healthy;
    s->unhealthy += p.unhealthy;
    if (now->deployment_status && now->deployment_status->canary)
        note_canary(r->arena, s, &now->id);
    extend_deadline(s, now, p);
}
