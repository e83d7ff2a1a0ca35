// SPDX-License-Identifier: Apache-2.0
/* The recursive descent parser's shared state; private to src/hcl. Functions that return a node
 * return NULL after an error, whose code is in p->r. */
#pragma once
#include "hcl/lex.h"

struct parser {
    struct arena *a;
    const struct hcl_source *src;
    struct err *err;
    uint32_t pos;       /* where the next token or template character is read */
    bool skip_newlines; /* inside of brackets */
    uint32_t in_text;   /* 1 + where a lone name between "${" and "}" starts */
    unsigned depth, tokens;
    int r; /* the first error */
};

/* Copies name and text; checks size and UTF-8; drops a byte order mark. */
int hcl_source_new(struct arena *a, const char *name, struct str text, struct hcl_source **ret,
                   struct err *err);

struct tok parser_peek(struct parser *p);
struct tok parser_next(struct parser *p);
/* Consumes a token of that kind, or fails with "expected ... <where>, found ...". */
bool parser_expect(struct parser *p, enum tok_kind kind, const char *where, struct tok *ret);
bool parser_is_word(struct parser *p, struct tok t, const char *word);
struct hcl_range parser_range(struct parser *p, uint32_t start, uint32_t end);
struct str parser_text(struct parser *p, struct tok t);
/* The token's text, NUL-terminated in the arena; p == NULL in the result if memory is short. */
struct str parser_dup(struct parser *p, struct tok t);
/* "expected <what>, found <token>" with a hint for the usual mistakes; returns NULL. */
void *parser_unexpected(struct parser *p, struct tok t, const char *what);
void *parser_fail_memory(struct parser *p);
#define parser_fail(p, range, ...)                                                                 \
    ((p)->r = hcl_error((p)->err, (range), __VA_ARGS__), (void *)NULL)

/* One level deeper; false beyond HCL_DEPTH_MAX. Leave with p->depth--. */
bool parser_enter(struct parser *p, uint32_t at);
struct hcl_expr *parser_node(struct parser *p, enum expr_kind kind, uint32_t start);
/* Ends the node at p->pos and sets its height above `child` (may be NULL); call per child. */
bool parser_adopt(struct parser *p, struct hcl_expr *e, const struct hcl_expr *child);

const struct hcl_expr *parser_expr(struct parser *p);
/* `p->pos` is behind the opening quote, or behind "<<" or "<<-". */
const struct hcl_expr *parser_quoted(struct parser *p, uint32_t start);
const struct hcl_expr *parser_heredoc(struct parser *p, struct tok open);
/* A quoted text without interpolation (a label). */
bool parser_quoted_label(struct parser *p, struct tok open, struct str *ret);
/* `[for ...]` and `{for ...}`, from behind the bracket. */
const struct hcl_expr *parser_for(struct parser *p, uint32_t start, enum tok_kind close);
