// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>

#include "base/hash.h"
#include "systemd/unit_name.h"

static struct uuid alloc_id(void)
{
    struct uuid u;
    assert_int_equal(uuid_parse(str_of("0a1b2c3d-1111-2222-3333-4444deadbeef"), &u), 0);
    return u;
}

static void an_allocation_has_one_slice(void **state)
{
    struct uuid u = alloc_id();
    struct unit_name n = unit_name_slice(&u);
    struct unit_name_parts p;
    assert_string_equal(n.z, "nomad-0a1b2c3d1111222233334444deadbeef.slice");
    assert_int_equal(unit_name_parse(str_of(n.z), &p), 0);
    assert_int_equal(p.kind, UNIT_NAME_SLICE);
    assert_true(uuid_eq(&p.alloc, &u));
}

static void names_of_tasks_come_back_from_the_unit_name(void **state)
{
    const char *tasks[] = {"web", "we-b.1_x:y", "a b/ü", "", "-", "\\x20", "@", "a\nb", "\xff\xfe"};
    struct uuid u = alloc_id();
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        struct unit_name n = unit_name_service(&u, str_of(tasks[i]), 0xabcd1234);
        struct unit_name_parts p;
        int r = unit_name_parse(str_of(n.z), &p);
        if (!*tasks[i]) { /* Nomad has no task without a name */
            assert_int_equal(r, -EINVAL);
            continue;
        }
        assert_int_equal(r, 0);
        assert_string_equal(p.task, tasks[i]);
        assert_int_equal(p.task_len, strlen(tasks[i]));
        assert_int_equal(p.nonce, 0xabcd1234);
        assert_false(p.task_cut);
        assert_null(strpbrk(n.z, " /@\n"));
    }
}

static void long_task_names_are_cut_and_stay_different(void **state)
{
    char a[400], b[400];
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    a[399] = b[399] = '\0';
    b[398] = 'y';
    struct uuid u = alloc_id();
    struct unit_name na = unit_name_service(&u, str_of(a), 1),
                     nb = unit_name_service(&u, str_of(b), 1);
    struct unit_name_parts p;
    assert_int_equal(strlen(na.z), UNIT_NAME_MAX);
    assert_string_not_equal(na.z, nb.z);
    assert_int_equal(unit_name_parse(str_of(na.z), &p), 0);
    assert_true(p.task_cut);
    assert_true(p.task_len > 150 && has_prefix(a, p.task));
}

static void every_length_up_to_the_limit_fits(void **state)
{
    struct uuid u = alloc_id();
    for (size_t n = 1; n < 300; n++) {
        char task[300];
        struct unit_name_parts p;
        memset(task, n % 2 ? ' ' : 'a', n);
        struct unit_name name = unit_name_service(&u, str_n(task, n), 7);
        assert_true(strlen(name.z) <= UNIT_NAME_MAX);
        assert_int_equal(unit_name_parse(str_of(name.z), &p), 0);
        assert_true(p.task_cut || p.task_len == n);
        assert_memory_equal(p.task, task, p.task_len);
    }
}

static void foreign_names_are_not_ours(void **state)
{
    const char *names[] = {
        "",
        "nomad.slice",
        "nomad-relay.service",
        "nomad.service",
        "ssh.service",
        "nomad-0a1b2c3d1111222233334444deadbeef.service",
        "nomad-0a1b2c3d1111222233334444deadbeef-web.service",
        "nomad-0a1b2c3d1111222233334444deadbeef-web-0000000g.service",
        "nomad-0A1B2C3D1111222233334444DEADBEEF-web-00000001.service",
        "nomad-0a1b2c3d1111222233334444deadbee-web-00000001.service",
        "nomad-0a1b2c3d1111222233334444deadbeef-web-00000001.scope",
        "nomad-0a1b2c3d1111222233334444deadbeef-web.slice",
        "nomad-0a1b2c3d1111222233334444deadbeef-a\\x2-00000001.service",
        "nomad-0a1b2c3d1111222233334444deadbeef-a\\-00000001.service",
        "nomad-0a1b2c3d1111222233334444deadbeef-a b-00000001.service",
    };
    struct unit_name_parts p;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(unit_name_parse(str_of(names[i]), &p), -EINVAL);
}

static void object_paths_escape_as_the_bus_does(void **state)
{
    char path[UNIT_PATH_MAX];
    struct unit_name n;
    unit_path_of_name("nomad-1a.slice", path);
    assert_string_equal(path, "/org/freedesktop/systemd1/unit/nomad_2d1a_2eslice");
    unit_path_of_name("9a\\x20.service", path);
    assert_string_equal(path, "/org/freedesktop/systemd1/unit/_39a_5cx20_2eservice");
    assert_int_equal(unit_name_of_path(path, &n), 0);
    assert_string_equal(n.z, "9a\\x20.service");
    assert_int_equal(unit_name_of_path("/org/freedesktop/systemd1/job/7", &n), -EINVAL);
    assert_int_equal(unit_name_of_path("/org/freedesktop/systemd1/unit/a_2", &n), -EINVAL);
    assert_int_equal(unit_name_of_path("/org/freedesktop/systemd1/unit/", &n), -EINVAL);
}

static void cgroups_nest_as_slices_do(void **state)
{
    struct buf b = {0};
    unit_cgroup_path(&b, "nomad-ab.slice", "nomad-ab-web-1.service");
    assert_string_equal(b.p, "nomad.slice/nomad-ab.slice/nomad-ab-web-1.service");
    buf_reset(&b);
    unit_cgroup_path(&b, UNIT_ROOT_SLICE, NULL);
    assert_string_equal(b.p, "nomad.slice");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_has_one_slice),
        cmocka_unit_test(names_of_tasks_come_back_from_the_unit_name),
        cmocka_unit_test(long_task_names_are_cut_and_stay_different),
        cmocka_unit_test(every_length_up_to_the_limit_fits),
        cmocka_unit_test(foreign_names_are_not_ours),
        cmocka_unit_test(object_paths_escape_as_the_bus_does),
        cmocka_unit_test(cgroups_nest_as_slices_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
