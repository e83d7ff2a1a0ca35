// SPDX-License-Identifier: Apache-2.0
/* The positional binary form: Raft log entries, snapshots, client records. A field is
 * varint(num << 3 | kind) followed by a value of that kind; fields that hold their default are left
 * out, so a decoder starts from model_new(). Field numbers are never reused and an old decoder
 * skips numbers it does not know. */
#include <errno.h>

#include "model/schema.h"

enum kind {
    K_VARINT, /* zigzag for signed types */
    K_FIXED8, /* double, little endian */
    K_BYTES,  /* varint length, bytes */
};
enum { MAX_DEPTH = 24 };

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static void add_tag(struct buf *b, const struct field *f, enum kind k)
{
    buf_add_varint(b, (uint64_t)f->num << 3 | k);
}

static void add_bytes(struct buf *b, const void *p, size_t n)
{
    buf_add_varint(b, n);
    buf_add(b, p, n);
}

static void add_text(struct buf *b, const char *z)
{
    add_bytes(b, nonull(z), strlen(nonull(z)));
}

static void add_double(struct buf *b, double d)
{
    buf_add(b, &d, sizeof(d));
}

static void add_val(struct buf *b, struct val v)
{
    buf_addc(b, (char)v.type);
    switch (v.type) {
    case VAL_BOOL:
        buf_addc(b, v.b);
        break;
    case VAL_INT:
        buf_add_varint(b, zigzag(v.i));
        break;
    case VAL_NUM:
        add_double(b, v.d);
        break;
    case VAL_STR:
        add_bytes(b, v.s.p, v.s.n);
        break;
    case VAL_LIST:
        buf_add_varint(b, v.list.n);
        for (size_t i = 0; i < v.list.n; i++)
            add_val(b, v.list.items[i]);
        break;
    case VAL_MAP:
        buf_add_varint(b, v.map.n);
        for (size_t i = 0; i < v.map.n; i++) {
            add_bytes(b, v.map.entries[i].key.p, v.map.entries[i].key.n);
            add_val(b, v.map.entries[i].value);
        }
        break;
    default:
        break;
    }
}

static void add_objs(struct buf *b, const struct schema *sub, const struct objs *l)
{
    buf_add_varint(b, l->n);
    for (size_t i = 0; i < l->n; i++)
        model_encode_framed(sub, l->items[i], b);
}

/* Content of a K_BYTES field, without its length. */
static void add_content(struct buf *b, const struct field *f, const void *p)
{
    const struct strs *l = p;
    switch ((enum ftype)f->type) {
    case FT_UUID:
        buf_add(b, p, sizeof(struct uuid));
        return;
    case FT_VAL:
        add_val(b, *(const struct val *)p);
        return;
    case FT_OBJ:
        model_encode(f->sub, *(void *const *)p, b);
        return;
    case FT_UUIDS:
        buf_add(b, l->items, l->n * sizeof(struct uuid));
        return;
    case FT_OBJS:
        add_objs(b, f->sub, p);
        return;
    default:
        break;
    }
    buf_add_varint(b, l->n);
    for (size_t i = 0; i < l->n; i++)
        switch ((enum ftype)f->type) {
        case FT_STRS:
            add_text(b, l->items[i]);
            break;
        case FT_INTS:
            buf_add_varint(b, zigzag(((const struct ints *)p)->items[i]));
            break;
        case FT_SMAP:
            add_text(b, ((const struct smap *)p)->items[i].key);
            add_text(b, ((const struct smap *)p)->items[i].value);
            break;
        case FT_IMAP:
        case FT_BMAP:
            add_text(b, ((const struct imap *)p)->items[i].key);
            buf_add_varint(b, zigzag(((const struct imap *)p)->items[i].value));
            break;
        case FT_NMAP:
            add_text(b, ((const struct nmap *)p)->items[i].key);
            add_double(b, ((const struct nmap *)p)->items[i].value);
            break;
        case FT_OMAP:
            add_text(b, ((const struct omap *)p)->items[i].key);
            model_encode_framed(f->sub, ((const struct omap *)p)->items[i].value, b);
            break;
        case FT_OLMAP:
            add_text(b, ((const struct omap *)p)->items[i].key);
            add_objs(b, f->sub, ((const struct omap *)p)->items[i].value);
            break;
        default:
            assert(!"no list type");
        }
}

/* Runs `body` with a length before what it adds: the content is moved once its length is known. */
#define WITH_LENGTH(b, body)                                                                       \
    do {                                                                                           \
        size_t start_ = (b)->n;                                                                    \
        body;                                                                                      \
        put_length((b), start_);                                                                   \
    } while (0)

static void put_length(struct buf *b, size_t start)
{
    size_t n = b->n - start, len = 1;
    uint8_t bytes[10];
    for (uint64_t v = n; v > 0x7f; v >>= 7)
        len++;
    if (!buf_reserve(b, len))
        return;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)((n >> 7 * i & 0x7f) | (i + 1 < len ? 0x80 : 0));
    memmove(b->p + start + len, b->p + start, n);
    memcpy(b->p + start, bytes, len);
    b->n += len;
}

static void encode_field(const struct field *f, const void *obj, struct buf *out)
{
    const void *p = field_ptr(f, obj);
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        add_tag(out, f, K_VARINT);
        buf_addc(out, *(const bool *)p);
        break;
    case FT_TRI:
        add_tag(out, f, K_VARINT);
        buf_add_varint(out, zigzag(*(const int8_t *)p));
        break;
    case FT_ENUM:
        add_tag(out, f, K_VARINT);
        buf_add_varint(out, zigzag(*(const int32_t *)p));
        break;
    case FT_INT:
    case FT_DUR:
    case FT_TIME:
        add_tag(out, f, K_VARINT);
        buf_add_varint(out, zigzag(*(const int64_t *)p));
        break;
    case FT_UINT:
        add_tag(out, f, K_VARINT);
        buf_add_varint(out, *(const uint64_t *)p);
        break;
    case FT_NUM:
        add_tag(out, f, K_FIXED8);
        add_double(out, *(const double *)p);
        break;
    case FT_STR:
        add_tag(out, f, K_BYTES);
        add_text(out, *(const char *const *)p);
        break;
    case FT_BYTES:
        add_tag(out, f, K_BYTES);
        add_bytes(out, ((const struct str *)p)->p, ((const struct str *)p)->n);
        break;
    default:
        add_tag(out, f, K_BYTES);
        WITH_LENGTH(out, add_content(out, f, p));
    }
}

/* What model_new() would put there needs no bytes. */
static bool holds_default(const struct field *f, const void *obj)
{
    union {
        int64_t i;
        bool b;
        int8_t t;
        int32_t e;
        const char *z;
    } def;
    struct field at_zero = *f;
    if (!f->def)
        return field_is_empty(f, obj);
    at_zero.offset = 0;
    field_set_default(&at_zero, &def);
    if (f->type == FT_STR)
        return streq(*(const char *const *)field_ptr(f, obj), def.z);
    return memcmp(field_ptr(f, obj), &def, f->size) == 0;
}

void model_encode(const struct schema *s, const void *obj, struct buf *out)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (f->flags & (FF_REF | FF_WIRE) || holds_default(f, obj))
            continue;
        encode_field(f, obj, out);
    }
}

void model_encode_framed(const struct schema *s, const void *obj, struct buf *out)
{
    WITH_LENGTH(out, model_encode(s, obj, out));
}

struct decoder {
    struct arena *arena;
    int depth;
};

static int get_str(struct reader *r, struct str *ret)
{
    uint64_t n;
    if (reader_varint(r, &n) < 0)
        return -EBADMSG;
    return reader_bytes(r, n, ret);
}

static int get_text(struct decoder *d, struct reader *r, const char **ret)
{
    struct str s;
    if (get_str(r, &s) < 0 || memchr(s.p, 0, s.n))
        return -EBADMSG;
    *ret = arena_str(d->arena, s);
    return *ret ? 0 : -ENOMEM;
}

static int get_signed(struct reader *r, int64_t *ret)
{
    uint64_t v;
    if (reader_varint(r, &v) < 0)
        return -EBADMSG;
    *ret = unzigzag(v);
    return 0;
}

static int get_double(struct reader *r, double *ret)
{
    struct str s;
    if (reader_bytes(r, sizeof(*ret), &s) < 0)
        return -EBADMSG;
    memcpy(ret, s.p, sizeof(*ret));
    return 0;
}

/* An item takes at least one byte: a larger count is a lie and must not reserve memory. */
static int get_count(struct reader *r, size_t *ret)
{
    uint64_t n;
    if (reader_varint(r, &n) < 0 || n > reader_left(r))
        return -EBADMSG;
    *ret = n;
    return 0;
}

static int decode_obj(struct decoder *d, const struct schema *s, struct reader *r, void **ret);

static int get_val(struct decoder *d, struct reader *r, struct val *ret)
{
    uint8_t type, b;
    struct str s;
    size_t n;
    int q = 0;
    if (reader_u8(r, &type) < 0 || type >= VAL_TYPE_MAX || ++d->depth > MAX_DEPTH * 2)
        return -EBADMSG;
    *ret = (struct val){.type = type};
    switch (type) {
    case VAL_BOOL:
        q = reader_u8(r, &b);
        ret->b = q == 0 && b;
        break;
    case VAL_INT:
        q = get_signed(r, &ret->i);
        break;
    case VAL_NUM:
        q = get_double(r, &ret->d);
        break;
    case VAL_STR:
        if ((q = get_str(r, &s)) == 0) {
            ret->s = str_n(arena_str(d->arena, s), s.n);
            q = ret->s.p ? 0 : -ENOMEM;
        }
        break;
    case VAL_LIST:
        if ((q = get_count(r, &n)) < 0)
            break;
        ret->list.items = arena_array(d->arena, struct val, n);
        q = ret->list.items ? 0 : -ENOMEM;
        for (ret->list.n = 0; q == 0 && ret->list.n < n; ret->list.n++)
            q = get_val(d, r, &ret->list.items[ret->list.n]);
        break;
    case VAL_MAP:
        if ((q = get_count(r, &n)) < 0)
            break;
        ret->map.entries = arena_array(d->arena, struct val_entry, n);
        q = ret->map.entries ? 0 : -ENOMEM;
        for (size_t i = 0; q == 0 && i < n; i++) {
            if ((q = get_str(r, &s)) < 0)
                break;
            ret->map.entries[i].key = str_n(arena_str(d->arena, s), s.n);
            q = ret->map.entries[i].key.p ? get_val(d, r, &ret->map.entries[i].value) : -ENOMEM;
        }
        if (q == 0)
            *ret = val_map_of(ret->map.entries, n);
        break;
    }
    d->depth--;
    return q;
}

static int get_objs(struct decoder *d, const struct schema *sub, struct reader *r, struct objs *l)
{
    size_t n;
    struct str s;
    int q = get_count(r, &n);
    if (q < 0)
        return q;
    if (!(l->items = arena_array(d->arena, void *, n)))
        return -ENOMEM;
    for (l->n = 0; l->n < n; l->n++) {
        if (get_str(r, &s) < 0)
            return -EBADMSG;
        struct reader in = reader_of(s.p, s.n);
        if ((q = decode_obj(d, sub, &in, &l->items[l->n])) < 0)
            return q;
    }
    return 0;
}

static int get_item(struct decoder *d, const struct field *f, struct reader *r, void *p, size_t i)
{
    struct str s;
    int q;
    switch ((enum ftype)f->type) {
    case FT_STRS:
        return get_text(d, r, &((struct strs *)p)->items[i]);
    case FT_INTS:
        return get_signed(r, &((struct ints *)p)->items[i]);
    case FT_SMAP:
        q = get_text(d, r, &((struct smap *)p)->items[i].key);
        return q < 0 ? q : get_text(d, r, &((struct smap *)p)->items[i].value);
    case FT_IMAP:
    case FT_BMAP:
        q = get_text(d, r, &((struct imap *)p)->items[i].key);
        return q < 0 ? q : get_signed(r, &((struct imap *)p)->items[i].value);
    case FT_NMAP:
        q = get_text(d, r, &((struct nmap *)p)->items[i].key);
        return q < 0 ? q : get_double(r, &((struct nmap *)p)->items[i].value);
    case FT_OMAP: {
        struct okv *kv = &((struct omap *)p)->items[i];
        if ((q = get_text(d, r, &kv->key)) < 0)
            return q;
        if (get_str(r, &s) < 0)
            return -EBADMSG;
        struct reader in = reader_of(s.p, s.n);
        return decode_obj(d, f->sub, &in, &kv->value);
    }
    case FT_OLMAP: {
        struct okv *kv = &((struct omap *)p)->items[i];
        struct objs *l = arena_new_of(d->arena, struct objs);
        kv->value = l;
        if (!l)
            return -ENOMEM;
        q = get_text(d, r, &kv->key);
        return q < 0 ? q : get_objs(d, f->sub, r, l);
    }
    default:
        return -EBADMSG;
    }
}

static size_t item_bytes(enum ftype t)
{
    static const size_t sizes[FT_MAX] = {
        [FT_STRS] = sizeof(char *),     [FT_INTS] = sizeof(int64_t),
        [FT_SMAP] = sizeof(struct skv), [FT_IMAP] = sizeof(struct ikv),
        [FT_BMAP] = sizeof(struct ikv), [FT_NMAP] = sizeof(struct nkv),
        [FT_OMAP] = sizeof(struct okv), [FT_OLMAP] = sizeof(struct okv),
    };
    return sizes[t];
}

/* Sorted maps are encoded sorted; anything else was not written by us. */
static bool keys_sorted(const struct field *f, const void *p, size_t n)
{
    size_t size = item_bytes(f->type);
    if (f->type == FT_STRS || f->type == FT_INTS)
        return true;
    const char *items = (const char *)((const struct strs *)p)->items;
    for (size_t i = 1; i < n; i++)
        if (strcmp(*(const char *const *)(const void *)(items + (i - 1) * size),
                   *(const char *const *)(const void *)(items + i * size)) >= 0)
            return false;
    return true;
}

static int decode_content(struct decoder *d, const struct field *f, struct str s, void *p)
{
    struct reader r = reader_of(s.p, s.n);
    struct strs *l = p;
    size_t n;
    int q;
    switch ((enum ftype)f->type) {
    case FT_STR:
        if (memchr(s.p, 0, s.n))
            return -EBADMSG;
        *(const char **)p = arena_str(d->arena, s);
        return *(const char **)p ? 0 : -ENOMEM;
    case FT_BYTES:
        *(struct str *)p = str_n(arena_str(d->arena, s), s.n);
        return ((struct str *)p)->p ? 0 : -ENOMEM;
    case FT_UUID:
        if (s.n != sizeof(struct uuid))
            return -EBADMSG;
        memcpy(p, s.p, s.n);
        return 0;
    case FT_UUIDS:
        if (s.n % sizeof(struct uuid))
            return -EBADMSG;
        ((struct uuids *)p)->items = arena_memdup(d->arena, s.p, s.n);
        ((struct uuids *)p)->n = s.n / sizeof(struct uuid);
        return ((struct uuids *)p)->items ? 0 : -ENOMEM;
    case FT_VAL:
        q = get_val(d, &r, p);
        return q == 0 && reader_left(&r) ? -EBADMSG : q;
    case FT_OBJ:
        return decode_obj(d, f->sub, &r, p);
    case FT_OBJS:
        q = get_objs(d, f->sub, &r, p);
        return q == 0 && reader_left(&r) ? -EBADMSG : q;
    default:
        break;
    }
    if (!item_bytes(f->type))
        return -EBADMSG;
    if ((q = get_count(&r, &n)) < 0)
        return q;
    if (!(l->items = arena_calloc(d->arena, n, item_bytes(f->type))))
        return -ENOMEM;
    for (l->n = 0; l->n < n; l->n++)
        if ((q = get_item(d, f, &r, p, l->n)) < 0)
            return q;
    return reader_left(&r) || !keys_sorted(f, p, n) ? -EBADMSG : 0;
}

static int decode_varint(const struct field *f, uint64_t v, void *p)
{
    int64_t i = unzigzag(v);
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        *(bool *)p = v != 0;
        return 0;
    case FT_TRI:
        if (i < -1 || i > 1)
            return -EBADMSG;
        *(int8_t *)p = (int8_t)i;
        return 0;
    case FT_ENUM:
        if (i < 0 || (size_t)i >= f->texts->n)
            return -EBADMSG;
        *(int32_t *)p = (int32_t)i;
        return 0;
    case FT_INT:
    case FT_DUR:
    case FT_TIME:
        *(int64_t *)p = i;
        return 0;
    case FT_UINT:
        *(uint64_t *)p = v;
        return 0;
    default:
        return -EBADMSG;
    }
}

static const struct field *field_numbered(const struct schema *s, uint64_t num)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].num == num)
            return &s->fields[i];
    return NULL;
}

static int decode_field(struct decoder *d, const struct schema *s, struct reader *r, void *obj)
{
    uint64_t tag, v;
    struct str bytes;
    double num;
    if (reader_varint(r, &tag) < 0)
        return -EBADMSG;
    const struct field *f = field_numbered(s, tag >> 3);
    void *p = f ? field_ptr(f, obj) : NULL;
    switch (tag & 7) {
    case K_VARINT:
        if (reader_varint(r, &v) < 0)
            return -EBADMSG;
        return f ? decode_varint(f, v, p) : 0;
    case K_FIXED8:
        if (get_double(r, &num) < 0 || (f && f->type != FT_NUM))
            return -EBADMSG;
        if (f)
            *(double *)p = num;
        return 0;
    case K_BYTES:
        if (get_str(r, &bytes) < 0)
            return -EBADMSG;
        return f ? decode_content(d, f, bytes, p) : 0;
    default:
        return -EBADMSG;
    }
}

static int decode_obj(struct decoder *d, const struct schema *s, struct reader *r, void **ret)
{
    int q = 0;
    if (++d->depth > MAX_DEPTH)
        return -EBADMSG;
    void *obj = model_new(s, d->arena);
    if (!obj)
        return -ENOMEM;
    while (q == 0 && reader_left(r))
        q = decode_field(d, s, r, obj);
    d->depth--;
    if (q == 0)
        *ret = obj;
    return q;
}

int model_decode(const struct schema *s, struct arena *a, struct reader *r, void **ret)
{
    struct decoder d = {.arena = a};
    return decode_obj(&d, s, r, ret);
}

int model_decode_framed(const struct schema *s, struct arena *a, struct reader *r, void **ret)
{
    struct str bytes;
    if (get_str(r, &bytes) < 0)
        return -EBADMSG;
    struct reader in = reader_of(bytes.p, bytes.n);
    return model_decode(s, a, &in, ret);
}
