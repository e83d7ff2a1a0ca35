// SPDX-License-Identifier: Apache-2.0
/* The life of one task of an allocation. Pure: events in, effects out; the runner does what the
 * effects say and reports back by events. One table of legal moves, one door (task_fsm_step).
 *
 *   WAIT -begin-> SETUP -ready-> STARTING -started-> RUNNING -exited-> BACKOFF -timer-> SETUP ...
 *   a kill leads by KILL_DELAY (shutdown_delay) and STOPPING to DEAD, from anywhere */
#pragma once
#include "client/restart.h"
#include "client/task_event.h"

enum task_fsm_state {
    TFS_WAIT, /* its lifecycle hook has not come */
    TFS_SETUP,
    TFS_STARTING,
    TFS_RUNNING,
    TFS_KILL_DELAY,
    TFS_STOPPING,
    TFS_BACKOFF,
    TFS_DEAD,
    TFS_MAX
};

enum task_fsm_event_type {
    TFE_BEGIN,
    TFE_SETUP_DONE,
    TFE_SETUP_FAILED, /* note, unrecoverable */
    TFE_STARTED,
    TFE_START_FAILED, /* note, unrecoverable */
    TFE_EXITED,       /* code, sig, oom, detail */
    TFE_TIMER,
    TFE_KILL,    /* note (NULL: none), no_delay */
    TFE_RESTART, /* note; by_policy: counts as a failure, else at once */
    TFE_FAIL,    /* the allocation could not be set up: dead and failed. note */
    TFE_MAX
};

struct task_fsm_event {
    enum task_fsm_event_type type;
    nsec_t now;
    uint64_t seed;
    const struct task_note *note;
    bool unrecoverable, no_delay, by_policy;
    int64_t code, sig;
    bool oom;
    const char *detail; /* exit message */
};

enum task_fsm_effect {
    TFX_SETUP = 1 << 0,        /* directories, artifacts, payload; then SETUP_DONE or _FAILED */
    TFX_CANCEL_SETUP = 1 << 1, /* no answer is awaited */
    TFX_START = 1 << 2,        /* a fresh unit; then STARTED or START_FAILED */
    TFX_STOP = 1 << 3,         /* persist "stop requested", stop the unit; EXITED follows */
    TFX_TIMER = 1 << 4,        /* TIMER after `delay` */
    TFX_CANCEL_TIMER = 1 << 5,
    TFX_RUN_STATE = 1 << 6, /* task state becomes `run_state` */
    TFX_DEAD = 1 << 7,      /* the last effect of a task: run its clean-up hooks */
};
#define TASK_FSM_NOTES 4

struct task_fsm_effects {
    unsigned what; /* enum task_fsm_effect; notes come before the run state */
    nsec_t delay;
    enum task_run_state run_state;
    struct task_note notes[TASK_FSM_NOTES];
    size_t n_notes;
    char reason[160]; /* what notes' texts may point to */
};

/* What the job says; borrowed. */
struct task_fsm_config {
    const struct restart_policy *policy;
    bool on_success; /* restart_on_success() */
    nsec_t shutdown_delay, kill_timeout;
};

/* Everything but `state` is zero at first. The whole of it is persisted. */
struct task_fsm {
    enum task_fsm_state state;
    struct restart_tracker restart;
    bool killed, triggered;
};

const char *task_fsm_state_name(enum task_fsm_state s);
/* -EINVAL: this event has no meaning in this state (nothing changed, no effects). */
int task_fsm_step(struct task_fsm *f, const struct task_fsm_config *c,
                  const struct task_fsm_event *e, struct task_fsm_effects *ret);
/* True where a unit may exist. */
static inline bool task_fsm_has_unit(const struct task_fsm *f)
{
    return f->state == TFS_STARTING || f->state == TFS_RUNNING || f->state == TFS_KILL_DELAY ||
           f->state == TFS_STOPPING;
}
