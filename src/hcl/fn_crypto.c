// SPDX-License-Identifier: Apache-2.0
/* Digests and UUIDs. */
#include <openssl/evp.h>

#include "base/uuid.h"
#include "hcl/fn.h"

static int digest(const struct call *c, const EVP_MD *md, struct str a, struct str b,
                  unsigned char out[EVP_MAX_MD_SIZE], unsigned *ret_n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) && EVP_DigestUpdate(ctx, a.p, a.n) &&
              EVP_DigestUpdate(ctx, b.p, b.n) && EVP_DigestFinal_ex(ctx, out, ret_n);
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return fn_fail(c, FN_CALL, "the digest is not available on this machine");
    return fn_work(c, (a.n + b.n) / 64);
}

static int hex_digest(const struct call *c, const EVP_MD *md, struct val *ret)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    cleanup_buf struct buf b = {0};
    unsigned n;
    struct str s;
    int r = fn_text(c, 0, &s);
    if (r == 0)
        r = digest(c, md, s, str_of(""), out, &n);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%02x", out[i]);
    return site_buf(&c->s, &b, ret);
}

static int fn_md5(const struct call *c, struct val *ret)
{
    return hex_digest(c, EVP_md5(), ret);
}

static int fn_sha1(const struct call *c, struct val *ret)
{
    return hex_digest(c, EVP_sha1(), ret);
}

static int fn_sha256(const struct call *c, struct val *ret)
{
    return hex_digest(c, EVP_sha256(), ret);
}

static int fn_sha512(const struct call *c, struct val *ret)
{
    return hex_digest(c, EVP_sha512(), ret);
}

/* Sets the version and variant of RFC 4122. */
static int uuid_value(const struct call *c, struct uuid u, int version, struct val *ret)
{
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | version << 4);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    return site_str(&c->s, str_of(UUID_Z(&u)), ret);
}

static int fn_uuidv4(const struct call *c, struct val *ret)
{
    struct uuid u;
    uuid_random(&u);
    return uuid_value(c, u, 4, ret);
}

static bool namespace_of(struct str s, struct uuid *ret)
{
    static const struct {
        const char *name, *uuid;
    } known[] = {
        {"dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
        {"url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"},
        {"oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"},
        {"x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eqz(s, known[i].name))
            s = str_of(known[i].uuid);
    return s.n == UUID_TEXT_LEN && uuid_parse(s, ret) == 0;
}

static int fn_uuidv5(const struct call *c, struct val *ret)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    struct str space, name;
    struct uuid u;
    unsigned n;
    int r = fn_text(c, 0, &space);
    if (r == 0)
        r = fn_text(c, 1, &name);
    if (r < 0)
        return r;
    if (!namespace_of(space, &u))
        return fn_fail(c, 0, "the namespace must be dns, url, oid, x500 or a UUID");
    r = digest(c, EVP_sha1(), str_n((const char *)u.b, sizeof(u.b)), name, out, &n);
    if (r < 0)
        return r;
    memcpy(u.b, out, sizeof(u.b));
    return uuid_value(c, u, 5, ret);
}

const struct fn fn_crypto[] = {
    {"md5", 1, 1, fn_md5},
    {"sha1", 1, 1, fn_sha1},
    {"sha256", 1, 1, fn_sha256},
    {"sha512", 1, 1, fn_sha512},
    {"uuidv4", 0, 0, fn_uuidv4},
    {"uuidv5", 2, 2, fn_uuidv5},
    {0},
};
