// SPDX-License-Identifier: Apache-2.0
#include "hcl/lex.h"

#include "hcl/text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of the identifier character at p, or 0. Letters outside of ASCII are taken as a whole but
 * for the blocks of punctuation that word processors insert. */
static size_t ident_char(const char *p, size_t n, bool first)
{
    if (n == 0)
        return 0;
    char c = *p;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')
        return 1;
    if (!first && (is_digit(c) || c == '-'))
        return 1;
    if ((unsigned char)c < 0x80)
        return 0;
    uint32_t u = utf8_get(p);
    bool punctuation =
        u < 0xc0 || (u >= 0x2000 && u < 0x2070) || (u >= 0x3000 && u < 0x3003) || u == 0xfeff;
    return punctuation ? 0 : utf8_len(p, n);
}

static uint32_t ident_end(struct str t, uint32_t pos)
{
    size_t len;
    bool first = true;
    while ((len = ident_char(t.p + pos, t.n - pos, first)) > 0) {
        pos += (uint32_t)len;
        first = false;
    }
    return pos;
}

bool lex_is_ident(struct str s)
{
    return s.n > 0 && s.n < UINT32_MAX && ident_end(s, 0) == s.n;
}

static uint32_t number_end(struct str t, uint32_t pos)
{
    while (pos < t.n && is_digit(t.p[pos]))
        pos++;
    if (pos + 1 < t.n && t.p[pos] == '.' && is_digit(t.p[pos + 1])) {
        pos++;
        while (pos < t.n && is_digit(t.p[pos]))
            pos++;
    }
    if (pos < t.n && (t.p[pos] == 'e' || t.p[pos] == 'E')) {
        uint32_t q = pos + 1;
        if (q < t.n && (t.p[q] == '+' || t.p[q] == '-'))
            q++;
        if (q < t.n && is_digit(t.p[q])) {
            while (q < t.n && is_digit(t.p[q]))
                q++;
            pos = q;
        }
    }
    return pos;
}

static bool starts(struct str t, uint32_t pos, const char *z)
{
    size_t n = strlen(z);
    return t.n - pos >= n && memcmp(t.p + pos, z, n) == 0;
}

/* Past blanks and comments; *ret_open is set when a block comment does not end. */
static uint32_t skip_blanks(struct str t, uint32_t pos, bool newlines, bool *ret_open)
{
    *ret_open = false;
    while (pos < t.n) {
        char c = t.p[pos];
        if (c == ' ' || c == '\t' || (c == '\n' && newlines) ||
            (c == '\r' && pos + 1 < t.n && t.p[pos + 1] == '\n')) {
            pos++;
        } else if (c == '#' || starts(t, pos, "//")) {
            const char *nl = memchr(t.p + pos, '\n', t.n - pos);
            pos = nl ? (uint32_t)(nl - t.p) : (uint32_t)t.n;
        } else if (starts(t, pos, "/*")) {
            const char *end = memmem(t.p + pos + 2, t.n - pos - 2, "*/", 2);
            if (!end) {
                *ret_open = true;
                return pos;
            }
            pos = (uint32_t)(end - t.p) + 2;
        } else {
            break;
        }
    }
    return pos;
}

/* Longest first. */
static const struct punct {
    const char *text;
    enum tok_kind kind;
} puncts[] = {
    {"...", T_ELLIPSIS}, {"<<-", T_HEREDOC}, {"<<", T_HEREDOC},  {"==", T_EQ},    {"!=", T_NE},
    {"<=", T_LE},        {">=", T_GE},       {"=>", T_FATARROW}, {"&&", T_AND},   {"||", T_OR},
    {"\n", T_NEWLINE},   {"\"", T_QUOTE},    {"{", T_LBRACE},    {"}", T_RBRACE}, {"[", T_LBRACK},
    {"]", T_RBRACK},     {"(", T_LPAREN},    {")", T_RPAREN},    {",", T_COMMA},  {".", T_DOT},
    {":", T_COLON},      {"?", T_QUESTION},  {"=", T_ASSIGN},    {"<", T_LT},     {">", T_GT},
    {"+", T_PLUS},       {"-", T_MINUS},     {"*", T_STAR},      {"/", T_SLASH},  {"%", T_PERCENT},
    {"!", T_NOT},        {"~", T_TILDE},
};

struct tok lex_token(struct str t, uint32_t pos, bool skip_newlines)
{
    bool open;
    pos = skip_blanks(t, pos, skip_newlines, &open);
    if (open)
        return (struct tok){T_BAD, pos, pos + 2};
    if (pos >= t.n)
        return (struct tok){T_EOF, (uint32_t)t.n, (uint32_t)t.n};
    uint32_t end = ident_end(t, pos);
    if (end > pos)
        return (struct tok){T_IDENT, pos, end};
    if (is_digit(t.p[pos]))
        return (struct tok){T_NUMBER, pos, number_end(t, pos)};
    for (size_t i = 0; i < ARRAY_LEN(puncts); i++)
        if (starts(t, pos, puncts[i].text))
            return (struct tok){puncts[i].kind, pos, pos + (uint32_t)strlen(puncts[i].text)};
    return (struct tok){T_BAD, pos, pos + (uint32_t)MAX(utf8_len(t.p + pos, t.n - pos), 1u)};
}

const char *lex_tok_name(enum tok_kind kind)
{
    static const char *const names[T_MAX] = {
        [T_EOF] = "the end of the file",
        [T_NEWLINE] = "the end of the line",
        [T_IDENT] = "a name",
        [T_NUMBER] = "a number",
        [T_QUOTE] = "a string",
        [T_HEREDOC] = "\"<<\"",
        [T_BAD] = "an invalid character",
    };
    if (names[kind])
        return names[kind];
    static const char *const marks[T_MAX] = {
        [T_LBRACE] = "\"{\"",    [T_RBRACE] = "\"}\"",   [T_LBRACK] = "\"[\"",
        [T_RBRACK] = "\"]\"",    [T_LPAREN] = "\"(\"",   [T_RPAREN] = "\")\"",
        [T_COMMA] = "\",\"",     [T_DOT] = "\".\"",      [T_ELLIPSIS] = "\"...\"",
        [T_COLON] = "\":\"",     [T_QUESTION] = "\"?\"", [T_ASSIGN] = "\"=\"",
        [T_FATARROW] = "\"=>\"", [T_EQ] = "\"==\"",      [T_NE] = "\"!=\"",
        [T_LT] = "\"<\"",        [T_LE] = "\"<=\"",      [T_GT] = "\">\"",
        [T_GE] = "\">=\"",       [T_PLUS] = "\"+\"",     [T_MINUS] = "\"-\"",
        [T_STAR] = "\"*\"",      [T_SLASH] = "\"/\"",    [T_PERCENT] = "\"%\"",
        [T_AND] = "\"&&\"",      [T_OR] = "\"||\"",      [T_NOT] = "\"!\"",
        [T_TILDE] = "\"~\"",
    };
    return marks[kind];
}
