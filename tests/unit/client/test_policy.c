// SPDX-License-Identifier: Apache-2.0
/* Restart policy, task events, the two state machines, deployment health. */
#include <errno.h>
#include <stdio.h>

#include "client/alloc_fsm.h"
#include "client/alloc_health.h"
#include "client/task_fsm.h"
#include "tests/unit/cmocka_all.h"

static const struct restart_policy two_in_a_minute = {
    .attempts = 2, .interval = NSEC_MIN, .delay = 4 * NSEC_SEC, .mode = "fail"};

static struct restart_answer ask(struct restart_tracker *t, const struct restart_policy *p,
                                 bool on_success, struct restart_cause c, nsec_t now)
{
    struct restart_answer a;
    restart_decide(t, p, on_success, &c, now, 7, &a);
    return a;
}

static void restarts_stop_after_the_attempts_of_one_interval(void **state)
{
    struct restart_tracker t = {0};
    struct restart_cause fail = {0};
    struct restart_answer a = ask(&t, &two_in_a_minute, true, fail, 1000);
    assert_int_equal(a.verdict, RESTART_AGAIN);
    assert_in_range(a.delay, 4 * NSEC_SEC, 5 * NSEC_SEC);
    assert_string_equal(a.reason, "Restart within policy");
    assert_int_equal(ask(&t, &two_in_a_minute, true, fail, 2000).verdict, RESTART_AGAIN);
    a = ask(&t, &two_in_a_minute, true, fail, 3000);
    assert_int_equal(a.verdict, RESTART_NOT);
    assert_string_equal(a.reason,
                        "Exceeded allowed attempts 2 in interval 1m0s and mode is \"fail\"");
    assert_int_equal(ask(&t, &two_in_a_minute, true, fail, 2 * NSEC_MIN).verdict, RESTART_AGAIN);
}

static void mode_delay_waits_for_the_next_interval(void **state)
{
    struct restart_policy p = two_in_a_minute;
    struct restart_tracker t = {.count = 2, .interval_start = NSEC_MIN};
    p.mode = "delay";
    struct restart_answer a = ask(&t, &p, true, (struct restart_cause){0}, NSEC_MIN + NSEC_SEC);
    assert_int_equal(a.verdict, RESTART_AGAIN);
    assert_int_equal(a.delay, 59 * NSEC_SEC);
    assert_string_equal(a.reason, "Exceeded allowed attempts, applying a delay");
}

static void success_kill_and_hopeless_errors_end_a_task(void **state)
{
    struct restart_tracker t = {0};
    struct restart_cause ok = {.success = true}, killed = {.killed = true},
                         hopeless = {.start_error = true, .unrecoverable = true},
                         asked = {.triggered = true};
    assert_int_equal(ask(&t, &two_in_a_minute, false, ok, 1).verdict, RESTART_TERMINATED);
    assert_int_equal(ask(&t, &two_in_a_minute, true, ok, 1).verdict, RESTART_AGAIN);
    assert_int_equal(ask(&t, &two_in_a_minute, true, killed, 1).verdict, RESTART_KILLED);
    assert_int_equal(ask(&t, &two_in_a_minute, true, hopeless, 1).verdict, RESTART_NOT);
    assert_int_equal(ask(&t, NULL, true, asked, 1).verdict, RESTART_AGAIN);
    assert_int_equal(ask(&t, NULL, false, ok, 1).verdict, RESTART_TERMINATED);
    assert_int_equal(ask(&t, NULL, true, ok, 1).verdict, RESTART_NOT);
}

static void lifecycle_decides_whether_success_restarts(void **state)
{
    struct lifecycle pre = {.hook = "prestart"}, side = {.hook = "prestart", .sidecar = true},
                     stop = {.hook = "poststop", .sidecar = true};
    assert_true(restart_on_success(JOB_SERVICE, NULL));
    assert_true(restart_on_success(JOB_SYSTEM, NULL));
    assert_false(restart_on_success(JOB_BATCH, NULL));
    assert_false(restart_on_success(JOB_SYSBATCH, NULL));
    assert_false(restart_on_success(JOB_SERVICE, &pre));
    assert_true(restart_on_success(JOB_BATCH, &side));
    assert_false(restart_on_success(JOB_SERVICE, &stop));
}

static void events_say_what_nomad_says(void **state)
{
    static const struct {
        struct task_note n;
        const char *type, *shown;
    } rows[] = {
        {{.type = NOTE_RECEIVED}, "Received", "Task received by client"},
        {{.type = NOTE_SETUP, .text = "Building Task Directory"},
         "Task Setup",
         "Building Task Directory"},
        {{.type = NOTE_STARTED}, "Started", "Task started by client"},
        {{.type = NOTE_TERMINATED, .code = 137, .sig = 9},
         "Terminated",
         "Exit Code: 137, Signal: 9"},
        {{.type = NOTE_TERMINATED, .code = 1, .detail = "OOM Killed"},
         "Terminated",
         "Exit Code: 1, Exit Message: \"OOM Killed\""},
        {{.type = NOTE_RESTARTING, .delay = 15 * NSEC_SEC, .text = "Restart within policy"},
         "Restarting",
         "Task restarting in 15s"},
        {{.type = NOTE_RESTARTING, .text = "Because"},
         "Restarting",
         "Because - Task restarting in 0s"},
        {{.type = NOTE_KILLING, .delay = 5 * NSEC_SEC},
         "Killing",
         "Sent interrupt. Waiting 5s before force killing"},
        {{.type = NOTE_KILLED}, "Killed", "Task successfully killed"},
        {{.type = NOTE_SIBLING_FAILED, .text = "db"},
         "Sibling Task Failed",
         "Task's sibling \"db\" failed"},
        {{.type = NOTE_SIGNALING, .text = "why", .detail = "SIGHUP"},
         "Signaling",
         "Task being sent signal SIGHUP: why"},
        {{.type = NOTE_DRIVER_FAILURE, .text = "no such file"}, "Driver Failure", "no such file"},
        {{.type = NOTE_DOWNLOADING}, "Downloading Artifacts", "Client is downloading artifacts"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct task_event *e = task_event_new(a, &rows[i].n, 5);
        assert_string_equal(e->type, rows[i].type);
        assert_string_equal(e->display_message, rows[i].shown);
        assert_int_equal(e->time, 5);
    }
}

static void the_last_ten_events_are_kept(void **state)
{
    struct task_status s;
    char text[16];
    assert_int_equal(task_status_init(&s, NULL), 0);
    for (int i = 0; i < 14; i++) {
        snprintf(text, sizeof(text), "m%d", i);
        struct task_note n = {.type = NOTE_SETUP, .text = text, .fails_task = i == 3};
        assert_int_equal(task_status_note(&s, &n, i), 0);
    }
    assert_int_equal(s.state->events.n, TASK_EVENTS_MAX);
    assert_string_equal(((struct task_event *)s.state->events.items[0])->message, "m4");
    assert_string_equal(((struct task_event *)s.state->events.items[9])->message, "m13");
    assert_true(s.state->failed);
    task_status_free(&s);
}

/* ---- the task ---- */

static const struct task_fsm_config service = {.policy = &two_in_a_minute, .on_success = true};

static struct task_fsm_effects step(struct task_fsm *f, const struct task_fsm_config *c,
                                    struct task_fsm_event e)
{
    struct task_fsm_effects fx;
    e.now = e.now ? e.now : 1000;
    assert_int_equal(task_fsm_step(f, c, &e, &fx), 0);
    return fx;
}

static void go_to_running(struct task_fsm *f)
{
    assert_int_equal(step(f, &service, (struct task_fsm_event){.type = TFE_BEGIN}).what, TFX_SETUP);
    assert_int_equal(step(f, &service, (struct task_fsm_event){.type = TFE_SETUP_DONE}).what,
                     TFX_START);
    struct task_fsm_effects fx = step(f, &service, (struct task_fsm_event){.type = TFE_STARTED});
    assert_int_equal(fx.what, TFX_RUN_STATE);
    assert_int_equal(fx.run_state, TASK_RUNNING);
    assert_int_equal(f->state, TFS_RUNNING);
}

static void an_exit_is_told_and_the_policy_asked(void **state)
{
    struct task_fsm f = {0};
    go_to_running(&f);
    struct task_fsm_effects fx =
        step(&f, &service, (struct task_fsm_event){.type = TFE_EXITED, .code = 1});
    assert_int_equal(fx.n_notes, 2);
    assert_int_equal(fx.notes[0].type, NOTE_TERMINATED);
    assert_int_equal(fx.notes[1].type, NOTE_RESTARTING);
    assert_int_equal(fx.what, TFX_RUN_STATE | TFX_TIMER);
    assert_int_equal(fx.run_state, TASK_PENDING);
    assert_int_equal(step(&f, &service, (struct task_fsm_event){.type = TFE_TIMER}).what,
                     TFX_SETUP);
}

static void a_kill_stops_the_unit_once_and_then_the_task_is_dead(void **state)
{
    struct task_fsm f = {0};
    const struct task_note killing = {.type = NOTE_KILLING};
    go_to_running(&f);
    struct task_fsm_event kill = {.type = TFE_KILL, .note = &killing};
    struct task_fsm_effects fx = step(&f, &service, kill);
    assert_int_equal(fx.what, TFX_STOP);
    assert_int_equal(fx.n_notes, 1);
    fx = step(&f, &service, kill);
    assert_int_equal(fx.what, 0);
    assert_int_equal(fx.n_notes, 0);
    fx = step(&f, &service, (struct task_fsm_event){.type = TFE_EXITED, .code = 143, .sig = 15});
    assert_int_equal(fx.notes[1].type, NOTE_KILLED);
    assert_int_equal(fx.what, TFX_RUN_STATE | TFX_DEAD);
    assert_int_equal(f.state, TFS_DEAD);
}

static void a_kill_during_the_start_stops_what_started(void **state)
{
    struct task_fsm f = {0};
    step(&f, &service, (struct task_fsm_event){.type = TFE_BEGIN});
    step(&f, &service, (struct task_fsm_event){.type = TFE_SETUP_DONE});
    const struct task_note killing = {.type = NOTE_KILLING};
    struct task_fsm_event kill = {.type = TFE_KILL, .note = &killing};
    struct task_fsm_effects fx = step(&f, &service, kill);
    assert_int_equal(fx.what, 0);
    assert_int_equal(fx.n_notes, 0);
    fx = step(&f, &service, (struct task_fsm_event){.type = TFE_STARTED});
    assert_int_equal(fx.what, TFX_RUN_STATE | TFX_STOP);
    assert_int_equal(fx.n_notes, 2);
    assert_int_equal(fx.notes[0].type, NOTE_STARTED);
    assert_int_equal(fx.notes[1].type, NOTE_KILLING);
    assert_int_equal(f.state, TFS_STOPPING);
}

static void shutdown_delay_comes_before_the_stop(void **state)
{
    struct task_fsm f = {0};
    struct task_fsm_config c = service;
    c.shutdown_delay = 3 * NSEC_SEC;
    go_to_running(&f);
    struct task_fsm_effects fx = step(&f, &c, (struct task_fsm_event){.type = TFE_KILL});
    assert_int_equal(fx.what, TFX_TIMER);
    assert_int_equal(fx.delay, 3 * NSEC_SEC);
    assert_int_equal(step(&f, &c, (struct task_fsm_event){.type = TFE_TIMER}).what, TFX_STOP);
}

static void a_requested_restart_needs_no_policy(void **state)
{
    struct task_fsm f = {0};
    struct task_fsm_config c = {.policy = NULL, .on_success = true};
    go_to_running(&f);
    assert_int_equal(step(&f, &c, (struct task_fsm_event){.type = TFE_RESTART}).what, TFX_STOP);
    struct task_fsm_effects fx =
        step(&f, &c, (struct task_fsm_event){.type = TFE_EXITED, .code = 143, .sig = 15});
    assert_int_equal(fx.what, TFX_RUN_STATE | TFX_TIMER);
    assert_int_equal(fx.delay, 0);
    assert_int_equal(f.state, TFS_BACKOFF);
}

/* Every event in every state: it is refused and changes nothing, or moves legally (the door
 * asserts); a dead task stays dead. */
static void no_event_hurts_in_any_state(void **state)
{
    for (int st = 0; st < TFS_MAX; st++)
        for (int ev = 0; ev < TFE_MAX; ev++)
            for (int killed = 0; killed < 2; killed++) {
                struct task_fsm f = {.state = (enum task_fsm_state)st, .killed = killed};
                struct task_fsm_event e = {.type = (enum task_fsm_event_type)ev, .now = 1000};
                struct task_fsm_effects fx;
                int r = task_fsm_step(&f, &service, &e, &fx);
                if (r < 0) {
                    assert_int_equal(f.state, st);
                    assert_int_equal(fx.what, 0);
                }
                if (st == TFS_DEAD)
                    assert_int_equal(r, -EINVAL);
                if (f.state == TFS_DEAD && st != TFS_DEAD)
                    assert_true(fx.what & TFX_DEAD);
            }
}

/* ---- the allocation ---- */

static struct alloc_fsm_task task_of(const char *name, enum alloc_task_role role,
                                     struct task_state *s)
{
    return (struct alloc_fsm_task){
        .name = name, .role = role, .state = s, .waits = s->state == TASK_PENDING};
}

static void tasks_begin_in_lifecycle_order(void **state)
{
    struct task_state pre = {0}, main_ = {0}, post = {0}, stop = {0};
    struct alloc_fsm_answer a;
    for (int phase = 0; phase < 4; phase++) {
        if (phase == 1)
            pre.state = TASK_DEAD;
        if (phase == 2) {
            main_.state = TASK_RUNNING;
            main_.started_at = 1;
        }
        if (phase == 3)
            main_.state = TASK_DEAD;
        struct alloc_fsm_task t[] = {
            task_of("stop", ROLE_POSTSTOP, &stop), task_of("post", ROLE_POSTSTART, &post),
            task_of("main", ROLE_MAIN, &main_), task_of("pre", ROLE_PRESTART, &pre)};
        alloc_fsm_decide(t, 4, false, &a);
        assert_int_equal(t[3].begin, phase == 0);
        assert_int_equal(t[2].begin, phase == 1);
        assert_int_equal(t[1].begin, phase >= 2);
        assert_int_equal(t[0].begin, phase == 3);
        assert_false(a.done);
    }
}

static void a_failed_sibling_ends_the_others(void **state)
{
    struct task_state bad = {.state = TASK_DEAD, .failed = true}, good = {.state = TASK_RUNNING};
    struct alloc_fsm_task t[] = {task_of("bad", ROLE_MAIN, &bad),
                                 task_of("good", ROLE_MAIN, &good)};
    struct alloc_fsm_answer a;
    alloc_fsm_decide(t, 2, false, &a);
    assert_true(t[1].kill && !t[0].kill);
    assert_int_equal(a.kill_note.type, NOTE_SIBLING_FAILED);
    assert_string_equal(a.kill_note.text, "bad");
    assert_int_equal(a.client_status, ALLOC_FAILED);
    t[1].killed = true;
    alloc_fsm_decide(t, 2, false, &a);
    assert_false(t[1].kill);
}

static void the_leader_is_stopped_first_and_its_end_ends_all(void **state)
{
    struct task_state lead = {.state = TASK_RUNNING}, other = {.state = TASK_RUNNING};
    struct alloc_fsm_task t[] = {task_of("a", ROLE_MAIN, &other),
                                 task_of("lead", ROLE_MAIN, &lead)};
    struct alloc_fsm_answer a;
    t[1].leader = true;
    alloc_fsm_decide(t, 2, true, &a);
    assert_true(t[1].kill && !t[0].kill);
    lead.state = TASK_DEAD;
    alloc_fsm_decide(t, 2, true, &a);
    assert_true(t[0].kill);
    assert_int_equal(a.kill_note.type, NOTE_LEADER_DEAD);
}

static void a_stop_spares_poststop_tasks_which_then_run(void **state)
{
    struct task_state main_ = {.state = TASK_RUNNING, .started_at = 1}, stop = {0};
    struct alloc_fsm_task t[] = {task_of("m", ROLE_MAIN, &main_),
                                 task_of("s", ROLE_POSTSTOP, &stop)};
    struct alloc_fsm_answer a;
    alloc_fsm_decide(t, 2, true, &a);
    assert_true(t[0].kill && !t[1].kill && !t[1].begin);
    main_.state = TASK_DEAD;
    alloc_fsm_decide(t, 2, true, &a);
    assert_true(t[1].begin);
    stop.state = TASK_DEAD;
    alloc_fsm_decide(t, 2, true, &a);
    assert_true(a.done);
    assert_int_equal(a.client_status, ALLOC_COMPLETE);
}

static void health_needs_time_without_restarts(void **state)
{
    struct update_strategy u = {.min_healthy_time = 10, .healthy_deadline = 100};
    struct task_state s = {0};
    struct alloc_fsm_task t = task_of("m", ROLE_MAIN, &s);
    nsec_t at = 0;
    assert_int_equal(alloc_health_decide(&t, 1, &u, 1, 2, &at), HEALTH_WAIT);
    assert_int_equal(at, 101);
    s.state = TASK_RUNNING;
    s.started_at = 50;
    assert_int_equal(alloc_health_decide(&t, 1, &u, 1, 55, &at), HEALTH_WAIT);
    assert_int_equal(at, 60);
    assert_int_equal(alloc_health_decide(&t, 1, &u, 1, 60, &at), HEALTH_GOOD);
    s.state = TASK_PENDING;
    assert_int_equal(alloc_health_decide(&t, 1, &u, 1, 101, &at), HEALTH_BAD);
    s.state = TASK_DEAD;
    assert_int_equal(alloc_health_decide(&t, 1, &u, 1, 10, &at), HEALTH_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarts_stop_after_the_attempts_of_one_interval),
        cmocka_unit_test(mode_delay_waits_for_the_next_interval),
        cmocka_unit_test(success_kill_and_hopeless_errors_end_a_task),
        cmocka_unit_test(lifecycle_decides_whether_success_restarts),
        cmocka_unit_test(events_say_what_nomad_says),
        cmocka_unit_test(the_last_ten_events_are_kept),
        cmocka_unit_test(an_exit_is_told_and_the_policy_asked),
        cmocka_unit_test(a_kill_stops_the_unit_once_and_then_the_task_is_dead),
        cmocka_unit_test(a_kill_during_the_start_stops_what_started),
        cmocka_unit_test(shutdown_delay_comes_before_the_stop),
        cmocka_unit_test(a_requested_restart_needs_no_policy),
        cmocka_unit_test(no_event_hurts_in_any_state),
        cmocka_unit_test(tasks_begin_in_lifecycle_order),
        cmocka_unit_test(a_failed_sibling_ends_the_others),
        cmocka_unit_test(the_leader_is_stopped_first_and_its_end_ends_all),
        cmocka_unit_test(a_stop_spares_poststop_tasks_which_then_run),
        cmocka_unit_test(health_needs_time_without_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
