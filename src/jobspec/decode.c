// SPDX-License-Identifier: Apache-2.0
#include "jobspec/decode.h"

#include <errno.h>
#include <stdio.h>

/* The text form of a scalar, as HCL converts to string; NULL for what has none. */
static const char *scalar_text(struct arena *a, struct val v)
{
    switch (v.type) {
    case VAL_STR:
        return v.s.p;
    case VAL_BOOL:
        return v.b ? "true" : "false";
    case VAL_INT:
        return arena_printf(a, "%lld", (long long)v.i);
    case VAL_NUM:
        return arena_printf(a, "%.17g", v.d);
    default:
        return NULL;
    }
}

static int wants(struct decode *d, const struct hcl_attr *at, const char *what, struct val got)
{
    return hcl_error(d->err, hcl_expr_range(at->expr), "%.*s wants %s, found a %s",
                     STR_ARG(at->name), what, val_type_name(got));
}

static int put_bool(struct decode *d, const struct hcl_attr *at, struct val v, bool *ret)
{
    if (v.type == VAL_BOOL)
        *ret = v.b;
    else if (v.type == VAL_STR && (str_eqz(v.s, "true") || str_eqz(v.s, "false")))
        *ret = str_eqz(v.s, "true");
    else
        return wants(d, at, "true or false", v);
    return 0;
}

static int put_int(struct decode *d, const struct hcl_attr *at, struct val v, int64_t *ret)
{
    if (v.type == VAL_INT)
        *ret = v.i;
    else if (v.type != VAL_STR || parse_i64(v.s, ret) < 0)
        return wants(d, at, "a whole number", v);
    return 0;
}

static int put_duration(struct decode *d, const struct hcl_attr *at, struct val v, nsec_t *ret)
{
    int r = v.type == VAL_STR ? duration_parse(v.s, ret) : -EINVAL;
    if (r == -ERANGE)
        return hcl_error(d->err, hcl_expr_range(at->expr), "%.*s: \"%.*s\" is too long a time",
                         STR_ARG(at->name), STR_ARG(v.s));
    if (r < 0 && v.type == VAL_STR)
        return hcl_error(
            d->err, hcl_expr_range(at->expr),
            "%.*s: \"%.*s\" is no duration; write a number and a unit, such as \"30s\" "
            "or \"1h30m\"",
            STR_ARG(at->name), STR_ARG(v.s));
    if (r < 0)
        return wants(d, at, "a duration in quotes, such as \"30s\"", v);
    return 0;
}

static int put_strs(struct decode *d, const struct hcl_attr *at, struct val v, struct strs *ret)
{
    if (v.type != VAL_LIST)
        return wants(d, at, "a list of strings", v);
    ret->items = arena_array(d->arena, const char *, v.list.n);
    if (!ret->items)
        return -ENOMEM;
    for (ret->n = 0; ret->n < v.list.n; ret->n++) {
        ret->items[ret->n] = scalar_text(d->arena, v.list.items[ret->n]);
        if (!ret->items[ret->n])
            return wants(d, at, "a list of strings", v.list.items[ret->n]);
    }
    return 0;
}

static int put_smap(struct decode *d, const struct hcl_attr *at, struct val v, struct smap *ret)
{
    if (v.type != VAL_MAP)
        return wants(d, at, "a map of strings", v);
    for (size_t i = 0; i < v.map.n; i++) {
        const char *text = scalar_text(d->arena, v.map.entries[i].value);
        if (v.map.entries[i].value.type == VAL_NULL)
            continue;
        if (!text)
            return hcl_error(d->err, hcl_expr_range(at->expr),
                             "%.*s: the value of \"%.*s\" wants to be a string, found a %s",
                             STR_ARG(at->name), STR_ARG(v.map.entries[i].key),
                             val_type_name(v.map.entries[i].value));
        if (smap_set(d->arena, ret, v.map.entries[i].key.p, text) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int put_enum(struct decode *d, const struct field *f, const struct hcl_attr *at,
                    struct val v, int32_t *ret)
{
    if (v.type == VAL_STR && enum_parse(f->texts, v.s, ret) == 0)
        return 0;
    if (v.type != VAL_STR)
        return wants(d, at, "a string", v);
    const char *near = nearest_name(v.s, f->texts->texts, f->texts->n);
    return hcl_error(d->err, hcl_expr_range(at->expr), "%.*s \"%.*s\" is not known%s%s%s",
                     STR_ARG(at->name), STR_ARG(v.s), near ? "; did you mean \"" : "", nonull(near),
                     near ? "\"?" : "");
}

static int put_value(struct decode *d, const struct field *f, const struct hcl_attr *at,
                     struct val v, void *obj)
{
    void *p = field_ptr(f, obj);
    bool b;
    int r;
    if (v.type == VAL_NULL)
        return 0; /* as if it were not there */
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        return put_bool(d, at, v, p);
    case FT_TRI:
        if ((r = put_bool(d, at, v, &b)) == 0)
            *(int8_t *)p = b;
        return r;
    case FT_INT:
    case FT_UINT:
        return put_int(d, at, v, p);
    case FT_DUR:
        return put_duration(d, at, v, p);
    case FT_ENUM:
        return put_enum(d, f, at, v, p);
    case FT_STR:
        *(const char **)p = scalar_text(d->arena, v);
        return *(const char **)p ? 0 : wants(d, at, "a string", v);
    case FT_STRS:
        return put_strs(d, at, v, p);
    case FT_SMAP:
        return put_smap(d, at, v, p);
    case FT_VAL:
        if (v.type != VAL_MAP)
            return wants(d, at, "a map", v);
        *(struct val *)p = v;
        return 0;
    default:
        return hcl_error(d->err, at->name_range,
                         "%.*s is a block: write \"%.*s { … }\" without \"=\"", STR_ARG(at->name),
                         STR_ARG(at->name));
    }
}

int decode_attr(struct decode *d, const struct field *f, const struct hcl_attr *at, void *obj)
{
    struct val v;
    bool is_block = f->type == FT_OBJ || f->type == FT_OBJS || f->type == FT_OMAP;
    if (is_block)
        return hcl_error(d->err, at->name_range,
                         "%.*s is a block: write \"%.*s { … }\" without \"=\"", STR_ARG(at->name),
                         STR_ARG(at->name));
    int r = hcl_eval(d->ctx, at, &v, d->err);
    return r < 0 ? r : put_value(d, f, at, v, obj);
}

static const struct field *field_for(const struct schema *s, struct str hcl_name)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].hcl && str_eqz(hcl_name, s->fields[i].hcl))
            return &s->fields[i];
    return NULL;
}

static int unknown_name(struct decode *d, const struct schema *s, struct str name,
                        struct hcl_range range, const char *kind)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < s->n_fields && n < ARRAY_LEN(names); i++)
        if (s->fields[i].hcl)
            names[n++] = s->fields[i].hcl;
    const char *near = nearest_name(name, names, n);
    return hcl_error(d->err, range, "unknown %s \"%.*s\"%s%s%s", kind, STR_ARG(name),
                     near ? "; did you mean \"" : "", nonull(near), near ? "\"?" : "");
}

/* A block that is a map of strings: `meta { … }`, `env { … }`, `options { … }`. */
static int decode_smap_block(struct decode *d, const struct field *f, const struct hcl_block *b,
                             void *obj)
{
    const struct hcl_body *body;
    int r = hcl_expand(d->ctx, b->body, &body, d->err);
    if (r < 0)
        return r;
    if (body->n_blocks)
        return hcl_error(d->err, body->blocks[0].type_range,
                         "%.*s is a map of strings and holds no blocks", STR_ARG(b->type));
    for (size_t i = 0; i < body->n_attrs; i++) {
        struct val v;
        if ((r = hcl_eval(d->ctx, &body->attrs[i], &v, d->err)) < 0)
            return r;
        if (v.type == VAL_NULL)
            continue;
        const char *text = scalar_text(d->arena, v);
        if (!text)
            return wants(d, &body->attrs[i], "a string", v);
        if (smap_set(d->arena, field_ptr(f, obj), body->attrs[i].name.p, text) < 0)
            return -ENOMEM;
    }
    return 0;
}

static const struct field *label_field(const struct schema *s)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].flags & FF_LABEL)
            return &s->fields[i];
    return NULL;
}

int decode_block(struct decode *d, const struct schema *s, const struct hcl_block *b, void *obj)
{
    const struct field *label = label_field(s);
    if (!label && b->n_labels)
        return hcl_error(d->err, b->labels[0].range, "%.*s takes no label", STR_ARG(b->type));
    if (label && b->n_labels != 1)
        return hcl_error(d->err, b->def_range, "%.*s wants one label: %.*s \"name\" { … }",
                         STR_ARG(b->type), STR_ARG(b->type));
    if (label)
        *(const char **)field_ptr(label, obj) = b->labels[0].text.p;
    return decode_body(d, s, b->body, obj);
}

static int add_named(struct decode *d, const struct field *f, const struct hcl_block *b,
                     void *fresh, struct omap *m)
{
    const char *name = *(const char **)field_ptr(label_field(f->sub), fresh);
    if (omap_get(m, name))
        return hcl_error(d->err, b->def_range, "%.*s \"%s\" is defined twice", STR_ARG(b->type),
                         name);
    return omap_set(d->arena, m, name, fresh);
}

static int decode_block_field(struct decode *d, const struct field *f, const struct hcl_block *b,
                              void *obj)
{
    void *p = field_ptr(f, obj), *fresh;
    int r;
    if (f->type == FT_SMAP)
        return decode_smap_block(d, f, b, obj);
    if (f->type == FT_VAL && ((struct val *)p)->type != VAL_NULL)
        return hcl_error(d->err, b->def_range, "only one %.*s block is allowed here",
                         STR_ARG(b->type));
    if (f->type == FT_VAL)
        return hcl_body_value(d->ctx, b->body, p, d->err);
    if (f->type != FT_OBJ && f->type != FT_OBJS && f->type != FT_OMAP)
        return hcl_error(d->err, b->type_range, "%.*s is an attribute: write \"%.*s = …\"",
                         STR_ARG(b->type), STR_ARG(b->type));
    if (f->type == FT_OBJ && *(void **)p)
        return hcl_error(d->err, b->def_range, "only one %.*s block is allowed here",
                         STR_ARG(b->type));
    if (!(fresh = model_new(f->sub, d->arena)))
        return -ENOMEM;
    if ((r = decode_block(d, f->sub, b, fresh)) < 0)
        return r;
    if (f->type == FT_OMAP)
        return add_named(d, f, b, fresh, p);
    if (f->type == FT_OBJS)
        return objs_add(d->arena, p, fresh);
    *(void **)p = fresh;
    return 0;
}

int decode_body(struct decode *d, const struct schema *s, const struct hcl_body *raw, void *obj)
{
    const struct hcl_body *body;
    int r = hcl_expand(d->ctx, raw, &body, d->err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < body->n_attrs; i++) {
        const struct hcl_attr *at = &body->attrs[i];
        if ((r = special_attr(d, s, at, obj)) < 0)
            return r;
        if (r > 0)
            continue;
        const struct field *f = field_for(s, at->name);
        r = f ? decode_attr(d, f, at, obj)
              : unknown_name(d, s, at->name, at->name_range, "argument");
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < body->n_blocks; i++) {
        const struct hcl_block *b = &body->blocks[i];
        if ((r = special_block(d, s, b, obj)) < 0)
            return r;
        if (r > 0)
            continue;
        const struct field *f = field_for(s, b->type);
        r = f ? decode_block_field(d, f, b, obj)
              : unknown_name(d, s, b->type, b->type_range, "block");
        if (r < 0)
            return r;
    }
    return special_done(d, s, obj);
}
