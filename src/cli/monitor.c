// SPDX-License-Identifier: Apache-2.0
/* Following an evaluation: what changed since the last look becomes a line. */
#include <time.h>

#include "cli/internal.h"

struct seen {
    const char *status; /* "" before the first look */
    struct objs allocs; /* alloc_stub */
};

static const struct alloc_stub *find(const struct objs *l, const struct uuid *id)
{
    OBJS_FOR(struct alloc_stub, a, *l)
    if (uuid_eq(&a->id, id))
        return a;
    return NULL;
}

static void report_alloc(struct cli *c, const struct evaluation *e, const struct alloc_stub *old,
                         const struct alloc_stub *a)
{
    if (!old && a->create_index < e->create_index)
        say("    Allocation \"%s\" modified: node \"%s\", group \"%s\"", id_short(c, &a->id),
            id_short(c, &a->node_id), a->task_group);
    else if (!old && a->desired_status == ALLOC_RUN)
        say("    Allocation \"%s\" created: node \"%s\", group \"%s\"", id_short(c, &a->id),
            id_short(c, &a->node_id), a->task_group);
    else if (old && old->client_status != a->client_status)
        say("    Allocation \"%s\" status changed: \"%s\" -> \"%s\"%s%s%s", id_short(c, &a->id),
            enum_text(&alloc_client_texts, old->client_status),
            enum_text(&alloc_client_texts, a->client_status),
            isempty(a->client_description) ? "" : " (", nonull(a->client_description),
            isempty(a->client_description) ? "" : ")");
}

static void report(struct cli *c, struct seen *seen, const struct evaluation *e,
                   const struct objs *allocs)
{
    const char *status = enum_text(&eval_status_texts, e->status);
    if (isempty(seen->status)) {
        if (!uuid_is_zero(&e->node_id))
            say("    Evaluation triggered by node \"%s\"", id_short(c, &e->node_id));
        if (!isempty(e->job_id))
            say("    Evaluation triggered by job \"%s\"", e->job_id);
        if (!uuid_is_zero(&e->deployment_id))
            say("    Evaluation within deployment: \"%s\"", id_short(c, &e->deployment_id));
    }
    OBJS_FOR(struct alloc_stub, a, *allocs)
    report_alloc(c, e, find(&seen->allocs, &a->id), a);
    if (e->status != EVAL_PENDING && !streq(seen->status, status))
        say("    Evaluation status changed: \"%s\" -> \"%s\"",
            isempty(seen->status) ? "pending" : seen->status, status);
    seen->status = status;
    seen->allocs = *allocs;
}

static void report_failures(struct cli *c, const struct evaluation *e)
{
    for (size_t i = 0; i < e->failed_tg_allocs.n; i++) {
        const struct alloc_metric *m = e->failed_tg_allocs.items[i].value;
        say("    Task Group \"%s\" (failed to place %lld allocation%s):",
            e->failed_tg_allocs.items[i].key, (long long)m->coalesced_failures + 1,
            m->coalesced_failures ? "s" : "");
        say("%s", alloc_metrics_text(c, m, false, "      "));
    }
    if (!uuid_is_zero(&e->blocked_eval))
        say("    Evaluation \"%s\" waiting for additional capacity to place remainder",
            id_short(c, &e->blocked_eval));
}

static int finished(struct cli *c, const struct evaluation *e)
{
    const char *status = enum_text(&eval_status_texts, e->status);
    if (e->failed_tg_allocs.n == 0) {
        say("==> Evaluation \"%s\" finished with status \"%s\"%s%s", id_short(c, &e->id), status,
            isempty(e->status_description) ? "" : ": ", nonull(e->status_description));
        return e->status == EVAL_FAILED ? 1 : 0;
    }
    say("==> Evaluation \"%s\" finished with status \"%s\" but failed to place all allocations:",
        id_short(c, &e->id), status);
    report_failures(c, e);
    return 2;
}

int monitor(struct cli *c, const struct uuid *eval_id)
{
    struct seen seen = {""};
    const char *id = arena_strdup(c->arena, UUID_Z(eval_id));
    uint64_t index = 0;
    say("==> Monitoring evaluation \"%s\"", id_short(c, eval_id));
    for (;;) {
        struct evaluation *e;
        struct objs allocs;
        /* Blocks until the evaluation changes: no polling. */
        const char *path = index ? arena_printf(c->arena, "/v1/evaluation/%s?index=%llu&wait=5s",
                                                id, (unsigned long long)index)
                                 : arena_printf(c->arena, "/v1/evaluation/%s", id);
        if (api_get(c, &evaluation_schema, path, (void **)&e) || !e)
            return fail(c, "==> No evaluation with id \"%s\" found: %s", id, c->err.text);
        if (api_get_list(c, &alloc_stub_schema,
                         arena_printf(c->arena, "/v1/evaluation/%s/allocations", id), &allocs))
            return fail(c, "==> Error reading allocations: %s", c->err.text);
        index = e->modify_index;
        report(c, &seen, e, &allocs);
        fflush(stdout);
        if (eval_terminal(e) || e->status == EVAL_BLOCKED) {
            int code = finished(c, e);
            return code == 0 && !uuid_is_zero(&e->next_eval) ? monitor(c, &e->next_eval) : code;
        }
    }
}
