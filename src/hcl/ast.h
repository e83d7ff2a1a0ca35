// SPDX-License-Identifier: Apache-2.0
/* The syntax tree of expressions; private to src/hcl. */
#pragma once
#include "hcl/hcl.h"

struct hcl_source {
    const char *name;
    struct str text; /* NUL-terminated, valid UTF-8 */
};

enum expr_kind {
    EX_LIT,
    EX_TEMPLATE, /* list: parts, joined as text */
    EX_VAR,      /* name */
    EX_ATTR,     /* access: base.name */
    EX_INDEX,    /* access: base[key] */
    EX_SPLAT,    /* access: `key` is evaluated for each item, which it sees as EX_ITEM */
    EX_ITEM,
    EX_CALL,
    EX_UNARY, /* op: a */
    EX_BINARY,
    EX_COND,
    EX_TUPLE, /* list */
    EX_OBJECT,
    EX_FOR,
    EX_TPL_FOR, /* as EX_FOR, the texts joined */
    EX_PAREN,   /* op: a; keeps `(name) = ...` apart from `name = ...` */
};

enum expr_op {
    OP_NONE,
    OP_OR,
    OP_AND,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_NOT,
    OP_NEG,
};

struct hcl_item {
    const struct hcl_expr *key, *value;
};

struct hcl_expr {
    enum expr_kind kind;
    unsigned height; /* 1 for a leaf */
    bool in_text;    /* EX_VAR: all of a ${...} */
    struct hcl_range range;
    const struct hcl_expr *root; /* EX_VAR a chain of constant accesses starts from, or NULL */
    union {
        struct val lit;
        struct str name;
        struct {
            const struct hcl_expr **items;
            size_t n;
        } list;
        struct {
            const struct hcl_expr *base, *key;
            struct str name;
        } access;
        struct {
            struct str name;
            struct hcl_range name_range;
            const struct hcl_expr **args;
            size_t n;
            bool expand; /* the last argument ends in `...` */
        } call;
        struct {
            enum expr_op op;
            const struct hcl_expr *a, *b;
        } op;
        struct {
            const struct hcl_expr *test, *yes, *no; /* no == NULL: "" (a template's if) */
        } cond;
        struct {
            struct hcl_item *items;
            size_t n;
        } object;
        struct {
            struct str key_name, val_name;                    /* key_name.n == 0: not bound */
            const struct hcl_expr *coll, *key, *val, *filter; /* key: object form */
            bool group;
        } loop;
    };
};
