// SPDX-License-Identifier: Apache-2.0
/* What an allocation does with its tasks: lifecycle order (prestart, main, poststart, poststop,
 * sidecars), leader, failed siblings; and the client status that follows from the tasks' states.
 * Pure: asked again after every change, it says which tasks may begin and which must end. */
#pragma once
#include "client/task_event.h"
#include "model/job.h"

enum alloc_task_role {
    ROLE_MAIN,
    ROLE_PRESTART,         /* main tasks wait until it ended well */
    ROLE_PRESTART_SIDECAR, /* main tasks wait until it started */
    ROLE_POSTSTART,        /* after all main tasks started */
    ROLE_POSTSTART_SIDECAR,
    ROLE_POSTSTOP, /* after all main tasks ended; a stop of the allocation spares it */
};

struct alloc_fsm_task {
    const char *name;
    enum alloc_task_role role;
    bool leader;
    bool waits;  /* has not begun */
    bool killed; /* was told to end already */
    const struct task_state *state;
    /* answers */
    bool begin, kill;
};

struct alloc_fsm_answer {
    bool done;          /* every task is dead */
    bool has_kill_note; /* comes before each kill's own "Killing" event */
    struct task_note kill_note;
    int32_t client_status; /* enum alloc_client */
    const char *description;
};

enum alloc_task_role alloc_task_role(const struct task *t);
static inline bool alloc_task_is_sidecar(enum alloc_task_role r)
{
    return r == ROLE_PRESTART_SIDECAR || r == ROLE_POSTSTART_SIDECAR;
}
/* Fills begin and kill of each task. `stopping`: the server wants it stopped: the leader goes
 * first, then the others, poststop tasks run last. */
void alloc_fsm_decide(struct alloc_fsm_task *tasks, size_t n, bool stopping,
                      struct alloc_fsm_answer *ret);
/* Status from states alone; "pending" without tasks. */
int32_t alloc_fsm_status(const struct alloc_fsm_task *tasks, size_t n, const char **ret_text);
