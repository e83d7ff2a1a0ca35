// SPDX-License-Identifier: Apache-2.0
#include "model/msgpack_head.h"

#include <errno.h>

enum shape { SH_FIXED, SH_UINT, SH_INT, SH_NUM, SH_LEN };

/* 0xc0 to 0xdf: what the value is and how many bytes of number follow. */
static const struct {
    uint8_t kind, shape, bytes, extra;
} heads[32] = {
    [0x00] = {MP_NIL, SH_FIXED},       [0x02] = {MP_BOOL, SH_FIXED},
    [0x03] = {MP_BOOL, SH_FIXED},      [0x04] = {MP_RAW, SH_LEN, 1},
    [0x05] = {MP_RAW, SH_LEN, 2},      [0x06] = {MP_RAW, SH_LEN, 4},
    [0x07] = {MP_EXT, SH_LEN, 1, 1},   [0x08] = {MP_EXT, SH_LEN, 2, 1},
    [0x09] = {MP_EXT, SH_LEN, 4, 1},   [0x0a] = {MP_NUM, SH_NUM, 4},
    [0x0b] = {MP_NUM, SH_NUM, 8},      [0x0c] = {MP_UINT, SH_UINT, 1},
    [0x0d] = {MP_UINT, SH_UINT, 2},    [0x0e] = {MP_UINT, SH_UINT, 4},
    [0x0f] = {MP_UINT, SH_UINT, 8},    [0x10] = {MP_INT, SH_INT, 1},
    [0x11] = {MP_INT, SH_INT, 2},      [0x12] = {MP_INT, SH_INT, 4},
    [0x13] = {MP_INT, SH_INT, 8},      [0x14] = {MP_EXT, SH_FIXED, 0, 2},
    [0x15] = {MP_EXT, SH_FIXED, 0, 3}, [0x16] = {MP_EXT, SH_FIXED, 0, 5},
    [0x17] = {MP_EXT, SH_FIXED, 0, 9}, [0x18] = {MP_EXT, SH_FIXED, 0, 17},
    [0x19] = {MP_RAW, SH_LEN, 1},      [0x1a] = {MP_RAW, SH_LEN, 2},
    [0x1b] = {MP_RAW, SH_LEN, 4},      [0x1c] = {MP_ARRAY, SH_LEN, 2},
    [0x1d] = {MP_ARRAY, SH_LEN, 4},    [0x1e] = {MP_MAP, SH_LEN, 2},
    [0x1f] = {MP_MAP, SH_LEN, 4},
};

static int64_t sign_extend(uint64_t v, int bytes)
{
    int shift = 64 - 8 * bytes;
    return (int64_t)(v << shift) >> shift;
}

static double to_double(uint64_t v, int bytes)
{
    double d;
    float f;
    uint32_t w = (uint32_t)v;
    if (bytes == 8) {
        memcpy(&d, &v, sizeof(d));
        return d;
    }
    memcpy(&f, &w, sizeof(f));
    return f;
}

static int long_head(struct reader *r, unsigned first, struct mp_head *ret)
{
    unsigned i = first - 0xc0;
    uint64_t v = 0;
    if (first == 0xc1)
        return -EBADMSG;
    if (reader_left(r) < 1u + heads[i].bytes)
        return -EAGAIN;
    for (int k = 1; k <= heads[i].bytes; k++)
        v = v << 8 | r->p[k];
    ret->kind = heads[i].kind;
    ret->n = heads[i].shape == SH_FIXED ? first & 1 : v;
    if (ret->kind == MP_EXT)
        ret->n = v + heads[i].extra;
    if (heads[i].shape == SH_INT)
        ret->i = sign_extend(v, heads[i].bytes);
    if (heads[i].shape == SH_NUM)
        ret->d = to_double(v, heads[i].bytes);
    r->p += 1 + heads[i].bytes;
    return 0;
}

int mp_head(struct reader *r, struct mp_head *ret)
{
    if (reader_left(r) == 0)
        return -EAGAIN;
    unsigned c = *r->p;
    *ret = (struct mp_head){0};
    if (c >= 0xc0 && c < 0xe0)
        return long_head(r, c, ret);
    r->p++;
    if (c < 0x80)
        *ret = (struct mp_head){.kind = MP_UINT, .n = c};
    else if (c >= 0xe0)
        *ret = (struct mp_head){.kind = MP_INT, .i = (int64_t)c - 256};
    else if (c < 0x90)
        *ret = (struct mp_head){.kind = MP_MAP, .n = c & 15};
    else if (c < 0xa0)
        *ret = (struct mp_head){.kind = MP_ARRAY, .n = c & 15};
    else
        *ret = (struct mp_head){.kind = MP_RAW, .n = c & 31};
    return 0;
}

int msgpack_scan(struct msgpack_scan *s, const void *p, size_t n, size_t *ret_size)
{
    if (!s->started)
        *s = (struct msgpack_scan){.open = 1, .started = true};
    while (s->open) {
        struct reader r = reader_of((const char *)p + MIN(s->pos, n), n - MIN(s->pos, n));
        struct mp_head h;
        int e = s->pos > n ? -EAGAIN : mp_head(&r, &h);
        if (e < 0)
            return e;
        size_t used = (size_t)((const char *)r.p - (const char *)p);
        s->pos = used + (h.kind == MP_RAW || h.kind == MP_EXT ? h.n : 0);
        s->open += (h.kind == MP_ARRAY ? h.n : h.kind == MP_MAP ? 2 * h.n : 0) - 1;
    }
    if (s->pos > n)
        return -EAGAIN;
    *ret_size = s->pos;
    return 0;
}

int msgpack_skip(struct reader *r)
{
    struct msgpack_scan s = {0};
    size_t size;
    if (r->bad || msgpack_scan(&s, r->p, reader_left(r), &size) < 0) {
        r->bad = true;
        return -EBADMSG;
    }
    r->p += size;
    return 0;
}
