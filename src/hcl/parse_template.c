// SPDX-License-Identifier: Apache-2.0
/* Quoted strings and heredocs with ${...} and %{...}. A template is first read as a flat list of
 * pieces (texts, interpolations, directives); then indentation and ~ are applied to the texts; then
 * directives are nested. */
#include <errno.h>

#include "base/vec.h"
#include "hcl/parse.h"
#include "hcl/text.h"

enum piece_kind { P_TEXT, P_EXPR, P_IF, P_ELSE, P_ENDIF, P_FOR, P_ENDFOR };

struct piece {
    enum piece_kind kind;
    struct hcl_range range;
    struct str text; /* in the arena; P_TEXT */
    bool bol;        /* P_TEXT: begins a heredoc's line */
    bool trim_left, trim_right;
    const struct hcl_expr *expr; /* value, condition or collection */
    struct str key_name, val_name;
};

struct pieces {
    VEC(struct piece) v;
    struct buf text; /* the text being read */
    uint32_t text_start;
    bool bol, trim_next;
};

static void pieces_free(struct pieces *t)
{
    vec_free(&t->v);
    buf_free(&t->text);
}

static char at(struct parser *p, uint32_t k)
{
    return p->pos + k < p->src->text.n ? p->src->text.p[p->pos + k] : '\0';
}

static bool push(struct parser *p, struct pieces *t, struct piece piece)
{
    if (++p->tokens > HCL_TOKENS_MAX)
        return parser_fail(p, piece.range, "more than %u words, marks and lines in one file",
                           HCL_TOKENS_MAX);
    if (vec_push(&t->v, piece) < 0)
        parser_fail_memory(p);
    return p->r == 0;
}

/* Ends the text read so far; an empty one only counts where it begins a line. */
static bool end_text(struct parser *p, struct pieces *t)
{
    if (t->text.failed)
        parser_fail_memory(p);
    if (p->r < 0)
        return false;
    bool bol = t->bol;
    t->bol = false;
    if (t->text.n == 0)
        return true;
    struct piece piece = {
        .kind = P_TEXT,
        .range = parser_range(p, t->text_start, p->pos),
        .text = str_n(arena_strndup(p->a, t->text.p, t->text.n), t->text.n),
        .bol = bol,
        .trim_left = t->trim_next,
    };
    t->trim_next = false;
    buf_reset(&t->text);
    if (!piece.text.p)
        parser_fail_memory(p);
    return p->r == 0 && push(p, t, piece);
}

static bool parse_if(struct parser *p, struct piece *piece)
{
    piece->kind = P_IF;
    piece->expr = parser_expr(p);
    return piece->expr != NULL;
}

static bool parse_for_head(struct parser *p, struct piece *piece)
{
    struct tok t;
    piece->kind = P_FOR;
    if (!parser_expect(p, T_IDENT, "for the loop", &t))
        return false;
    piece->val_name = parser_dup(p, t);
    if (parser_peek(p).kind == T_COMMA) {
        parser_next(p);
        if (!parser_expect(p, T_IDENT, "for the loop's value", &t))
            return false;
        piece->key_name = piece->val_name;
        piece->val_name = parser_dup(p, t);
    }
    t = parser_next(p);
    if (!parser_is_word(p, t, "in"))
        return parser_unexpected(p, t, "\"in\" after the loop's names");
    piece->expr = parser_expr(p);
    return piece->expr != NULL;
}

static bool parse_directive(struct parser *p, struct piece *piece)
{
    struct tok t = parser_next(p);
    if (parser_is_word(p, t, "if"))
        return parse_if(p, piece);
    if (parser_is_word(p, t, "for"))
        return parse_for_head(p, piece);
    if (parser_is_word(p, t, "else"))
        piece->kind = P_ELSE;
    else if (parser_is_word(p, t, "endif"))
        piece->kind = P_ENDIF;
    else if (parser_is_word(p, t, "endfor"))
        piece->kind = P_ENDFOR;
    else
        return parser_unexpected(p, t, "if, else, endif, for or endfor after \"%{\"");
    return true;
}

static void mark_lone_name(struct parser *p)
{
    struct tok name = parser_peek(p), after = lex_token(p->src->text, name.end, true);
    if (name.kind == T_IDENT && (after.kind == T_RBRACE || after.kind == T_TILDE))
        p->in_text = name.start + 1;
}

/* At "${" or "%{". */
static bool parse_embedded(struct parser *p, struct pieces *t)
{
    if (!end_text(p, t))
        return false;
    struct piece piece = {.kind = P_EXPR};
    uint32_t start = p->pos;
    bool directive = at(p, 0) == '%', outer = p->skip_newlines;
    p->pos += 2;
    if (at(p, 0) == '~') {
        p->pos++;
        if (t->v.n && t->v.items[t->v.n - 1].kind == P_TEXT)
            t->v.items[t->v.n - 1].trim_right = true;
    }
    p->skip_newlines = true;
    if (!directive) {
        mark_lone_name(p);
        piece.expr = parser_expr(p);
    }
    if (directive ? !parse_directive(p, &piece) : !piece.expr)
        return false;
    t->trim_next = false;
    if (parser_peek(p).kind == T_TILDE) {
        parser_next(p);
        t->trim_next = true;
    }
    if (!parser_expect(p, T_RBRACE,
                       directive ? "to close \"%{\"; a literal one is written \"%%{\""
                                 : "to close \"${\"; a literal one is written \"$${\"",
                       NULL))
        return false;
    p->skip_newlines = outer;
    piece.range = parser_range(p, start, p->pos);
    t->text_start = p->pos;
    return push(p, t, piece);
}

/* "$${" and "%%{"; or an embedded expression; or neither (*ret_done false). */
static bool parse_marked(struct parser *p, struct pieces *t, bool *ret_done)
{
    char c = at(p, 0);
    *ret_done = true;
    if (at(p, 1) == c && at(p, 2) == '{') {
        buf_addc(&t->text, c);
        buf_addc(&t->text, '{');
        p->pos += 3;
        return true;
    }
    if (at(p, 1) == '{')
        return parse_embedded(p, t);
    *ret_done = false;
    return true;
}

static bool parse_unicode(struct parser *p, struct buf *b, unsigned n_digits)
{
    uint32_t c = 0;
    struct hcl_range range = parser_range(p, p->pos, p->pos + 2 + n_digits);
    for (unsigned i = 0; i < n_digits; i++) {
        char d = at(p, 2 + i);
        int v = d >= '0' && d <= '9'   ? d - '0'
                : d >= 'a' && d <= 'f' ? d - 'a' + 10
                : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                       : -1;
        if (v < 0)
            return parser_fail(p, range, "\\%c needs %u hexadecimal digits", at(p, 1), n_digits);
        c = c << 4 | (uint32_t)v;
    }
    if (!utf8_add(b, c))
        return parser_fail(p, range, "there is no such character");
    p->pos += 2 + n_digits;
    return true;
}

static bool parse_escape(struct parser *p, struct buf *b)
{
    static const char from[] = "nrt\"\\", to[] = "\n\r\t\"\\";
    char c = at(p, 1);
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        buf_addc(b, to[known - from]);
        p->pos += 2;
        return true;
    }
    if (c == 'u' || c == 'U')
        return parse_unicode(p, b, c == 'u' ? 4 : 8);
    return parser_fail(p, parser_range(p, p->pos, p->pos + 2),
                       "unknown escape sequence; known are \\n \\r \\t \\\" \\\\ \\uNNNN "
                       "\\UNNNNNNNN, and \\\\ is a backslash itself");
}

static bool parse_quoted_char(struct parser *p, struct pieces *t, uint32_t open)
{
    char c = at(p, 0);
    bool done = false;
    if (p->pos >= p->src->text.n || c == '\n')
        return parser_fail(p, parser_range(p, open, p->pos),
                           "this string is not closed on its line; a text of several lines is "
                           "written as \\n or as heredoc (<<EOF)");
    if (c == '\\')
        return parse_escape(p, &t->text);
    if ((c == '$' || c == '%') && !parse_marked(p, t, &done))
        return false;
    if (!done) {
        buf_addc(&t->text, c);
        p->pos++;
    }
    return true;
}

bool parser_quoted_label(struct parser *p, struct tok open, struct str *ret)
{
    cleanup_with(pieces_free) struct pieces t = {0};
    while (p->r == 0 && at(p, 0) != '"') {
        if ((at(p, 0) == '$' || at(p, 0) == '%') && at(p, 1) == '{')
            return parser_fail(p, parser_range(p, p->pos, p->pos + 2),
                               "a label cannot contain ${...} or %%{...}; a \"dynamic\" block can "
                               "compute labels");
        parse_quoted_char(p, &t, open.start);
    }
    if (p->r < 0)
        return false;
    p->pos++;
    *ret = str_n(arena_strndup(p->a, t.text.p, t.text.n), t.text.n);
    return ret->p && !t.text.failed ? true : (bool)parser_fail_memory(p);
}

static void trim(struct pieces *t)
{
    for (size_t i = 0; i < t->v.n; i++) {
        struct piece *x = &t->v.items[i];
        if (x->kind != P_TEXT)
            continue;
        if (x->trim_left)
            x->text = text_trim_left(x->text);
        if (x->trim_right)
            x->text = text_trim_right(x->text);
    }
}

static size_t indent_of(struct str s)
{
    struct str rest = text_trim_left(s);
    return utf8_count(str_n(s.p, s.n - rest.n));
}

static bool is_blank_line(struct str s)
{
    return s.n && s.p[s.n - 1] == '\n' && text_trim_left(s).n == 0;
}

/* <<-: the least indentation of all lines but blank ones is taken from each. */
static void unindent(struct pieces *t)
{
    size_t least = SIZE_MAX;
    bool bol = true;
    for (size_t i = 0; i < t->v.n; i++) {
        struct piece *x = &t->v.items[i];
        if (bol && x->kind != P_TEXT)
            least = 0;
        else if (x->kind == P_TEXT && x->bol && !is_blank_line(x->text))
            least = MIN(least, indent_of(x->text));
        bol = x->kind == P_TEXT && x->text.p[x->text.n - 1] == '\n';
    }
    for (size_t i = 0; i < t->v.n && least; i++) {
        struct piece *x = &t->v.items[i];
        if (x->kind != P_TEXT || !x->bol || is_blank_line(x->text))
            continue;
        size_t cut = utf8_offset(x->text, least);
        x->text = str_n(x->text.p + cut, x->text.n - cut);
    }
}

struct nest {
    struct parser *p;
    struct piece *items;
    size_t n, i;
};

static const struct hcl_expr *nest_until(struct nest *n, uint32_t start, unsigned stops);

static const struct hcl_expr *nest_if(struct nest *n, const struct piece *open)
{
    const struct hcl_expr *no = NULL;
    struct parser *p = n->p;
    const struct hcl_expr *yes = nest_until(n, open->range.start, 1u << P_ELSE | 1u << P_ENDIF);
    if (!yes)
        return NULL;
    if (n->i >= n->n)
        return parser_fail(p, open->range, "this %%{ if } has no %%{ endif }");
    if (n->items[n->i++].kind == P_ELSE) {
        no = nest_until(n, open->range.start, 1u << P_ENDIF);
        if (!no)
            return NULL;
        if (n->i >= n->n)
            return parser_fail(p, open->range, "this %%{ if } has no %%{ endif }");
        n->i++;
    }
    struct hcl_expr *e = parser_node(p, EX_COND, open->range.start);
    if (!e || !parser_adopt(p, e, open->expr) || !parser_adopt(p, e, yes) ||
        !parser_adopt(p, e, no))
        return NULL;
    e->range = open->range;
    e->cond.test = open->expr;
    e->cond.yes = yes;
    e->cond.no = no;
    return e;
}

static const struct hcl_expr *nest_for(struct nest *n, const struct piece *open)
{
    struct parser *p = n->p;
    const struct hcl_expr *body = nest_until(n, open->range.start, 1u << P_ENDFOR);
    if (!body)
        return NULL;
    if (n->i >= n->n)
        return parser_fail(p, open->range, "this %%{ for } has no %%{ endfor }");
    n->i++;
    struct hcl_expr *e = parser_node(p, EX_TPL_FOR, open->range.start);
    if (!e || !parser_adopt(p, e, open->expr) || !parser_adopt(p, e, body))
        return NULL;
    e->range = open->range;
    e->loop.coll = open->expr;
    e->loop.val = body;
    e->loop.key_name = open->key_name;
    e->loop.val_name = open->val_name;
    return e;
}

static const struct hcl_expr *nest_piece(struct nest *n, unsigned stops)
{
    const struct piece *x = &n->items[n->i++];
    struct hcl_expr *e;
    switch (x->kind) {
    case P_TEXT:
        e = parser_node(n->p, EX_LIT, x->range.start);
        if (!e)
            return NULL;
        e->range = x->range;
        e->lit = val_str(x->text);
        return e;
    case P_EXPR:
        return x->expr;
    case P_IF:
        return nest_if(n, x);
    case P_FOR:
        return nest_for(n, x);
    default:
        return parser_fail(n->p, x->range,
                           stops ? "this closes another directive than the open one"
                                 : "there is no open %%{ if } or %%{ for } here");
    }
}

/* Pieces up to one of the kinds in `stops`, which is left, or the end. */
static const struct hcl_expr *nest_until(struct nest *n, uint32_t start, unsigned stops)
{
    struct parser *p = n->p;
    struct hcl_expr *e = parser_enter(p, start) ? parser_node(p, EX_TEMPLATE, start) : NULL;
    VEC(const struct hcl_expr *) parts = {0};
    while (e && p->r == 0 && n->i < n->n && !(stops >> n->items[n->i].kind & 1)) {
        const struct hcl_expr *part = nest_piece(n, stops);
        if (part && parser_adopt(p, e, part) && vec_push(&parts, part) < 0)
            parser_fail_memory(p);
    }
    if (e && p->r == 0) {
        e->list.n = parts.n;
        e->list.items = arena_memdup(p->a, parts.items, parts.n * sizeof(*parts.items));
        if (!e->list.items)
            parser_fail_memory(p);
    }
    vec_free(&parts);
    p->depth--;
    return p->r == 0 ? e : NULL;
}

/* One text alone is a literal; one interpolation alone keeps the type of its value. */
static const struct hcl_expr *simplify(struct parser *p, struct hcl_expr *e, struct pieces *t)
{
    if (e->list.n > 1 || (t->v.n && t->v.items[0].kind > P_EXPR))
        return e;
    const struct hcl_expr *only = e->list.n ? e->list.items[0] : NULL;
    if (only && t->v.items[0].kind == P_EXPR) {
        e->kind = EX_PAREN;
        e->op.a = only;
        return e;
    }
    e->kind = EX_LIT;
    e->lit = only ? only->lit : val_str(str_of(""));
    return e;
}

static const struct hcl_expr *finish(struct parser *p, struct pieces *t, uint32_t start)
{
    if (p->r < 0)
        return NULL;
    trim(t);
    struct nest n = {.p = p, .items = t->v.items, .n = t->v.n};
    const struct hcl_expr *nested = nest_until(&n, start, 0);
    if (!nested)
        return NULL;
    struct hcl_expr *e = parser_node(p, EX_TEMPLATE, start);
    if (!e)
        return NULL;
    e->list = nested->list;
    e->height = nested->height;
    return simplify(p, e, t);
}

const struct hcl_expr *parser_quoted(struct parser *p, uint32_t start)
{
    cleanup_with(pieces_free) struct pieces t = {.text_start = p->pos};
    while (p->r == 0 && at(p, 0) != '"')
        parse_quoted_char(p, &t, start);
    if (p->r < 0 || !end_text(p, &t))
        return NULL;
    p->pos++;
    return finish(p, &t, start);
}

/* True if the line at p->pos is the end mark; *ret_after is then behind the mark. */
static bool at_end_mark(struct parser *p, struct str mark, uint32_t *ret_after)
{
    const char *s = p->src->text.p;
    size_t n = p->src->text.n, i = p->pos;
    while (i < n && (s[i] == ' ' || s[i] == '\t'))
        i++;
    if (n - i < mark.n || memcmp(s + i, mark.p, mark.n) != 0)
        return false;
    i += mark.n;
    *ret_after = (uint32_t)i;
    while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r'))
        i++;
    return i == n || s[i] == '\n';
}

static bool parse_heredoc_line(struct parser *p, struct pieces *t)
{
    t->bol = true;
    t->text_start = p->pos;
    while (p->r == 0 && p->pos < p->src->text.n) {
        char c = at(p, 0);
        bool done = false;
        if ((c == '$' || c == '%') && !parse_marked(p, t, &done))
            return false;
        if (done)
            continue;
        buf_addc(&t->text, c);
        p->pos++;
        if (c == '\n')
            break;
    }
    return end_text(p, t);
}

static bool parse_heredoc_mark(struct parser *p, struct str *ret)
{
    struct tok mark = lex_token(p->src->text, p->pos, false);
    if (mark.kind != T_IDENT || mark.start != p->pos)
        return parser_unexpected(p, mark, "the heredoc's end mark, like <<EOF");
    p->pos = mark.end;
    *ret = parser_text(p, mark);
    struct tok nl = lex_token(p->src->text, p->pos, false);
    const char *eol = memchr(p->src->text.p + mark.end, '\n', p->src->text.n - mark.end);
    if (nl.kind != T_NEWLINE || !eol)
        return parser_unexpected(p, nl, "a line break behind the heredoc's end mark");
    p->pos = (uint32_t)(eol - p->src->text.p) + 1;
    return true;
}

const struct hcl_expr *parser_heredoc(struct parser *p, struct tok open)
{
    cleanup_with(pieces_free) struct pieces t = {0};
    struct str mark = {0};
    uint32_t after = 0;
    if (!parse_heredoc_mark(p, &mark))
        return NULL;
    while (p->r == 0 && !at_end_mark(p, mark, &after)) {
        if (p->pos >= p->src->text.n)
            return parser_fail(p, parser_range(p, open.start, open.end),
                               "this heredoc is not closed: there is no line with only \"%.*s\"",
                               (int)MIN(mark.n, 64u), mark.p);
        parse_heredoc_line(p, &t);
    }
    if (p->r < 0)
        return NULL;
    p->pos = after;
    if (open.end - open.start == 3)
        unindent(&t);
    return finish(p, &t, open.start);
}
