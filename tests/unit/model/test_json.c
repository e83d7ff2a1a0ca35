// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/model/filled.h"

#include <errno.h>
#include <stdio.h>

#include "base/base64.h"
#include "model/json.h"

/* jansson, like most readers, keeps integers in 64 signed bits. */
static void clip_unsigned(const struct field *f, void *obj)
{
    if (f->type == FT_UINT)
        *(uint64_t *)field_ptr(f, obj) &= INT64_MAX;
}

static void every_field_survives_json(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(all_schemas); i++)
        for (unsigned pretty = 0; pretty <= JSONF_PRETTY; pretty += JSONF_PRETTY) {
            const struct schema *s = all_schemas[i];
            struct arena *a = arena_new(0);
            struct buf b = {0};
            struct err err = {{0}};
            void *obj = filled(s, a, 0, 0), *back = NULL;
            each_field(s, obj, clip_unsigned);
            model_json(s, obj, &b, pretty | JSONF_SECRETS | JSONF_LOCAL);
            int r = model_from_json(s, a, buf_str(&b), "", JSONF_STRICT | JSONF_LOCAL, &back, &err);
            if (r < 0)
                fail_msg("%s: %s in %s", s->name, err.text, b.p);
            if (!model_equal(s, obj, back, true))
                fail_msg("%s differs after a round trip: %s", s->name, b.p);
            buf_reset(&b);
            model_json(s, model_new(s, a), &b, pretty);
            assert_int_equal(model_from_json(s, a, buf_str(&b), "", 0, &back, &err), 0);
            if (!model_equal(s, model_new(s, a), back, true))
                fail_msg("%s: defaults differ after a round trip: %s", s->name, b.p);
            buf_free(&b);
            arena_free(a);
        }
}

static const char *printed(struct arena *a, const struct schema *s, const void *obj, unsigned flags)
{
    struct buf b = {0};
    model_json(s, obj, &b, flags);
    char *z = arena_strdup(a, b.p);
    buf_free(&b);
    return z;
}

static void objects_print_as_gos_encoder_prints_them(void **state)
{
    struct arena *a = arena_new(0);
    struct port *p = model_new(&port_schema, a);
    p->label = "<a&b>\n\"\\\x01\xff\xe2\x80\xa8\xc3\xa9";
    assert_string_equal(printed(a, &port_schema, p, 0),
                        "{\"Label\":\"<a&b>\\n\\\"\\\\\\u0001\\ufffd\\u2028\xc3\xa9\",\"Value\":0,"
                        "\"To\":0,\"HostNetwork\":\"default\",\"IgnoreCollision\":false}");
    struct drain_strategy *d = model_new(&drain_strategy_schema, a);
    d->deadline = 5 * NSEC_SEC;
    d->started_at = INT64_C(1763634470317197475);
    assert_string_equal(printed(a, &drain_strategy_schema, d, JSONF_PRETTY),
                        "{\n    \"Deadline\": 5000000000,\n    \"IgnoreSystemJobs\": false,\n"
                        "    \"ForceDeadline\": \"0001-01-01T00:00:00Z\",\n"
                        "    \"StartedAt\": \"2025-11-20T10:27:50.317197475Z\"\n}");
    struct restart_policy *r = model_new(&restart_policy_schema, a);
    assert_string_equal(printed(a, &restart_policy_schema, r, 0),
                        "{\"Attempts\":null,\"Interval\":null,\"Delay\":null,\"Mode\":\"\","
                        "\"RenderTemplates\":null}");
    assert_string_equal(printed(a, &restart_policy_schema, NULL, 0), "null");
    arena_free(a);
}

static void secrets_are_never_printed(void **state)
{
    struct arena *a = arena_new(0);
    struct node *n = model_new(&node_schema, a);
    memset(&n->secret_id, 0x5e, sizeof(n->secret_id));
    const char *z = printed(a, &node_schema, n, 0);
    assert_null(strstr(z, "5e5e"));
    assert_non_null(strstr(z, "\"SecretID\":\"\""));
    arena_free(a);
}

static void the_job_of_an_allocation_is_printed_but_its_local_fields_are_not(void **state)
{
    struct arena *a = arena_new(0);
    struct allocation *al = model_new(&allocation_schema, a);
    al->job = model_new(&job_schema, a);
    al->job->id = "web";
    const char *z = printed(a, &allocation_schema, al, 0);
    assert_non_null(strstr(z, "\"Job\":{\"Stop\":false"));
    assert_null(strstr(z, "JobCreateIndex"));
    arena_free(a);
}

static struct job *read_job(struct arena *a, const char *text, unsigned flags, struct err *err)
{
    void *j = NULL;
    return model_from_json(&job_schema, a, str_of(text), "Job", flags, &j, err) < 0 ? NULL : j;
}

static void keys_match_whatever_their_case_and_null_leaves_the_default(void **state)
{
    struct arena *a = arena_new(0);
    struct err err = {{0}};
    struct job *j = read_job(a,
                             "{\"id\":\"web\",\"TYPE\":\"batch\",\"Priority\":null,\"x\":[1],"
                             "\"TaskGroups\":[{\"Count\":3.0,\"MaxRunDuration\":\"1h30m\","
                             "\"ShutdownDelay\":5000000000,\"Volumes\":{\"b\":null,\"a\":{}}}]}",
                             0, &err);
    assert_non_null(j);
    struct task_group *g = j->task_groups.items[0];
    assert_string_equal(j->id, "web");
    assert_int_equal(j->type, JOB_BATCH);
    assert_int_equal(j->priority, 50);
    assert_int_equal(g->count, 3);
    assert_int_equal(g->max_run_duration, 90 * NSEC_MIN);
    assert_int_equal(g->shutdown_delay, 5 * NSEC_SEC);
    assert_int_equal(g->volumes.n, 1);
    arena_free(a);
}

static void errors_name_the_path_and_what_was_found(void **state)
{
    static const struct {
        const char *text, *want;
        unsigned flags;
    } cases[] = {
        {"{\"TaskGroups\":[{},{\"Count\":\"3\"}]}",
         "Job.TaskGroups[1].Count: wants a number, found a string", 0},
        {"{\"Meta\":{\"a\":1}}", "Job.Meta.a: wants a string, found a number", 0},
        {"{\"Datacenters\":[\"a\",{}]}", "Job.Datacenters[1]: wants a string, found an object", 0},
        {"{\"TaskGroups\":[null]}", "Job.TaskGroups[0]: wants an object, found null", 0},
        {"{\"Type\":\"cron\"}",
         "Job.Type: \"cron\" is none of service, batch, system, sysbatch, _core", 0},
        {"{\"Priorty\":1}", "Job.Priorty: is no field of Job; did you mean \"Priority\"?",
         JSONF_STRICT},
        {"[]", "Job: wants an object, found a list", 0},
        {"{\n  \"ID\": x}", "JSON: line 2, column 9: invalid token near 'x'", 0},
        {"{\"ID\":\"a\"} trailing", "JSON: line 1, column 19: end of file expected near 'trailing'",
         0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *a = arena_new(0);
        struct err err = {{0}};
        assert_null(read_job(a, cases[i].text, cases[i].flags, &err));
        assert_string_equal(err.text, cases[i].want);
        arena_free(a);
    }
}

static void deep_values_are_refused_not_followed(void **state)
{
    struct arena *a = arena_new(0);
    struct buf b = {0};
    struct err err = {{0}};
    struct val v;
    for (int i = 0; i < 100; i++)
        buf_addc(&b, '[');
    for (int i = 0; i < 100; i++)
        buf_addc(&b, ']');
    assert_int_equal(val_from_json(a, buf_str(&b), &v, &err), -EMSGSIZE);
    buf_free(&b);
    arena_free(a);
}

static void headers_of_a_check_are_a_map_from_name_to_values(void **state)
{
    static const char text[] = "{\"Header\":{\"Accept\":[\"a\",\"b\"]}}";
    struct arena *a = arena_new(0);
    struct service_check *c;
    struct err err = {{0}};
    assert_int_equal(
        model_from_json(&service_check_schema, a, str_of(text), "", 0, (void **)&c, &err), 0);
    assert_non_null(
        strstr(printed(a, &service_check_schema, c, 0), "\"Header\":{\"Accept\":[\"a\",\"b\"]}"));
    arena_free(a);
}

static void values_of_any_shape_go_both_ways(void **state)
{
    static const char text[] = "{\"a\":[1,2.5,\"x\",true,null],\"b\":{},\"c\":[]}";
    struct arena *a = arena_new(0);
    struct buf b = {0};
    struct val v;
    assert_int_equal(val_from_json(a, str_of(text), &v, NULL), 0);
    val_to_json(v, &b, 0);
    assert_string_equal(b.p, text);
    buf_free(&b);
    arena_free(a);
}

static void the_writer_keeps_commas_and_indentation(void **state)
{
    struct buf b = {0};
    struct json_writer w = json_writer(&b, JSONF_PRETTY);
    jw_arr_begin(&w);
    jw_obj_begin(&w);
    jw_key(&w, "a");
    jw_arr_begin(&w);
    jw_arr_end(&w);
    jw_key(&w, "b");
    jw_num(&w, 0.1);
    jw_obj_end(&w);
    jw_num(&w, 1.0 / 0.0);
    jw_arr_end(&w);
    assert_string_equal(b.p,
                        "[\n    {\n        \"a\": [],\n        \"b\": 0.1\n    },\n    null\n]");
    buf_free(&b);
}

static void base64_goes_both_ways(void **state)
{
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE="};
    struct arena *a = arena_new(0);
    struct str back;
    for (size_t n = 0; n < ARRAY_LEN(texts); n++) {
        struct buf b = {0};
        base64_encode(&b, str_n("foobar", n));
        assert_string_equal(nonull(b.p), texts[n]);
        assert_int_equal(base64_decode(a, str_of(texts[n]), &back), 0);
        assert_true(str_eq(back, str_n("foobar", n)));
        buf_free(&b);
    }
    assert_int_equal(base64_decode(a, str_of("Zm9"), &back), -EINVAL);
    assert_int_equal(base64_decode(a, str_of("Z=9v"), &back), -EINVAL);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_survives_json),
        cmocka_unit_test(objects_print_as_gos_encoder_prints_them),
        cmocka_unit_test(secrets_are_never_printed),
        cmocka_unit_test(the_job_of_an_allocation_is_printed_but_its_local_fields_are_not),
        cmocka_unit_test(keys_match_whatever_their_case_and_null_leaves_the_default),
        cmocka_unit_test(errors_name_the_path_and_what_was_found),
        cmocka_unit_test(deep_values_are_refused_not_followed),
        cmocka_unit_test(headers_of_a_check_are_a_map_from_name_to_values),
        cmocka_unit_test(values_of_any_shape_go_both_ways),
        cmocka_unit_test(the_writer_keeps_commas_and_indentation),
        cmocka_unit_test(base64_goes_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
