// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/model/filled.h"

static const size_t type_sizes[FT_MAX] = {
    [FT_BOOL] = sizeof(bool),
    [FT_TRI] = sizeof(int8_t),
    [FT_INT] = 8,
    [FT_UINT] = 8,
    [FT_NUM] = 8,
    [FT_DUR] = 8,
    [FT_TIME] = 8,
    [FT_STR] = sizeof(char *),
    [FT_ENUM] = 4,
    [FT_UUID] = sizeof(struct uuid),
    [FT_BYTES] = sizeof(struct str),
    [FT_STRS] = sizeof(struct strs),
    [FT_INTS] = sizeof(struct ints),
    [FT_UUIDS] = sizeof(struct uuids),
    [FT_SMAP] = sizeof(struct smap),
    [FT_IMAP] = sizeof(struct imap),
    [FT_BMAP] = sizeof(struct imap),
    [FT_NMAP] = sizeof(struct nmap),
    [FT_VAL] = sizeof(struct val),
    [FT_OBJ] = sizeof(void *),
    [FT_OBJS] = sizeof(struct objs),
    [FT_OMAP] = sizeof(struct omap),
    [FT_OLMAP] = sizeof(struct omap),
};

/* A member that no table entry covers would be missing from every codec, from copy, equality, diff
 * and the in-place decision: sizes of the fields plus alignment must fill the struct. */
static void every_member_is_in_its_table(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all_schemas); i++) {
        const struct schema *s = all_schemas[i];
        char *used = calloc(1, s->size);
        for (size_t k = 0; k < s->n_fields; k++) {
            const struct field *f = &s->fields[k];
            for (size_t o = f->offset; o < f->offset + f->size; o++) {
                if (used[o])
                    fail_msg("%s.%s overlaps another field", s->name, f->name);
                used[o] = 1;
            }
        }
        for (size_t o = 0, gap = 0; o <= s->size; o++) {
            if (o < s->size && !used[o]) {
                gap++;
                continue;
            }
            if (gap >= 8 || (gap && o % 4 && o < s->size))
                fail_msg("%s: %zu bytes before offset %zu belong to no field", s->name, gap, o);
            gap = 0;
        }
        free(used);
    }
}

static void tables_are_well_formed(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all_schemas); i++) {
        const struct schema *s = all_schemas[i];
        for (size_t k = 0; k < s->n_fields; k++) {
            const struct field *f = &s->fields[k];
            if (f->size != type_sizes[f->type])
                fail_msg("%s.%s: %u bytes do not fit its type", s->name, f->name, f->size);
            if (f->change < CHG_NONE || f->change > CHG_DESTROY)
                fail_msg("%s.%s: nobody said what its change means", s->name, f->name);
            bool wants_sub = f->type == FT_OBJ || f->type == FT_OBJS || f->type == FT_OMAP ||
                             f->type == FT_OLMAP;
            if (wants_sub != !!f->sub || (f->type == FT_ENUM) != !!f->texts)
                fail_msg("%s.%s: sub-schema or texts missing", s->name, f->name);
            if (f->num == 0 || !f->name)
                fail_msg("%s field %zu has no number or name", s->name, k);
            for (size_t j = 0; j < k; j++)
                if (s->fields[j].num == f->num || streq(s->fields[j].name, f->name))
                    fail_msg("%s.%s: number or name used twice", s->name, f->name);
        }
    }
}

static void every_field_survives_copy_and_binary_form(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all_schemas); i++) {
        const struct schema *s = all_schemas[i];
        struct arena *a = arena_new(0), *b = arena_new(0);
        void *obj = filled(s, a, 0, 0), *back = NULL;
        struct buf bytes = {0};
        void *copy = model_copy(s, b, obj);
        model_encode(s, obj, &bytes);
        assert_false(bytes.failed);
        struct reader r = reader_of(bytes.p, bytes.n);
        assert_int_equal(model_decode(s, b, &r, &back), 0);
        arena_free(a); /* what the copies share with the original would be found by ASan */
        if (!model_equal(s, copy, back, true))
            fail_msg("%s: copy and binary form differ", s->name);
        for (size_t cut = 0; cut < bytes.n; cut += 1 + bytes.n / 200) {
            r = reader_of(bytes.p, cut);
            (void)model_decode(s, b, &r, &back);
        }
        buf_free(&bytes);
        arena_free(b);
    }
}

/* For each field of each type: change it alone and see equality and the change decision notice. */
static void no_field_is_missing_from_equality_or_the_change_decision(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all_schemas); i++) {
        const struct schema *s = all_schemas[i];
        for (size_t k = 0; k < s->n_fields; k++) {
            const struct field *f = &s->fields[k];
            struct arena *a = arena_new(0);
            void *one = filled(s, a, 0, 0), *two = model_copy(s, a, one);
            if (f->flags & FF_REF) {
                arena_free(a);
                continue;
            }
            memset(field_ptr(f, two), 0, f->size);
            field_set_default(f, two);
            if (model_equal(s, one, two, true))
                fail_msg("%s.%s: equality does not see it", s->name, f->name);
            enum change c = model_change(s, one, two);
            enum change want = f->change == CHG_NONE ? 0 : f->change;
            if (f->change == CHG_NESTED ? (c != CHG_INPLACE && c != CHG_DESTROY) : c != want)
                fail_msg("%s.%s: change class %d, want %d", s->name, f->name, c, want);
            assert_int_equal(model_equal(s, one, two, false), f->change == CHG_NONE);
            arena_free(a);
        }
    }
}

static void defaults_need_no_bytes_and_come_back(void **state)
{
    struct arena *a = arena_new(0);
    struct buf bytes = {0};
    struct job *j = model_new(&job_schema, a), *back;
    assert_int_equal(j->priority, 50);
    assert_string_equal(j->region, "global");
    model_encode(&job_schema, j, &bytes);
    assert_int_equal(bytes.n, 0);
    j->priority = 0;
    j->region = "";
    model_encode(&job_schema, j, &bytes);
    struct reader r = reader_of(bytes.p, bytes.n);
    assert_int_equal(model_decode(&job_schema, a, &r, (void **)&back), 0);
    assert_int_equal(back->priority, 0);
    assert_string_equal(back->region, "");
    buf_free(&bytes);
    arena_free(a);
}

static void unknown_field_numbers_are_skipped(void **state)
{
    struct arena *a = arena_new(0);
    struct buf b = {0};
    struct port *p;
    buf_add_varint(&b, 999 << 3 | 2);
    buf_add_varint(&b, 3);
    buf_addz(&b, "new");
    buf_add_varint(&b, 998 << 3 | 0);
    buf_add_varint(&b, 12345);
    buf_add_varint(&b, 2 << 3 | 0);
    buf_add_varint(&b, 2 * 8080);
    struct reader r = reader_of(b.p, b.n);
    assert_int_equal(model_decode(&port_schema, a, &r, (void **)&p), 0);
    assert_int_equal(p->value, 8080);
    buf_free(&b);
    arena_free(a);
}

static void a_task_count_or_driver_change_is_destructive_a_count_change_is_not(void **state)
{
    struct arena *a = arena_new(0);
    struct task_group *one = filled(&task_group_schema, a, 0, 0), *two;
    two = model_copy(&task_group_schema, a, one);
    assert_int_equal(model_change(&task_group_schema, one, two), 0);
    two->count = 3;
    assert_int_equal(model_change(&task_group_schema, one, two), CHG_INPLACE);
    ((struct task *)two->tasks.items[0])->driver = "docker";
    assert_int_equal(model_change(&task_group_schema, one, two), CHG_DESTROY);
    two = model_copy(&task_group_schema, a, one);
    objs_add(a, &two->tasks, model_new(&task_schema, a));
    assert_int_equal(model_change(&task_group_schema, one, two), CHG_DESTROY);
    arena_free(a);
}

static void usage_counts_lifecycle_tasks_once(void **state)
{
    struct arena *a = arena_new(0);
    struct allocated_resources *r = model_new(&allocated_resources_schema, a);
    static const struct {
        const char *name, *hook;
        bool sidecar;
        int64_t cpu;
    } tasks[] = {
        {"main1", NULL, false, 100},      {"main2", NULL, false, 200},
        {"init", "prestart", false, 400}, {"side", "prestart", true, 50},
        {"after", "poststop", false, 10},
    };
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        struct allocated_task *t = model_new(&allocated_task_schema, a);
        t->cpu = model_new(&allocated_cpu_schema, a);
        t->cpu->shares = tasks[i].cpu;
        omap_set(a, &r->tasks, tasks[i].name, t);
        if (tasks[i].hook) {
            struct lifecycle *lc = model_new(&lifecycle_schema, a);
            lc->hook = tasks[i].hook;
            lc->sidecar = tasks[i].sidecar;
            omap_set(a, &r->task_lifecycles, tasks[i].name, lc);
        }
    }
    assert_int_equal(alloc_usage(r).cpu, 450);
    assert_int_equal(alloc_name_index("example.cache[12]"), 12);
    assert_int_equal(alloc_name_index("example.cache"), -1);
    arena_free(a);
}

static void computed_class_ignores_unique_keys(void **state)
{
    struct arena *a = arena_new(0);
    struct node *n = model_new(&node_schema, a);
    n->datacenter = "dc1";
    smap_set(a, &n->attributes, "kernel.name", "linux");
    const char *before = node_computed_class(a, n);
    smap_set(a, &n->attributes, "unique.hostname", "h1");
    assert_string_equal(node_computed_class(a, n), before);
    smap_set(a, &n->attributes, "cpu.arch", "amd64");
    assert_string_not_equal(node_computed_class(a, n), before);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_well_formed),
        cmocka_unit_test(every_member_is_in_its_table),
        cmocka_unit_test(every_field_survives_copy_and_binary_form),
        cmocka_unit_test(no_field_is_missing_from_equality_or_the_change_decision),
        cmocka_unit_test(defaults_need_no_bytes_and_come_back),
        cmocka_unit_test(unknown_field_numbers_are_skipped),
        cmocka_unit_test(a_task_count_or_driver_change_is_destructive_a_count_change_is_not),
        cmocka_unit_test(usage_counts_lifecycle_tasks_once),
        cmocka_unit_test(computed_class_ignores_unique_keys),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
