// SPDX-License-Identifier: Apache-2.0
#include "server/fsm_parts.h"

void fsm_job_register(struct fsm_apply *f)
{
    const struct command *c = f->cmd;
    struct job *j = c->job;
    const struct job *old = state_get_job(f->snap, j->ns, j->id);
    /* The check-index promise is kept here, where nothing can come between. */
    if (c->job_modify_index != UINT64_MAX &&
        c->job_modify_index != (old ? old->job_modify_index : 0)) {
        if (c->job_modify_index == 0)
            fsm_refuse(f, 500, "Enforcing job modify index 0: job already exists");
        else if (!old)
            fsm_refuse(f, 500, "Enforcing job modify index %llu: job does not exist",
                       (unsigned long long)c->job_modify_index);
        else
            fsm_refuse(f, 500,
                       "Enforcing job modify index %llu: job exists with conflicting job modify "
                       "index: %llu",
                       (unsigned long long)c->job_modify_index,
                       (unsigned long long)old->job_modify_index);
        return;
    }
    /* The same job again is not a new version; its evaluation runs all the same. */
    if (!old || !model_equal(&job_schema, old, j, false)) {
        if (state_upsert_job(f->st, j, JOB_NEW_VERSION) < 0) {
            fsm_refuse(f, 400, "job ID is too long");
            return;
        }
    }
    const struct job *now = state_get_job(f->snap, j->ns, j->id);
    OBJS_FOR(struct evaluation, e, c->evals)
    e->job_modify_index = now->job_modify_index;
    fsm_put_evals(f);
}

void fsm_job_deregister(struct fsm_apply *f)
{
    const struct command *c = f->cmd;
    const struct job *old = state_get_job(f->snap, c->ns, c->job_id);
    if (!old) {
        fsm_refuse(f, 404, "job \"%s\" not found", nonull(c->job_id));
        return;
    }
    if (c->purge) {
        state_delete_job(f->st, c->ns, c->job_id);
    } else if (!old->stop) {
        struct job *j = model_copy(&job_schema, f->arena, old);
        if (!j)
            abort();
        j->stop = true;
        state_upsert_job(f->st, j, JOB_NEW_VERSION);
    }
    fsm_put_evals(f);
}
