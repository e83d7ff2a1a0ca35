// SPDX-License-Identifier: Apache-2.0
/* Tokens of HCL outside of quotes; private to src/hcl. The parser pulls them one by one from a
 * cursor and reads templates from the same cursor by character. */
#pragma once
#include "hcl/ast.h"

enum tok_kind {
    T_EOF,
    T_NEWLINE,
    T_IDENT,
    T_NUMBER,
    T_QUOTE,   /* the opening '"' only */
    T_HEREDOC, /* "<<" or "<<-" only */
    T_LBRACE,
    T_RBRACE,
    T_LBRACK,
    T_RBRACK,
    T_LPAREN,
    T_RPAREN,
    T_COMMA,
    T_DOT,
    T_ELLIPSIS,
    T_COLON,
    T_QUESTION,
    T_ASSIGN,
    T_FATARROW,
    T_EQ,
    T_NE,
    T_LT,
    T_LE,
    T_GT,
    T_GE,
    T_PLUS,
    T_MINUS,
    T_STAR,
    T_SLASH,
    T_PERCENT,
    T_AND,
    T_OR,
    T_NOT,
    T_TILDE,
    T_BAD, /* an unusable character, or an open comment */
    T_MAX
};

struct tok {
    enum tok_kind kind;
    uint32_t start, end;
};

/* The token at `pos`, after blanks and comments (and newlines, if `skip_newlines`). The end of a
 * `#` or `//` comment is its newline. */
struct tok lex_token(struct str text, uint32_t pos, bool skip_newlines);
/* How the token is called in messages: "a name", "\"}\"", ... */
const char *lex_tok_name(enum tok_kind kind);
/* True if s is a whole identifier. */
bool lex_is_ident(struct str s);
