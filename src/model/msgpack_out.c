// SPDX-License-Identifier: Apache-2.0
/* Objects to msgpack, from the field tables. */
#include "model/msgpack.h"

/* Seconds between year 1, where Go's times start, and 1970. */
#define GO_EPOCH INT64_C(62135596800)

static void tagged(struct buf *b, unsigned tag, uint64_t v, int bytes)
{
    buf_addc(b, (char)tag);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        buf_addc(b, (char)(v >> shift));
}

void msgpack_nil(struct buf *b)
{
    buf_addc(b, (char)0xc0);
}

void msgpack_bool(struct buf *b, bool v)
{
    buf_addc(b, (char)(v ? 0xc3 : 0xc2));
}

void msgpack_int(struct buf *b, int64_t v)
{
    if (v >= -32 && v <= 127)
        buf_addc(b, (char)v);
    else if (v >= INT8_MIN && v <= INT8_MAX)
        tagged(b, 0xd0, (uint64_t)v, 1);
    else if (v >= INT16_MIN && v <= INT16_MAX)
        tagged(b, 0xd1, (uint64_t)v, 2);
    else if (v >= INT32_MIN && v <= INT32_MAX)
        tagged(b, 0xd2, (uint64_t)v, 4);
    else
        tagged(b, 0xd3, (uint64_t)v, 8);
}

void msgpack_uint(struct buf *b, uint64_t v)
{
    if (v <= 127)
        buf_addc(b, (char)v);
    else if (v <= UINT8_MAX)
        tagged(b, 0xcc, v, 1);
    else if (v <= UINT16_MAX)
        tagged(b, 0xcd, v, 2);
    else if (v <= UINT32_MAX)
        tagged(b, 0xce, v, 4);
    else
        tagged(b, 0xcf, v, 8);
}

void msgpack_num(struct buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    tagged(b, 0xcb, bits, 8);
}

void msgpack_raw(struct buf *b, struct str s)
{
    if (s.n < 32)
        buf_addc(b, (char)(0xa0 | s.n));
    else if (s.n <= UINT16_MAX)
        tagged(b, 0xda, s.n, 2);
    else
        tagged(b, 0xdb, s.n, 4);
    buf_add(b, s.p, s.n);
}

void msgpack_text(struct buf *b, const char *z)
{
    msgpack_raw(b, str_of(nonull(z)));
}

void msgpack_time(struct buf *b, nsec_t t)
{
    int64_t sec = t / NSEC_SEC, frac = t % NSEC_SEC;
    if (frac < 0)
        sec--, frac += NSEC_SEC;
    buf_addc(b, (char)0xaf);
    buf_addc(b, 1);
    buf_add_be64(b, t ? (uint64_t)(sec + GO_EPOCH) : 0);
    buf_add_be32(b, (uint32_t)frac);
    buf_add_be16(b, 0xffff);
}

void msgpack_map(struct buf *b, size_t n)
{
    if (n < 16)
        buf_addc(b, (char)(0x80 | n));
    else
        tagged(b, n <= UINT16_MAX ? 0xde : 0xdf, n, n <= UINT16_MAX ? 2 : 4);
}

void msgpack_array(struct buf *b, size_t n)
{
    if (n < 16)
        buf_addc(b, (char)(0x90 | n));
    else
        tagged(b, n <= UINT16_MAX ? 0xdc : 0xdd, n, n <= UINT16_MAX ? 2 : 4);
}

void msgpack_val(struct buf *b, struct val v)
{
    switch (v.type) {
    case VAL_BOOL:
        msgpack_bool(b, v.b);
        break;
    case VAL_INT:
        msgpack_int(b, v.i);
        break;
    case VAL_NUM:
        msgpack_num(b, v.d);
        break;
    case VAL_STR:
        msgpack_raw(b, v.s);
        break;
    case VAL_LIST:
        msgpack_array(b, v.list.n);
        for (size_t i = 0; i < v.list.n; i++)
            msgpack_val(b, v.list.items[i]);
        break;
    case VAL_MAP:
        msgpack_map(b, v.map.n);
        for (size_t i = 0; i < v.map.n; i++) {
            msgpack_raw(b, v.map.entries[i].key);
            msgpack_val(b, v.map.entries[i].value);
        }
        break;
    default:
        msgpack_nil(b);
    }
}

static void add_objs(struct buf *b, const struct schema *s, const struct objs *l)
{
    msgpack_array(b, l->n);
    for (size_t i = 0; i < l->n; i++)
        model_msgpack(s, l->items[i], b);
}

static void add_list(struct buf *b, const struct field *f, const void *p)
{
    const struct strs *l = p;
    msgpack_array(b, l->n);
    for (size_t i = 0; i < l->n; i++)
        if (f->type == FT_STRS)
            msgpack_text(b, l->items[i]);
        else if (f->type == FT_INTS)
            msgpack_int(b, ((const struct ints *)p)->items[i]);
        else
            msgpack_text(b, UUID_Z(&((const struct uuids *)p)->items[i]));
}

static void add_map(struct buf *b, const struct field *f, const void *p)
{
    const struct smap *s = p;
    const struct imap *m = p;
    const struct nmap *d = p;
    const struct omap *o = p;
    msgpack_map(b, s->n);
    for (size_t i = 0; i < s->n; i++)
        switch ((enum ftype)f->type) {
        case FT_SMAP:
            msgpack_text(b, s->items[i].key);
            msgpack_text(b, s->items[i].value);
            break;
        case FT_IMAP:
            msgpack_text(b, m->items[i].key);
            msgpack_int(b, m->items[i].value);
            break;
        case FT_BMAP:
            msgpack_text(b, m->items[i].key);
            msgpack_bool(b, m->items[i].value);
            break;
        case FT_NMAP:
            msgpack_text(b, d->items[i].key);
            msgpack_num(b, d->items[i].value);
            break;
        case FT_OMAP:
            msgpack_text(b, o->items[i].key);
            model_msgpack(f->sub, o->items[i].value, b);
            break;
        default:
            msgpack_text(b, o->items[i].key);
            add_objs(b, f->sub, o->items[i].value);
        }
}

static void add_collection(struct buf *b, const struct field *f, const void *p)
{
    if (((const struct strs *)p)->n == 0)
        msgpack_nil(b);
    else if (f->type == FT_OBJS)
        add_objs(b, f->sub, p);
    else if (f->type == FT_STRS || f->type == FT_INTS || f->type == FT_UUIDS)
        add_list(b, f, p);
    else
        add_map(b, f, p);
}

static void add_int(struct buf *b, const struct field *f, int64_t v)
{
    if (f->flags & FF_OPT && v == INT_UNSET)
        msgpack_nil(b);
    else
        msgpack_int(b, v);
}

static void add_tri(struct buf *b, int8_t v)
{
    if (v == TRI_UNSET)
        msgpack_nil(b);
    else
        msgpack_bool(b, v);
}

static void add_field(struct buf *b, const struct field *f, const void *p)
{
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        msgpack_bool(b, *(const bool *)p);
        break;
    case FT_TRI:
        add_tri(b, *(const int8_t *)p);
        break;
    case FT_INT:
    case FT_DUR:
        add_int(b, f, *(const int64_t *)p);
        break;
    case FT_UINT:
        msgpack_uint(b, *(const uint64_t *)p);
        break;
    case FT_NUM:
        msgpack_num(b, *(const double *)p);
        break;
    case FT_TIME:
        msgpack_time(b, *(const nsec_t *)p);
        break;
    case FT_STR:
        msgpack_text(b, *(const char *const *)p);
        break;
    case FT_ENUM:
        msgpack_text(b, enum_text(f->texts, *(const int32_t *)p));
        break;
    case FT_UUID:
        msgpack_text(b, UUID_Z((const struct uuid *)p));
        break;
    case FT_BYTES:
        if (((const struct str *)p)->n)
            msgpack_raw(b, *(const struct str *)p);
        else
            msgpack_nil(b);
        break;
    case FT_VAL:
        msgpack_val(b, *(const struct val *)p);
        break;
    case FT_OBJ:
        model_msgpack(f->sub, *(void *const *)p, b);
        break;
    default:
        add_collection(b, f, p);
    }
}

static bool is_sent(const struct field *f, const void *obj)
{
    return !(f->flags & FF_LOCAL) && !(f->flags & FF_OMIT && !f->def && field_is_empty(f, obj));
}

void model_msgpack(const struct schema *s, const void *obj, struct buf *out)
{
    size_t n = 0;
    if (!obj) {
        msgpack_nil(out);
        return;
    }
    for (size_t i = 0; i < s->n_fields; i++)
        n += is_sent(&s->fields[i], obj);
    msgpack_map(out, n);
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (!is_sent(f, obj))
            continue;
        msgpack_text(out, f->name);
        add_field(out, f, field_ptr(f, obj));
    }
}
