// SPDX-License-Identifier: Apache-2.0
#include "systemd/unit_state.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "systemd/launch.h"

#define NODE_FIELD "NOMAD_NODE_ID="
#define LAUNCH_USEC (2 * 1000 * 1000) /* a launcher that fails does so at once */

static const struct {
    const char *name;
    size_t offset, size;
} integers[] = {
#define ROW(n, field)                                                                              \
    {                                                                                              \
        n, offsetof(struct unit_state, field), sizeof(((struct unit_state *)0)->field)             \
    }
    ROW("MainPID", main_pid),
    ROW("ExecMainPID", exec_main_pid),
    ROW("ExecMainCode", exec_main_code),
    ROW("ExecMainStatus", exec_main_status),
    ROW("ExecMainExitTimestampMonotonic", exit_mono_usec),
    ROW("ExecMainExitTimestamp", exit_wall_usec),
    ROW("ExecMainStartTimestamp", start_wall_usec),
};

static const struct {
    const char *name;
    size_t offset, size;
} strings[] = {
    ROW("Result", result),
    ROW("ActiveState", active),
    ROW("SubState", sub),
#undef ROW
};

void unit_state_set_u64(struct unit_state *s, const char *name, uint64_t v)
{
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        if (!streq(integers[i].name, name))
            continue;
        char *p = (char *)s + integers[i].offset;
        if (integers[i].size == sizeof(uint64_t))
            memcpy(p, &v, sizeof(v));
        else
            memcpy(p, &(int){(int)v}, sizeof(int));
        return;
    }
}

void unit_state_set_str(struct unit_state *s, const char *name, const char *v)
{
    if (streq(name, "LoadState")) {
        s->loaded = !streq(v, "not-found");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        if (streq(strings[i].name, name))
            snprintf((char *)s + strings[i].offset, strings[i].size, "%s", nonull(v));
}

void unit_state_set_bytes(struct unit_state *s, const char *name, const void *p, size_t n)
{
    if (streq(name, "InvocationID") && n == sizeof(s->invocation_id))
        memcpy(s->invocation_id, p, n);
    struct str field = str_n(p, n);
    if (streq(name, "LogExtraFields") && str_has_prefix(field, NODE_FIELD)) {
        size_t head = sizeof(NODE_FIELD) - 1;
        uuid_parse(str_n(field.p + head, field.n - head), &s->node_id);
    }
}

bool unit_state_has_invocation(const struct unit_state *s)
{
    static const uint8_t none[sizeof(s->invocation_id)];
    return memcmp(s->invocation_id, none, sizeof(none)) != 0;
}

static const char *const end_names[UNIT_END_MAX] = {
    [UNIT_END_NONE] = "running",   [UNIT_END_EXIT] = "exited",        [UNIT_END_SIGNAL] = "killed",
    [UNIT_END_OOM] = "oom-killed", [UNIT_END_SETUP] = "setup-failed", [UNIT_END_GONE] = "gone",
};

const char *unit_end_name(enum unit_end end)
{
    return end < UNIT_END_MAX ? end_names[end] : "?";
}

/* systemd.exec(5), "Process exit codes": what was being set up when the child gave up. */
static const char *systemd_step(int status)
{
    static const struct {
        int status;
        const char *text;
    } steps[] = {
        {200, "changing to the working directory failed"},
        {201, "setting the nice level failed"},
        {202, "preparing file descriptors failed"},
        {203, "executing the launcher failed"},
        {204, "out of memory"},
        {205, "setting resource limits failed"},
        {206, "setting the OOM score failed"},
        {208, "connecting standard input failed"},
        {209, "connecting standard output failed"},
        {216, "group not found or not usable"},
        {217, "user not found or not usable"},
        {218, "setting capabilities failed"},
        {219, "entering the cgroup failed"},
        {222, "connecting standard error failed"},
        {225, "entering the network namespace failed"},
        {226, "setting up the mount namespace failed"},
        {228, "setting up the system call filter failed"},
        {233, "creating the runtime directory failed"},
        {239, "creating a directory failed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (steps[i].status == status)
            return steps[i].text;
    return NULL;
}

static bool is_launch_failure(const struct unit_state *s, const struct unit_decide *d)
{
    if (!d->launched || !launch_status_text(s->exec_main_status))
        return false;
    if (d->launch != UNIT_LAUNCH_UNKNOWN)
        return d->launch == UNIT_LAUNCH_FAILED;
    return s->exit_wall_usec - s->start_wall_usec < LAUNCH_USEC;
}

static bool is_setup_failure(const struct unit_state *s, const struct unit_decide *d)
{
    if (s->exec_main_code != CLD_EXITED)
        return false;
    if (is_launch_failure(s, d))
        return true;
    if (d->launch == UNIT_LAUNCH_DONE || d->launch == UNIT_LAUNCH_FAILED)
        return false;
    bool systemds = s->exec_main_status >= 200 && s->exec_main_status <= 245;
    return systemds && (d->launch == UNIT_LAUNCH_NOT_READ || d->start_failed);
}

static void decide_setup(const struct unit_state *s, struct unit_exit *ex)
{
    const char *text = launch_status_text(s->exec_main_status);
    if (!text)
        text = systemd_step(s->exec_main_status);
    ex->end = UNIT_END_SETUP;
    ex->code = s->exec_main_status;
    if (text)
        snprintf(ex->text, sizeof(ex->text), "%s", text);
    else
        snprintf(ex->text, sizeof(ex->text), "systemd could not set up the task (status %d)",
                 s->exec_main_status);
}

static void decide_exit(const struct unit_state *s, const struct unit_decide *d,
                        struct unit_exit *ex)
{
    ex->at = (nsec_t)s->exit_wall_usec * NSEC_USEC;
    ex->kill_timed_out = streq(s->result, "timeout");
    if (is_setup_failure(s, d)) {
        decide_setup(s, ex);
        return;
    }
    if (s->exec_main_code == CLD_EXITED) {
        ex->end = UNIT_END_EXIT;
        ex->code = s->exec_main_status;
        snprintf(ex->text, sizeof(ex->text), "exit code %d", ex->code);
    } else {
        ex->end = UNIT_END_SIGNAL;
        ex->sig = s->exec_main_status;
        ex->core = s->exec_main_code == CLD_DUMPED;
        const char *name = sigabbrev_np(ex->sig);
        snprintf(ex->text, sizeof(ex->text), "killed by signal %d (SIG%s)%s%s", ex->sig,
                 name ? name : "?", ex->core ? ", core dumped" : "",
                 ex->kill_timed_out ? " after the kill timeout" : "");
    }
    if (streq(s->result, "oom-kill")) {
        ex->end = UNIT_END_OOM;
        snprintf(ex->text, sizeof(ex->text), "OOM Killed: a memory limit was reached");
    }
}

/* A unit that failed before it had a process, such as one with unusable resources. */
static bool failed_without_process(const struct unit_state *s, const struct unit_decide *d)
{
    bool bad = !isempty(s->result) && !streq(s->result, "success");
    return d->start_failed || (bad && streq(s->active, "failed"));
}

bool unit_exit_decide(const struct unit_state *s, const struct unit_decide *d,
                      struct unit_exit *ret)
{
    struct unit_exit ex = {.end = UNIT_END_NONE, .stopped = d->stop_requested};
    if (s->exit_mono_usec && s->exec_main_code) {
        decide_exit(s, d, &ex);
    } else if (!s->loaded || (streq(s->active, "inactive") && streq(s->sub, "dead"))) {
        ex.end = UNIT_END_GONE;
        snprintf(ex.text, sizeof(ex.text),
                 ex.stopped ? "stopped"
                            : "the unit is gone: stopped from outside or host restarted");
    } else if (failed_without_process(s, d)) {
        ex.end = UNIT_END_SETUP;
        snprintf(ex.text, sizeof(ex.text), "systemd could not start the unit (%s)",
                 isempty(s->result) ? "unknown" : s->result);
    }
    if (ex.end == UNIT_END_NONE)
        return false;
    *ret = ex;
    return true;
}
