// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "hcl/fn.h"

static int fn_abs(const struct call *c, struct val *ret)
{
    struct val v;
    int r = fn_num(c, 0, &v);
    if (r < 0)
        return r;
    if (number_compare(v, val_int(0)) < 0)
        return site_unary(&c->s, OP_NEG, v, ret);
    *ret = v;
    return 0;
}

static int round_with(const struct call *c, double (*how)(double), struct val *ret)
{
    struct val v;
    int r = fn_num(c, 0, &v);
    if (r == 0)
        *ret = v.type == VAL_INT ? v : val_num(how(v.d));
    return r;
}

static int fn_ceil(const struct call *c, struct val *ret)
{
    return round_with(c, ceil, ret);
}

static int fn_floor(const struct call *c, struct val *ret)
{
    return round_with(c, floor, ret);
}

static int fn_log(const struct call *c, struct val *ret)
{
    struct val x, base;
    int r = fn_num(c, 0, &x);
    if (r == 0)
        r = fn_num(c, 1, &base);
    return r < 0 ? r : site_num(&c->s, log(val_as_double(x)) / log(val_as_double(base)), ret);
}

static int fn_pow(const struct call *c, struct val *ret)
{
    struct val x, y;
    int r = fn_num(c, 0, &x);
    if (r == 0)
        r = fn_num(c, 1, &y);
    return r < 0 ? r : site_num(&c->s, pow(val_as_double(x), val_as_double(y)), ret);
}

static int extreme(const struct call *c, int sign, struct val *ret)
{
    struct val best = val_null();
    for (size_t i = 0; i < c->n; i++) {
        struct val v;
        int r = fn_num(c, i, &v);
        if (r < 0)
            return r;
        if (i == 0 || sign * number_compare(v, best) > 0)
            best = v;
    }
    *ret = best;
    return 0;
}

static int fn_max(const struct call *c, struct val *ret)
{
    return extreme(c, 1, ret);
}

static int fn_min(const struct call *c, struct val *ret)
{
    return extreme(c, -1, ret);
}

static int fn_signum(const struct call *c, struct val *ret)
{
    struct val v;
    int r = fn_num(c, 0, &v);
    if (r == 0)
        *ret = val_int(number_compare(v, val_int(0)));
    return r;
}

static int digit_of(char ch, int64_t base)
{
    int d = ch >= '0' && ch <= '9'   ? ch - '0'
            : ch >= 'a' && ch <= 'z' ? ch - 'a' + 10
            : ch >= 'A' && ch <= 'Z' ? ch - 'A' + (base <= 36 ? 10 : 36)
                                     : 99;
    return d < base ? d : -1;
}

static int fn_parseint(const struct call *c, struct val *ret)
{
    struct str s;
    int64_t base, v = 0;
    int r = fn_text(c, 0, &s);
    if (r == 0)
        r = fn_int(c, 1, &base);
    if (r < 0)
        return r;
    if (base < 2 || base > 62)
        return fn_fail(c, 1, "the base must be between 2 and 62");
    bool negative = s.n && s.p[0] == '-';
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    if (i == s.n)
        return fn_fail(c, 0, "this text is not a number");
    for (; i < s.n; i++) {
        int d = digit_of(s.p[i], base);
        if (d < 0)
            return fn_fail(c, 0, "\"%.*s\" is not a number of base %d", (int)MIN(s.n, 64u), s.p,
                           (int)base);
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, negative ? -d : d, &v))
            return fn_fail(c, 0, "this number is too large");
    }
    *ret = val_int(v);
    return 0;
}

const struct fn fn_number[] = {
    {"abs", 1, 1, fn_abs},           {"ceil", 1, 1, fn_ceil},
    {"floor", 1, 1, fn_floor},       {"log", 2, 2, fn_log},
    {"max", 1, FN_ANY, fn_max},      {"min", 1, FN_ANY, fn_min},
    {"parseint", 2, 2, fn_parseint}, {"pow", 2, 2, fn_pow},
    {"signum", 1, 1, fn_signum},     {0},
};
