// SPDX-License-Identifier: Apache-2.0
/* format() and formatlist(): %[flags][width][.precision][[argument]]verb, verbs v t b d o x X e E f
 * g G s q and %%. */
#include <math.h>
#include <stdio.h>

#include "hcl/fn.h"

enum { WIDTH_MAX = 1024 };

struct formatter {
    const struct call *c;
    const struct val *args; /* behind the format */
    size_t n, next, used;   /* used: highest argument asked for */
    struct buf *out;
};

struct verb {
    bool plus, minus, zero, space, sharp;
    int width, precision; /* precision -1: none */
    char ch;
};

static bool read_int(struct str *s, int *ret)
{
    int v = 0;
    size_t i = 0;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++)
        if ((v = v * 10 + (s->p[i] - '0')) > WIDTH_MAX)
            return false;
    *ret = v;
    *s = str_n(s->p + i, s->n - i);
    return true;
}

static bool take(struct str *s, char ch)
{
    if (s->n == 0 || s->p[0] != ch)
        return false;
    *s = str_n(s->p + 1, s->n - 1);
    return true;
}

/* From behind '%' to behind the verb. */
static int read_verb(struct formatter *f, struct str *s, struct verb *v)
{
    int index = 0;
    *v = (struct verb){.precision = -1};
    for (bool more = true; more;) {
        more = take(s, '+')   ? (v->plus = true)
               : take(s, '-') ? (v->minus = true)
               : take(s, '0') ? (v->zero = true)
               : take(s, ' ') ? (v->space = true)
               : take(s, '#') ? (v->sharp = true)
                              : false;
    }
    if (!read_int(s, &v->width) || (take(s, '.') && !read_int(s, &v->precision)))
        return fn_fail(f->c, 0, "a width or precision above %d", WIDTH_MAX);
    if (take(s, '[')) {
        if (!read_int(s, &index) || !take(s, ']') || index == 0)
            return fn_fail(f->c, 0, "an argument's number is written like [1]");
        f->next = (size_t)index - 1;
    }
    if (s->n == 0)
        return fn_fail(f->c, 0, "the format ends inside of a %% sequence");
    v->ch = s->p[0];
    *s = str_n(s->p + 1, s->n - 1);
    return 0;
}

static void add_padded(struct formatter *f, const struct verb *v, struct str text, bool zero)
{
    size_t have = utf8_count(text), want = (size_t)v->width;
    size_t pad = have < want ? want - have : 0;
    bool sign = zero && text.n && (text.p[0] == '-' || text.p[0] == '+');
    if (sign) {
        buf_addc(f->out, text.p[0]);
        text = str_n(text.p + 1, text.n - 1);
    }
    for (size_t i = 0; !v->minus && i < pad; i++)
        buf_addc(f->out, zero ? '0' : ' ');
    buf_add_str(f->out, text);
    for (size_t i = 0; v->minus && i < pad; i++)
        buf_addc(f->out, ' ');
}

static void add_digits(struct buf *b, uint64_t u, unsigned base, bool upper)
{
    char z[65];
    size_t at = sizeof(z);
    do
        z[--at] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[u % base];
    while ((u /= base) > 0);
    buf_add(b, z + at, sizeof(z) - at);
}

static void add_sign(struct buf *b, const struct verb *v, bool negative)
{
    if (negative)
        buf_addc(b, '-');
    else if (v->plus || v->space)
        buf_addc(b, v->plus ? '+' : ' ');
}

/* %d %b %o %x %X: the fraction is cut off. */
static void add_whole(struct formatter *f, const struct verb *v, struct val num)
{
    cleanup_buf struct buf b = {0};
    bool negative = number_compare(num, val_int(0)) < 0;
    add_sign(&b, v, negative);
    if (num.type == VAL_NUM && fabs(num.d) >= 9e18) {
        buf_printf(&b, "%.0f", fabs(trunc(num.d)));
    } else {
        int64_t i = num.type == VAL_INT ? num.i : (int64_t)num.d;
        unsigned base = v->ch == 'd' ? 10 : v->ch == 'b' ? 2 : v->ch == 'o' ? 8 : 16;
        if (v->sharp && base == 16)
            buf_addz(&b, v->ch == 'X' ? "0X" : "0x");
        add_digits(&b, negative ? 0 - (uint64_t)i : (uint64_t)i, base, v->ch == 'X');
    }
    add_padded(f, v, buf_str(&b), v->zero && !v->minus);
}

static void add_real(struct formatter *f, const struct verb *v, struct val num)
{
    cleanup_buf struct buf b = {0};
    char spec[] = {'%', '.', '*', v->ch, '\0'};
    double d = val_as_double(num);
    add_sign(&b, v, d < 0);
    if (v->precision < 0 && (v->ch == 'g' || v->ch == 'G'))
        number_add(&b, val_num(fabs(d)));
    else
        buf_printf(&b, spec, v->precision < 0 ? 6 : v->precision, fabs(d));
    add_padded(f, v, buf_str(&b), v->zero && !v->minus);
}

static int add_json(struct formatter *f, const struct verb *v, struct val value)
{
    cleanup_buf struct buf b = {0};
    int r = hcl_json_write(&f->c->s, value, &b);
    if (r == 0)
        add_padded(f, v, buf_str(&b), false);
    return r;
}

static void add_text(struct formatter *f, const struct verb *v, struct str s)
{
    if (v->precision >= 0)
        s.n = utf8_offset(s, (size_t)v->precision);
    add_padded(f, v, s, false);
}

static int add_any(struct formatter *f, const struct verb *v, struct val value)
{
    struct str s;
    bool plain = value.type == VAL_STR || value.type == VAL_BOOL || val_is_number(value);
    if (v->sharp || !plain)
        return add_json(f, v, value);
    int r = site_text(&f->c->s, value, "the value", &s);
    if (r == 0)
        add_text(f, v, s);
    return r;
}

static void add_hex(struct formatter *f, const struct verb *v, struct str s)
{
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < s.n; i++)
        buf_printf(&b, v->ch == 'X' ? "%02X" : "%02x", (unsigned char)s.p[i]);
    add_padded(f, v, buf_str(&b), false);
}

static int add_verb(struct formatter *f, const struct verb *v, struct val value)
{
    const struct site *s = &f->c->s;
    struct val num;
    struct str text;
    bool b;
    int r;
    char what[32];
    snprintf(what, sizeof(what), "the argument for %%%c", v->ch);
    if (strchr("xX", v->ch) && value.type == VAL_STR) {
        add_hex(f, v, value.s);
        return 0;
    }
    if (strchr("dboxXeEfgG", v->ch)) {
        r = site_number(s, value, what, &num);
        if (r == 0)
            (strchr("eEfgG", v->ch) ? add_real : add_whole)(f, v, num);
        return r;
    }
    if (v->ch == 't') {
        r = site_bool(s, value, what, &b);
        if (r == 0)
            add_text(f, v, str_of(b ? "true" : "false"));
        return r;
    }
    r = site_text(s, value, what, &text);
    if (r == 0 && v->ch == 's')
        add_text(f, v, text);
    return r < 0 || v->ch == 's' ? r : add_json(f, v, val_str(text));
}

static int add_sequence(struct formatter *f, struct str *s)
{
    struct verb v;
    if (take(s, '%')) {
        buf_addc(f->out, '%');
        return 0;
    }
    int r = read_verb(f, s, &v);
    if (r < 0)
        return r;
    if (!v.ch || !strchr("vtbdoxXeEfgGsq", v.ch))
        return fn_fail(f->c, 0, "there is no verb %%%c; a percent sign is written %%%%",
                       (unsigned char)v.ch < 0x20 ? '?' : v.ch);
    if (f->next >= f->n)
        return fn_fail(f->c, 0, "the format wants argument %zu, but there are only %zu",
                       f->next + 1, f->n);
    struct val value = f->args[f->next++];
    f->used = MAX(f->used, f->next);
    return v.ch == 'v' ? add_any(f, &v, value) : add_verb(f, &v, value);
}

static int format_text(const struct call *c, struct str fmt, const struct val *args, size_t n,
                       struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct formatter f = {.c = c, .args = args, .n = n, .out = &b};
    int r = 0;
    while (fmt.n && r == 0) {
        if (!take(&fmt, '%')) {
            buf_addc(&b, fmt.p[0]);
            fmt = str_n(fmt.p + 1, fmt.n - 1);
            continue;
        }
        r = add_sequence(&f, &fmt);
        if (r == 0)
            r = fn_work(c, 1);
        if (r == 0)
            r = site_grown(&c->s, &b);
    }
    if (r == 0 && f.used < n)
        r = fn_fail(c, (int)f.used + 1, "there are %zu arguments, but the format uses only %zu", n,
                    f.used);
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

static int fn_format_text(const struct call *c, struct val *ret)
{
    struct str fmt;
    int r = fn_text(c, 0, &fmt);
    return r < 0 ? r : format_text(c, fmt, c->args + 1, c->n - 1, ret);
}

/* The common length of the list arguments; SIZE_MAX when there is none. */
static int list_length(const struct call *c, size_t *ret)
{
    *ret = SIZE_MAX;
    for (size_t i = 1; i < c->n; i++) {
        if (c->args[i].type != VAL_LIST)
            continue;
        if (*ret != SIZE_MAX && *ret != c->args[i].list.n)
            return fn_fail(c, (int)i, "the lists have different lengths: %zu and %zu", *ret,
                           c->args[i].list.n);
        *ret = c->args[i].list.n;
    }
    return 0;
}

static int fn_formatlist(const struct call *c, struct val *ret)
{
    struct str fmt;
    size_t n = 0;
    int r = fn_text(c, 0, &fmt);
    if (r == 0)
        r = list_length(c, &n);
    if (r < 0)
        return r;
    n = n == SIZE_MAX ? 1 : n;
    struct val *row = site_alloc(&c->s, c->n, sizeof(*row)), v = {.type = VAL_LIST};
    v.list.items = site_alloc(&c->s, n, sizeof(*v.list.items));
    if (!row || !v.list.items)
        return site_oom(&c->s);
    for (size_t k = 0; k < n && r == 0; k++) {
        for (size_t i = 1; i < c->n; i++)
            row[i - 1] = c->args[i].type == VAL_LIST ? c->args[i].list.items[k] : c->args[i];
        r = fn_work(c, c->n);
        if (r == 0)
            r = format_text(c, fmt, row, c->n - 1, &v.list.items[v.list.n++]);
    }
    if (r == 0)
        *ret = v;
    return r;
}

const struct fn fn_format[] = {
    {"format", 1, FN_ANY, fn_format_text},
    {"formatlist", 1, FN_ANY, fn_formatlist},
    {0},
};
