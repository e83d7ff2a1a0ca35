// SPDX-License-Identifier: Apache-2.0
#include "base/value.h"

#include <errno.h>
#include <math.h>

struct val val_num(double d)
{
    if (d >= -9007199254740992.0 && d <= 9007199254740992.0 && trunc(d) == d)
        return val_int((int64_t)d);
    return (struct val){.type = VAL_NUM, .d = d};
}

const char *val_type_name(struct val v)
{
    static const char *const names[VAL_TYPE_MAX] = {
        [VAL_NULL] = "null",  [VAL_BOOL] = "bool", [VAL_INT] = "number", [VAL_NUM] = "number",
        [VAL_STR] = "string", [VAL_LIST] = "list", [VAL_MAP] = "map",
    };
    return names[v.type];
}

const struct val *val_get(struct val v, struct str key)
{
    if (v.type != VAL_MAP)
        return NULL;
    size_t lo = 0, hi = v.map.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(v.map.entries[mid].key, key);
        if (c == 0)
            return &v.map.entries[mid].value;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* Stable merge sort of entries by key; stability decides which duplicate is the later one. */
static void sort_entries(struct val_entry *e, struct val_entry *tmp, size_t n)
{
    if (n < 2)
        return;
    size_t h = n / 2, i = 0, j = h;
    sort_entries(e, tmp, h);
    sort_entries(e + h, tmp, n - h);
    for (size_t k = 0; k < n; k++)
        tmp[k] = j >= n || (i < h && str_cmp(e[i].key, e[j].key) <= 0) ? e[i++] : e[j++];
    memcpy(e, tmp, n * sizeof(*e));
}

static void insertion_sort(struct val_entry *e, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct val_entry x = e[i];
        size_t j = i;
        for (; j > 0 && str_cmp(e[j - 1].key, x.key) > 0; j--)
            e[j] = e[j - 1];
        e[j] = x;
    }
}

struct val val_map_of(struct val_entry *entries, size_t n)
{
    struct val_entry *tmp = n > 16 ? malloc(n * sizeof(*tmp)) : NULL;
    if (tmp)
        sort_entries(entries, tmp, n);
    else
        insertion_sort(entries, n);
    free(tmp);
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        if (out && str_eq(entries[out - 1].key, entries[i].key))
            entries[out - 1] = entries[i];
        else
            entries[out++] = entries[i];
    }
    struct val v = {.type = VAL_MAP};
    v.map.entries = entries;
    v.map.n = out;
    return v;
}

bool val_eq(struct val a, struct val b)
{
    if (val_is_number(a) && val_is_number(b))
        return a.type == VAL_INT && b.type == VAL_INT ? a.i == b.i
                                                      : val_as_double(a) == val_as_double(b);
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case VAL_BOOL:
        return a.b == b.b;
    case VAL_STR:
        return str_eq(a.s, b.s);
    case VAL_LIST:
        if (a.list.n != b.list.n)
            return false;
        for (size_t i = 0; i < a.list.n; i++)
            if (!val_eq(a.list.items[i], b.list.items[i]))
                return false;
        return true;
    case VAL_MAP:
        if (a.map.n != b.map.n)
            return false;
        for (size_t i = 0; i < a.map.n; i++)
            if (!str_eq(a.map.entries[i].key, b.map.entries[i].key) ||
                !val_eq(a.map.entries[i].value, b.map.entries[i].value))
                return false;
        return true;
    default:
        return true;
    }
}

int val_copy(struct arena *a, struct val v, struct val *ret)
{
    if (v.type == VAL_STR) {
        v.s.p = arena_strndup(a, v.s.p, v.s.n);
        if (!v.s.p)
            return -ENOMEM;
    } else if (v.type == VAL_LIST) {
        struct val *items = arena_array(a, struct val, v.list.n);
        if (!items)
            return -ENOMEM;
        for (size_t i = 0; i < v.list.n; i++)
            if (val_copy(a, v.list.items[i], &items[i]) < 0)
                return -ENOMEM;
        v.list.items = items;
    } else if (v.type == VAL_MAP) {
        struct val_entry *e = arena_array(a, struct val_entry, v.map.n);
        if (!e)
            return -ENOMEM;
        for (size_t i = 0; i < v.map.n; i++) {
            struct str k = v.map.entries[i].key;
            e[i].key = str_n(arena_strndup(a, k.p, k.n), k.n);
            if (!e[i].key.p || val_copy(a, v.map.entries[i].value, &e[i].value) < 0)
                return -ENOMEM;
        }
        v.map.entries = e;
    }
    *ret = v;
    return 0;
}
