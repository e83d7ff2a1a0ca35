// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "sched/version.h"

#define SEGMENTS_MAX 16

struct version {
    int64_t segments[SEGMENTS_MAX]; /* zero beyond n */
    size_t n;                       /* as written, at least 3 after padding */
    size_t written;
    struct str pre;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ident(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '~';
}

/* Dot-separated identifiers; advances *s over them. */
static bool take_idents(struct str *s, struct str *ret)
{
    size_t i = 0;
    while (i < s->n && (is_ident(s->p[i]) || (s->p[i] == '.' && i > 0 && s->p[i - 1] != '.')))
        i++;
    if (i == 0 || s->p[i - 1] == '.')
        return false;
    *ret = str_n(s->p, i);
    *s = str_n(s->p + i, s->n - i);
    return true;
}

static bool take_segments(struct str *s, struct version *v)
{
    size_t i = 0;
    for (;;) {
        size_t from = i;
        while (i < s->n && is_digit(s->p[i]))
            i++;
        if (i == from || v->n == SEGMENTS_MAX ||
            parse_i64(str_n(s->p + from, i - from), &v->segments[v->n]) < 0)
            return false;
        v->n++;
        if (i + 1 >= s->n || s->p[i] != '.' || !is_digit(s->p[i + 1]))
            break;
        i++;
    }
    v->written = v->n;
    v->n = MAX(v->n, (size_t)3);
    *s = str_n(s->p + i, s->n - i);
    return true;
}

static bool version_parse(struct str s, bool semver, struct version *v)
{
    struct str meta;
    *v = (struct version){0};
    if (s.n && s.p[0] == 'v')
        s = str_n(s.p + 1, s.n - 1);
    if (!take_segments(&s, v))
        return false;
    if (s.n && s.p[0] == '-')
        s = str_n(s.p + 1, s.n - 1);
    else if (s.n && s.p[0] != '+' && (semver || is_digit(s.p[0])))
        return false;
    else if (!s.n || s.p[0] == '+')
        goto metadata;
    if (!take_idents(&s, &v->pre))
        return false;
metadata:
    if (s.n && s.p[0] == '+') {
        s = str_n(s.p + 1, s.n - 1);
        if (!take_idents(&s, &meta))
            return false;
    }
    return s.n == 0;
}

static struct str next_part(struct str *s)
{
    const char *dot = s->n ? memchr(s->p, '.', s->n) : NULL;
    struct str part = dot ? str_n(s->p, (size_t)(dot - s->p)) : *s;
    *s = dot ? str_n(dot + 1, s->n - part.n - 1) : str_n(NULL, 0);
    return part;
}

static int part_cmp(struct str a, struct str b)
{
    int64_t ia = 0, ib = 0;
    bool na = parse_i64(a, &ia) == 0, nb = parse_i64(b, &ib) == 0;
    if (str_eq(a, b))
        return 0;
    if (!a.n)
        return nb ? -1 : 1;
    if (!b.n)
        return na ? 1 : -1;
    if (na != nb)
        return na ? -1 : 1;
    return na ? (ia > ib ? 1 : -1) : (str_cmp(a, b) > 0 ? 1 : -1);
}

static int pre_cmp(struct str a, struct str b)
{
    if (str_eq(a, b))
        return 0;
    if (!a.n || !b.n)
        return a.n ? -1 : 1;
    while (a.n || b.n) {
        int c = part_cmp(next_part(&a), next_part(&b));
        if (c)
            return c;
    }
    return 0;
}

static bool same_segments(const struct version *a, const struct version *b)
{
    return memcmp(a->segments, b->segments, sizeof(a->segments)) == 0;
}

static int version_cmp(const struct version *a, const struct version *b)
{
    for (size_t i = 0; i < SEGMENTS_MAX; i++)
        if (a->segments[i] != b->segments[i])
            return a->segments[i] < b->segments[i] ? -1 : 1;
    return pre_cmp(a->pre, b->pre);
}

enum op { OP_EQ, OP_NE, OP_GE, OP_LE, OP_PESSIMISTIC, OP_GT, OP_LT };
/* longer ones first */
static const char *const op_texts[] = {"=", "!=", ">=", "<=", "~>", ">", "<"};

static bool parse_one(struct str s, bool semver, enum op *op, struct version *v)
{
    while (s.n && strchr(" \t\n\r\f", s.p[0]))
        s = str_n(s.p + 1, s.n - 1);
    while (s.n && strchr(" \t\n\r\f", s.p[s.n - 1]))
        s.n--;
    *op = OP_EQ;
    for (size_t i = 0; i < ARRAY_LEN(op_texts); i++) {
        if (!str_has_prefix(s, op_texts[i]))
            continue;
        *op = (enum op)i;
        s = str_n(s.p + strlen(op_texts[i]), s.n - strlen(op_texts[i]));
        break;
    }
    if (semver && *op == OP_PESSIMISTIC)
        return false;
    while (s.n && strchr(" \t\n\r\f", s.p[0]))
        s = str_n(s.p + 1, s.n - 1);
    return version_parse(s, semver, v);
}

/* Ordering operators treat pre-releases apart: they match only within the same base version. */
static bool pre_compatible(const struct version *v, const struct version *c)
{
    return !v->pre.n || (c->pre.n && same_segments(v, c));
}

static bool pessimistic(const struct version *v, const struct version *c)
{
    if (!pre_compatible(v, c) || (c->pre.n && !v->pre.n) || version_cmp(v, c) < 0 || c->n > v->n)
        return false;
    for (size_t i = 0; i + 1 < c->written; i++)
        if (v->segments[i] != c->segments[i])
            return false;
    return c->segments[c->n - 1] <= v->segments[c->n - 1];
}

static bool check_one(const struct version *v, const struct version *c, enum op op, bool semver)
{
    int d = version_cmp(v, c);
    if (op == OP_EQ || op == OP_NE)
        return (d == 0) == (op == OP_EQ);
    if (op == OP_PESSIMISTIC)
        return pessimistic(v, c);
    if (!semver && !pre_compatible(v, c))
        return false;
    return op == OP_GT ? d > 0 : op == OP_LT ? d < 0 : op == OP_GE ? d >= 0 : d <= 0;
}

/* Walks the comma list; with v NULL only the syntax counts. */
static bool walk(struct str list, const struct version *v, bool semver)
{
    for (;;) {
        const char *comma = list.n ? memchr(list.p, ',', list.n) : NULL;
        struct str one = comma ? str_n(list.p, (size_t)(comma - list.p)) : list;
        struct version c;
        enum op op;
        if (!parse_one(one, semver, &op, &c) || (v && !check_one(v, &c, op, semver)))
            return false;
        if (!comma)
            return true;
        list = str_n(comma + 1, list.n - one.n - 1);
    }
}

bool version_matches(struct str version, struct str constraints, bool semver)
{
    struct version v;
    return version_parse(version, false, &v) && walk(constraints, &v, semver);
}

int version_constraints_check(struct str constraints, bool semver)
{
    return walk(constraints, NULL, semver) ? 0 : -EINVAL;
}
