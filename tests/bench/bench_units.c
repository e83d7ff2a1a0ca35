// SPDX-License-Identifier: Apache-2.0
/* What systemd itself can do: COUNT tasks' units asked for in one plain loop, a slice and a service
 * each with the properties the agent gives them, the program and environment in a memfd for the
 * launcher, two FIFOs, 16 services in flight. No checks, no records, no log relay. Prints the
 * monotonic time of the first request and of the last finished job, in nanoseconds.
 *   units-loop LAUNCHER COUNT PROGRAM ARG...     inside a throwaway host (bench_tasks.py) */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "systemd/launch.h"
#include "systemd/unit_name.h"
#include "systemd/unit_props.h"

#define IN_FLIGHT 16
#define FIFO_DIR "/run/units-loop"
#define MB (UINT64_C(1) << 20)
#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define ENV_MAX 40

struct loop {
    sd_bus *bus;
    const char *launcher;
    const char *const *argv;
    const char *env[ENV_MAX];
    unsigned count, sent, done, failed, refused;
};

static void must(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "units-loop: %s: %s\n", what, strerror(-r));
    exit(1);
}

/* As many and as long as those of a task. */
static void make_env(struct loop *l)
{
    for (size_t i = 0; i + 1 < ENV_MAX; i++) {
        char text[100];
        snprintf(text, sizeof(text), "NOMAD_VARIABLE_%zu=/a/value/of/the/usual/length/%zu", i, i);
        l->env[i] = strdup(text);
    }
}

static int on_answer(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    struct loop *l = user;
    const sd_bus_error *e = sd_bus_message_get_error(m);
    if (e) {
        fprintf(stderr, "units-loop: %s\n", e->message);
        l->refused++;
    }
    return 0;
}

static void send_start(struct loop *l, const struct unit_spec *s)
{
    cleanup_unit_props struct unit_props props = {.failed = false};
    sd_bus_message *m = NULL;
    must(unit_props_of_spec(s, &props), "properties");
    must(sd_bus_message_new_method_call(l->bus, &m, SYSTEMD, "/org/freedesktop/systemd1", MANAGER,
                                        "StartTransientUnit"),
         "message");
    must(sd_bus_message_append(m, "ss", s->name, "fail"), "message");
    must(unit_props_append(m, &props), "message");
    must(sd_bus_message_append(m, "a(sa(sv))", 0), "message");
    must(sd_bus_call_async(l->bus, NULL, m, on_answer, l, 0), "call");
    sd_bus_message_unref(m);
}

static int make_fifo(unsigned i, const char *stream)
{
    char path[100];
    snprintf(path, sizeof(path), FIFO_DIR "/%u.%s", i, stream);
    unlink(path);
    must(mkfifo(path, 0600) < 0 ? -errno : 0, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    must(fd < 0 ? -errno : 0, path);
    (void)fcntl(fd, F_SETPIPE_SZ, 256 * 1024);
    return fd;
}

static void start_slice(struct loop *l, const struct unit_name *name)
{
    struct unit_spec s = UNIT_SPEC_INIT;
    s.name = name->z;
    s.description = "nomad allocation bench.tasks[0] of node 0a0b0c0d-0000-1111-2222-333344445555";
    s.node_id = "0a0b0c0d-0000-1111-2222-333344445555";
    s.limits.cpu_weight = 1;
    send_start(l, &s);
}

static void start_task(struct loop *l)
{
    static const char *const fields[] = {"NOMAD_ALLOC_ID=0a0b0c0d-0000-1111-2222-333344445555",
                                         "NOMAD_JOB_ID=bench",
                                         "NOMAD_TASK_NAME=pause",
                                         "NOMAD_GROUP_NAME=tasks",
                                         "NOMAD_NAMESPACE=default",
                                         NULL};
    struct err err = {0};
    struct uuid alloc;
    struct unit_spec s = UNIT_SPEC_INIT;
    const struct launch launch = {.cwd = "/", .path = l->argv[0], .argv = l->argv, .env = l->env};
    uuid_random(&alloc);
    struct unit_name slice = unit_name_slice(&alloc);
    struct unit_name service = unit_name_service(&alloc, str_of("pause"), l->sent);
    start_slice(l, &slice);
    s.name = service.z;
    s.slice = slice.z;
    s.description = "bench.tasks[0] pause";
    s.node_id = "0a0b0c0d-0000-1111-2222-333344445555";
    s.log_fields = fields;
    s.exec = l->launcher;
    s.kill_timeout = 5 * NSEC_SEC;
    s.limits = (struct unit_limits){.cpu_weight = 1, .memory_max = 10 * MB, .no_swap = true};
    must(launch_memfd(&launch, &err, &s.stdin_fd), "memfd");
    s.stdout_fd = make_fifo(l->sent, "stdout");
    s.stderr_fd = make_fifo(l->sent, "stderr");
    send_start(l, &s);
    close(s.stdin_fd);
    close(s.stdout_fd);
    close(s.stderr_fd);
    l->sent++;
}

static int on_job_removed(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    struct loop *l = user;
    uint32_t id;
    const char *job, *unit, *result;
    must(sd_bus_message_read(m, "uoss", &id, &job, &unit, &result), "JobRemoved");
    if (!has_suffix(unit, ".service"))
        return 0;
    l->done++;
    l->failed += !streq(result, "done");
    return 0;
}

static void run(struct loop *l)
{
    while (l->done < l->count && l->refused == 0) {
        while (l->sent < l->count && l->sent - l->done < IN_FLIGHT)
            start_task(l);
        int r = sd_bus_process(l->bus, NULL);
        must(r, "bus");
        if (r == 0)
            must(sd_bus_wait(l->bus, UINT64_MAX), "bus");
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: units-loop LAUNCHER COUNT PROGRAM ARG...\n");
        return 2;
    }
    struct loop l = {.launcher = argv[1],
                     .count = (unsigned)atoi(argv[2]),
                     .argv = (const char *const *)argv + 3};
    make_env(&l);
    mkdir(FIFO_DIR, 0700);
    must(sd_bus_open_system(&l.bus), "system bus");
    must(sd_bus_match_signal(l.bus, NULL, SYSTEMD, "/org/freedesktop/systemd1", MANAGER,
                             "JobRemoved", on_job_removed, &l),
         "match");
    must(sd_bus_call_method(l.bus, SYSTEMD, "/org/freedesktop/systemd1", MANAGER, "Subscribe", NULL,
                            NULL, ""),
         "Subscribe");
    nsec_t began = now_mono();
    run(&l);
    printf("%lld %lld\n", (long long)began, (long long)now_mono());
    sd_bus_unref(l.bus);
    return l.failed || l.refused ? 1 : 0;
}
