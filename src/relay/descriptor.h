// SPDX-License-Identifier: Apache-2.0
/* The .stream file of one stream: lines "key=value" (systemd/relay_format.h). Pure. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct descriptor {
    char dir[4096]; /* absolute */
    char prefix[256];
    unsigned max_files;
    uint64_t max_file_size;
};

/* -EINVAL with a text for anything that is not complete and in range. Unknown keys are ignored. */
int descriptor_parse(struct str text, struct descriptor *ret, struct err *err);
int descriptor_check(const struct descriptor *d, struct err *err);
void descriptor_print(const struct descriptor *d, struct buf *b);
/* "web.stdout.12" with prefix "web.stdout" -> 12; -EINVAL for any other name. */
int descriptor_file_number(const char *prefix, const char *name, unsigned *ret);
