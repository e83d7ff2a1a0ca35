// SPDX-License-Identifier: Apache-2.0
/* Nomad's msgpack on the RPC wire: the old specification on output (text and bytes are both "raw":
 * fixraw, raw16, raw32), old and new on input. A struct is a map keyed by Go's field names,
 * case-sensitive; unknown keys are skipped, missing ones keep their default. Times are the 15
 * bytes of Go's binary form, durations int64 nanoseconds, ids raw text. Every field is written,
 * empty lists and maps as nil, but for empty FF_OMIT and all FF_LOCAL ones. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "model/schema.h"

enum { MSGPACK_MAX_DEPTH = 64 };

/* NULL writes nil. Secrets are written: nodes identify themselves with them. */
void model_msgpack(const struct schema *s, const void *obj, struct buf *out);
/* Reads one value and leaves r behind it. nil gives an object of defaults. A wrong type is
 * -EINVAL with the path ("Node.Attributes: wants a map, found an integer"); broken or truncated
 * bytes and too deep nesting -EBADMSG; -ENOMEM. Texts are copied into the arena. */
int model_from_msgpack(const struct schema *s, struct arena *a, struct reader *r, void **ret,
                       struct err *err);

/* Finds the end of one value in bytes that arrive in pieces. Start zeroed and call again with the
 * longer buffer: it goes on where it stopped. 0 with the value's size, -EAGAIN (incomplete),
 * -EBADMSG. */
struct msgpack_scan {
    size_t pos;
    uint64_t open; /* values still to come, less one */
    bool started;
};
int msgpack_scan(struct msgpack_scan *s, const void *p, size_t n, size_t *ret_size);

/* Writing by hand. After map(n) come n keys with their values, after array(n) n values. */
void msgpack_nil(struct buf *b);
void msgpack_bool(struct buf *b, bool v);
void msgpack_int(struct buf *b, int64_t v);
void msgpack_uint(struct buf *b, uint64_t v);
void msgpack_num(struct buf *b, double v);
void msgpack_raw(struct buf *b, struct str s);
void msgpack_text(struct buf *b, const char *z);
void msgpack_time(struct buf *b, nsec_t t);
void msgpack_map(struct buf *b, size_t n);
void msgpack_array(struct buf *b, size_t n);
void msgpack_val(struct buf *b, struct val v);
/* Reading by hand: one value of any shape; ext values and keys that are no text are -EBADMSG. */
int msgpack_read_val(struct arena *a, struct reader *r, struct val *ret);
int msgpack_skip(struct reader *r);
