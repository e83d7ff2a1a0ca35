// SPDX-License-Identifier: Apache-2.0
/* `dynamic` blocks, and bodies as values. */
#include <stdio.h>

#include "hcl/eval.h"

struct dynamic {
    struct hcl_ctx *c;
    const struct hcl_block *block; /* the `dynamic` block itself */
    const struct hcl_scope *scope; /* around it */
    struct err *err;
    const struct hcl_attr *for_each, *iterator, *labels;
    const struct hcl_body *content;
};

typedef VEC(struct hcl_block) block_list;

static void block_list_free(block_list *l)
{
    vec_free(l);
}

static const struct hcl_body *with_scope(const struct site *s, const struct hcl_body *body,
                                         const struct hcl_scope *scope)
{
    struct hcl_body *copy = site_alloc(s, 1, sizeof(*copy));
    if (copy) {
        *copy = *body;
        copy->scope = scope;
    }
    return copy;
}

static int dynamic_attrs(struct dynamic *d)
{
    const struct hcl_body *body = d->block->body;
    static const char *const known[] = {"for_each", "iterator", "labels"};
    const struct hcl_attr **slots[] = {&d->for_each, &d->iterator, &d->labels};
    for (size_t i = 0; i < body->n_attrs; i++) {
        const struct hcl_attr *a = &body->attrs[i];
        size_t k = 0;
        char hint[128];
        while (k < ARRAY_LEN(known) && !str_eqz(a->name, known[k]))
            k++;
        if (k == ARRAY_LEN(known))
            return hcl_error(d->err, a->name_range,
                             "a dynamic block has no attribute \"" STR_FMT
                             "\"; attributes of the block it makes belong into \"content\"%s",
                             STR_ARG(a->name),
                             site_suggest(hint, sizeof(hint), a->name, known, ARRAY_LEN(known)));
        *slots[k] = a;
    }
    return 0;
}

static int dynamic_read(struct dynamic *d)
{
    const struct hcl_block *b = d->block;
    if (b->n_labels != 1)
        return hcl_error(d->err, b->def_range,
                         "a dynamic block has one label, the type of the blocks it makes");
    int r = dynamic_attrs(d);
    if (r < 0)
        return r;
    for (size_t i = 0; i < b->body->n_blocks; i++) {
        const struct hcl_block *inner = &b->body->blocks[i];
        if (!str_eqz(inner->type, "content") || d->content)
            return hcl_error(d->err, inner->type_range,
                             "a dynamic block holds exactly one block, \"content\"");
        d->content = inner->body;
    }
    if (!d->content)
        return hcl_error(d->err, b->type_range, "this dynamic block has no \"content\" block");
    if (!d->for_each)
        return hcl_error(d->err, b->type_range, "this dynamic block has no \"for_each\"");
    if (d->iterator && d->iterator->expr->kind != EX_VAR)
        return hcl_error(d->err, d->iterator->expr->range, "\"iterator\" must be a plain name");
    return 0;
}

/* iterator.key and iterator.value */
static int bind(struct dynamic *d, const struct site *s, struct val key, struct val value,
                const struct hcl_scope **ret)
{
    struct hcl_scope *scope = site_alloc(s, 1, sizeof(*scope));
    struct val_entry both[] = {{str_of("key"), key}, {str_of("value"), value}};
    if (!scope)
        return site_oom(s);
    scope->up = d->scope;
    scope->name = d->iterator ? d->iterator->expr->name : d->block->labels[0].text;
    *ret = scope;
    return site_map(s, both, ARRAY_LEN(both), &scope->value);
}

static int make_labels(struct dynamic *d, const struct hcl_scope *scope, struct hcl_block *out)
{
    struct site s = {d->c, d->block->labels[0].range, d->err};
    struct val v;
    out->labels = NULL;
    out->n_labels = 0;
    if (!d->labels)
        return 0;
    s.range = d->labels->expr->range;
    int r = expr_eval(d->c, scope, d->labels->expr, &v, d->err);
    if (r < 0)
        return r;
    if (v.type != VAL_LIST)
        return site_fail(&s, "\"labels\" must be a list of texts");
    out->labels = site_alloc(&s, v.list.n, sizeof(*out->labels));
    if (!out->labels)
        return site_oom(&s);
    for (size_t i = 0; i < v.list.n && r == 0; i++) {
        out->labels[i].range = s.range;
        r = site_text(&s, v.list.items[i], "a label", &out->labels[i].text);
    }
    out->n_labels = v.list.n;
    return r;
}

static int make_block(struct dynamic *d, struct val key, struct val value, block_list *out)
{
    const struct hcl_label *label = &d->block->labels[0];
    struct site s = {d->c, label->range, d->err};
    struct hcl_block b = {
        .type = label->text, .type_range = label->range, .def_range = label->range};
    const struct hcl_scope *scope = NULL;
    int r = bind(d, &s, key, value, &scope);
    if (r == 0)
        r = make_labels(d, scope, &b);
    if (r < 0)
        return r;
    b.body = (struct hcl_body *)with_scope(&s, d->content, scope);
    if (!b.body)
        return site_oom(&s);
    return vec_push(out, b) < 0 ? err_set(d->err, -ENOMEM, "out of memory") : 0;
}

static int expand_dynamic(struct hcl_ctx *c, const struct hcl_block *block,
                          const struct hcl_scope *scope, block_list *out, struct err *err)
{
    struct dynamic d = {.c = c, .block = block, .scope = scope, .err = err};
    struct val coll;
    int r = dynamic_read(&d);
    if (r == 0)
        r = expr_eval(c, scope, d.for_each->expr, &coll, err);
    if (r < 0)
        return r;
    if (coll.type == VAL_LIST) {
        for (size_t i = 0; i < coll.list.n && r == 0; i++)
            r = make_block(&d, val_int((int64_t)i), coll.list.items[i], out);
    } else if (coll.type == VAL_MAP) {
        for (size_t i = 0; i < coll.map.n && r == 0; i++)
            r = make_block(&d, val_str(coll.map.entries[i].key), coll.map.entries[i].value, out);
    } else {
        r = hcl_error(err, d.for_each->expr->range,
                      "\"for_each\" must be a list or a map, not a %s", val_type_name(coll));
    }
    return r;
}

static bool is_dynamic(const struct hcl_block *b)
{
    return str_eqz(b->type, "dynamic");
}

static int expand_blocks(struct hcl_ctx *c, const struct hcl_body *body, const struct site *s,
                         block_list *out)
{
    for (size_t i = 0; i < body->n_blocks; i++) {
        struct hcl_block b = body->blocks[i];
        int r;
        if (is_dynamic(&b)) {
            r = expand_dynamic(c, &b, body->scope, out, s->err);
        } else {
            b.body = (struct hcl_body *)with_scope(s, b.body, body->scope);
            if (!b.body)
                return site_oom(s);
            r = vec_push(out, b) < 0 ? err_set(s->err, -ENOMEM, "out of memory") : 0;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

int hcl_expand(struct hcl_ctx *c, const struct hcl_body *body, const struct hcl_body **ret,
               struct err *err)
{
    struct site s = {c, body->range, err};
    bool any = body->scope != NULL;
    for (size_t i = 0; i < body->n_blocks; i++)
        any |= is_dynamic(&body->blocks[i]);
    if (!any) {
        *ret = body;
        return 0;
    }
    cleanup_with(block_list_free) block_list blocks = {0};
    int r = expand_blocks(c, body, &s, &blocks);
    if (r < 0)
        return r;
    struct hcl_body *out = (struct hcl_body *)with_scope(&s, body, body->scope);
    struct hcl_attr *attrs = site_alloc(&s, body->n_attrs, sizeof(*attrs));
    struct hcl_block *all = site_alloc(&s, blocks.n, sizeof(*all));
    if (!out || !attrs || !all)
        return site_oom(&s);
    for (size_t i = 0; i < body->n_attrs; i++) {
        attrs[i] = body->attrs[i];
        attrs[i].scope = body->scope;
    }
    if (blocks.n)
        memcpy(all, blocks.items, blocks.n * sizeof(*all));
    out->attrs = attrs;
    out->blocks = all;
    out->n_blocks = blocks.n;
    *ret = out;
    return 0;
}

static int body_value(struct hcl_ctx *c, const struct hcl_body *body, unsigned depth,
                      struct val *ret, struct err *err);

static int one_item(const struct site *s, struct val v, struct val *ret)
{
    return site_list(s, &v, 1, ret);
}

/* A block's map, inside of one map a label, each in a list of one: the shape of HCL1. */
static int block_value(struct hcl_ctx *c, const struct hcl_block *b, unsigned depth,
                       struct val *ret, struct err *err)
{
    struct site s = {c, b->def_range, err};
    struct val v;
    int r = body_value(c, b->body, depth + 1, &v, err);
    for (size_t i = b->n_labels; i-- > 0 && r == 0;) {
        struct val_entry e = {.key = b->labels[i].text};
        r = one_item(&s, v, &e.value);
        if (r == 0)
            r = site_map(&s, &e, 1, &v);
    }
    if (r == 0)
        *ret = v;
    return r;
}

/* All blocks of one type as a list; blocks before `first` are of other types. */
static int blocks_value(struct hcl_ctx *c, const struct hcl_body *body, size_t first,
                        unsigned depth, struct val *ret, struct err *err)
{
    struct site s = {c, body->blocks[first].type_range, err};
    struct str type = body->blocks[first].type;
    struct val v = {.type = VAL_LIST};
    v.list.items = site_alloc(&s, body->n_blocks - first, sizeof(*v.list.items));
    if (!v.list.items)
        return site_oom(&s);
    for (size_t i = first; i < body->n_blocks; i++) {
        int r = 0;
        if (str_eq(body->blocks[i].type, type))
            r = block_value(c, &body->blocks[i], depth, &v.list.items[v.list.n++], err);
        if (r < 0)
            return r;
    }
    *ret = v;
    return 0;
}

static int attr_value(struct hcl_ctx *c, const struct hcl_attr *a, struct val_entry *e,
                      struct err *err)
{
    struct site s = {c, a->range, err};
    struct val v;
    int r = hcl_eval(c, a, &v, err);
    e->key = a->name;
    if (r == 0 && a->expr->kind == EX_OBJECT)
        return one_item(&s, v, &e->value);
    e->value = v;
    return r;
}

static bool seen_before(const struct hcl_body *body, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(body->blocks[k].type, body->blocks[i].type))
            return true;
    return false;
}

static int body_value(struct hcl_ctx *c, const struct hcl_body *body, unsigned depth,
                      struct val *ret, struct err *err)
{
    struct site s = {c, body->range, err};
    size_t n = 0;
    if (depth > HCL_DEPTH_MAX)
        return site_fail(&s, "nested more than %u levels deep", HCL_DEPTH_MAX);
    int r = hcl_expand(c, body, &body, err);
    if (r < 0)
        return r;
    struct val_entry *e = site_alloc(&s, body->n_attrs + body->n_blocks, sizeof(*e));
    if (!e)
        return site_oom(&s);
    for (size_t i = 0; i < body->n_attrs && r == 0; i++)
        r = attr_value(c, &body->attrs[i], &e[n++], err);
    for (size_t i = 0; i < body->n_blocks && r == 0; i++) {
        r = site_work(&s, i / 64 + 1);
        if (r < 0 || seen_before(body, i))
            continue;
        e[n].key = body->blocks[i].type;
        r = blocks_value(c, body, i, depth, &e[n++].value, err);
    }
    if (r == 0)
        *ret = val_map_of(e, n);
    return r;
}

int hcl_body_value(struct hcl_ctx *c, const struct hcl_body *body, struct val *ret, struct err *err)
{
    struct site s = {c, body->range, err};
    struct val v;
    int r = body_value(c, body, 1, &v, err);
    if (r == 0)
        r = site_weigh(&s, v);
    if (r == 0)
        *ret = v;
    return r;
}
