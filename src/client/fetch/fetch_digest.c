// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>

#include "client/fetch/fetch.h"

struct fetch_digest {
    EVP_MD_CTX *ctx;
    char type[16];
};

int fetch_digest_new(const char *type, struct fetch_digest **ret, struct err *err)
{
    const EVP_MD *md = EVP_get_digestbyname(type);
    struct fetch_digest *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->ctx = EVP_MD_CTX_new();
    snprintf(d->type, sizeof(d->type), "%s", type);
    if (!md || !d->ctx || EVP_DigestInit_ex(d->ctx, md, NULL) != 1) {
        fetch_digest_free(d);
        return err_set(err, -EOPNOTSUPP, "digest \"%s\" is not available on this node", type);
    }
    *ret = d;
    return 0;
}

void fetch_digest_add(struct fetch_digest *d, const void *p, size_t n)
{
    if (EVP_DigestUpdate(d->ctx, p, n) != 1)
        d->type[0] = 0; /* no digest will match */
}

void fetch_digest_free(struct fetch_digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

int fetch_digest_check(struct fetch_digest *d, const char *want, struct err *err)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned n = 0;
    bool ok = d->type[0] && EVP_DigestFinal_ex(d->ctx, sum, &n) == 1;
    for (unsigned i = 0; ok && i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    int r = ok && strcasecmp(hex, want) == 0
                ? 0
                : err_set(err, -EBADMSG, "checksums did not match for %s: expected %s, got %s",
                          d->type, want, hex);
    fetch_digest_free(d);
    return r;
}
