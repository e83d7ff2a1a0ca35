// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "systemd/cgstat.h"
#include "systemd/limits.h"

static size_t index_of(const char *file)
{
    for (size_t i = 0; i < limits_n_files(); i++)
        if (streq(limits_file(i), file))
            return i;
    fail_msg("no file %s", file);
    return 0;
}

static void values_in_force_are_compared_with_those_asked(void **state)
{
    const struct {
        struct unit_limits l;
        const char *file, *text;
        bool applied;
    } rows[] = {
        {{.cpu_weight = 77}, "cpu.weight", "77", true},
        {{.cpu_weight = 77}, "cpu.weight", "100", false},
        {{.cpu_quota_usec = 200000}, "cpu.max", "20000 100000", true},
        {{.cpu_quota_usec = 200000}, "cpu.max", "max 100000", false},
        {{.cpu_quota_usec = 5000}, "cpu.max", "1000 200000", true},
        {{.cpu_quota_usec = UNIT_LIMIT_NONE}, "cpu.max", "max 100000", true},
        {{.memory_max = 1000000}, "memory.max", "999424", true},
        {{.memory_max = 1000000}, "memory.max", "max", false},
        {{.memory_max = UNIT_LIMIT_NONE}, "memory.max", "max", true},
        {{.memory_high = 8192}, "memory.high", "4096", false},
        {{.no_swap = true}, "memory.swap.max", "0", true},
        {{.no_swap = true}, "memory.swap.max", "max", false},
        {{.tasks_max = 7}, "pids.max", "7", true},
        {{.tasks_max = 7}, "pids.max", "max", false},
        {{.tasks_max = 7}, "pids.max", "", false},
        {{.io_weight = 50}, "io.weight", "default 50", true},
        {{.io_weight = 50}, "io.weight", "default 100", false},
        {{.allowed_cpus = "0-1"}, "cpuset.cpus", "0,1", true},
        {{.allowed_cpus = "0-1"}, "cpuset.cpus", "0-2", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct limits_wanted w;
        size_t at = index_of(rows[i].file);
        limits_want(&rows[i].l, &w);
        assert_true(limits_any(&w));
        assert_true(limits_asks(&w, at));
        if (limits_applied(&w, at, str_of(rows[i].text)) != rows[i].applied)
            fail_msg("row %zu", i);
    }
}

static void nothing_asked_is_nothing_checked(void **state)
{
    struct limits_wanted w;
    unsigned missing = 0;
    limits_want(&(struct unit_limits){0}, &w);
    assert_false(limits_any(&w));
    assert_int_equal(limits_check("/no/such/cgroup", &w, &missing, NULL), 0);
}

static void write_text(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_missing_controller_is_named(void **state)
{
    char dir[] = "/tmp/limits-XXXXXX", command[64];
    struct err err = {""};
    struct limits_wanted w;
    unsigned missing = 0;
    assert_non_null(mkdtemp(dir));
    write_text(dir, "cpu.weight", "50\n");
    write_text(dir, "pids.max", "max\n");
    limits_want(&(struct unit_limits){.cpu_weight = 50, .memory_max = 1 << 20}, &w);
    assert_int_equal(limits_check(dir, &w, &missing, &err), -EOPNOTSUPP);
    assert_int_equal(missing, LIMITS_MEMORY);
    assert_non_null(strstr(err.text, "memory.max"));
    assert_non_null(strstr(err.text, "\"memory\" controller"));
    limits_want(&(struct unit_limits){.cpu_weight = 50, .tasks_max = 5}, &w);
    assert_int_equal(limits_check(dir, &w, &missing, &err), -EIO);
    assert_non_null(strstr(err.text, "pids.max"));
    limits_want(&(struct unit_limits){.cpu_weight = 50}, &w);
    assert_int_equal(limits_check(dir, &w, &missing, &err), 0);
    write_text(dir, "memory.max", "1048576\n"); /* a kernel without swap accounting */
    limits_want(&(struct unit_limits){.memory_max = 1 << 20, .no_swap = true}, &w);
    assert_int_equal(limits_check(dir, &w, &missing, &err), 0);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

static void statistics_are_read_by_name(void **state)
{
    struct cgstat_sample s = {0};
    cgstat_parse_cpu(str_of("usage_usec 10\nuser_usec 7\nsystem_usec 3\nnr_periods 2\n"
                            "nr_throttled 1\nthrottled_usec 5\nunknown 9\nbroken\nnumber x"),
                     &s);
    cgstat_parse_memory(str_of("anon 100\nfile 200\nkernel 30\nanon_thp 7"), &s);
    cgstat_parse_events(str_of("low 0\noom 2\noom_kill 1"), &s);
    assert_int_equal(s.cpu_usec, 10);
    assert_int_equal(s.cpu_user_usec, 7);
    assert_int_equal(s.cpu_throttled_periods, 1);
    assert_int_equal(s.cpu_throttled_usec, 5);
    assert_int_equal(s.mem_anon, 100);
    assert_int_equal(s.mem_kernel, 30);
    assert_int_equal(s.oom_kill, 1);
}

static void readings_do_without_missing_controllers(void **state)
{
    char dir[] = "/tmp/cgstat-XXXXXX", command[64];
    struct cgstat *c;
    struct cgstat_sample s;
    assert_non_null(mkdtemp(dir));
    write_text(dir, "cpu.stat", "usage_usec 10\n");
    assert_int_equal(cgstat_open(dir, &c), 0);
    assert_int_equal(cgstat_read(c, &s), 0);
    assert_int_equal(s.have, CGSTAT_CPU);
    assert_int_equal(s.cpu_usec, 10);
    cgstat_free(c);
    write_text(dir, "memory.current", "500\n");
    assert_int_equal(cgstat_open(dir, &c), 0);
    assert_int_equal(cgstat_read(c, &s), 0);
    write_text(dir, "memory.current", "400\n");
    assert_int_equal(cgstat_read(c, &s), 0);
    assert_int_equal(s.mem_current, 400);
    assert_int_equal(s.mem_peak, 500);
    cgstat_free(c);
    cgstat_free(NULL);
    assert_int_equal(cgstat_open("/tmp/no/such", &c), -ENOENT);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_in_force_are_compared_with_those_asked),
        cmocka_unit_test(nothing_asked_is_nothing_checked),
        cmocka_unit_test(a_missing_controller_is_named),
        cmocka_unit_test(statistics_are_read_by_name),
        cmocka_unit_test(readings_do_without_missing_controllers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
