// SPDX-License-Identifier: Apache-2.0
#include "model/diff.h"

#include <errno.h>

#include "base/base64.h"

/* The fields and objects that differ, under construction. */
struct ctx {
    struct arena *a;
    bool contextual;
    bool top; /* job, group, task: only what changed, and no names */
    int32_t type;
    bool changed, failed;
    struct objs fields, objects;
};

static const char *keep(struct ctx *c, const char *z)
{
    char *own = arena_strdup(c->a, nonull(z));
    c->failed |= !own;
    return own;
}

static void add_to(struct ctx *c, struct objs *l, void *obj)
{
    c->failed |= !obj || objs_add(c->a, l, obj) < 0;
}

static void diff_text(struct ctx *c, struct objs *l, const char *name, const char *old,
                      const char *new)
{
    bool same = streq(old, new);
    if (same && (!c->contextual || c->top || isempty(old)))
        return;
    struct field_diff *d = model_new(&field_diff_schema, c->a);
    if (d) {
        d->type = same           ? DIFF_NONE
                  : isempty(old) ? DIFF_ADDED
                  : isempty(new) ? DIFF_DELETED
                                 : DIFF_EDITED;
        d->name = keep(c, name);
        d->old = keep(c, old);
        d->new = keep(c, new);
    }
    c->changed |= !same;
    add_to(c, l, d);
}

static const char *int_text(struct ctx *c, int64_t i)
{
    return arena_printf(c->a, "%lld", (long long)i);
}

static const char *bytes_text(struct ctx *c, struct str s)
{
    struct buf b = {0};
    base64_encode(&b, s);
    const char *z = arena_strndup(c->a, b.p, b.n);
    buf_free(&b);
    return z;
}

/* A single value as text; NULL for what is no single value. */
static const char *scalar_text(struct ctx *c, const struct field *f, const void *obj)
{
    const void *p = field_ptr(f, obj);
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        return *(const bool *)p ? "true" : "false";
    case FT_TRI:
        return *(const int8_t *)p == TRI_UNSET ? "" : *(const int8_t *)p ? "true" : "false";
    case FT_INT:
    case FT_DUR:
    case FT_TIME:
        return f->flags & FF_OPT && field_is_empty(f, obj) ? "" : int_text(c, *(const int64_t *)p);
    case FT_UINT:
        return arena_printf(c->a, "%llu", (unsigned long long)*(const uint64_t *)p);
    case FT_NUM:
        return arena_printf(c->a, "%.15g", *(const double *)p);
    case FT_STR:
        return nonull(*(const char *const *)p);
    case FT_ENUM:
        return enum_text(f->texts, *(const int32_t *)p);
    case FT_UUID:
        return keep(c, UUID_Z((const struct uuid *)p));
    case FT_BYTES:
        return bytes_text(c, *(const struct str *)p);
    default:
        return NULL;
    }
}

static const char *map_text(struct ctx *c, const struct field *f, const void *p, size_t i)
{
    switch ((enum ftype)f->type) {
    case FT_SMAP:
        return ((const struct smap *)p)->items[i].value;
    case FT_NMAP:
        return arena_printf(c->a, "%.15g", ((const struct nmap *)p)->items[i].value);
    case FT_BMAP:
        return ((const struct imap *)p)->items[i].value ? "true" : "false";
    default:
        return int_text(c, ((const struct imap *)p)->items[i].value);
    }
}

/* Keys of two sorted maps side by side: `Meta[key]`. An entry with an empty value differs from
 * none at all only in the table's equality; it is shown as the empty text. */
static void diff_map(struct ctx *c, const struct field *f, const struct smap *old,
                     const struct smap *new)
{
    size_t i = 0, k = 0;
    while (i < old->n || k < new->n) {
        int cmp = i == old->n   ? 1
                  : k == new->n ? -1
                                : strcmp(nonull(old->items[i].key), nonull(new->items[k].key));
        const char *key = cmp <= 0 ? old->items[i].key : new->items[k].key;
        const char *was = cmp <= 0 ? map_text(c, f, old, i++) : "";
        const char *is = cmp >= 0 ? map_text(c, f, new, k++) : "";
        c->changed |= cmp != 0;
        diff_text(c, &c->fields, arena_printf(c->a, "%s[%s]", f->name, nonull(key)), was, is);
    }
}

static void add_object(struct ctx *c, struct object_diff *d)
{
    if (d)
        add_to(c, &c->objects, d);
}

static struct object_diff *new_object(struct ctx *c, const char *name, int32_t type)
{
    struct object_diff *d = model_new(&object_diff_schema, c->a);
    c->failed |= !d;
    if (d) {
        d->name = keep(c, name);
        d->type = type;
    }
    return d;
}

static const char *item_text(struct ctx *c, const struct field *f, const struct strs *l, size_t i)
{
    if (f->type == FT_INTS)
        return int_text(c, ((const struct ints *)(const void *)l)->items[i]);
    if (f->type == FT_UUIDS)
        return keep(c, UUID_Z(&((const struct uuids *)(const void *)l)->items[i]));
    return l->items[i];
}

static struct strs texts_of(struct ctx *c, const struct field *f, const struct strs *l)
{
    struct strs out = {arena_array(c->a, const char *, l->n + 1), 0};
    c->failed |= !out.items;
    for (size_t i = 0; out.items && i < l->n; i++)
        out.items[out.n++] = item_text(c, f, l, i);
    return out;
}

static int by_field(const void *a, const void *b)
{
    const struct field_diff *x = *(void *const *)a, *y = *(void *const *)b;
    int r = strcmp(nonull(x->name), nonull(y->name));
    r = r ? r : strcmp(nonull(x->old), nonull(y->old));
    return r ? r : strcmp(nonull(x->new), nonull(y->new));
}

static void sort_by(struct objs *l, int (*cmp)(const void *, const void *))
{
    if (l->n)
        qsort(l->items, l->n, sizeof(*l->items), cmp);
}

/* Lists of texts are sets, as in Nomad; a list that only changed its order shows as one field. */
static void diff_set(struct ctx *c, const struct field *f, const struct strs *old_list,
                     const struct strs *new_list)
{
    struct strs old = texts_of(c, f, old_list), new = texts_of(c, f, new_list);
    struct ctx in = {.a = c->a, .contextual = c->contextual && !c->top};
    bool added = false, removed = false, same_order = old.n == new.n;
    for (size_t i = 0; i < old.n; i++) {
        bool stays = strs_has(&new, old.items[i]);
        same_order = same_order && streq(old.items[i], new.items[i]);
        removed |= !stays;
        diff_text(&in, &in.fields, f->name, old.items[i], stays ? old.items[i] : "");
    }
    for (size_t i = 0; i < new.n; i++)
        if (!strs_has(&old, new.items[i])) {
            added = true;
            diff_text(&in, &in.fields, f->name, "", new.items[i]);
        }
    c->failed |= in.failed;
    bool reordered = !added && !removed && !same_order;
    if (in.fields.n == 0 && !reordered && !added && !removed)
        return;
    c->changed |= added || removed || reordered;
    sort_by(&in.fields, by_field);
    struct object_diff *d = new_object(c, f->name,
                                       (added && removed) || reordered ? DIFF_EDITED
                                       : added                         ? DIFF_ADDED
                                       : removed                       ? DIFF_DELETED
                                                                       : DIFF_NONE);
    if (d)
        d->fields = in.fields;
    add_object(c, d);
}

/* Every leaf of a value with its path as Nomad flattens it: `args[0]`, `labels[0][team]`. */
static void flatten(struct ctx *c, const char *path, struct val v, struct smap *out)
{
    const char *z = NULL;
    switch (v.type) {
    case VAL_LIST:
        for (size_t i = 0; i < v.list.n; i++)
            flatten(c, arena_printf(c->a, "%s[%zu]", path, i), v.list.items[i], out);
        break;
    case VAL_MAP:
        for (size_t i = 0; i < v.map.n; i++)
            flatten(c,
                    arena_printf(c->a, isempty(path) ? "%s%s" : "%s[%s]", nonull(path),
                                 v.map.entries[i].key.p),
                    v.map.entries[i].value, out);
        break;
    case VAL_STR:
        z = arena_str(c->a, v.s);
        break;
    case VAL_INT:
        z = int_text(c, v.i);
        break;
    case VAL_NUM:
        z = arena_printf(c->a, "%.15g", v.d);
        break;
    case VAL_BOOL:
        z = v.b ? "true" : "false";
        break;
    default:
        z = "nil";
    }
    if ((v.type == VAL_LIST && v.list.n == 0) || (v.type == VAL_MAP && v.map.n == 0 && path[0]))
        z = v.type == VAL_LIST ? "[]" : "{}";
    c->failed |= !path || (z && smap_set(c->a, out, path, z) < 0);
}

static void diff_val(struct ctx *c, const struct field *f, const struct val *old,
                     const struct val *new)
{
    struct smap was = {0}, is = {0};
    struct ctx in = {.a = c->a, .contextual = c->contextual};
    bool had = old && old->type != VAL_NULL, has = new &&new->type != VAL_NULL;
    if (had)
        flatten(&in, "", *old, &was);
    if (has)
        flatten(&in, "", *new, &is);
    for (size_t i = 0, k = 0; i < was.n || k < is.n;) {
        int cmp = i == was.n ? 1 : k == is.n ? -1 : strcmp(was.items[i].key, is.items[k].key);
        const char *key = cmp <= 0 ? was.items[i].key : is.items[k].key;
        const char *before = cmp <= 0 ? was.items[i++].value : "";
        diff_text(&in, &in.fields, key, before, cmp >= 0 ? is.items[k++].value : "");
        in.changed |= cmp != 0;
    }
    c->failed |= in.failed;
    if (!in.changed)
        return;
    c->changed = true;
    struct object_diff *d = new_object(c, f->name,
                                       was.n == 0  ? DIFF_ADDED
                                       : is.n == 0 ? DIFF_DELETED
                                                   : DIFF_EDITED);
    if (d)
        d->fields = in.fields;
    add_object(c, d);
}

/* What Nomad calls one item of a list; elsewhere the plural ending is dropped. */
static const char *item_name(struct ctx *c, const char *name)
{
    struct str s = str_of(name);
    if (streq(name, "ReservedPorts"))
        return "Static Port";
    if (streq(name, "DynamicPorts"))
        return "Dynamic Port";
    if (str_has_suffix(s, "ies"))
        return arena_printf(c->a, "%.*sy", (int)s.n - 3, name);
    if (str_has_suffix(s, "s"))
        return arena_printf(c->a, "%.*s", (int)s.n - 1, name);
    return name;
}

static void diff_object(struct ctx *c, const struct schema *s, const char *name, const void *old,
                        const void *new)
{
    struct object_diff *d = NULL;
    if (model_diff(c->a, s, name, old, new, c->contextual, &d) < 0)
        c->failed = true;
    c->changed |= d != NULL;
    add_object(c, d);
}

static const struct field *key_field(const struct schema *s)
{
    const struct field *key = NULL;
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].flags & FF_KEY) {
            if (key)
                return NULL;
            key = &s->fields[i];
        }
    return key && key->type == FT_STR ? key : NULL;
}

/* The partner of an item that no other item has yet: same key, or equal where there is no key. */
static const void *partner(const struct schema *s, const void *obj, const struct objs *l,
                           bool *taken)
{
    const struct field *key = key_field(s);
    for (size_t i = 0; i < l->n; i++) {
        if (taken[i])
            continue;
        if (key ? streq(*(const char **)field_ptr(key, obj),
                        *(const char **)field_ptr(key, l->items[i]))
                : model_equal(s, obj, l->items[i], false)) {
            taken[i] = true;
            return l->items[i];
        }
    }
    return NULL;
}

/* Edited ones first, then deleted, then added ones. */
static void diff_list(struct ctx *c, const struct schema *s, const char *name,
                      const struct objs *old, const struct objs *new)
{
    bool *taken = arena_alloc(c->a, new->n + 1);
    const void **with = arena_array(c->a, const void *, old->n + 1);
    if (!taken || !with) {
        c->failed = true;
        return;
    }
    for (size_t i = 0; i < old->n; i++)
        if ((with[i] = partner(s, old->items[i], new, taken)))
            diff_object(c, s, name, old->items[i], with[i]);
    for (size_t i = 0; i < old->n; i++)
        if (!with[i])
            diff_object(c, s, name, old->items[i], NULL);
    for (size_t i = 0; i < new->n; i++)
        if (!taken[i])
            diff_object(c, s, name, NULL, new->items[i]);
}

static void diff_omap(struct ctx *c, const struct field *f, const struct omap *old,
                      const struct omap *new)
{
    static const struct objs none;
    const char *name = item_name(c, f->name);
    for (size_t i = 0, k = 0; i < old->n || k < new->n;) {
        int cmp = i == old->n   ? 1
                  : k == new->n ? -1
                                : strcmp(nonull(old->items[i].key), nonull(new->items[k].key));
        const void *was = cmp <= 0 ? old->items[i++].value : NULL;
        const void *is = cmp >= 0 ? new->items[k++].value : NULL;
        c->changed |= cmp != 0;
        if (f->type == FT_OLMAP)
            diff_list(c, f->sub, name, was ? was : &none, is ? is : &none);
        else
            diff_object(c, f->sub, name, was, is);
    }
}

static void diff_field(struct ctx *c, const struct field *f, const void *old, const void *new)
{
    static const struct omap none;
    const void *p = old ? field_ptr(f, old) : &none, *q = new ? field_ptr(f, new) : &none;
    switch ((enum ftype)f->type) {
    case FT_STRS:
    case FT_INTS:
    case FT_UUIDS:
        diff_set(c, f, p, q);
        break;
    case FT_SMAP:
    case FT_IMAP:
    case FT_BMAP:
    case FT_NMAP:
        diff_map(c, f, p, q);
        break;
    case FT_VAL:
        diff_val(c, f, old ? p : NULL, new ? q : NULL);
        break;
    case FT_OBJ: {
        const void *was = old ? *(void *const *)p : NULL, *is = new ? *(void *const *)q : NULL;
        if (was || is)
            diff_object(c, f->sub, f->name, was, is);
        break;
    }
    case FT_OBJS:
        diff_list(c, f->sub, item_name(c, f->name), p, q);
        break;
    case FT_OMAP:
    case FT_OLMAP:
        diff_omap(c, f, p, q);
        break;
    default:
        diff_text(c, &c->fields, f->name, old ? scalar_text(c, f, old) : "",
                  new ? scalar_text(c, f, new) : "");
    }
}

/* The ports of a dynamic list are chosen when placing: their value says nothing. */
static bool is_noise(const struct ctx *c, const struct field *f, const char *name)
{
    return streq(name, "Dynamic Port") && streq(f->name, "Value");
}

static bool is_identity(const struct ctx *c, const struct field *f)
{
    return c->top && (f->flags & (FF_KEY | FF_LABEL));
}

static bool is_parts(const struct ctx *c, const struct field *f)
{
    return c->top && (f->sub == &task_group_schema || f->sub == &task_schema);
}

static void diff_all(struct ctx *c, const struct schema *s, const char *name, const void *old,
                     const void *new)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (f->change == CHG_NONE || f->flags & FF_REF || is_identity(c, f) || is_parts(c, f) ||
            is_noise(c, f, name))
            continue;
        diff_field(c, f, old, new);
    }
    sort_by(&c->fields, by_field);
    c->type = !old ? DIFF_ADDED : !new ? DIFF_DELETED : c->changed ? DIFF_EDITED : DIFF_NONE;
}

int model_diff(struct arena *a, const struct schema *s, const char *name, const void *old,
               const void *new, bool contextual, struct object_diff **ret)
{
    struct ctx c = {.a = a, .contextual = contextual};
    *ret = NULL;
    if (old && new &&model_equal(s, old, new, false))
        return 0;
    diff_all(&c, s, name, old, new);
    struct object_diff *d = new_object(&c, name, c.type);
    if (c.failed)
        return -ENOMEM;
    d->fields = c.fields;
    d->objects = c.objects;
    *ret = d;
    return 0;
}

static struct task_diff *diff_task(struct ctx *up, const struct task *old, const struct task *new)
{
    struct ctx c = {.a = up->a, .contextual = up->contextual, .top = true};
    struct task_diff *d = model_new(&task_diff_schema, c.a);
    diff_all(&c, &task_schema, "Task", old, new);
    if (d) {
        *d = (struct task_diff){.type = c.type,
                                .name = keep(&c, old ? old->name : new->name),
                                .fields = c.fields,
                                .objects = c.objects,
                                .change = old && new ? (int32_t)model_change(&task_schema, old, new)
                                                     : CHG_DESTROY};
    }
    up->failed |= c.failed || !d;
    up->changed |= c.type != DIFF_NONE;
    return d;
}

static int by_task(const void *a, const void *b)
{
    return strcmp(nonull((*(struct task_diff *const *)a)->name),
                  nonull((*(struct task_diff *const *)b)->name));
}

static struct objs diff_tasks(struct ctx *c, const struct task_group *old,
                              const struct task_group *new)
{
    static const struct task_group none;
    struct objs l = {0};
    old = old ? old : &none;
    new = new ? new : &none;
    OBJS_FOR(struct task, t, old->tasks)
    add_to(c, &l, diff_task(c, t, group_find_task(new, t->name)));
    OBJS_FOR(struct task, t, new->tasks)
    if (!group_find_task(old, t->name))
        add_to(c, &l, diff_task(c, NULL, t));
    if (!c->failed)
        sort_by(&l, by_task);
    return l;
}

static struct task_group_diff *diff_group(struct ctx *up, const struct task_group *old,
                                          const struct task_group *new)
{
    struct ctx c = {.a = up->a, .contextual = up->contextual, .top = true};
    struct task_group_diff *d = model_new(&task_group_diff_schema, c.a);
    struct objs tasks = diff_tasks(&c, old, new);
    diff_all(&c, &task_group_schema, "TaskGroup", old, new);
    if (d)
        *d = (struct task_group_diff){.type = c.type,
                                      .name = keep(&c, old ? old->name : new->name),
                                      .fields = c.fields,
                                      .objects = c.objects,
                                      .tasks = tasks};
    up->failed |= c.failed || !d;
    up->changed |= c.type != DIFF_NONE;
    return d;
}

static int by_group(const void *a, const void *b)
{
    return strcmp(nonull((*(struct task_group_diff *const *)a)->name),
                  nonull((*(struct task_group_diff *const *)b)->name));
}

static struct objs diff_groups(struct ctx *c, const struct job *old, const struct job *new)
{
    static const struct job none;
    struct objs l = {0};
    old = old ? old : &none;
    new = new ? new : &none;
    OBJS_FOR(struct task_group, g, old->task_groups)
    add_to(c, &l, diff_group(c, g, job_find_group(new, g->name)));
    OBJS_FOR(struct task_group, g, new->task_groups)
    if (!job_find_group(old, g->name))
        add_to(c, &l, diff_group(c, NULL, g));
    if (!c->failed)
        sort_by(&l, by_group);
    return l;
}

struct job_diff *job_diff(struct arena *a, const struct job *old, const struct job *new,
                          bool contextual)
{
    struct ctx c = {.a = a, .contextual = contextual, .top = true};
    struct job_diff *d = model_new(&job_diff_schema, a);
    if (!d || (!old && !new))
        return d;
    d->task_groups = diff_groups(&c, old, new);
    diff_all(&c, &job_schema, "Job", old, new);
    d->type = c.type;
    d->id = keep(&c, new ? new->id : old->id);
    d->fields = c.fields;
    d->objects = c.objects;
    return c.failed ? NULL : d;
}
