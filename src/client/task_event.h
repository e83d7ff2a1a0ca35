// SPDX-License-Identifier: Apache-2.0
/* Task events and the task state that collects them. Types and display texts are Nomad's; the last
 * ten are kept. Pure. */
#pragma once
#include "model/alloc.h"

#define TASK_EVENTS_MAX 10

enum task_note_type {
    NOTE_RECEIVED,
    NOTE_SETUP,
    NOTE_SETUP_FAILURE,
    NOTE_VALIDATION,
    NOTE_DOWNLOADING,
    NOTE_DOWNLOAD_FAILED,
    NOTE_DRIVER_MESSAGE,
    NOTE_DRIVER_FAILURE,
    NOTE_STARTED,
    NOTE_TERMINATED,
    NOTE_RESTARTING,
    NOTE_NOT_RESTARTING,
    NOTE_RESTART_SIGNAL,
    NOTE_SIGNALING,
    NOTE_KILLING,
    NOTE_KILLED,
    NOTE_SIBLING_FAILED,
    NOTE_LEADER_DEAD,
    NOTE_MAIN_DEAD,
    NOTE_HOOK_FAILED,
    NOTE_RESTORE_FAILED,
    NOTE_DISK_EXCEEDED,
    NOTE_HEALTH, /* why an allocation of a deployment is not healthy */
    NOTE_MAX
};

/* What happened, before it is an event. Texts are borrowed. */
struct task_note {
    enum task_note_type type;
    bool fails_task;
    const char *text;   /* the type's message, error or reason */
    const char *detail; /* SIGNALING: the signal's name; TERMINATED: exit message */
    int64_t code;       /* TERMINATED: exit code */
    int64_t sig;        /* TERMINATED */
    bool oom;           /* TERMINATED */
    nsec_t delay;       /* RESTARTING: start delay; KILLING: kill timeout */
};

const char *task_note_type_name(enum task_note_type type);
/* A complete event with display message and details. NULL when memory is short. */
struct task_event *task_event_new(struct arena *a, const struct task_note *n, nsec_t now);

/* A task's state in an arena of its own, rebuilt by every change: readers copy what they need. */
struct task_status {
    struct arena *arena;
    struct task_state *state;
};

int task_status_init(struct task_status *s, const struct task_state *from); /* from may be NULL */
void task_status_free(struct task_status *s);
int task_status_note(struct task_status *s, const struct task_note *n, nsec_t now);
/* Sets started_at and finished_at as the state changes. */
void task_status_set(struct task_status *s, enum task_run_state state, nsec_t now);
