// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hcl/cases.h"

static void blocks_have_types_labels_and_ranges(void **state)
{
    cleanup_run struct run run =
        run_load("job \"web\" {\n  group api \"b\\u0063\" {\n    n = 1\n  }\n}\n", NULL);
    unsigned line, col;
    assert_int_equal(run.r, 0);
    assert_int_equal(run.body->n_blocks, 1);
    const struct hcl_block *job = &run.body->blocks[0], *group = &job->body->blocks[0];
    assert_string_equal(job->type.p, "job");
    assert_string_equal(job->labels[0].text.p, "web");
    assert_string_equal(group->labels[0].text.p, "api");
    assert_string_equal(group->labels[1].text.p, "bc");
    assert_true(hcl_range_pos(group->labels[1].range, &line, &col));
    assert_int_equal(line, 2);
    assert_int_equal(col, 13);
    assert_true(hcl_range_pos(group->body->attrs[0].name_range, &line, &col));
    assert_int_equal(line, 3);
    assert_int_equal(col, 5);
    assert_string_equal(hcl_range_file(group->def_range), "job.nomad");
    assert_non_null(hcl_body_attr(group->body, "n"));
    assert_null(hcl_body_attr(group->body, "m"));
}

static void attributes_keep_the_order_of_the_source(void **state)
{
    cleanup_run struct run run = run_load("b = 1\na = 2\nc = 3\n", NULL);
    assert_int_equal(run.r, 0);
    assert_string_equal(run.body->attrs[0].name.p, "b");
    assert_string_equal(run.body->attrs[1].name.p, "a");
    assert_string_equal(run.body->attrs[2].name.p, "c");
}

static void bodies_become_the_maps_drivers_expect(void **state)
{
    static const struct hcl_case cases[] = {
        {"a = 1\nb { c = 2 }\n", "{\"a\":1,\"b\":[{\"c\":2}]}"},
        {"b { c = 1 }\nb { c = 2 }\n", "{\"b\":[{\"c\":1},{\"c\":2}]}"},
        {"b \"x\" { c = 1 }\n", "{\"b\":[{\"x\":[{\"c\":1}]}]}"},
        {"b \"x\" \"y\" { c = 1 }\n", "{\"b\":[{\"x\":[{\"y\":[{\"c\":1}]}]}]}"},
        {"labels = { a = 1 }\n", "{\"labels\":[{\"a\":1}]}"},
        {"b {}\n", "{\"b\":[{}]}"},
        {"b {\n}\n", "{\"b\":[{}]}"},
        {"config {\n  image = \"webserver:3.2\"\n  labels {\n    group = \"webserver\"\n  }\n}\n",
         "{\"config\":[{\"image\":\"webserver:3.2\",\"labels\":[{\"group\":\"webserver\"}]}]}"},
        {"artifact {\n  source = \"https://a.b/c\"\n\n  options {\n    checksum = \"md5:1\"\n  "
         "}\n}\n",
         "{\"artifact\":[{\"options\":[{\"checksum\":\"md5:1\"}],\"source\":\"https://a.b/c\"}]}"},
        {"count = 5  // set the number of workers\nupdate {\n  canary = 2 // two\n}\n",
         "{\"count\":5,\"update\":[{\"canary\":2}]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_run struct run run = run_file(cases[i].text, NULL);
        check_run(&run, &cases[i]);
    }
}

static void forms_of_hcl1_still_in_use_are_read(void **state)
{
    static const struct hcl_case cases[] = {
        {"\"a.b\" = 1\n", "{\"a.b\":1}"},
        {"a { b = 1, c = 2 }\n", "{\"a\":[{\"b\":1,\"c\":2}]}"},
        {"a { b { c = 1 } }\n", "{\"a\":[{\"b\":[{\"c\":1}]}]}"},
        {"\"a\" { b = 1 }\n", "!only an attribute's name may be in quotes"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_run struct run run = run_file(cases[i].text, NULL);
        check_run(&run, &cases[i]);
    }
}

static void dynamic_blocks_are_expanded(void **state)
{
    static const struct hcl_case cases[] = {
        {"dynamic \"b\" {\n for_each = [\"x\", \"y\"]\n content {\n  i = b.key\n  v = b.value\n "
         "}\n}\n",
         "{\"b\":[{\"i\":0,\"v\":\"x\"},{\"i\":1,\"v\":\"y\"}]}"},
        {"dynamic \"b\" {\n for_each = { k = 1 }\n iterator = it\n labels = [it.key, \"l\"]\n"
         " content {\n  v = it.value\n }\n}\n",
         "{\"b\":[{\"k\":[{\"l\":[{\"v\":1}]}]}]}"},
        {"a {\n dynamic \"b\" {\n  for_each = [1, 2]\n  content {\n   dynamic \"c\" {\n"
         "    for_each = [b.value * 10]\n    content {\n     v = \"${b.value}/${c.value}\"\n"
         "     d {\n      w = b.value\n     }\n    }\n   }\n  }\n }\n}\n",
         "{\"a\":[{\"b\":[{\"c\":[{\"d\":[{\"w\":1}],\"v\":\"1/10\"}]},"
         "{\"c\":[{\"d\":[{\"w\":2}],\"v\":\"2/20\"}]}]}]}"},
        {"b { v = 0 }\ndynamic \"b\" {\n for_each = [1]\n content { v = b.value }\n}\nb { v = 2 "
         "}\n",
         "{\"b\":[{\"v\":0},{\"v\":1},{\"v\":2}]}"},
        {"dynamic \"b\" {\n for_each = []\n content {}\n}\n", "{}"},
        {"dynamic {\n for_each = []\n content {}\n}\n", "!has one label"},
        {"dynamic \"b\" {\n content {}\n}\n", "!no \"for_each\""},
        {"dynamic \"b\" {\n for_each = []\n}\n", "!no \"content\""},
        {"dynamic \"b\" {\n for_each = 5\n content {}\n}\n", "!must be a list or a map"},
        {"dynamic \"b\" {\n for_each = []\n foreach = 1\n content {}\n}\n",
         "!did you mean \"for_each\"?"},
        {"dynamic \"b\" {\n for_each = [1]\n labels = 5\n content {}\n}\n",
         "!\"labels\" must be a list"},
        {"dynamic \"b\" {\n for_each = []\n other {}\n}\n", "!exactly one block, \"content\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_run struct run run = run_file(cases[i].text, NULL);
        check_run(&run, &cases[i]);
    }
}

static void a_body_without_dynamic_is_expanded_to_itself(void **state)
{
    cleanup_run struct run run = run_load("a = 1\nb { c = 1 }\n", NULL);
    const struct hcl_body *out;
    assert_int_equal(hcl_expand(run.c, run.body, &out, &run.err), 0);
    assert_ptr_equal(out, run.body);
}

static void a_lone_word_is_a_keyword(void **state)
{
    cleanup_run struct run run = run_load("a = string\nb = \"string\"\n", NULL);
    assert_true(str_eqz(hcl_expr_keyword(run.body->attrs[0].expr), "string"));
    assert_int_equal(hcl_expr_keyword(run.body->attrs[1].expr).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_have_types_labels_and_ranges),
        cmocka_unit_test(attributes_keep_the_order_of_the_source),
        cmocka_unit_test(bodies_become_the_maps_drivers_expect),
        cmocka_unit_test(forms_of_hcl1_still_in_use_are_read),
        cmocka_unit_test(dynamic_blocks_are_expanded),
        cmocka_unit_test(a_body_without_dynamic_is_expanded_to_itself),
        cmocka_unit_test(a_lone_word_is_a_keyword),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
