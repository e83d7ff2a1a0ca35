// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p)
        b->p[0] = '\0';
}

void buf_free(struct buf *b)
{
    if (!b)
        return;
    free(b->p);
    *b = (struct buf){0};
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    if (n > SIZE_MAX / 4 - b->n) {
        b->failed = true;
        return NULL;
    }
    if (b->n + n + 1 > b->cap) {
        size_t cap = MAX(MAX(b->cap * 2, b->n + n + 1), (size_t)64);
        char *p = realloc(b->p, cap);
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    char *to = buf_reserve(b, n);
    if (!to)
        return;
    if (n)
        memcpy(to, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_addz(struct buf *b, const char *z)
{
    if (z)
        buf_add(b, z, strlen(z));
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *to = n < 0 ? NULL : buf_reserve(b, (size_t)n);
    if (to) {
        vsnprintf(to, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
    b->p[b->n] = '\0';
}

char *buf_steal(struct buf *b)
{
    if (!b->p && !b->failed)
        buf_add(b, "", 0);
    char *p = b->failed ? NULL : b->p;
    if (!p)
        free(b->p);
    *b = (struct buf){0};
    return p;
}

void buf_add_be16(struct buf *b, uint16_t v)
{
    uint8_t x[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    buf_add(b, x, sizeof(x));
}

void buf_add_be32(struct buf *b, uint32_t v)
{
    uint32_t x = __builtin_bswap32(v);
    buf_add(b, &x, sizeof(x));
}

void buf_add_be64(struct buf *b, uint64_t v)
{
    uint64_t x = __builtin_bswap64(v);
    buf_add(b, &x, sizeof(x));
}

void buf_add_varint(struct buf *b, uint64_t v)
{
    uint8_t x[10];
    size_t n = 0;
    do {
        x[n] = (uint8_t)(v & 0x7f);
        v >>= 7;
        if (v)
            x[n] |= 0x80;
        n++;
    } while (v);
    buf_add(b, x, n);
}

int reader_bytes(struct reader *r, size_t n, struct str *ret)
{
    if (r->bad || reader_left(r) < n) {
        r->bad = true;
        return -EBADMSG;
    }
    *ret = str_n((const char *)r->p, n);
    r->p += n;
    return 0;
}

/* Big-endian integer of n bytes. */
static int reader_be(struct reader *r, size_t n, uint64_t *ret)
{
    struct str s;
    if (reader_bytes(r, n, &s) < 0)
        return -EBADMSG;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (uint8_t)s.p[i];
    *ret = v;
    return 0;
}

int reader_u8(struct reader *r, uint8_t *ret)
{
    uint64_t v;
    if (reader_be(r, 1, &v) < 0)
        return -EBADMSG;
    *ret = (uint8_t)v;
    return 0;
}

int reader_be16(struct reader *r, uint16_t *ret)
{
    uint64_t v;
    if (reader_be(r, 2, &v) < 0)
        return -EBADMSG;
    *ret = (uint16_t)v;
    return 0;
}

int reader_be32(struct reader *r, uint32_t *ret)
{
    uint64_t v;
    if (reader_be(r, 4, &v) < 0)
        return -EBADMSG;
    *ret = (uint32_t)v;
    return 0;
}

int reader_be64(struct reader *r, uint64_t *ret)
{
    return reader_be(r, 8, ret);
}

int reader_varint(struct reader *r, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t x;
        if (reader_u8(r, &x) < 0)
            return -EBADMSG;
        if (shift == 63 && x > 1)
            break;
        v |= (uint64_t)(x & 0x7f) << shift;
        if (!(x & 0x80)) {
            *ret = v;
            return 0;
        }
    }
    r->bad = true;
    return -EBADMSG;
}
