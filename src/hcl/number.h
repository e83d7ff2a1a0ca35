// SPDX-License-Identifier: Apache-2.0
/* Numbers as text; private to src/hcl. */
#pragma once
#include "base/buf.h"
#include "base/value.h"

/* Decimal with optional sign, fraction and exponent, the whole of s; finite. */
bool number_parse(struct str s, struct val *ret);
/* Plain decimal notation, never an exponent, as few digits as read back the same. */
void number_add(struct buf *b, struct val v);
/* True for a whole number within int64. */
bool number_whole(struct val v, int64_t *ret);
