// SPDX-License-Identifier: Apache-2.0
/* Standard base64 with padding; private to src/hcl. */
#pragma once
#include "base/buf.h"

void base64_add(struct buf *b, struct str s);
/* False on any other character or wrong padding; line breaks are skipped, as in Go. */
bool base64_read(struct buf *b, struct str s);
