// SPDX-License-Identifier: Apache-2.0
#include "hcl/eval.h"

static int eval_tuple(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                      struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    struct val v = {.type = VAL_LIST};
    v.list.n = e->list.n;
    v.list.items = site_alloc(&s, v.list.n, sizeof(*v.list.items));
    if (!v.list.items)
        return site_oom(&s);
    for (size_t i = 0; i < v.list.n; i++) {
        int r = expr_eval(c, sc, e->list.items[i], &v.list.items[i], err);
        if (r < 0)
            return r;
    }
    *ret = v;
    return 0;
}

static int eval_object(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                       struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    size_t n = e->object.n;
    struct val_entry *entries = site_alloc(&s, n, sizeof(*entries));
    if (!entries)
        return site_oom(&s);
    for (size_t i = 0; i < n; i++) {
        const struct hcl_item *item = &e->object.items[i];
        struct site at = {c, item->key->range, err};
        struct val key;
        int r = expr_eval(c, sc, item->key, &key, err);
        if (r == 0)
            r = site_text(&at, key, "a key", &entries[i].key);
        if (r == 0)
            r = expr_eval(c, sc, item->value, &entries[i].value, err);
        if (r < 0)
            return r;
    }
    *ret = val_map_of(entries, n);
    return site_work(&s, 4 * n);
}

static int add_part(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *part,
                    struct buf *b, struct err *err)
{
    struct site s = {c, part->range, err};
    struct str text;
    struct val v;
    int r = part->kind == EX_TPL_FOR ? expr_template_for(c, sc, part, b, err)
                                     : expr_eval(c, sc, part, &v, err);
    if (r == 0 && part->kind != EX_TPL_FOR) {
        r = site_text(&s, v, "a value inside of a text", &text);
        if (r == 0)
            buf_add_str(b, text);
    }
    return r < 0 ? r : site_grown(&s, b);
}

static int eval_template(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                         struct val *ret, struct err *err)
{
    cleanup_buf struct buf b = {0};
    struct site s = {c, e->range, err};
    for (size_t i = 0; i < e->list.n; i++) {
        int r = add_part(c, sc, e->list.items[i], &b, err);
        if (r < 0)
            return r;
    }
    return site_buf(&s, &b, ret);
}

/* Both results of a conditional have one type: beside a string, a number or bool becomes one. */
static int unify(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *other,
                 const struct site *s, struct val *v)
{
    struct val o;
    struct str text;
    if (!val_is_number(*v) && v->type != VAL_BOOL)
        return 0;
    if (expr_eval(c, sc, other, &o, NULL) < 0)
        return c->exhausted ? site_work(s, 1) : 0;
    if (o.type != VAL_STR)
        return 0;
    int r = site_text(s, *v, "the result", &text);
    if (r == 0)
        *v = val_str(text);
    return r;
}

static int eval_cond(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                     struct val *ret, struct err *err)
{
    struct site s = {c, e->cond.test->range, err};
    struct val v;
    bool yes;
    int r = expr_eval(c, sc, e->cond.test, &v, err);
    if (r == 0)
        r = site_bool(&s, v, "the condition", &yes);
    if (r < 0)
        return r;
    const struct hcl_expr *taken = yes ? e->cond.yes : e->cond.no;
    const struct hcl_expr *other = yes ? e->cond.no : e->cond.yes;
    if (!taken) {
        *ret = val_str(str_of(""));
        return 0;
    }
    r = expr_eval(c, sc, taken, &v, err);
    if (r == 0 && other)
        r = unify(c, sc, other, &s, &v);
    if (r == 0)
        *ret = v;
    return r;
}

/* && and || leave the right side alone when the left one decides. */
static int eval_logic(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                      struct val *ret, struct err *err)
{
    bool is_or = e->op.op == OP_OR, b = false;
    const struct hcl_expr *sides[] = {e->op.a, e->op.b};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        struct site s = {c, sides[i]->range, err};
        struct val v;
        int r = expr_eval(c, sc, sides[i], &v, err);
        if (r == 0)
            r = site_bool(&s, v, is_or ? "each side of \"||\"" : "each side of \"&&\"", &b);
        if (r < 0)
            return r;
        if (b == is_or)
            break;
    }
    *ret = val_bool(b);
    return 0;
}

static int eval_binary(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                       struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    struct val a, b;
    if (e->op.op == OP_OR || e->op.op == OP_AND)
        return eval_logic(c, sc, e, ret, err);
    int r = expr_eval(c, sc, e->op.a, &a, err);
    if (r == 0)
        r = expr_eval(c, sc, e->op.b, &b, err);
    return r < 0 ? r : site_binary(&s, e->op.op, a, b, ret);
}

static int eval_unary(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                      struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    struct val a;
    int r = expr_eval(c, sc, e->op.a, &a, err);
    return r < 0 ? r : site_unary(&s, e->op.op, a, ret);
}

static int eval_splat(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                      struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    struct val base, outer = c->item, v = {.type = VAL_LIST};
    int r = expr_eval(c, sc, e->access.base, &base, err);
    if (r < 0)
        return r;
    const struct val *items = base.type == VAL_LIST ? base.list.items : &base;
    v.list.n = base.type == VAL_LIST ? base.list.n : base.type != VAL_NULL;
    v.list.items = site_alloc(&s, v.list.n, sizeof(*items));
    if (!v.list.items)
        return site_oom(&s);
    for (size_t i = 0; i < v.list.n && r == 0; i++) {
        c->item = items[i];
        r = expr_eval(c, sc, e->access.key, &v.list.items[i], err);
    }
    c->item = outer;
    if (r == 0)
        *ret = v;
    return r;
}

static int eval_kind(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                     struct val *ret, struct err *err)
{
    switch (e->kind) {
    case EX_LIT:
        *ret = e->lit;
        return 0;
    case EX_TEMPLATE:
        return eval_template(c, sc, e, ret, err);
    case EX_VAR:
        return expr_name(c, sc, e, ret, err);
    case EX_ATTR:
    case EX_INDEX:
        return expr_access(c, sc, e, ret, err);
    case EX_SPLAT:
        return eval_splat(c, sc, e, ret, err);
    case EX_ITEM:
        *ret = c->item;
        return 0;
    case EX_CALL:
        return expr_call(c, sc, e, ret, err);
    case EX_UNARY:
        return eval_unary(c, sc, e, ret, err);
    case EX_BINARY:
        return eval_binary(c, sc, e, ret, err);
    case EX_COND:
        return eval_cond(c, sc, e, ret, err);
    case EX_TUPLE:
        return eval_tuple(c, sc, e, ret, err);
    case EX_OBJECT:
        return eval_object(c, sc, e, ret, err);
    case EX_FOR:
        return expr_for(c, sc, e, ret, err);
    case EX_PAREN:
        return expr_eval(c, sc, e->op.a, ret, err);
    case EX_TPL_FOR: /* only inside of EX_TEMPLATE, see add_part() */
        break;
    }
    return -EINVAL;
}

int expr_eval(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
              struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    int r = site_work(&s, 1);
    if (r < 0)
        return r;
    if (c->depth >= EVAL_DEPTH_MAX)
        return site_fail(&s, "locals depend on each other over too many levels");
    c->depth++;
    struct val v;
    r = eval_kind(c, sc, e, &v, err);
    c->depth--;
    if (r == 0)
        *ret = v;
    return r;
}

int hcl_eval_expr(struct hcl_ctx *c, const struct hcl_scope *scope, const struct hcl_expr *e,
                  struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    struct val v;
    int r = expr_eval(c, scope, e, &v, err);
    if (r == 0)
        r = site_weigh(&s, v);
    if (r == 0)
        *ret = v;
    return r;
}

int hcl_eval(struct hcl_ctx *c, const struct hcl_attr *attr, struct val *ret, struct err *err)
{
    return hcl_eval_expr(c, attr->scope, attr->expr, ret, err);
}

int hcl_check_locals(struct hcl_ctx *c, struct err *err)
{
    for (size_t i = 0; i < c->n_locals; i++) {
        struct val ignored;
        int r = expr_local(c, &c->locals[i], &ignored, err);
        if (r < 0)
            return r;
    }
    return 0;
}
