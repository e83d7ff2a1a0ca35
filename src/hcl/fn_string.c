// SPDX-License-Identifier: Apache-2.0
#include "hcl/fn.h"

static int fn_chomp(const struct call *c, struct val *ret)
{
    struct str s;
    int r = fn_text(c, 0, &s);
    if (r < 0)
        return r;
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
        s.n--;
    return site_str(&c->s, s, ret);
}

static int fn_indent(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str s;
    int64_t n;
    int r = fn_int(c, 0, &n);
    if (r == 0)
        r = fn_text(c, 1, &s);
    if (r < 0)
        return r;
    if (n < 0 || n > 1024)
        return fn_fail(c, 0, "the indentation must be between 0 and 1024");
    for (size_t i = 0; i < s.n && r == 0; i++) {
        buf_addc(&b, s.p[i]);
        if (s.p[i] == '\n')
            buf_printf(&b, "%*s", (int)n, "");
        r = site_grown(&c->s, &b);
    }
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

static int fn_join(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str sep, s;
    struct val list;
    bool first = true;
    int r = fn_text(c, 0, &sep);
    for (size_t i = 1; i < c->n && r == 0; i++) {
        r = fn_list(c, i, &list);
        for (size_t k = 0; r == 0 && k < list.list.n; k++) {
            r = fn_list_text(c, i, k, &s);
            if (r < 0)
                break;
            if (!first)
                buf_add_str(&b, sep);
            first = false;
            buf_add_str(&b, s);
            r = site_grown(&c->s, &b);
        }
    }
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

static bool within(uint32_t c, uint32_t from, uint32_t to)
{
    return c >= from && c <= to;
}

/* Latin, Greek and Cyrillic; other scripts are left as they are. */
static uint32_t upper_of(uint32_t c)
{
    if (within(c, 'a', 'z') || (within(c, 0xe0, 0xfe) && c != 0xf7) || within(c, 0x3b1, 0x3c1) ||
        within(c, 0x3c3, 0x3c9) || within(c, 0x430, 0x44f))
        return c - 32;
    if (c == 0xff)
        return 0x178;
    if (within(c, 0x450, 0x45f))
        return c - 80;
    if (within(c, 0x100, 0x137) || within(c, 0x14a, 0x177))
        return c & ~1u;
    if (within(c, 0x139, 0x148) || within(c, 0x179, 0x17e))
        return c & 1 ? c : c - 1;
    return c;
}

static uint32_t lower_of(uint32_t c)
{
    if (within(c, 'A', 'Z') || (within(c, 0xc0, 0xde) && c != 0xd7) || within(c, 0x391, 0x3a1) ||
        within(c, 0x3a3, 0x3a9) || within(c, 0x410, 0x42f))
        return c + 32;
    if (c == 0x178)
        return 0xff;
    if (within(c, 0x400, 0x40f))
        return c + 80;
    if (within(c, 0x100, 0x137) || within(c, 0x14a, 0x177))
        return c | 1;
    if (within(c, 0x139, 0x148) || within(c, 0x179, 0x17e))
        return c & 1 ? c + 1 : c;
    return c;
}

static bool is_word_char(uint32_t c)
{
    return within(c, 'a', 'z') || within(c, 'A', 'Z') || within(c, '0', '9') || c == '_' ||
           c == '\'' || c >= 0xc0;
}

enum case_mode { CASE_LOWER, CASE_UPPER, CASE_TITLE };

static int change_case(const struct call *c, enum case_mode mode, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str s;
    bool in_word = false;
    int r = fn_text(c, 0, &s);
    if (r < 0)
        return r;
    for (size_t i = 0; i < s.n;) {
        uint32_t ch = utf8_get(s.p + i);
        size_t len = utf8_len(s.p + i, s.n - i);
        bool up = mode == CASE_UPPER || (mode == CASE_TITLE && !in_word);
        utf8_add(&b, up ? upper_of(ch) : mode == CASE_LOWER ? lower_of(ch) : ch);
        in_word = is_word_char(ch);
        i += MAX(len, 1u);
    }
    return site_buf(&c->s, &b, ret);
}

static int fn_lower(const struct call *c, struct val *ret)
{
    return change_case(c, CASE_LOWER, ret);
}

static int fn_upper(const struct call *c, struct val *ret)
{
    return change_case(c, CASE_UPPER, ret);
}

static int fn_title(const struct call *c, struct val *ret)
{
    return change_case(c, CASE_TITLE, ret);
}

static int fn_texts(const struct call *c, struct str *texts)
{
    int r = 0;
    for (size_t i = 0; i < c->n && r == 0; i++)
        r = fn_text(c, i, &texts[i]);
    return r;
}

/* An empty text to be replaced is found before every character and at the end, as in Go. */
static int fn_replace(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str t[3] = {0};
    int r = fn_texts(c, t);
    for (size_t i = 0; r == 0 && i <= t[0].n;) {
        bool hit = t[0].n - i >= t[1].n && memcmp(t[0].p + i, t[1].p, t[1].n) == 0;
        if (hit)
            buf_add_str(&b, t[2]);
        size_t step = hit && t[1].n ? t[1].n : utf8_len(t[0].p + i, t[0].n - i);
        if ((!hit || t[1].n == 0) && i < t[0].n)
            buf_add(&b, t[0].p + i, step);
        i += MAX(step, 1u);
        r = site_grown(&c->s, &b);
    }
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

typedef VEC(struct val) val_list;

static void val_list_free(val_list *l)
{
    vec_free(l);
}

static int add_piece(const struct call *c, val_list *l, struct str s)
{
    struct val v;
    if (l->n >= HCL_VALUE_MAX)
        return fn_fail(c, FN_CALL, "more than %u parts", HCL_VALUE_MAX);
    int r = site_str(&c->s, s, &v);
    if (r == 0 && vec_push(l, v) < 0)
        r = err_set(c->s.err, -ENOMEM, "out of memory");
    return r;
}

static int fn_split(const struct call *c, struct val *ret)
{
    cleanup_with(val_list_free) val_list l = {0};
    struct str t[2] = {0};
    size_t from = 0;
    int r = fn_texts(c, t);
    struct str sep = t[0], s = t[1];
    while (r == 0 && sep.n == 0 && from < s.n) {
        size_t len = utf8_len(s.p + from, s.n - from);
        r = add_piece(c, &l, str_n(s.p + from, len));
        from += MAX(len, 1u);
    }
    while (r == 0 && sep.n) {
        const char *hit = memmem(s.p + from, s.n - from, sep.p, sep.n);
        size_t end = hit ? (size_t)(hit - s.p) : s.n;
        r = add_piece(c, &l, str_n(s.p + from, end - from));
        if (!hit)
            break;
        from = end + sep.n;
    }
    return r < 0 ? r : site_list(&c->s, l.items, l.n, ret);
}

static int fn_strlen(const struct call *c, struct val *ret)
{
    struct str s;
    int r = fn_text(c, 0, &s);
    if (r == 0)
        *ret = val_int((int64_t)utf8_count(s));
    return r;
}

static int fn_strrev(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str s;
    int r = fn_text(c, 0, &s);
    if (r < 0)
        return r;
    for (size_t end = s.n; end > 0;) {
        size_t at = end - 1;
        while (at > 0 && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at--;
        buf_add(&b, s.p + at, end - at);
        end = at;
    }
    return site_buf(&c->s, &b, ret);
}

static int fn_substr(const struct call *c, struct val *ret)
{
    struct str s;
    int64_t from, len;
    int r = fn_text(c, 0, &s);
    if (r == 0)
        r = fn_int(c, 1, &from);
    if (r == 0)
        r = fn_int(c, 2, &len);
    if (r < 0)
        return r;
    int64_t total = (int64_t)utf8_count(s);
    if (from < 0)
        from = MAX(from + total, 0);
    from = MIN(from, total);
    if (len < 0 || len > total - from)
        len = total - from;
    size_t a = utf8_offset(s, (size_t)from), b = utf8_offset(s, (size_t)(from + len));
    return site_str(&c->s, str_n(s.p + a, b - a), ret);
}

static bool in_set(struct str set, const char *p, size_t len)
{
    return len && memmem(set.p, set.n, p, len);
}

static int fn_trim(const struct call *c, struct val *ret)
{
    struct str t[2] = {0};
    int r = fn_texts(c, t);
    if (r < 0)
        return r;
    struct str s = t[0];
    r = fn_work(c, s.n / 64 * (1 + t[1].n / 64));
    while (s.n) {
        size_t len = utf8_len(s.p, s.n);
        if (!in_set(t[1], s.p, len))
            break;
        s = str_n(s.p + len, s.n - len);
    }
    while (s.n) {
        size_t at = s.n - 1;
        while (at > 0 && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at--;
        if (!in_set(t[1], s.p + at, s.n - at))
            break;
        s.n = at;
    }
    return r < 0 ? r : site_str(&c->s, s, ret);
}

static int fn_trimprefix(const struct call *c, struct val *ret)
{
    struct str t[2] = {0};
    int r = fn_texts(c, t);
    if (r < 0)
        return r;
    if (t[0].n >= t[1].n && memcmp(t[0].p, t[1].p, t[1].n) == 0)
        t[0] = str_n(t[0].p + t[1].n, t[0].n - t[1].n);
    return site_str(&c->s, t[0], ret);
}

static int fn_trimsuffix(const struct call *c, struct val *ret)
{
    struct str t[2] = {0};
    int r = fn_texts(c, t);
    if (r < 0)
        return r;
    if (t[0].n >= t[1].n && memcmp(t[0].p + t[0].n - t[1].n, t[1].p, t[1].n) == 0)
        t[0].n -= t[1].n;
    return site_str(&c->s, t[0], ret);
}

static int fn_trimspace(const struct call *c, struct val *ret)
{
    struct str s;
    int r = fn_text(c, 0, &s);
    return r < 0 ? r : site_str(&c->s, text_trim_left(text_trim_right(s)), ret);
}

const struct fn fn_string[] = {
    {"chomp", 1, 1, fn_chomp},         {"indent", 2, 2, fn_indent},
    {"join", 2, FN_ANY, fn_join},      {"lower", 1, 1, fn_lower},
    {"replace", 3, 3, fn_replace},     {"split", 2, 2, fn_split},
    {"strlen", 1, 1, fn_strlen},       {"strrev", 1, 1, fn_strrev},
    {"substr", 3, 3, fn_substr},       {"title", 1, 1, fn_title},
    {"trim", 2, 2, fn_trim},           {"trimprefix", 2, 2, fn_trimprefix},
    {"trimspace", 1, 1, fn_trimspace}, {"trimsuffix", 2, 2, fn_trimsuffix},
    {"upper", 1, 1, fn_upper},         {0},
};
