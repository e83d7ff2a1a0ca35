// SPDX-License-Identifier: Apache-2.0
/* Objects by the beginning of their ID. */
#include <errno.h>

#include "cli/internal.h"

static int check_prefix(struct cli *c, const char *prefix)
{
    if (strlen(prefix) == 1)
        return fail(c, "Identifier must contain at least two characters.");
    return 0;
}

int find_job(struct cli *c, const char *prefix, struct job **ret)
{
    struct objs jobs;
    struct table t = {{0}};
    const char *path = arena_printf(c->arena, "/v1/jobs?prefix=%s", url_escape(c, prefix));
    if (api_get_list(c, &job_stub_schema, path, &jobs))
        return fail_api(c, "querying job");
    if (jobs.n == 0)
        return fail(c, "No job(s) with prefix or id \"%s\" found", prefix);
    struct job_stub *only = jobs.items[0];
    if (jobs.n > 1 && !streq(only->id, prefix)) {
        table_row(&t, "ID|Type|Priority|Status|Submit Date");
        OBJS_FOR(struct job_stub, j, jobs)
        table_row(&t, "%s|%s|%lld|%s|%s", j->id, enum_text(&job_type_texts, j->type),
                  (long long)j->priority, enum_text(&job_status_texts, j->status),
                  time_text(c, j->submit_time));
        return fail(c, "Prefix matched multiple jobs\n\n%s", table_format(c->arena, &t));
    }
    path = arena_printf(c->arena, "/v1/job/%s?namespace=%s", url_escape(c, only->id),
                        url_escape(c, only->ns));
    if (api_get(c, &job_schema, path, (void **)ret) || !*ret)
        return fail_api(c, "querying job");
    return 0;
}

int find_alloc(struct cli *c, const char *prefix, struct allocation **ret)
{
    struct objs list;
    int r = check_prefix(c, prefix);
    if (r)
        return r;
    const char *path = arena_printf(c->arena, "/v1/allocations?prefix=%s", url_escape(c, prefix));
    if (api_get_list(c, &alloc_stub_schema, path, &list))
        return fail_api(c, "querying allocation");
    if (list.n == 0)
        return fail(c, "No allocation(s) with prefix or id \"%s\" found", prefix);
    if (list.n > 1)
        return fail(c, "Prefix matched multiple allocations\n\n%s", alloc_table(c, &list));
    struct alloc_stub *only = list.items[0];
    path = arena_printf(c->arena, "/v1/allocation/%s", UUID_Z(&only->id));
    if (api_get(c, &allocation_schema, path, (void **)ret) || !*ret)
        return fail_api(c, "querying allocation");
    return 0;
}

int find_eval(struct cli *c, const char *prefix, struct evaluation **ret)
{
    struct objs list;
    struct table t = {{0}};
    int r = check_prefix(c, prefix);
    if (r)
        return r;
    const char *path = arena_printf(c->arena, "/v1/evaluations?prefix=%s", url_escape(c, prefix));
    if (api_get_list(c, &evaluation_schema, path, &list))
        return fail_api(c, "querying evaluation");
    if (list.n == 0)
        return fail(c, "No evaluation(s) with prefix or id \"%s\" found", prefix);
    if (list.n > 1) {
        table_row(&t, "ID|Priority|Triggered By|Status|Placement Failures");
        OBJS_FOR(struct evaluation, e, list)
        table_row(&t, "%s|%lld|%s|%s|%s", id_short(c, &e->id), (long long)e->priority,
                  e->triggered_by, enum_text(&eval_status_texts, e->status),
                  e->failed_tg_allocs.n ? "true" : "false");
        return fail(c, "Prefix matched multiple evaluations\n\n%s", table_format(c->arena, &t));
    }
    *ret = list.items[0];
    return 0;
}

int find_node(struct cli *c, const char *prefix, struct node **ret)
{
    struct objs list;
    struct table t = {{0}};
    int r = check_prefix(c, prefix);
    if (r)
        return r;
    const char *path = arena_printf(c->arena, "/v1/nodes?prefix=%s", url_escape(c, prefix));
    if (api_get_list(c, &node_stub_schema, path, &list))
        return fail_api(c, "querying node info");
    if (list.n == 0)
        return fail(c, "No node(s) with prefix \"%s\" found", prefix);
    if (list.n > 1) {
        table_row(&t, "ID|DC|Name|Class|Drain|Eligibility|Status");
        OBJS_FOR(struct node_stub, n, list)
        table_row(&t, "%s|%s|%s|%s|%s|%s|%s", id_short(c, &n->id), n->datacenter, n->name,
                  nonull(n->node_class), n->drain ? "true" : "false",
                  enum_text(&node_eligibility_texts, n->eligibility),
                  enum_text(&node_status_texts, n->status));
        return fail(c, "Prefix matched multiple nodes\n\n%s", table_format(c->arena, &t));
    }
    struct node_stub *only = list.items[0];
    path = arena_printf(c->arena, "/v1/node/%s", UUID_Z(&only->id));
    if (api_get(c, &node_schema, path, (void **)ret) || !*ret)
        return fail_api(c, "querying node info");
    return 0;
}
