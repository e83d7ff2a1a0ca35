// SPDX-License-Identifier: Apache-2.0
/* Lists and maps. Where Nomad's documentation and its code differ (index, reverse), both readings
 * work: the arguments tell them apart. */
#include "hcl/fn.h"

typedef VEC(struct val) val_list;

static void val_list_free(val_list *l)
{
    vec_free(l);
}

static int push(const struct call *c, val_list *l, struct val v)
{
    if (l->n >= HCL_VALUE_MAX)
        return fn_fail(c, FN_CALL, "this makes a list of more than %u elements", HCL_VALUE_MAX);
    return vec_push(l, v) < 0 ? err_set(c->s.err, -ENOMEM, "out of memory") : fn_work(c, 1);
}

static struct val part_of(struct val list, size_t from, size_t n)
{
    struct val v = {.type = VAL_LIST};
    v.list.items = list.list.items + from;
    v.list.n = n;
    return v;
}

static int fn_chunklist(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val list;
    int64_t size;
    int r = fn_list(c, 0, &list);
    if (r == 0)
        r = fn_int(c, 1, &size);
    if (r == 0 && size < 0)
        r = fn_fail(c, 1, "the size must not be negative");
    if (r == 0 && size == 0)
        size = (int64_t)MAX(list.list.n, 1u);
    for (size_t i = 0; r == 0 && i < list.list.n; i += (size_t)size)
        r = push(c, &l, part_of(list, i, MIN((size_t)size, list.list.n - i)));
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_coalesce(const struct call *c, struct val *ret)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->args[i].type != VAL_NULL) {
            *ret = c->args[i];
            return 0;
        }
    return fn_fail(c, FN_CALL, "all arguments are null");
}

static int fn_coalescelist(const struct call *c, struct val *ret)
{
    for (size_t i = 0; i < c->n; i++) {
        struct val list;
        if (c->args[i].type == VAL_NULL)
            continue;
        int r = fn_list(c, i, &list);
        if (r < 0)
            return r;
        if (list.list.n) {
            *ret = list;
            return 0;
        }
    }
    return fn_fail(c, FN_CALL, "all lists are empty");
}

static int fn_compact(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val list;
    int r = fn_list(c, 0, &list);
    for (size_t i = 0; r == 0 && i < list.list.n; i++) {
        struct str s;
        if (list.list.items[i].type == VAL_NULL)
            continue;
        r = fn_list_text(c, 0, i, &s);
        if (r == 0 && s.n)
            r = push(c, &l, val_str(s));
    }
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_concat(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val list;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->n; i++) {
        r = fn_list(c, i, &list);
        for (size_t k = 0; r == 0 && k < list.list.n; k++)
            r = push(c, &l, list.list.items[k]);
    }
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

/* *ret is n when there is no such element. */
static int find(const struct call *c, const struct val *items, size_t n, struct val v, size_t *ret)
{
    for (*ret = 0; *ret < n; ++*ret) {
        bool same;
        int r = site_equal(&c->s, items[*ret], v, &same);
        if (r < 0 || same)
            return r;
    }
    return 0;
}

static int fn_contains(const struct call *c, struct val *ret)
{
    struct val list;
    size_t at;
    int r = fn_list(c, 0, &list);
    if (r == 0)
        r = find(c, list.list.items, list.list.n, c->args[1], &at);
    if (r == 0)
        *ret = val_bool(at < list.list.n);
    return r;
}

static int fn_distinct(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val list;
    int r = fn_list(c, 0, &list);
    for (size_t i = 0; r == 0 && i < list.list.n; i++) {
        size_t at;
        r = find(c, l.items, l.n, list.list.items[i], &at);
        if (r == 0 && at == l.n)
            r = push(c, &l, list.list.items[i]);
    }
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_element(const struct call *c, struct val *ret)
{
    struct val list;
    int64_t i;
    int r = fn_list(c, 0, &list);
    if (r == 0)
        r = fn_int(c, 1, &i);
    if (r < 0)
        return r;
    if (list.list.n == 0)
        return fn_fail(c, 0, "the list is empty");
    int64_t n = (int64_t)list.list.n;
    *ret = list.list.items[((i % n) + n) % n];
    return 0;
}

static int flatten(const struct call *c, struct val list, unsigned depth, val_list *l)
{
    int r = depth > WALK_DEPTH_MAX ? fn_fail(c, 0, "nested too deep") : fn_work(c, 1);
    for (size_t i = 0; r == 0 && i < list.list.n; i++) {
        struct val v = list.list.items[i];
        r = v.type == VAL_LIST ? flatten(c, v, depth + 1, l) : push(c, l, v);
    }
    return r;
}

static int fn_flatten(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val list;
    int r = fn_list(c, 0, &list);
    if (r == 0)
        r = flatten(c, list, 1, &l);
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_index(const struct call *c, struct val *ret)
{
    struct val list = c->args[0], n, key = c->args[1];
    size_t at;
    bool is_key = val_is_number(key) || (key.type == VAL_STR && number_parse(key.s, &n));
    if (list.type != VAL_LIST || is_key)
        return site_index(&c->s, list, key, ret);
    int r = find(c, list.list.items, list.list.n, key, &at);
    if (r < 0)
        return r;
    if (at == list.list.n)
        return fn_fail(c, 1, "the list has no such element");
    *ret = val_int((int64_t)at);
    return 0;
}

static int fn_keys(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val map;
    int r = fn_map(c, 0, &map);
    for (size_t i = 0; r == 0 && i < map.map.n; i++)
        r = push(c, &l, val_str(map.map.entries[i].key));
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_values(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val map;
    int r = fn_map(c, 0, &map);
    for (size_t i = 0; r == 0 && i < map.map.n; i++)
        r = push(c, &l, map.map.entries[i].value);
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_length(const struct call *c, struct val *ret)
{
    struct val v = c->args[0];
    if (v.type == VAL_STR)
        *ret = val_int((int64_t)utf8_count(v.s));
    else if (v.type == VAL_LIST)
        *ret = val_int((int64_t)v.list.n);
    else if (v.type == VAL_MAP)
        *ret = val_int((int64_t)v.map.n);
    else
        return fn_fail(c, 0, "the argument must be a list, a map or a string, not %s",
                       val_type_name(v));
    return 0;
}

static int fn_lookup(const struct call *c, struct val *ret)
{
    struct val map;
    struct str key;
    int r = fn_map(c, 0, &map);
    if (r == 0)
        r = fn_text(c, 1, &key);
    if (r < 0)
        return r;
    const struct val *v = val_get(map, key);
    if (!v && c->n < 3)
        return site_attr(&c->s, map, key, ret);
    *ret = v ? *v : c->args[2];
    return 0;
}

typedef VEC(struct val_entry) entry_list;

static void entry_list_free(entry_list *l)
{
    vec_free(l);
}

static int push_entry(const struct call *c, entry_list *l, struct val_entry e)
{
    if (l->n >= HCL_VALUE_MAX)
        return fn_fail(c, FN_CALL, "this makes a map of more than %u elements", HCL_VALUE_MAX);
    return vec_push(l, e) < 0 ? err_set(c->s.err, -ENOMEM, "out of memory") : 0;
}

static int fn_merge(const struct call *c, struct val *ret)
{
    cleanup_with(entry_list_free) entry_list l = {0};
    struct val map;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->n; i++) {
        if (c->args[i].type == VAL_NULL)
            continue;
        r = fn_map(c, i, &map);
        for (size_t k = 0; r == 0 && k < map.map.n; k++)
            r = push_entry(c, &l, map.map.entries[k]);
    }
    return r < 0 ? r : site_map(&c->s, l.items, l.n, ret);
}

static int fn_range(const struct call *c, struct val *ret)
{
    enum { RANGE_MAX = 1024 }; /* as in Nomad */
    cleanup_with(val_list_free) val_list l = {0};
    struct val from = val_int(0), to, step;
    int r = c->n == 1 ? fn_num(c, 0, &to) : fn_num(c, 0, &from);
    if (r == 0 && c->n > 1)
        r = fn_num(c, 1, &to);
    if (r < 0)
        return r;
    bool down = number_compare(to, from) < 0;
    step = val_int(down ? -1 : 1);
    if (c->n == 3)
        r = fn_num(c, 2, &step);
    if (r < 0)
        return r;
    int sign = number_compare(step, val_int(0));
    if (sign == 0 || (number_compare(to, from) != 0 && (sign < 0) != down))
        return fn_fail(c, (int)c->n - 1, "the step never reaches the end");
    struct val v = from;
    while (r == 0 && (sign > 0 ? number_compare(v, to) < 0 : number_compare(v, to) > 0)) {
        if (l.n >= RANGE_MAX)
            return fn_fail(c, FN_CALL, "more than %d numbers", RANGE_MAX);
        r = push(c, &l, v);
        if (r == 0)
            r = site_binary(&c->s, OP_ADD, v, step, &v);
    }
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_reverse(const struct call *c, struct val *ret)
{
    struct val list = c->args[0];
    if (list.type != VAL_LIST) {
        for (const struct fn *f = fn_string; f->name; f++)
            if (streq(f->name, "strrev"))
                return f->run(c, ret);
    }
    cleanup_with(val_list_free) val_list l = {0};
    int r = fn_list(c, 0, &list);
    for (size_t i = list.list.n; r == 0 && i-- > 0;)
        r = push(c, &l, list.list.items[i]);
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_slice(const struct call *c, struct val *ret)
{
    struct val list;
    int64_t from, to;
    int r = fn_list(c, 0, &list);
    if (r == 0)
        r = fn_int(c, 1, &from);
    if (r == 0)
        r = fn_int(c, 2, &to);
    if (r < 0)
        return r;
    if (from < 0 || to < from || (uint64_t)to > list.list.n)
        return fn_fail(c, 1, "the range %lld to %lld is not within a list of %zu", (long long)from,
                       (long long)to, list.list.n);
    *ret = part_of(list, (size_t)from, (size_t)(to - from));
    return 0;
}

static int text_order(const void *x, const void *y)
{
    const struct val *a = x, *b = y;
    return str_cmp(a->s, b->s);
}

static int fn_sort(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct val list;
    int r = fn_list(c, 0, &list);
    for (size_t i = 0; r == 0 && i < list.list.n; i++) {
        struct str s;
        r = fn_list_text(c, 0, i, &s);
        if (r == 0)
            r = push(c, &l, val_str(s));
    }
    if (r == 0)
        r = fn_work(c, 16 * l.n);
    if (r == 0 && l.n)
        qsort(l.items, l.n, sizeof(*l.items), text_order);
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_zipmap(const struct call *c, struct val *ret)
{
    cleanup_with(entry_list_free) entry_list l = {0};
    struct val keys, values;
    int r = fn_list(c, 0, &keys);
    if (r == 0)
        r = fn_list(c, 1, &values);
    if (r == 0 && keys.list.n != values.list.n)
        r = fn_fail(c, 1, "%zu keys, but %zu values", keys.list.n, values.list.n);
    for (size_t i = 0; r == 0 && i < keys.list.n; i++) {
        struct val_entry e = {.value = values.list.items[i]};
        r = fn_list_text(c, 0, i, &e.key);
        if (r == 0)
            r = push_entry(c, &l, e);
    }
    return r < 0 ? r : site_map(&c->s, l.items, l.n, ret);
}

const struct fn fn_collection[] = {
    {"chunklist", 2, 2, fn_chunklist},
    {"coalesce", 1, FN_ANY, fn_coalesce},
    {"coalescelist", 1, FN_ANY, fn_coalescelist},
    {"compact", 1, 1, fn_compact},
    {"concat", 1, FN_ANY, fn_concat},
    {"contains", 2, 2, fn_contains},
    {"distinct", 1, 1, fn_distinct},
    {"element", 2, 2, fn_element},
    {"flatten", 1, 1, fn_flatten},
    {"index", 2, 2, fn_index},
    {"keys", 1, 1, fn_keys},
    {"length", 1, 1, fn_length},
    {"lookup", 2, 3, fn_lookup},
    {"merge", 0, FN_ANY, fn_merge},
    {"range", 1, 3, fn_range},
    {"reverse", 1, 1, fn_reverse},
    {"slice", 3, 3, fn_slice},
    {"sort", 1, 1, fn_sort},
    {"values", 1, 1, fn_values},
    {"zipmap", 2, 2, fn_zipmap},
    {0},
};
