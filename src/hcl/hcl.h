// SPDX-License-Identifier: Apache-2.0
/* HCL2 as job files use it: text -> syntax tree -> values (base/value.h).
 *
 * Everything returned lives in the arena given and is immutable; the source text is copied into it,
 * so ranges stay printable as long as the arena lives. Errors are -EINVAL for the user's text (with
 * "file:line:column: message", the source line and a caret in struct err) and -ENOMEM.
 * Differences in type that HCL knows and job files do not need are gone: tuple = list, object =
 * map, a set is a sorted list without duplicates. There are no unknown values.
 *
 * Runtime references (attr meta node env device NOMAD_* and UPPER_CASE names) cannot be resolved
 * here; they evaluate to their own source as text, "${attr.kernel.name}". So does a lone unknown
 * ${name} (scripts and templates are full of them), unless it looks like a misspelt variable. Any
 * other unknown name is an error. Nomad's jobspec2 keeps all of them; see keep_unknown.
 *
 * No input can crash or hang: see the limits below. Not thread-safe per context and arena. */
#pragma once
#include "base/err.h"
#include "base/value.h"

#define HCL_SOURCE_MAX (8u << 20)  /* bytes of one file */
#define HCL_TOKENS_MAX 500000u     /* per file */
#define HCL_DEPTH_MAX 150u         /* nesting of expressions, of blocks, and of a value */
#define HCL_STRING_MAX (4u << 20)  /* bytes of one string made while evaluating */
#define HCL_VALUE_MAX 500000u      /* nodes of one value */
#define HCL_MEMORY_MAX (64u << 20) /* bytes one context may take from its arena */
#define HCL_STEPS_MAX 5000000u     /* work of one context: nodes visited, elements, 64-byte runs */

struct hcl_source; /* file name + text */
struct hcl_expr;   /* an expression, to be evaluated */
struct hcl_scope;  /* names bound by an enclosing `dynamic`; NULL outside */
struct hcl_ctx;    /* variables, locals, functions, budget */

/* Bytes [start, end) of a source. A zeroed range is "nowhere" and prints no position. */
struct hcl_range {
    const struct hcl_source *src;
    uint32_t start, end;
};

struct hcl_label {
    struct str text; /* without quotes, NUL-terminated */
    struct hcl_range range;
};

struct hcl_attr {
    struct str name;
    struct hcl_range name_range, range; /* the whole `name = expression` */
    const struct hcl_expr *expr;
    const struct hcl_scope *scope;
};

struct hcl_block {
    struct str type;
    struct hcl_label *labels;
    size_t n_labels;
    struct hcl_range type_range, def_range; /* type; type and labels */
    struct hcl_body *body;
};

/* Attributes (unique names) and blocks, each in the order of the source. */
struct hcl_body {
    struct hcl_attr *attrs;
    size_t n_attrs;
    struct hcl_block *blocks;
    size_t n_blocks;
    struct hcl_range range; /* with braces */
    const struct hcl_scope *scope;
};

int hcl_parse(struct arena *a, const char *filename, struct str src, struct hcl_body **ret,
              struct err *err);
const struct hcl_attr *hcl_body_attr(const struct hcl_body *body, const char *name); /* or NULL */

/* Where the values of variables come from, weakest first: defaults, env, var_files (the later file
 * wins), vars. All memory is borrowed during the call, base_dir for the context's lifetime. */
struct hcl_var_file {
    const char *name;
    struct str text; /* HCL attributes, or a JSON object */
};
struct hcl_options {
    const char *const *env; /* "NOMAD_VAR_name=text", others are skipped; NULL-terminated or NULL */
    const struct hcl_var_file *var_files;
    size_t n_var_files;
    const char *const *vars; /* "name=text"; NULL-terminated or NULL */
    bool ignore_undeclared;  /* in vars and var_files (env: always ignored) */
    bool keep_unknown;       /* every unknown name is a runtime reference */
    bool allow_fs;           /* file(), fileset(), ...: never on a server */
    const char *base_dir;    /* what relative paths of those mean; NULL: "." */
};

/* Reads the `variable`, `variables` and `locals` blocks of a root body (others are left alone),
 * checks types and validations, and returns the context for everything else. Locals are evaluated
 * when first used. `root` NULL: a context with functions only. */
int hcl_load_variables(struct arena *a, const struct hcl_body *root, const struct hcl_options *opts,
                       struct hcl_ctx **ret, struct err *err);
/* Evaluates every local, so that an error in an unused one is reported too. */
int hcl_check_locals(struct hcl_ctx *c, struct err *err);

int hcl_eval(struct hcl_ctx *c, const struct hcl_attr *attr, struct val *ret, struct err *err);
int hcl_eval_expr(struct hcl_ctx *c, const struct hcl_scope *scope, const struct hcl_expr *e,
                  struct val *ret, struct err *err);
struct hcl_range hcl_expr_range(const struct hcl_expr *e);
/* The name if the expression is one bare word (`type = string`), else an empty str. */
struct str hcl_expr_keyword(const struct hcl_expr *e);

/* The body with `dynamic` blocks of this level replaced by what they generate. Call it on every
 * body before walking it, on nested ones too; it returns the body itself when there is nothing to
 * do. */
int hcl_expand(struct hcl_ctx *c, const struct hcl_body *body, const struct hcl_body **ret,
               struct err *err);
/* A body of no known schema (a driver's config) as a map: a block becomes a list of maps, one per
 * occurrence; labels become nested maps; an attribute that is an object literal becomes a list of
 * one map (the shape Nomad sends to drivers). Expands `dynamic` itself. */
int hcl_body_value(struct hcl_ctx *c, const struct hcl_body *body, struct val *ret,
                   struct err *err);

/* Fills err with position, message, source line and caret; returns -EINVAL. */
int hcl_error(struct err *err, struct hcl_range range, const char *fmt, ...) printf_like(3, 4);
/* 1-based line and column (in characters); false for "nowhere". */
bool hcl_range_pos(struct hcl_range range, unsigned *ret_line, unsigned *ret_col);
const char *hcl_range_file(struct hcl_range range); /* "" for nowhere */
