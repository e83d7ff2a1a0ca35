// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    char *w = buf_reserve(out, (bytes.n + 2) / 3 * 4);
    if (!w)
        return;
    char *start = w;
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)(left > 1 ? p[i + 1] : 0) << 8 |
                     (uint32_t)(left > 2 ? p[i + 2] : 0);
        *w++ = alphabet[v >> 18];
        *w++ = alphabet[v >> 12 & 63];
        *w++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
        *w++ = left > 2 ? alphabet[v & 63] : '=';
    }
    out->n += (size_t)(w - start);
    out->p[out->n] = '\0';
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

int base64_decode(struct arena *a, struct str text, struct str *ret)
{
    size_t pad = 0;
    if (text.n % 4)
        return -EINVAL;
    while (pad < 2 && text.n > pad && text.p[text.n - 1 - pad] == '=')
        pad++;
    size_t n = text.n / 4 * 3 - pad;
    char *bytes = arena_alloc(a, n + 1);
    if (!bytes)
        return -ENOMEM;
    uint32_t v = 0;
    size_t w = 0;
    for (size_t i = 0; i < text.n; i++) {
        int s = i >= text.n - pad ? 0 : sextet(text.p[i]);
        if (s < 0)
            return -EINVAL;
        v = v << 6 | (uint32_t)s;
        if (i % 4 == 3)
            for (int shift = 16; shift >= 0 && w < n; shift -= 8)
                bytes[w++] = (char)(v >> shift);
    }
    *ret = str_n(bytes, n);
    return 0;
}
