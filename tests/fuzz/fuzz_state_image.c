// SPDX-License-Identifier: Apache-2.0
/* A state snapshot from anywhere, in two pieces: refused with a text, or a state that can be
 * walked, written and read again to the same hash. */
#include <assert.h>
#include <stdint.h>

#include "state/image.h"
#include "state/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sink(void *arg, const void *p, size_t n)
{
    buf_add(arg, p, n);
    return 0;
}

static struct state *read_state(const void *data, size_t size, size_t cut)
{
    struct err err = {{0}};
    struct state_reader *r = state_reader_new();
    struct state *st = NULL;
    int q = state_reader_feed(r, data, cut, &err);
    if (q == 0)
        q = state_reader_feed(r, (const char *)data + cut, size - cut, &err);
    if (q == 0)
        q = state_reader_finish(r, &err);
    assert((q < 0) == (err.text[0] != '\0'));
    if (q == 0) {
        st = state_new();
        state_install(st, r);
    }
    state_reader_free(r);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state *st = read_state(data, size, size / 3);
    if (!st)
        return 0;
    cleanup_buf struct buf b = {0};
    struct snap *v = state_pin(st);
    uint64_t hash = state_hash(v);
    assert(state_write(v, sink, &b) == 0);
    state_unpin(v);
    state_free(st);
    st = read_state(b.p, b.n, b.n);
    assert(st);
    v = state_pin(st);
    assert(state_hash(v) == hash);
    state_unpin(v);
    state_free(st);
    return 0;
}
