// SPDX-License-Identifier: Apache-2.0
/* Defaults, emptiness, copy, equality and change class, driven by the field tables. */
#include "model/schema.h"

#include <errno.h>

const char *enum_text(const struct enum_def *d, int32_t v)
{
    return v >= 0 && (size_t)v < d->n ? d->texts[v] : "";
}

int enum_parse(const struct enum_def *d, struct str s, int32_t *ret)
{
    for (size_t i = 0; i < d->n; i++)
        if (str_eqz(s, d->texts[i])) {
            *ret = (int32_t)i;
            return 0;
        }
    return -EINVAL;
}

const struct field *schema_field(const struct schema *s, struct str go_name)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (str_eqz(go_name, s->fields[i].name))
            return &s->fields[i];
    return NULL;
}

static bool all_zero(const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        if (b[i])
            return false;
    return true;
}

bool field_is_empty(const struct field *f, const void *obj)
{
    const void *p = field_ptr(f, obj);
    switch ((enum ftype)f->type) {
    case FT_STR:
        return isempty(*(const char *const *)p);
    case FT_TRI:
        return *(const int8_t *)p == TRI_UNSET;
    case FT_INT:
    case FT_DUR:
        return *(const int64_t *)p == (f->flags & FF_OPT ? INT_UNSET : 0);
    case FT_BYTES:
        return ((const struct str *)p)->n == 0;
    case FT_VAL: {
        const struct val *v = p;
        return v->type == VAL_NULL || (v->type == VAL_MAP && v->map.n == 0);
    }
    case FT_STRS:
    case FT_INTS:
    case FT_UUIDS:
    case FT_SMAP:
    case FT_IMAP:
    case FT_BMAP:
    case FT_NMAP:
    case FT_OBJS:
    case FT_OMAP:
    case FT_OLMAP:
        return ((const struct strs *)p)->n == 0; /* all lists have {items, n} */
    default:
        return all_zero(p, f->size);
    }
}

void field_set_default(const struct field *f, void *obj)
{
    void *p = field_ptr(f, obj);
    int64_t i = 0;
    memset(p, 0, f->size);
    switch ((enum ftype)f->type) {
    case FT_TRI:
        *(int8_t *)p = !f->def ? TRI_UNSET : streq(f->def, "true");
        break;
    case FT_BOOL:
        *(bool *)p = f->def && streq(f->def, "true");
        break;
    case FT_INT:
    case FT_UINT:
        if (f->def && parse_i64(str_of(f->def), &i) < 0)
            assert(!"default is no number");
        *(int64_t *)p = !f->def && f->flags & FF_OPT ? INT_UNSET : i;
        break;
    case FT_DUR:
        if (f->def && duration_parse(str_of(f->def), &i) < 0)
            assert(!"default is no duration");
        *(int64_t *)p = !f->def && f->flags & FF_OPT ? INT_UNSET : i;
        break;
    case FT_STR:
        *(const char **)p = f->def;
        break;
    case FT_ENUM:
        if (f->def && enum_parse(f->texts, str_of(f->def), (int32_t *)p) < 0)
            assert(!"default is no value of the enumeration");
        break;
    default:
        assert(!f->def);
    }
}

void *model_new(const struct schema *s, struct arena *a)
{
    void *obj = arena_alloc(a, s->size);
    for (size_t i = 0; obj && i < s->n_fields; i++)
        field_set_default(&s->fields[i], obj);
    return obj;
}

/* Element sizes of the {items, n} types; 0 for the others. */
static size_t item_size(enum ftype t)
{
    switch (t) {
    case FT_STRS:
        return sizeof(const char *);
    case FT_INTS:
        return sizeof(int64_t);
    case FT_UUIDS:
        return sizeof(struct uuid);
    case FT_SMAP:
        return sizeof(struct skv);
    case FT_IMAP:
    case FT_BMAP:
        return sizeof(struct ikv);
    case FT_NMAP:
        return sizeof(struct nkv);
    case FT_OBJS:
        return sizeof(void *);
    case FT_OMAP:
    case FT_OLMAP:
        return sizeof(struct okv);
    default:
        return 0;
    }
}

static int copy_str(struct arena *a, const char **z)
{
    if (!*z)
        return 0;
    *z = arena_strdup(a, *z);
    return *z ? 0 : -ENOMEM;
}

static int copy_objs(const struct schema *sub, struct arena *a, struct objs *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (!(l->items[i] = model_copy(sub, a, l->items[i])))
            return -ENOMEM;
    return 0;
}

static int copy_item(const struct field *f, struct arena *a, void *item)
{
    switch ((enum ftype)f->type) {
    case FT_STRS:
        return copy_str(a, item);
    case FT_SMAP: {
        struct skv *kv = item;
        return copy_str(a, &kv->key) < 0 ? -ENOMEM : copy_str(a, &kv->value);
    }
    case FT_IMAP:
    case FT_BMAP:
        return copy_str(a, &((struct ikv *)item)->key);
    case FT_NMAP:
        return copy_str(a, &((struct nkv *)item)->key);
    case FT_OBJS:
        *(void **)item = model_copy(f->sub, a, *(void **)item);
        return *(void **)item ? 0 : -ENOMEM;
    case FT_OMAP: {
        struct okv *kv = item;
        kv->value = model_copy(f->sub, a, kv->value);
        return kv->value ? copy_str(a, &kv->key) : -ENOMEM;
    }
    case FT_OLMAP: {
        struct okv *kv = item;
        struct objs *l = arena_memdup(a, kv->value, sizeof(*l));
        if (!l || !(l->items = arena_memdup(a, l->items, l->n * sizeof(*l->items))))
            return -ENOMEM;
        kv->value = l;
        return copy_objs(f->sub, a, l) < 0 ? -ENOMEM : copy_str(a, &kv->key);
    }
    default:
        return 0;
    }
}

/* The member was copied bit by bit; give it memory of its own. */
static int own_field(const struct field *f, struct arena *a, void *p)
{
    size_t size = item_size(f->type);
    if (size) {
        struct strs *l = p;
        char *items = l->n ? arena_memdup(a, l->items, l->n * size) : NULL;
        if (l->n && !items)
            return -ENOMEM;
        l->items = (const char **)(void *)items;
        for (size_t i = 0; i < l->n; i++)
            if (copy_item(f, a, items + i * size) < 0)
                return -ENOMEM;
        return 0;
    }
    switch ((enum ftype)f->type) {
    case FT_STR:
        return copy_str(a, p);
    case FT_BYTES: {
        struct str *s = p;
        s->p = s->n ? arena_strndup(a, s->p, s->n) : NULL;
        return s->n && !s->p ? -ENOMEM : 0;
    }
    case FT_VAL:
        return val_copy(a, *(struct val *)p, p);
    case FT_OBJ:
        if (!*(void **)p || f->flags & FF_REF)
            return 0;
        *(void **)p = model_copy(f->sub, a, *(void **)p);
        return *(void **)p ? 0 : -ENOMEM;
    default:
        return 0;
    }
}

int model_copy_into(const struct schema *s, struct arena *a, void *to, const void *from)
{
    memmove(to, from, s->size);
    for (size_t i = 0; i < s->n_fields; i++)
        if (own_field(&s->fields[i], a, field_ptr(&s->fields[i], to)) < 0)
            return -ENOMEM;
    return 0;
}

void *model_copy(const struct schema *s, struct arena *a, const void *obj)
{
    void *to = arena_alloc(a, s->size);
    return to && model_copy_into(s, a, to, obj) == 0 ? to : NULL;
}

static bool items_equal(const struct field *f, const void *a, const void *b, bool bookkeeping)
{
    switch ((enum ftype)f->type) {
    case FT_STRS:
        return streq(*(const char *const *)a, *(const char *const *)b);
    case FT_SMAP: {
        const struct skv *x = a, *y = b;
        return streq(x->key, y->key) && streq(x->value, y->value);
    }
    case FT_IMAP:
    case FT_BMAP: {
        const struct ikv *x = a, *y = b;
        return streq(x->key, y->key) && x->value == y->value;
    }
    case FT_NMAP: {
        const struct nkv *x = a, *y = b;
        return streq(x->key, y->key) && x->value == y->value;
    }
    case FT_OBJS:
        return model_equal(f->sub, *(void *const *)a, *(void *const *)b, bookkeeping);
    case FT_OMAP: {
        const struct okv *x = a, *y = b;
        return streq(x->key, y->key) && model_equal(f->sub, x->value, y->value, bookkeeping);
    }
    case FT_OLMAP: {
        const struct okv *x = a, *y = b;
        const struct objs *l = x->value, *m = y->value;
        if (!streq(x->key, y->key) || l->n != m->n)
            return false;
        for (size_t i = 0; i < l->n; i++)
            if (!model_equal(f->sub, l->items[i], m->items[i], bookkeeping))
                return false;
        return true;
    }
    default:
        return memcmp(a, b, item_size(f->type)) == 0;
    }
}

static bool field_equal(const struct field *f, const void *a, const void *b, bool bookkeeping)
{
    const void *p = field_ptr(f, a), *q = field_ptr(f, b);
    size_t size = item_size(f->type);
    if (size) {
        const struct strs *l = p, *m = q;
        if (l->n != m->n)
            return false;
        for (size_t i = 0; i < l->n; i++)
            if (!items_equal(f, (const char *)l->items + i * size,
                             (const char *)m->items + i * size, bookkeeping))
                return false;
        return true;
    }
    switch ((enum ftype)f->type) {
    case FT_STR:
        return streq(*(const char *const *)p, *(const char *const *)q);
    case FT_BYTES:
        return str_eq(*(const struct str *)p, *(const struct str *)q);
    case FT_VAL:
        return (field_is_empty(f, a) && field_is_empty(f, b)) ||
               val_eq(*(const struct val *)p, *(const struct val *)q);
    case FT_OBJ:
        return model_equal(f->sub, *(void *const *)p, *(void *const *)q, bookkeeping);
    default:
        return memcmp(p, q, f->size) == 0;
    }
}

bool model_equal(const struct schema *s, const void *a, const void *b, bool bookkeeping)
{
    if (a == b)
        return true;
    if (!a || !b)
        return false;
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (f->flags & FF_REF || (f->change == CHG_NONE && !bookkeeping))
            continue;
        if (!field_equal(f, a, b, bookkeeping))
            return false;
    }
    return true;
}

static enum change stronger(enum change a, enum change b)
{
    return a > b ? a : b;
}

/* An object that appears or vanishes changes each of its fields that differ from the default. */
static enum change change_against_default(const struct schema *s, const void *obj)
{
    struct arena *a = arena_new(s->size);
    void *blank = a ? model_new(s, a) : NULL;
    enum change c = blank ? model_change(s, blank, obj) : CHG_DESTROY;
    arena_free(a);
    return c;
}

static const struct field *key_field(const struct schema *s)
{
    const struct field *key = NULL;
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].flags & FF_KEY) {
            if (key)
                return NULL; /* several: the whole object is its identity */
            key = &s->fields[i];
        }
    return key && key->type == FT_STR ? key : NULL;
}

static const void *find_keyed(const struct field *key, const struct objs *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (streq(*(const char **)field_ptr(key, l->items[i]), name))
            return l->items[i];
    return NULL;
}

/* Nested lists: objects are matched by name where they have one, else by position. A new or lost
 * named object, or another number of unnamed ones, is a destructive change. */
static enum change change_of_list(const struct field *f, const struct objs *a, const struct objs *b)
{
    const struct field *key = key_field(f->sub);
    enum change c = 0;
    if (a->n != b->n)
        return CHG_DESTROY;
    for (size_t i = 0; i < b->n; i++) {
        const void *old =
            key ? find_keyed(key, a, *(const char **)field_ptr(key, b->items[i])) : a->items[i];
        if (!old)
            return CHG_DESTROY;
        c = stronger(c, model_change(f->sub, old, b->items[i]));
    }
    return c;
}

enum change model_change(const struct schema *s, const void *a, const void *b)
{
    enum change c = 0;
    if (a == b)
        return 0;
    if (!a || !b)
        return change_against_default(s, a ? a : b);
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (f->change == CHG_NONE || f->flags & FF_REF || field_equal(f, a, b, false))
            continue;
        if (f->change != CHG_NESTED)
            c = stronger(c, f->change);
        else if (f->type == FT_OBJ)
            c = stronger(
                c, model_change(f->sub, *(void **)field_ptr(f, a), *(void **)field_ptr(f, b)));
        else if (f->type == FT_OBJS)
            c = stronger(c, change_of_list(f, field_ptr(f, a), field_ptr(f, b)));
        else
            c = CHG_DESTROY;
    }
    return c;
}
