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
        return num_compare(a->v, b->v);
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
    int r = json_write(s, v, &b);
    if (r == 0)
        r = site_buf(s, &b, &text);
    if (r == 0)
        m->json = text.s;
    return r;
}

int set_of(const struct site *s, const struct val *items, size_t n, struct val *ret)
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

const struct fn fn_set[] = {{0}};
