// SPDX-License-Identifier: Apache-2.0
#include "hcl/text.h"

size_t utf8_len(const char *z, size_t n)
{
    const unsigned char *p = (const unsigned char *)z;
    if (n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    uint32_t c = utf8_get(z);
    bool overlong = (len == 3 && c < 0x800) || (len == 4 && c < 0x10000);
    return overlong || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : len;
}

size_t utf8_bad(struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        size_t len = utf8_len(s.p + i, s.n - i);
        if (len == 0)
            break;
        i += len;
    }
    return i;
}

uint32_t utf8_get(const char *z)
{
    const unsigned char *p = (const unsigned char *)z;
    if (p[0] < 0x80)
        return p[0];
    if (p[0] < 0xe0)
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    if (p[0] < 0xf0)
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

bool utf8_add(struct buf *b, uint32_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return false;
    if (c < 0x80) {
        buf_addc(b, (char)c);
    } else if (c < 0x800) {
        buf_addc(b, (char)(0xc0 | c >> 6));
        buf_addc(b, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_addc(b, (char)(0xe0 | c >> 12));
        buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_addc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_addc(b, (char)(0xf0 | c >> 18));
        buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_addc(b, (char)(0x80 | (c & 0x3f)));
    }
    return true;
}

size_t utf8_count(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

size_t utf8_offset(struct str s, size_t k)
{
    size_t i = 0;
    for (; i < s.n; i++)
        if (((unsigned char)s.p[i] & 0xc0) != 0x80 && k-- == 0)
            break;
    return i;
}

void utf8_add_clean(struct buf *b, struct str s)
{
    while (s.n) {
        size_t good = utf8_bad(s);
        buf_add(b, s.p, good);
        if (good == s.n)
            break;
        buf_addc(b, '?');
        s = str_n(s.p + good + 1, s.n - good - 1);
    }
}

bool text_is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

struct str text_trim_left(struct str s)
{
    while (s.n) {
        size_t len = utf8_len(s.p, s.n);
        if (len == 0 || !text_is_space(utf8_get(s.p)))
            break;
        s.p += len;
        s.n -= len;
    }
    return s;
}

struct str text_trim_right(struct str s)
{
    while (s.n) {
        size_t at = s.n - 1;
        while (at > 0 && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at--;
        size_t len = utf8_len(s.p + at, s.n - at);
        if (len != s.n - at || !text_is_space(utf8_get(s.p + at)))
            break;
        s.n = at;
    }
    return s;
}
