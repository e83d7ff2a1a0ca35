// SPDX-License-Identifier: Apache-2.0
/* The evaluation's budget, and conversions. */
#include <stdio.h>

#include "hcl/eval.h"

/* The budget is gone, perhaps inside of a try() that keeps no message. */
static int again(const struct site *s)
{
    hcl_error(s->err, s->range, "evaluating this file takes too much work or memory");
    return s->c->exhausted;
}

int site_work(const struct site *s, size_t n)
{
    struct hcl_ctx *c = s->c;
    if (c->exhausted)
        return again(s);
    if (n > HCL_STEPS_MAX - c->steps)
        return c->exhausted = site_fail(s, "evaluating this file takes too many steps");
    c->steps += (unsigned)n;
    return 0;
}

void *site_alloc(const struct site *s, size_t n, size_t size)
{
    struct hcl_ctx *c = s->c;
    size_t bytes;
    if (c->exhausted) {
        again(s);
        return NULL;
    }
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > HCL_MEMORY_MAX ||
        arena_bytes(c->a) - c->arena_base + bytes > HCL_MEMORY_MAX) {
        c->exhausted = site_fail(s, "evaluating this file takes more than %u MiB of memory",
                                 HCL_MEMORY_MAX >> 20);
        return NULL;
    }
    void *p = arena_alloc(c->a, bytes);
    if (!p)
        c->exhausted = err_set(s->err, -ENOMEM, "out of memory");
    return p;
}

int site_oom(const struct site *s)
{
    return s->c->exhausted ? s->c->exhausted : err_set(s->err, -ENOMEM, "out of memory");
}

int site_str(const struct site *s, struct str text, struct val *ret)
{
    if (text.n > HCL_STRING_MAX)
        return site_fail(s, "this makes a text of more than %u MiB", HCL_STRING_MAX >> 20);
    int r = site_work(s, 1 + text.n / 64);
    if (r < 0)
        return r;
    char *p = site_alloc(s, text.n + 1, 1);
    if (!p)
        return site_oom(s);
    if (text.n)
        memcpy(p, text.p, text.n);
    *ret = val_str(str_n(p, text.n));
    return 0;
}

int site_buf(const struct site *s, const struct buf *b, struct val *ret)
{
    if (b->failed)
        return err_set(s->err, -ENOMEM, "out of memory");
    return site_str(s, buf_str(b), ret);
}

int site_grown(const struct site *s, const struct buf *b)
{
    if (b->n > HCL_STRING_MAX)
        return site_fail(s, "this makes a text of more than %u MiB", HCL_STRING_MAX >> 20);
    return 0;
}

int site_list(const struct site *s, const struct val *items, size_t n, struct val *ret)
{
    int r = site_work(s, n + 1);
    if (r < 0)
        return r;
    if (n > HCL_VALUE_MAX)
        return site_fail(s, "this makes a list of more than %u elements", HCL_VALUE_MAX);
    struct val v = {.type = VAL_LIST};
    v.list.n = n;
    v.list.items = site_alloc(s, n, sizeof(*items));
    if (!v.list.items)
        return site_oom(s);
    if (n)
        memcpy(v.list.items, items, n * sizeof(*items));
    *ret = v;
    return 0;
}

int site_map(const struct site *s, const struct val_entry *entries, size_t n, struct val *ret)
{
    int r = site_work(s, 4 * n + 1);
    if (r < 0)
        return r;
    if (n > HCL_VALUE_MAX)
        return site_fail(s, "this makes a map of more than %u elements", HCL_VALUE_MAX);
    struct val_entry *e = site_alloc(s, n, sizeof(*e));
    if (!e)
        return site_oom(s);
    if (n)
        memcpy(e, entries, n * sizeof(*e));
    *ret = val_map_of(e, n);
    return 0;
}

static int weigh(const struct site *s, struct val v, unsigned depth, size_t *count)
{
    int r = site_work(s, 1);
    if (r < 0)
        return r;
    if (depth > HCL_DEPTH_MAX)
        return site_fail(s, "this value is nested more than %u levels deep", HCL_DEPTH_MAX);
    if (++*count > HCL_VALUE_MAX)
        return site_fail(s, "this value has more than %u elements", HCL_VALUE_MAX);
    for (size_t i = 0; v.type == VAL_LIST && i < v.list.n && r == 0; i++)
        r = weigh(s, v.list.items[i], depth + 1, count);
    for (size_t i = 0; v.type == VAL_MAP && i < v.map.n && r == 0; i++)
        r = weigh(s, v.map.entries[i].value, depth + 1, count);
    return r;
}

int site_weigh(const struct site *s, struct val v)
{
    size_t count = 0;
    return weigh(s, v, 1, &count);
}

static int equal(const struct site *s, struct val a, struct val b, unsigned depth, bool *ret)
{
    int r = site_work(s, 1 + (a.type == VAL_STR ? a.s.n / 64 : 0));
    if (r < 0)
        return r;
    if (depth > WALK_DEPTH_MAX)
        return site_fail(s, "this value is nested too deep to be compared");
    *ret = false;
    if (a.type == VAL_LIST && b.type == VAL_LIST) {
        *ret = a.list.n == b.list.n;
        for (size_t i = 0; *ret && i < a.list.n && r == 0; i++)
            r = equal(s, a.list.items[i], b.list.items[i], depth + 1, ret);
    } else if (a.type == VAL_MAP && b.type == VAL_MAP) {
        *ret = a.map.n == b.map.n;
        for (size_t i = 0; *ret && i < a.map.n && r == 0; i++) {
            *ret = str_eq(a.map.entries[i].key, b.map.entries[i].key);
            if (*ret)
                r = equal(s, a.map.entries[i].value, b.map.entries[i].value, depth + 1, ret);
        }
    } else {
        *ret = val_eq(a, b);
    }
    return r;
}

int site_equal(const struct site *s, struct val a, struct val b, bool *ret)
{
    return equal(s, a, b, 1, ret);
}

static int type_error(const struct site *s, struct val v, const char *what, const char *wanted)
{
    if (v.type == VAL_NULL)
        return site_fail(s, "%s must be a %s, but it is null", what, wanted);
    if (v.type == VAL_STR)
        return site_fail(s, "%s must be a %s, not the text \"%.*s\"", what, wanted,
                         (int)MIN(v.s.n, 64u), v.s.p);
    return site_fail(s, "%s must be a %s, not a %s", what, wanted, val_type_name(v));
}

int site_text(const struct site *s, struct val v, const char *what, struct str *ret)
{
    if (v.type == VAL_STR) {
        *ret = v.s;
        return 0;
    }
    if (v.type == VAL_BOOL) {
        *ret = str_of(v.b ? "true" : "false");
        return 0;
    }
    if (!val_is_number(v))
        return type_error(s, v, what, "string");
    cleanup_buf struct buf b = {0};
    struct val text;
    number_add(&b, v);
    int r = site_buf(s, &b, &text);
    if (r == 0)
        *ret = text.s;
    return r;
}

int site_number(const struct site *s, struct val v, const char *what, struct val *ret)
{
    if (val_is_number(v)) {
        *ret = v;
        return 0;
    }
    if (v.type == VAL_STR && number_parse(v.s, ret))
        return 0;
    return type_error(s, v, what, "number");
}

bool text_to_bool(struct str s, bool *ret)
{
    bool yes = str_eqz(s, "true") || str_eqz(s, "1"), no = str_eqz(s, "false") || str_eqz(s, "0");
    if (yes || no)
        *ret = yes;
    return yes || no;
}

int site_bool(const struct site *s, struct val v, const char *what, bool *ret)
{
    if (v.type == VAL_BOOL) {
        *ret = v.b;
        return 0;
    }
    if (v.type == VAL_STR && text_to_bool(v.s, ret))
        return 0;
    return type_error(s, v, what, "bool");
}

const char *site_suggest(char *buf, size_t n, struct str word, const char *const *names,
                         size_t n_names)
{
    const char *best = nearest_name(word, names, n_names);
    buf[0] = '\0';
    if (best)
        snprintf(buf, n, "; did you mean \"%.64s\"?", best);
    return buf;
}
