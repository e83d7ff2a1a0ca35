// SPDX-License-Identifier: Apache-2.0
/* How field tables are written. Define S as the struct, then list F(...) entries:
 * F(number, member, "GoName", "hcl_name" or NULL, FT_..., CHG_..., further designated initialisers)
 */
#pragma once
#include "model/schema.h"

#define F(NUM, MEMBER, NAME, HCL, TYPE, CHANGE, ...)                                               \
    {                                                                                              \
        .num = (NUM), .name = (NAME), .hcl = (HCL), .type = (TYPE), .change = (CHANGE),            \
        .offset = offsetof(S, MEMBER), .size = sizeof(((S *)0)->MEMBER), __VA_ARGS__               \
    }
#define SCHEMA(VAR, NAME, TABLE)                                                                   \
    const struct schema VAR = {                                                                    \
        .name = (NAME), .size = sizeof(S), .fields = (TABLE), .n_fields = ARRAY_LEN(TABLE)}
