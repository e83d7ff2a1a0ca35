// SPDX-License-Identifier: Apache-2.0
/* JSON to objects, from the field tables. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <strings.h>

#include "base/base64.h"
#include "model/entry.h"
#include "model/json.h"

/* Where we are, for error texts: a chain through the C stack. */
struct at {
    const struct at *up;
    const char *key; /* NULL: an index */
    size_t index;
};

struct in {
    struct arena *a;
    const char *root;
    unsigned flags;
    struct err *err;
};

static void add_path(struct buf *b, const struct at *at)
{
    if (!at)
        return;
    add_path(b, at->up);
    if (at->key)
        buf_printf(b, "%s%s", b->n ? "." : "", at->key);
    else
        buf_printf(b, "[%zu]", at->index);
}

static int fail(const struct in *in, const struct at *at, int code, const char *fmt, ...)
    printf_like(4, 5);
static int fail(const struct in *in, const struct at *at, int code, const char *fmt, ...)
{
    struct buf b = {0};
    va_list ap;
    buf_addz(&b, nonull(in->root));
    add_path(&b, at);
    if (b.n)
        buf_addz(&b, ": ");
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    err_set(in->err, code, "%s", b.p ? b.p : "out of memory");
    buf_free(&b);
    return code;
}

static int no_memory(const struct in *in)
{
    return err_set(in->err, -ENOMEM, "out of memory");
}

static const char *type_name(const json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_NULL:
        return "null";
    default:
        return "a boolean";
    }
}

static int wants(const struct in *in, const struct at *at, const char *what, const json_t *j)
{
    return fail(in, at, -EINVAL, "wants %s, found %s", what, type_name(j));
}

static int read_text(const struct in *in, const struct at *at, const json_t *j, const char **ret)
{
    if (!json_is_string(j))
        return wants(in, at, "a string", j);
    *ret = arena_strndup(in->a, json_string_value(j), json_string_length(j));
    return *ret ? 0 : no_memory(in);
}

static int read_bool(const struct in *in, const struct at *at, const json_t *j, bool *ret)
{
    if (!json_is_boolean(j))
        return wants(in, at, "true or false", j);
    *ret = json_is_true(j);
    return 0;
}

static int read_int(const struct in *in, const struct at *at, const json_t *j, int64_t *ret)
{
    if (json_is_integer(j)) {
        *ret = json_integer_value(j);
        return 0;
    }
    if (!json_is_real(j))
        return wants(in, at, "a number", j);
    double d = json_real_value(j);
    if (d != trunc(d) || fabs(d) > 9.0e15)
        return fail(in, at, -EINVAL, "wants a whole number, found %g", d);
    *ret = (int64_t)d;
    return 0;
}

static int read_uint(const struct in *in, const struct at *at, const json_t *j, uint64_t *ret)
{
    int64_t i;
    int r = read_int(in, at, j, &i);
    if (r < 0)
        return r;
    if (i < 0)
        return fail(in, at, -EINVAL, "must not be negative");
    *ret = (uint64_t)i;
    return 0;
}

static int read_num(const struct in *in, const struct at *at, const json_t *j, double *ret)
{
    if (!json_is_number(j))
        return wants(in, at, "a number", j);
    *ret = json_number_value(j);
    return 0;
}

static int read_duration(const struct in *in, const struct at *at, const json_t *j, nsec_t *ret)
{
    if (!json_is_string(j))
        return read_int(in, at, j, ret);
    if (duration_parse(str_of(json_string_value(j)), ret) < 0)
        return fail(in, at, -EINVAL, "\"%s\" is no duration such as \"1h30m\" or \"15s\"",
                    json_string_value(j));
    return 0;
}

static int read_time(const struct in *in, const struct at *at, const json_t *j, nsec_t *ret)
{
    if (!json_is_string(j))
        return wants(in, at, "a time as text", j);
    const char *z = json_string_value(j);
    if (!*z || has_prefix(z, "0001-01-01T")) {
        *ret = 0;
        return 0;
    }
    if (time_parse_rfc3339(str_of(z), ret) < 0)
        return fail(in, at, -EINVAL, "\"%s\" is no time such as \"2026-11-20T12:00:00Z\"", z);
    return 0;
}

static int read_uuid(const struct in *in, const struct at *at, const json_t *j, struct uuid *ret)
{
    if (!json_is_string(j))
        return wants(in, at, "a string", j);
    if (uuid_parse(str_of(json_string_value(j)), ret) < 0)
        return fail(in, at, -EINVAL, "\"%s\" is no full id (36 characters)", json_string_value(j));
    return 0;
}

static int read_bytes(const struct in *in, const struct at *at, const json_t *j, struct str *ret)
{
    if (!json_is_string(j))
        return wants(in, at, "base64 text", j);
    int r = base64_decode(in->a, str_n(json_string_value(j), json_string_length(j)), ret);
    return r == -ENOMEM ? no_memory(in) : r < 0 ? fail(in, at, r, "is no base64 text") : 0;
}

static int read_enum(const struct in *in, const struct at *at, const struct field *f,
                     const json_t *j, int32_t *ret)
{
    if (!json_is_string(j))
        return wants(in, at, "a string", j);
    struct str s = str_of(json_string_value(j));
    if (s.n == 0 || enum_parse(f->texts, s, ret) == 0)
        return 0;
    struct buf b = {0};
    for (size_t i = 0; i < f->texts->n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", f->texts->texts[i]);
    fail(in, at, -EINVAL, "\"" STR_FMT "\" is none of %s", STR_ARG(s), b.p);
    buf_free(&b);
    return -EINVAL;
}

static int read_val(const struct in *in, const struct at *at, const json_t *j, int depth,
                    struct val *ret);

static int read_val_list(const struct in *in, const struct at *at, const json_t *j, int depth,
                         struct val *ret)
{
    struct val v = {.type = VAL_LIST};
    v.list.n = json_array_size(j);
    if (!(v.list.items = arena_array(in->a, struct val, v.list.n + 1)))
        return no_memory(in);
    for (size_t i = 0; i < v.list.n; i++) {
        struct at here = {at, NULL, i};
        int r = read_val(in, &here, json_array_get(j, i), depth + 1, &v.list.items[i]);
        if (r < 0)
            return r;
    }
    *ret = v;
    return 0;
}

static int read_val_map(const struct in *in, const struct at *at, const json_t *j, int depth,
                        struct val *ret)
{
    struct val_entry *e = arena_array(in->a, struct val_entry, json_object_size(j) + 1);
    size_t n = 0;
    const char *key;
    json_t *item;
    if (!e)
        return no_memory(in);
    json_object_foreach((json_t *)j, key, item)
    {
        struct at here = {at, key, 0};
        e[n].key = str_of(arena_strdup(in->a, key));
        int r = e[n].key.p ? read_val(in, &here, item, depth + 1, &e[n].value) : no_memory(in);
        if (r < 0)
            return r;
        n++;
    }
    *ret = val_map_of(e, n);
    return 0;
}

static int read_val(const struct in *in, const struct at *at, const json_t *j, int depth,
                    struct val *ret)
{
    const char *z;
    int r;
    if (depth > MODEL_JSON_DEPTH)
        return fail(in, at, -EMSGSIZE, "is nested deeper than %d levels", MODEL_JSON_DEPTH);
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return read_val_map(in, at, j, depth, ret);
    case JSON_ARRAY:
        return read_val_list(in, at, j, depth, ret);
    case JSON_STRING:
        if ((r = read_text(in, at, j, &z)) == 0)
            *ret = val_str(str_n(z, json_string_length(j)));
        return r;
    case JSON_INTEGER:
        *ret = val_int(json_integer_value(j));
        return 0;
    case JSON_REAL:
        *ret = val_num(json_real_value(j));
        return 0;
    case JSON_NULL:
        *ret = val_null();
        return 0;
    default:
        *ret = val_bool(json_is_true(j));
        return 0;
    }
}

static int read_obj(const struct in *in, const struct at *at, const struct schema *s,
                    const json_t *j, int depth, void **ret);

static int read_objs(const struct in *in, const struct at *at, const struct schema *s,
                     const json_t *j, int depth, struct objs *ret)
{
    struct objs l = {.n = json_array_size(j)};
    if (!json_is_array(j))
        return wants(in, at, "a list", j);
    if (!(l.items = arena_array(in->a, void *, l.n + 1)))
        return no_memory(in);
    for (size_t i = 0; i < l.n; i++) {
        struct at here = {at, NULL, i};
        int r = read_obj(in, &here, s, json_array_get(j, i), depth, &l.items[i]);
        if (r < 0)
            return r;
    }
    *ret = l;
    return 0;
}

static int read_list_item(const struct in *in, const struct at *at, const struct field *f,
                          const json_t *j, void *items, size_t i)
{
    if (f->type == FT_STRS)
        return read_text(in, at, j, (const char **)items + i);
    if (f->type == FT_INTS)
        return read_int(in, at, j, (int64_t *)items + i);
    return read_uuid(in, at, j, (struct uuid *)items + i);
}

static int read_list(const struct in *in, const struct at *at, const struct field *f,
                     const json_t *j, void *p)
{
    static const size_t sizes[FT_MAX] = {
        [FT_STRS] = sizeof(char *), [FT_INTS] = sizeof(int64_t), [FT_UUIDS] = sizeof(struct uuid)};
    if (!json_is_array(j))
        return wants(in, at, "a list", j);
    struct strs *l = p;
    size_t n = json_array_size(j);
    void *items = arena_calloc(in->a, n + 1, sizes[f->type]);
    if (!items)
        return no_memory(in);
    for (size_t i = 0; i < n; i++) {
        struct at here = {at, NULL, i};
        int r = read_list_item(in, &here, f, json_array_get(j, i), items, i);
        if (r < 0)
            return r;
    }
    *l = (struct strs){items, n};
    return 0;
}

/* One entry of any of the maps. */
static int read_entry(const struct in *in, const struct at *at, const struct field *f,
                      const json_t *j, int depth, union map_entry *e)
{
    bool b = false;
    int r;
    switch ((enum ftype)f->type) {
    case FT_SMAP:
        return json_is_null(j) ? 0 : read_text(in, at, j, &e->s.value);
    case FT_IMAP:
        return read_int(in, at, j, &e->i.value);
    case FT_BMAP:
        r = read_bool(in, at, j, &b);
        e->i.value = b;
        return r;
    case FT_NMAP:
        return read_num(in, at, j, &e->n.value);
    case FT_OMAP:
        return read_obj(in, at, f->sub, j, depth, &e->o.value);
    default:
        e->o.value = arena_new_of(in->a, struct objs);
        return e->o.value ? read_objs(in, at, f->sub, j, depth, e->o.value) : no_memory(in);
    }
}

static int read_map(const struct in *in, const struct at *at, const struct field *f,
                    const json_t *j, int depth, void *p)
{
    const char *key;
    json_t *item;
    size_t n = 0;
    if (!json_is_object(j))
        return wants(in, at, "an object", j);
    union map_entry *items = arena_array(in->a, union map_entry, json_object_size(j) + 1);
    if (!items)
        return no_memory(in);
    json_object_foreach((json_t *)j, key, item)
    {
        struct at here = {at, key, 0};
        /* A null object is Go's nil pointer: as good as absent. */
        if (json_is_null(item) && (f->type == FT_OMAP || f->type == FT_OLMAP))
            continue;
        items[n].key = arena_strdup(in->a, key);
        int r = items[n].key ? read_entry(in, &here, f, item, depth, &items[n]) : no_memory(in);
        if (r < 0)
            return r;
        n++;
    }
    map_entries_store(items, n, p);
    return 0;
}

static int read_tri(const struct in *in, const struct at *at, const json_t *j, int8_t *ret)
{
    bool b = false;
    int r = read_bool(in, at, j, &b);
    if (r == 0)
        *ret = b;
    return r;
}

static int read_field(const struct in *in, const struct at *at, const struct field *f,
                      const json_t *j, int depth, void *obj)
{
    void *p = field_ptr(f, obj);
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        return read_bool(in, at, j, p);
    case FT_TRI:
        return read_tri(in, at, j, p);
    case FT_INT:
        return read_int(in, at, j, p);
    case FT_UINT:
        return read_uint(in, at, j, p);
    case FT_NUM:
        return read_num(in, at, j, p);
    case FT_DUR:
        return read_duration(in, at, j, p);
    case FT_TIME:
        return read_time(in, at, j, p);
    case FT_STR:
        return read_text(in, at, j, p);
    case FT_ENUM:
        return read_enum(in, at, f, j, p);
    case FT_UUID:
        return read_uuid(in, at, j, p);
    case FT_BYTES:
        return read_bytes(in, at, j, p);
    case FT_STRS:
    case FT_INTS:
    case FT_UUIDS:
        return read_list(in, at, f, j, p);
    case FT_VAL:
        return read_val(in, at, j, depth, p);
    case FT_OBJ:
        return read_obj(in, at, f->sub, j, depth, p);
    case FT_OBJS:
        return read_objs(in, at, f->sub, j, depth, p);
    default:
        return read_map(in, at, f, j, depth, p);
    }
}

static const struct field *find_field(const struct in *in, const struct schema *s, const char *key)
{
    const struct field *f = schema_field(s, str_of(key));
    for (size_t i = 0; !f && i < s->n_fields; i++)
        if (strcasecmp(s->fields[i].name, key) == 0)
            f = &s->fields[i];
    return f && f->flags & FF_LOCAL && !(in->flags & JSONF_LOCAL) ? NULL : f;
}

static int unknown_key(const struct in *in, const struct at *at, const struct schema *s,
                       const char *key)
{
    const char *names[128];
    size_t n = 0;
    for (; n < s->n_fields && n < ARRAY_LEN(names); n++)
        names[n] = s->fields[n].name;
    const char *near = nearest_name(str_of(key), names, n);
    return near ? fail(in, at, -EINVAL, "is no field of %s; did you mean \"%s\"?", s->name, near)
                : fail(in, at, -EINVAL, "is no field of %s", s->name);
}

/* What a Go program prints for a field nobody has set. */
static bool says_nothing(const json_t *j)
{
    return json_is_null(j) || json_is_false(j) ||
           (json_is_string(j) && json_string_length(j) == 0) ||
           (json_is_number(j) && json_number_value(j) == 0) ||
           (json_is_array(j) && json_array_size(j) == 0) ||
           (json_is_object(j) && json_object_size(j) == 0);
}

static int read_obj(const struct in *in, const struct at *at, const struct schema *s,
                    const json_t *j, int depth, void **ret)
{
    const char *key;
    json_t *item;
    if (!json_is_object(j))
        return wants(in, at, "an object", j);
    if (depth >= MODEL_JSON_DEPTH)
        return fail(in, at, -EMSGSIZE, "is nested deeper than %d levels", MODEL_JSON_DEPTH);
    void *obj = model_new(s, in->a);
    if (!obj)
        return no_memory(in);
    json_object_foreach((json_t *)j, key, item)
    {
        struct at here = {at, key, 0};
        const struct field *f = find_field(in, s, key);
        int r = 0;
        if (!f)
            r = in->flags & JSONF_STRICT && !says_nothing(item) ? unknown_key(in, &here, s, key)
                                                                : 0;
        else if (!json_is_null(item))
            r = read_field(in, &here, f, item, depth + 1, obj);
        if (r < 0)
            return r;
    }
    *ret = obj;
    return 0;
}

/* json_decref by reference, for the cleanup attribute. */
static void tree_free(json_t **j)
{
    json_decref(*j);
}

static int parse(struct str text, size_t flags, json_t **ret, struct err *err)
{
    json_error_t e;
    if (text.n > MODEL_JSON_BYTES)
        return err_set(err, -EMSGSIZE, "JSON text of %zu bytes is larger than %zu", text.n,
                       MODEL_JSON_BYTES);
    *ret = json_loadb(text.n ? text.p : "", text.n, flags, &e);
    if (*ret)
        return 0;
    return err_set(err, -EINVAL, "JSON: line %d, column %d: %s", e.line, e.column, e.text);
}

int model_from_json_tree(const struct schema *s, struct arena *a, const struct json_t *tree,
                         const char *root, unsigned flags, void **ret, struct err *err)
{
    struct in in = {a, root, flags, err};
    return read_obj(&in, NULL, s, tree, 0, ret);
}

int model_from_json(const struct schema *s, struct arena *a, struct str text, const char *root,
                    unsigned flags, void **ret, struct err *err)
{
    __attribute__((cleanup(tree_free))) json_t *tree = NULL;
    int r = parse(text, 0, &tree, err);
    return r < 0 ? r : model_from_json_tree(s, a, tree, root, flags, ret, err);
}

int val_from_json_tree(struct arena *a, const struct json_t *tree, struct val *ret, struct err *err)
{
    struct in in = {a, NULL, 0, err};
    return read_val(&in, NULL, tree, 0, ret);
}

int val_from_json(struct arena *a, struct str text, struct val *ret, struct err *err)
{
    __attribute__((cleanup(tree_free))) json_t *tree = NULL;
    int r = parse(text, JSON_DECODE_ANY, &tree, err);
    return r < 0 ? r : val_from_json_tree(a, tree, ret, err);
}
