// SPDX-License-Identifier: Apache-2.0
/* Any bytes as an allocation record, with and without a valid head: refused or decoded, no crash.
 */
#include "base/hash.h"
#include "client/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one(const void *p, size_t n)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct alloc_record *r;
    struct err err;
    cleanup_buf struct buf b = {0};
    if (records_decode(a, str_n(p, n), &r, &err) == 0)
        records_encode(r, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf b = {0};
    one(data, size);
    buf_addz(&b, "NMDALLOC");
    buf_add_be32(&b, RECORD_VERSION);
    buf_add_be32(&b, (uint32_t)size);
    buf_add_be32(&b, crc32c(0, data, size));
    buf_add(&b, data, size);
    one(b.p, b.n);
    return 0;
}
