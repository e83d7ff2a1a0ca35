// SPDX-License-Identifier: Apache-2.0
/* JSON for jsondecode(), jsonencode() and variable files. */
#include "hcl/fn.h"

struct json {
    const struct site *s;
    const char *what;
    const char *start, *p, *end;
};

static int read_value(struct json *j, unsigned depth, struct val *ret);

static int bad(struct json *j, const char *why)
{
    unsigned line = 1;
    for (const char *q = j->start; q < j->p; q++)
        line += *q == '\n';
    return site_fail(j->s, "%s is not valid JSON: line %u: %s", j->what, line, why);
}

static void skip(struct json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r'))
        j->p++;
}

static bool take(struct json *j, char ch)
{
    skip(j);
    if (j->p >= j->end || *j->p != ch)
        return false;
    j->p++;
    return true;
}

static bool take_word(struct json *j, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
        return false;
    j->p += n;
    return true;
}

static bool hex4(struct json *j, uint32_t *ret)
{
    uint32_t c = 0;
    if (j->end - j->p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char d = *j->p++;
        int v = d >= '0' && d <= '9'   ? d - '0'
                : d >= 'a' && d <= 'f' ? d - 'a' + 10
                : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                       : -1;
        if (v < 0)
            return false;
        c = c << 4 | (uint32_t)v;
    }
    *ret = c;
    return true;
}

/* A lone surrogate becomes U+FFFD, as in Go. */
static bool read_unicode(struct json *j, struct buf *b)
{
    uint32_t c, low;
    if (!hex4(j, &c))
        return false;
    if (c >= 0xd800 && c <= 0xdbff && j->end - j->p >= 6 && j->p[0] == '\\' && j->p[1] == 'u') {
        const char *back = j->p;
        j->p += 2;
        if (!hex4(j, &low))
            return false;
        if (low >= 0xdc00 && low <= 0xdfff)
            return utf8_add(b, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
        j->p = back;
    }
    return utf8_add(b, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c);
}

static bool read_escape(struct json *j, struct buf *b)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char ch = j->p < j->end ? *j->p++ : '\0';
    const char *k = ch ? strchr(from, ch) : NULL;
    if (ch == 'u')
        return read_unicode(j, b);
    if (k)
        buf_addc(b, to[k - from]);
    return k != NULL;
}

static int read_text(struct json *j, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    while (j->p < j->end && *j->p != '"') {
        if ((unsigned char)*j->p < 0x20)
            return bad(j, "a control character inside of a text");
        if (*j->p != '\\') {
            buf_addc(&b, *j->p++);
            continue;
        }
        j->p++;
        if (!read_escape(j, &b))
            return bad(j, "invalid escape sequence");
    }
    if (j->p >= j->end)
        return bad(j, "a text is not closed");
    j->p++;
    if (utf8_bad(buf_str(&b)) < b.n)
        return bad(j, "a text is not UTF-8");
    return site_buf(j->s, &b, ret);
}

static int read_number(struct json *j, struct val *ret)
{
    const char *from = j->p;
    while (j->p < j->end && (strchr("+-.eE", *j->p) || (*j->p >= '0' && *j->p <= '9')) && *j->p)
        j->p++;
    struct str s = str_n(from, (size_t)(j->p - from));
    if (s.n == 0 || s.p[0] == '+' || !number_parse(s, ret))
        return bad(j, s.n ? "invalid number" : "a value is missing");
    return 0;
}

static int read_list(struct json *j, unsigned depth, struct val *ret)
{
    VEC(struct val) items = {0};
    int r = 0;
    if (!take(j, ']')) {
        do {
            struct val v;
            r = read_value(j, depth + 1, &v);
            if (r == 0 && vec_push(&items, v) < 0)
                r = err_set(j->s->err, -ENOMEM, "out of memory");
        } while (r == 0 && take(j, ','));
        if (r == 0 && !take(j, ']'))
            r = bad(j, "expected \",\" or \"]\"");
    }
    if (r == 0)
        r = site_list(j->s, items.items, items.n, ret);
    vec_free(&items);
    return r;
}

static int read_member(struct json *j, unsigned depth, struct val_entry *e)
{
    struct val key;
    if (!take(j, '"'))
        return bad(j, "expected a key in quotes");
    int r = read_text(j, &key);
    if (r < 0)
        return r;
    e->key = key.s;
    return take(j, ':') ? read_value(j, depth + 1, &e->value) : bad(j, "expected \":\"");
}

static int read_map(struct json *j, unsigned depth, struct val *ret)
{
    VEC(struct val_entry) entries = {0};
    int r = 0;
    if (!take(j, '}')) {
        do {
            struct val_entry e;
            r = read_member(j, depth, &e);
            if (r == 0 && vec_push(&entries, e) < 0)
                r = err_set(j->s->err, -ENOMEM, "out of memory");
        } while (r == 0 && take(j, ','));
        if (r == 0 && !take(j, '}'))
            r = bad(j, "expected \",\" or \"}\"");
    }
    if (r == 0)
        r = site_map(j->s, entries.items, entries.n, ret);
    vec_free(&entries);
    return r;
}

static int read_value(struct json *j, unsigned depth, struct val *ret)
{
    int r = site_work(j->s, 1);
    if (r < 0)
        return r;
    if (depth > HCL_DEPTH_MAX)
        return bad(j, "nested too deep");
    skip(j);
    if (take(j, '{'))
        return read_map(j, depth, ret);
    if (take(j, '['))
        return read_list(j, depth, ret);
    if (take(j, '"'))
        return read_text(j, ret);
    if (take_word(j, "true"))
        *ret = val_bool(true);
    else if (take_word(j, "false"))
        *ret = val_bool(false);
    else if (take_word(j, "null"))
        *ret = val_null();
    else
        return read_number(j, ret);
    return 0;
}

int hcl_json_read(const struct site *s, struct str text, const char *what, struct val *ret)
{
    struct json j = {s, what, text.p, text.p, text.p + text.n};
    struct val v;
    int r = read_value(&j, 1, &v);
    if (r < 0)
        return r;
    skip(&j);
    if (j.p < j.end)
        return bad(&j, "there is something behind the value");
    *ret = v;
    return 0;
}

/* As Go's encoder: <, > and & are escaped, and the two line separators. */
static void add_text(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool sep = s.n - i >= 3 && !memcmp(s.p + i, "\xe2\x80", 2) &&
                   ((unsigned char)s.p[i + 2] & 0xfe) == 0xa8;
        if (sep) {
            buf_printf(b, "\\u202%c", hex[s.p[i + 2] & 15]);
            i += 2;
        } else if (ch == '"' || ch == '\\') {
            buf_addc(b, '\\');
            buf_addc(b, ch);
        } else if (ch == '\n' || ch == '\r' || ch == '\t') {
            buf_addc(b, '\\');
            buf_addc(b, ch == '\n' ? 'n' : ch == '\r' ? 'r' : 't');
        } else if ((unsigned char)ch < 0x20 || ch == '<' || ch == '>' || ch == '&') {
            buf_printf(b, "\\u00%c%c", hex[(unsigned char)ch >> 4], hex[ch & 15]);
        } else {
            buf_addc(b, ch);
        }
    }
    buf_addc(b, '"');
}

static int write_value(const struct site *s, struct val v, unsigned depth, struct buf *b)
{
    int r = site_work(s, 1 + (v.type == VAL_STR ? v.s.n / 64 : 0));
    if (r == 0)
        r = site_grown(s, b);
    if (r == 0 && depth > WALK_DEPTH_MAX)
        r = site_fail(s, "this value is nested too deep");
    if (r < 0)
        return r;
    if (v.type == VAL_STR) {
        add_text(b, v.s);
    } else if (v.type == VAL_LIST) {
        for (size_t i = 0; i < v.list.n && r == 0; i++) {
            buf_addc(b, i ? ',' : '[');
            r = write_value(s, v.list.items[i], depth + 1, b);
        }
        buf_addz(b, v.list.n ? "]" : "[]");
    } else if (v.type == VAL_MAP) {
        for (size_t i = 0; i < v.map.n && r == 0; i++) {
            buf_addc(b, i ? ',' : '{');
            add_text(b, v.map.entries[i].key);
            buf_addc(b, ':');
            r = write_value(s, v.map.entries[i].value, depth + 1, b);
        }
        buf_addz(b, v.map.n ? "}" : "{}");
    } else if (v.type == VAL_NULL) {
        buf_addz(b, "null");
    } else if (v.type == VAL_BOOL) {
        buf_addz(b, v.b ? "true" : "false");
    } else {
        number_add(b, v);
    }
    return r;
}

int hcl_json_write(const struct site *s, struct val v, struct buf *b)
{
    return write_value(s, v, 1, b);
}
