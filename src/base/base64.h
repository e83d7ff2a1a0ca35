// SPDX-License-Identifier: Apache-2.0
/* Standard base64 (RFC 4648, "+/", padded), as JSON carries bytes. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

void base64_encode(struct buf *out, struct str bytes);
/* Padding is required; the URL alphabet ("-_") is accepted too. -EINVAL, -ENOMEM. */
int base64_decode(struct arena *a, struct str text, struct str *ret);
