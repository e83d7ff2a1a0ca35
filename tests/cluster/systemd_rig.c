// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/systemd_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define DEADLINE_MS 30000

bool rig_failed;

static void relist_cb(void *user)
{
    ((struct rig *)user)->relists++;
}

static void down_cb(void *user, const struct err *err)
{
    fprintf(stderr, "  bus down: %s\n", err->text);
}

static void warn_cb(void *user, const char *text)
{
    fprintf(stderr, "  warning: %s\n", text);
}

static const char *waiting_for = "an answer";

static void timeout_cb(uv_timer_t *t)
{
    fprintf(stderr, "  timed out waiting for %s\n", waiting_for);
    abort();
}

void rig_wait(struct rig *r, const bool *flag)
{
    uv_timer_start(&r->deadline, timeout_cb, DEADLINE_MS, 0);
    while (!*flag)
        uv_run(&r->loop, UV_RUN_ONCE);
    uv_timer_stop(&r->deadline);
}

static void wait_up(struct rig *r)
{
    while (r->relists == 0)
        uv_run(&r->loop, UV_RUN_ONCE);
}

static const struct units_ops ops = {
    .relist_cb = relist_cb, .down_cb = down_cb, .warn_cb = warn_cb};

static void parse_args(struct rig *r, int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s LAUNCHER RELAY [--only WORD] [--kills N] [--units N]\n",
                argv[0]);
        exit(2);
    }
    r->launcher = argv[1];
    r->relay = argv[2];
    for (int i = 3; i + 1 < argc; i += 2) {
        if (streq(argv[i], "--only"))
            r->only = argv[i + 1];
        else if (streq(argv[i], "--kills"))
            r->kills = (unsigned)atoi(argv[i + 1]);
        else if (streq(argv[i], "--units"))
            r->n_units = (unsigned)atoi(argv[i + 1]);
    }
}

void rig_open(struct rig *r, int argc, char **argv)
{
    *r = (struct rig){.kills = 20, .n_units = 200};
    parse_args(r, argc, argv);
    uv_loop_init(&r->loop);
    uv_timer_init(&r->loop, &r->deadline);
    uuid_random(&r->alloc);
    r->slice = unit_name_slice(&r->alloc);
    r->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (units_create(&r->loop, &ops, r, &r->units) < 0)
        abort();
    wait_up(r);
    struct rig_answer a = {0};
    struct unit_spec s = UNIT_SPEC_INIT;
    s.name = r->slice.z;
    s.description = "job group[0]";
    int v = rig_await(r, &a, units_ensure_slice(r->units, &s, rig_done_cb, &a, &a.err));
    if (v < 0) {
        fprintf(stderr, "slice: %s\n", a.err.text);
        exit(1);
    }
}

int rig_close(struct rig *r)
{
    struct rig_answer a = {0};
    rig_await(r, &a, units_stop(r->units, r->slice.z, rig_done_cb, &a));
    r->units = units_free(r->units);
    uv_close((uv_handle_t *)&r->deadline, NULL);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&r->loop) < 0)
        fprintf(stderr, "the loop is still busy\n");
    close(r->null_fd);
    printf("%u tests, %u failed\n", r->n_run, r->n_failed);
    return r->n_failed ? 1 : 0;
}

void rig_run(struct rig *r, const char *name, void (*test)(struct rig *r))
{
    if (r->only && !strstr(name, r->only))
        return;
    rig_failed = false;
    nsec_t start = now_mono();
    test(r);
    r->n_run++;
    r->n_failed += rig_failed;
    printf("%s %s (%.2f s)\n", rig_failed ? "not ok" : "ok", name,
           (double)(now_mono() - start) / NSEC_SEC);
    fflush(stdout);
}

static void started_cb(void *user, int r, const struct unit_state *state, const struct err *err)
{
    struct rig_task *t = user;
    t->answered = true;
    t->started_at = now_mono();
    t->started = r;
    t->state = *state;
    if (err)
        t->start_err = *err;
}

static void exit_cb(void *user, const struct unit_exit *ex, const struct unit_state *state)
{
    struct rig_task *t = user;
    CHECK(t->answered, "exit told before start");
    CHECK(!t->ended, "exit told twice");
    t->ended = true;
    t->ended_at = now_mono();
    t->ex = *ex;
    t->watch = unit_watch_free(t->watch);
}

struct unit_spec rig_spec(struct rig *r, struct rig_task *t)
{
    t->name = unit_name_service(&r->alloc, str_of("we b/ü"), ++r->nonce);
    struct unit_spec s = UNIT_SPEC_INIT;
    s.name = t->name.z;
    s.slice = r->slice.z;
    s.description = "job group[0] web";
    s.node_id = "0a0b0c0d-0000-1111-2222-333344445555";
    s.exec = r->launcher;
    s.kill_timeout = NSEC_SEC;
    s.limits_best_effort = true;
    return s;
}

void rig_start_argv(struct rig *r, struct rig_task *t, struct unit_spec *spec,
                    const char *const *argv, const char *cwd)
{
    const char *const env[] = {"PATH=/usr/bin:/bin", "A-B.c=d", NULL};
    const struct launch l = {.cwd = cwd, .argv = argv, .env = env};
    t->rig = r;
    t->asked_at = now_mono();
    int v = launch_memfd(&l, &t->start_err, &spec->stdin_fd);
    if (v >= 0)
        v = unit_watch_create(r->units, spec->name, true, exit_cb, t, &t->watch);
    if (v >= 0)
        v = units_start(r->units, spec, started_cb, t, &t->start_err);
    CHECK(v == 0, "%d %s", v, t->start_err.text);
    if (v < 0)
        abort();
    close(spec->stdin_fd);
}

void rig_start(struct rig *r, struct rig_task *t, struct unit_spec *spec, const char *script)
{
    const char *const argv[] = {"bash", "-c", script, NULL};
    rig_start_argv(r, t, spec, argv, "/");
}

void rig_start_command(struct rig *r, struct rig_task *t, struct unit_spec *spec,
                       const char *command, const char *cwd)
{
    const char *const argv[] = {command, NULL};
    rig_start_argv(r, t, spec, argv, cwd);
}

void rig_start_script(struct rig *r, struct rig_task *t, const char *script)
{
    struct unit_spec s = rig_spec(r, t);
    rig_start(r, t, &s, script);
}

void rig_wait_started(struct rig *r, struct rig_task *t)
{
    char text[400];
    snprintf(text, sizeof(text), "the start of %s", t->name.z);
    waiting_for = text;
    rig_wait(r, &t->answered);
    waiting_for = "an answer";
}

void rig_wait_file(struct rig *r, struct rig_task *t, const char *path)
{
    rig_wait_started(r, t);
    nsec_t until = now_mono() + DEADLINE_MS * NSEC_MSEC;
    while (unlink(path) < 0) {
        uv_run(&r->loop, UV_RUN_NOWAIT);
        if (now_mono() > until)
            timeout_cb(NULL);
    }
}

void rig_wait_exit(struct rig *r, struct rig_task *t)
{
    char text[400];
    rig_wait_started(r, t);
    snprintf(text, sizeof(text), "the end of %s", t->name.z);
    waiting_for = text;
    if (t->started == 0)
        rig_wait(r, &t->ended);
    waiting_for = "an answer";
}

void rig_reap(struct rig *r, struct rig_task *t)
{
    struct rig_answer a = {0};
    t->watch = unit_watch_free(t->watch);
    int v = rig_await(r, &a, units_reap(r->units, t->name.z, rig_done_cb, &a));
    CHECK(v == 0, "reap: %d %s", v, a.err.text);
}

void rig_done_cb(void *user, int r, const struct err *err)
{
    struct rig_answer *a = user;
    a->done = true;
    a->r = r;
    if (err)
        a->err = *err;
}

int rig_await(struct rig *r, struct rig_answer *a, int verb_result)
{
    if (verb_result < 0)
        return verb_result;
    rig_wait(r, &a->done);
    return a->r;
}

void rig_attach(struct rig *r, struct rig_task *t, const uint8_t invocation_id[16])
{
    int v = unit_watch_attach(r->units, t->name.z, true, invocation_id, exit_cb, t, &t->watch);
    CHECK(v == 0, "attach: %d", v);
}

struct got {
    bool done;
    struct unit_state state;
};

static void got_cb(void *user, int r, const struct unit_state *state, const struct err *err)
{
    struct got *g = user;
    CHECK(r == 0, "get: %s", err ? err->text : "");
    g->state = *state;
    g->done = true;
}

struct unit_state rig_get(struct rig *r, const char *name)
{
    struct got g = {0};
    CHECK(units_get(r->units, name, got_cb, &g) == 0, "get");
    rig_wait(r, &g.done);
    return g.state;
}

void rig_sleep_until_exited(struct rig *r, struct rig_task *t)
{
    nsec_t until = now_mono() + DEADLINE_MS * NSEC_MSEC;
    while (rig_get(r, t->name.z).exit_mono_usec == 0)
        if (now_mono() > until)
            timeout_cb(NULL);
}

int rig_spawn(const char *command)
{
    return system(command);
}
