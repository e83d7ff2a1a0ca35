// SPDX-License-Identifier: Apache-2.0
/* Objects with every field set, for tests that hold for all schemas. */
#pragma once
#include "tests/unit/cmocka_all.h"
#include "tests/unit/model/all_schemas.h"

/* Fills every field with something that is not its default. */
static void *filled(const struct schema *s, struct arena *a, int depth, int salt);

static void fill_field(const struct field *f, struct arena *a, void *obj, int depth, int salt)
{
    void *p = field_ptr(f, obj);
    const char *text = arena_printf(a, "%s-%d", f->name, salt);
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        *(bool *)p = !(f->def && streq(f->def, "true"));
        break;
    case FT_TRI:
        *(int8_t *)p = f->def && streq(f->def, "true") ? 0 : 1;
        break;
    case FT_INT:
    case FT_DUR:
    case FT_TIME:
        *(int64_t *)p = 1000000007 + salt + f->num;
        break;
    case FT_UINT:
        *(uint64_t *)p = UINT64_MAX - f->num - (uint64_t)salt;
        break;
    case FT_NUM:
        *(double *)p = 0.5 + salt;
        break;
    case FT_STR:
        *(const char **)p = text;
        break;
    case FT_ENUM:
        *(int32_t *)p = (*(int32_t *)p + 1) % (int32_t)f->texts->n;
        break;
    case FT_UUID:
        memset(p, f->num + salt, sizeof(struct uuid));
        break;
    case FT_BYTES:
        *(struct str *)p = str_n("a\0b", 3);
        break;
    case FT_STRS:
        strs_add(a, p, text);
        strs_add(a, p, "second");
        break;
    case FT_INTS:
        ((struct ints *)p)->items = arena_array(a, int64_t, 2);
        ((struct ints *)p)->items[0] = -5 - salt;
        ((struct ints *)p)->n = 2;
        break;
    case FT_UUIDS:
        uuids_add(a, p, &(struct uuid){{(uint8_t)(1 + salt)}});
        break;
    case FT_SMAP:
        smap_set(a, p, "zeta", text);
        smap_set(a, p, "alpha", "");
        break;
    case FT_IMAP:
        imap_set(a, p, "dc1", 3 + salt);
        break;
    case FT_BMAP:
        imap_set(a, p, arena_printf(a, "class%d", salt), 1);
        break;
    case FT_NMAP:
        nmap_set(a, p, "binpack", 0.25 + salt);
        break;
    case FT_VAL: {
        struct val_entry *e = arena_array(a, struct val_entry, 2);
        e[0] = (struct val_entry){str_of("command"), val_str(str_of(text))};
        e[1] = (struct val_entry){str_of("args"), {.type = VAL_LIST}};
        *(struct val *)p = val_map_of(e, 2);
        break;
    }
    case FT_OBJ:
        if (!(f->flags & FF_REF) && depth < 8)
            *(void **)p = filled(f->sub, a, depth + 1, salt);
        break;
    case FT_OBJS:
        if (depth >= 8) /* a type that contains itself */
            break;
        objs_add(a, p, filled(f->sub, a, depth + 1, salt));
        break;
    case FT_OMAP:
        omap_set(a, p, "one", filled(f->sub, a, depth + 1, salt));
        break;
    case FT_OLMAP: {
        struct objs *l = arena_new_of(a, struct objs);
        objs_add(a, l, filled(f->sub, a, depth + 1, salt));
        omap_set(a, p, "one", l);
        break;
    }
    default:
        fail_msg("unknown type");
    }
}

static void *filled(const struct schema *s, struct arena *a, int depth, int salt)
{
    void *obj = model_new(s, a);
    for (size_t i = 0; i < s->n_fields; i++)
        fill_field(&s->fields[i], a, obj, depth, salt);
    return obj;
}

/* Calls fn for each field of the object and of all objects in it. */
static inline void each_field(const struct schema *s, void *obj,
                              void (*fn)(const struct field *f, void *obj))
{
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        void *p = field_ptr(f, obj);
        fn(f, obj);
        if (f->type == FT_OBJ && *(void **)p)
            each_field(f->sub, *(void **)p, fn);
        else if (f->type == FT_OBJS)
            for (size_t k = 0; k < ((struct objs *)p)->n; k++)
                each_field(f->sub, ((struct objs *)p)->items[k], fn);
        else if (f->type == FT_OMAP)
            for (size_t k = 0; k < ((struct omap *)p)->n; k++)
                each_field(f->sub, ((struct omap *)p)->items[k].value, fn);
    }
}
