// SPDX-License-Identifier: Apache-2.0
#include "http/uri.h"

#include <errno.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A plus is a blank in the query only. */
static int unescape(struct arena *a, struct str s, bool plus, const char **ret)
{
    char *out = arena_alloc(a, s.n + 1);
    size_t w = 0;
    if (!out)
        return -ENOMEM;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            out[w++] = plus && s.p[i] == '+' ? ' ' : s.p[i];
            continue;
        }
        int high = i + 2 < s.n ? hex(s.p[i + 1]) : -1, low = i + 2 < s.n ? hex(s.p[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return -EINVAL;
        out[w++] = (char)(high << 4 | low);
        i += 2;
    }
    *ret = out;
    return 0;
}

static int add_param(struct arena *a, struct str s, struct uri *u)
{
    const char *eq = s.n ? memchr(s.p, '=', s.n) : NULL;
    struct str key = {s.p, eq ? (size_t)(eq - s.p) : s.n};
    struct str value = eq ? str_n(eq + 1, s.n - key.n - 1) : str_n("", 0);
    struct uri_param *p = &u->params[u->n_params];
    int r = s.n ? unescape(a, key, true, &p->key) : -EINVAL;
    if (r == 0)
        r = unescape(a, value, true, &p->value);
    if (r == 0)
        u->n_params++;
    return r == -ENOMEM ? r : 0;
}

int uri_parse(struct arena *a, struct str raw, struct uri *ret)
{
    struct uri u = {0};
    const char *mark = raw.n ? memchr(raw.p, '?', raw.n) : NULL;
    struct str path = {raw.p, mark ? (size_t)(mark - raw.p) : raw.n};
    if (path.n == 0 || path.p[0] != '/')
        return -EINVAL;
    int r = unescape(a, path, false, &u.path);
    if (r < 0 || !mark) {
        if (r == 0)
            *ret = u;
        return r;
    }
    struct str rest = str_n(mark + 1, raw.n - path.n - 1);
    size_t n = 1;
    for (size_t i = 0; i < rest.n; i++)
        n += rest.p[i] == '&';
    if (!(u.params = arena_array(a, struct uri_param, n)))
        return -ENOMEM;
    while (rest.n) {
        const char *amp = memchr(rest.p, '&', rest.n);
        struct str one = {rest.p, amp ? (size_t)(amp - rest.p) : rest.n};
        if ((r = add_param(a, one, &u)) < 0)
            return r;
        size_t used = one.n + (amp ? 1 : 0);
        rest = str_n(rest.p + used, rest.n - used);
    }
    *ret = u;
    return 0;
}

const char *uri_param(const struct uri *u, const char *key)
{
    for (size_t i = 0; i < u->n_params; i++)
        if (streq(u->params[i].key, key))
            return u->params[i].value;
    return NULL;
}

int uri_bool(const char *z, bool *ret)
{
    static const char *const words[] = {"0", "f", "F", "FALSE", "false", "False",
                                        "1", "t", "T", "TRUE",  "true",  "True"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (streq(z, words[i])) {
            *ret = i >= 6;
            return 0;
        }
    return -EINVAL;
}
