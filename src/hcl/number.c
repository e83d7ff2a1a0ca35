// SPDX-License-Identifier: Apache-2.0
#include "hcl/number.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static size_t digits(struct str s, size_t i)
{
    size_t n = 0;
    while (i + n < s.n && s.p[i + n] >= '0' && s.p[i + n] <= '9')
        n++;
    return n;
}

/* Checks the form; *ret_plain: neither fraction nor exponent. */
static bool well_formed(struct str s, bool *ret_plain)
{
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), n;
    *ret_plain = true;
    if ((n = digits(s, i)) == 0)
        return false;
    i += n;
    if (i < s.n && s.p[i] == '.') {
        *ret_plain = false;
        if ((n = digits(s, i + 1)) == 0)
            return false;
        i += 1 + n;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        *ret_plain = false;
        i++;
        i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
        if ((n = digits(s, i)) == 0)
            return false;
        i += n;
    }
    return i == s.n;
}

bool number_parse(struct str s, struct val *ret)
{
    enum { TEXT_MAX = 512 };
    char z[TEXT_MAX];
    bool plain;
    if (s.n >= TEXT_MAX || !well_formed(s, &plain))
        return false;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    if (plain) {
        errno = 0;
        long long i = strtoll(z, NULL, 10);
        if (errno == 0) {
            *ret = val_int(i);
            return true;
        }
    }
    double d = strtod(z, NULL);
    if (!isfinite(d))
        return false;
    *ret = val_num(d);
    return true;
}

void number_add(struct buf *b, struct val v)
{
    if (v.type == VAL_INT) {
        buf_printf(b, "%" PRId64, v.i);
        return;
    }
    char e[64];
    int prec = 0;
    for (; prec < 17; prec++) {
        snprintf(e, sizeof(e), "%.*e", prec, v.d);
        if (strtod(e, NULL) == v.d)
            break;
    }
    /* prec digits follow the first; the exponent says how many of them are behind the point. */
    int exponent = atoi(strchr(e, 'e') + 1);
    if (exponent <= MAX(prec, 21)) {
        buf_printf(b, "%.*f", MAX(prec - exponent, 0), v.d);
        return;
    }
    for (const char *p = e; *p != 'e'; p++)
        if (*p != '.')
            buf_addc(b, *p);
    for (int i = prec; i < exponent; i++)
        buf_addc(b, '0');
}

bool number_whole(struct val v, int64_t *ret)
{
    if (v.type != VAL_INT)
        return false;
    *ret = v.i;
    return true;
}
