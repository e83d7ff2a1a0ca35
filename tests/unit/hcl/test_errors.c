// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hcl/cases.h"

static void check_text(const char *text, const char *want)
{
    cleanup_run struct run run = run_file(text, NULL);
    assert_int_equal(run.r, -EINVAL);
    assert_string_equal(run.err.text, want);
}

static void errors_show_place_line_and_caret(void **state)
{
    check_text(
        "job \"x\" {\n  count = 1 + nothing\n}\n",
        "job.nomad:2:15: unknown name \"nothing\" (known are var, local and what is resolved "
        "at run time: attr, meta, node, env, device, NOMAD_... and names in UPPER CASE)\n"
        "    2 |   count = 1 + nothing\n"
        "      |               ^~~~~~~");
    check_text("a = \n", "job.nomad:1:5: expected a value, found the end of the line\n"
                         "    1 | a = \n"
                         "      |     ^");
    check_text("a = [1,\n", "job.nomad:2:1: expected a value, found the end of the file\n"
                            "    2 | \n"
                            "      | ^");
}

static void columns_count_characters_and_tabs_once(void **state)
{
    check_text("\ta = \"\u00e9\u00e9\" + 1\n",
               "job.nomad:1:6: the left side of \"+\" must be a number, not the text "
               "\"\u00e9\u00e9\"\n"
               "    1 |  a = \"\u00e9\u00e9\" + 1\n"
               "      |      ^~~~~~~~");
}

static void long_lines_are_shown_in_part(void **state)
{
    cleanup_buf struct buf b = {0};
    buf_addz(&b, "a = [");
    for (int i = 0; i < 100; i++)
        buf_addz(&b, "\"\u00e9\u00e9\u00e9\u00e9\u00e9\", ");
    buf_addz(&b, "nothing, ");
    for (int i = 0; i < 100; i++)
        buf_addz(&b, "\"\u00e9\u00e9\u00e9\u00e9\u00e9\", ");
    buf_addz(&b, "]\n");
    cleanup_run struct run run = run_file(b.p, NULL);
    assert_int_equal(run.r, -EINVAL);
    assert_true(strlen(run.err.text) < 600);
    assert_non_null(strstr(run.err.text, "^~~~~~~"));
    assert_int_equal(utf8_bad(str_of(run.err.text)), strlen(run.err.text));
}

static void mistakes_of_syntax_are_explained(void **state)
{
    static const struct hcl_case cases[] = {
        {"a : 1\n", "!attributes are set with \"=\""},
        {"a = 1\na = 2\n", "!\"a\" is set twice; it was set at line 1 before"},
        {"a = 1 2\n", "!expected the end of the line"},
        {"a\n", "!expected \"=\" for an attribute or \"{\" for a block"},
        {"a \"l\"\n", "!expected \"{\" or another label"},
        {"a \"${x}\" {}\n", "!a label cannot contain ${...}"},
        {"a {\n", "!this block is not closed"},
        {"}\n", "!expected an attribute or a block"},
        {"a {} b {}\n", "!expected the end of the line"},
        {"a { b = 1 c = 2 }\n", "!expected \"}\", or a \",\""},
        {"a = 'x'\n", "!strings are written with double quotes"},
        {"a = \u201cx\u201d\n", "!typographic quotation mark"},
        {"a = 1;\n", "!\";\" is not used"},
        {"a = (1\n", "!expected \")\" to close the parenthesis"},
        {"a = f(1 2)\n", "!expected \",\" or \")\""},
        {"a = x.\n", "!expected a name after \".\""},
        {"a = \"\xff\"\n", "!not valid UTF-8"},
        {"a = uper(\"x\")\n", "!there is no function \"uper\"; did you mean \"upper\"?"},
        {"a = bcrypt(\"x\")\n", "!not supported: the function bcrypt()"},
        {"a = upper()\n", "!upper(): takes 1 argument, not 0"},
        {"a = substr(\"x\", 1)\n", "!substr(): takes 3 arguments, not 2"},
        {"a = lookup({})\n", "!lookup(): takes 2 to 3 arguments, not 1"},
        {"a = format()\n", "!format(): takes at least 1 argument"},
        {"a = upper([])\n", "!argument 1 of upper() must be a string, not a list"},
        {"a = keys([])\n", "!keys(): argument 1 must be a map, not a list"},
        {"a = sort([[]])\n", "!element 0 of argument 1 of sort() must be a string"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_run struct run run = run_file(cases[i].text, NULL);
        check_run(&run, &cases[i]);
    }
}

static void other_layers_report_with_ranges_too(void **state)
{
    cleanup_run struct run run = run_load("job \"a\" {\n  cuont = 3\n}\n", NULL);
    const struct hcl_attr *a = &run.body->blocks[0].body->attrs[0];
    int r = hcl_error(&run.err, a->name_range, "unknown attribute \"%s\"", a->name.p);
    assert_int_equal(r, -EINVAL);
    assert_string_equal(run.err.text, "job.nomad:2:3: unknown attribute \"cuont\"\n"
                                      "    2 |   cuont = 3\n"
                                      "      |   ^~~~~");
    struct hcl_range nowhere = {0};
    hcl_error(&run.err, nowhere, "no place");
    assert_string_equal(run.err.text, "no place");
    assert_int_equal(hcl_error(NULL, nowhere, "nobody reads this"), -EINVAL);
}

static void a_byte_order_mark_is_skipped(void **state)
{
    static const struct hcl_case c = {"\xef\xbb\xbfx = 1\n", "1"};
    check_files(&c, 1, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_show_place_line_and_caret),
        cmocka_unit_test(columns_count_characters_and_tabs_once),
        cmocka_unit_test(long_lines_are_shown_in_part),
        cmocka_unit_test(mistakes_of_syntax_are_explained),
        cmocka_unit_test(other_layers_report_with_ranges_too),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
