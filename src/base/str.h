// SPDX-License-Identifier: Apache-2.0
/* Borrowed byte strings. A `struct str` never owns its bytes and need not end in NUL. */
#pragma once
#include <string.h>

#include "base/macros.h"

struct str {
    const char *p;
    size_t n;
};

#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_of(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}
static inline struct str str_n(const char *p, size_t n)
{
    return (struct str){p, n};
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_eqz(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}
/* NULL and "" are the same text everywhere in this program. */
static inline const char *nonull(const char *z)
{
    return z ? z : "";
}
static inline bool isempty(const char *z)
{
    return !z || !*z;
}
static inline bool streq(const char *a, const char *b)
{
    return strcmp(nonull(a), nonull(b)) == 0;
}
bool str_has_prefix(struct str s, const char *prefix);
bool str_has_suffix(struct str s, const char *suffix);
static inline bool has_prefix(const char *z, const char *prefix)
{
    return strncmp(nonull(z), prefix, strlen(prefix)) == 0;
}
bool has_suffix(const char *z, const char *suffix);
int str_cmp(struct str a, struct str b);

/* Whole-string number parsing: -EINVAL on any other character or on overflow (-ERANGE). */
int parse_i64(struct str s, int64_t *ret);
int parse_u64(struct str s, uint64_t *ret);
int parse_double(struct str s, double *ret);

/* Levenshtein distance, capped at `limit` (returns limit + 1 beyond it). */
size_t edit_distance(struct str a, struct str b, size_t limit);
/* The known name nearest to `word` (case folded, distance at most a third of its
 * length, two for short words), or NULL. */
const char *nearest_name(struct str word, const char *const *names, size_t n_names);
