// SPDX-License-Identifier: Apache-2.0
/* The JSON writer: punctuation, indentation, strings and numbers. */
#include <math.h>
#include <stdio.h>

#include "base/base64.h"
#include "model/json.h"

struct json_writer json_writer(struct buf *out, unsigned flags)
{
    return (struct json_writer){.out = out, .flags = flags};
}

static void new_line(struct json_writer *w)
{
    if (!(w->flags & JSONF_PRETTY))
        return;
    buf_addc(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        buf_add(w->out, "    ", 4);
}

/* Whatever has to stand before the next value or key. */
static void separate(struct json_writer *w)
{
    if (w->keyed) {
        w->keyed = false;
        return;
    }
    if (w->filled)
        buf_addc(w->out, ',');
    if (w->depth)
        new_line(w);
    w->filled = true;
}

static void open_with(struct json_writer *w, char c)
{
    separate(w);
    buf_addc(w->out, c);
    w->depth++;
    w->filled = false;
}

static void close_with(struct json_writer *w, char c)
{
    assert(w->depth > 0 && !w->keyed);
    w->depth--;
    if (w->filled)
        new_line(w);
    buf_addc(w->out, c);
    w->filled = true;
}

void jw_obj_begin(struct json_writer *w)
{
    open_with(w, '{');
}

void jw_obj_end(struct json_writer *w)
{
    close_with(w, '}');
}

void jw_arr_begin(struct json_writer *w)
{
    open_with(w, '[');
}

void jw_arr_end(struct json_writer *w)
{
    close_with(w, ']');
}

/* Length of the well-formed UTF-8 sequence at p, 0 when there is none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n == 1 || n == 0 || n > left)
        return n == 1;
    uint32_t c = p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 63);
    }
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static void add_escaped(struct buf *b, unsigned char c)
{
    const char *at = strchr("\"\"\\\\\nn\rr\tt\bb\ff", c);
    if (c && at)
        buf_printf(b, "\\%c", at[1]);
    else
        buf_printf(b, "\\u%04x", c);
}

static void add_text(struct buf *b, struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t plain = 0;
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n;) {
        size_t n = utf8_len(p + i, s.n - i);
        /* U+2028 and U+2029 end a line in JavaScript; Go's encoders escape them. */
        bool line_end = n == 3 && p[i] == 0xe2 && p[i + 1] == 0x80 && (p[i + 2] & 0xfe) == 0xa8;
        if (n && !line_end && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\') {
            i += n;
            continue;
        }
        buf_add(b, p + plain, i - plain);
        if (line_end)
            buf_addz(b, p[i + 2] & 1 ? "\\u2029" : "\\u2028");
        else if (!n)
            buf_addz(b, "\\ufffd");
        else
            add_escaped(b, p[i]);
        i += n ? n : 1;
        plain = i;
    }
    buf_add(b, p + plain, s.n - plain);
    buf_addc(b, '"');
}

void jw_key(struct json_writer *w, const char *key)
{
    separate(w);
    add_text(w->out, str_of(key));
    buf_addz(w->out, w->flags & JSONF_PRETTY ? ": " : ":");
    w->keyed = true;
}

void jw_null(struct json_writer *w)
{
    separate(w);
    buf_addz(w->out, "null");
}

void jw_bool(struct json_writer *w, bool b)
{
    separate(w);
    buf_addz(w->out, b ? "true" : "false");
}

void jw_int(struct json_writer *w, int64_t i)
{
    if (i >= 0) {
        jw_uint(w, (uint64_t)i);
        return;
    }
    separate(w);
    buf_printf(w->out, "%lld", (long long)i);
}

void jw_uint(struct json_writer *w, uint64_t u)
{
    char z[24], *p = z + sizeof(z);
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    separate(w);
    buf_add(w->out, p, (size_t)(z + sizeof(z) - p));
}

void jw_num(struct json_writer *w, double d)
{
    char z[40];
    if (!isfinite(d)) {
        jw_null(w);
        return;
    }
    separate(w);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(z, sizeof(z), "%.*g", digits, d);
        if (strtod(z, NULL) == d)
            break;
    }
    buf_addz(w->out, z);
}

void jw_strn(struct json_writer *w, struct str s)
{
    separate(w);
    add_text(w->out, s);
}

void jw_str(struct json_writer *w, const char *z)
{
    jw_strn(w, str_of(nonull(z)));
}

void jw_time(struct json_writer *w, nsec_t t)
{
    separate(w);
    buf_addc(w->out, '"');
    if (t == 0)
        buf_addz(w->out, "0001-01-01T00:00:00Z");
    else
        time_format_rfc3339(w->out, t);
    buf_addc(w->out, '"');
}

void jw_val(struct json_writer *w, struct val v)
{
    switch (v.type) {
    case VAL_BOOL:
        jw_bool(w, v.b);
        break;
    case VAL_INT:
        jw_int(w, v.i);
        break;
    case VAL_NUM:
        jw_num(w, v.d);
        break;
    case VAL_STR:
        jw_strn(w, v.s);
        break;
    case VAL_LIST:
        jw_arr_begin(w);
        for (size_t i = 0; i < v.list.n; i++)
            jw_val(w, v.list.items[i]);
        jw_arr_end(w);
        break;
    case VAL_MAP:
        jw_obj_begin(w);
        for (size_t i = 0; i < v.map.n; i++) {
            jw_key(w, v.map.entries[i].key.p);
            jw_val(w, v.map.entries[i].value);
        }
        jw_obj_end(w);
        break;
    default:
        jw_null(w);
    }
}

void val_to_json(struct val v, struct buf *out, unsigned flags)
{
    struct json_writer w = json_writer(out, flags);
    jw_val(&w, v);
}
