// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>

#include "client/task_env.h"

#define NAME_MAX_LEN 256

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* env["X"], attr["X"], meta["X"]: the key in `name` is "X", "attr.X", "meta.X". */
static bool indexed_name(struct str ref, char name[NAME_MAX_LEN])
{
    static const struct {
        const char *open, *prefix;
    } forms[] = {{"env[\"", ""}, {"attr[\"", "attr."}, {"meta[\"", "meta."}};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t o = strlen(forms[i].open), p = strlen(forms[i].prefix);
        if (!str_has_prefix(ref, forms[i].open) || !str_has_suffix(ref, "\"]") || ref.n < o + 2 ||
            p + ref.n - o - 2 >= NAME_MAX_LEN)
            continue;
        memcpy(name, forms[i].prefix, p);
        memcpy(name + p, ref.p + o, ref.n - o - 2);
        name[p + ref.n - o - 2] = 0;
        return true;
    }
    return false;
}

static bool plain_name(struct str ref, char name[NAME_MAX_LEN])
{
    if (ref.n == 0 || ref.n >= NAME_MAX_LEN)
        return false;
    for (size_t i = 0; i < ref.n; i++)
        if (!name_char(ref.p[i]))
            return false;
    memcpy(name, ref.p, ref.n);
    name[ref.n] = 0;
    return true;
}

static const char *look_up(const struct task_env *e, struct str ref)
{
    char name[NAME_MAX_LEN];
    if (indexed_name(ref, name))
        return has_prefix(ref.p, "env[") ? smap_get(&e->env, name) : smap_get(&e->node, name);
    if (!plain_name(ref, name))
        return NULL;
    const char *v = smap_get(&e->node, name);
    return v ? v : smap_get(&e->env, name);
}

const char *task_env_replace(const struct task_env *e, struct arena *a, const char *text)
{
    if (!text || !strstr(text, "${"))
        return text;
    cleanup_buf struct buf b = {0};
    for (const char *p = text; *p;) {
        const char *open = strstr(p, "${");
        const char *close = open ? strchr(open, '}') : NULL;
        if (!close) {
            buf_addz(&b, p);
            break;
        }
        buf_add(&b, p, (size_t)(open - p));
        const char *v = look_up(e, str_n(open + 2, (size_t)(close - open - 2)));
        if (v) {
            buf_addz(&b, v);
            p = close + 1;
        } else { /* go on behind "${": the name may hold another reference */
            buf_addz(&b, "${");
            p = open + 2;
        }
    }
    return b.failed ? NULL : arena_strndup(a, nonull(b.p), b.n);
}

static int replace_str(const struct task_env *e, struct arena *a, struct str s, struct str *ret)
{
    const char *z = task_env_replace(e, a, s.p);
    if (!z && s.p)
        return -ENOMEM;
    *ret = str_of(z);
    return 0;
}

static int replace_map(const struct task_env *e, struct arena *a, struct val v, struct val *ret)
{
    struct val_entry *items = arena_array(a, struct val_entry, v.map.n + 1);
    if (!items)
        return -ENOMEM;
    for (size_t i = 0; i < v.map.n; i++)
        if (replace_str(e, a, v.map.entries[i].key, &items[i].key) < 0 ||
            task_env_replace_val(e, a, v.map.entries[i].value, &items[i].value) < 0)
            return -ENOMEM;
    *ret = val_map_of(items, v.map.n);
    return 0;
}

int task_env_replace_val(const struct task_env *e, struct arena *a, struct val v, struct val *ret)
{
    struct str s;
    switch (v.type) {
    case VAL_STR:
        if (replace_str(e, a, v.s, &s) < 0)
            return -ENOMEM;
        *ret = val_str(s);
        return 0;
    case VAL_LIST: {
        struct val *items = arena_array(a, struct val, v.list.n + 1);
        if (!items)
            return -ENOMEM;
        for (size_t i = 0; i < v.list.n; i++)
            if (task_env_replace_val(e, a, v.list.items[i], &items[i]) < 0)
                return -ENOMEM;
        *ret = (struct val){.type = VAL_LIST, .list = {items, v.list.n}};
        return 0;
    }
    case VAL_MAP:
        return replace_map(e, a, v, ret);
    default:
        *ret = v;
        return 0;
    }
}
