// SPDX-License-Identifier: Apache-2.0
/* Evaluation: the context, its budget and what functions are written with; private to src/hcl. */
#pragma once
#include <errno.h>

#include "base/hash.h"
#include "base/vec.h"
#include "hcl/ast.h"
#include "hcl/number.h"
#include "hcl/text.h"

struct hcl_scope {
    const struct hcl_scope *up;
    struct str name;
    struct val value;
};

struct hcl_local {
    struct str name;
    const struct hcl_attr *attr;
    enum { LOCAL_NEW, LOCAL_BUSY, LOCAL_DONE } state;
    struct val value;
};

struct hcl_ctx {
    struct arena *a;
    size_t arena_base; /* arena_bytes() at the start */
    unsigned steps, depth;
    int exhausted; /* sticky error of the budget; try() does not catch it */
    bool keep_unknown, allow_fs;
    const char *base_dir;
    struct val vars; /* map */
    struct hcl_local *locals;
    size_t n_locals;
    struct val item; /* what EX_ITEM means now */
};

/* Where something is done: whom to charge and how to report. */
struct site {
    struct hcl_ctx *c;
    struct hcl_range range;
    struct err *err;
};

enum { EVAL_DEPTH_MAX = 1000, WALK_DEPTH_MAX = 4 * HCL_DEPTH_MAX };

#define site_fail(s, ...) hcl_error((s)->err, (s)->range, __VA_ARGS__)
/* Charges n steps. */
int site_work(const struct site *s, size_t n);
/* Zeroed memory of the context's arena, or NULL: then return site_oom(s). */
void *site_alloc(const struct site *s, size_t n, size_t size);
int site_oom(const struct site *s);
/* A string value with a copy of the text; checks HCL_STRING_MAX. */
int site_str(const struct site *s, struct str text, struct val *ret);
/* The same from a buffer, which may have failed. */
int site_buf(const struct site *s, const struct buf *b, struct val *ret);
/* Fails once the buffer grew beyond HCL_STRING_MAX; call while building. */
int site_grown(const struct site *s, const struct buf *b);
int site_list(const struct site *s, const struct val *items, size_t n, struct val *ret);
/* Sorts; of equal keys the last wins. */
int site_map(const struct site *s, const struct val_entry *entries, size_t n, struct val *ret);
/* Nodes of v; fails beyond HCL_VALUE_MAX and on a depth beyond HCL_DEPTH_MAX. */
int site_weigh(const struct site *s, struct val v);
/* val_eq() that pays for its work. */
int site_equal(const struct site *s, struct val a, struct val b, bool *ret);

/* Conversions as HCL does them; `what` names the value in the message ("argument 1"). */
int site_text(const struct site *s, struct val v, const char *what, struct str *ret);
int site_number(const struct site *s, struct val v, const char *what, struct val *ret);
int site_bool(const struct site *s, struct val v, const char *what, bool *ret);
/* Without a message. */
bool text_to_bool(struct str s, bool *ret);

int expr_eval(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
              struct val *ret, struct err *err);
/* EX_FOR and EX_TPL_FOR (eval_for.c). */
int expr_for(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
             struct val *ret, struct err *err);
int expr_template_for(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                      struct buf *out, struct err *err);
/* Operators (ops.c). */
int site_unary(const struct site *s, enum expr_op op, struct val a, struct val *ret);
int site_binary(const struct site *s, enum expr_op op, struct val a, struct val b, struct val *ret);
int number_compare(struct val a, struct val b);
/* A double as value, or an error if it is not finite. */
int site_num(const struct site *s, double d, struct val *ret);

/* EX_CALL (call.c). */
int expr_call(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
              struct val *ret, struct err *err);
/* Names (names.c): EX_VAR, and EX_ATTR or EX_INDEX on something. */
int expr_name(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
              struct val *ret, struct err *err);
int expr_access(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                struct val *ret, struct err *err);
int site_attr(const struct site *s, struct val base, struct str name, struct val *ret);
int site_index(const struct site *s, struct val base, struct val key, struct val *ret);
int expr_local(struct hcl_ctx *c, struct hcl_local *l, struct val *ret, struct err *err);
/* "; did you mean \"...\"?" or "", valid until the next call of the same buffer. */
const char *site_suggest(char *buf, size_t n, struct str word, const char *const *names,
                         size_t n_names);
