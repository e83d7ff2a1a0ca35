// SPDX-License-Identifier: Apache-2.0
/* regex_replace() by pcre2, with limits on its work. The replacement is written as in Go: $1, ${1},
 * $name, ${name}, $$; an unknown group is empty. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "hcl/fn.h"

enum {
    HEAP_LIMIT_KIB = 16 * 1024,
    PATTERN_MAX = 8192,
    SUBJECT_MAX = 256 * 1024,
};

struct regex {
    const struct call *c;
    size_t step; /* charged for each item of the pattern tried */
    int r;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

static void regex_free(struct regex *x)
{
    pcre2_match_context_free(x->limits);
    pcre2_match_data_free(x->match);
    pcre2_code_free(x->code);
}

/* Called before each item of the pattern; the only exact measure of a match's work. */
static int charge_cb(pcre2_callout_block *block, void *data)
{
    struct regex *x = data;
    x->r = fn_work(x->c, x->step);
    return x->r < 0 ? PCRE2_ERROR_CALLOUT : 0;
}

static int compile(const struct call *c, struct str pattern, struct regex *x)
{
    int code;
    size_t at;
    if (pattern.n > PATTERN_MAX)
        return fn_fail(c, 1, "the pattern is longer than %d bytes", PATTERN_MAX);
    x->code =
        pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
                      PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT, &code, &at, NULL);
    if (!x->code) {
        PCRE2_UCHAR why[128] = "";
        pcre2_get_error_message(code, why, sizeof(why));
        return fn_fail(c, 1, "the pattern is not valid: %s at character %zu", (char *)why, at);
    }
    x->match = pcre2_match_data_create_from_pattern(x->code, NULL);
    x->limits = pcre2_match_context_create(NULL);
    if (!x->match || !x->limits)
        return err_set(c->s.err, -ENOMEM, "out of memory");
    pcre2_set_callout(x->limits, charge_cb, x);
    pcre2_set_heap_limit(x->limits, HEAP_LIMIT_KIB);
    return 0;
}

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void add_group(struct regex *x, struct str subject, struct str name, struct buf *b)
{
    char z[64];
    uint64_t group;
    size_t *pos = pcre2_get_ovector_pointer(x->match);
    if (name.n == 0 || name.n >= sizeof(z))
        return;
    memcpy(z, name.p, name.n);
    z[name.n] = '\0';
    if (parse_u64(name, &group) < 0) {
        int n = pcre2_substring_number_from_name(x->code, (PCRE2_SPTR)z);
        if (n < 0)
            return;
        group = (uint64_t)n;
    }
    if (group >= pcre2_get_ovector_count(x->match) || pos[2 * group] == PCRE2_UNSET)
        return;
    size_t from = pos[2 * group], to = pos[2 * group + 1];
    if (from <= to && to <= subject.n)
        buf_add(b, subject.p + from, to - from);
}

static void add_replacement(struct regex *x, struct str subject, struct str with, struct buf *b)
{
    for (size_t i = 0; i < with.n; i++) {
        if (with.p[i] != '$' || i + 1 == with.n) {
            buf_addc(b, with.p[i]);
            continue;
        }
        bool brace = with.p[i + 1] == '{';
        size_t from = i + 1 + brace, to = from;
        while (to < with.n && is_name_char(with.p[to]))
            to++;
        if (with.p[i + 1] == '$') {
            buf_addc(b, '$');
            i++;
        } else if (to == from || (brace && (to == with.n || with.p[to] != '}'))) {
            buf_addc(b, '$');
        } else {
            add_group(x, subject, str_n(with.p + from, to - from), b);
            i = to - 1 + brace;
        }
    }
}

/* As in Go, an empty match right behind another match does not count. */
static int replace_all(const struct call *c, struct regex *x, struct str s, struct str with,
                       struct buf *b)
{
    size_t at = 0, done = 0, *pos = pcre2_get_ovector_pointer(x->match);
    bool behind = false;
    int r = 0;
    while (r == 0 && at <= s.n) {
        int hit = pcre2_match(x->code, (PCRE2_SPTR)s.p, s.n, at, at ? PCRE2_NO_UTF_CHECK : 0,
                              x->match, x->limits);
        if (hit == PCRE2_ERROR_NOMATCH)
            break;
        if (x->r < 0)
            return x->r;
        if (hit < 0)
            return fn_fail(c, 1, "matching the pattern takes too much work");
        size_t from = MAX(pos[0], at), to = MAX(pos[1], from);
        bool empty = to == from;
        if (!(empty && behind && from == at)) {
            buf_add(b, s.p + done, from - done);
            add_replacement(x, s, with, b);
            done = to;
        }
        behind = !empty;
        at = empty ? to + MAX(utf8_len(s.p + to, s.n - to), 1u) : to;
        r = site_grown(&c->s, b);
    }
    if (r == 0 && done < s.n)
        buf_add(b, s.p + done, s.n - done);
    return r;
}

static int fn_regex_replace(const struct call *c, struct val *ret)
{
    cleanup_with(regex_free) struct regex x = {.c = c};
    cleanup_buf struct buf b = {0};
    struct str t[3] = {0};
    int r = 0;
    for (size_t i = 0; i < 3 && r == 0; i++)
        r = fn_text(c, i, &t[i]);
    if (r == 0 && t[0].n > SUBJECT_MAX)
        r = fn_fail(c, 0, "the text is longer than %d KiB", SUBJECT_MAX / 1024);
    if (r == 0)
        r = compile(c, t[1], &x);
    x.step = 1 + t[0].n / 8192;
    if (r == 0)
        r = replace_all(c, &x, t[0], t[2], &b);
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

const struct fn fn_regex[] = {{"regex_replace", 3, 3, fn_regex_replace}, {0}};
