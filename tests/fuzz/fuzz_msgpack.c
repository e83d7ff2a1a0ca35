// SPDX-License-Identifier: Apache-2.0
/* Any bytes as an allocation, a node and a free value: no crash, memory in proportion, and what
 * was read can be written and read again. */
#include "model/alloc.h"
#include "model/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one(const struct schema *s, const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *a = arena_new(0);
    cleanup_buf struct buf b = {0};
    struct err err;
    struct reader r = reader_of(data, size);
    void *obj, *again;
    if (model_from_msgpack(s, a, &r, &obj, &err) < 0)
        return;
    model_msgpack(s, obj, &b);
    r = reader_of(b.p, b.n);
    if (model_from_msgpack(s, a, &r, &again, &err) < 0 || reader_left(&r))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct reader r = reader_of(data, size);
    struct msgpack_scan scan = {0};
    struct val v;
    size_t n;
    one(&allocation_schema, data, size);
    one(&node_schema, data, size);
    if (msgpack_read_val(a, &r, &v) == 0 && msgpack_scan(&scan, data, size, &n) < 0)
        abort();
    return 0;
}
