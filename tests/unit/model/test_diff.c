// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/model/filled.h"

#include "model/diff.h"
#include "model/json.h"

/* Each field of each type changed alone must show. */
static void no_field_is_missing_from_the_diff(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all_schemas); i++) {
        const struct schema *s = all_schemas[i];
        for (size_t k = 0; k < s->n_fields; k++) {
            const struct field *f = &s->fields[k];
            struct arena *a = arena_new(0);
            struct object_diff *d;
            void *one = filled(s, a, 0, 0), *two = model_copy(s, a, one);
            if (f->change != CHG_NONE && !(f->flags & FF_REF)) {
                field_set_default(f, two);
                assert_int_equal(model_diff(a, s, "X", one, two, false, &d), 0);
                if (!d || d->type != DIFF_EDITED || d->fields.n + d->objects.n == 0)
                    fail_msg("%s.%s: the diff does not show it", s->name, f->name);
            }
            arena_free(a);
        }
    }
}

static struct job *a_job(struct arena *a)
{
    struct job *j = filled(&job_schema, a, 0, 0);
    j->id = "web";
    struct task_group *g = j->task_groups.items[0];
    g->name = "cache";
    ((struct task *)g->tasks.items[0])->name = "redis";
    g->count = 1;
    return j;
}

static void no_field_of_job_group_or_task_is_missing_from_the_jobs_diff(void **state)
{
    static const struct schema *const levels[] = {&job_schema, &task_group_schema, &task_schema};
    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        for (size_t k = 0; k < levels[i]->n_fields; k++) {
            const struct field *f = &levels[i]->fields[k];
            if (f->change == CHG_NONE || streq(f->name, "ID") || streq(f->name, "Name"))
                continue;
            struct arena *a = arena_new(0);
            struct job *old = a_job(a), *new = model_copy(&job_schema, a, old);
            struct task_group *g = new->task_groups.items[0];
            field_set_default(f, i == 0 ? (void *)new : i == 1 ? (void *)g : g->tasks.items[0]);
            struct job_diff *d = job_diff(a, old, new, true);
            if (d->type != DIFF_EDITED)
                fail_msg("%s.%s: the diff does not show it", levels[i]->name, f->name);
            arena_free(a);
        }
}

static const char *printed(struct arena *a, const struct job_diff *d)
{
    struct buf b = {0};
    model_json(&job_diff_schema, d, &b, 0);
    char *z = arena_strdup(a, b.p);
    buf_free(&b);
    return z;
}

static void equal_jobs_differ_in_nothing_and_groups_are_still_listed(void **state)
{
    struct arena *a = arena_new(0);
    struct job *old = a_job(a), *new = model_copy(&job_schema, a, old);
    new->version = 7; /* bookkeeping */
    assert_string_equal(
        printed(a, job_diff(a, old, new, true)),
        "{\"Type\":\"None\",\"ID\":\"web\",\"Fields\":null,\"Objects\":null,\"TaskGroups\":["
        "{\"Type\":\"None\",\"Name\":\"cache\",\"Fields\":null,\"Objects\":null,\"Tasks\":["
        "{\"Type\":\"None\",\"Name\":\"redis\",\"Fields\":null,\"Objects\":null,"
        "\"Annotations\":null}],\"Updates\":null}]}");
    arena_free(a);
}

static void a_count_change_is_annotated_with_what_the_scheduler_will_do(void **state)
{
    struct arena *a = arena_new(0);
    struct job *old = a_job(a), *new = model_copy(&job_schema, a, old);
    struct plan_annotations *plan = model_new(&plan_annotations_schema, a);
    struct desired_updates *u = model_new(&desired_updates_schema, a);
    ((struct task_group *)new->task_groups.items[0])->count = 3;
    u->place = 2;
    u->in_place = 1;
    omap_set(a, &plan->desired_tg_updates, "cache", u);
    struct job_diff *d = job_diff(a, old, new, true);
    assert_int_equal(job_diff_annotate(a, d, plan), 0);
    const char *z = printed(a, d);
    assert_non_null(strstr(z, "{\"Type\":\"Edited\",\"Name\":\"Count\",\"Old\":\"1\",\"New\":\"3\","
                              "\"Annotations\":[\"forces create\"]}"));
    assert_non_null(strstr(z, "\"Updates\":{\"create\":2,\"in-place update\":1}"));
    arena_free(a);
}

static struct task_diff *task_of(struct job_diff *d)
{
    return ((struct task_group_diff *)d->task_groups.items[0])->tasks.items[0];
}

static void a_tasks_annotation_agrees_with_the_change_decision(void **state)
{
    struct arena *a = arena_new(0);
    struct job *old = a_job(a), *new = model_copy(&job_schema, a, old);
    struct task *t = ((struct task_group *)new->task_groups.items[0])->tasks.items[0];
    t->kill_timeout = 9 * NSEC_SEC;
    struct job_diff *d = job_diff(a, old, new, true);
    job_diff_annotate(a, d, NULL);
    assert_string_equal(task_of(d)->annotations.items[0], "forces in-place update");
    smap_set(a, &t->env, "NEW", "1");
    d = job_diff(a, old, new, true);
    job_diff_annotate(a, d, NULL);
    assert_string_equal(task_of(d)->annotations.items[0], "forces create/destroy update");
    assert_string_equal(((struct field_diff *)task_of(d)->fields.items[0])->name, "Env[NEW]");
    d = job_diff(a, NULL, new, true);
    job_diff_annotate(a, d, NULL);
    assert_int_equal(d->type, DIFF_ADDED);
    assert_string_equal(task_of(d)->annotations.items[0], "forces create");
    arena_free(a);
}

static void configuration_is_flattened_to_its_leaves(void **state)
{
    static const char was[] = "{\"command\":\"a\",\"args\":[\"x\"],\"keep\":1}",
                      is[] = "{\"command\":\"b\",\"args\":[\"x\",\"y\"],\"keep\":1}";
    struct arena *a = arena_new(0);
    struct task *old = model_new(&task_schema, a), *new = model_new(&task_schema, a);
    struct object_diff *d;
    assert_int_equal(val_from_json(a, str_of(was), &old->config, NULL), 0);
    assert_int_equal(val_from_json(a, str_of(is), &new->config, NULL), 0);
    assert_int_equal(model_diff(a, &task_schema, "Task", old, new, false, &d), 0);
    assert_int_equal(d->objects.n, 1);
    d = d->objects.items[0];
    assert_string_equal(d->name, "Config");
    assert_int_equal(d->fields.n, 2);
    struct field_diff *f = d->fields.items[0], *g = d->fields.items[1];
    assert_string_equal(f->name, "args[1]");
    assert_int_equal(f->type, DIFF_ADDED);
    assert_string_equal(g->name, "command");
    assert_string_equal(g->old, "a");
    arena_free(a);
}

static void constraints_are_a_set_and_services_are_matched_by_name(void **state)
{
    struct arena *a = arena_new(0);
    struct task_group *old = model_new(&task_group_schema, a), *new;
    struct constraint *c = model_new(&constraint_schema, a);
    struct service *s = model_new(&service_schema, a);
    struct object_diff *d;
    c->ltarget = "${attr.kernel.name}";
    c->rtarget = "linux";
    s->name = "www";
    objs_add(a, &old->constraints, c);
    objs_add(a, &old->services, s);
    new = model_copy(&task_group_schema, a, old);
    ((struct constraint *)new->constraints.items[0])->rtarget = "bsd";
    strs_add(a, &((struct service *)new->services.items[0])->tags, "blue");
    assert_int_equal(model_diff(a, &task_group_schema, "G", old, new, false, &d), 0);
    assert_int_equal(d->objects.n, 3);
    struct object_diff **o = (struct object_diff **)d->objects.items;
    assert_string_equal(o[0]->name, "Constraint");
    assert_int_equal(o[0]->type, DIFF_DELETED);
    assert_int_equal(o[1]->type, DIFF_ADDED);
    assert_string_equal(o[2]->name, "Service");
    assert_int_equal(o[2]->type, DIFF_EDITED);
    assert_string_equal(((struct object_diff *)o[2]->objects.items[0])->name, "Tags");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_field_is_missing_from_the_diff),
        cmocka_unit_test(no_field_of_job_group_or_task_is_missing_from_the_jobs_diff),
        cmocka_unit_test(equal_jobs_differ_in_nothing_and_groups_are_still_listed),
        cmocka_unit_test(a_count_change_is_annotated_with_what_the_scheduler_will_do),
        cmocka_unit_test(a_tasks_annotation_agrees_with_the_change_decision),
        cmocka_unit_test(configuration_is_flattened_to_its_leaves),
        cmocka_unit_test(constraints_are_a_set_and_services_are_matched_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
