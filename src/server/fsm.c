// SPDX-License-Identifier: Apache-2.0
#include "server/fsm.h"

#include <stdio.h>

#include "server/fsm_parts.h"

struct fsm_result *fsm_result_free(struct fsm_result *r)
{
    if (r)
        free(r->dropped);
    free(r);
    return NULL;
}

void fsm_refuse(struct fsm_apply *f, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->result->err.text, sizeof(f->result->err.text), fmt, ap);
    va_end(ap);
    f->result->code = code;
}

void fsm_put_evals(struct fsm_apply *f)
{
    OBJS_FOR(struct evaluation, e, f->cmd->evals)
    {
        const struct evaluation *old = state_get_eval(f->snap, &e->id);
        /* Canceled or finished while this was on its way to the log. */
        if (old && eval_terminal(old) && !eval_terminal(e))
            continue;
        e->create_time = old ? old->create_time : f->cmd->now;
        e->modify_time = f->cmd->now;
        state_upsert_eval(f->st, e);
    }
}

static void apply_eval_update(struct fsm_apply *f)
{
    fsm_put_evals(f);
}

/* Only what is over; it may have come to life again since the command was made. */
static void apply_reap(struct fsm_apply *f)
{
    for (size_t i = 0; i < f->cmd->eval_ids.n; i++) {
        const struct evaluation *e = state_get_eval(f->snap, &f->cmd->eval_ids.items[i]);
        if (e && eval_terminal(e))
            state_delete_eval(f->st, &f->cmd->eval_ids.items[i]);
    }
    for (size_t i = 0; i < f->cmd->ids.n; i++) {
        const struct allocation *a = state_get_alloc(f->snap, &f->cmd->ids.items[i]);
        if (a && alloc_client_terminal(a))
            state_delete_alloc(f->st, &f->cmd->ids.items[i]);
    }
    const struct job *j = state_get_job(f->snap, f->cmd->ns, f->cmd->job_id);
    if (j && j->status == JOB_DEAD)
        state_delete_job(f->st, f->cmd->ns, f->cmd->job_id);
}

static void (*const apply[CMD_TYPE_MAX])(struct fsm_apply *f) = {
    [CMD_JOB_REGISTER] = fsm_job_register,
    [CMD_JOB_DEREGISTER] = fsm_job_deregister,
    [CMD_EVAL_UPDATE] = apply_eval_update,
    [CMD_NODE_REGISTER] = fsm_node_register,
    [CMD_NODE_STATUS] = fsm_node_status,
    [CMD_NODE_ELIGIBILITY] = fsm_node_eligibility,
    [CMD_ALLOC_CLIENT] = fsm_alloc_client,
    [CMD_ALLOC_TRANSITION] = fsm_alloc_transition,
    [CMD_PLAN] = fsm_plan,
    [CMD_REAP] = apply_reap,
};

void fsm_apply(struct state *st, uint64_t index, const struct command *c, struct fsm_result **ret)
{
    struct fsm_result *r = calloc(1, sizeof(*r));
    struct arena *a = arena_new(0);
    if (!r || !a)
        abort(); /* an entry one server applies and another does not would be worse */
    r->index = index;
    struct fsm_apply f = {.st = st, .arena = a, .cmd = c, .result = r};
    f.snap = state_begin(st, index, c->type);
    if (c->type > CMD_NONE && c->type < CMD_TYPE_MAX)
        apply[c->type](&f);
    state_commit(st);
    arena_free(a);
    *ret = r;
}
