// SPDX-License-Identifier: Apache-2.0
/* Why something was placed where it is, or not at all; and lists of allocations. */
#include "cli/internal.h"

static void add_counts(struct buf *b, const struct imap *m, const char *prefix, const char *what,
                       const char *tail)
{
    for (size_t i = 0; i < m->n; i++)
        buf_printf(b, "%s* %s \"%s\"%s %lld nodes%s\n", prefix, what, m->items[i].key,
                   tail[0] == ':' ? ":" : " exhausted on", (long long)m->items[i].value,
                   tail[0] == ':' ? " excluded by filter" : "");
}

static const char *scores_table(struct cli *c, const struct alloc_metric *m)
{
    struct table t = {{0}};
    struct smap names = {0};
    struct buf row = {0};
    OBJS_FOR(struct node_score, s, m->score_meta)
    for (size_t i = 0; i < s->scores.n; i++)
        smap_set(c->arena, &names, s->scores.items[i].key, "");
    buf_addz(&row, "Node");
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&row, "|%s", names.items[i].key);
    table_row(&t, "%s|final score", row.p);
    OBJS_FOR(struct node_score, s, m->score_meta)
    {
        buf_reset(&row);
        buf_addz(&row, id_short(c, &s->node_id));
        for (size_t i = 0; i < names.n; i++) {
            double v = 0;
            for (size_t k = 0; k < s->scores.n; k++)
                if (streq(s->scores.items[k].key, names.items[i].key))
                    v = s->scores.items[k].value;
            buf_printf(&row, "|%.3g", v);
        }
        table_row(&t, "%s|%.3g", row.p, s->norm_score);
    }
    buf_free(&row);
    return table_format(c->arena, &t);
}

const char *alloc_metrics_text(struct cli *c, const struct alloc_metric *m, bool scores,
                               const char *prefix)
{
    struct buf b = {0};
    if (m->nodes_evaluated == 0)
        buf_printf(&b, "%s* No nodes were eligible for evaluation\n", prefix);
    for (size_t i = 0; i < m->nodes_available.n; i++)
        if (m->nodes_available.items[i].value == 0)
            buf_printf(&b, "%s* No nodes are available in datacenter \"%s\"\n", prefix,
                       m->nodes_available.items[i].key);
    add_counts(&b, &m->class_filtered, prefix, "Class", ":");
    add_counts(&b, &m->constraint_filtered, prefix, "Constraint", ":");
    if (m->nodes_exhausted)
        buf_printf(&b, "%s* Resources exhausted on %lld nodes\n", prefix,
                   (long long)m->nodes_exhausted);
    add_counts(&b, &m->class_exhausted, prefix, "Class", "x");
    add_counts(&b, &m->dimension_exhausted, prefix, "Dimension", "x");
    if (scores && m->score_meta.n)
        buf_addz(&b, scores_table(c, m));
    while (b.n && b.p[b.n - 1] == '\n')
        b.p[--b.n] = '\0';
    const char *r = arena_strndup(c->arena, nonull(b.p), b.n);
    buf_free(&b);
    return r;
}

const char *alloc_table(struct cli *c, const struct objs *stubs)
{
    struct table t = {{0}};
    bool verbose = flag_on(c, "verbose");
    if (stubs->n == 0)
        return "No allocations placed";
    table_row(&t, "%s",
              verbose ? "ID|Eval ID|Node ID|Node Name|Task Group|Version|Desired|Status|"
                        "Created|Modified"
                      : "ID|Node ID|Task Group|Version|Desired|Status|Created|Modified");
    OBJS_FOR(struct alloc_stub, a, *stubs)
    {
        const char *desired = enum_text(&alloc_desired_texts, a->desired_status);
        const char *client = enum_text(&alloc_client_texts, a->client_status);
        if (verbose)
            table_row(&t, "%s|%s|%s|%s|%s|%llu|%s|%s|%s|%s", id_short(c, &a->id),
                      id_short(c, &a->eval_id), id_short(c, &a->node_id), nonull(a->node_name),
                      a->task_group, (unsigned long long)a->job_version, desired, client,
                      time_text(c, a->create_time), time_text(c, a->modify_time));
        else
            table_row(&t, "%s|%s|%s|%llu|%s|%s|%s|%s", id_short(c, &a->id),
                      id_short(c, &a->node_id), a->task_group, (unsigned long long)a->job_version,
                      desired, client, time_ago(c, a->create_time), time_ago(c, a->modify_time));
    }
    return table_format(c->arena, &t);
}
