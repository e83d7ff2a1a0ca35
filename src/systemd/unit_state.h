// SPDX-License-Identifier: Apache-2.0
/* What a unit says about itself, and the one function that decides whether a task is done. Pure:
 * values come from PropertiesChanged or GetAll, in any order and in pieces. */
#pragma once
#include "base/clock.h"
#include "base/err.h"
#include "systemd/unit_name.h"

struct unit_state {
    pid_t main_pid;                          /* running main process, 0 if none */
    pid_t exec_main_pid;                     /* the last one that ran */
    int exec_main_code;                      /* CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0 = not yet */
    int exec_main_status;                    /* exit code or signal */
    uint64_t exit_mono_usec, exit_wall_usec; /* 0 = not yet */
    uint64_t start_wall_usec;
    char result[24]; /* "success", "exit-code", "signal", "oom-kill", "timeout", ... */
    char active[16], sub[24];
    uint8_t invocation_id[16];
    struct uuid node_id; /* from LogExtraFields; zero = none */
    bool loaded;         /* false: no such unit */
};

/* One property; unknown names and wrong types are ignored. */
void unit_state_set_u64(struct unit_state *s, const char *name, uint64_t v);
void unit_state_set_str(struct unit_state *s, const char *name, const char *v);
void unit_state_set_bytes(struct unit_state *s, const char *name, const void *p, size_t n);
bool unit_state_has_invocation(const struct unit_state *s);

enum unit_end {
    UNIT_END_NONE,   /* not done */
    UNIT_END_EXIT,   /* code */
    UNIT_END_SIGNAL, /* sig; core */
    UNIT_END_OOM,    /* sig; killed because a memory limit was reached */
    UNIT_END_SETUP,  /* never ran: text says which step failed */
    UNIT_END_GONE, /* the unit vanished: stopped by us if `stopped`, else lost (reboot, operator) */
    UNIT_END_MAX,
};

struct unit_exit {
    enum unit_end end;
    int code; /* EXIT, or the reserved status of SETUP */
    int sig;  /* SIGNAL, OOM */
    bool core;
    bool stopped;        /* a stop was requested by us before the end was seen */
    bool kill_timed_out; /* SIGTERM was ignored, SIGKILL followed */
    nsec_t at;           /* wall clock; 0 if unknown */
    char text[160]; /* for the task event: "Exit Code: 3", "Main process killed by SIGKILL (9)" */
};

/* How far our launcher came, from the read position of its memfd where that is still at hand. */
enum unit_launch {
    UNIT_LAUNCH_UNKNOWN,
    UNIT_LAUNCH_NOT_READ, /* it never ran: user, sandbox or directory could not be set up */
    UNIT_LAUNCH_DONE,     /* it became the task: every status is the task's own */
    UNIT_LAUNCH_FAILED,   /* it ran and could not become the task */
};

struct unit_decide {
    bool launched;     /* the program was our launcher: its reserved statuses mean "never ran" */
    bool start_failed; /* the start job ended as "failed": so do systemd's 200..243 */
    bool stop_requested;
    enum unit_launch launch;
};

/* The one place that says whether a task is done and how; called from every callback. */
bool unit_exit_decide(const struct unit_state *s, const struct unit_decide *d,
                      struct unit_exit *ret);
const char *unit_end_name(enum unit_end end);
