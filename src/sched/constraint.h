// SPDX-License-Identifier: Apache-2.0
/* One constraint or affinity, compiled: left target, operator, right target. Targets are literals
 * or ${attr.x} ${meta.x} ${node.unique.id} ${node.unique.name} ${node.datacenter} ${node.class}
 * ${node.pool}; an unknown one is never found.
 *
 *   = == is, != not          text (a missing value is unlike any other)
 *   < <= > >=                as integers, else as numbers, else as text
 *   regexp                   pcre2 with match limits; `$` only at the very end
 *   version, semver          sched/version.h
 *   set_contains(_all), set_contains_any   comma lists, blanks trimmed
 *   is_set, is_not_set       the left target alone
 *   distinct_hosts, distinct_property      not decided here: always true */
#pragma once
#include "model/node.h"

enum constraint_op {
    COP_INVALID, /* unknown operator or broken regexp: never true */
    COP_EQ,
    COP_NE,
    COP_LT,
    COP_LE,
    COP_GT,
    COP_GE,
    COP_REGEXP,
    COP_VERSION,
    COP_SEMVER,
    COP_SET_ALL,
    COP_SET_ANY,
    COP_IS_SET,
    COP_IS_NOT_SET,
    COP_DISTINCT_HOSTS,
    COP_DISTINCT_PROPERTY,
};

struct target {
    enum {
        TGT_LITERAL,
        TGT_ATTR,
        TGT_META,
        TGT_ID,
        TGT_NAME,
        TGT_DC,
        TGT_CLASS,
        TGT_POOL,
        TGT_UNKNOWN
    } kind;
    const char *text; /* literal, or the attribute's or meta key's name */
};

struct compiled {
    struct target l, r;
    enum constraint_op op;
    bool escapes;     /* names something unique to a node: the computed class cannot decide it */
    const char *text; /* "${attr.kernel.name} = linux", as metrics show it */
    void *re;         /* pcre2_code when the right side is a literal regexp */
};

/* Texts live in `a`; the regexp needs constraint_clear(). -ENOMEM. */
int constraint_compile(struct arena *a, const char *ltarget, const char *operand,
                       const char *rtarget, struct compiled *ret);
void constraint_clear(struct compiled *c);
bool constraint_check(const struct compiled *c, const struct node *n);

/* The target's value on a node; NULL when the node has none. */
int target_parse(struct arena *a, const char *text, struct target *ret);
const char *target_value(const struct target *t, const struct node *n, struct uuid_text *scratch);

/* Datacenter patterns: `*` any run, `?` one character. */
bool glob_matches(const char *pattern, const char *text);
