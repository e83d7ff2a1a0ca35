// SPDX-License-Identifier: Apache-2.0
#include "hcl/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = 0;
        size_t n = MIN(s.n - i, 3u);
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < n ? (unsigned char)s.p[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            buf_addc(b, k <= n ? digits[v >> (18 - 6 * k) & 63] : '=');
    }
}

bool base64_read(struct buf *b, struct str s)
{
    uint32_t v = 0;
    unsigned n = 0, pad = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        const char *d = c ? strchr(digits, c) : NULL;
        if (c == '\n' || c == '\r')
            continue;
        if (c == '=' && n >= 2 && pad < 2)
            pad++;
        else if (!d || pad)
            return false;
        v = v << 6 | (d ? (uint32_t)(d - digits) : 0u);
        if (++n < 4)
            continue;
        char out[] = {(char)(v >> 16), (char)(v >> 8), (char)v};
        buf_add(b, out, 3 - pad);
        n = 0;
        v = 0;
        if (pad)
            pad = 2;
    }
    return n == 0;
}
