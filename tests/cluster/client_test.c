// SPDX-License-Identifier: Apache-2.0
/* The client agent against a real systemd. Runs inside a throwaway host as root:
 *   client_test LAUNCHER RELAY DATA_DIR [NOMAD] [--only WORD] */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/cluster/client_rig.h"

static const struct task_event *last_event(struct rig_alloc *a, const char *type)
{
    const struct task_event *found = NULL;
    OBJS_FOR(struct task_event, e, rig_state(a, "web")->events)
    if (streq(e->type, type))
        found = e;
    return found;
}

static const char *shown(struct rig_alloc *a, const char *type)
{
    const struct task_event *e = last_event(a, type);
    return e ? nonull(e->display_message) : "(none)";
}

static void a_batch_task_runs_once_and_its_exit_is_reported(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_BATCH, "echo out; echo err >&2; exit 0");
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    CHECK(streq(rig_events(a, "web"), "Received|Task Setup|Started|Terminated"), "%s",
          rig_events(a, "web"));
    CHECK(streq(shown(a, "Terminated"), "Exit Code: 0"), "%s", shown(a, "Terminated"));
    CHECK(!rig_state(a, "web")->failed && rig_state(a, "web")->finished_at > 0, "state");
    rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stdout.0"), "out\n");
    rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stderr.0"), "err\n");
}

static void a_failing_task_is_restarted_by_its_policy(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_BATCH, "exit 3");
    rig_task(a)->restart->attempts = 1;
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_FAILED);
    CHECK(streq(rig_events(a, "web"), "Received|Task Setup|Started|Terminated|Restarting|Started|"
                                      "Terminated|Not Restarting"),
          "%s", rig_events(a, "web"));
    CHECK(streq(shown(a, "Not Restarting"),
                "Exceeded allowed attempts 1 in interval 1m0s and mode is \"fail\""),
          "%s", shown(a, "Not Restarting"));
    CHECK(rig_state(a, "web")->restarts == 1, "%lld", (long long)rig_state(a, "web")->restarts);
    CHECK(streq(shown(a, "Terminated"), "Exit Code: 3"), "%s", shown(a, "Terminated"));
}

static void a_missing_command_is_a_driver_failure(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_BATCH, "");
    struct val_entry *e = arena_array(a->arena, struct val_entry, 1);
    e[0] = (struct val_entry){str_of("command"), val_str(str_of("no-such-command"))};
    rig_task(a)->config = val_map_of(e, 1);
    rig_task(a)->restart->attempts = 3;
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_FAILED);
    CHECK(strstr(shown(a, "Driver Failure"), "no-such-command"), "%s", shown(a, "Driver Failure"));
    CHECK(streq(shown(a, "Not Restarting"), "Error was unrecoverable"), "%s",
          shown(a, "Not Restarting"));
}

static void a_stopped_service_ends_and_leaves_nothing(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_SERVICE, "touch started; exec sleep 1000");
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_RUNNING);
    rig_wait_file(r, rig_path(r, a, "/web/started"), true);
    rig_stop_alloc(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    CHECK(streq(rig_events(a, "web"), "Received|Task Setup|Started|Killing|Terminated|Killed"),
          "%s", rig_events(a, "web"));
    CHECK(streq(shown(a, "Killing"), "Sent interrupt. Waiting 5s before force killing"), "%s",
          shown(a, "Killing"));
    CHECK(streq(shown(a, "Terminated"), "Exit Code: 143, Signal: 15"), "%s",
          shown(a, "Terminated"));
    rig_forget(r, a);
    rig_wait_gone(r, a);
}

static void a_running_task_survives_the_agent(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(
        r, JOB_SERVICE, "echo $$ >>starts; while [ ! -e go ]; do sleep 0.05; done; exit 7");
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_RUNNING);
    rig_wait_file(r, rig_path(r, a, "/web/starts"), true);
    rig_agent_stop(r);
    rig_agent_start(r);
    rig_linger(r, 500);
    CHECK(a->seen->client_status == ALLOC_RUNNING, "status");
    FILE *go = fopen(rig_path(r, a, "/web/go"), "we");
    if (go)
        fclose(go);
    rig_wait_status(r, a, ALLOC_FAILED);
    CHECK(streq(shown(a, "Terminated"), "Exit Code: 7"), "%s", shown(a, "Terminated"));
    CHECK(streq(rig_events(a, "web"), "Received|Task Setup|Started|Terminated|Not Restarting"),
          "%s", rig_events(a, "web"));
}

static void an_exit_while_the_agent_is_away_is_told_once(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(
        r, JOB_BATCH,
        "echo x >>starts; while [ ! -e go ]; do sleep 0.05; done; touch over; exit 0");
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_RUNNING);
    rig_wait_file(r, rig_path(r, a, "/web/starts"), true);
    rig_agent_stop(r);
    FILE *go = fopen(rig_path(r, a, "/web/go"), "we");
    if (go)
        fclose(go);
    rig_wait_file(r, rig_path(r, a, "/web/over"), true);
    rig_linger(r, 200);
    rig_agent_start(r);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    CHECK(streq(shown(a, "Terminated"), "Exit Code: 0"), "%s", shown(a, "Terminated"));
    rig_agent_stop(r);
    rig_agent_start(r);
    rig_linger(r, 500);
    rig_wait_text(r, rig_path(r, a, "/web/starts"), "x\n");
    CHECK(streq(rig_events(a, "web"), "Received|Task Setup|Started|Terminated"), "%s",
          rig_events(a, "web"));
}

static void a_stop_wish_that_came_while_away_is_fulfilled(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_SERVICE, "exec sleep 1000");
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_RUNNING);
    rig_agent_stop(r);
    rig_stop_alloc(r, a);
    rig_agent_start(r);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    CHECK(last_event(a, "Killed"), "%s", rig_events(a, "web"));
}

static void lifecycle_tasks_keep_their_order(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_BATCH, "cat $NOMAD_ALLOC_DIR/data/pre && echo main");
    struct task *pre = rig_add_task(a, "pre", "echo pre >$NOMAD_ALLOC_DIR/data/pre");
    struct task *post = rig_add_task(a, "post", "echo post >$NOMAD_ALLOC_DIR/data/post");
    struct task *side = rig_add_task(a, "side", "exec sleep 1000");
    pre->lifecycle = model_new(&lifecycle_schema, a->arena);
    pre->lifecycle->hook = "prestart";
    side->lifecycle = model_new(&lifecycle_schema, a->arena);
    side->lifecycle->hook = "prestart";
    side->lifecycle->sidecar = true;
    post->lifecycle = model_new(&lifecycle_schema, a->arena);
    post->lifecycle->hook = "poststop";
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stdout.0"), "pre\nmain\n");
    rig_wait_text(r, rig_path(r, a, "/alloc/data/post"), "post\n");
    CHECK(strstr(rig_events(a, "side"), "Main Tasks Dead|Killing"), "%s", rig_events(a, "side"));
}

static void the_environment_is_what_nomad_promises(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(
        r, JOB_BATCH,
        "echo \"$NOMAD_TASK_NAME $NOMAD_GROUP_NAME $NOMAD_MEMORY_LIMIT $NOMAD_CPU_LIMIT $OWN\"; "
        "[ -z \"$NOTIFY_SOCKET\" ] && [ -d \"$NOMAD_SECRETS_DIR\" ] && pwd");
    smap_set(a->arena, &rig_task(a)->env, "OWN", "dc=${node.datacenter}");
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    const char *want =
        arena_printf(a->arena, "web group 64 100 dc=dc1\n%s\n", rig_path(r, a, "/web"));
    rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stdout.0"), want);
}

static void a_replacement_waits_for_its_predecessor(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(
        r, JOB_SERVICE,
        "trap 'sleep 1; touch gone; exit 0' TERM; touch up; while :; do sleep 0.05; done");
    rig_put(r, a);
    rig_wait_file(r, rig_path(r, a, "/web/up"), true);
    const char *check = arena_printf(a->arena, "test -e %s", rig_path(r, a, "/web/gone"));
    struct rig_alloc *b = rig_alloc_new(r, JOB_BATCH, check);
    b->alloc->previous_allocation = a->alloc->id;
    a->alloc->desired_status = ALLOC_STOP;
    rig_put(r, a);
    rig_put(r, b);
    rig_wait_status(r, b, ALLOC_COMPLETE);
}

static void health_is_reported_for_deployments(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_SERVICE, "exec sleep 1000");
    struct task_group *g = a->alloc->job->task_groups.items[0];
    uuid_random(&a->alloc->deployment_id);
    g->update = model_new(&update_strategy_schema, a->arena);
    g->update->min_healthy_time = 100 * NSEC_MSEC;
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_RUNNING);
    for (int i = 0; i < 100 && !a->seen->deployment_status; i++)
        rig_linger(r, 50);
    CHECK(a->seen->deployment_status && a->seen->deployment_status->healthy == 1, "health");
    rig_forget(r, a);
    rig_wait_gone(r, a);
}

static const char *unit_of(struct client_rig *r, struct rig_alloc *a)
{
    char cmd[256], line[300] = "";
    char hex[33];
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", a->alloc->id.b[i]);
    snprintf(cmd, sizeof(cmd),
             "systemctl list-units --all --plain --no-legend 'nomad-%s*.service' | cut -d' ' -f1",
             hex);
    FILE *f = popen(cmd, "re");
    if (f && !fgets(line, sizeof(line), f))
        *line = 0;
    if (f)
        pclose(f);
    line[strcspn(line, "\n")] = 0;
    return arena_strdup(a->arena, line);
}

static void a_unit_that_vanished_while_away_counts_as_a_lost_attempt(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_SERVICE, "echo x >>starts; exec sleep 1000");
    rig_task(a)->restart->attempts = 1;
    rig_put(r, a);
    rig_wait_file(r, rig_path(r, a, "/web/starts"), true);
    rig_wait_status(r, a, ALLOC_RUNNING);
    rig_agent_stop(r);
    const char *cmd = arena_printf(a->arena, "systemctl stop %s", unit_of(r, a));
    CHECK(system(cmd) == 0, "%s", cmd);
    rig_agent_start(r);
    rig_wait_text(r, rig_path(r, a, "/web/starts"), "x\nx\n");
    rig_wait_status(r, a, ALLOC_RUNNING);
    rig_linger(r, 300);
    CHECK(strstr(rig_events(a, "web"), "Started|Terminated|Restarting|Started"), "%s",
          rig_events(a, "web"));
    rig_stop_alloc(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
}

static void exec_has_a_root_of_its_own(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(
        r, JOB_BATCH,
        "id -un; echo x >$NOMAD_TASK_DIR/mine && cat /local/mine; echo y >/alloc/data/f; "
        "ls -d /srv /home 2>/dev/null; touch /usr/x 2>/dev/null && echo writable; "
        "echo $NOMAD_ALLOC_DIR; touch $NOMAD_SECRETS_DIR/s && pwd");
    rig_task(a)->driver = "exec";
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stdout.0"), "nobody\nx\n/alloc\n/\n");
    rig_wait_text(r, rig_path(r, a, "/alloc/data/f"), "y\n");
    CHECK(streq(rig_events(a, "web"), "Received|Task Setup|Started|Terminated"), "%s: %s",
          rig_events(a, "web"), shown(a, "Driver Failure"));
}

static size_t count_fds(void)
{
    size_t n = 0;
    for (int fd = 0; fd < 4096; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void many_allocations_come_and_go_without_a_leak(struct client_rig *r)
{
    struct rig_alloc *list[24];
    size_t before = count_fds();
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        list[i] = rig_alloc_new(r, JOB_SERVICE, "exec sleep 1000");
        rig_put(r, list[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        rig_wait_status(r, list[i], ALLOC_RUNNING);
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        rig_forget(r, list[i]);
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        rig_wait_gone(r, list[i]);
    for (int i = 0; i < 100 && count_fds() > before; i++)
        rig_linger(r, 50);
    CHECK(count_fds() <= before, "%zu descriptors before, %zu after", before, count_fds());
}

/* After everything else: what a host must look like when all allocations were forgotten. */
static void nothing_is_left_when_the_servers_forget_all(struct client_rig *r)
{
    char records[512];
    for (size_t i = 0; i < r->n_allocs; i++)
        if (!r->allocs[i].forgotten)
            rig_forget(r, &r->allocs[i]);
    for (size_t i = 0; i < r->n_allocs; i++)
        rig_wait_gone(r, &r->allocs[i]);
    for (int i = 0; i < 100 && client_n_allocs(r->client) > 0; i++)
        rig_linger(r, 50);
    CHECK(client_n_allocs(r->client) == 0, "%zu allocations", client_n_allocs(r->client));
    snprintf(records, sizeof(records), "[ -z \"$(ls %s/client/allocs %s/alloc)\" ]",
             r->config.data_dir, r->config.data_dir);
    (void)records;
    for (size_t i = 0; i < r->n_allocs; i++)
        CHECK(!*unit_of(r, &r->allocs[i]), "unit %s is left", unit_of(r, &r->allocs[i]));
}

static void on_stopped(void *user)
{
    *(bool *)user = true;
}

static void a_dev_agent_leaves_nothing_behind(struct client_rig *r)
{
    bool stopped = false;
    rig_agent_stop(r);
    r->config.dev = true;
    rig_agent_start(r);
    struct rig_alloc *a = rig_alloc_new(r, JOB_SERVICE, "touch up; exec sleep 1000");
    rig_put(r, a);
    rig_wait_file(r, rig_path(r, a, "/web/up"), true);
    client_stop(r->client, on_stopped, &stopped);
    for (int i = 0; i < 200 && !stopped; i++)
        rig_linger(r, 50);
    CHECK(stopped, "the agent does not stop");
    rig_wait_gone(r, a);
    CHECK(!*unit_of(r, a), "unit %s is left", unit_of(r, a));
    rig_agent_stop(r);
    r->config.dev = false;
}

/* ---- methods ---- */

struct sink {
    struct rpc_stream stream;
    struct buf got;
    bool ended, called;
};

static int sink_write(struct rpc_stream *s, const void *p, size_t n)
{
    struct sink *rd = s->ctx;
    buf_add(&rd->got, p, n);
    return 1;
}

static void sink_end(struct rpc_stream *s, const struct err *err)
{
    struct sink *rd = s->ctx;
    rd->ended = true;
    (void)err;
}

static void sink_done(struct rpc_call *call)
{
    ((struct sink *)call->ctx)->called = true;
}

static struct rpc_call *read_log(struct client_rig *r, struct rig_alloc *a, struct sink *rd,
                                 bool follow, bool plain)
{
    struct rpc_call *call = rpc_call_new(r->rpc, "FileSystem.Logs");
    struct fs_logs_args *args = call->args;
    *rd = (struct sink){.stream = {.write = sink_write, .end = sink_end, .ctx = rd}};
    args->alloc_id = a->alloc->id;
    args->task = "web";
    args->log_type = "stdout";
    args->origin = "start";
    args->plain_text = plain;
    args->follow = follow;
    call->stream = &rd->stream;
    call->ctx = rd;
    call->done = sink_done;
    rpc_invoke(r->rpc, call);
    for (int i = 0; i < 100 && !rd->called; i++)
        rig_linger(r, 10);
    CHECK(rd->called && call->code == 0, "logs: %s", call->err.text);
    return call;
}

static void logs_are_read_and_followed(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(
        r, JOB_SERVICE, "echo one; while [ ! -e go ]; do sleep 0.05; done; echo two; sleep 1000");
    struct sink rd;
    rig_put(r, a);
    rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stdout.0"), "one\n");
    struct rpc_call *call = read_log(r, a, &rd, false, true);
    for (int i = 0; i < 100 && !rd.ended; i++)
        rig_linger(r, 10);
    CHECK(rd.ended && str_eqz(buf_str(&rd.got), "one\n"), "%s", nonull(rd.got.p));
    rpc_call_free(call);
    buf_free(&rd.got);
    call = read_log(r, a, &rd, true, true);
    FILE *go = fopen(rig_path(r, a, "/web/go"), "we");
    if (go)
        fclose(go);
    for (int i = 0; i < 300 && rd.got.n < 8; i++)
        rig_linger(r, 10);
    CHECK(str_eqz(buf_str(&rd.got), "one\ntwo\n"), "%s", nonull(rd.got.p));
    CHECK(!rd.ended, "a followed log ended");
    rd.stream.cancel(&rd.stream);
    rpc_call_free(call);
    buf_free(&rd.got);
    call = read_log(r, a, &rd, false, false);
    for (int i = 0; i < 100 && !rd.ended; i++)
        rig_linger(r, 10);
    CHECK(str_eqz(buf_str(&rd.got),
                  "{\"Data\":\"b25lCnR3bwo=\",\"File\":\"web.stdout.0\",\"Offset\":8}"),
          "%s", nonull(rd.got.p));
    rpc_call_free(call);
    buf_free(&rd.got);
    rig_stop_alloc(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
}

static int invoke(struct client_rig *r, struct rpc_call *call, struct sink *rd)
{
    *rd = (struct sink){0};
    call->ctx = rd;
    call->done = sink_done;
    rpc_invoke(r->rpc, call);
    for (int i = 0; i < 100 && !rd->called; i++)
        rig_linger(r, 10);
    return rd->called ? call->code : -1;
}

static void a_task_is_restarted_and_signalled_on_request(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(
        r, JOB_SERVICE,
        "trap 'echo usr1 >>seen' USR1; echo x >>starts; while :; do sleep 0.05; done");
    struct sink rd;
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_RUNNING);
    rig_wait_file(r, rig_path(r, a, "/web/starts"), true);
    struct rpc_call *call = rpc_call_new(r->rpc, "Allocations.Signal");
    ((struct alloc_signal_args *)call->args)->alloc_id = a->alloc->id;
    ((struct alloc_signal_args *)call->args)->signal = "SIGUSR1";
    CHECK(invoke(r, call, &rd) == 0, "%s", call->err.text);
    rpc_call_free(call);
    rig_wait_text(r, rig_path(r, a, "/web/seen"), "usr1\n");
    call = rpc_call_new(r->rpc, "Allocations.Restart");
    ((struct alloc_restart_args *)call->args)->alloc_id = a->alloc->id;
    CHECK(invoke(r, call, &rd) == 0, "%s", call->err.text);
    rpc_call_free(call);
    rig_wait_text(r, rig_path(r, a, "/web/starts"), "x\nx\n");
    call = rpc_call_new(r->rpc, "Allocations.Stats");
    ((struct alloc_args *)call->args)->alloc_id = a->alloc->id;
    CHECK(invoke(r, call, &rd) == 0, "%s", call->err.text);
    rpc_call_free(call);
    call = rpc_call_new(r->rpc, "ClientStats.Stats");
    CHECK(invoke(r, call, &rd) == 0, "%s", call->err.text);
    rpc_call_free(call);
    rig_stop_alloc(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    CHECK(strstr(rig_events(a, "web"), "Signaling|Restart Signaled|Terminated|Restarting|Started|"
                                       "Killing|Terminated|Killed"),
          "%s", rig_events(a, "web"));
}

/* ---- artifacts ---- */

static struct artifact *add_artifact(struct rig_alloc *a, const char *source)
{
    struct artifact *art = model_new(&artifact_schema, a->arena);
    art->source = source;
    objs_add(a->arena, &rig_task(a)->artifacts, art);
    return art;
}

static void shell_or_die(const char *script)
{
    CHECK(system(script) == 0, "%s", script);
}

/* Some run, some are on their way and some wait for their turn when it happens. */
static void lose_starts(struct client_rig *r, unsigned n, bool fetch, const char *accident)
{
    struct rig_alloc *allocs[64];
    for (unsigned i = 0; i < n; i++) {
        allocs[i] = rig_alloc_new(r, JOB_BATCH, "echo x >>starts");
        if (fetch)
            add_artifact(allocs[i], "file:///etc/hostname");
        rig_put(r, allocs[i]);
    }
    rig_wait_file(r, rig_path(r, allocs[!fetch], fetch ? "/web/local/hostname" : "/web/starts"),
                  true);
    CHECK(system(accident) == 0, "%s", accident);
    for (unsigned i = 0; i < n; i++) {
        rig_wait_status(r, allocs[i], ALLOC_COMPLETE);
        rig_wait_text(r, rig_path(r, allocs[i], "/web/starts"), "x\n");
        CHECK(streq(rig_events(allocs[i], "web"),
                    fetch ? "Received|Task Setup|Downloading Artifacts|Started|Terminated"
                          : "Received|Task Setup|Started|Terminated"),
              "%s", rig_events(allocs[i], "web"));
    }
}

static void starts_that_systemd_loses_are_tried_again(struct client_rig *r)
{
    lose_starts(r, 40, false, "systemctl daemon-reexec");
}

#define BUS_RESTART                                                                                \
    "systemctl kill -s KILL dbus.service; sleep 0.2; systemctl start dbus.socket dbus.service"

static void starts_are_tried_again_after_the_loss_of_the_bus(struct client_rig *r)
{
    lose_starts(r, 30, false, BUS_RESTART);
    lose_starts(r, 30, true, BUS_RESTART);
}

static void artifacts_are_unpacked_before_the_task(struct client_rig *r)
{
    shell_or_die("rm -rf /srv/art && mkdir -p /srv/art/x/bin && cd /srv/art && "
                 "printf '#!/bin/sh\\necho from artifact\\n' >x/bin/run && chmod +x x/bin/run && "
                 "tar czf a.tar.gz x && chmod -R a+rX /srv/art");
    struct rig_alloc *a =
        rig_alloc_new(r, JOB_BATCH, "local/app/x/bin/run; stat -c %U local/app/x");
    struct artifact *art = add_artifact(a, "file:///srv/art/a.tar.gz");
    art->destination = "local/app";
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_COMPLETE);
    CHECK(
        streq(rig_events(a, "web"), "Received|Task Setup|Downloading Artifacts|Started|Terminated"),
        "%s: %s", rig_events(a, "web"), shown(a, "Failed Artifact Download"));
    rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stdout.0"), "from artifact\nroot\n");
}

static void a_downloaded_file_is_run_as_the_command(struct client_rig *r)
{
    static const char *const commands[] = {"hello", "local/hello", "${NOMAD_TASK_DIR}/hello"};
    shell_or_die("mkdir -p /srv/web && printf '#!/bin/sh\necho hello $1\n' >/srv/web/hello && "
                 "systemd-run -q --unit=web-server -p Type=exec python3 -m http.server "
                 "-d /srv/web -b 127.0.0.1 8765 && "
                 "until curl -sf -o /dev/null 127.0.0.1:8765/hello; do sleep 0.1; done");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct rig_alloc *a = rig_alloc_new(r, JOB_BATCH, "");
        struct val *args = arena_array(a->arena, struct val, 1);
        struct val_entry *e = arena_array(a->arena, struct val_entry, 2);
        args[0] = val_str(str_of("world"));
        e[0] = (struct val_entry){str_of("command"), val_str(str_of(commands[i]))};
        e[1] = (struct val_entry){str_of("args"), {.type = VAL_LIST, .list = {args, 1}}};
        rig_task(a)->config = val_map_of(e, 2);
        add_artifact(a, "http://127.0.0.1:8765/hello");
        rig_put(r, a);
        rig_wait_status(r, a, ALLOC_COMPLETE);
        CHECK(rig_state(a, "web") && !rig_state(a, "web")->failed, "%s",
              shown(a, "Driver Failure"));
        rig_wait_text(r, rig_path(r, a, "/alloc/logs/web.stdout.0"), "hello world\n");
    }
    shell_or_die("systemctl stop web-server");
}

static void a_wrong_digest_fails_the_task_and_names_both(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_BATCH, "true");
    add_artifact(a, "file:///etc/hostname?checksum=md5:00000000000000000000000000000000");
    rig_task(a)->restart->attempts = 3;
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_FAILED);
    CHECK(strstr(shown(a, "Failed Artifact Download"), "expected 00000000"), "%s",
          shown(a, "Failed Artifact Download"));
    CHECK(streq(shown(a, "Not Restarting"), "Error was unrecoverable"), "%s",
          shown(a, "Not Restarting"));
}

static void a_destination_outside_is_refused(struct client_rig *r)
{
    struct rig_alloc *a = rig_alloc_new(r, JOB_BATCH, "true");
    add_artifact(a, "file:///etc/hostname")->destination = "../../../../tmp/out";
    rig_put(r, a);
    rig_wait_status(r, a, ALLOC_FAILED);
    CHECK(strstr(shown(a, "Failed Artifact Download"), "escapes the alloc directory"), "%s",
          shown(a, "Failed Artifact Download"));
}

int main(int argc, char **argv)
{
    static struct client_rig rig;
    rig_open(&rig, argc, argv);
    RUN(&rig, a_batch_task_runs_once_and_its_exit_is_reported);
    RUN(&rig, a_failing_task_is_restarted_by_its_policy);
    RUN(&rig, a_missing_command_is_a_driver_failure);
    RUN(&rig, a_stopped_service_ends_and_leaves_nothing);
    RUN(&rig, a_running_task_survives_the_agent);
    RUN(&rig, an_exit_while_the_agent_is_away_is_told_once);
    RUN(&rig, a_stop_wish_that_came_while_away_is_fulfilled);
    RUN(&rig, lifecycle_tasks_keep_their_order);
    RUN(&rig, the_environment_is_what_nomad_promises);
    RUN(&rig, a_replacement_waits_for_its_predecessor);
    RUN(&rig, health_is_reported_for_deployments);
    RUN(&rig, logs_are_read_and_followed);
    RUN(&rig, a_task_is_restarted_and_signalled_on_request);
    RUN(&rig, starts_that_systemd_loses_are_tried_again);
    RUN(&rig, starts_are_tried_again_after_the_loss_of_the_bus);
    RUN(&rig, artifacts_are_unpacked_before_the_task);
    RUN(&rig, a_downloaded_file_is_run_as_the_command);
    RUN(&rig, a_wrong_digest_fails_the_task_and_names_both);
    RUN(&rig, a_destination_outside_is_refused);
    RUN(&rig, a_unit_that_vanished_while_away_counts_as_a_lost_attempt);
    RUN(&rig, exec_has_a_root_of_its_own);
    RUN(&rig, many_allocations_come_and_go_without_a_leak);
    RUN(&rig, nothing_is_left_when_the_servers_forget_all);
    RUN(&rig, a_dev_agent_leaves_nothing_behind);
    return rig_close(&rig);
}
