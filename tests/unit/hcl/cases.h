// SPDX-License-Identifier: Apache-2.0
/* Helpers of the HCL tests: texts in, JSON or an error text out. */
#pragma once
#include "hcl/fn.h"
#include "tests/unit/cmocka_all.h"

struct hcl_case {
    const char *text; /* an expression, or a file where the function says so */
    const char *want; /* JSON; or with '!' in front, a part of the error text */
};

struct run {
    struct arena *a;
    struct hcl_body *body;
    struct hcl_ctx *c;
    struct err err;
    int r;
    char *json; /* owned */
};

void run_free(struct run *run);
#define cleanup_run __attribute__((cleanup(run_free)))

/* Parses, loads variables and checks locals. */
struct run run_load(const char *text, const struct hcl_options *opts);
/* run_load(), then the whole root body but its variables as JSON (hcl_body_value()). */
struct run run_file(const char *text, const struct hcl_options *opts);
/* The value of attribute `x`. */
struct run run_attr_x(const char *text, const struct hcl_options *opts);
void check_run(const struct run *run, const struct hcl_case *want);

/* Every case as `x = <text>`. */
void check_exprs(const struct hcl_case *cases, size_t n, const struct hcl_options *opts);
/* Every case as a file that sets x. */
void check_files(const struct hcl_case *cases, size_t n, const struct hcl_options *opts);
#define CHECK_EXPRS(cases) check_exprs((cases), ARRAY_LEN(cases), NULL)
#define CHECK_FILES(cases) check_files((cases), ARRAY_LEN(cases), NULL)
