// SPDX-License-Identifier: Apache-2.0
/* msgpack to objects, from the field tables. */
#include <errno.h>
#include <stdio.h>

#include "model/entry.h"
#include "model/msgpack_head.h"

#define GO_EPOCH INT64_C(62135596800)

struct in {
    struct arena *a;
    struct reader *r;
    struct err *err;
    int depth;
    bool named;    /* the error text starts with a path */
    size_t budget; /* items still possible: each takes a byte of its own */
};

static int broken(struct in *in)
{
    in->r->bad = true;
    return err_set(in->err, -EBADMSG, "msgpack: broken, truncated or nested too deep");
}

static int head(struct in *in, struct mp_head *ret)
{
    return in->r->bad || mp_head(in->r, ret) < 0 ? broken(in) : 0;
}

static const char *kind_name(enum mp_kind k)
{
    static const char *const names[] = {
        [MP_NIL] = "nil",         [MP_BOOL] = "a boolean", [MP_INT] = "an integer",
        [MP_UINT] = "an integer", [MP_NUM] = "a float",    [MP_RAW] = "text",
        [MP_ARRAY] = "a list",    [MP_MAP] = "a map",      [MP_EXT] = "an extension"};
    return names[k];
}

static int wants(struct in *in, const char *what, enum mp_kind found)
{
    return err_set(in->err, -EINVAL, "wants %s, found %s", what, kind_name(found));
}

static int raw(struct in *in, const struct mp_head *h, struct str *ret)
{
    if (h->kind != MP_RAW)
        return wants(in, "text", h->kind);
    return h->n > reader_left(in->r) || reader_bytes(in->r, h->n, ret) < 0 ? broken(in) : 0;
}

static int text(struct in *in, const struct mp_head *h, const char **ret)
{
    struct str s;
    int e = raw(in, h, &s);
    if (e < 0)
        return e;
    *ret = arena_str(in->a, s);
    return *ret ? 0 : -ENOMEM;
}

static int integer(struct in *in, const struct mp_head *h, int64_t *ret)
{
    if (h->kind != MP_INT && h->kind != MP_UINT)
        return wants(in, "an integer", h->kind);
    if (h->kind == MP_UINT && h->n > INT64_MAX)
        return err_set(in->err, -EINVAL, "%llu is too large", (unsigned long long)h->n);
    *ret = h->kind == MP_INT ? h->i : (int64_t)h->n;
    return 0;
}

static int natural(struct in *in, const struct mp_head *h, uint64_t *ret)
{
    if (h->kind != MP_INT && h->kind != MP_UINT)
        return wants(in, "an integer", h->kind);
    if (h->kind == MP_INT && h->i < 0)
        return err_set(in->err, -EINVAL, "%lld must not be negative", (long long)h->i);
    *ret = h->kind == MP_INT ? (uint64_t)h->i : h->n;
    return 0;
}

static int number(struct in *in, const struct mp_head *h, double *ret)
{
    int64_t i;
    if (h->kind == MP_NUM) {
        *ret = h->d;
        return 0;
    }
    int e = integer(in, h, &i);
    if (e == 0)
        *ret = (double)i;
    return e;
}

static int boolean(struct in *in, const struct mp_head *h, bool *ret)
{
    if (h->kind != MP_BOOL)
        return wants(in, "a boolean", h->kind);
    *ret = h->n;
    return 0;
}

static int go_time(struct in *in, const struct mp_head *h, nsec_t *ret)
{
    struct str s;
    int e = raw(in, h, &s);
    if (e < 0)
        return e;
    struct reader r = reader_of(s.p, s.n);
    uint8_t version;
    uint64_t sec;
    uint32_t frac;
    if (s.n != 15 || reader_u8(&r, &version) < 0 || version != 1 || reader_be64(&r, &sec) < 0 ||
        reader_be32(&r, &frac) < 0 || frac >= NSEC_SEC)
        return err_set(in->err, -EINVAL, "wants a time of 15 bytes");
    nsec_t t;
    if (sec == 0)
        *ret = 0;
    else if (sec > INT64_MAX || __builtin_mul_overflow((int64_t)sec - GO_EPOCH, NSEC_SEC, &t) ||
             __builtin_add_overflow(t, (nsec_t)frac, ret))
        return err_set(in->err, -EINVAL, "time is out of range");
    return 0;
}

static int uuid(struct in *in, const struct mp_head *h, struct uuid *ret)
{
    struct str s;
    int e = raw(in, h, &s);
    if (e < 0)
        return e;
    return uuid_parse(s, ret) < 0
               ? err_set(in->err, -EINVAL, "\"%.*s\" is no id", (int)MIN(s.n, (size_t)64), s.p)
               : 0;
}

static int enumeration(struct in *in, const struct field *f, const struct mp_head *h, int32_t *ret)
{
    struct str s;
    int e = raw(in, h, &s);
    if (e < 0 || s.n == 0)
        return e;
    return enum_parse(f->texts, s, ret) < 0
               ? err_set(in->err, -EINVAL, "\"%.*s\" is not known here", (int)MIN(s.n, (size_t)64),
                         s.p)
               : 0;
}

/* Nested counts that promise more items than there are bytes would only cost memory. */
static int counted(struct in *in, const struct mp_head *h, enum mp_kind kind, const char *what)
{
    if (h->kind != kind)
        return wants(in, what, h->kind);
    if (h->n > in->budget)
        return broken(in);
    in->budget -= h->n;
    return 0;
}

static int read_value(struct in *in, const struct mp_head *h, struct val *ret);

static int read_val_list(struct in *in, const struct mp_head *h, struct val *ret)
{
    struct val v = {.type = VAL_LIST};
    int e = counted(in, h, MP_ARRAY, "a list");
    if (e < 0)
        return e;
    v.list.n = h->n;
    if (!(v.list.items = arena_array(in->a, struct val, h->n + 1)))
        return -ENOMEM;
    for (size_t i = 0; i < h->n; i++) {
        struct mp_head item;
        if ((e = head(in, &item)) < 0 || (e = read_value(in, &item, &v.list.items[i])) < 0)
            return e;
    }
    *ret = v;
    return 0;
}

static int read_val_map(struct in *in, const struct mp_head *h, struct val *ret)
{
    int e = counted(in, h, MP_MAP, "a map");
    if (e < 0)
        return e;
    struct val_entry *entries = arena_array(in->a, struct val_entry, h->n + 1);
    if (!entries)
        return -ENOMEM;
    for (size_t i = 0; i < h->n; i++) {
        struct mp_head item;
        const char *key;
        if ((e = head(in, &item)) < 0 || (e = text(in, &item, &key)) < 0)
            return e;
        entries[i].key = str_of(key);
        if ((e = head(in, &item)) < 0 || (e = read_value(in, &item, &entries[i].value)) < 0)
            return e;
    }
    *ret = val_map_of(entries, h->n);
    return 0;
}

static int read_scalar(struct in *in, const struct mp_head *h, struct val *ret)
{
    struct str s;
    const char *z;
    int e;
    switch (h->kind) {
    case MP_NIL:
        *ret = val_null();
        return 0;
    case MP_BOOL:
        *ret = val_bool(h->n);
        return 0;
    case MP_INT:
        *ret = val_int(h->i);
        return 0;
    case MP_UINT:
        *ret = h->n <= INT64_MAX ? val_int((int64_t)h->n) : val_num((double)h->n);
        return 0;
    case MP_NUM:
        *ret = val_num(h->d);
        return 0;
    case MP_RAW:
        if ((e = raw(in, h, &s)) < 0)
            return e;
        if (!(z = arena_str(in->a, s)))
            return -ENOMEM;
        *ret = val_str(str_n(z, s.n));
        return 0;
    default:
        return broken(in);
    }
}

static int read_value(struct in *in, const struct mp_head *h, struct val *ret)
{
    if (h->kind != MP_ARRAY && h->kind != MP_MAP)
        return read_scalar(in, h, ret);
    if (in->depth >= MSGPACK_MAX_DEPTH)
        return broken(in);
    in->depth++;
    int e = h->kind == MP_MAP ? read_val_map(in, h, ret) : read_val_list(in, h, ret);
    in->depth--;
    return e;
}

static int read_obj(struct in *in, const struct schema *s, const struct mp_head *h, void **ret);

static int read_objs(struct in *in, const struct field *f, const struct mp_head *h,
                     struct objs *ret)
{
    int e = counted(in, h, MP_ARRAY, "a list");
    if (e < 0)
        return e;
    struct objs l = {arena_array(in->a, void *, h->n + 1), h->n};
    for (size_t i = 0; i < h->n; i++) {
        struct mp_head item;
        if (!l.items)
            return -ENOMEM;
        if ((e = head(in, &item)) < 0)
            return e;
        if (item.kind == MP_NIL)
            return wants(in, "an object", MP_NIL);
        if ((e = read_obj(in, f->sub, &item, &l.items[i])) < 0)
            return e;
    }
    *ret = l;
    return 0;
}

static int read_list(struct in *in, const struct field *f, const struct mp_head *h, void *p)
{
    static const size_t sizes[FT_MAX] = {
        [FT_STRS] = sizeof(char *), [FT_INTS] = sizeof(int64_t), [FT_UUIDS] = sizeof(struct uuid)};
    int e = counted(in, h, MP_ARRAY, "a list");
    if (e < 0)
        return e;
    char *items = arena_calloc(in->a, h->n + 1, sizes[f->type]);
    if (!items)
        return -ENOMEM;
    for (size_t i = 0; i < h->n; i++) {
        struct mp_head item;
        void *slot = items + i * sizes[f->type];
        if ((e = head(in, &item)) < 0)
            return e;
        e = f->type == FT_STRS   ? text(in, &item, slot)
            : f->type == FT_INTS ? integer(in, &item, slot)
                                 : uuid(in, &item, slot);
        if (e < 0)
            return e;
    }
    *(struct strs *)p = (struct strs){(const char **)(void *)items, h->n};
    return 0;
}

static int read_entry(struct in *in, const struct field *f, const struct mp_head *h,
                      union map_entry *e)
{
    bool b = false;
    int r;
    switch ((enum ftype)f->type) {
    case FT_SMAP:
        return h->kind == MP_NIL ? 0 : text(in, h, &e->s.value);
    case FT_IMAP:
        return integer(in, h, &e->i.value);
    case FT_BMAP:
        r = boolean(in, h, &b);
        e->i.value = b;
        return r;
    case FT_NMAP:
        return number(in, h, &e->n.value);
    case FT_OMAP:
        return read_obj(in, f->sub, h, &e->o.value);
    default:
        if (!(e->o.value = arena_new_of(in->a, struct objs)))
            return -ENOMEM;
        return h->kind == MP_NIL ? 0 : read_objs(in, f, h, e->o.value);
    }
}

static int read_map(struct in *in, const struct field *f, const struct mp_head *h, void *p)
{
    int e = counted(in, h, MP_MAP, "a map");
    if (e < 0)
        return e;
    union map_entry *items = arena_array(in->a, union map_entry, h->n + 1);
    if (!items)
        return -ENOMEM;
    for (size_t i = 0; i < h->n; i++) {
        struct mp_head item;
        if ((e = head(in, &item)) < 0 || (e = text(in, &item, &items[i].key)) < 0 ||
            (e = head(in, &item)) < 0 || (e = read_entry(in, f, &item, &items[i])) < 0)
            return e;
    }
    map_entries_store(items, h->n, p);
    return 0;
}

static int read_bytes(struct in *in, const struct mp_head *h, struct str *ret)
{
    struct str s;
    int e = raw(in, h, &s);
    if (e < 0)
        return e;
    *ret = (struct str){arena_str(in->a, s), s.n};
    return ret->p ? 0 : -ENOMEM;
}

static int read_tri(struct in *in, const struct mp_head *h, int8_t *ret)
{
    bool b = false;
    int e = boolean(in, h, &b);
    if (e == 0)
        *ret = b;
    return e;
}

static int read_field(struct in *in, const struct field *f, const struct mp_head *h, void *obj)
{
    void *p = field_ptr(f, obj);
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        return boolean(in, h, p);
    case FT_TRI:
        return read_tri(in, h, p);
    case FT_INT:
    case FT_DUR:
        return integer(in, h, p);
    case FT_UINT:
        return natural(in, h, p);
    case FT_NUM:
        return number(in, h, p);
    case FT_TIME:
        return go_time(in, h, p);
    case FT_STR:
        return text(in, h, p);
    case FT_ENUM:
        return enumeration(in, f, h, p);
    case FT_UUID:
        return uuid(in, h, p);
    case FT_BYTES:
        return read_bytes(in, h, p);
    case FT_STRS:
    case FT_INTS:
    case FT_UUIDS:
        return read_list(in, f, h, p);
    case FT_VAL:
        return read_value(in, h, p);
    case FT_OBJ:
        return read_obj(in, f->sub, h, p);
    case FT_OBJS:
        return read_objs(in, f, h, p);
    default:
        return read_map(in, f, h, p);
    }
}

/* nil is Go's nil pointer, list or map, and its zero for everything else. */
static void set_nil(const struct field *f, void *obj)
{
    void *p = field_ptr(f, obj);
    memset(p, 0, f->size);
    if (f->type == FT_TRI)
        *(int8_t *)p = TRI_UNSET;
    else if ((f->type == FT_INT || f->type == FT_DUR) && f->flags & FF_OPT)
        *(int64_t *)p = INT_UNSET;
}

/* Fields mostly come in the table's order: the search starts behind the one found last. */
static const struct field *find_field(const struct schema *s, struct str key, size_t *hint)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[(*hint + i) % s->n_fields];
        if (str_eqz(key, f->name)) {
            *hint = (*hint + i + 1) % s->n_fields;
            return f->flags & FF_LOCAL ? NULL : f;
        }
    }
    return NULL;
}

/* Puts the name before the text of an error from below: paths grow on the way up. */
static int within(struct in *in, const char *name, int code)
{
    if (!in->err || code != -EINVAL)
        return code;
    char below[ERR_TEXT_MAX];
    snprintf(below, sizeof(below), "%s", in->err->text);
    err_set(in->err, code, "%s%s%s", name, in->named ? "." : ": ", below);
    in->named = true;
    return code;
}

static int read_pair(struct in *in, const struct schema *s, size_t *hint, void *obj)
{
    struct mp_head h;
    struct str key;
    int e = head(in, &h);
    if (e < 0 || (e = raw(in, &h, &key)) < 0)
        return e;
    const struct field *f = find_field(s, key, hint);
    if (!f)
        return msgpack_skip(in->r) < 0 ? broken(in) : 0;
    if ((e = head(in, &h)) < 0)
        return e;
    if (h.kind == MP_NIL) {
        set_nil(f, obj);
        return 0;
    }
    return within(in, f->name, read_field(in, f, &h, obj));
}

static int read_obj(struct in *in, const struct schema *s, const struct mp_head *h, void **ret)
{
    void *obj = model_new(s, in->a);
    size_t hint = 0;
    int e = 0;
    if (!obj)
        return -ENOMEM;
    if (h->kind != MP_NIL && (e = counted(in, h, MP_MAP, "a map")) < 0)
        return e;
    if (in->depth >= MSGPACK_MAX_DEPTH)
        return broken(in);
    in->depth++;
    for (size_t i = 0; h->kind == MP_MAP && i < h->n && e == 0; i++)
        e = read_pair(in, s, &hint, obj);
    in->depth--;
    if (e == 0)
        *ret = obj;
    return e;
}

int model_from_msgpack(const struct schema *s, struct arena *a, struct reader *r, void **ret,
                       struct err *err)
{
    struct in in = {.a = a, .r = r, .err = err, .budget = reader_left(r)};
    struct mp_head h;
    int e = head(&in, &h);
    if (e < 0 || (e = read_obj(&in, s, &h, ret)) == 0)
        return e;
    return e == -ENOMEM ? err_set(err, e, "out of memory") : within(&in, s->name, e);
}

int msgpack_read_val(struct arena *a, struct reader *r, struct val *ret)
{
    struct in in = {.a = a, .r = r, .budget = reader_left(r)};
    struct mp_head h;
    int e = head(&in, &h);
    return e < 0 ? e : read_value(&in, &h, ret);
}
