// SPDX-License-Identifier: Apache-2.0
/* A job diff as people read it: markers, aligned names, "forces …" annotations. Colour tags are
 * left in for colorize(). */
#include "cli/internal.h"
#include "model/diff.h"

static const char *const markers[DIFF_TYPE_MAX] = {
    [DIFF_NONE] = "",
    [DIFF_ADDED] = "[green]+[reset] ",
    [DIFF_DELETED] = "[red]-[reset] ",
    [DIFF_EDITED] = "[light_yellow]+/-[reset] ",
};
static const size_t marker_widths[DIFF_TYPE_MAX] = {
    [DIFF_NONE] = 0, [DIFF_ADDED] = 2, [DIFF_DELETED] = 2, [DIFF_EDITED] = 4};

struct widths {
    size_t field, marker;
};

static void spaces(struct buf *b, size_t n)
{
    while (n--)
        buf_addc(b, ' ');
}

static struct widths widest(const struct objs *fields, const struct objs *objects)
{
    struct widths w = {0};
    OBJS_FOR(struct field_diff, f, *fields)
    {
        w.field = MAX(w.field, strlen(nonull(f->name)));
        w.marker = MAX(w.marker, marker_widths[f->type]);
    }
    OBJS_FOR(struct object_diff, o, *objects)
    w.marker = MAX(w.marker, marker_widths[o->type]);
    return w;
}

static void annotations(struct buf *b, const struct strs *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const char *t = l->items[i];
        const char *color = strstr(t, "create") && !strstr(t, "destroy") ? "[green]"
                            : strstr(t, "create/destroy")                ? "[yellow]"
                            : strstr(t, "destroy")                       ? "[red]"
                            : strstr(t, "in-place")                      ? "[cyan]"
                                                                         : "";
        buf_printf(b, "%s%s%s%s", i ? ", " : "", color, t, *color ? "[reset]" : "");
    }
}

static void quoted(struct buf *b, const char *z)
{
    buf_addc(b, '"');
    for (const char *p = nonull(z); *p; p++) {
        if (*p == '\n')
            buf_addz(b, "\\n");
        else if (*p == '\t')
            buf_addz(b, "\\t");
        else if (*p == '"' || *p == '\\')
            buf_printf(b, "\\%c", *p);
        else
            buf_addc(b, *p);
    }
    buf_addc(b, '"');
}

static void one_field(struct buf *b, const struct field_diff *f, size_t indent, struct widths w)
{
    spaces(b, indent);
    buf_addz(b, markers[f->type]);
    spaces(b, w.marker - marker_widths[f->type]);
    buf_printf(b, "%s: ", nonull(f->name));
    spaces(b, w.field - strlen(nonull(f->name)));
    if (f->type == DIFF_DELETED || f->type == DIFF_EDITED)
        quoted(b, f->old);
    if (f->type == DIFF_EDITED)
        buf_addz(b, " => ");
    if (f->type != DIFF_DELETED)
        quoted(b, f->new);
    if (f->annotations.n) {
        buf_addz(b, " (");
        annotations(b, &f->annotations);
        buf_addz(b, ")");
    }
}

static void fields_and_objects(struct buf *b, const struct objs *fields, const struct objs *objects,
                               size_t indent, struct widths w);

static void one_object(struct buf *b, const struct object_diff *o, size_t indent, size_t pad)
{
    spaces(b, indent);
    buf_addz(b, markers[o->type]);
    spaces(b, pad);
    buf_printf(b, "%s {\n", nonull(o->name));
    fields_and_objects(b, &o->fields, &o->objects, indent + pad + 2,
                       widest(&o->fields, &o->objects));
    buf_addc(b, '\n');
    spaces(b, indent + marker_widths[o->type] + pad);
    buf_addc(b, '}');
}

static void fields_and_objects(struct buf *b, const struct objs *fields, const struct objs *objects,
                               size_t indent, struct widths w)
{
    size_t n = 0, all = fields->n + objects->n;
    OBJS_FOR(struct field_diff, f, *fields)
    {
        one_field(b, f, indent, w);
        if (++n < all)
            buf_addc(b, '\n');
    }
    OBJS_FOR(struct object_diff, o, *objects)
    {
        one_object(b, o, indent, w.marker - marker_widths[o->type]);
        if (++n < all)
            buf_addc(b, '\n');
    }
}

static void one_task(struct buf *b, const struct task_diff *t, size_t indent, size_t pad,
                     bool verbose)
{
    spaces(b, indent);
    buf_addz(b, markers[t->type]);
    spaces(b, pad);
    buf_printf(b, "[bold]Task: \"%s\"[reset]", nonull(t->name));
    if (t->annotations.n) {
        buf_addz(b, " (");
        annotations(b, &t->annotations);
        buf_addz(b, ")");
    }
    if (t->type == DIFF_EDITED || (t->type != DIFF_NONE && verbose)) {
        buf_addc(b, '\n');
        fields_and_objects(b, &t->fields, &t->objects, indent + 2, widest(&t->fields, &t->objects));
    }
    buf_addc(b, '\n');
}

static void updates(struct buf *b, const struct imap *m)
{
    static const struct {
        const char *name, *color;
    } colors[] = {
        {"create", "[green]"},        {"destroy", "[red]"},
        {"migrate", "[blue]"},        {"in-place update", "[cyan]"},
        {"canary", "[light_yellow]"}, {"create/destroy update", "[yellow]"},
    };
    if (m->n == 0)
        return;
    buf_addz(b, " (");
    for (size_t i = 0; i < m->n; i++) {
        const char *color = "";
        for (size_t k = 0; k < ARRAY_LEN(colors); k++)
            if (streq(colors[k].name, m->items[i].key))
                color = colors[k].color;
        buf_printf(b, "%s%s%lld %s%s", i ? ", " : "", color, (long long)m->items[i].value,
                   m->items[i].key, *color ? "[reset]" : "");
    }
    buf_addc(b, ')');
}

static void one_group(struct buf *b, const struct task_group_diff *g, size_t pad, bool verbose)
{
    struct widths w = widest(&g->fields, &g->objects);
    buf_addz(b, markers[g->type]);
    spaces(b, pad);
    buf_printf(b, "[bold]Task Group: \"%s\"[reset]", nonull(g->name));
    updates(b, &g->updates);
    buf_addc(b, '\n');
    OBJS_FOR(struct task_diff, t, g->tasks)
    w.marker = MAX(w.marker, marker_widths[t->type]);
    if (g->type == DIFF_EDITED || verbose) {
        size_t before = b->n;
        fields_and_objects(b, &g->fields, &g->objects, pad + 2, w);
        if (b->n > before)
            buf_addc(b, '\n');
    }
    OBJS_FOR(struct task_diff, t, g->tasks)
    one_task(b, t, pad + 2, w.marker - marker_widths[t->type], verbose);
    buf_addc(b, '\n');
}

const char *plan_diff_text(struct arena *a, const struct job_diff *d, bool verbose)
{
    struct buf b = {0};
    struct widths w = widest(&d->fields, &d->objects);
    OBJS_FOR(struct task_group_diff, g, d->task_groups)
    w.marker = MAX(w.marker, marker_widths[g->type]);
    buf_printf(&b, "%s[bold]Job: \"%s\"[reset]\n", markers[d->type], nonull(d->id));
    if (d->type == DIFF_EDITED || verbose) {
        size_t before = b.n;
        fields_and_objects(&b, &d->fields, &d->objects, 0, w);
        if (b.n > before)
            buf_addc(&b, '\n');
    }
    OBJS_FOR(struct task_group_diff, g, d->task_groups)
    one_group(&b, g, w.marker - marker_widths[g->type], verbose);
    while (b.n && b.p[b.n - 1] == '\n')
        b.p[--b.n] = '\0';
    const char *r = arena_strndup(a, b.p, b.n);
    buf_free(&b);
    return r;
}
