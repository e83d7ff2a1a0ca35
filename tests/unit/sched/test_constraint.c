// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>

#include "fixture.h"
#include "sched/constraint.h"
#include "sched/version.h"

static void operators_decide_as_the_table_says(void **state)
{
    static const struct {
        const char *l, *op, *r;
        bool want;
    } cases[] = {
        {"a", "=", "a", true},
        {"a", "==", "b", false},
        {"a", "is", "a", true},
        {"a", "!=", "b", true},
        {"a", "not", "a", false},
        {"a", "", "a", true},
        {"${attr.none}", "=", "a", false},
        {"${attr.none}", "!=", "a", true},
        {"${attr.none}", "=", "${attr.none}", false},
        {"${attr.none}", "!=", "${attr.none}", false},
        {"2", "<", "10", true},
        {"10", "<", "2", false},
        {"-1", "<=", "-1", true},
        {"1.5", ">", "1.25", true},
        {"2", ">=", "1.9", true},
        {"abc", "<", "abd", true},
        {"9a", "<", "10", false},
        {"${attr.none}", "<", "1", false},
        {"${attr.kernel.name}", "=", "linux", true},
        {"linux", "=", "${attr.kernel.name}", true},
        {"${meta.rack}", "=", "r1", true},
        {"${node.datacenter}", "=", "dc1", true},
        {"${node.class}", "=", "big", true},
        {"${node.pool}", "=", "default", true},
        {"${node.unique.name}", "=", "node-7", true},
        {"${node.unique.id}", "=", "01000000-0000-0000-0000-000000000007", true},
        {"${node.nothing}", "is_set", "", false},
        {"${meta.rack}", "is_set", "", true},
        {"${meta.other}", "is_set", "", false},
        {"${meta.other}", "is_not_set", "", true},
        {"${meta.rack}", "is_not_set", "", false},
        {"linux-5.10", "regexp", "^linux-[0-9]", true},
        {"linux", "regexp", "nux$", true},
        {"linux\n", "regexp", "nux$", false},
        {"linux", "regexp", "(", false},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "regexp", "^(a+)+$", false},
        {"foo,bar,baz", "set_contains", "foo, baz", true},
        {"foo,bar", "set_contains_all", "foo,qux", false},
        {"foo,bar", "set_contains_any", "qux, bar", true},
        {"foo,bar", "set_contains_any", "qux", false},
        {"1.2.3", "version", ">= 1.0, < 2", true},
        {"1.2.3", "semver", ">= 1.0.0", true},
        {"a", "distinct_hosts", "", true},
        {"a", "like", "a", false},
    };
    struct arena *a = arena_new(0);
    struct node *n = fx_node(a, 7);
    smap_set(a, &n->meta, "rack", "r1");
    n->node_class = "big";
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct compiled c;
        assert_int_equal(constraint_compile(a, cases[i].l, cases[i].op, cases[i].r, &c), 0);
        if (constraint_check(&c, n) != cases[i].want)
            fail_msg("%s %s %s", cases[i].l, cases[i].op, cases[i].r);
        constraint_clear(&c);
    }
    arena_free(a);
}

static void unique_targets_escape_the_class(void **state)
{
    static const struct {
        const char *target;
        bool escapes;
    } cases[] = {
        {"${node.unique.id}", true}, {"${node.unique.name}", true},  {"${attr.unique.host}", true},
        {"${meta.unique.x}", true},  {"${attr.kernel.name}", false}, {"${node.datacenter}", false},
        {"unique.literal", false},
    };
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct compiled c;
        assert_int_equal(constraint_compile(a, cases[i].target, "=", "x", &c), 0);
        assert_int_equal(c.escapes, cases[i].escapes);
    }
    arena_free(a);
}

static void versions_compare_as_users_of_nomad_know_it(void **state)
{
    static const struct {
        const char *v, *c;
        bool semver, want;
    } cases[] = {
        {"1.2.3", "~> 1.2.0", false, true},
        {"1.9.0", "~> 1.2", false, true},
        {"2.0.0", "~> 1.2", false, false},
        {"1.3.0", "~> 1.2.3", false, false},
        {"1.2.3", "~> 1.2.4", false, false},
        {"1.0", "1.0.0", false, true},
        {"v1.0.0", "= 1", false, true},
        {"1.2.3", "!= 1.2.3", false, false},
        {"1.7.0-beta", ">= 1.6.0", false, false},
        {"1.7.0-beta", ">= 1.7.0-alpha", false, true},
        {"1.7.0-beta", ">= 1.6.0-alpha", false, false},
        {"1.7.0", ">= 1.7.0-beta", false, true},
        {"1.7.0-beta", ">= 1.6.0", true, true},
        {"1.3.0-beta1", ">= 0.6.1", true, true},
        {"1.0.0-alpha.2", "< 1.0.0-alpha.10", true, true},
        {"1.0.0-alpha", "< 1.0.0-1", true, false},
        {"1.0.0-rc1", "< 1.0.0", true, true},
        {"1.2.3", "~> 1.2", true, false},
        {"1.2.3+ent", "= 1.2.3", false, true},
        {"1.2.3beta", "< 1.2.3", false, false},
        {"1.2.3beta", "= 1.2.3-beta", false, true},
        {"10.0", "> 9.1", false, true},
        {"abc", "> 1", false, false},
        {"1.0", "> x", false, false},
        {"1.0", "", false, false},
        {"1.0", "> 0.9,", false, false},
        {"4.9.0-8-amd64", ">= 4.9.0-1", false, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (version_matches(str_of(cases[i].v), str_of(cases[i].c), cases[i].semver) !=
            cases[i].want)
            fail_msg("%s %s", cases[i].v, cases[i].c);
    assert_int_equal(version_constraints_check(str_of(">= 1.0, < 2.0"), false), 0);
    assert_int_equal(version_constraints_check(str_of(">> 1"), false), -EINVAL);
}

static void globs_match_datacenters(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool want;
    } cases[] = {
        {"*", "dc1", true},
        {"dc1", "dc1", true},
        {"dc1", "dc10", false},
        {"dc*", "dc10", true},
        {"*1", "dc10", false},
        {"*0", "dc10", true},
        {"d?1", "dc1", true},
        {"us-*-a", "us-east-a", true},
        {"us-*-a", "us-east-b", false},
        {"", "dc1", false},
        {"**", "", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(glob_matches(cases[i].pattern, cases[i].text), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_decide_as_the_table_says),
        cmocka_unit_test(unique_targets_escape_the_class),
        cmocka_unit_test(versions_compare_as_users_of_nomad_know_it),
        cmocka_unit_test(globs_match_datacenters),
    };
    return cmocka_run_group_tests_name("sched-constraint", tests, NULL, NULL);
}
