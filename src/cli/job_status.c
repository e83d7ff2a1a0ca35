// SPDX-License-Identifier: Apache-2.0
/* job status. */
#include "cli/verbs.h"

static const char *status_text(const struct cli *c, int32_t status, bool stop)
{
    const char *z = enum_text(&job_status_texts, status);
    return stop ? arena_printf(c->arena, "%s (stopped)", z) : z;
}

int job_list(struct cli *c)
{
    struct objs jobs;
    struct table t = {{0}};
    if (api_get_list(c, &job_stub_schema, "/v1/jobs", &jobs))
        return fail_api(c, "querying jobs");
    if (jobs.n == 0) {
        say("No running jobs");
        return 0;
    }
    bool all = streq(c->ns, "*");
    table_row(&t, all ? "ID|Namespace|Type|Priority|Status|Submit Date"
                      : "ID|Type|Priority|Status|Submit Date");
    OBJS_FOR(struct job_stub, j, jobs)
    table_row(&t, "%s%s%s|%s|%lld|%s|%s", j->id, all ? "|" : "", all ? j->ns : "",
              enum_text(&job_type_texts, j->type), (long long)j->priority,
              status_text(c, j->status, j->stop), time_text(c, j->submit_time));
    say("%s", table_format(c->arena, &t));
    return 0;
}

static const char *joined(struct cli *c, const struct strs *l)
{
    const char *out = "";
    for (size_t i = 0; i < l->n; i++)
        out = arena_printf(c->arena, "%s%s%s", out, i ? "," : "", l->items[i]);
    return out;
}

static void print_basic(struct cli *c, const struct job *j)
{
    struct table t = {{0}};
    table_row(&t, "ID|%s", j->id);
    table_row(&t, "Name|%s", j->name);
    table_row(&t, "Submit Date|%s", time_text(c, j->submit_time));
    table_row(&t, "Type|%s", enum_text(&job_type_texts, j->type));
    table_row(&t, "Priority|%lld", (long long)j->priority);
    table_row(&t, "Datacenters|%s", joined(c, &j->datacenters));
    table_row(&t, "Namespace|%s", j->ns);
    table_row(&t, "Status|%s", status_text(c, j->status, j->stop));
    table_row(&t, "Periodic|%s", j->periodic ? "true" : "false");
    table_row(&t, "Parameterized|%s", j->parameterized ? "true" : "false");
    say("%s", kv_format(c->arena, &t));
}

static int print_summary(struct cli *c, const char *job_path)
{
    struct job_summary *s;
    struct table t = {{0}};
    if (api_get(c, &job_summary_schema, arena_printf(c->arena, "%s/summary", job_path),
                (void **)&s))
        return fail_api(c, "querying job summary");
    if (!s)
        return 0;
    say("%s", colorize(c, "\n[bold]Summary[reset]"));
    table_row(&t, "Task Group|Queued|Starting|Running|Failed|Complete|Lost");
    for (size_t i = 0; i < s->summary.n; i++) {
        const struct group_summary *g = s->summary.items[i].value;
        table_row(&t, "%s|%lld|%lld|%lld|%lld|%lld|%lld", s->summary.items[i].key,
                  (long long)g->queued, (long long)g->starting, (long long)g->running,
                  (long long)g->failed, (long long)g->complete, (long long)g->lost);
    }
    say("%s", table_format(c->arena, &t));
    return 0;
}

static const char *failures_text(const struct evaluation *e)
{
    if (e->status == EVAL_BLOCKED)
        return "N/A - In Progress";
    return e->failed_tg_allocs.n ? "true" : "false";
}

static void print_evals(struct cli *c, const struct objs *evals)
{
    struct table t = {{0}};
    say("%s", colorize(c, "\n[bold]Evaluations[reset]"));
    table_row(&t, "ID|Priority|Triggered By|Status|Placement Failures");
    OBJS_FOR(struct evaluation, e, *evals)
    table_row(&t, "%s|%lld|%s|%s|%s", id_short(c, &e->id), (long long)e->priority, e->triggered_by,
              enum_text(&eval_status_texts, e->status), failures_text(e));
    say("%s", table_format(c->arena, &t));
}

/* Of the newest evaluation that failed, as long as something waits. */
static void print_failures(struct cli *c, const struct objs *evals)
{
    const struct evaluation *latest = NULL;
    bool blocked = false;
    OBJS_FOR(struct evaluation, e, *evals)
    {
        blocked |= e->status == EVAL_BLOCKED;
        if (e->failed_tg_allocs.n && (!latest || latest->modify_index < e->modify_index))
            latest = e;
    }
    if (!blocked || !latest)
        return;
    say("%s", colorize(c, "\n[bold]Placement Failure[reset]"));
    for (size_t i = 0; i < latest->failed_tg_allocs.n; i++)
        say("Task Group \"%s\":\n%s", latest->failed_tg_allocs.items[i].key,
            alloc_metrics_text(c, latest->failed_tg_allocs.items[i].value, false, "  "));
}

int job_detail(struct cli *c, const char *prefix)
{
    struct job *j;
    struct objs evals, allocs;
    int r = find_job(c, prefix, &j);
    if (r)
        return r;
    if (flag_on(c, "json")) {
        say("%s", print_json(c, &job_schema, j));
        return 0;
    }
    c->ns = j->ns;
    print_basic(c, j);
    if (flag_on(c, "short"))
        return 0;
    const char *path = arena_printf(c->arena, "/v1/job/%s", url_escape(c, j->id));
    if ((r = print_summary(c, path)))
        return r;
    if (api_get_list(c, &evaluation_schema, arena_printf(c->arena, "%s/evaluations", path), &evals))
        return fail_api(c, "querying job evaluations");
    if (flag_on(c, "evals") || flag_on(c, "verbose"))
        print_evals(c, &evals);
    print_failures(c, &evals);
    if (api_get_list(c, &alloc_stub_schema,
                     arena_printf(c->arena, "%s/allocations%s", path,
                                  flag_on(c, "all-allocs") ? "?all=true" : ""),
                     &allocs))
        return fail_api(c, "querying job allocations");
    say("%s", colorize(c, "\n[bold]Allocations[reset]"));
    say("%s", alloc_table(c, &allocs));
    return 0;
}

static int run_status(struct cli *c)
{
    return c->n_args ? job_detail(c, c->args[0]) : job_list(c);
}

static const struct flag_def status_flags[] = {
    {"short", FLAG_BOOL, NULL, "Only the basic information"},
    {"evals", FLAG_BOOL, NULL, "The job's evaluations too"},
    {"all-allocs", FLAG_BOOL, NULL, "Also those of a purged job of the same name"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs and exact times"},
    {"json", FLAG_BOOL, NULL, "As JSON"},
    {NULL},
};
const struct command cmd_job_status = {
    "job status", "[<job>]", "Display status information about a job", NULL, status_flags, 0, 1,
    run_status};
