// SPDX-License-Identifier: Apache-2.0
/* How functions are written; private to src/hcl. A function gets evaluated arguments in the number
 * its table row allows, charges what it does beyond copying its arguments, and reports through
 * fn_fail(). Rows of all tables are collected in call.c. Names and behaviour follow Nomad's
 * documentation of its HCL2 functions. */
#pragma once
#include "hcl/eval.h"

struct call {
    struct site s; /* range: the whole call */
    const char *name;
    const struct val *args;
    size_t n;
    const struct hcl_expr *e;
};

enum { FN_ANY = 255 };

struct fn {
    const char *name;
    unsigned char min, max; /* arguments; max FN_ANY: unlimited */
    int (*run)(const struct call *c, struct val *ret);
};

extern const struct fn fn_number[], fn_string[], fn_format[], fn_collection[], fn_set[],
    fn_encode[], fn_crypto[], fn_cidr[], fn_date[], fn_file[], fn_regex[]; /* end: name NULL */

/* "name(): ..." at argument i, or at the call for FN_CALL. */
enum { FN_CALL = -1 };
int fn_fail(const struct call *c, int i, const char *fmt, ...) printf_like(3, 4);
/* Argument i converted, or an error that says what was expected. None of them may be null. */
int fn_text(const struct call *c, size_t i, struct str *ret);
int fn_num(const struct call *c, size_t i, struct val *ret);
int fn_int(const struct call *c, size_t i, int64_t *ret);
int fn_bool(const struct call *c, size_t i, bool *ret);
int fn_list(const struct call *c, size_t i, struct val *ret);
int fn_map(const struct call *c, size_t i, struct val *ret);
/* The k-th element of a list argument as text. */
int fn_list_text(const struct call *c, size_t i, size_t k, struct str *ret);
#define fn_work(c, n) site_work(&(c)->s, (n))

/* JSON (json.c), with depth and size limits; `what` names the text in messages. */
int hcl_json_read(const struct site *s, struct str text, const char *what, struct val *ret);
int hcl_json_write(const struct site *s, struct val v, struct buf *b);
/* Order of sets: by type, numbers by size, texts by bytes, the rest by their JSON. */
int site_set(const struct site *s, const struct val *items, size_t n, struct val *ret);
