// SPDX-License-Identifier: Apache-2.0
/* Path and query of a request, decoded as Go's net/url does. Pure. */
#pragma once
#include "base/arena.h"

struct uri_param {
    const char *key, *value;
};
struct uri {
    const char *path; /* %XX decoded, cut at '?' */
    struct uri_param *params;
    size_t n_params;
};

/* -EINVAL: bad %XX in the path, a NUL byte, or no leading '/'. Bad parameters are left out.
 * -ENOMEM. */
int uri_parse(struct arena *a, struct str raw, struct uri *ret);
/* The first of that name; NULL when there is none, "" for `?key` and `?key=`. */
const char *uri_param(const struct uri *u, const char *key);
static inline bool uri_has(const struct uri *u, const char *key)
{
    return uri_param(u, key) != NULL;
}
/* Go's strconv.ParseBool: 1 t T TRUE true True 0 f F FALSE false False. -EINVAL. */
int uri_bool(const char *z, bool *ret);
