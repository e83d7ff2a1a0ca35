// SPDX-License-Identifier: Apache-2.0
/* `variable`, `variables` and `locals` blocks, and the values given from outside. */
#include <stdio.h>

#include "hcl/fn.h"
#include "hcl/parse.h"
#include "hcl/type.h"

struct variable {
    struct str name;
    struct hcl_range range;
    const struct hcl_block *block; /* NULL for one of `variables` */
    const struct hcl_type *type;   /* NULL: not known, texts are taken literally */
    bool set;
    struct val value;
    struct hcl_range from; /* of the value */
};

struct loader {
    struct hcl_ctx *c;
    const struct hcl_options *opts;
    struct err *err;
    VEC(struct variable) vars;
    VEC(struct hcl_local) locals;
    struct map names; /* name -> place in vars + 1 */
};

static void loader_free(struct loader *l)
{
    vec_free(&l->vars);
    vec_free(&l->locals);
    map_free(&l->names);
}

static int oom(struct loader *l)
{
    return err_set(l->err, -ENOMEM, "out of memory");
}

static struct variable *find(struct loader *l, struct str name)
{
    size_t at = (size_t)map_get(&l->names, name);
    return at ? &l->vars.items[at - 1] : NULL;
}

static int declare(struct loader *l, struct variable v)
{
    if (find(l, v.name))
        return hcl_error(l->err, v.range, "variable \"" STR_FMT "\" is declared twice",
                         STR_ARG(v.name));
    if (vec_push(&l->vars, v) < 0 || map_put(&l->names, v.name, (void *)l->vars.n, NULL) < 0)
        return oom(l);
    return 0;
}

/* The weaker value is replaced. */
static int assign(struct loader *l, struct variable *v, struct hcl_range from, struct val value)
{
    struct site s = {l->c, from, l->err};
    int r = v->type ? hcl_type_convert(&s, v->type, value, &value) : 0;
    if (r == 0)
        r = site_weigh(&s, value);
    if (r < 0)
        return r;
    v->set = true;
    v->value = value;
    v->from = from;
    return 0;
}

static int default_value(struct loader *l, struct variable *v, const struct hcl_attr *a)
{
    struct val value;
    int r = expr_eval(l->c, NULL, a->expr, &value, l->err);
    if (r == 0)
        r = assign(l, v, a->expr->range, value);
    if (r == 0 && !v->type && value.type != VAL_NULL)
        v->type = hcl_type_of_default(value);
    return r;
}

static int read_attr(struct loader *l, struct variable *v, const struct hcl_attr *a)
{
    static const char *const known[] = {"type", "default", "description", "sensitive"};
    char hint[128];
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eqz(a->name, known[i]))
            return 0;
    return hcl_error(l->err, a->name_range, "a variable block has no attribute \"" STR_FMT "\"%s",
                     STR_ARG(a->name),
                     site_suggest(hint, sizeof(hint), a->name, known, ARRAY_LEN(known)));
}

static int check_blocks(struct loader *l, const struct hcl_block *b)
{
    for (size_t i = 0; i < b->body->n_blocks; i++) {
        const struct hcl_block *inner = &b->body->blocks[i];
        if (!str_eqz(inner->type, "validation"))
            return hcl_error(l->err, inner->type_range,
                             "a variable block holds only \"validation\" blocks");
    }
    return 0;
}

static int declare_block(struct loader *l, const struct hcl_block *b)
{
    if (b->n_labels != 1)
        return hcl_error(l->err, b->def_range, "a variable block has one label, its name");
    struct variable v = {.name = b->labels[0].text, .range = b->labels[0].range, .block = b};
    if (!lex_is_ident(v.name))
        return hcl_error(l->err, v.range,
                         "a variable's name starts with a letter or \"_\" and has only letters, "
                         "digits, \"_\" and \"-\"");
    int r = check_blocks(l, b);
    for (size_t i = 0; i < b->body->n_attrs && r == 0; i++)
        r = read_attr(l, &v, &b->body->attrs[i]);
    const struct hcl_attr *type = hcl_body_attr(b->body, "type");
    if (r == 0 && type)
        r = hcl_type_parse(l->c->a, type->expr, &v.type, l->err);
    const struct hcl_attr *fallback = hcl_body_attr(b->body, "default");
    if (r == 0 && fallback)
        r = default_value(l, &v, fallback);
    return r < 0 ? r : declare(l, v);
}

static int declare_many(struct loader *l, const struct hcl_block *b)
{
    if (b->body->n_blocks)
        return hcl_error(l->err, b->body->blocks[0].type_range,
                         "\"variables\" holds only attributes: name = default");
    for (size_t i = 0; i < b->body->n_attrs; i++) {
        const struct hcl_attr *a = &b->body->attrs[i];
        struct variable v = {.name = a->name, .range = a->name_range};
        int r = default_value(l, &v, a);
        if (r == 0)
            r = declare(l, v);
        if (r < 0)
            return r;
    }
    return 0;
}

static int declare_locals(struct loader *l, const struct hcl_block *b)
{
    if (b->body->n_blocks)
        return hcl_error(l->err, b->body->blocks[0].type_range,
                         "\"locals\" holds only attributes: name = value");
    for (size_t i = 0; i < b->body->n_attrs; i++) {
        const struct hcl_attr *a = &b->body->attrs[i];
        if (vec_push(&l->locals, ((struct hcl_local){.name = a->name, .attr = a})) < 0)
            return oom(l);
    }
    return 0;
}

static int local_order(const void *x, const void *y)
{
    const struct hcl_local *a = x, *b = y;
    int order = str_cmp(a->name, b->name);
    if (order)
        return order;
    return a->attr->range.start < b->attr->range.start ? -1 : 1;
}

static int finish_locals(struct loader *l)
{
    if (l->locals.n == 0)
        return 0;
    qsort(l->locals.items, l->locals.n, sizeof(*l->locals.items), local_order);
    for (size_t i = 1; i < l->locals.n; i++)
        if (str_eq(l->locals.items[i].name, l->locals.items[i - 1].name))
            return hcl_error(l->err, l->locals.items[i].attr->name_range,
                             "local \"" STR_FMT "\" is defined twice",
                             STR_ARG(l->locals.items[i].name));
    l->c->n_locals = l->locals.n;
    l->c->locals = arena_memdup(l->c->a, l->locals.items, l->locals.n * sizeof(*l->locals.items));
    return l->c->locals ? 0 : oom(l);
}

static int declare_all(struct loader *l, const struct hcl_body *root)
{
    for (size_t i = 0; root && i < root->n_blocks; i++) {
        const struct hcl_block *b = &root->blocks[i];
        int r = 0;
        if (str_eqz(b->type, "variable"))
            r = declare_block(l, b);
        else if (str_eqz(b->type, "variables"))
            r = declare_many(l, b);
        else if (str_eqz(b->type, "locals"))
            r = declare_locals(l, b);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The text of -var or the environment: literal for simple types, else an expression. */
static int assign_text(struct loader *l, struct variable *v, const char *where, struct str text)
{
    struct hcl_source *src;
    struct val value;
    bool literal = !v->type || v->type->kind == TY_STRING || v->type->kind == TY_NUMBER;
    char name[160];
    snprintf(name, sizeof(name), "<value for var.%.*s from %s>", (int)MIN(v->name.n, 64u),
             v->name.p, where);
    int r = hcl_source_new(l->c->a, name, text, &src, l->err);
    if (r < 0)
        return r;
    struct hcl_range from = {src, 0, (uint32_t)src->text.n};
    if (literal)
        return assign(l, v, from, val_str(src->text));
    struct parser p = {.a = l->c->a, .src = src, .err = l->err, .skip_newlines = true};
    const struct hcl_expr *e = parser_expr(&p);
    struct tok rest = parser_peek(&p);
    if (e && rest.kind != T_EOF)
        parser_unexpected(&p, rest, "the end of the value");
    if (p.r < 0)
        return p.r;
    r = expr_eval(l->c, NULL, e, &value, l->err);
    return r < 0 ? r : assign(l, v, from, value);
}

static bool split(const char *entry, struct str *ret_name, struct str *ret_text)
{
    const char *eq = strchr(entry, '=');
    if (!eq)
        return false;
    *ret_name = str_n(entry, (size_t)(eq - entry));
    *ret_text = str_of(eq + 1);
    return true;
}

static int assign_env(struct loader *l)
{
    static const char prefix[] = "NOMAD_VAR_";
    for (const char *const *e = l->opts->env; e && *e; e++) {
        struct str name, text;
        if (!has_prefix(*e, prefix) || !split(*e + strlen(prefix), &name, &text))
            continue;
        struct variable *v = find(l, name);
        int r = v ? assign_text(l, v, "env", text) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static const char *suggest_var(struct loader *l, char *buf, size_t size, struct str name)
{
    const char *names[64];
    size_t n = 0;
    for (; n < MIN(l->vars.n, ARRAY_LEN(names)); n++)
        names[n] = l->vars.items[n].name.p;
    return site_suggest(buf, size, name, names, n);
}

static int assign_vars(struct loader *l)
{
    for (const char *const *e = l->opts->vars; e && *e; e++) {
        struct str name, text;
        char hint[128];
        if (!split(*e, &name, &text))
            return err_set(l->err, -EINVAL, "-var \"%.64s\": expected name=value", *e);
        struct variable *v = find(l, name);
        if (!v && !l->opts->ignore_undeclared)
            return err_set(l->err, -EINVAL,
                           "-var \"%.*s\": the job file declares no such variable%s",
                           (int)MIN(name.n, 64u), name.p, suggest_var(l, hint, sizeof(hint), name));
        int r = v ? assign_text(l, v, "arguments", text) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int undeclared(struct loader *l, struct str name, struct hcl_range at)
{
    char hint[128];
    if (l->opts->ignore_undeclared)
        return 0;
    return hcl_error(l->err, at, "the job file declares no variable \"%.*s\"%s",
                     (int)MIN(name.n, 64u), name.p, suggest_var(l, hint, sizeof(hint), name));
}

static bool is_json(struct str s)
{
    s = text_trim_left(s);
    return s.n && s.p[0] == '{';
}

static int assign_json(struct loader *l, const struct hcl_var_file *f)
{
    struct hcl_source *src;
    struct val v;
    int r = hcl_source_new(l->c->a, f->name, f->text, &src, l->err);
    if (r < 0)
        return r;
    struct hcl_range at = {src, 0, 0};
    struct site s = {l->c, at, l->err};
    r = hcl_json_read(&s, src->text, "this file", &v);
    for (size_t i = 0; r == 0 && i < v.map.n; i++) {
        struct variable *var = find(l, v.map.entries[i].key);
        r = var ? assign(l, var, at, v.map.entries[i].value)
                : undeclared(l, v.map.entries[i].key, at);
        if (r < 0 && var)
            return err_wrap(l->err, r, "variable \"" STR_FMT "\"", STR_ARG(var->name));
    }
    return r;
}

static int assign_hcl(struct loader *l, const struct hcl_var_file *f)
{
    struct hcl_body *body;
    int r = hcl_parse(l->c->a, f->name, f->text, &body, l->err);
    if (r < 0)
        return r;
    if (body->n_blocks && str_eqz(body->blocks[0].type, "variable"))
        return hcl_error(l->err, body->blocks[0].type_range,
                         "variables are declared in the job file; this file sets their values: "
                         "name = value");
    if (body->n_blocks)
        return hcl_error(l->err, body->blocks[0].type_range,
                         "a file of values holds only attributes: name = value");
    for (size_t i = 0; i < body->n_attrs && r == 0; i++) {
        const struct hcl_attr *a = &body->attrs[i];
        struct variable *v = find(l, a->name);
        struct val value;
        r = v ? expr_eval(l->c, NULL, a->expr, &value, l->err)
              : undeclared(l, a->name, a->name_range);
        if (r == 0 && v)
            r = assign(l, v, a->expr->range, value);
    }
    return r;
}

static int assign_files(struct loader *l)
{
    for (size_t i = 0; i < l->opts->n_var_files; i++) {
        const struct hcl_var_file *f = &l->opts->var_files[i];
        int r = is_json(f->text) ? assign_json(l, f) : assign_hcl(l, f);
        if (r < 0)
            return r;
    }
    return 0;
}

static int collect(struct loader *l)
{
    size_t n = l->vars.n;
    struct val_entry *e = arena_array(l->c->a, struct val_entry, n);
    if (!e)
        return oom(l);
    for (size_t i = 0; i < n; i++) {
        const struct variable *v = &l->vars.items[i];
        if (!v->set)
            return hcl_error(l->err, v->range,
                             "variable \"" STR_FMT "\" has no value: give it a default, or set it "
                             "with -var, a -var-file or NOMAD_VAR_" STR_FMT,
                             STR_ARG(v->name), STR_ARG(v->name));
        e[i] = (struct val_entry){v->name, v->value};
    }
    l->c->vars = val_map_of(e, n);
    return 0;
}

/* A condition may look at its own variable only: it is evaluated where nothing else is known. */
static int validate(struct loader *l, const struct variable *v, const struct hcl_block *b)
{
    const struct hcl_attr *test = hcl_body_attr(b->body, "condition");
    const struct hcl_attr *text = hcl_body_attr(b->body, "error_message");
    if (!test || !text)
        return hcl_error(l->err, b->type_range,
                         "a validation block needs \"condition\" and \"error_message\"");
    struct hcl_ctx *c = l->c;
    struct val vars = c->vars, result, message;
    struct val_entry own = {v->name, v->value};
    bool ok = false, allow_fs = c->allow_fs;
    struct site s = {c, test->expr->range, l->err}, t = {c, text->expr->range, l->err};
    struct str words;
    size_t n_locals = c->n_locals;
    c->vars = val_map_of(&own, 1);
    c->n_locals = 0;
    c->allow_fs = false;
    int r = expr_eval(c, NULL, test->expr, &result, l->err);
    if (r == 0)
        r = site_bool(&s, result, "the condition", &ok);
    if (r == 0 && !ok)
        r = expr_eval(c, NULL, text->expr, &message, l->err);
    c->vars = vars;
    c->n_locals = n_locals;
    c->allow_fs = allow_fs;
    if (r < 0 || ok)
        return r;
    r = site_text(&t, message, "the error message", &words);
    if (r < 0)
        return r;
    return hcl_error(l->err, v->from, "invalid value for variable \"" STR_FMT "\": %.*s",
                     STR_ARG(v->name), (int)MIN(words.n, 400u), words.p);
}

static int validate_all(struct loader *l)
{
    for (size_t i = 0; i < l->vars.n; i++) {
        const struct variable *v = &l->vars.items[i];
        for (size_t k = 0; v->block && k < v->block->body->n_blocks; k++) {
            int r = validate(l, v, &v->block->body->blocks[k]);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static int load(struct loader *l, const struct hcl_body *root)
{
    static int (*const steps[])(struct loader *) = {
        assign_env, assign_files, assign_vars, collect, finish_locals, validate_all,
    };
    int r = declare_all(l, root);
    for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
        r = steps[i](l);
    return r;
}

int hcl_load_variables(struct arena *a, const struct hcl_body *root, const struct hcl_options *opts,
                       struct hcl_ctx **ret, struct err *err)
{
    static const struct hcl_options none;
    struct hcl_ctx *c = arena_new_of(a, struct hcl_ctx);
    if (!c)
        return err_set(err, -ENOMEM, "out of memory");
    opts = opts ? opts : &none;
    c->a = a;
    c->arena_base = arena_bytes(a);
    c->vars.type = VAL_MAP;
    c->allow_fs = opts->allow_fs;
    c->keep_unknown = opts->keep_unknown;
    c->base_dir = opts->base_dir ? opts->base_dir : ".";
    cleanup_with(loader_free) struct loader l = {.c = c, .opts = opts, .err = err};
    int r = load(&l, root);
    if (r == 0)
        *ret = c;
    return r;
}
