// SPDX-License-Identifier: Apache-2.0
/* The unit manager, launcher and relay against a real systemd. Runs inside a throwaway host (as
 * root, PID 1 must be systemd), not on a machine anybody needs:
 *   systemd_units_test LAUNCHER RELAY [--only WORD] [--kills N] [--units N] */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/cluster/systemd_rig.h"

static void exit_codes_and_signals_are_seen(struct rig *rig)
{
    const struct {
        const char *script;
        enum unit_end end;
        int code, sig;
    } rows[] = {
        {"exit 0", UNIT_END_EXIT, 0, 0},
        {"exit 3", UNIT_END_EXIT, 3, 0},
        {"sleep 0.2; exit 203", UNIT_END_EXIT, 203, 0},
        {"exit 203", UNIT_END_EXIT, 203, 0},
        {"exit 249", UNIT_END_EXIT, 249, 0},
        {"kill -KILL $$", UNIT_END_SIGNAL, 0, SIGKILL},
        {"kill -SEGV $$", UNIT_END_SIGNAL, 0, SIGSEGV},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig_task t = {0};
        rig_start_script(rig, &t, rows[i].script);
        rig_wait_exit(rig, &t);
        CHECK(t.started == 0, "%s: start %d %s", rows[i].script, t.started, t.start_err.text);
        CHECK(t.ex.end == rows[i].end && t.ex.code == rows[i].code && t.ex.sig == rows[i].sig,
              "%s: %s code %d sig %d", rows[i].script, unit_end_name(t.ex.end), t.ex.code,
              t.ex.sig);
        CHECK(unit_state_has_invocation(&t.state), "invocation id");
        rig_reap(rig, &t);
    }
}

/* Either the start says so, or, where the launcher had become the unit's process already, the end.
 */
static void expect_setup_failure(struct rig *rig, struct rig_task *t, const char *what)
{
    rig_wait_exit(rig, t);
    bool by_start = t->started == -ENOEXEC, by_end = t->ended && t->ex.end == UNIT_END_SETUP;
    CHECK(by_start || by_end, "%s: start %d, end %s code %d", what, t->started,
          unit_end_name(t->ex.end), t->ex.code);
    printf("  %s: %s\n", what, by_start ? t->start_err.text : t->ex.text);
    rig_reap(rig, t);
}

static void setup_failures_are_told_apart_from_exits(struct rig *rig)
{
    struct rig_task missing = {0}, user = {0}, netns = {0}, dir = {0};
    struct unit_spec s = rig_spec(rig, &missing);
    rig_start_command(rig, &missing, &s, "no-such-command", "/");
    expect_setup_failure(rig, &missing, "command");

    s = rig_spec(rig, &dir);
    rig_start_command(rig, &dir, &s, "true", "/no/such/dir");
    expect_setup_failure(rig, &dir, "directory");

    s = rig_spec(rig, &user);
    s.user = "nobody-of-that-name";
    rig_start(rig, &user, &s, "true");
    expect_setup_failure(rig, &user, "user");

    s = rig_spec(rig, &netns);
    s.sandbox.network_namespace_path = "/run/netns/none";
    rig_start(rig, &netns, &s, "true");
    expect_setup_failure(rig, &netns, "network namespace");
}

static void a_task_that_ignores_sigterm_is_killed_after_its_timeout(struct rig *rig)
{
    struct rig_task t = {0};
    struct rig_answer a = {0};
    rig_start_script(rig, &t, "trap '' TERM; touch /run/trap-is-set; while :; do sleep 0.1; done");
    rig_wait_file(rig, &t, "/run/trap-is-set");
    CHECK(t.started == 0, "%s", t.start_err.text);
    CHECK(rig_await(rig, &a, units_stop(rig->units, t.name.z, rig_done_cb, &a)) == 0, "%s",
          a.err.text);
    rig_wait_exit(rig, &t);
    CHECK(t.ex.end == UNIT_END_SIGNAL && t.ex.sig == SIGKILL && t.ex.kill_timed_out && t.ex.stopped,
          "%s sig %d", unit_end_name(t.ex.end), t.ex.sig);
    rig_reap(rig, &t);
}

static void a_task_that_obeys_sigterm_reports_it(struct rig *rig)
{
    struct rig_task t = {0};
    struct rig_answer a = {0}, again = {0};
    rig_start_script(rig, &t, "exec sleep 1000");
    rig_wait_started(rig, &t);
    CHECK(rig_await(rig, &a, units_stop(rig->units, t.name.z, rig_done_cb, &a)) == 0, "%s",
          a.err.text);
    rig_wait_exit(rig, &t);
    CHECK(t.ex.end == UNIT_END_SIGNAL && t.ex.sig == SIGTERM && t.ex.stopped, "%s sig %d",
          unit_end_name(t.ex.end), t.ex.sig);
    CHECK(rig_await(rig, &again, units_stop(rig->units, t.name.z, rig_done_cb, &again)) == 0,
          "stopping what is gone: %s", again.err.text);
    rig_reap(rig, &t);
}

static void signals_freeze_and_live_limits_reach_a_task(struct rig *rig)
{
    struct rig_task t = {0};
    struct rig_answer kill = {0}, freeze = {0}, thaw = {0}, limits = {0}, bad = {0};
    const struct unit_limits l = {.cpu_weight = 55, .tasks_max = 99};
    rig_start_script(rig, &t,
                     "trap 'exit 7' USR1; touch /run/trap-is-set; while :; do sleep 0.05; done");
    rig_wait_file(rig, &t, "/run/trap-is-set");
    CHECK(rig_await(rig, &freeze, units_freeze(rig->units, t.name.z, true, rig_done_cb, &freeze)) ==
              0,
          "%s", freeze.err.text);
    CHECK(rig_await(rig, &thaw, units_freeze(rig->units, t.name.z, false, rig_done_cb, &thaw)) == 0,
          "%s", thaw.err.text);
    CHECK(rig_await(rig, &limits,
                    units_set_limits(rig->units, t.name.z, rig->slice.z, &l, true, rig_done_cb,
                                     &limits)) == 0,
          "%s", limits.err.text);
    CHECK(rig_await(
              rig, &kill,
              units_kill(rig->units, t.name.z, UNIT_KILL_MAIN, SIGUSR1, rig_done_cb, &kill)) == 0,
          "%s", kill.err.text);
    rig_wait_exit(rig, &t);
    CHECK(t.ex.end == UNIT_END_EXIT && t.ex.code == 7, "%s %d", unit_end_name(t.ex.end), t.ex.code);
    rig_reap(rig, &t);
    CHECK(rig_await(rig, &bad,
                    units_kill(rig->units, t.name.z, UNIT_KILL_MAIN, SIGUSR1, rig_done_cb, &bad)) ==
              -ENOENT,
          "signal to nothing: %d %s", bad.r, bad.err.text);
}

/* Where a controller is missing the start must fail and leave nothing; else the value must be
 * there. */
static void limits_are_read_back_or_refused(struct rig *rig)
{
    struct rig_task t = {0}, soft = {0};
    struct unit_spec s = rig_spec(rig, &t);
    char path[512];
    s.limits = (struct unit_limits){.memory_max = 64 << 20, .cpu_weight = 77, .tasks_max = 50};
    snprintf(path, sizeof(path), "%s/nomad.slice/memory.max", units_cgroup_root());
    bool has_memory = access(path, F_OK) == 0;
    s.limits_best_effort = false;
    rig_start(rig, &t, &s, "exec sleep 1000");
    rig_wait_started(rig, &t);
    printf("  memory controller: %s\n", has_memory ? "yes" : t.start_err.text);
    CHECK(has_memory ? t.started == 0 : t.started == -EOPNOTSUPP, "%d %s", t.started,
          t.start_err.text);
    CHECK(has_memory || strstr(t.start_err.text, "controller"), "%s", t.start_err.text);
    rig_reap(rig, &t);

    s = rig_spec(rig, &soft);
    s.limits.memory_max = 64 << 20;
    rig_start(rig, &soft, &s, "exec sleep 1000");
    rig_wait_started(rig, &soft);
    CHECK(soft.started == 0, "%s", soft.start_err.text);
    rig_reap(rig, &soft);
}

static void sandbox_settings_are_accepted(struct rig *rig)
{
    struct rig_task t = {0};
    struct unit_spec s = rig_spec(rig, &t);
    const struct unit_bind binds[] = {{.src = "/usr/bin", .dst = "/mnt"},
                                      {.src = "/tmp", .dst = "/srv", .writable = true}};
    const struct unit_pair tmpfs[] = {{"/media", "size=1m"}};
    const struct unit_pair devices[] = {{"/dev/null", "rwm"}};
    const struct unit_rlimit rlimits[] = {{"NOFILE", 4321}};
    const char *const fields[] = {"NOMAD_TASK=web", NULL}, *const hidden[] = {"/root", NULL};
    s.sandbox = (struct unit_sandbox){.binds = binds,
                                      .n_binds = 2,
                                      .tmpfs = tmpfs,
                                      .n_tmpfs = 1,
                                      .devices = devices,
                                      .n_devices = 1,
                                      .inaccessible_paths = hidden,
                                      .set_cap_bounding = true,
                                      .no_new_privileges = true,
                                      .private_tmp = true,
                                      .protect_system = "strict",
                                      .protect_kernel_modules = true,
                                      .protect_proc = "invisible"};
    s.rlimits = rlimits;
    s.n_rlimits = 1;
    s.log_fields = fields;
    s.user = "nobody";
    s.set_oom_score_adjust = true;
    s.oom_score_adjust = 500;
    s.runtime_max = 100 * NSEC_SEC;
    rig_start(rig, &t, &s,
              "test \"$(ulimit -n)\" = 4321 && test -x /mnt/true && ! touch /mnt/x 2>/dev/null && "
              "test \"$(id -un)\" = nobody && ! ls /root 2>/dev/null && "
              "test \"$(cat /proc/self/oom_score_adj)\" = 500 && "
              "test -z \"$INVOCATION_ID\" && env | grep -q '^A-B.c=d$' && exit 42");
    rig_wait_exit(rig, &t);
    CHECK(t.started == 0 && t.ex.code == 42, "%d %s: code %d %s", t.started, t.start_err.text,
          t.ex.code, t.ex.text);
    rig_reap(rig, &t);
}

struct listing {
    bool done;
    size_t n, with_node;
    const char *look_for;
    struct uuid alloc;
    bool found;
};

static void list_cb(void *user, int r, const struct unit_item *items, size_t n,
                    const struct err *err)
{
    struct listing *l = user;
    struct uuid node;
    CHECK(r == 0, "%s", err ? err->text : "");
    uuid_parse(str_of("0a0b0c0d-0000-1111-2222-333344445555"), &node);
    for (size_t i = 0; i < n; i++) {
        if (!uuid_eq(&items[i].parts.alloc, &l->alloc))
            continue;
        l->n++;
        l->with_node += uuid_eq(&items[i].state.node_id, &node);
        if (streq(items[i].name, nonull(l->look_for)))
            l->found = items[i].parts.kind == UNIT_NAME_SERVICE &&
                       streq(items[i].parts.task, "we b/ü") && items[i].state.main_pid > 0 &&
                       unit_state_has_invocation(&items[i].state);
    }
    l->done = true;
}

static void own_units_are_listed_with_their_state(struct rig *rig)
{
    struct rig_task t = {0};
    rig_start_script(rig, &t, "exec sleep 1000");
    rig_wait_started(rig, &t);
    struct listing l = {.look_for = t.name.z, .alloc = rig->alloc};
    CHECK(units_list(rig->units, list_cb, &l) == 0, "list");
    rig_wait(rig, &l.done);
    CHECK(l.found && l.with_node == 1 && l.n == 2, "%zu units, %zu ours", l.n, l.with_node);
    rig_reap(rig, &t);
}

static void exits_while_nobody_watched_are_found_by_attaching(struct rig *rig)
{
    struct rig_task t = {0};
    rig_start_script(rig, &t, "sleep 0.3; exit 5");
    rig_wait_started(rig, &t);
    struct unit_state before = t.state;
    t.watch = unit_watch_free(t.watch);
    rig_sleep_until_exited(rig, &t);
    rig_attach(rig, &t, before.invocation_id);
    rig_wait(rig, &t.ended);
    CHECK(t.ex.end == UNIT_END_EXIT && t.ex.code == 5, "%s %d", unit_end_name(t.ex.end), t.ex.code);
    rig_reap(rig, &t);
    while (rig_get(rig, t.name.z).loaded)
        ;
    t.ended = false;
    rig_attach(rig, &t, before.invocation_id);
    rig_wait(rig, &t.ended);
    CHECK(t.ex.end == UNIT_END_GONE && !t.ex.stopped, "%s", unit_end_name(t.ex.end));
}

/* A start that systemd lost on its way (-ECONNRESET) is simply made again, under a new name. */
static void retry_lost_starts(struct rig *rig, struct rig_task *tasks, unsigned n,
                              const char *script)
{
    unsigned lost = 0;
    for (unsigned i = 0; i < n; i++) {
        char own[128];
        snprintf(own, sizeof(own), script, i % 64);
        for (;;) {
            rig_wait_started(rig, &tasks[i]);
            if (tasks[i].started != -ECONNRESET)
                break;
            lost++;
            CHECK(!tasks[i].ended, "an end was told of what never started");
            unit_watch_free(tasks[i].watch);
            tasks[i] = (struct rig_task){0};
            rig_start_script(rig, &tasks[i], own);
        }
    }
    printf("  %u of %u starts were lost and made again\n", lost, n);
}

static void start_many(struct rig *rig, struct rig_task *tasks, unsigned n, const char *script)
{
    for (unsigned i = 0; i < n; i++) {
        char own[128];
        snprintf(own, sizeof(own), script, i % 64);
        rig_start_script(rig, &tasks[i], own);
    }
}

static void check_codes(struct rig *rig, struct rig_task *tasks, unsigned n)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < n; i++) {
        rig_wait_exit(rig, &tasks[i]);
        bool as_asked = tasks[i].started == 0 && tasks[i].ex.end == UNIT_END_EXIT &&
                        tasks[i].ex.code == (int)(i % 64);
        if (!as_asked)
            printf("  %s: start %d %s, %s\n", tasks[i].name.z, tasks[i].started,
                   tasks[i].start_err.text, tasks[i].ex.text);
        bad += !as_asked;
    }
    CHECK(bad == 0, "%u of %u ended otherwise", bad, n);
}

static void quick_exits_are_all_seen(struct rig *rig)
{
    struct rig_task *tasks = calloc(rig->n_units, sizeof(*tasks));
    nsec_t start = now_mono();
    start_many(rig, tasks, rig->n_units, "exit %u");
    check_codes(rig, tasks, rig->n_units);
    double seconds = (double)(now_mono() - start) / NSEC_SEC;
    printf("  %u units started and ended: %.0f per second\n", rig->n_units, rig->n_units / seconds);
    start = now_mono();
    for (unsigned i = 0; i < rig->n_units; i++)
        rig_reap(rig, &tasks[i]);
    printf("  reaped one by one: %.0f per second\n",
           rig->n_units / ((double)(now_mono() - start) / NSEC_SEC));
    free(tasks);
}

static void reloads_and_reexecs_lose_no_exit(struct rig *rig)
{
    enum { N = 60 };
    struct rig_task tasks[N] = {0};
    unsigned relists = rig->relists;
    start_many(rig, tasks, N / 2, "sleep 0.$((RANDOM %% 9)); exit %u");
    CHECK(rig_spawn("systemctl daemon-reload") == 0, "reload");
    start_many(rig, tasks + N / 2, N / 2, "sleep 0.2; exit %u");
    CHECK(rig_spawn("systemctl daemon-reexec") == 0, "reexec");
    retry_lost_starts(rig, tasks, N / 2, "exit %u");
    retry_lost_starts(rig, tasks + N / 2, N / 2, "exit %u");
    check_codes(rig, tasks, N / 2);
    check_codes(rig, tasks + N / 2, N / 2);
    CHECK(rig->relists > relists, "no relist was announced");
    for (unsigned i = 0; i < N; i++)
        rig_reap(rig, &tasks[i]);
}

static void a_lost_bus_is_survived(struct rig *rig)
{
    struct rig_task t = {0}, after = {0};
    unsigned relists = rig->relists;
    rig_start_script(rig, &t, "sleep 1; exit 9");
    rig_wait_started(rig, &t);
    CHECK(rig_spawn("systemctl kill -s KILL dbus.service; sleep 0.2; "
                    "systemctl start dbus.socket dbus.service") == 0,
          "restart of the bus");
    rig_wait_exit(rig, &t);
    CHECK(t.ex.end == UNIT_END_EXIT && t.ex.code == 9, "%s %d", unit_end_name(t.ex.end), t.ex.code);
    CHECK(rig->relists > relists, "no relist");
    rig_start_script(rig, &after, "exit 4");
    rig_wait_exit(rig, &after);
    CHECK(after.ex.code == 4, "%d", after.ex.code);
    rig_reap(rig, &t);
    rig_reap(rig, &after);
}

static void a_cancelled_start_calls_nobody(struct rig *rig)
{
    enum { N = 40 };
    struct rig_task tasks[N] = {0};
    struct rig_task last = {0};
    start_many(rig, tasks, N, "exit %u");
    for (unsigned i = 0; i < N; i++) {
        tasks[i].watch = unit_watch_free(tasks[i].watch);
        units_cancel(rig->units, &tasks[i]);
    }
    rig_start_script(rig, &last, "exit 1");
    rig_wait_exit(rig, &last);
    for (unsigned i = 0; i < N; i++)
        CHECK(!tasks[i].answered && !tasks[i].ended, "task %u was told", i);
    rig_reap(rig, &last);
}

int main(int argc, char **argv)
{
    struct rig rig;
    if (argc == 4 && streq(argv[1], "--write"))
        return write_numbered_lines((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
    rig_open(&rig, argc, argv);
    RUN(&rig, exit_codes_and_signals_are_seen);
    RUN(&rig, setup_failures_are_told_apart_from_exits);
    RUN(&rig, a_task_that_ignores_sigterm_is_killed_after_its_timeout);
    RUN(&rig, a_task_that_obeys_sigterm_reports_it);
    RUN(&rig, signals_freeze_and_live_limits_reach_a_task);
    RUN(&rig, limits_are_read_back_or_refused);
    RUN(&rig, sandbox_settings_are_accepted);
    RUN(&rig, own_units_are_listed_with_their_state);
    RUN(&rig, exits_while_nobody_watched_are_found_by_attaching);
    RUN(&rig, quick_exits_are_all_seen);
    RUN(&rig, reloads_and_reexecs_lose_no_exit);
    RUN(&rig, a_lost_bus_is_survived);
    RUN(&rig, a_cancelled_start_calls_nobody);
    run_relay_tests(&rig);
    return rig_close(&rig);
}
