// SPDX-License-Identifier: Apache-2.0
/* Loops over lists and maps. */
#include "hcl/eval.h"

struct loop {
    struct hcl_ctx *c;
    const struct hcl_expr *e;
    struct err *err;
    struct val coll;
    struct hcl_scope key, value; /* value.up is key or the outer scope */
};

static int loop_start(struct loop *l, const struct hcl_scope *sc)
{
    const struct hcl_expr *e = l->e;
    struct site s = {l->c, e->loop.coll->range, l->err};
    int r = expr_eval(l->c, sc, e->loop.coll, &l->coll, l->err);
    if (r < 0)
        return r;
    if (l->coll.type != VAL_LIST && l->coll.type != VAL_MAP)
        return site_fail(&s, "a loop runs over a list or a map, not over a %s",
                         val_type_name(l->coll));
    l->key = (struct hcl_scope){.up = sc, .name = e->loop.key_name};
    l->value =
        (struct hcl_scope){.up = e->loop.key_name.n ? &l->key : sc, .name = e->loop.val_name};
    return 0;
}

static size_t loop_count(const struct loop *l)
{
    return l->coll.type == VAL_LIST ? l->coll.list.n : l->coll.map.n;
}

/* Binds element i; *ret_take is false when the filter leaves it out. */
static int loop_bind(struct loop *l, size_t i, bool *ret_take)
{
    const struct hcl_expr *filter = l->e->loop.filter;
    bool list = l->coll.type == VAL_LIST;
    l->key.value = list ? val_int((int64_t)i) : val_str(l->coll.map.entries[i].key);
    l->value.value = list ? l->coll.list.items[i] : l->coll.map.entries[i].value;
    *ret_take = true;
    if (!filter)
        return 0;
    struct site s = {l->c, filter->range, l->err};
    struct val v;
    int r = expr_eval(l->c, &l->value, filter, &v, l->err);
    return r < 0 ? r : site_bool(&s, v, "the condition of a loop", ret_take);
}

static int for_list(struct loop *l, struct val *ret)
{
    struct site s = {l->c, l->e->range, l->err};
    size_t n = 0;
    struct val *items = site_alloc(&s, loop_count(l), sizeof(*items));
    if (!items)
        return site_oom(&s);
    for (size_t i = 0; i < loop_count(l); i++) {
        bool take;
        int r = loop_bind(l, i, &take);
        if (r == 0 && take)
            r = expr_eval(l->c, &l->value, l->e->loop.val, &items[n++], l->err);
        if (r < 0)
            return r;
    }
    struct val v = {.type = VAL_LIST};
    v.list.items = items;
    v.list.n = n;
    *ret = v;
    return 0;
}

struct pair {
    struct val_entry e;
    size_t seq;
};

static int pair_order(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    int order = str_cmp(a->e.key, b->e.key);
    return order ? order : a->seq < b->seq ? -1 : 1;
}

/* Sorted pairs into a map; equal keys make a list (group) or an error. */
static int make_map(const struct site *s, struct pair *pairs, size_t n, bool group, struct val *ret)
{
    struct val_entry *out = site_alloc(s, n, sizeof(*out));
    struct val *items = site_alloc(s, n, sizeof(*items));
    size_t n_out = 0;
    if (!out || !items)
        return site_oom(s);
    for (size_t i = 0; i < n; i++) {
        bool same = n_out && str_eq(out[n_out - 1].key, pairs[i].e.key);
        if (same && !group)
            return site_fail(s,
                             "two elements make the key \"%.*s\"; write \"...\" behind the "
                             "value to collect all of them in a list",
                             (int)MIN(pairs[i].e.key.n, 64u), pairs[i].e.key.p);
        if (!same)
            out[n_out++] = (struct val_entry){pairs[i].e.key, {.type = VAL_LIST}};
        if (!group) {
            out[n_out - 1].value = pairs[i].e.value;
            continue;
        }
        items[i] = pairs[i].e.value;
        struct val *list = &out[n_out - 1].value;
        list->list.items = list->list.n ? list->list.items : &items[i];
        list->list.n++;
    }
    *ret = val_map_of(out, n_out);
    return 0;
}

static int for_pairs(struct loop *l, struct pair *pairs, size_t *n)
{
    const struct hcl_expr *e = l->e;
    struct site s = {l->c, e->loop.key->range, l->err};
    for (size_t i = 0; i < loop_count(l); i++) {
        struct pair *p = &pairs[*n];
        struct val key;
        bool take;
        int r = loop_bind(l, i, &take);
        if (r == 0 && take)
            r = expr_eval(l->c, &l->value, e->loop.key, &key, l->err);
        if (r == 0 && take)
            r = site_text(&s, key, "a key", &p->e.key);
        if (r == 0 && take)
            r = expr_eval(l->c, &l->value, e->loop.val, &p->e.value, l->err);
        if (r < 0)
            return r;
        p->seq = i;
        *n += take;
    }
    return 0;
}

static int for_map(struct loop *l, struct val *ret)
{
    struct site s = {l->c, l->e->range, l->err};
    size_t n = 0;
    cleanup_free struct pair *pairs = calloc(loop_count(l) + 1, sizeof(*pairs));
    if (!pairs)
        return err_set(l->err, -ENOMEM, "out of memory");
    int r = for_pairs(l, pairs, &n);
    if (r < 0)
        return r;
    qsort(pairs, n, sizeof(*pairs), pair_order);
    return make_map(&s, pairs, n, l->e->loop.group, ret);
}

int expr_for(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
             struct val *ret, struct err *err)
{
    struct loop l = {.c = c, .e = e, .err = err};
    int r = loop_start(&l, sc);
    if (r < 0)
        return r;
    return e->loop.key ? for_map(&l, ret) : for_list(&l, ret);
}

int expr_template_for(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                      struct buf *out, struct err *err)
{
    struct loop l = {.c = c, .e = e, .err = err};
    struct site s = {c, e->range, err};
    int r = loop_start(&l, sc);
    for (size_t i = 0; r == 0 && i < loop_count(&l); i++) {
        struct val v;
        bool take;
        r = loop_bind(&l, i, &take);
        if (r == 0)
            r = expr_eval(c, &l.value, e->loop.val, &v, err);
        if (r == 0)
            buf_add_str(out, v.s);
        if (r == 0)
            r = site_grown(&s, out);
    }
    return r;
}
