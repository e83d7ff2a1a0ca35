// SPDX-License-Identifier: Apache-2.0
/* The first byte of a msgpack value and the number behind it: shared by reader and scanner. */
#pragma once
#include "model/msgpack.h"

enum mp_kind { MP_NIL, MP_BOOL, MP_INT, MP_UINT, MP_NUM, MP_RAW, MP_ARRAY, MP_MAP, MP_EXT };

struct mp_head {
    enum mp_kind kind;
    uint64_t n; /* MP_UINT, MP_BOOL: value; MP_RAW, MP_EXT: bytes that follow; lists: items */
    int64_t i;  /* MP_INT, negative or positive */
    double d;
};

/* -EAGAIN when r ends inside the head (r is then as before), -EBADMSG for an unused first byte. */
int mp_head(struct reader *r, struct mp_head *ret);
