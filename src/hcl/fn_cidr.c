// SPDX-License-Identifier: Apache-2.0
/* Address arithmetic on 16 bytes; an IPv4 address uses the first four. */
#include <arpa/inet.h>
#include <stdio.h>

#include "hcl/fn.h"

struct prefix {
    uint8_t b[16];
    int family;
    unsigned total, bits; /* 32 or 128; length of the prefix */
};

static void mask(struct prefix *p)
{
    for (unsigned i = p->bits; i < p->total; i++)
        p->b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
}

static int read_prefix(const struct call *c, struct prefix *p)
{
    char z[64];
    uint64_t bits;
    struct str s;
    int r = fn_text(c, 0, &s);
    if (r < 0)
        return r;
    const char *slash = memchr(s.p, '/', s.n);
    size_t n = slash ? (size_t)(slash - s.p) : 0;
    memset(p, 0, sizeof(*p));
    if (!slash || n >= sizeof(z))
        return fn_fail(c, 0, "\"%.*s\" is not an address prefix like 10.0.0.0/8",
                       (int)MIN(s.n, 64u), s.p);
    memcpy(z, s.p, n);
    z[n] = '\0';
    p->family = strchr(z, ':') ? AF_INET6 : AF_INET;
    p->total = p->family == AF_INET6 ? 128 : 32;
    if (inet_pton(p->family, z, p->b) != 1 || parse_u64(str_n(slash + 1, s.n - n - 1), &bits) < 0 ||
        bits > p->total)
        return fn_fail(c, 0, "\"%.*s\" is not an address prefix like 10.0.0.0/8",
                       (int)MIN(s.n, 64u), s.p);
    p->bits = (unsigned)bits;
    mask(p);
    return 0;
}

/* Adds v, shifted left by `shift` bits, to the address. */
static void add(struct prefix *p, uint64_t v, unsigned shift)
{
    unsigned carry = 0;
    for (unsigned bit = shift; bit < p->total; bit++) {
        unsigned at = p->total - 1 - bit, k = bit - shift;
        unsigned x = (p->b[at / 8] >> (7 - at % 8) & 1u) + carry + (k < 64 ? v >> k & 1u : 0u);
        p->b[at / 8] = (uint8_t)((p->b[at / 8] & ~(0x80u >> at % 8)) | (x & 1u) << (7 - at % 8));
        carry = x >> 1;
    }
}

static int prefix_value(const struct call *c, const struct prefix *p, bool with_bits,
                        struct val *ret)
{
    char z[INET6_ADDRSTRLEN], out[INET6_ADDRSTRLEN + 8];
    inet_ntop(p->family, p->b, z, sizeof(z));
    snprintf(out, sizeof(out), with_bits ? "%s/%u" : "%s", z, p->bits);
    return site_str(&c->s, str_of(out), ret);
}

static int fn_cidrhost(const struct call *c, struct val *ret)
{
    struct prefix p;
    int64_t host;
    int r = read_prefix(c, &p);
    if (r == 0)
        r = fn_int(c, 1, &host);
    if (r < 0)
        return r;
    unsigned room = p.total - p.bits;
    uint64_t size = host < 0 ? (uint64_t)0 - (uint64_t)host : (uint64_t)host;
    uint64_t last = room >= 64 ? UINT64_MAX : (UINT64_C(1) << room) - 1;
    if (host < 0 ? size - 1 > last : size > last)
        return fn_fail(c, 1, "a prefix of %u bits has no host number %lld", p.bits,
                       (long long)host);
    if (host < 0) {
        /* Counted from the end: all host bits set, then size - 1 less. */
        for (unsigned i = p.bits; i < p.total; i++)
            p.b[i / 8] |= (uint8_t)(0x80u >> i % 8);
        for (unsigned k = 0; k < 64 && k < room; k++)
            if ((size - 1) >> k & 1)
                p.b[(p.total - 1 - k) / 8] &= (uint8_t) ~(0x80u >> (p.total - 1 - k) % 8);
    } else {
        add(&p, (uint64_t)host, 0);
    }
    return prefix_value(c, &p, false, ret);
}

static int fn_cidrnetmask(const struct call *c, struct val *ret)
{
    struct prefix p;
    int r = read_prefix(c, &p);
    if (r < 0)
        return r;
    if (p.family != AF_INET)
        return fn_fail(c, 0, "only IPv4 has netmasks in this form");
    memset(p.b, 0xff, 4);
    mask(&p);
    return prefix_value(c, &p, false, ret);
}

static int grow(const struct call *c, size_t i, struct prefix *p)
{
    int64_t more;
    int r = fn_int(c, i, &more);
    if (r < 0)
        return r;
    if (more < 1 || more > 32 || p->bits + (unsigned)more > p->total)
        return fn_fail(c, (int)i, "a prefix of %u bits cannot be extended by %lld", p->bits,
                       (long long)more);
    p->bits += (unsigned)more;
    return 0;
}

static int fn_cidrsubnet(const struct call *c, struct val *ret)
{
    struct prefix p;
    int64_t number;
    int r = read_prefix(c, &p);
    unsigned before = r == 0 ? p.bits : 0;
    if (r == 0)
        r = grow(c, 1, &p);
    if (r == 0)
        r = fn_int(c, 2, &number);
    if (r < 0)
        return r;
    if (number < 0 || (uint64_t)number >> (p.bits - before))
        return fn_fail(c, 2, "%u more bits have no subnet number %lld", p.bits - before,
                       (long long)number);
    add(&p, (uint64_t)number, p.total - p.bits);
    return prefix_value(c, &p, true, ret);
}

static bool same_prefix(const struct prefix *a, struct prefix b)
{
    b.bits = a->bits;
    mask(&b);
    return memcmp(a->b, b.b, sizeof(b.b)) == 0;
}

/* The subnets follow each other, each at the next address that suits its size. */
static int fn_cidrsubnets(const struct call *c, struct val *ret)
{
    VEC(struct val) l = {0};
    struct prefix base, at;
    int r = read_prefix(c, &base);
    at = base;
    for (size_t i = 1; r == 0 && i < c->n; i++) {
        struct prefix p = base;
        struct val v;
        r = grow(c, i, &p);
        if (r < 0)
            break;
        memcpy(p.b, at.b, sizeof(p.b));
        mask(&p);
        if (memcmp(p.b, at.b, sizeof(p.b)) != 0)
            add(&p, 1, p.total - p.bits);
        bool wrapped = i > 1 && memcmp(p.b, at.b, sizeof(p.b)) < 0;
        bool full = i > 1 && memcmp(at.b, base.b, sizeof(p.b)) <= 0;
        if (wrapped || full || !same_prefix(&base, p))
            r = fn_fail(c, (int)i, "there is no room left for a subnet of %u bits", p.bits);
        if (r == 0)
            r = prefix_value(c, &p, true, &v);
        if (r == 0 && vec_push(&l, v) < 0)
            r = err_set(c->s.err, -ENOMEM, "out of memory");
        at = p;
        add(&at, 1, p.total - p.bits);
    }
    if (r == 0)
        r = site_list(&c->s, l.items, l.n, ret);
    vec_free(&l);
    return r;
}

const struct fn fn_cidr[] = {
    {"cidrhost", 2, 2, fn_cidrhost},
    {"cidrnetmask", 1, 1, fn_cidrnetmask},
    {"cidrsubnet", 3, 3, fn_cidrsubnet},
    {"cidrsubnets", 1, FN_ANY, fn_cidrsubnets},
    {0},
};
