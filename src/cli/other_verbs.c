// SPDX-License-Identifier: Apache-2.0
/* eval status, server members, agent-info, status, version. */
#include <errno.h>

#include "agent/version.h"
#include "cli/verbs.h"

/* ---- eval status ---- */

int eval_detail(struct cli *c, const char *prefix)
{
    struct evaluation *e;
    struct table t = {{0}};
    int r = find_eval(c, prefix, &e);
    if (r)
        return r;
    if (flag_on(c, "json")) {
        say("%s", print_json(c, &evaluation_schema, e));
        return 0;
    }
    if (flag_on(c, "monitor"))
        return monitor(c, &e->id);
    bool verbose = flag_on(c, "verbose");
    table_row(&t, "ID|%s", id_short(c, &e->id));
    table_row(&t, "Create Time|%s",
              verbose ? time_text(c, e->create_time) : time_ago(c, e->create_time));
    table_row(&t, "Modify Time|%s",
              verbose ? time_text(c, e->modify_time) : time_ago(c, e->modify_time));
    table_row(&t, "Status|%s", enum_text(&eval_status_texts, e->status));
    table_row(&t, "Status Description|%s",
              isempty(e->status_description) ? enum_text(&eval_status_texts, e->status)
                                             : e->status_description);
    table_row(&t, "Type|%s", enum_text(&job_type_texts, e->type));
    table_row(&t, "TriggeredBy|%s", nonull(e->triggered_by));
    table_row(&t, "Job ID|%s", nonull(e->job_id));
    table_row(&t, "Priority|%lld", (long long)e->priority);
    table_row(&t, "Placement Failures|%s",
              e->status == EVAL_BLOCKED ? "N/A - In Progress"
              : e->failed_tg_allocs.n   ? "true"
                                        : "false");
    if (!uuid_is_zero(&e->node_id))
        table_row(&t, "Node ID|%s", id_short(c, &e->node_id));
    if (!uuid_is_zero(&e->previous_eval))
        table_row(&t, "Previous Eval|%s", id_short(c, &e->previous_eval));
    if (!uuid_is_zero(&e->next_eval))
        table_row(&t, "Next Eval|%s", id_short(c, &e->next_eval));
    if (!uuid_is_zero(&e->blocked_eval))
        table_row(&t, "Blocked Eval|%s", id_short(c, &e->blocked_eval));
    say("%s", kv_format(c->arena, &t));
    if (e->failed_tg_allocs.n)
        say("%s", colorize(c, "\n[bold]Failed Placements[reset]"));
    for (size_t i = 0; i < e->failed_tg_allocs.n; i++) {
        const struct alloc_metric *m = e->failed_tg_allocs.items[i].value;
        say("Task Group \"%s\" (failed to place %lld allocation%s):\n%s\n",
            e->failed_tg_allocs.items[i].key, (long long)m->coalesced_failures + 1,
            m->coalesced_failures ? "s" : "", alloc_metrics_text(c, m, false, "  "));
    }
    return 0;
}

static int run_eval(struct cli *c)
{
    return eval_detail(c, c->args[0]);
}

static const struct flag_def eval_flags[] = {
    {"monitor", FLAG_BOOL, NULL, "Follow an outstanding evaluation"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs and exact times"},
    {"json", FLAG_BOOL, NULL, "As JSON"},
    {NULL},
};
const struct command cmd_eval_status = {"eval status",
                                        "<evaluation>",
                                        "Display evaluation status and placement failure reasons",
                                        NULL,
                                        eval_flags,
                                        1,
                                        1,
                                        run_eval};

/* ---- server members ---- */

static const char *tag(const struct member *m, const char *key)
{
    const char *v = smap_get(&m->tags, key);
    return v ? v : "";
}

static int run_members(struct cli *c)
{
    struct members_reply *reply;
    struct table t = {{0}};
    if (api_get(c, &members_reply_schema, "/v1/agent/members", (void **)&reply) || !reply)
        return fail_api(c, "querying servers");
    struct answer leader = api_call(c, "GET", "/v1/status/leader", NULL);
    bool detailed = flag_on(c, "detailed");
    table_row(&t, "%s",
              detailed ? "Name|Address|Port|Tags"
                       : "Name|Address|Port|Status|Leader|Protocol|Build|Datacenter|Region");
    OBJS_FOR(struct member, m, reply->members)
    {
        const char *rpc = arena_printf(c->arena, "%s:%s", m->addr, tag(m, "port"));
        const char *tags = "";
        for (size_t i = 0; i < m->tags.n; i++)
            tags = arena_printf(c->arena, "%s%s%s=%s", tags, i ? "," : "", m->tags.items[i].key,
                                m->tags.items[i].value);
        if (detailed)
            table_row(&t, "%s|%s|%lld|%s", m->name, m->addr, (long long)m->port, tags);
        else
            table_row(&t, "%s|%s|%lld|%s|%s|%lld|%s|%s|%s", m->name, m->addr, (long long)m->port,
                      m->status,
                      leader.status == 200 && strstr(nonull(leader.body.p), rpc) ? "true" : "false",
                      (long long)m->protocol_cur, tag(m, "build"), tag(m, "dc"), tag(m, "region"));
    }
    buf_free(&leader.body);
    say("%s", table_format(c->arena, &t));
    return 0;
}

static const struct flag_def members_flags[] = {
    {"detailed", FLAG_BOOL, NULL, "All tags"},
    {NULL},
};
const struct command cmd_server_members = {"server members",
                                           "",
                                           "Display a list of known servers and their status",
                                           NULL,
                                           members_flags,
                                           0,
                                           0,
                                           run_members};

/* ---- agent-info ---- */

static int run_info(struct cli *c)
{
    struct answer a = api_call(c, "GET", "/v1/agent/self", NULL);
    struct val self;
    int r = a.status == 200 ? val_from_json(c->arena, buf_str(&a.body), &self, &c->err) : -EIO;
    buf_free(&a.body);
    if (r < 0)
        return fail_api(c, "querying agent info");
    const struct val *stats = val_get(self, str_of("stats"));
    for (size_t i = 0; stats && stats->type == VAL_MAP && i < stats->map.n; i++) {
        struct val section = stats->map.entries[i].value;
        say("%s", stats->map.entries[i].key.p);
        for (size_t k = 0; section.type == VAL_MAP && k < section.map.n; k++)
            say("  %s = %s", section.map.entries[k].key.p,
                section.map.entries[k].value.type == VAL_STR ? section.map.entries[k].value.s.p
                                                             : "");
    }
    return 0;
}

static const struct flag_def no_flags[] = {{NULL}};
const struct command cmd_agent_info = {
    "agent-info", "", "Display status information about the local agent", NULL, no_flags, 0, 0,
    run_info};

/* ---- status: whatever the prefix is ---- */

static const struct {
    const char *context, *word;
    int (*show)(struct cli *c, const char *prefix);
} kinds[] = {
    {"jobs", "job", job_detail},
    {"allocs", "alloc", alloc_detail},
    {"nodes", "node", node_detail},
    {"evals", "eval", eval_detail},
};

static int run_status(struct cli *c)
{
    struct search_reply *found;
    size_t hits = 0, which = 0;
    struct buf body = {0};
    if (c->n_args == 0)
        return job_list(c);
    const char *prefix = c->args[c->n_args - 1];
    for (size_t i = 0; c->n_args == 2 && i < ARRAY_LEN(kinds); i++)
        if (streq(c->args[0], kinds[i].word))
            return kinds[i].show(c, prefix);
    buf_addz(&body, "{\"Prefix\":");
    val_to_json(val_str(str_of(prefix)), &body, 0);
    buf_addz(&body, ",\"Context\":\"all\"}");
    int r = api_send(c, "PUT", "/v1/search", body.p, &search_reply_schema, (void **)&found);
    buf_free(&body);
    if (r || !found)
        return fail_api(c, "querying search with id");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct val *l = val_get(found->matches, str_of(kinds[i].context));
        if (!l || l->type != VAL_LIST || l->list.n == 0)
            continue;
        /* A job of exactly this name is meant, whatever else begins like it. */
        for (size_t k = 0; k < l->list.n; k++)
            if (l->list.items[k].type == VAL_STR && str_eqz(l->list.items[k].s, prefix))
                return kinds[i].show(c, prefix);
        hits++;
        which = i;
    }
    if (hits == 0)
        return fail(c, "Unable to resolve ID: \"%s\"", prefix);
    if (hits == 1)
        return kinds[which].show(c, prefix);
    say("%s", colorize(c, "[bold]Multiple matches found for id[reset]"));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct val *l = val_get(found->matches, str_of(kinds[i].context));
        for (size_t k = 0; l && l->type == VAL_LIST && k < l->list.n; k++)
            say("%s %s", kinds[i].word, l->list.items[k].s.p);
    }
    return 1;
}

static const struct flag_def status_flags[] = {
    {"short", FLAG_BOOL, NULL, "Only the basic information"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs and exact times"},
    {"evals", FLAG_BOOL, NULL, "A job's evaluations too"},
    {"all-allocs", FLAG_BOOL, NULL, "Also allocations of a purged job of the same name"},
    {"stats", FLAG_BOOL, NULL, "Resource usage"},
    {"json", FLAG_BOOL, NULL, "As JSON"},
    {NULL},
};
const struct command cmd_status = {"status",
                                   "[job|alloc|node|eval] [<identifier>]",
                                   "Display the status output for a resource",
                                   NULL,
                                   status_flags,
                                   0,
                                   2,
                                   run_status};

/* ---- version ---- */

static int run_version(struct cli *c)
{
    say("Nomad v%s", NOMAD_VERSION);
    return 0;
}

const struct command cmd_version = {
    "version", "", "Prints the Nomad version", NULL, no_flags, 0, 0, run_version};
