// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "sched/constraint.h"
#include "sched/version.h"

#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT_KIB 1024

static const struct {
    const char *text;
    enum constraint_op op;
} operators[] = {
    {"", COP_EQ},
    {"=", COP_EQ},
    {"==", COP_EQ},
    {"is", COP_EQ},
    {"!=", COP_NE},
    {"not", COP_NE},
    {"<", COP_LT},
    {"<=", COP_LE},
    {">", COP_GT},
    {">=", COP_GE},
    {"regexp", COP_REGEXP},
    {"version", COP_VERSION},
    {"semver", COP_SEMVER},
    {"set_contains", COP_SET_ALL},
    {"set_contains_all", COP_SET_ALL},
    {"set_contains_any", COP_SET_ANY},
    {"is_set", COP_IS_SET},
    {"is_not_set", COP_IS_NOT_SET},
    {"distinct_hosts", COP_DISTINCT_HOSTS},
    {"distinct_property", COP_DISTINCT_PROPERTY},
};

static const struct {
    const char *text;
    int kind;
} node_targets[] = {
    {"${node.unique.id}", TGT_ID},  {"${node.unique.name}", TGT_NAME},
    {"${node.datacenter}", TGT_DC}, {"${node.class}", TGT_CLASS},
    {"${node.pool}", TGT_POOL},
};

static int key_target(struct arena *a, const char *rest, int kind, struct target *ret)
{
    size_t n = strlen(rest);
    if (n && rest[n - 1] == '}')
        n--;
    *ret = (struct target){.kind = kind, .text = arena_strndup(a, rest, n)};
    return ret->text ? 0 : -ENOMEM;
}

int target_parse(struct arena *a, const char *text, struct target *ret)
{
    text = nonull(text);
    *ret = (struct target){.kind = TGT_UNKNOWN, .text = text};
    if (!has_prefix(text, "${"))
        ret->kind = TGT_LITERAL;
    if (has_prefix(text, "${attr."))
        return key_target(a, text + strlen("${attr."), TGT_ATTR, ret);
    if (has_prefix(text, "${meta."))
        return key_target(a, text + strlen("${meta."), TGT_META, ret);
    for (size_t i = 0; i < ARRAY_LEN(node_targets); i++)
        if (streq(node_targets[i].text, text))
            ret->kind = node_targets[i].kind;
    return 0;
}

const char *target_value(const struct target *t, const struct node *n, struct uuid_text *scratch)
{
    switch (t->kind) {
    case TGT_LITERAL:
        return t->text;
    case TGT_ATTR:
        return smap_get(&n->attributes, t->text);
    case TGT_META:
        return smap_get(&n->meta, t->text);
    case TGT_ID:
        *scratch = uuid_text(&n->id);
        return scratch->z;
    case TGT_NAME:
        return nonull(n->name);
    case TGT_DC:
        return nonull(n->datacenter);
    case TGT_CLASS:
        return nonull(n->node_class);
    case TGT_POOL:
        return nonull(n->node_pool);
    case TGT_UNKNOWN:
        break;
    }
    return NULL;
}

static bool target_escapes(const struct target *t)
{
    return t->kind == TGT_ID || t->kind == TGT_NAME ||
           ((t->kind == TGT_ATTR || t->kind == TGT_META) && has_prefix(t->text, "unique."));
}

static pcre2_code *compile_regexp(const char *text)
{
    int code;
    PCRE2_SIZE at;
    return pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
                             PCRE2_DOLLAR_ENDONLY,
                         &code, &at, NULL);
}

static bool regexp_matches(const pcre2_code *re, const char *subject)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    int rc = -1;
    if (data && limits) {
        pcre2_set_match_limit(limits, MATCH_LIMIT);
        pcre2_set_depth_limit(limits, DEPTH_LIMIT);
        pcre2_set_heap_limit(limits, HEAP_LIMIT_KIB);
        rc = pcre2_match(re, (PCRE2_SPTR)subject, strlen(subject), 0, 0, data, limits);
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    return rc >= 0;
}

int constraint_compile(struct arena *a, const char *ltarget, const char *operand,
                       const char *rtarget, struct compiled *ret)
{
    struct compiled c = {.op = COP_INVALID};
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (streq(operators[i].text, operand))
            c.op = operators[i].op;
    c.text = arena_printf(a, "%s %s %s", nonull(ltarget), nonull(operand), nonull(rtarget));
    if (!c.text || target_parse(a, ltarget, &c.l) < 0 || target_parse(a, rtarget, &c.r) < 0)
        return -ENOMEM;
    c.escapes = target_escapes(&c.l) || target_escapes(&c.r);
    if (c.op == COP_REGEXP && c.r.kind == TGT_LITERAL) {
        c.re = compile_regexp(c.r.text);
        if (!c.re)
            c.op = COP_INVALID;
    }
    *ret = c;
    return 0;
}

void constraint_clear(struct compiled *c)
{
    if (c && c->re)
        pcre2_code_free(c->re);
    if (c)
        c->re = NULL;
}

static bool check_regexp(const struct compiled *c, const char *l, const char *r)
{
    if (c->re)
        return regexp_matches(c->re, l);
    pcre2_code *re = compile_regexp(r);
    bool yes = re && regexp_matches(re, l);
    pcre2_code_free(re);
    return yes;
}

static int order(const char *l, const char *r)
{
    int64_t il, ir;
    double dl, dr;
    if (parse_i64(str_of(l), &il) == 0 && parse_i64(str_of(r), &ir) == 0)
        return il < ir ? -1 : il > ir;
    if (parse_double(str_of(l), &dl) == 0 && parse_double(str_of(r), &dr) == 0)
        return dl < dr ? -1 : dl > dr;
    return strcmp(l, r);
}

static struct str trim(struct str s)
{
    while (s.n && strchr(" \t\n\r\v\f", s.p[0]))
        s = str_n(s.p + 1, s.n - 1);
    while (s.n && strchr(" \t\n\r\v\f", s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The next element of a comma list; false after the last. "" has one element, "". */
static bool next_element(const char **at, struct str *ret)
{
    if (!*at)
        return false;
    const char *comma = strchr(*at, ',');
    *ret = trim(comma ? str_n(*at, (size_t)(comma - *at)) : str_of(*at));
    *at = comma ? comma + 1 : NULL;
    return true;
}

static bool set_has(const char *set, struct str wanted)
{
    struct str s;
    while (next_element(&set, &s))
        if (str_eq(s, wanted))
            return true;
    return false;
}

static bool set_contains(const char *set, const char *wanted, bool all)
{
    struct str s;
    while (next_element(&wanted, &s))
        if (set_has(set, s) != all)
            return !all;
    return all;
}

bool constraint_check(const struct compiled *c, const struct node *n)
{
    struct uuid_text lid, rid;
    const char *l = target_value(&c->l, n, &lid), *r = target_value(&c->r, n, &rid);
    switch (c->op) {
    case COP_DISTINCT_HOSTS:
    case COP_DISTINCT_PROPERTY:
        return true;
    case COP_INVALID:
        return false;
    case COP_IS_SET:
        return l;
    case COP_IS_NOT_SET:
        return !l;
    case COP_NE:
        return !l || !r ? l != r : strcmp(l, r) != 0;
    default:
        break;
    }
    if (!l || !r)
        return false;
    switch (c->op) {
    case COP_EQ:
        return strcmp(l, r) == 0;
    case COP_LT:
        return order(l, r) < 0;
    case COP_LE:
        return order(l, r) <= 0;
    case COP_GT:
        return order(l, r) > 0;
    case COP_GE:
        return order(l, r) >= 0;
    case COP_REGEXP:
        return check_regexp(c, l, r);
    case COP_VERSION:
    case COP_SEMVER:
        return version_matches(str_of(l), str_of(r), c->op == COP_SEMVER);
    case COP_SET_ALL:
    case COP_SET_ANY:
        return set_contains(l, r, c->op == COP_SET_ALL);
    default:
        return false;
    }
}

bool glob_matches(const char *pattern, const char *text)
{
    const char *p = nonull(pattern), *t = nonull(text), *star = NULL, *resume = NULL;
    while (*t) {
        if (*p == '*') {
            star = p++;
            resume = t;
        } else if (*p == *t || *p == '?') {
            p++;
            t++;
        } else if (star) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return !*p;
}
