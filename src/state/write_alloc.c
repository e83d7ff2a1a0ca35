// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "state/state_impl.h"

/* The stored job the allocation was placed for; NULL: not known here. */
static const struct job *job_of(const struct state *st, const struct allocation *a,
                                const struct allocation *old)
{
    if (old && old->job && old->job->version == a->job_version)
        return old->job;
    const struct job *j = state_get_job_version(state_txn(st), a->ns, a->job_id, a->job_version);
    bool another = j && a->job_create_index && a->job_create_index != j->create_index;
    return another ? NULL : j;
}

/* Links the predecessor to its replacement. */
static void link_previous(struct state *st, const struct allocation *a)
{
    if (uuid_is_zero(&a->previous_allocation))
        return;
    struct key k = key_of_uuid(&a->previous_allocation);
    struct allocation *previous = own_data(st, TABLE_ALLOCS, &k);
    if (!previous)
        return;
    previous->next_allocation = a->id;
    previous->modify_index = txn_index(st);
}

/* The indexes of an allocation about to be stored over `old`, which may be NULL. */
static void number_alloc(const struct state *st, struct allocation *a, const struct allocation *old,
                         bool by_client)
{
    uint64_t index = txn_index(st);
    a->create_index = old ? old->create_index : index;
    a->modify_index = index;
    a->alloc_modify_index = by_client && old ? old->alloc_modify_index : index;
    if (!old && a->deployment_status)
        a->deployment_status->modify_index = index;
}

static int put_alloc(struct state *st, const struct allocation *given, bool by_client)
{
    struct key k = key_of_uuid(&given->id);
    const struct allocation *old = table_data(state_txn(st), TABLE_ALLOCS, &k);
    const struct job *job = job_of(st, given, old);
    if (!job || (by_client && !old))
        return -ENOENT;
    state_ref(old);
    struct record *r = record_new(st->scratch, &allocation_schema, given);
    struct allocation *a = r->data;
    a->job = (struct job *)(uintptr_t)job;
    a->job_create_index = job->create_index;
    record_hold(r, record_of_data(job));
    number_alloc(st, a, old, by_client);
    deploy_alloc(st, old, a);
    int q = put_record(st, TABLE_ALLOCS, r);
    if (q == 0) {
        summarise_alloc(st, old, a);
        count_alloc(st, old, a);
        if (!old)
            link_previous(st, a);
        dirty_job(st, a->ns, a->job_id, false);
    }
    state_unref(old);
    return q;
}

int state_upsert_alloc(struct state *st, const struct allocation *a)
{
    return put_alloc(st, a, false);
}

int state_update_alloc_from_client(struct state *st, const struct allocation *a)
{
    return put_alloc(st, a, true);
}

int state_delete_alloc(struct state *st, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    const struct allocation *old = table_data(state_txn(st), TABLE_ALLOCS, &k);
    if (!old)
        return -ENOENT;
    state_ref(old);
    int q = delete_plain(st, TABLE_ALLOCS, &k);
    summarise_alloc(st, old, NULL);
    count_alloc(st, old, NULL);
    dirty_job(st, old->ns, old->job_id, false);
    state_unref(old);
    return q;
}
