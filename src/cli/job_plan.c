// SPDX-License-Identifier: Apache-2.0
/* job plan: what a registration would do. Exit 0 nothing, 1 allocations change, 255 error. */
#include "cli/verbs.h"
#include "model/diff.h"

enum { PLAN_ERROR = 255 };

static const char *dry_run_text(struct cli *c, const struct job_plan_reply *p)
{
    const char *out;
    if (p->failed_tg_allocs.n == 0)
        return "[bold][green]- All tasks successfully allocated.[reset]";
    out = "[bold][yellow]- WARNING: Failed to place all allocations.[reset]";
    for (size_t i = 0; i < p->failed_tg_allocs.n; i++) {
        const struct alloc_metric *m = p->failed_tg_allocs.items[i].value;
        out = arena_printf(c->arena,
                           "%s\n  [yellow]Task Group \"%s\" (failed to place %lld allocation%s):\n"
                           "%s[reset]\n",
                           out, p->failed_tg_allocs.items[i].key,
                           (long long)m->coalesced_failures + 1, m->coalesced_failures ? "s" : "",
                           alloc_metrics_text(c, m, false, "    "));
    }
    return out;
}

static int exit_code(const struct job_plan_reply *p)
{
    if (!p->annotations)
        return 0;
    for (size_t i = 0; i < p->annotations->desired_tg_updates.n; i++) {
        const struct desired_updates *d = p->annotations->desired_tg_updates.items[i].value;
        if (d->stop + d->place + d->migrate + d->destructive + d->canary > 0)
            return 1;
    }
    return 0;
}

static int run_plan(struct cli *c)
{
    struct job *j;
    struct job_plan_reply *p;
    const char *diff_flag = flag_text(c, "diff");
    bool diff = !diff_flag || flag_on(c, "diff");
    if (read_job(c, c->args[0], &j) < 0) {
        fail(c, "Error getting job struct: %s", c->err.text);
        return PLAN_ERROR;
    }
    if (!isempty(j->ns) && !streq(j->ns, "default"))
        c->ns = j->ns;
    const char *path = arena_printf(c->arena, "/v1/job/%s/plan", url_escape(c, j->id));
    if (api_send(c, "PUT", path, job_body(c, j, diff ? ",\"Diff\":true" : ""),
                 &job_plan_reply_schema, (void **)&p) ||
        !p) {
        fail_api(c, "during plan");
        return PLAN_ERROR;
    }
    if (diff && p->diff)
        say("%s\n", colorize(c, plan_diff_text(c->arena, p->diff, flag_on(c, "verbose"))));
    say("%s", colorize(c, "[bold]Scheduler dry-run:[reset]"));
    say("%s\n", colorize(c, dry_run_text(c, p)));
    if (!isempty(p->warnings))
        say("%s", colorize(c, arena_printf(c->arena, "[bold][yellow]Job Warnings:\n%s[reset]\n",
                                           p->warnings)));
    say("%s", colorize(c, arena_printf(c->arena, "[reset][bold]Job Modify Index: %llu[reset]",
                                       (unsigned long long)p->job_modify_index)));
    say("To submit the job with version verification run:\n\nnomad job run -check-index %llu "
        "%s%s\n",
        (unsigned long long)p->job_modify_index, flag_on(c, "verbose") ? "-verbose " : "",
        c->args[0]);
    say("When running the job with the check-index flag, the job will only be run if the\n"
        "job modify index given matches the server-side version. If the index has\n"
        "changed, another user has modified the job and the plan's results are\n"
        "potentially invalid.");
    return exit_code(p);
}

static const struct flag_def plan_flags[] = {
    {"diff", FLAG_BOOL, NULL, "Show the difference to the running job (default true)"},
    {"verbose", FLAG_BOOL, NULL, "Everything of what is added or removed"},
    {"json", FLAG_BOOL, NULL, "The file is JSON (also found out by itself)"},
    {"var", FLAG_LIST, "<key=value>", "Value of a variable; may be repeated"},
    {"var-file", FLAG_LIST, "<path>", "File of variables; may be repeated"},
    {"hcl2-strict", FLAG_BOOL, NULL, "Accepted for compatibility; always strict"},
    {"policy-override", FLAG_BOOL, NULL, "Accepted for compatibility"},
    {NULL},
};
const struct command cmd_job_plan = {
    "job plan", "<path>", "Dry-run a job update to determine its effects", NULL, plan_flags, 1,
    1,          run_plan};
