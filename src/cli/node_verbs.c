// SPDX-License-Identifier: Apache-2.0
/* node status, node eligibility. */
#include <errno.h>

#include "cli/verbs.h"

int node_list(struct cli *c)
{
    struct objs nodes;
    struct table t = {{0}};
    if (api_get_list(c, &node_stub_schema, "/v1/nodes", &nodes))
        return fail_api(c, "querying node status");
    if (nodes.n == 0)
        return 0;
    if (flag_on(c, "quiet")) {
        OBJS_FOR(struct node_stub, n, nodes)
        say("%s", id_short(c, &n->id));
        return 0;
    }
    bool verbose = flag_on(c, "verbose");
    table_row(&t, "ID|DC|Name|Class|%sDrain|Eligibility|Status", verbose ? "Address|Version|" : "");
    OBJS_FOR(struct node_stub, n, nodes)
    {
        const char *more =
            verbose ? arena_printf(c->arena, "%s|%s|", nonull(n->address), nonull(n->version)) : "";
        table_row(&t, "%s|%s|%s|%s|%s%s|%s|%s", id_short(c, &n->id), n->datacenter, n->name,
                  nonull(n->node_class), more, n->drain ? "true" : "false",
                  enum_text(&node_eligibility_texts, n->eligibility),
                  enum_text(&node_status_texts, n->status));
    }
    say("%s", table_format(c->arena, &t));
    return 0;
}

static const char *drivers_text(struct cli *c, const struct node *n)
{
    const char *out = "";
    for (size_t i = 0; i < n->drivers.n; i++) {
        const struct driver_info *d = n->drivers.items[i].value;
        if (d->detected && d->healthy)
            out = arena_printf(c->arena, "%s%s%s", out, *out ? "," : "", n->drivers.items[i].key);
    }
    return out;
}

static void print_basic(struct cli *c, const struct node *n)
{
    struct table t = {{0}};
    const char *uptime = smap_get(&n->attributes, "unique.uptime");
    table_row(&t, "ID|%s", UUID_Z(&n->id));
    table_row(&t, "Name|%s", n->name);
    table_row(&t, "Class|%s", nonull(n->node_class));
    table_row(&t, "DC|%s", n->datacenter);
    table_row(&t, "Drain|%s", n->drain ? "true" : "false");
    table_row(&t, "Eligibility|%s", enum_text(&node_eligibility_texts, n->eligibility));
    table_row(&t, "Status|%s", enum_text(&node_status_texts, n->status));
    if (uptime)
        table_row(&t, "Uptime|%s", uptime);
    table_row(&t, "Driver Status|%s", drivers_text(c, n));
    say("%s", kv_format(c->arena, &t));
}

static void print_events(struct cli *c, const struct node *n)
{
    struct table t = {{0}};
    say("%s", colorize(c, "\n[bold]Node Events[reset]"));
    table_row(&t, "Time|Subsystem|Message");
    for (size_t i = n->events.n; i-- > 0;) {
        const struct node_event *e = n->events.items[i];
        table_row(&t, "%s|%s|%s", time_text(c, e->timestamp), nonull(e->subsystem),
                  nonull(e->message));
    }
    say("%s", table_format(c->arena, &t));
}

static void print_allocated(struct cli *c, const struct node *n, const struct objs *allocs)
{
    struct capacity cap = node_capacity(n), used = {0};
    struct table t = {{0}};
    OBJS_FOR(struct allocation, a, *allocs)
    {
        if (!alloc_holds_resources(a))
            continue;
        struct capacity u = alloc_usage(a->resources);
        used.cpu += u.cpu;
        used.memory_mb += u.memory_mb;
        used.disk_mb += u.disk_mb;
    }
    say("%s", colorize(c, "\n[bold]Allocated Resources[reset]"));
    table_row(&t, "CPU|Memory|Disk");
    table_row(&t, "%lld/%lld MHz|%lld/%lld MiB|%lld/%lld MiB", (long long)used.cpu,
              (long long)cap.cpu, (long long)used.memory_mb, (long long)cap.memory_mb,
              (long long)used.disk_mb, (long long)cap.disk_mb);
    say("%s", table_format(c->arena, &t));
}

static void print_allocs(struct cli *c, const struct objs *allocs)
{
    struct table t = {{0}};
    say("%s", colorize(c, "\n[bold]Allocations[reset]"));
    if (allocs->n == 0) {
        say("No allocations placed");
        return;
    }
    table_row(&t, "ID|Node ID|Task Group|Version|Desired|Status|Created|Modified");
    OBJS_FOR(struct allocation, a, *allocs)
    table_row(&t, "%s|%s|%s|%llu|%s|%s|%s|%s", id_short(c, &a->id), id_short(c, &a->node_id),
              a->task_group, (unsigned long long)(a->job ? a->job->version : 0),
              enum_text(&alloc_desired_texts, a->desired_status),
              enum_text(&alloc_client_texts, a->client_status), time_ago(c, a->create_time),
              time_ago(c, a->modify_time));
    say("%s", table_format(c->arena, &t));
}

static void print_attributes(struct cli *c, const struct node *n)
{
    struct table t = {{0}};
    say("%s", colorize(c, "\n[bold]Attributes[reset]"));
    for (size_t i = 0; i < n->attributes.n; i++)
        table_row(&t, "%s|%s", n->attributes.items[i].key, nonull(n->attributes.items[i].value));
    say("%s", kv_format(c->arena, &t));
    if (!n->meta.n)
        return;
    say("%s", colorize(c, "\n[bold]Meta[reset]"));
    for (size_t i = 0; i < n->meta.n; i++)
        table_row(&t, "%s|%s", n->meta.items[i].key, nonull(n->meta.items[i].value));
    say("%s", kv_format(c->arena, &t));
}

int node_detail(struct cli *c, const char *prefix)
{
    struct node *n;
    struct objs allocs;
    int r = find_node(c, prefix, &n);
    if (r)
        return r;
    if (flag_on(c, "json")) {
        say("%s", print_json(c, &node_schema, n));
        return 0;
    }
    if (api_get_list(c, &allocation_schema,
                     arena_printf(c->arena, "/v1/node/%s/allocations", UUID_Z(&n->id)), &allocs))
        return fail_api(c, "querying node allocations");
    print_basic(c, n);
    if (!flag_on(c, "short")) {
        print_events(c, n);
        print_allocated(c, n, &allocs);
    }
    print_allocs(c, &allocs);
    if (flag_on(c, "verbose"))
        print_attributes(c, n);
    return 0;
}

/* The node of the agent that answers. */
static int self_prefix(struct cli *c, const char **ret)
{
    struct answer a = api_call(c, "GET", "/v1/agent/self", NULL);
    struct val v;
    int r = a.status == 200 ? val_from_json(c->arena, buf_str(&a.body), &v, &c->err) : -EIO;
    buf_free(&a.body);
    if (r < 0)
        return fail_api(c, "determining local node");
    const struct val *s = val_get(v, str_of("stats"));
    s = s ? val_get(*s, str_of("client")) : NULL;
    s = s ? val_get(*s, str_of("node_id")) : NULL;
    if (!s || s->type != VAL_STR)
        return fail(c, "the agent at %s is no client", c->address);
    *ret = s->s.p;
    return 0;
}

static int run_status(struct cli *c)
{
    const char *prefix = c->n_args ? c->args[0] : NULL;
    int r = flag_on(c, "self") ? self_prefix(c, &prefix) : 0;
    if (r)
        return r;
    return prefix ? node_detail(c, prefix) : node_list(c);
}

static const struct flag_def status_flags[] = {
    {"self", FLAG_BOOL, NULL, "The node of the agent that answers"},
    {"allocs", FLAG_BOOL, NULL, "Accepted for compatibility"},
    {"short", FLAG_BOOL, NULL, "Without events and resources"},
    {"quiet", FLAG_BOOL, NULL, "IDs only"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs and attributes"},
    {"stats", FLAG_BOOL, NULL, "Accepted for compatibility"},
    {"json", FLAG_BOOL, NULL, "As JSON"},
    {NULL},
};
const struct command cmd_node_status = {
    "node status", "[<node>]", "Display status information about nodes", NULL, status_flags, 0, 1,
    run_status};

static int run_eligibility(struct cli *c)
{
    const char *prefix = c->n_args ? c->args[0] : NULL;
    bool on = flag_on(c, "enable");
    struct node *n;
    if (on == flag_on(c, "disable"))
        return fail(c, "Either the '-enable' or '-disable' flag must be set");
    int r = flag_on(c, "self") ? self_prefix(c, &prefix) : 0;
    if (r)
        return r;
    if (!prefix)
        return fail(c, "Node ID must be specified if -self isn't being used");
    if ((r = find_node(c, prefix, &n)))
        return r;
    const char *body = arena_printf(c->arena, "{\"NodeID\":\"%s\",\"Eligibility\":\"%s\"}",
                                    UUID_Z(&n->id), on ? "eligible" : "ineligible");
    if (api_send(c, "PUT", arena_printf(c->arena, "/v1/node/%s/eligibility", UUID_Z(&n->id)), body,
                 NULL, NULL))
        return fail_api(c, "updating scheduling eligibility");
    say("Node \"%s\" scheduling eligibility set: %s", UUID_Z(&n->id),
        on ? "eligible for scheduling" : "ineligible for scheduling");
    return 0;
}

static const struct flag_def eligibility_flags[] = {
    {"enable", FLAG_BOOL, NULL, "Allocations may be placed here"},
    {"disable", FLAG_BOOL, NULL, "No new allocations here"},
    {"self", FLAG_BOOL, NULL, "The node of the agent that answers"},
    {NULL},
};
const struct command cmd_node_eligibility = {"node eligibility",
                                             "[<node>]",
                                             "Toggle scheduling eligibility for a given node",
                                             NULL,
                                             eligibility_flags,
                                             0,
                                             1,
                                             run_eligibility};
