// SPDX-License-Identifier: Apache-2.0
/* Bodies: attributes and blocks. */
#include "hcl/parse.h"

#include <errno.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/vec.h"
#include "hcl/text.h"

struct body_lists {
    VEC(struct hcl_attr) attrs;
    VEC(struct hcl_block) blocks;
    struct map names; /* attribute name -> its place + 1 */
};

static void body_lists_free(struct body_lists *l)
{
    vec_free(&l->attrs);
    vec_free(&l->blocks);
    map_free(&l->names);
}

int hcl_source_new(struct arena *a, const char *name, struct str text, struct hcl_source **ret,
                   struct err *err)
{
    if (text.n > HCL_SOURCE_MAX)
        return err_set(err, -EINVAL, "%s: larger than %u MiB", name, HCL_SOURCE_MAX >> 20);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        text = str_n(text.p + 3, text.n - 3);
    struct hcl_source *s = arena_new_of(a, struct hcl_source);
    if (!s || !(s->name = arena_strdup(a, name)))
        return -ENOMEM;
    s->text = str_n(arena_str(a, text), text.n);
    if (!s->text.p)
        return -ENOMEM;
    size_t bad = utf8_bad(s->text);
    struct hcl_range at = {s, (uint32_t)bad, (uint32_t)bad + 1};
    if (bad < s->text.n)
        return hcl_error(err, at, "the file is not valid UTF-8 here");
    *ret = s;
    return 0;
}

struct hcl_range parser_range(struct parser *p, uint32_t start, uint32_t end)
{
    return (struct hcl_range){p->src, start, MAX(start, end)};
}

struct str parser_text(struct parser *p, struct tok t)
{
    return str_n(p->src->text.p + t.start, t.end - t.start);
}

struct str parser_dup(struct parser *p, struct tok t)
{
    struct str s = str_n(arena_str(p->a, parser_text(p, t)), t.end - t.start);
    if (!s.p)
        parser_fail_memory(p);
    return s;
}

void *parser_fail_memory(struct parser *p)
{
    p->r = err_set(p->err, -ENOMEM, "%s: out of memory", p->src->name);
    return NULL;
}

struct tok parser_peek(struct parser *p)
{
    return lex_token(p->src->text, p->pos, p->skip_newlines);
}

struct tok parser_next(struct parser *p)
{
    struct tok t = parser_peek(p);
    p->pos = t.end;
    p->tokens++;
    return t;
}

bool parser_is_word(struct parser *p, struct tok t, const char *word)
{
    return t.kind == T_IDENT && str_eqz(parser_text(p, t), word);
}

static const char *bad_hint(struct str s)
{
    if (s.n == 2 && s.p[0] == '/')
        return "this comment is not closed with */";
    if (s.n == 3 && (!memcmp(s.p, "\u201c", 3) || !memcmp(s.p, "\u201d", 3)))
        return "this is a typographic quotation mark; strings are written with \"";
    if (s.p[0] == '\'')
        return "strings are written with double quotes \"";
    if (s.p[0] == '&' || s.p[0] == '|')
        return "the logical operators are && and ||";
    if (s.p[0] == ';')
        return "\";\" is not used; write each attribute on a line of its own";
    return "this character has no meaning here";
}

void *parser_unexpected(struct parser *p, struct tok t, const char *what)
{
    struct hcl_range at = parser_range(p, t.start, t.kind == T_NEWLINE ? t.start : t.end);
    if (t.kind == T_BAD)
        return parser_fail(p, at, "%s", bad_hint(parser_text(p, t)));
    if (t.kind == T_IDENT || t.kind == T_NUMBER)
        return parser_fail(p, at, "expected %s, found \"%.*s\"", what,
                           (int)MIN(t.end - t.start, 64u), p->src->text.p + t.start);
    return parser_fail(p, at, "expected %s, found %s", what, lex_tok_name(t.kind));
}

bool parser_expect(struct parser *p, enum tok_kind kind, const char *where, struct tok *ret)
{
    struct tok t = parser_peek(p);
    if (t.kind != kind) {
        char what[160];
        snprintf(what, sizeof(what), "%s %s", lex_tok_name(kind), where);
        parser_unexpected(p, t, what);
        return false;
    }
    parser_next(p);
    if (ret)
        *ret = t;
    return true;
}

bool parser_enter(struct parser *p, uint32_t at)
{
    struct hcl_range here = parser_range(p, at, at + 1);
    if (++p->depth > HCL_DEPTH_MAX)
        return parser_fail(p, here, "nested more than %u levels deep", HCL_DEPTH_MAX);
    if (p->tokens > HCL_TOKENS_MAX)
        return parser_fail(p, here, "more than %u words, marks and lines in one file",
                           HCL_TOKENS_MAX);
    return true;
}

static struct hcl_body *parse_body(struct parser *p, uint32_t start);
static bool parse_item_of_body(struct parser *p, struct body_lists *l);

static bool parse_attr(struct parser *p, struct body_lists *l, struct tok at, struct str name)
{
    struct hcl_range range = parser_range(p, at.start, at.end);
    size_t seen = (size_t)map_get(&l->names, name);
    if (seen) {
        unsigned line = 0, col;
        hcl_range_pos(l->attrs.items[seen - 1].range, &line, &col);
        return parser_fail(p, range, "\"%.*s\" is set twice; it was set at line %u before",
                           (int)MIN(name.n, 64u), name.p, line);
    }
    struct hcl_attr attr = {.name = name, .name_range = range, .expr = parser_expr(p)};
    if (!attr.expr)
        return false;
    attr.range = parser_range(p, at.start, attr.expr->range.end);
    if (vec_push(&l->attrs, attr) < 0 ||
        map_put(&l->names, attr.name, (void *)l->attrs.n, NULL) < 0)
        return parser_fail_memory(p);
    return true;
}

static bool parse_labels(struct parser *p, struct hcl_block *block)
{
    VEC(struct hcl_label) labels = {0};
    for (;;) {
        struct tok t = parser_peek(p);
        struct hcl_label label = {0};
        if (t.kind == T_LBRACE) {
            break;
        } else if (t.kind == T_IDENT) {
            parser_next(p);
            label.text = parser_dup(p, t);
        } else if (t.kind == T_QUOTE) {
            parser_next(p);
            parser_quoted_label(p, t, &label.text);
        } else if (labels.n == 0) {
            parser_unexpected(p, t, "\"=\" for an attribute or \"{\" for a block");
        } else {
            parser_unexpected(p, t, "\"{\" or another label");
        }
        label.range = parser_range(p, t.start, p->pos);
        if (p->r == 0 && vec_push(&labels, label) < 0)
            parser_fail_memory(p);
        if (p->r < 0)
            break;
    }
    block->n_labels = labels.n;
    block->labels = arena_memdup(p->a, labels.items, labels.n * sizeof(*labels.items));
    vec_free(&labels);
    if (!block->labels)
        parser_fail_memory(p);
    return p->r == 0;
}

/* `name { attr = value }` on one line. HCL2 has one attribute here; more of them, with commas
 * between, and a block are HCL1, which files in use still have. */
static void parse_one_line(struct parser *p, struct body_lists *l)
{
    struct tok t = {0};
    do {
        if (!parse_item_of_body(p, l))
            return;
        t = parser_peek(p);
    } while (t.kind == T_COMMA && parser_next(p).kind == T_COMMA);
    if (t.kind != T_RBRACE)
        parser_unexpected(p, t, "\"}\", or a \",\" before another attribute on the same line");
}

static bool parse_block_body(struct parser *p, struct hcl_block *block)
{
    struct tok open;
    if (!parser_expect(p, T_LBRACE, "to open the block", &open) || !parser_enter(p, open.start))
        return false;
    block->body = parse_body(p, open.start);
    p->depth--;
    return block->body != NULL;
}

static bool parse_block(struct parser *p, struct body_lists *l, struct tok at, struct str type)
{
    struct hcl_block block = {.type = type, .type_range = parser_range(p, at.start, at.end)};
    if (!parse_labels(p, &block))
        return false;
    block.def_range = block.type_range;
    if (block.n_labels)
        block.def_range.end = block.labels[block.n_labels - 1].range.end;
    if (!parse_block_body(p, &block))
        return false;
    if (vec_push(&l->blocks, block) < 0)
        return parser_fail_memory(p);
    return true;
}

/* The name of an attribute or block. Quotes around it are HCL1, but unmistakable before "=". */
static bool parse_entry_name(struct parser *p, struct tok *ret, struct str *ret_name)
{
    *ret = parser_next(p);
    if (ret->kind == T_QUOTE) {
        if (!parser_quoted_label(p, *ret, ret_name))
            return false;
        ret->end = p->pos;
        if (parser_peek(p).kind != T_ASSIGN)
            return parser_fail(p, parser_range(p, ret->start, ret->end),
                               "only an attribute's name may be in quotes; \"=\" is missing");
        return true;
    }
    if (ret->kind != T_IDENT)
        return parser_unexpected(p, *ret, "an attribute or a block");
    *ret_name = parser_dup(p, *ret);
    return ret_name->p != NULL;
}

static bool parse_item_of_body(struct parser *p, struct body_lists *l)
{
    struct tok at;
    struct str name;
    if (!parse_entry_name(p, &at, &name))
        return false;
    struct tok t = parser_peek(p);
    if (t.kind == T_COLON)
        return parser_fail(p, parser_range(p, t.start, t.end),
                           "attributes are set with \"=\", not with \":\"");
    if (t.kind != T_ASSIGN)
        return parse_block(p, l, at, name);
    parser_next(p);
    return parse_attr(p, l, at, name);
}

/* One attribute or block and the line's end behind it. */
static void parse_entry(struct parser *p, struct body_lists *l)
{
    if (!parse_item_of_body(p, l))
        return;
    struct tok t = parser_peek(p);
    if (t.kind == T_NEWLINE)
        parser_next(p);
    else if (t.kind != T_EOF)
        parser_unexpected(p, t, "the end of the line behind an attribute or block");
}

static struct hcl_body *finish_body(struct parser *p, struct body_lists *l, uint32_t start)
{
    struct hcl_body *body = arena_new_of(p->a, struct hcl_body);
    if (!body)
        return parser_fail_memory(p);
    body->n_attrs = l->attrs.n;
    body->n_blocks = l->blocks.n;
    body->attrs = arena_memdup(p->a, l->attrs.items, l->attrs.n * sizeof(*l->attrs.items));
    body->blocks = arena_memdup(p->a, l->blocks.items, l->blocks.n * sizeof(*l->blocks.items));
    body->range = parser_range(p, start, p->pos);
    if (!body->attrs || !body->blocks)
        return parser_fail_memory(p);
    return body;
}

/* From behind "{" to behind "}". */
static struct hcl_body *parse_body(struct parser *p, uint32_t start)
{
    cleanup_with(body_lists_free) struct body_lists l = {0};
    struct tok t = parser_peek(p);
    if (t.kind != T_NEWLINE && t.kind != T_RBRACE && t.kind != T_EOF)
        parse_one_line(p, &l);
    while (p->r == 0) {
        t = parser_peek(p);
        if (t.kind == T_NEWLINE) {
            parser_next(p);
        } else if (t.kind == T_RBRACE) {
            parser_next(p);
            return finish_body(p, &l, start);
        } else if (t.kind == T_EOF) {
            return parser_fail(p, parser_range(p, start, start + 1),
                               "this block is not closed: \"}\" is missing");
        } else {
            parse_entry(p, &l);
        }
    }
    return NULL;
}

static struct hcl_body *parse_root(struct parser *p)
{
    cleanup_with(body_lists_free) struct body_lists l = {0};
    while (p->r == 0) {
        struct tok t = parser_peek(p);
        if (t.kind == T_EOF)
            return finish_body(p, &l, 0);
        if (t.kind == T_NEWLINE)
            parser_next(p);
        else
            parse_entry(p, &l);
    }
    return NULL;
}

int hcl_parse(struct arena *a, const char *filename, struct str src, struct hcl_body **ret,
              struct err *err)
{
    struct hcl_source *s;
    int r = hcl_source_new(a, filename, src, &s, err);
    if (r < 0)
        return r;
    struct parser p = {.a = a, .src = s, .err = err};
    struct hcl_body *body = parse_root(&p);
    if (p.r < 0)
        return p.r;
    *ret = body;
    return 0;
}

const struct hcl_attr *hcl_body_attr(const struct hcl_body *body, const char *name)
{
    for (size_t i = 0; i < body->n_attrs; i++)
        if (str_eqz(body->attrs[i].name, name))
            return &body->attrs[i];
    return NULL;
}
