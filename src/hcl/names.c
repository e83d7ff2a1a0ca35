// SPDX-License-Identifier: Apache-2.0
/* What names mean: loop variables, var, local, runtime references. */
#include <stdio.h>

#include "hcl/eval.h"

static const char *const runtime_roots[] = {"attr", "meta", "node", "env", "device"};

static const struct val *scope_get(const struct hcl_scope *sc, struct str name)
{
    for (; sc; sc = sc->up)
        if (str_eq(sc->name, name))
            return &sc->value;
    return NULL;
}

/* The names of environment variables, which are known only where the task runs. */
static bool is_upper_name(struct str s)
{
    bool letter = false;
    for (size_t i = 0; i < s.n; i++) {
        bool upper = s.p[i] >= 'A' && s.p[i] <= 'Z', digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!upper && !digit && s.p[i] != '_')
            return false;
        letter |= upper;
    }
    return letter;
}

static bool is_runtime(const struct hcl_ctx *c, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(runtime_roots); i++)
        if (str_eqz(name, runtime_roots[i]))
            return true;
    return c->keep_unknown || str_has_prefix(name, "NOMAD_") || is_upper_name(name);
}

static struct hcl_local *find_local(const struct hcl_ctx *c, struct str name)
{
    size_t lo = 0, hi = c->n_locals;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = str_cmp(c->locals[mid].name, name);
        if (order == 0)
            return &c->locals[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static bool is_near(struct str name, struct str known)
{
    size_t limit = name.n >= 6 ? 2 : 1;
    return name.n >= 3 && name.n <= 40 && known.n <= 40 &&
           edit_distance(name, known, limit) <= limit;
}

/* A lone ${name} may belong to a script or template that the task gets; only one that looks like
 * a name known here is taken for a typing error. */
static bool is_misspelt(const struct hcl_ctx *c, const struct hcl_scope *sc, struct str name)
{
    bool near = is_near(name, str_of("var")) || is_near(name, str_of("local"));
    for (; sc; sc = sc->up)
        near |= is_near(name, sc->name);
    for (size_t i = 0; i < c->vars.map.n && !near; i++)
        near = is_near(name, c->vars.map.entries[i].key);
    for (size_t i = 0; i < c->n_locals && !near; i++)
        near = is_near(name, c->locals[i].name);
    return near;
}

static int unknown_name(const struct site *s, const struct hcl_scope *sc, struct str name)
{
    enum { NAMES_MAX = 32 };
    const char *names[NAMES_MAX] = {"var", "local"};
    size_t n = 2;
    char hint[128];
    if (!s->err)
        return -EINVAL;
    if (val_get(s->c->vars, name))
        return site_fail(s, "unknown name \"" STR_FMT "\"; did you mean \"var." STR_FMT "\"?",
                         STR_ARG(name), STR_ARG(name));
    if (find_local(s->c, name))
        return site_fail(s, "unknown name \"" STR_FMT "\"; did you mean \"local." STR_FMT "\"?",
                         STR_ARG(name), STR_ARG(name));
    for (size_t i = 0; i < ARRAY_LEN(runtime_roots); i++)
        names[n++] = runtime_roots[i];
    for (; sc && n < NAMES_MAX; sc = sc->up)
        names[n++] = sc->name.p;
    site_suggest(hint, sizeof(hint), name, names, n);
    return site_fail(s, "unknown name \"%.*s\"%s", (int)MIN(name.n, 64u), name.p,
                     hint[0] ? hint
                             : " (known are var, local and what is resolved at run time: attr, "
                               "meta, node, env, device, NOMAD_... and names in UPPER CASE)");
}

static int runtime_text(const struct site *s, const struct hcl_expr *e, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    buf_addz(&b, "${");
    buf_add(&b, e->range.src->text.p + e->range.start, e->range.end - e->range.start);
    buf_addc(&b, '}');
    return site_buf(s, &b, ret);
}

int expr_local(struct hcl_ctx *c, struct hcl_local *l, struct val *ret, struct err *err)
{
    struct site s = {c, l->attr->name_range, err};
    if (l->state == LOCAL_BUSY)
        return site_fail(&s, "local \"" STR_FMT "\" depends on itself", STR_ARG(l->name));
    if (l->state == LOCAL_NEW) {
        struct val v, item = c->item;
        l->state = LOCAL_BUSY;
        int r = expr_eval(c, NULL, l->attr->expr, &v, err);
        c->item = item;
        if (r == 0)
            r = site_weigh(&s, v);
        l->state = r < 0 ? LOCAL_NEW : LOCAL_DONE;
        if (r < 0)
            return r;
        l->value = v;
    }
    *ret = l->value;
    return 0;
}

static int local_by_name(const struct site *s, struct str name, struct val *ret)
{
    struct hcl_local *l = find_local(s->c, name);
    if (l)
        return expr_local(s->c, l, ret, s->err);
    const char *names[64];
    size_t n = 0;
    char hint[128];
    if (!s->err)
        return -EINVAL;
    for (; n < MIN(s->c->n_locals, ARRAY_LEN(names)); n++)
        names[n] = s->c->locals[n].name.p;
    return site_fail(s, "there is no local \"%.*s\"%s", (int)MIN(name.n, 64u), name.p,
                     site_suggest(hint, sizeof(hint), name, names, n));
}

static int all_locals(const struct site *s, struct val *ret)
{
    size_t n = s->c->n_locals;
    struct val_entry *e = site_alloc(s, n, sizeof(*e));
    if (!e)
        return site_oom(s);
    for (size_t i = 0; i < n; i++) {
        e[i].key = s->c->locals[i].name;
        int r = expr_local(s->c, &s->c->locals[i], &e[i].value, s->err);
        if (r < 0)
            return r;
    }
    *ret = val_map_of(e, n);
    return 0;
}

int expr_name(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
              struct val *ret, struct err *err)
{
    struct site s = {c, e->range, err};
    const struct val *bound = scope_get(sc, e->name);
    if (bound) {
        *ret = *bound;
        return 0;
    }
    if (str_eqz(e->name, "var")) {
        *ret = c->vars;
        return 0;
    }
    if (str_eqz(e->name, "local"))
        return all_locals(&s, ret);
    if (is_runtime(c, e->name))
        return runtime_text(&s, e, ret);
    int r = e->in_text ? site_work(&s, c->vars.map.n + c->n_locals) : 0;
    if (r < 0)
        return r;
    return e->in_text && !is_misspelt(c, sc, e->name) ? runtime_text(&s, e, ret)
                                                      : unknown_name(&s, sc, e->name);
}

static int missing_key(const struct site *s, struct val map, struct str key)
{
    const char *names[64];
    size_t n = 0;
    char hint[128];
    if (!s->err)
        return -EINVAL;
    for (; n < MIN(map.map.n, ARRAY_LEN(names)); n++)
        names[n] = map.map.entries[n].key.p;
    bool vars = map.map.entries == s->c->vars.map.entries;
    return site_fail(s,
                     vars ? "variable \"%.*s\" is not declared%s" : "there is no \"%.*s\" here%s",
                     (int)MIN(key.n, 64u), key.p, site_suggest(hint, sizeof(hint), key, names, n));
}

int site_attr(const struct site *s, struct val base, struct str name, struct val *ret)
{
    if (base.type == VAL_MAP) {
        const struct val *v = val_get(base, name);
        if (!v)
            return missing_key(s, base, name);
        *ret = *v;
        return 0;
    }
    if (base.type == VAL_LIST)
        return site_fail(s,
                         "this is a list: take one element with [0], or \"" STR_FMT
                         "\" of each with [*]." STR_FMT,
                         STR_ARG(name), STR_ARG(name));
    return site_fail(s, "a %s has no \"" STR_FMT "\"", val_type_name(base), STR_ARG(name));
}

static int list_index(const struct site *s, struct val base, struct val key, struct val *ret)
{
    struct val n;
    int64_t i;
    int r = site_number(s, key, "the index of a list", &n);
    if (r < 0)
        return r;
    if (!number_whole(n, &i))
        return site_fail(s, "the index of a list must be a whole number");
    if (i < 0 || (uint64_t)i >= base.list.n)
        return site_fail(s, "there is no element %lld in a list of %zu", (long long)i, base.list.n);
    *ret = base.list.items[i];
    return 0;
}

int site_index(const struct site *s, struct val base, struct val key, struct val *ret)
{
    if (base.type == VAL_LIST)
        return list_index(s, base, key, ret);
    if (base.type != VAL_MAP)
        return site_fail(s, "only lists and maps can be indexed, not a %s", val_type_name(base));
    struct str k;
    int r = site_text(s, key, "the key of a map", &k);
    return r < 0 ? r : site_attr(s, base, k, ret);
}

static int access_key(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                      struct val *ret, struct err *err)
{
    if (e->kind == EX_INDEX)
        return expr_eval(c, sc, e->access.key, ret, err);
    *ret = val_str(e->access.name);
    return 0;
}

int expr_access(struct hcl_ctx *c, const struct hcl_scope *sc, const struct hcl_expr *e,
                struct val *ret, struct err *err)
{
    const struct hcl_expr *base = e->access.base, *root = e->root;
    struct site s = {c, e->range, err};
    struct val b, key;
    bool bound = root && scope_get(sc, root->name);
    if (root && !bound && !str_eqz(root->name, "var") && !str_eqz(root->name, "local")) {
        struct site at = {c, root->range, err};
        return is_runtime(c, root->name) ? runtime_text(&s, e, ret)
                                         : unknown_name(&at, sc, root->name);
    }
    bool of_local =
        base->kind == EX_VAR && str_eqz(base->name, "local") && !scope_get(sc, base->name);
    int r = of_local ? 0 : expr_eval(c, sc, base, &b, err);
    if (r == 0)
        r = access_key(c, sc, e, &key, err);
    if (r < 0)
        return r;
    if (of_local) {
        struct str name;
        r = site_text(&s, key, "the name of a local", &name);
        return r < 0 ? r : local_by_name(&s, name, ret);
    }
    return e->kind == EX_ATTR ? site_attr(&s, b, e->access.name, ret) : site_index(&s, b, key, ret);
}
