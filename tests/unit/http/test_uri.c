// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>

#include "http/uri.h"

static void paths_and_parameters_are_decoded(void **state)
{
    struct arena *a = arena_new(0);
    struct uri u;
    assert_int_equal(
        uri_parse(a, str_of("/v1/job/a%2Fb%20c+d/plan?pretty&x=1%2b1+2&empty=&%zz=1&x=3"), &u), 0);
    assert_string_equal(u.path, "/v1/job/a/b c+d/plan");
    assert_string_equal(uri_param(&u, "pretty"), "");
    assert_string_equal(uri_param(&u, "x"), "1+1 2");
    assert_string_equal(uri_param(&u, "empty"), "");
    assert_null(uri_param(&u, "y"));
    assert_int_equal(u.n_params, 4);
    assert_int_equal(uri_parse(a, str_of("/"), &u), 0);
    assert_int_equal(uri_parse(a, str_of("/?&&"), &u), 0);
    assert_int_equal(u.n_params, 0);
    arena_free(a);
}

static void broken_paths_are_refused(void **state)
{
    static const char *const bad[] = {"", "v1/jobs", "/a%", "/a%4", "/a%zz", "/a%00b", "?x=1"};
    struct arena *a = arena_new(0);
    struct uri u;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(uri_parse(a, str_of(bad[i]), &u), -EINVAL);
    arena_free(a);
}

static void booleans_are_gos(void **state)
{
    bool b = false;
    assert_int_equal(uri_bool("T", &b), 0);
    assert_true(b);
    assert_int_equal(uri_bool("False", &b), 0);
    assert_false(b);
    assert_int_equal(uri_bool("yes", &b), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_parameters_are_decoded),
        cmocka_unit_test(broken_paths_are_refused),
        cmocka_unit_test(booleans_are_gos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
