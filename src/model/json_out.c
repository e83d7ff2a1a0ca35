// SPDX-License-Identifier: Apache-2.0
/* Objects to JSON, from the field tables. */
#include "base/base64.h"
#include "model/json.h"

static void write_uuid(struct json_writer *w, const struct uuid *u)
{
    jw_str(w, UUID_Z(u));
}

static void write_bytes(struct json_writer *w, struct str s)
{
    struct buf b = {0};
    base64_encode(&b, s);
    w->out->failed |= b.failed;
    jw_strn(w, buf_str(&b));
    buf_free(&b);
}

void jw_objs(struct json_writer *w, const struct schema *s, const struct objs *l)
{
    jw_arr_begin(w);
    for (size_t i = 0; i < l->n; i++)
        jw_obj(w, s, l->items[i]);
    jw_arr_end(w);
}

static void write_list(struct json_writer *w, const struct field *f, const void *p)
{
    const struct strs *l = p;
    jw_arr_begin(w);
    for (size_t i = 0; i < l->n; i++)
        switch ((enum ftype)f->type) {
        case FT_STRS:
            jw_str(w, l->items[i]);
            break;
        case FT_INTS:
            jw_int(w, ((const struct ints *)p)->items[i]);
            break;
        case FT_UUIDS:
            write_uuid(w, &((const struct uuids *)p)->items[i]);
            break;
        default:
            jw_obj(w, f->sub, ((const struct objs *)p)->items[i]);
        }
    jw_arr_end(w);
}

/* Every map item starts with its key. */
static const char *key_at(const struct field *f, const void *p, size_t i)
{
    switch ((enum ftype)f->type) {
    case FT_SMAP:
        return ((const struct smap *)p)->items[i].key;
    case FT_NMAP:
        return ((const struct nmap *)p)->items[i].key;
    case FT_IMAP:
    case FT_BMAP:
        return ((const struct imap *)p)->items[i].key;
    default:
        return ((const struct omap *)p)->items[i].key;
    }
}

static void write_map(struct json_writer *w, const struct field *f, const void *p)
{
    jw_obj_begin(w);
    for (size_t i = 0; i < ((const struct smap *)p)->n; i++) {
        jw_key(w, nonull(key_at(f, p, i)));
        switch ((enum ftype)f->type) {
        case FT_SMAP:
            jw_str(w, ((const struct smap *)p)->items[i].value);
            break;
        case FT_IMAP:
            jw_int(w, ((const struct imap *)p)->items[i].value);
            break;
        case FT_BMAP:
            jw_bool(w, ((const struct imap *)p)->items[i].value);
            break;
        case FT_NMAP:
            jw_num(w, ((const struct nmap *)p)->items[i].value);
            break;
        case FT_OLMAP:
            jw_objs(w, f->sub, ((const struct omap *)p)->items[i].value);
            break;
        default:
            jw_obj(w, f->sub, ((const struct omap *)p)->items[i].value);
        }
    }
    jw_obj_end(w);
}

/* null where Go has a nil: pointers that are unset, lists, maps and bytes that are empty. */
static bool prints_null(const struct field *f, const void *obj)
{
    switch ((enum ftype)f->type) {
    case FT_INT:
    case FT_DUR:
        return f->flags & FF_OPT && field_is_empty(f, obj);
    case FT_TRI:
    case FT_BYTES:
    case FT_STRS:
    case FT_INTS:
    case FT_UUIDS:
    case FT_SMAP:
    case FT_IMAP:
    case FT_BMAP:
    case FT_NMAP:
    case FT_OBJ:
    case FT_OBJS:
    case FT_OMAP:
    case FT_OLMAP:
        return field_is_empty(f, obj);
    case FT_VAL:
        return ((const struct val *)field_ptr(f, obj))->type == VAL_NULL;
    default:
        return false;
    }
}

static void write_scalar(struct json_writer *w, const struct field *f, const void *p)
{
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        jw_bool(w, *(const bool *)p);
        break;
    case FT_TRI:
        jw_bool(w, *(const int8_t *)p == 1);
        break;
    case FT_INT:
    case FT_DUR:
        jw_int(w, *(const int64_t *)p);
        break;
    case FT_UINT:
        jw_uint(w, *(const uint64_t *)p);
        break;
    case FT_NUM:
        jw_num(w, *(const double *)p);
        break;
    case FT_TIME:
        jw_time(w, *(const nsec_t *)p);
        break;
    case FT_STR:
        jw_str(w, *(const char *const *)p);
        break;
    case FT_ENUM:
        jw_str(w, enum_text(f->texts, *(const int32_t *)p));
        break;
    case FT_UUID:
        write_uuid(w, p);
        break;
    case FT_BYTES:
        write_bytes(w, *(const struct str *)p);
        break;
    default:
        jw_val(w, *(const struct val *)p);
    }
}

static void write_secret(struct json_writer *w, const struct field *f)
{
    if (f->type == FT_STR || f->type == FT_UUID)
        jw_str(w, "");
    else
        jw_null(w);
}

void jw_field(struct json_writer *w, const struct field *f, const void *obj)
{
    const void *p = field_ptr(f, obj);
    if (f->flags & FF_SECRET && !(w->flags & JSONF_SECRETS)) {
        write_secret(w, f);
        return;
    }
    if (prints_null(f, obj)) {
        jw_null(w);
        return;
    }
    switch ((enum ftype)f->type) {
    case FT_STRS:
    case FT_INTS:
    case FT_UUIDS:
    case FT_OBJS:
        write_list(w, f, p);
        break;
    case FT_SMAP:
    case FT_IMAP:
    case FT_BMAP:
    case FT_NMAP:
    case FT_OMAP:
    case FT_OLMAP:
        write_map(w, f, p);
        break;
    case FT_OBJ:
        jw_obj(w, f->sub, *(void *const *)p);
        break;
    default:
        write_scalar(w, f, p);
    }
}

void jw_obj(struct json_writer *w, const struct schema *s, const void *obj)
{
    if (!obj) {
        jw_null(w);
        return;
    }
    jw_obj_begin(w);
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if ((f->flags & FF_LOCAL && !(w->flags & JSONF_LOCAL)) ||
            (f->flags & FF_OMIT && !f->def && field_is_empty(f, obj)))
            continue;
        jw_key(w, f->name);
        jw_field(w, f, obj);
    }
    jw_obj_end(w);
}

void model_json(const struct schema *s, const void *obj, struct buf *out, unsigned flags)
{
    struct json_writer w = json_writer(out, flags);
    jw_obj(&w, s, obj);
}
