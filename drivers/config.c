// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "drivers/driver.h"

static const struct field *find_field(const struct schema *s, struct str key)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].hcl && str_eqz(key, s->fields[i].hcl))
            return &s->fields[i];
    return NULL;
}

static int unknown_key(const struct driver *d, struct str key, struct err *err)
{
    const char *names[64] = {0};
    size_t n = 0;
    for (size_t i = 0; i < d->config->n_fields && n < ARRAY_LEN(names); i++)
        if (d->config->fields[i].hcl)
            names[n++] = d->config->fields[i].hcl;
    const char *near = nearest_name(key, names, n);
    if (near)
        return err_set(err, -EINVAL,
                       "config of driver \"%s\" has no option \"" STR_FMT
                       "\"; did you mean \"%s\"?",
                       d->name, STR_ARG(key), near);
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
    return err_set(err, -EINVAL,
                   "config of driver \"%s\" has no option \"" STR_FMT "\" (it has: %s)", d->name,
                   STR_ARG(key), nonull(b.p));
}

static int wrong_type(const struct driver *d, const struct field *f, struct val v, const char *want,
                      struct err *err)
{
    return err_set(err, -EINVAL, "config of driver \"%s\": option \"%s\" must be %s, not %s",
                   d->name, f->hcl, want, val_type_name(v));
}

/* Numbers and booleans are texts too, as in the job language. */
static const char *text_of(struct arena *a, struct val v)
{
    switch (v.type) {
    case VAL_STR:
        return arena_str(a, v.s);
    case VAL_BOOL:
        return v.b ? "true" : "false";
    case VAL_INT:
        return arena_printf(a, "%lld", (long long)v.i);
    case VAL_NUM:
        return arena_printf(a, "%.15g", v.d);
    default:
        return NULL;
    }
}

static int decode_bool(struct val v, bool *ret)
{
    if (v.type == VAL_BOOL)
        *ret = v.b;
    else if (v.type == VAL_STR && (str_eqz(v.s, "true") || str_eqz(v.s, "1")))
        *ret = true;
    else if (v.type == VAL_STR && (str_eqz(v.s, "false") || str_eqz(v.s, "0")))
        *ret = false;
    else
        return -EINVAL;
    return 0;
}

static int decode_int(struct val v, int64_t *ret)
{
    if (v.type == VAL_STR)
        return parse_i64(v.s, ret);
    if (v.type != VAL_INT)
        return -EINVAL;
    *ret = v.i;
    return 0;
}

static int decode_strs(struct arena *a, struct val v, struct strs *ret)
{
    if (v.type != VAL_LIST)
        return -EINVAL;
    for (size_t i = 0; i < v.list.n; i++) {
        const char *z = text_of(a, v.list.items[i]);
        if (!z || strs_add(a, ret, z) < 0)
            return -EINVAL;
    }
    return 0;
}

static int decode_smap(struct arena *a, struct val v, struct smap *ret)
{
    if (v.type == VAL_LIST) { /* a block may come as a list of maps */
        for (size_t i = 0; i < v.list.n; i++)
            if (decode_smap(a, v.list.items[i], ret) < 0)
                return -EINVAL;
        return 0;
    }
    if (v.type != VAL_MAP)
        return -EINVAL;
    for (size_t i = 0; i < v.map.n; i++) {
        const char *z = text_of(a, v.map.entries[i].value);
        if (!z || smap_set(a, ret, v.map.entries[i].key.p, z) < 0)
            return -EINVAL;
    }
    return 0;
}

static int decode_field(const struct driver *d, struct arena *a, const struct field *f,
                        struct val v, void *obj, struct err *err)
{
    void *p = field_ptr(f, obj);
    bool b;
    switch (f->type) {
    case FT_STR:
        *(const char **)p = text_of(a, v);
        return *(const char **)p ? 0 : wrong_type(d, f, v, "a string", err);
    case FT_BOOL:
        return decode_bool(v, p) < 0 ? wrong_type(d, f, v, "true or false", err) : 0;
    case FT_TRI:
        if (decode_bool(v, &b) < 0)
            return wrong_type(d, f, v, "true or false", err);
        *(int8_t *)p = b;
        return 0;
    case FT_INT:
        return decode_int(v, p) < 0 ? wrong_type(d, f, v, "a whole number", err) : 0;
    case FT_DUR:
        if (v.type == VAL_STR && duration_parse(v.s, p) == 0)
            return 0;
        return wrong_type(d, f, v, "a duration such as \"30s\"", err);
    case FT_STRS:
        return decode_strs(a, v, p) < 0 ? wrong_type(d, f, v, "a list of strings", err) : 0;
    case FT_SMAP:
        return decode_smap(a, v, p) < 0 ? wrong_type(d, f, v, "a map of strings", err) : 0;
    default:
        assert(!"field type no driver config uses");
        return -EINVAL;
    }
}

int driver_config_decode(const struct driver *d, struct arena *a, struct val config, void **ret,
                         struct err *err)
{
    void *obj = model_new(d->config, a);
    if (!obj)
        return err_errno(err, -ENOMEM, "config of driver \"%s\"", d->name);
    if (config.type != VAL_MAP && config.type != VAL_NULL)
        return err_set(err, -EINVAL, "config of driver \"%s\" must be a map, not %s", d->name,
                       val_type_name(config));
    size_t n = config.type == VAL_MAP ? config.map.n : 0;
    for (size_t i = 0; i < n; i++) {
        struct str key = config.map.entries[i].key;
        const struct field *f = find_field(d->config, key);
        if (!f)
            return unknown_key(d, key, err);
        if (config.map.entries[i].value.type == VAL_NULL)
            continue;
        int r = decode_field(d, a, f, config.map.entries[i].value, obj, err);
        if (r < 0)
            return r;
    }
    for (const char *const *q = d->required; q && *q; q++) {
        const struct field *f = find_field(d->config, str_of(*q));
        if (field_is_empty(f, obj))
            return err_set(err, -EINVAL, "config of driver \"%s\": option \"%s\" is missing",
                           d->name, *q);
    }
    if (ret)
        *ret = obj;
    return 0;
}
