// SPDX-License-Identifier: Apache-2.0
/* Field tables applied to HCL bodies. */
#pragma once
#include "jobspec/jobspec.h"

struct decode {
    struct arena *arena;
    struct hcl_ctx *ctx;
    struct err *err;
};

/* A block's labels and body into an object that already holds its defaults. */
int decode_block(struct decode *d, const struct schema *s, const struct hcl_block *b, void *obj);
int decode_body(struct decode *d, const struct schema *s, const struct hcl_body *body, void *obj);
/* One attribute into one field. */
int decode_attr(struct decode *d, const struct field *f, const struct hcl_attr *attr, void *obj);

/* What the tables cannot say; each returns 1 = taken care of, 0 = decode by the table, <0 = error.
 */
int special_attr(struct decode *d, const struct schema *s, const struct hcl_attr *attr, void *obj);
int special_block(struct decode *d, const struct schema *s, const struct hcl_block *b, void *obj);
/* After a body was read. */
int special_done(struct decode *d, const struct schema *s, void *obj);
