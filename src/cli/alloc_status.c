// SPDX-License-Identifier: Apache-2.0
/* alloc status. */
#include "cli/verbs.h"

static void print_basic(struct cli *c, const struct allocation *a)
{
    struct table t = {{0}};
    bool verbose = flag_on(c, "verbose");
    table_row(&t, "ID|%s", UUID_Z(&a->id));
    if (flag_on(c, "short")) {
        table_row(&t, "Name|%s", a->name);
    } else {
        table_row(&t, "Eval ID|%s", id_short(c, &a->eval_id));
        table_row(&t, "Name|%s", a->name);
        table_row(&t, "Node ID|%s", id_short(c, &a->node_id));
        table_row(&t, "Node Name|%s", nonull(a->node_name));
        table_row(&t, "Job ID|%s", a->job_id);
        table_row(&t, "Job Version|%llu", (unsigned long long)(a->job ? a->job->version : 0));
        table_row(&t, "Client Status|%s", enum_text(&alloc_client_texts, a->client_status));
        table_row(&t, "Client Description|%s", nonull(a->client_description));
        table_row(&t, "Desired Status|%s", enum_text(&alloc_desired_texts, a->desired_status));
        table_row(&t, "Desired Description|%s", nonull(a->desired_description));
    }
    table_row(&t, "Created|%s",
              verbose ? time_text(c, a->create_time) : time_ago(c, a->create_time));
    table_row(&t, "Modified|%s",
              verbose ? time_text(c, a->modify_time) : time_ago(c, a->modify_time));
    if (!uuid_is_zero(&a->next_allocation))
        table_row(&t, "Replacement Alloc ID|%s", id_short(c, &a->next_allocation));
    if (verbose && a->metrics) {
        table_row(&t, "Evaluated Nodes|%lld", (long long)a->metrics->nodes_evaluated);
        table_row(&t, "Filtered Nodes|%lld", (long long)a->metrics->nodes_filtered);
        table_row(&t, "Exhausted Nodes|%lld", (long long)a->metrics->nodes_exhausted);
        table_row(&t, "Failures|%lld", (long long)a->metrics->coalesced_failures);
    }
    say("%s", kv_format(c->arena, &t));
}

static void print_ports(struct cli *c, const struct allocation *a)
{
    const struct allocated_shared *s = a->resources ? a->resources->shared : NULL;
    struct table t = {{0}};
    if (!s || s->ports.n == 0)
        return;
    table_row(&t, "Label|Dynamic|Address");
    OBJS_FOR(struct port_mapping, p, s->ports)
    table_row(&t, "*%s|yes|%s:%lld", p->label, nonull(p->host_ip), (long long)p->value);
    say("\nAllocation Addresses\n%s", table_format(c->arena, &t));
}

/* "12 MiB" etc. from a statistics answer; NULL when there is none. */
static const struct val *task_usage(struct val stats, const char *task, const char *part)
{
    const struct val *v = val_get(stats, str_of("Tasks"));
    v = v ? val_get(*v, str_of(task)) : NULL;
    v = v ? val_get(*v, str_of("ResourceUsage")) : NULL;
    return v ? val_get(*v, str_of(part)) : NULL;
}

static double number_of(const struct val *v, const char *key)
{
    const struct val *n = v ? val_get(*v, str_of(key)) : NULL;
    return n && val_is_number(*n) ? val_as_double(*n) : 0;
}

static const char *bytes_text(struct arena *a, double n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t u = 0;
    for (; n >= 1024 && u + 1 < ARRAY_LEN(units); u++)
        n /= 1024;
    return arena_printf(a, n < 10 && u ? "%.1f %s" : "%.0f %s", n, units[u]);
}

static void print_resources(struct cli *c, const struct allocation *a, const char *task,
                            struct val stats)
{
    const struct allocated_task *r = a->resources ? omap_get(&a->resources->tasks, task) : NULL;
    const struct val *cpu = task_usage(stats, task, "CpuStats");
    const struct val *mem = task_usage(stats, task, "MemoryStats");
    struct table t = {{0}};
    if (!r)
        return;
    long long mhz = r->cpu ? r->cpu->shares : 0, mb = r->memory ? r->memory->mb : 0;
    double used = MAX(number_of(mem, "Usage"), number_of(mem, "RSS"));
    say("Task Resources");
    table_row(&t, "CPU|Memory|Disk|Addresses");
    table_row(&t, "%s%lld MHz|%s%lld MiB|%lld MiB|",
              cpu ? arena_printf(c->arena, "%.0f/", number_of(cpu, "TotalTicks")) : "", mhz,
              mem ? arena_printf(c->arena, "%s/", bytes_text(c->arena, used)) : "", mb,
              (long long)(a->resources->shared ? a->resources->shared->disk_mb : 0));
    char *text = (char *)table_format(c->arena, &t);
    char *none = strstr(text, "<none>");
    if (none)
        *none = '\0';
    say("%s", text);
    if (flag_on(c, "stats") && mem)
        say("\nMemory Stats\n%s", arena_printf(c->arena, "Usage  Max Usage\n%-5s  %s",
                                               bytes_text(c->arena, number_of(mem, "Usage")),
                                               bytes_text(c->arena, number_of(mem, "MaxUsage"))));
}

static void print_events(struct cli *c, const struct task_state *s)
{
    struct table kv = {{0}}, t = {{0}};
    say("\nTask Events:");
    table_row(&kv, "Started At|%s", time_text(c, s->started_at));
    table_row(&kv, "Finished At|%s", time_text(c, s->finished_at));
    table_row(&kv, "Total Restarts|%lld", (long long)s->restarts);
    table_row(&kv, "Last Restart|%s", time_text(c, s->last_restart));
    say("%s\n\nRecent Events:", kv_format(c->arena, &kv));
    table_row(&t, "Time|Type|Description");
    for (size_t i = s->events.n; i-- > 0;) {
        const struct task_event *e = s->events.items[i];
        table_row(&t, "%s|%s|%s", time_text(c, e->time), e->type,
                  isempty(e->display_message) ? nonull(e->message) : e->display_message);
    }
    say("%s", table_format(c->arena, &t));
}

static struct val read_stats(struct cli *c, const struct allocation *a)
{
    struct val v = val_null();
    struct answer ans = api_call(
        c, "GET", arena_printf(c->arena, "/v1/client/allocation/%s/stats", UUID_Z(&a->id)), NULL);
    if (ans.status == 200)
        (void)val_from_json(c->arena, buf_str(&ans.body), &v, &c->err);
    buf_free(&ans.body);
    return v;
}

int alloc_detail(struct cli *c, const char *prefix)
{
    struct allocation *a;
    int r = find_alloc(c, prefix, &a);
    if (r)
        return r;
    if (flag_on(c, "json")) {
        say("%s", print_json(c, &allocation_schema, a));
        return 0;
    }
    print_basic(c, a);
    if (flag_on(c, "short")) {
        struct table t = {{0}};
        say("%s", colorize(c, "\n[bold]Tasks[reset]"));
        table_row(&t, "Name|State|Last Event|Time|Lifecycle");
        for (size_t i = 0; i < a->task_states.n; i++) {
            const struct task_state *s = a->task_states.items[i].value;
            const struct task_event *e = s->events.n ? s->events.items[s->events.n - 1] : NULL;
            table_row(&t, "%s|%s|%s|%s|main", a->task_states.items[i].key,
                      enum_text(&task_run_state_texts, s->state), e ? e->type : "",
                      e ? time_text(c, e->time) : "");
        }
        say("%s", table_format(c->arena, &t));
        return 0;
    }
    print_ports(c, a);
    struct val stats = a->client_status == ALLOC_RUNNING ? read_stats(c, a) : val_null();
    for (size_t i = 0; i < a->task_states.n; i++) {
        const struct task_state *s = a->task_states.items[i].value;
        say("%s", colorize(c, arena_printf(c->arena, "\n[bold]Task \"%s\" is \"%s\"[reset]",
                                           a->task_states.items[i].key,
                                           enum_text(&task_run_state_texts, s->state))));
        print_resources(c, a, a->task_states.items[i].key, stats);
        print_events(c, s);
    }
    if (flag_on(c, "verbose") && a->metrics) {
        say("%s", colorize(c, "\n[bold]Placement Metrics[reset]"));
        say("%s", alloc_metrics_text(c, a->metrics, true, "  "));
    }
    return 0;
}

static int run_status(struct cli *c)
{
    return alloc_detail(c, c->args[0]);
}

static const struct flag_def status_flags[] = {
    {"short", FLAG_BOOL, NULL, "Only the most recent event of each task"},
    {"stats", FLAG_BOOL, NULL, "Detailed resource usage"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs, exact times, placement metrics"},
    {"json", FLAG_BOOL, NULL, "As JSON"},
    {NULL},
};
const struct command cmd_alloc_status = {"alloc status",
                                         "<allocation>",
                                         "Display allocation status information and metadata",
                                         NULL,
                                         status_flags,
                                         1,
                                         1,
                                         run_status};
