// SPDX-License-Identifier: Apache-2.0
/* Type constraints of variables; private to src/hcl. */
#pragma once
#include "hcl/eval.h"

enum type_kind {
    TY_ANY,
    TY_STRING,
    TY_NUMBER,
    TY_BOOL,
    TY_LIST,
    TY_SET,
    TY_MAP,
    TY_OBJECT,
    TY_TUPLE,
};

struct hcl_type_field {
    struct str name;
    const struct hcl_type *type;
    bool optional;
    const struct hcl_expr *fallback; /* of optional(type, fallback); may be NULL */
};

struct hcl_type {
    enum type_kind kind;
    const struct hcl_type *elem;   /* list, set, map */
    struct hcl_type_field *fields; /* object; tuple (names empty) */
    size_t n_fields;
};

/* `string`, `list(string)`, `object({a = number, b = optional(string, "x")})`, ... */
int hcl_type_parse(struct arena *a, const struct hcl_expr *e, const struct hcl_type **ret,
                   struct err *err);
/* null converts to null of any type. The message names the place inside of the value. */
int hcl_type_convert(const struct site *s, const struct hcl_type *type, struct val v,
                     struct val *ret);
/* What a default without a type asks of other values: its primitive type, or any. */
const struct hcl_type *hcl_type_of_default(struct val v);
