// SPDX-License-Identifier: Apache-2.0
/* Small readers shared by the fingerprinters. */
#pragma once
#include "base/buf.h"
#include "fingerprint/fingerprint.h"

/* A whole file below in->root, at most 1 MiB, as text in the arena. -errno. */
int fp_read(const struct fingerprint_input *in, struct arena *a, const char *path,
            const char **ret);
/* First number of a file. -errno, -EINVAL. */
int fp_read_int(const struct fingerprint_input *in, struct arena *a, const char *path,
                int64_t *ret);
/* The value behind "key<spaces>:<spaces>" or "key=" at the start of a line, without quotes; NULL.
 */
const char *fp_value(struct arena *a, const char *text, const char *key, char separator);
/* attributes[key] = formatted text. -ENOMEM. */
int fp_set(struct arena *a, struct node *n, const char *key, const char *fmt, ...)
    printf_like(4, 5);
