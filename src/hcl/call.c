// SPDX-License-Identifier: Apache-2.0
/* Function calls: the table of all functions, and the three that see expressions. */
#include "hcl/fn.h"

#include <stdarg.h>
#include <stdio.h>

#include "hcl/type.h"

static const struct fn *const tables[] = {
    fn_number, fn_string, fn_format, fn_collection, fn_set,   fn_encode,
    fn_crypto, fn_cidr,   fn_date,   fn_file,       fn_regex,
};

static const char *const unsupported[] = {"bcrypt", "rsadecrypt", "yamldecode", "csvdecode"};

static struct hcl_range arg_range(const struct call *c, size_t i)
{
    size_t n = c->e->call.n;
    return n ? c->e->call.args[MIN(i, n - 1)]->range : c->s.range;
}

int fn_fail(const struct call *c, int i, const char *fmt, ...)
{
    if (!c->s.err)
        return -EINVAL;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return hcl_error(c->s.err, i < 0 ? c->s.range : arg_range(c, (size_t)i), "%s(): %s", c->name,
                     text);
}

struct what {
    char z[64];
};

static struct what arg_name(const struct call *c, size_t i)
{
    struct what w;
    snprintf(w.z, sizeof(w.z), "argument %zu of %.32s()", i + 1, c->name);
    return w;
}

static struct site arg_site(const struct call *c, size_t i)
{
    return (struct site){c->s.c, arg_range(c, i), c->s.err};
}

int fn_text(const struct call *c, size_t i, struct str *ret)
{
    struct site s = arg_site(c, i);
    return site_text(&s, c->args[i], arg_name(c, i).z, ret);
}

int fn_num(const struct call *c, size_t i, struct val *ret)
{
    struct site s = arg_site(c, i);
    return site_number(&s, c->args[i], arg_name(c, i).z, ret);
}

int fn_int(const struct call *c, size_t i, int64_t *ret)
{
    struct val v;
    int r = fn_num(c, i, &v);
    if (r == 0 && !number_whole(v, ret))
        r = fn_fail(c, (int)i, "argument %zu must be a whole number", i + 1);
    return r;
}

int fn_bool(const struct call *c, size_t i, bool *ret)
{
    struct site s = arg_site(c, i);
    return site_bool(&s, c->args[i], arg_name(c, i).z, ret);
}

static int fn_typed(const struct call *c, size_t i, enum val_type type, const char *word,
                    struct val *ret)
{
    if (c->args[i].type != type)
        return fn_fail(c, (int)i, "argument %zu must be a %s, not %s%s", i + 1, word,
                       c->args[i].type == VAL_NULL ? "" : "a ", val_type_name(c->args[i]));
    *ret = c->args[i];
    return 0;
}

int fn_list(const struct call *c, size_t i, struct val *ret)
{
    return fn_typed(c, i, VAL_LIST, "list", ret);
}

int fn_map(const struct call *c, size_t i, struct val *ret)
{
    return fn_typed(c, i, VAL_MAP, "map", ret);
}

int fn_list_text(const struct call *c, size_t i, size_t k, struct str *ret)
{
    struct site s = arg_site(c, i);
    char what[96];
    snprintf(what, sizeof(what), "element %zu of argument %zu of %.32s()", k, i + 1, c->name);
    return site_text(&s, c->args[i].list.items[k], what, ret);
}

/* try(a, b, ...): the first that evaluates; can(a): whether it does. The budget's end is no error
 * that they catch. */
static int call_try(const struct site *s, const struct hcl_scope *sc, const struct hcl_expr *e,
                    struct val *ret)
{
    bool can = str_eqz(e->call.name, "can");
    if (e->call.n == 0 || (can && e->call.n > 1) || e->call.expand)
        return site_fail(s, can ? "can() takes one argument" : "try() takes at least one argument");
    for (size_t i = 0; i < e->call.n; i++) {
        struct val v;
        bool last = !can && i + 1 == e->call.n;
        int r = expr_eval(s->c, sc, e->call.args[i], &v, last ? s->err : NULL);
        if (s->c->exhausted)
            return site_work(s, 1);
        if (can) {
            *ret = val_bool(r == 0);
            return 0;
        }
        if (r == 0)
            *ret = v;
        if (r == 0 || last)
            return r;
    }
    return -EINVAL;
}

/* convert(value, type): the second argument is a type expression. */
static int call_convert(const struct site *s, const struct hcl_scope *sc, const struct hcl_expr *e,
                        struct val *ret)
{
    const struct hcl_type *type;
    struct val v;
    if (e->call.n != 2 || e->call.expand)
        return site_fail(s, "convert() takes a value and a type");
    struct site at = {s->c, e->call.args[0]->range, s->err};
    int r = hcl_type_parse(s->c->a, e->call.args[1], &type, s->err);
    if (r == 0)
        r = expr_eval(s->c, sc, e->call.args[0], &v, s->err);
    return r < 0 ? r : hcl_type_convert(&at, type, v, ret);
}

static const struct fn *find_fn(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct fn *f = tables[i]; f->name; f++)
            if (str_eqz(name, f->name))
                return f;
    return NULL;
}

static int unknown_fn(struct hcl_ctx *c, const struct hcl_expr *e, struct err *err)
{
    enum { NAMES_MAX = 160 };
    const char *names[NAMES_MAX] = {"can", "convert", "try"};
    size_t n = 3;
    char hint[128];
    struct site s = {c, e->call.name_range, err};
    if (!err)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_LEN(unsupported); i++)
        if (str_eqz(e->call.name, unsupported[i]))
            return site_fail(&s, "not supported: the function %s()", unsupported[i]);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct fn *f = tables[i]; f->name && n < NAMES_MAX; f++)
            names[n++] = f->name;
    return site_fail(&s, "there is no function \"%.*s\"%s", (int)MIN(e->call.name.n, 64u),
                     e->call.name.p, site_suggest(hint, sizeof(hint), e->call.name, names, n));
}

typedef VEC(struct val) val_list;

static void val_list_free(val_list *l)
{
    vec_free(l);
}

static int add_arg(const struct site *s, struct val v, val_list *args)
{
    if (args->n >= HCL_VALUE_MAX)
        return site_fail(s, "more than %u arguments", HCL_VALUE_MAX);
    return vec_push(args, v) < 0 ? err_set(s->err, -ENOMEM, "out of memory") : 0;
}

static int eval_args(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                     val_list *args, struct err *err)
{
    for (size_t i = 0; i < e->call.n; i++) {
        struct site s = {c, e->call.args[i]->range, err};
        struct val v;
        bool expand = e->call.expand && i + 1 == e->call.n;
        int r = expr_eval(c, sc, e->call.args[i], &v, err);
        if (r == 0 && expand && v.type != VAL_LIST)
            r = site_fail(&s, "only a list can be expanded with \"...\", not a %s",
                          val_type_name(v));
        if (r == 0 && !expand)
            r = add_arg(&s, v, args);
        for (size_t k = 0; r == 0 && expand && k < v.list.n; k++)
            r = add_arg(&s, v.list.items[k], args);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_count(const struct call *c, const struct fn *f)
{
    if (c->n >= f->min && (f->max == FN_ANY || c->n <= f->max))
        return 0;
    if (f->min == f->max)
        return fn_fail(c, FN_CALL, "takes %d argument%s, not %zu", f->min, f->min == 1 ? "" : "s",
                       c->n);
    if (f->max == FN_ANY)
        return fn_fail(c, FN_CALL, "takes at least %d argument%s", f->min, f->min == 1 ? "" : "s");
    return fn_fail(c, FN_CALL, "takes %d to %d arguments, not %zu", f->min, f->max, c->n);
}

int expr_call(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
              struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    if (str_eqz(e->call.name, "try") || str_eqz(e->call.name, "can"))
        return call_try(&s, sc, e, ret);
    if (str_eqz(e->call.name, "convert"))
        return call_convert(&s, sc, e, ret);
    const struct fn *f = find_fn(e->call.name);
    if (!f)
        return unknown_fn(c, e, err);
    cleanup_with(val_list_free) val_list args = {0};
    int r = eval_args(c, sc, e, &args, err);
    if (r < 0)
        return r;
    struct call call = {.s = s, .name = f->name, .args = args.items, .n = args.n, .e = e};
    r = check_count(&call, f);
    return r < 0 ? r : f->run(&call, ret);
}
