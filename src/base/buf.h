// SPDX-License-Identifier: Apache-2.0
/* Growing byte buffer. Failure is sticky: after memory runs short every add is a no-op and
 * `failed` stays set, so a writer checks once at its end. Content is always NUL-terminated
 * beyond `n` once anything was added. */
#pragma once
#include <stdarg.h>

#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap;
    bool failed;
};

void buf_reset(struct buf *b); /* forget the content, keep the memory and clear `failed` */
void buf_free(struct buf *b);  /* accepts a zeroed or NULL buffer; leaves it zeroed */
#define cleanup_buf __attribute__((cleanup(buf_free)))
/* Room for n more bytes (+ NUL), or NULL. Advance with b->n += used. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addz(struct buf *b, const char *z);
static inline void buf_add_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) printf_like(2, 0);
/* Drop the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* The content as an owned, NUL-terminated string; the buffer is empty afterwards. NULL if failed.
 */
char *buf_steal(struct buf *b);
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}
/* Integers as bytes, big endian and as LEB128 varint. */
void buf_add_be16(struct buf *b, uint16_t v);
void buf_add_be32(struct buf *b, uint32_t v);
void buf_add_be64(struct buf *b, uint64_t v);
void buf_add_varint(struct buf *b, uint64_t v);

/* Bounds-checked reader over borrowed bytes; every get returns 0 or -EBADMSG and then sticks. */
struct reader {
    const uint8_t *p, *end;
    bool bad;
};
static inline struct reader reader_of(const void *p, size_t n)
{
    return (struct reader){p, (const uint8_t *)p + n, false};
}
static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->p);
}
int reader_u8(struct reader *r, uint8_t *ret);
int reader_be16(struct reader *r, uint16_t *ret);
int reader_be32(struct reader *r, uint32_t *ret);
int reader_be64(struct reader *r, uint64_t *ret);
int reader_varint(struct reader *r, uint64_t *ret);
int reader_bytes(struct reader *r, size_t n, struct str *ret); /* borrowed */
