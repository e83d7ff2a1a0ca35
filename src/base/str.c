// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

bool str_has_prefix(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool str_has_suffix(struct str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

bool has_suffix(const char *z, const char *suffix)
{
    return str_has_suffix(str_of(nonull(z)), suffix);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = MIN(a.n, b.n);
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

/* Number text as a NUL-terminated copy; numbers longer than this are not numbers. */
struct numtext {
    char z[64];
};

static int numtext_of(struct str s, struct numtext *ret)
{
    if (s.n == 0 || s.n >= sizeof(ret->z) || isspace((unsigned char)s.p[0]))
        return -EINVAL;
    memcpy(ret->z, s.p, s.n);
    ret->z[s.n] = '\0';
    return 0;
}

int parse_i64(struct str s, int64_t *ret)
{
    struct numtext t;
    char *end;
    int r = numtext_of(s, &t);
    if (r < 0)
        return r;
    errno = 0;
    long long v = strtoll(t.z, &end, 10);
    if (end == t.z || *end)
        return -EINVAL;
    if (errno)
        return -errno;
    *ret = v;
    return 0;
}

int parse_u64(struct str s, uint64_t *ret)
{
    struct numtext t;
    char *end;
    int r = numtext_of(s, &t);
    if (r < 0)
        return r;
    if (t.z[0] == '-')
        return -EINVAL;
    errno = 0;
    unsigned long long v = strtoull(t.z, &end, 10);
    if (end == t.z || *end)
        return -EINVAL;
    if (errno)
        return -errno;
    *ret = v;
    return 0;
}

int parse_double(struct str s, double *ret)
{
    struct numtext t;
    char *end;
    int r = numtext_of(s, &t);
    if (r < 0)
        return r;
    errno = 0;
    double v = strtod(t.z, &end);
    if (end == t.z || *end)
        return -EINVAL;
    if (errno == ERANGE && (v > 1 || v < -1))
        return -ERANGE;
    *ret = v;
    return 0;
}

size_t edit_distance(struct str a, struct str b, size_t limit)
{
    enum { MAXLEN = 128 };
    size_t row[MAXLEN + 1];
    if (a.n > MAXLEN || b.n > MAXLEN)
        return limit + 1;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diag = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            bool same = tolower((unsigned char)a.p[i - 1]) == tolower((unsigned char)b.p[j - 1]);
            size_t best = MIN(MIN(row[j], row[j - 1]) + 1, diag + !same);
            diag = row[j];
            row[j] = best;
        }
    }
    return MIN(row[b.n], limit + 1);
}

const char *nearest_name(struct str word, const char *const *names, size_t n_names)
{
    size_t limit = word.n <= 3 ? 1 : MAX(word.n / 3, (size_t)2), best = limit + 1;
    const char *found = NULL;
    for (size_t i = 0; i < n_names; i++) {
        size_t d = edit_distance(word, str_of(names[i]), limit);
        if (d < best)
            best = d, found = names[i];
    }
    return found;
}
