// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "state/state_impl.h"

/* The next blocked evaluation of the job; NULL: none left. */
static const struct evaluation *find_blocked(const struct state *st, const struct evaluation *of)
{
    struct state_iter it;
    state_evals_by_job(&it, state_txn(st), of->ns, of->job_id);
    for (const struct evaluation *e; (e = state_next(&it));)
        if (e->status == EVAL_BLOCKED && !uuid_eq(&e->id, &of->id))
            return e;
    return NULL;
}

static int put_eval(struct state *st, const struct evaluation *e)
{
    struct key k = key_of_uuid(&e->id);
    const struct evaluation *old = table_data(state_txn(st), TABLE_EVALS, &k);
    state_ref(old);
    int q = upsert_plain(st, TABLE_EVALS, &k, e);
    if (q == 0)
        count_eval(st, old, e);
    state_unref(old);
    return q;
}

static void cancel_blocked(struct state *st, const struct evaluation *done)
{
    char why[80];
    snprintf(why, sizeof(why), "evaluation \"%s\" successful", UUID_Z(&done->id));
    for (const struct evaluation *b; (b = find_blocked(st, done));) {
        struct evaluation canceled = *b;
        canceled.status = EVAL_CANCELED;
        canceled.status_description = why;
        must(put_eval(st, &canceled), "canceling a blocked evaluation");
    }
}

int state_upsert_eval(struct state *st, const struct evaluation *e)
{
    int q = put_eval(st, e);
    if (q < 0)
        return q;
    summarise_eval(st, e);
    if (e->status == EVAL_COMPLETE && e->failed_tg_allocs.n == 0)
        cancel_blocked(st, e);
    dirty_job(st, e->ns, e->job_id, false);
    return 0;
}

int state_delete_eval(struct state *st, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    const struct evaluation *old = table_data(state_txn(st), TABLE_EVALS, &k);
    if (!old)
        return -ENOENT;
    state_ref(old);
    int q = delete_plain(st, TABLE_EVALS, &k);
    count_eval(st, old, NULL);
    dirty_job(st, old->ns, old->job_id, true);
    state_unref(old);
    return q;
}
