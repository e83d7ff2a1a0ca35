// SPDX-License-Identifier: Apache-2.0
#include "hcl/type.h"

#include <stdio.h>

#include "hcl/fn.h"

static const char *const names[] = {
    [TY_ANY] = "any",   [TY_STRING] = "string", [TY_NUMBER] = "number",
    [TY_BOOL] = "bool", [TY_LIST] = "list",     [TY_SET] = "set",
    [TY_MAP] = "map",   [TY_OBJECT] = "object", [TY_TUPLE] = "tuple",
};

static const struct hcl_type simple[] = {
    [TY_ANY] = {.kind = TY_ANY},
    [TY_STRING] = {.kind = TY_STRING},
    [TY_NUMBER] = {.kind = TY_NUMBER},
    [TY_BOOL] = {.kind = TY_BOOL},
};

static bool kind_of(struct str name, enum type_kind *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eqz(name, names[i])) {
            *ret = (enum type_kind)i;
            return true;
        }
    return false;
}

static int unknown_type(const struct hcl_expr *e, struct str name, struct err *err)
{
    char hint[128];
    return hcl_error(err, e->range, "\"%.*s\" is not a type%s", (int)MIN(name.n, 64u), name.p,
                     site_suggest(hint, sizeof(hint), name, names, ARRAY_LEN(names)));
}

static int parse_optional(struct arena *a, const struct hcl_expr *e, struct hcl_type_field *f,
                          struct err *err)
{
    bool optional = e->kind == EX_CALL && str_eqz(e->call.name, "optional");
    if (!optional)
        return hcl_type_parse(a, e, &f->type, err);
    if (e->call.n < 1 || e->call.n > 2)
        return hcl_error(err, e->range, "optional() takes a type and perhaps a default");
    f->optional = true;
    f->fallback = e->call.n == 2 ? e->call.args[1] : NULL;
    return hcl_type_parse(a, e->call.args[0], &f->type, err);
}

static int parse_object_type(struct arena *a, const struct hcl_expr *arg, struct hcl_type *t,
                             struct err *err)
{
    if (arg->kind != EX_OBJECT)
        return hcl_error(err, arg->range, "object() takes its attributes as {name = type, ...}");
    t->n_fields = arg->object.n;
    t->fields = arena_array(a, struct hcl_type_field, t->n_fields);
    if (!t->fields)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct hcl_item *item = &arg->object.items[i];
        if (item->key->kind != EX_LIT || item->key->lit.type != VAL_STR)
            return hcl_error(err, item->key->range, "an attribute's name must be a plain word");
        t->fields[i].name = item->key->lit.s;
        int r = parse_optional(a, item->value, &t->fields[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int parse_tuple_type(struct arena *a, const struct hcl_expr *arg, struct hcl_type *t,
                            struct err *err)
{
    if (arg->kind != EX_TUPLE)
        return hcl_error(err, arg->range, "tuple() takes its types as [type, ...]");
    t->n_fields = arg->list.n;
    t->fields = arena_array(a, struct hcl_type_field, t->n_fields);
    if (!t->fields)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < t->n_fields; i++) {
        int r = hcl_type_parse(a, arg->list.items[i], &t->fields[i].type, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int parse_compound(struct arena *a, const struct hcl_expr *e, struct hcl_type *t,
                          struct err *err)
{
    if (!kind_of(e->call.name, &t->kind))
        return unknown_type(e, e->call.name, err);
    if (t->kind < TY_LIST)
        return hcl_error(err, e->range, "the type %s takes no argument", names[t->kind]);
    if (e->call.n != 1 || e->call.expand)
        return hcl_error(err, e->range, "the type %s() takes one argument", names[t->kind]);
    if (t->kind == TY_OBJECT)
        return parse_object_type(a, e->call.args[0], t, err);
    if (t->kind == TY_TUPLE)
        return parse_tuple_type(a, e->call.args[0], t, err);
    return hcl_type_parse(a, e->call.args[0], &t->elem, err);
}

static int parse_word_type(struct arena *a, const struct hcl_expr *e, struct hcl_type *t,
                           struct err *err)
{
    if (!kind_of(e->name, &t->kind))
        return unknown_type(e, e->name, err);
    if (t->kind == TY_OBJECT || t->kind == TY_TUPLE)
        return hcl_error(err, e->range, "the type %s needs its parts: %s", names[t->kind],
                         t->kind == TY_OBJECT ? "object({name = type, ...})"
                                              : "tuple([type, ...])");
    t->elem = &simple[TY_ANY];
    return 0;
}

int hcl_type_parse(struct arena *a, const struct hcl_expr *e, const struct hcl_type **ret,
                   struct err *err)
{
    struct hcl_type *t = arena_new_of(a, struct hcl_type);
    int r;
    if (!t)
        return err_set(err, -ENOMEM, "out of memory");
    if (e->kind == EX_VAR)
        r = parse_word_type(a, e, t, err);
    else if (e->kind == EX_CALL)
        r = parse_compound(a, e, t, err);
    else if (e->kind == EX_LIT && e->lit.type == VAL_STR)
        r = hcl_error(err, e->range, "types are written without quotes");
    else
        r = hcl_error(err, e->range,
                      "a type is one of string, number, bool, any, list(...), set(...), map(...), "
                      "object({...}), tuple([...])");
    if (r == 0)
        *ret = t;
    return r;
}

struct place {
    const struct site *s;
    const struct place *up;
    struct str key; /* p NULL: index */
    size_t index;
    unsigned depth;
};

static int convert(const struct place *at, const struct hcl_type *t, struct val v, struct val *ret);

static void add_place(struct buf *b, const struct place *at)
{
    if (!at->up)
        return;
    add_place(b, at->up);
    if (at->key.p)
        buf_printf(b, ".%.*s", (int)MIN(at->key.n, 64u), at->key.p);
    else
        buf_printf(b, "[%zu]", at->index);
}

static int mismatch(const struct place *at, const struct hcl_type *t, struct val v)
{
    cleanup_buf struct buf b = {0};
    if (at->up) {
        buf_addz(&b, "element ");
        add_place(&b, at);
    } else {
        buf_addz(&b, "the value");
    }
    const char *who = b.failed ? "the value" : b.p;
    if (v.type == VAL_STR)
        return site_fail(at->s, "%s must be of type %s, not the text \"%.*s\"", who, names[t->kind],
                         (int)MIN(v.s.n, 64u), v.s.p);
    return site_fail(at->s, "%s must be of type %s, not %s", who, names[t->kind], val_type_name(v));
}

static int convert_simple(const struct place *at, const struct hcl_type *t, struct val v,
                          struct val *ret)
{
    bool b;
    struct str text;
    if (t->kind == TY_STRING && v.type != VAL_LIST && v.type != VAL_MAP) {
        int r = site_text(at->s, v, "the value", &text);
        if (r == 0)
            *ret = val_str(text);
        return r;
    }
    if (t->kind == TY_NUMBER && v.type == VAL_STR && number_parse(v.s, ret))
        return 0;
    if (t->kind == TY_BOOL && v.type == VAL_STR && text_to_bool(v.s, &b)) {
        *ret = val_bool(b);
        return 0;
    }
    if ((t->kind == TY_NUMBER && val_is_number(v)) || (t->kind == TY_BOOL && v.type == VAL_BOOL)) {
        *ret = v;
        return 0;
    }
    return mismatch(at, t, v);
}

/* Elements of a collection of `any` have one type: primitives of several types become strings. */
static int unify_items(const struct site *s, struct val *items, size_t stride, size_t n)
{
    bool texts = false, others = false, rest = false;
#define ITEM(i) (*(struct val *)((char *)items + (i)*stride))
    for (size_t i = 0; i < n; i++) {
        struct val v = ITEM(i);
        texts |= v.type == VAL_STR;
        others |= v.type == VAL_BOOL || val_is_number(v);
        rest |= v.type == VAL_LIST || v.type == VAL_MAP;
    }
    if (!texts || !others || rest)
        return 0;
    for (size_t i = 0; i < n; i++) {
        struct str text;
        if (ITEM(i).type == VAL_NULL)
            continue;
        int r = site_text(s, ITEM(i), "an element", &text);
        if (r < 0)
            return r;
        ITEM(i) = val_str(text);
    }
#undef ITEM
    return 0;
}

static int convert_list(const struct place *at, const struct hcl_type *t, struct val v,
                        struct val *ret)
{
    bool tuple = t->kind == TY_TUPLE;
    struct val out = v;
    if (v.type != VAL_LIST)
        return mismatch(at, t, v);
    if (tuple && v.list.n != t->n_fields)
        return site_fail(at->s, "a tuple of %zu elements is wanted, not one of %zu", t->n_fields,
                         v.list.n);
    out.list.items = site_alloc(at->s, v.list.n, sizeof(*out.list.items));
    if (!out.list.items)
        return site_oom(at->s);
    for (size_t i = 0; i < v.list.n; i++) {
        struct place here = {at->s, at, {0}, i, at->depth + 1};
        int r = convert(&here, tuple ? t->fields[i].type : t->elem, v.list.items[i],
                        &out.list.items[i]);
        if (r < 0)
            return r;
    }
    int r = tuple || t->elem->kind != TY_ANY
                ? 0
                : unify_items(at->s, out.list.items, sizeof(struct val), out.list.n);
    if (r == 0 && t->kind == TY_SET)
        return site_set(at->s, out.list.items, out.list.n, ret);
    if (r == 0)
        *ret = out;
    return r;
}

static int convert_map(const struct place *at, const struct hcl_type *t, struct val v,
                       struct val *ret)
{
    struct val out = v;
    if (v.type != VAL_MAP)
        return mismatch(at, t, v);
    out.map.entries = site_alloc(at->s, v.map.n, sizeof(*out.map.entries));
    if (!out.map.entries)
        return site_oom(at->s);
    for (size_t i = 0; i < v.map.n; i++) {
        struct place here = {at->s, at, v.map.entries[i].key, 0, at->depth + 1};
        out.map.entries[i].key = v.map.entries[i].key;
        int r = convert(&here, t->elem, v.map.entries[i].value, &out.map.entries[i].value);
        if (r < 0)
            return r;
    }
    int r = out.map.n && t->elem->kind == TY_ANY
                ? unify_items(at->s, &out.map.entries[0].value, sizeof(struct val_entry), out.map.n)
                : 0;
    if (r == 0)
        *ret = out;
    return r;
}

static int convert_field(const struct place *at, const struct hcl_type_field *f, struct val v,
                         struct val *ret)
{
    const struct val *have = val_get(v, f->name);
    struct place here = {at->s, at, f->name, 0, at->depth + 1};
    struct val value = val_null();
    if (!have && !f->optional)
        return site_fail(at->s, "the attribute \"" STR_FMT "\" is missing", STR_ARG(f->name));
    if (have)
        value = *have;
    if (value.type == VAL_NULL && f->fallback) {
        int r = expr_eval(at->s->c, NULL, f->fallback, &value, at->s->err);
        if (r < 0)
            return r;
    }
    return convert(&here, f->type, value, ret);
}

/* Attributes the type does not name are dropped. */
static int convert_object(const struct place *at, const struct hcl_type *t, struct val v,
                          struct val *ret)
{
    if (v.type != VAL_MAP)
        return mismatch(at, t, v);
    struct val_entry *e = site_alloc(at->s, t->n_fields, sizeof(*e));
    if (!e)
        return site_oom(at->s);
    for (size_t i = 0; i < t->n_fields; i++) {
        e[i].key = t->fields[i].name;
        int r = convert_field(at, &t->fields[i], v, &e[i].value);
        if (r < 0)
            return r;
    }
    *ret = val_map_of(e, t->n_fields);
    return 0;
}

static int convert(const struct place *at, const struct hcl_type *t, struct val v, struct val *ret)
{
    int r = site_work(at->s, 1);
    if (r < 0)
        return r;
    if (at->depth > WALK_DEPTH_MAX)
        return site_fail(at->s, "this value is nested too deep");
    if (t->kind == TY_ANY || v.type == VAL_NULL) {
        *ret = v;
        return 0;
    }
    switch (t->kind) {
    case TY_LIST:
    case TY_SET:
    case TY_TUPLE:
        return convert_list(at, t, v, ret);
    case TY_MAP:
        return convert_map(at, t, v, ret);
    case TY_OBJECT:
        return convert_object(at, t, v, ret);
    default:
        return convert_simple(at, t, v, ret);
    }
}

int hcl_type_convert(const struct site *s, const struct hcl_type *type, struct val v,
                     struct val *ret)
{
    struct place top = {.s = s};
    return convert(&top, type, v, ret);
}

const struct hcl_type *hcl_type_of_default(struct val v)
{
    if (v.type == VAL_STR)
        return &simple[TY_STRING];
    if (v.type == VAL_BOOL)
        return &simple[TY_BOOL];
    return val_is_number(v) ? &simple[TY_NUMBER] : &simple[TY_ANY];
}
