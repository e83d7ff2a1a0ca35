// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hcl/cases.h"

static void repeat(struct buf *b, const char *z, int n)
{
    for (int i = 0; i < n; i++)
        buf_addz(b, z);
}

/* before * n, middle, after * n */
static void check_nested(const char *before, const char *middle, const char *after, int n,
                         const char *want)
{
    cleanup_buf struct buf b = {0};
    buf_addz(&b, "x = ");
    repeat(&b, before, n);
    buf_addz(&b, middle);
    repeat(&b, after, n);
    buf_addz(&b, "\n");
    cleanup_run struct run run = run_attr_x(b.p, NULL);
    struct hcl_case c = {before, want};
    check_run(&run, &c);
}

static void nesting_is_limited(void **state)
{
    static const char *const pairs[][2] = {
        {"(", ")"},   {"[", "]"},  {"{a=", "}"},          {"-", ""},
        {"!", ""},    {"f(", ")"}, {"\"${", "}\""},       {"1+", ""},
        {"1?", ":2"}, {"x[", "]"}, {"[for v in ", ":v]"}, {"\"%{if true}${", "}%{endif}\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        check_nested(pairs[i][0], "1", pairs[i][1], 100000,
                     i == 7 || i == 10 ? "!levels deep" : "!nested more than 150 levels deep");
    check_nested("", "1", "+1", 1000, "!nested more than 150 levels deep");
    check_nested("", "v", ".a", 1000, "!nested more than 150 levels deep");
    check_nested("", "v", "[*]", 1000, "!nested more than 150 levels deep");
    check_nested("(", "1", ")", 50, "1");
    cleanup_buf struct buf b = {0};
    repeat(&b, "a {\n", 1000);
    cleanup_run struct run run = run_load(b.p, NULL);
    assert_int_equal(run.r, -EINVAL);
    assert_non_null(strstr(run.err.text, "nested more than"));
}

static void size_and_tokens_of_a_file_are_limited(void **state)
{
    cleanup_buf struct buf b = {0};
    repeat(&b, "[],", 300000);
    cleanup_buf struct buf c = {0};
    buf_printf(&c, "x = [%s]\n", b.p);
    cleanup_run struct run run = run_load(c.p, NULL);
    assert_int_equal(run.r, -EINVAL);
    assert_non_null(strstr(run.err.text, "more than 500000 words"));
    buf_reset(&b);
    repeat(&b, "# 0123456789012345678901234567890123456789012345678901234567890\n", 140000);
    cleanup_run struct run big = run_load(b.p, NULL);
    assert_int_equal(big.r, -EINVAL);
    assert_non_null(strstr(big.err.text, "larger than 8 MiB"));
}

static void work_memory_and_sizes_are_limited(void **state)
{
    static const struct hcl_case cases[] = {
        {"x = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]]\n",
         "!evaluating this file takes"},
        {"x = length([for a in range(1000) : [for b in range(1000) : "
         "length([for c in range(1000) : 1 == 2])]])\n",
         "!evaluating this file takes"},
        {"locals {\n a = \"0123456789012345678901234567890123456789\"\n"
         " b = join(local.a, [for i in range(1000) : local.a])\n"
         " c = join(local.b, [for i in range(1000) : local.b])\n}\nx = local.c\n",
         "!a text of more than 4 MiB"},
        {"x = format(\"%2000d\", 1)\n", "!a width or precision above 1024"},
        {"x = range(2000)\n", "!more than 1024 numbers"},
        {"x = range(0, 1, 0)\n", "!never reaches the end"},
        {"x = setproduct(range(1000), range(1000))\n", "!more than 500000 combinations"},
        {"x = regex_replace(join(\"\", [for i in range(1000) : \"a\"]), \"(a|aa)+[0-9]\", "
         "\"\")\n",
         "!too many steps"},
        {"x = can([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]])\n",
         "!evaluating this file takes"},
        {"x = try([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]], "
         "1)\n",
         "!evaluating this file takes"},
    };
    CHECK_FILES(cases);
}

/* Each local doubles the one before without taking memory. */
static void values_that_share_their_parts_are_weighed(void **state)
{
    cleanup_buf struct buf b = {0};
    buf_addz(&b, "locals {\n l0 = [1, 1]\n");
    for (int i = 1; i < 60; i++)
        buf_printf(&b, " l%d = [local.l%d, local.l%d]\n", i, i - 1, i - 1);
    buf_addz(&b, "}\nx = local.l59 == local.l59\n");
    cleanup_run struct run run = run_attr_x(b.p, NULL);
    assert_int_equal(run.r, -EINVAL);
    assert_non_null(strstr(run.err.text, "more than 500000 elements"));
}

static void depth_of_values_and_of_locals_is_limited(void **state)
{
    cleanup_buf struct buf b = {0}, c = {0};
    buf_addz(&b, "locals {\n l00000 = [1]\n");
    buf_addz(&c, "locals {\n l03000 = 1\n");
    for (int i = 1; i < 3000; i++) {
        buf_printf(&b, " l%05d = [local.l%05d]\n", i, i - 1);
        buf_printf(&c, " l%05d = local.l%05d\n", i, i + 1);
    }
    buf_addz(&b, "}\n");
    buf_addz(&c, "}\nx = local.l00001\n");
    cleanup_run struct run deep = run_load(b.p, NULL);
    assert_int_equal(deep.r, -EINVAL);
    assert_non_null(strstr(deep.err.text, "levels deep"));
    cleanup_run struct run chain = run_attr_x(c.p, NULL);
    assert_int_equal(chain.r, -EINVAL);
    assert_non_null(strstr(chain.err.text, "too many levels"));
}

static void a_great_but_honest_file_is_read(void **state)
{
    cleanup_buf struct buf b = {0};
    for (int i = 0; i < 2000; i++)
        buf_printf(&b,
                   "task \"t%d\" {\n  config {\n    args = [\"-x\", \"${NOMAD_PORT_p%d}\"]\n"
                   "  }\n}\n",
                   i, i);
    cleanup_run struct run run = run_file(b.p, NULL);
    assert_int_equal(run.r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(size_and_tokens_of_a_file_are_limited),
        cmocka_unit_test(work_memory_and_sizes_are_limited),
        cmocka_unit_test(values_that_share_their_parts_are_weighed),
        cmocka_unit_test(depth_of_values_and_of_locals_is_limited),
        cmocka_unit_test(a_great_but_honest_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
