// SPDX-License-Identifier: Apache-2.0
/* Expressions, by precedence climbing. */
#include <errno.h>

#include "base/vec.h"
#include "hcl/number.h"
#include "hcl/parse.h"

static const struct hcl_expr *parse_unary(struct parser *p);

struct hcl_expr *parser_node(struct parser *p, enum expr_kind kind, uint32_t start)
{
    struct hcl_expr *e = arena_new_of(p->a, struct hcl_expr);
    if (!e)
        return parser_fail_memory(p);
    e->kind = kind;
    e->height = 1;
    e->range = parser_range(p, start, p->pos);
    return e;
}

bool parser_adopt(struct parser *p, struct hcl_expr *e, const struct hcl_expr *child)
{
    e->range.end = MAX(p->pos, e->range.start);
    if (!child)
        return true;
    e->height = MAX(e->height, child->height + 1);
    if (e->height > HCL_DEPTH_MAX)
        return parser_fail(p, e->range, "nested more than %u levels deep", HCL_DEPTH_MAX);
    return true;
}

typedef VEC(const struct hcl_expr *) expr_list;

/* Moves the list into the node's arena and adopts all; frees the list. */
static const struct hcl_expr *finish_list(struct parser *p, struct hcl_expr *e, expr_list *l,
                                          const struct hcl_expr ***items, size_t *n)
{
    if (e && p->r == 0) {
        *n = l->n;
        *items = arena_memdup(p->a, l->items, l->n * sizeof(*l->items));
        if (!*items)
            parser_fail_memory(p);
        for (size_t i = 0; i < l->n && p->r == 0; i++)
            parser_adopt(p, e, l->items[i]);
        parser_adopt(p, e, NULL);
    }
    vec_free(l);
    return p->r == 0 ? e : NULL;
}

/* Separated by commas up to `close`, which is consumed; a last comma may stand alone. */
static void parse_items(struct parser *p, enum tok_kind close, expr_list *l, bool *ret_expand)
{
    for (;;) {
        if (parser_peek(p).kind == close)
            break;
        const struct hcl_expr *item = parser_expr(p);
        if (!item)
            return;
        if (vec_push(l, item) < 0) {
            parser_fail_memory(p);
            return;
        }
        struct tok t = parser_peek(p);
        if (t.kind == T_COMMA) {
            parser_next(p);
        } else if (t.kind == T_ELLIPSIS && ret_expand) {
            parser_next(p);
            *ret_expand = true;
            parser_expect(p, close, "after \"...\"", NULL);
            return;
        } else if (t.kind != close) {
            parser_unexpected(p, t,
                              close == T_RPAREN ? "\",\" or \")\" after an argument"
                                                : "\",\" or \"]\" after an element");
            return;
        }
    }
    parser_next(p);
}

static const struct hcl_expr *parse_call(struct parser *p, struct tok name)
{
    bool outer = p->skip_newlines;
    struct hcl_expr *e = parser_node(p, EX_CALL, name.start);
    expr_list l = {0};
    if (e) {
        parser_next(p);
        p->skip_newlines = true;
        e->call.name = parser_dup(p, name);
        e->call.name_range = parser_range(p, name.start, name.end);
        parse_items(p, T_RPAREN, &l, &e->call.expand);
        p->skip_newlines = outer;
    }
    return finish_list(p, e, &l, &e->call.args, &e->call.n);
}

static const struct hcl_expr *parse_tuple(struct parser *p, uint32_t start)
{
    bool outer = p->skip_newlines;
    p->skip_newlines = true;
    if (parser_is_word(p, parser_peek(p), "for")) {
        const struct hcl_expr *loop = parser_for(p, start, T_RBRACK);
        p->skip_newlines = outer;
        return loop;
    }
    struct hcl_expr *e = parser_node(p, EX_TUPLE, start);
    expr_list l = {0};
    parse_items(p, T_RBRACK, &l, NULL);
    p->skip_newlines = outer;
    return finish_list(p, e, &l, &e->list.items, &e->list.n);
}

/* A bare word as key means its own name; anything else is evaluated. */
static const struct hcl_expr *parse_key(struct parser *p)
{
    struct tok first = parser_peek(p);
    const struct hcl_expr *key = parser_expr(p);
    if (!key || first.kind != T_IDENT)
        return key;
    if (key->kind == EX_ATTR && key->root)
        return parser_fail(p, key->range,
                           "put this key in quotes if it is meant literally, or in parentheses to "
                           "use its value");
    if (key->kind != EX_VAR)
        return key;
    struct hcl_expr *lit = parser_node(p, EX_LIT, key->range.start);
    if (!lit)
        return NULL;
    lit->range = key->range;
    lit->lit = val_str(key->name);
    return lit;
}

static bool parse_item(struct parser *p, struct hcl_item *ret)
{
    ret->key = parse_key(p);
    if (!ret->key)
        return false;
    struct tok t = parser_peek(p);
    if (t.kind != T_ASSIGN && t.kind != T_COLON)
        return parser_unexpected(p, t, "\"=\" or \":\" after a key");
    parser_next(p);
    ret->value = parser_expr(p);
    if (!ret->value)
        return false;
    t = parser_peek(p);
    if (t.kind == T_COMMA || t.kind == T_NEWLINE)
        parser_next(p);
    else if (t.kind != T_RBRACE)
        return parser_unexpected(p, t, "\",\", a line break or \"}\" after a value");
    return true;
}

static const struct hcl_expr *parse_items_of_object(struct parser *p, struct hcl_expr *e)
{
    VEC(struct hcl_item) items = {0};
    while (p->r == 0) {
        struct tok t = parser_peek(p);
        struct hcl_item item;
        if (t.kind == T_NEWLINE) {
            parser_next(p);
            continue;
        }
        if (t.kind == T_RBRACE)
            break;
        if (t.kind == T_EOF)
            parser_unexpected(p, t, "\"}\" to close the object");
        else if (parse_item(p, &item) && vec_push(&items, item) < 0)
            parser_fail_memory(p);
    }
    parser_next(p);
    for (size_t i = 0; i < items.n && p->r == 0; i++)
        if (parser_adopt(p, e, items.items[i].key))
            parser_adopt(p, e, items.items[i].value);
    parser_adopt(p, e, NULL);
    e->object.n = items.n;
    e->object.items = arena_memdup(p->a, items.items, items.n * sizeof(*items.items));
    vec_free(&items);
    return p->r == 0 ? e : NULL;
}

static const struct hcl_expr *parse_object(struct parser *p, uint32_t start)
{
    bool outer = p->skip_newlines;
    const struct hcl_expr *e = NULL;
    p->skip_newlines = true;
    if (parser_is_word(p, parser_peek(p), "for")) {
        e = parser_for(p, start, T_RBRACE);
    } else {
        p->skip_newlines = false;
        struct hcl_expr *object = parser_node(p, EX_OBJECT, start);
        if (object)
            e = parse_items_of_object(p, object);
    }
    p->skip_newlines = outer;
    return e;
}

static bool parse_for_names(struct parser *p, struct hcl_expr *e)
{
    struct tok t;
    if (!parser_expect(p, T_IDENT, "for the loop", &t))
        return false;
    e->loop.val_name = parser_dup(p, t);
    if (parser_peek(p).kind == T_COMMA) {
        parser_next(p);
        if (!parser_expect(p, T_IDENT, "for the loop's value", &t))
            return false;
        e->loop.key_name = e->loop.val_name;
        e->loop.val_name = parser_dup(p, t);
    }
    t = parser_next(p);
    if (!parser_is_word(p, t, "in"))
        return parser_unexpected(p, t, "\"in\" after the loop's names");
    e->loop.coll = parser_expr(p);
    return e->loop.coll != NULL;
}

static bool parse_for_values(struct parser *p, struct hcl_expr *e, enum tok_kind close)
{
    e->loop.val = parser_expr(p);
    if (!e->loop.val)
        return false;
    struct tok t = parser_peek(p);
    if (close == T_RBRACE) {
        if (!parser_expect(p, T_FATARROW, "between key and value", NULL))
            return false;
        e->loop.key = e->loop.val;
        e->loop.val = parser_expr(p);
        if (!e->loop.val)
            return false;
        if (parser_peek(p).kind == T_ELLIPSIS) {
            parser_next(p);
            e->loop.group = true;
        }
    } else if (t.kind == T_FATARROW) {
        return parser_fail(p, parser_range(p, t.start, t.end),
                           "\"=>\" belongs to the {for ...} form; [for ...] makes a list");
    }
    if (!parser_is_word(p, parser_peek(p), "if"))
        return true;
    parser_next(p);
    e->loop.filter = parser_expr(p);
    return e->loop.filter != NULL;
}

const struct hcl_expr *parser_for(struct parser *p, uint32_t start, enum tok_kind close)
{
    struct hcl_expr *e = parser_node(p, EX_FOR, start);
    parser_next(p);
    if (!e || !parse_for_names(p, e) ||
        !parser_expect(p, T_COLON, "after the loop's collection", NULL) ||
        !parse_for_values(p, e, close) || !parser_expect(p, close, "to close the loop", NULL))
        return NULL;
    bool ok = parser_adopt(p, e, e->loop.coll) && parser_adopt(p, e, e->loop.key) &&
              parser_adopt(p, e, e->loop.val) && parser_adopt(p, e, e->loop.filter);
    return ok ? e : NULL;
}

static const struct hcl_expr *parse_literal(struct parser *p, struct tok t, struct val v)
{
    struct hcl_expr *e = parser_node(p, EX_LIT, t.start);
    if (e)
        e->lit = v;
    return e;
}

static const struct hcl_expr *parse_word(struct parser *p, struct tok t)
{
    if (parser_is_word(p, t, "true") || parser_is_word(p, t, "false"))
        return parse_literal(p, t, val_bool(t.end - t.start == 4));
    if (parser_is_word(p, t, "null"))
        return parse_literal(p, t, val_null());
    if (parser_peek(p).kind == T_LPAREN)
        return parse_call(p, t);
    struct hcl_expr *e = parser_node(p, EX_VAR, t.start);
    if (!e)
        return NULL;
    e->name = parser_dup(p, t);
    e->root = e;
    e->in_text = p->in_text == t.start + 1;
    return e->name.p ? e : NULL;
}

static const struct hcl_expr *parse_paren(struct parser *p, uint32_t start)
{
    bool outer = p->skip_newlines;
    p->skip_newlines = true;
    const struct hcl_expr *inner = parser_expr(p);
    if (!inner || !parser_expect(p, T_RPAREN, "to close the parenthesis", NULL))
        return NULL;
    p->skip_newlines = outer;
    struct hcl_expr *e = parser_node(p, EX_PAREN, start);
    if (!e || !parser_adopt(p, e, inner))
        return NULL;
    e->op.a = inner;
    return e;
}

static const struct hcl_expr *parse_number(struct parser *p, struct tok t)
{
    struct val v;
    struct tok after = lex_token(p->src->text, p->pos, false);
    if (after.kind == T_IDENT && after.start == t.end)
        return parser_fail(p, parser_range(p, t.start, after.end),
                           "\"%.*s\" is not a number; put it in quotes if it is a text",
                           (int)MIN(after.end - t.start, 64u), p->src->text.p + t.start);
    if (!number_parse(parser_text(p, t), &v))
        return parser_fail(p, parser_range(p, t.start, t.end), "this number is too large");
    return parse_literal(p, t, v);
}

static const struct hcl_expr *parse_primary(struct parser *p)
{
    struct tok t = parser_next(p);
    switch (t.kind) {
    case T_NUMBER:
        return parse_number(p, t);
    case T_IDENT:
        return parse_word(p, t);
    case T_QUOTE:
        return parser_quoted(p, t.start);
    case T_HEREDOC:
        return parser_heredoc(p, t);
    case T_LPAREN:
        return parse_paren(p, t.start);
    case T_LBRACK:
        return parse_tuple(p, t.start);
    case T_LBRACE:
        return parse_object(p, t.start);
    default:
        return parser_unexpected(p, t, "a value");
    }
}

static struct hcl_expr *new_access(struct parser *p, enum expr_kind kind,
                                   const struct hcl_expr *base, const struct hcl_expr *key)
{
    struct hcl_expr *e = parser_node(p, kind, base->range.start);
    if (!e || !parser_adopt(p, e, base) || !parser_adopt(p, e, key))
        return NULL;
    e->access.base = base;
    e->access.key = key;
    if (kind == EX_ATTR || (kind == EX_INDEX && key->kind == EX_LIT))
        e->root = base->root;
    return e;
}

/* Behind a dot: `.name` or the old `.0`, whose digits end before the next dot. */
static const struct hcl_expr *parse_member(struct parser *p, const struct hcl_expr *base)
{
    struct tok t = parser_next(p);
    if (t.kind == T_IDENT) {
        struct hcl_expr *e = new_access(p, EX_ATTR, base, NULL);
        if (!e)
            return NULL;
        e->access.name = parser_dup(p, t);
        return e->access.name.p ? e : NULL;
    }
    if (t.kind != T_NUMBER)
        return parser_unexpected(p, t, "a name after \".\"");
    const char *text = p->src->text.p;
    for (t.end = t.start; text[t.end] >= '0' && text[t.end] <= '9';)
        t.end++;
    p->pos = t.end;
    const struct hcl_expr *key = parse_number(p, t);
    return key ? new_access(p, EX_INDEX, base, key) : NULL;
}

static const struct hcl_expr *parse_postfix(struct parser *p, const struct hcl_expr *e);

static const struct hcl_expr *new_item(struct parser *p)
{
    return parser_node(p, EX_ITEM, p->pos);
}

/* `.*`: names behind it are taken of each item; an index is taken of the whole. */
static const struct hcl_expr *parse_attr_splat(struct parser *p, const struct hcl_expr *base)
{
    const struct hcl_expr *each = new_item(p);
    while (each && parser_peek(p).kind == T_DOT) {
        parser_next(p);
        each = parse_member(p, each);
    }
    return each ? new_access(p, EX_SPLAT, base, each) : NULL;
}

static const struct hcl_expr *parse_index(struct parser *p, const struct hcl_expr *base)
{
    bool outer = p->skip_newlines;
    p->skip_newlines = true;
    if (parser_peek(p).kind == T_STAR) {
        parser_next(p);
        if (!parser_expect(p, T_RBRACK, "after \"[*\"", NULL))
            return NULL;
        p->skip_newlines = outer;
        const struct hcl_expr *each = new_item(p);
        each = each ? parse_postfix(p, each) : NULL;
        return each ? new_access(p, EX_SPLAT, base, each) : NULL;
    }
    const struct hcl_expr *key = parser_expr(p);
    if (!key || !parser_expect(p, T_RBRACK, "after the index", NULL))
        return NULL;
    p->skip_newlines = outer;
    return new_access(p, EX_INDEX, base, key);
}

static const struct hcl_expr *parse_postfix(struct parser *p, const struct hcl_expr *e)
{
    if (!parser_enter(p, p->pos))
        return NULL;
    while (e) {
        struct tok t = parser_peek(p);
        if (t.kind == T_DOT) {
            parser_next(p);
            if (parser_peek(p).kind == T_STAR) {
                parser_next(p);
                e = parse_attr_splat(p, e);
            } else {
                e = parse_member(p, e);
            }
        } else if (t.kind == T_LBRACK) {
            parser_next(p);
            e = parse_index(p, e);
        } else {
            break;
        }
    }
    p->depth--;
    return e;
}

static const struct hcl_expr *parse_unary(struct parser *p)
{
    struct tok t = parser_peek(p);
    if (t.kind != T_MINUS && t.kind != T_NOT) {
        const struct hcl_expr *e = parse_primary(p);
        return e ? parse_postfix(p, e) : NULL;
    }
    parser_next(p);
    if (!parser_enter(p, t.start))
        return NULL;
    const struct hcl_expr *a = parse_unary(p);
    p->depth--;
    struct hcl_expr *e = a ? parser_node(p, EX_UNARY, t.start) : NULL;
    if (!e || !parser_adopt(p, e, a))
        return NULL;
    e->op.op = t.kind == T_MINUS ? OP_NEG : OP_NOT;
    e->op.a = a;
    return e;
}

static const struct binary {
    enum expr_op op;
    int level; /* higher binds tighter */
} binaries[T_MAX] = {
    [T_OR] = {OP_OR, 1},       [T_AND] = {OP_AND, 2},  [T_EQ] = {OP_EQ, 3},
    [T_NE] = {OP_NE, 3},       [T_LT] = {OP_LT, 4},    [T_LE] = {OP_LE, 4},
    [T_GT] = {OP_GT, 4},       [T_GE] = {OP_GE, 4},    [T_PLUS] = {OP_ADD, 5},
    [T_MINUS] = {OP_SUB, 5},   [T_STAR] = {OP_MUL, 6}, [T_SLASH] = {OP_DIV, 6},
    [T_PERCENT] = {OP_MOD, 6},
};

static const struct hcl_expr *parse_binary(struct parser *p, int level)
{
    const struct hcl_expr *a = parse_unary(p);
    while (a) {
        const struct binary *b = &binaries[parser_peek(p).kind];
        if (b->op == OP_NONE || b->level < level)
            break;
        parser_next(p);
        const struct hcl_expr *right = parse_binary(p, b->level + 1);
        struct hcl_expr *e = right ? parser_node(p, EX_BINARY, a->range.start) : NULL;
        if (!e || !parser_adopt(p, e, a) || !parser_adopt(p, e, right))
            return NULL;
        e->op.op = b->op;
        e->op.a = a;
        e->op.b = right;
        a = e;
    }
    return a;
}

static const struct hcl_expr *parse_cond(struct parser *p, const struct hcl_expr *test)
{
    parser_next(p);
    const struct hcl_expr *yes = parser_expr(p), *no = NULL;
    if (yes && parser_expect(p, T_COLON, "in the conditional expression", NULL))
        no = parser_expr(p);
    struct hcl_expr *e = no ? parser_node(p, EX_COND, test->range.start) : NULL;
    if (!e || !parser_adopt(p, e, test) || !parser_adopt(p, e, yes) || !parser_adopt(p, e, no))
        return NULL;
    e->cond.test = test;
    e->cond.yes = yes;
    e->cond.no = no;
    return e;
}

const struct hcl_expr *parser_expr(struct parser *p)
{
    if (!parser_enter(p, p->pos))
        return NULL;
    const struct hcl_expr *e = parse_binary(p, 1);
    if (e && parser_peek(p).kind == T_QUESTION)
        e = parse_cond(p, e);
    p->depth--;
    return e;
}

struct hcl_range hcl_expr_range(const struct hcl_expr *e)
{
    return e->range;
}

struct str hcl_expr_keyword(const struct hcl_expr *e)
{
    return e->kind == EX_VAR ? e->name : (struct str){0};
}
