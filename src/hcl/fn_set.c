// SPDX-License-Identifier: Apache-2.0
/* Sets: sorted lists without duplicates. */
#include "hcl/fn.h"

struct member {
    struct val v;
    struct str json; /* of lists and maps */
};

static int rank_of(struct val v)
{
    return v.type == VAL_INT ? VAL_NUM : (int)v.type;
}

static int member_order(const void *x, const void *y)
{
    const struct member *a = x, *b = y;
    if (rank_of(a->v) != rank_of(b->v))
        return rank_of(a->v) - rank_of(b->v);
    if (val_is_number(a->v))
        return number_compare(a->v, b->v);
    if (a->v.type == VAL_BOOL)
        return a->v.b - b->v.b;
    return a->v.type == VAL_STR ? str_cmp(a->v.s, b->v.s) : str_cmp(a->json, b->json);
}

static int member_init(const struct site *s, struct val v, struct member *m)
{
    cleanup_buf struct buf b = {0};
    struct val text;
    m->v = v;
    if (v.type != VAL_LIST && v.type != VAL_MAP)
        return site_work(s, 16);
    int r = hcl_json_write(s, v, &b);
    if (r == 0)
        r = site_buf(s, &b, &text);
    if (r == 0)
        m->json = text.s;
    return r;
}

int site_set(const struct site *s, const struct val *items, size_t n, struct val *ret)
{
    if (n > HCL_VALUE_MAX)
        return site_fail(s, "this makes a set of more than %u elements", HCL_VALUE_MAX);
    struct member *m = site_alloc(s, n, sizeof(*m));
    struct val v = {.type = VAL_LIST};
    v.list.items = site_alloc(s, n, sizeof(*v.list.items));
    if (!m || !v.list.items)
        return site_oom(s);
    for (size_t i = 0; i < n; i++) {
        int r = member_init(s, items[i], &m[i]);
        if (r < 0)
            return r;
    }
    qsort(m, n, sizeof(*m), member_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || member_order(&m[i - 1], &m[i]) != 0)
            v.list.items[v.list.n++] = m[i].v;
    *ret = v;
    return 0;
}

typedef VEC(struct val) val_list;

static void val_list_free(val_list *l)
{
    vec_free(l);
}

static int push(const struct call *c, val_list *l, struct val v)
{
    if (l->n >= HCL_VALUE_MAX)
        return fn_fail(c, FN_CALL, "this makes a set of more than %u elements", HCL_VALUE_MAX);
    return vec_push(l, v) < 0 ? err_set(c->s.err, -ENOMEM, "out of memory") : fn_work(c, 1);
}

static int fn_setunion(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val list;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->n; i++) {
        r = fn_list(c, i, &list);
        for (size_t k = 0; r == 0 && k < list.list.n; k++)
            r = push(c, &l, list.list.items[k]);
    }
    return r < 0 ? r : site_set(&c->s, l.items, l.n, ret);
}

/* Elements of `a` that are in `b`, too. */
static int intersect(const struct call *c, struct val a, struct val b, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    int r = 0;
    for (size_t i = 0; r == 0 && i < a.list.n; i++)
        for (size_t k = 0; r == 0 && k < b.list.n; k++) {
            bool same;
            r = site_equal(&c->s, a.list.items[i], b.list.items[k], &same);
            if (r < 0 || !same)
                continue;
            r = push(c, &l, a.list.items[i]);
            break;
        }
    return r < 0 ? r : site_set(&c->s, l.items, l.n, ret);
}

static int fn_setintersection(const struct call *c, struct val *ret)
{
    struct val all, next;
    int r = fn_list(c, 0, &all);
    if (r == 0)
        r = site_set(&c->s, all.list.items, all.list.n, &all);
    for (size_t i = 1; r == 0 && i < c->n; i++) {
        r = fn_list(c, i, &next);
        if (r == 0)
            r = intersect(c, all, next, &all);
    }
    if (r == 0)
        *ret = all;
    return r;
}

/* The combination number k, the last list varying fastest. */
static int combination(const struct call *c, size_t k, struct val *ret)
{
    struct val *items = site_alloc(&c->s, c->n, sizeof(*items));
    if (!items)
        return site_oom(&c->s);
    for (size_t i = c->n; i-- > 0;) {
        items[i] = c->args[i].list.items[k % c->args[i].list.n];
        k /= c->args[i].list.n;
    }
    *ret = (struct val){.type = VAL_LIST};
    ret->list.items = items;
    ret->list.n = c->n;
    return fn_work(c, c->n);
}

static int fn_setproduct(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    size_t total = 1;
    int r = 0;
    for (size_t i = 0; i < c->n; i++) {
        struct val list;
        r = fn_list(c, i, &list);
        if (r < 0)
            return r;
        if (__builtin_mul_overflow(total, list.list.n, &total) || total > HCL_VALUE_MAX)
            return fn_fail(c, FN_CALL, "more than %u combinations", HCL_VALUE_MAX);
    }
    for (size_t k = 0; r == 0 && k < total; k++) {
        struct val v;
        r = combination(c, k, &v);
        if (r == 0)
            r = push(c, &l, v);
    }
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

const struct fn fn_set[] = {
    {"setintersection", 1, FN_ANY, fn_setintersection},
    {"setproduct", 2, FN_ANY, fn_setproduct},
    {"setunion", 1, FN_ANY, fn_setunion},
    {0},
};
