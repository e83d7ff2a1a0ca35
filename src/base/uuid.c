// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <errno.h>
#include <sys/random.h>

static int hexval(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int uuid_parse(struct str s, struct uuid *ret)
{
    struct uuid u = {0};
    if (s.n == 0) {
        *ret = u;
        return 0;
    }
    if (s.n != UUID_TEXT_LEN)
        return -EINVAL;
    size_t nibble = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s.p[i] != '-')
                return -EINVAL;
            continue;
        }
        int v = hexval(s.p[i]);
        if (v < 0)
            return -EINVAL;
        u.b[nibble / 2] |= (uint8_t)(nibble % 2 ? v : v << 4);
        nibble++;
    }
    *ret = u;
    return 0;
}

struct uuid_text uuid_text(const struct uuid *u)
{
    static const char hex[] = "0123456789abcdef";
    struct uuid_text t = {{0}};
    if (uuid_is_zero(u))
        return t;
    char *o = t.z;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *o++ = '-';
        *o++ = hex[u->b[i] >> 4];
        *o++ = hex[u->b[i] & 15];
    }
    return t;
}

void uuid_random(struct uuid *ret)
{
    static _Thread_local uint8_t pool[4096];
    static _Thread_local size_t left;
    do {
        if (left < sizeof(*ret)) {
            size_t got = 0;
            while (got < sizeof(pool)) {
                ssize_t n = getrandom(pool + got, sizeof(pool) - got, 0);
                if (n < 0 && errno != EINTR)
                    abort(); /* getrandom(0) cannot fail otherwise on a kernel we support */
                got += n > 0 ? (size_t)n : 0;
            }
            left = sizeof(pool);
        }
        left -= sizeof(*ret);
        memcpy(ret, pool + left, sizeof(*ret));
    } while (uuid_is_zero(ret));
}

static uint64_t splitmix(uint64_t *s)
{
    uint64_t z = (*s += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void uuid_from_seed(uint64_t seed[2], struct uuid *ret)
{
    uint64_t a = splitmix(&seed[0]), b = splitmix(&seed[1]) ^ a;
    memcpy(ret->b, &a, 8);
    memcpy(ret->b + 8, &b, 8);
}
