// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <signal.h>

#include "systemd/launch_format.h"
#include "systemd/unit_state.h"

static struct unit_state ended(int code, int status, const char *result)
{
    struct unit_state s = {.loaded = true};
    unit_state_set_u64(&s, "ExecMainCode", (uint64_t)code);
    unit_state_set_u64(&s, "ExecMainStatus", (uint64_t)status);
    unit_state_set_u64(&s, "ExecMainStartTimestamp", 1000000);
    unit_state_set_u64(&s, "ExecMainExitTimestamp", 1500000);
    unit_state_set_u64(&s, "ExecMainExitTimestampMonotonic", 7);
    unit_state_set_str(&s, "Result", result);
    return s;
}

/* The rows of reference "Exit status": result, code, status -> end. */
static void each_way_to_end_is_told_apart(void **state)
{
    const struct {
        int code, status;
        const char *result;
        struct unit_decide d;
        enum unit_end end;
        int exit_code, sig;
        bool timed_out;
    } rows[] = {
        {CLD_EXITED, 0, "success", {0}, UNIT_END_EXIT, 0, 0, false},
        {CLD_EXITED, 3, "exit-code", {0}, UNIT_END_EXIT, 3, 0, false},
        {CLD_KILLED, 9, "signal", {0}, UNIT_END_SIGNAL, 0, 9, false},
        {CLD_DUMPED, 11, "core-dump", {0}, UNIT_END_SIGNAL, 0, 11, false},
        {CLD_KILLED, 15, "success", {.stop_requested = true}, UNIT_END_SIGNAL, 0, 15, false},
        {CLD_KILLED, 9, "timeout", {.stop_requested = true}, UNIT_END_SIGNAL, 0, 9, true},
        {CLD_KILLED, 9, "oom-kill", {0}, UNIT_END_OOM, 0, 9, false},
        {CLD_KILLED, 15, "oom-kill", {0}, UNIT_END_OOM, 0, 15, false},
        {CLD_EXITED, 137, "oom-kill", {0}, UNIT_END_OOM, 137, 0, false},
        {CLD_EXITED, 217, "exit-code", {.start_failed = true}, UNIT_END_SETUP, 217, 0, false},
        {CLD_EXITED, 217, "exit-code", {0}, UNIT_END_EXIT, 217, 0, false},
        {CLD_EXITED,
         203,
         "exit-code",
         {.launched = true, .start_failed = true, .launch = UNIT_LAUNCH_DONE},
         UNIT_END_EXIT,
         203,
         0,
         false},
        {CLD_EXITED,
         226,
         "exit-code",
         {.launched = true, .launch = UNIT_LAUNCH_NOT_READ},
         UNIT_END_SETUP,
         226,
         0,
         false},
        {CLD_EXITED,
         LAUNCH_EXIT_NOT_FOUND,
         "exit-code",
         {.launched = true, .launch = UNIT_LAUNCH_FAILED},
         UNIT_END_SETUP,
         LAUNCH_EXIT_NOT_FOUND,
         0,
         false},
        {CLD_EXITED,
         LAUNCH_EXIT_NOT_FOUND,
         "exit-code",
         {.launched = true, .launch = UNIT_LAUNCH_DONE},
         UNIT_END_EXIT,
         LAUNCH_EXIT_NOT_FOUND,
         0,
         false},
        {CLD_EXITED,
         LAUNCH_EXIT_CHDIR,
         "exit-code",
         {.launched = true},
         UNIT_END_SETUP,
         LAUNCH_EXIT_CHDIR,
         0,
         false},
        {CLD_EXITED,
         LAUNCH_EXIT_CHDIR,
         "exit-code",
         {0},
         UNIT_END_EXIT,
         LAUNCH_EXIT_CHDIR,
         0,
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct unit_state s = ended(rows[i].code, rows[i].status, rows[i].result);
        struct unit_exit ex;
        assert_true(unit_exit_decide(&s, &rows[i].d, &ex));
        if (ex.end != rows[i].end)
            fail_msg("row %zu: %s", i, unit_end_name(ex.end));
        assert_int_equal(ex.code, rows[i].exit_code);
        assert_int_equal(ex.sig, rows[i].sig);
        assert_int_equal(ex.kill_timed_out, rows[i].timed_out);
        assert_int_equal(ex.stopped, rows[i].d.stop_requested);
        assert_int_equal(ex.core, rows[i].code == CLD_DUMPED);
        assert_int_equal(ex.at, 1500 * NSEC_MSEC);
        assert_true(ex.text[0]);
    }
}

static void a_late_reserved_status_is_the_programs_own(void **state)
{
    struct unit_state s = ended(CLD_EXITED, LAUNCH_EXIT_EXEC, "exit-code");
    struct unit_exit ex;
    s.exit_wall_usec = s.start_wall_usec + 60 * 1000000;
    assert_true(unit_exit_decide(&s, &(struct unit_decide){.launched = true}, &ex));
    assert_int_equal(ex.end, UNIT_END_EXIT);
}

static void a_running_or_half_told_unit_is_not_done(void **state)
{
    struct unit_state s = {.loaded = true};
    struct unit_decide d = {.launched = true};
    struct unit_exit ex = {.end = UNIT_END_MAX};
    assert_false(unit_exit_decide(&s, &d, &ex));
    unit_state_set_u64(&s, "MainPID", 42);
    unit_state_set_str(&s, "ActiveState", "active");
    unit_state_set_str(&s, "Result", "success");
    assert_false(unit_exit_decide(&s, &d, &ex));
    unit_state_set_u64(&s, "ExecMainExitTimestampMonotonic", 5);
    assert_false(unit_exit_decide(&s, &d, &ex));
    assert_int_equal(ex.end, UNIT_END_MAX);
    unit_state_set_u64(&s, "ExecMainCode", CLD_EXITED);
    assert_true(unit_exit_decide(&s, &d, &ex));
    assert_int_equal(s.main_pid, 42);
}

static void a_vanished_unit_is_gone_and_says_whether_we_stopped_it(void **state)
{
    struct unit_state s = {0};
    struct unit_exit ex;
    assert_true(unit_exit_decide(&s, &(struct unit_decide){0}, &ex));
    assert_int_equal(ex.end, UNIT_END_GONE);
    assert_false(ex.stopped);
    assert_true(unit_exit_decide(&s, &(struct unit_decide){.stop_requested = true}, &ex));
    assert_true(ex.stopped);
}

static void a_unit_without_a_process_failed_in_setup(void **state)
{
    struct unit_state s = {.loaded = true};
    struct unit_exit ex;
    unit_state_set_str(&s, "Result", "resources");
    unit_state_set_str(&s, "ActiveState", "failed");
    assert_true(unit_exit_decide(&s, &(struct unit_decide){0}, &ex));
    assert_int_equal(ex.end, UNIT_END_SETUP);
    assert_non_null(strstr(ex.text, "resources"));
}

static void properties_fill_the_state_and_unknown_ones_do_nothing(void **state)
{
    struct unit_state s = {0}, before;
    const uint8_t id[16] = {1, 2, 3};
    static const char field[] = "NOMAD_NODE_ID=0a1b2c3d-1111-2222-3333-4444deadbeef";
    assert_false(unit_state_has_invocation(&s));
    unit_state_set_bytes(&s, "InvocationID", id, sizeof(id));
    assert_true(unit_state_has_invocation(&s));
    unit_state_set_bytes(&s, "LogExtraFields", field, sizeof(field) - 1);
    assert_string_equal(UUID_Z(&s.node_id), "0a1b2c3d-1111-2222-3333-4444deadbeef");
    unit_state_set_str(&s, "LoadState", "loaded");
    assert_true(s.loaded);
    unit_state_set_str(&s, "LoadState", "bad-setting"); /* after a reload: still a unit */
    assert_true(s.loaded);
    before = s;
    unit_state_set_str(&s, "Nonsense", "x");
    unit_state_set_u64(&s, "Nonsense", 1);
    unit_state_set_bytes(&s, "InvocationID", id, 3);
    unit_state_set_bytes(&s, "LogExtraFields", "X=1", 3);
    assert_memory_equal(&s, &before, sizeof(s));
    unit_state_set_str(&s, "Result", "a-result-much-longer-than-there-is-room-for");
    assert_int_equal(strlen(s.result), sizeof(s.result) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_end_is_told_apart),
        cmocka_unit_test(a_late_reserved_status_is_the_programs_own),
        cmocka_unit_test(a_running_or_half_told_unit_is_not_done),
        cmocka_unit_test(a_vanished_unit_is_gone_and_says_whether_we_stopped_it),
        cmocka_unit_test(a_unit_without_a_process_failed_in_setup),
        cmocka_unit_test(properties_fill_the_state_and_unknown_ones_do_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
