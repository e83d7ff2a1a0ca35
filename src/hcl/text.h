// SPDX-License-Identifier: Apache-2.0
/* UTF-8 helpers; private to src/hcl. */
#pragma once
#include "base/buf.h"

/* Length of the well-formed sequence at p (at most n bytes left), 0 if ill-formed or n == 0. */
size_t utf8_len(const char *p, size_t n);
/* Offset of the first ill-formed byte, or s.n. */
size_t utf8_bad(struct str s);
/* Decodes the well-formed sequence at p. */
uint32_t utf8_get(const char *p);
/* Appends a code point; false for surrogates and beyond U+10FFFF. */
bool utf8_add(struct buf *b, uint32_t c);
/* Number of characters. */
size_t utf8_count(struct str s);
/* Byte offset of the k-th character, or s.n. */
size_t utf8_offset(struct str s, size_t k);
/* Appends s with ill-formed bytes replaced by '?'. */
void utf8_add_clean(struct buf *b, struct str s);

/* White space as Unicode has it, and texts without it at their ends. */
bool text_is_space(uint32_t c);
struct str text_trim_left(struct str s);
struct str text_trim_right(struct str s);
