// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <signal.h>

#include "systemd/unit_props.h"

static struct unit_spec minimal(void)
{
    struct unit_spec s = UNIT_SPEC_INIT;
    s.name = "nomad-x.service";
    s.slice = "nomad-y.slice";
    s.exec = "/usr/libexec/nomad/nomad-launcher";
    return s;
}

static const struct unit_prop *want(const struct unit_props *p, const char *name,
                                    enum unit_prop_type type)
{
    const struct unit_prop *v = unit_props_find(p, name);
    if (!v)
        fail_msg("no property %s", name);
    assert_int_equal(v->type, type);
    return v;
}

static void a_minimal_task_is_supervised_but_never_restarted_by_systemd(void **state)
{
    struct unit_spec s = minimal();
    struct unit_props p;
    assert_int_equal(unit_spec_check(&s, NULL), 0);
    assert_int_equal(unit_props_of_spec(&s, &p), 0);
    assert_string_equal(want(&p, "Type", PROP_STRING)->s, "exec");
    assert_string_equal(want(&p, "Restart", PROP_STRING)->s, "no");
    assert_string_equal(want(&p, "CollectMode", PROP_STRING)->s, "inactive");
    assert_string_equal(want(&p, "Slice", PROP_STRING)->s, "nomad-y.slice");
    assert_string_equal(want(&p, "KillMode", PROP_STRING)->s, "control-group");
    assert_string_equal(want(&p, "OOMPolicy", PROP_STRING)->s, "kill");
    assert_int_equal(want(&p, "RemainAfterExit", PROP_BOOL)->u64, 1);
    assert_int_equal(want(&p, "KillSignal", PROP_I32)->i, SIGTERM);
    assert_string_equal(want(&p, "StandardInput", PROP_STRING)->s, "null");
    want(&p, "ExecStart", PROP_EXEC);
    assert_null(unit_props_find(&p, "Environment"));
    assert_null(unit_props_find(&p, "MemoryMax"));
    assert_null(unit_props_find(&p, "User"));
    assert_null(unit_props_find(&p, "NoNewPrivileges"));
    unit_props_free(&p);
}

static void limits_keep_unset_none_and_zero_apart(void **state)
{
    const struct unit_limits l = {.cpu_weight = 77,
                                  .cpu_quota_usec = 500000,
                                  .memory_max = 64 << 20,
                                  .memory_high = UNIT_LIMIT_NONE,
                                  .no_swap = true,
                                  .tasks_max = 7,
                                  .allowed_cpus = "0,9"};
    struct unit_props p;
    assert_int_equal(unit_props_of_limits(&l, &p), 0);
    assert_int_equal(want(&p, "CPUWeight", PROP_U64)->u64, 77);
    assert_int_equal(want(&p, "CPUQuotaPerSecUSec", PROP_U64)->u64, 500000);
    assert_int_equal(want(&p, "MemoryMax", PROP_U64)->u64, 64 << 20);
    assert_true(want(&p, "MemoryHigh", PROP_U64)->u64 == UINT64_MAX);
    assert_int_equal(want(&p, "MemorySwapMax", PROP_U64)->u64, 0);
    assert_int_equal(want(&p, "TasksMax", PROP_U64)->u64, 7);
    assert_null(unit_props_find(&p, "MemoryLow"));
    assert_null(unit_props_find(&p, "IOWeight"));
    const struct unit_prop *cpus = want(&p, "AllowedCPUs", PROP_BYTES);
    assert_int_equal(cpus->u64, 2);
    assert_int_equal(cpus->bytes[0], 1);
    assert_int_equal(cpus->bytes[1], 2);
    unit_props_free(&p);
}

static void a_slice_carries_limits_only(void **state)
{
    struct unit_spec s = UNIT_SPEC_INIT;
    struct unit_props p;
    s.name = "nomad-y.slice";
    s.description = "job group[0]";
    s.limits.memory_max = 1 << 20;
    assert_int_equal(unit_spec_check(&s, NULL), 0);
    assert_int_equal(unit_props_of_spec(&s, &p), 0);
    assert_non_null(unit_props_find(&p, "MemoryMax"));
    assert_non_null(unit_props_find(&p, "MemoryAccounting"));
    assert_null(unit_props_find(&p, "ExecStart"));
    assert_null(unit_props_find(&p, "Type"));
    assert_null(unit_props_find(&p, "Slice"));
    unit_props_free(&p);
}

static void sandbox_fields_become_their_properties(void **state)
{
    const struct unit_bind binds[] = {{.src = "/a", .dst = "/b"},
                                      {.src = "/c", .dst = "/d", .writable = true}};
    const struct unit_pair devices[] = {{"/dev/null", "rwm"}};
    const struct unit_rlimit rlimits[] = {{"NOFILE", 99}};
    const char *const filter[] = {"@system-service", NULL};
    struct unit_spec s = minimal();
    struct unit_props p;
    s.sandbox = (struct unit_sandbox){.binds = binds,
                                      .n_binds = 2,
                                      .devices = devices,
                                      .n_devices = 1,
                                      .set_cap_bounding = true,
                                      .no_new_privileges = true,
                                      .protect_system = "strict",
                                      .syscall_filter = filter,
                                      .network_namespace_path = "/run/netns/x"};
    s.rlimits = rlimits;
    s.n_rlimits = 1;
    s.stdout_fd = 5;
    s.kill_signal = SIGINT;
    s.kill_timeout = 5 * NSEC_SEC;
    assert_int_equal(unit_spec_check(&s, NULL), 0);
    assert_int_equal(unit_props_of_spec(&s, &p), 0);
    assert_int_equal(want(&p, "BindPaths", PROP_BINDS)->u64, 1);
    assert_int_equal(want(&p, "BindReadOnlyPaths", PROP_BINDS)->u64, 0);
    assert_string_equal(want(&p, "DevicePolicy", PROP_STRING)->s, "closed");
    assert_int_equal(want(&p, "CapabilityBoundingSet", PROP_U64)->u64, 0);
    assert_null(unit_props_find(&p, "AmbientCapabilities"));
    assert_int_equal(want(&p, "LimitNOFILE", PROP_U64)->u64, 99);
    assert_int_equal(want(&p, "LimitNOFILESoft", PROP_U64)->u64, 99);
    assert_int_equal(want(&p, "StandardOutputFileDescriptor", PROP_FD)->i, 5);
    assert_null(unit_props_find(&p, "StandardOutput"));
    assert_int_equal(want(&p, "TimeoutStopUSec", PROP_U64)->u64, 5000000);
    assert_int_equal(want(&p, "KillSignal", PROP_I32)->i, SIGINT);
    want(&p, "SystemCallFilter", PROP_FILTER);
    unit_props_free(&p);
}

static void bad_specs_are_refused_with_the_fields_name(void **state)
{
    const struct unit_bind no_dst[] = {{.src = "/a"}};
    struct unit_spec rows[10];
    const char *words[10];
    size_t n = 0;
#define ROW(word, change)                                                                          \
    do {                                                                                           \
        struct unit_spec s = minimal();                                                            \
        change;                                                                                    \
        words[n] = word;                                                                           \
        rows[n++] = s;                                                                             \
    } while (0)
    ROW("unit name", s.name = "x.scope");
    ROW("slice", s.slice = "x.service");
    ROW("no program", s.exec = NULL);
    ROW("program", s.exec = "bin/x");
    ROW("working directory", s.working_directory = "tmp");
    ROW("kill signal", s.kill_signal = 99);
    ROW("cpu weight", s.limits.cpu_weight = 10001);
    ROW("allowed cpus", s.limits.allowed_cpus = "0-");
    ROW("bind", (s.sandbox.binds = no_dst, s.sandbox.n_binds = 1));
    ROW("description", s.description = "a\nb");
    for (size_t i = 0; i < n; i++) {
        struct err err = {""};
        assert_int_equal(unit_spec_check(&rows[i], &err), -EINVAL);
        if (!strstr(err.text, words[i]))
            fail_msg("\"%s\" does not say \"%s\"", err.text, words[i]);
    }
}

static void cpu_lists_read_as_the_kernel_writes_them(void **state)
{
    struct cpuset a, b;
    assert_int_equal(cpuset_parse(str_of("0-2,9\n"), &a), 0);
    assert_int_equal(a.n, 2);
    assert_int_equal(a.mask[0], 7);
    assert_int_equal(a.mask[1], 2);
    assert_int_equal(cpuset_parse(str_of("9,0,1,2"), &b), 0);
    assert_true(cpuset_eq(&a, &b));
    assert_int_equal(cpuset_parse(str_of(""), &b), 0);
    assert_int_equal(b.n, 0);
    assert_false(cpuset_eq(&a, &b));
    const char *bad[] = {"a", "1-", "-1", "2-1", "1,,2", "1,", "1 2"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(cpuset_parse(str_of(bad[i]), &b), -EINVAL);
    assert_int_equal(cpuset_parse(str_of("8192"), &b), -ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minimal_task_is_supervised_but_never_restarted_by_systemd),
        cmocka_unit_test(limits_keep_unset_none_and_zero_apart),
        cmocka_unit_test(a_slice_carries_limits_only),
        cmocka_unit_test(sandbox_fields_become_their_properties),
        cmocka_unit_test(bad_specs_are_refused_with_the_fields_name),
        cmocka_unit_test(cpu_lists_read_as_the_kernel_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
