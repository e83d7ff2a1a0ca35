// SPDX-License-Identifier: Apache-2.0
/* The scheduler: pure functions, no I/O, no clock, no randomness (time and seeds are arguments).
 * An evaluation splits in two. *Reconcile* compares a job with its allocations and says what to
 * stop, update and place; it reads only that job, so any worker on any server may run it.
 * *Place* chooses nodes for the requests; one thread on the leader runs it against the ledger
 * (sched/ledger.h, sched/placer.h).
 *
 *   worker:  reconcile(arena, &input, &result)
 *   placer:  placer_place(placer, arena, &place_input, &placed), repeated while placed->next < n
 *   worker:  one plan entry a piece: stops with the first, then placed->allocs; afterwards
 *            sched_blocked_eval() for what failed, and result->followups
 *
 * Rules and texts are those of Nomad's generic scheduler (1.0.18, 2.0.5). */
#pragma once
#include "base/err.h"
#include "model/eval.h"

/* desired_description of stopped allocations */
#define STOP_NOT_NEEDED "alloc not needed due to job update"
#define STOP_MIGRATING "alloc is being migrated"
#define STOP_UPDATING "alloc is being updated due to job update"
#define STOP_LOST "alloc is lost since its node is down"
#define STOP_RESCHEDULED "alloc was rescheduled because it failed"

#define EVAL_BLOCKED_DESC "created to place remaining allocations"
#define EVAL_FOLLOWUP_DESC "created for delayed rescheduling"
#define EVAL_ROLLING_DESC "created for the next step of a rolling update"

#define SCHED_PIECE_MAX 1000 /* placements of one plan entry */

struct reconcile_input {
    const char *ns, *job_id;
    struct job *job; /* the latest version; NULL when purged. `stop` set counts as stopped */
    const struct allocation *const *allocs; /* of that job, every state and version, any order */
    size_t n_allocs;
    const struct evaluation *eval;
    /* The node, or NULL when it is gone. Called for allocations that are not terminal. */
    const struct node *(*node_cb)(void *ctx, const struct uuid *id);
    void *ctx;
    nsec_t now;       /* wall clock */
    uint64_t seed[2]; /* for the ids of follow-up evaluations */
};

struct stop_request {
    const struct allocation *alloc;
    const char *description;
    int32_t client_status; /* enum alloc_client to be set (ALLOC_LOST), or -1: left alone */
};

/* One allocation to place. With stop_description, `previous` is stopped in the same plan entry, and
 * only when the placement succeeds; on its own node the room of `previous` counts as free. */
struct place_request {
    const char *name; /* "job.group[3]" */
    struct task_group *group;
    const struct allocation *previous;  /* or NULL */
    const char *stop_description;       /* NULL: nothing to stop with it */
    struct reschedule_tracker *tracker; /* of the new allocation; NULL unless rescheduled */
    bool reschedule;
};

/* A failed allocation that will be replaced later: followup_eval_id is to be set on it. */
struct followup_mark {
    const struct allocation *alloc;
    struct uuid eval_id;
};

struct reconcile_group {
    const char *name;
    struct desired_updates updates;
    int64_t queued;      /* requests of this group */
    size_t rolling_left; /* destructive updates held back by update.max_parallel: another
                            evaluation (TRIGGER_ROLLING_UPDATE) is due when an allocation of the
                            new version starts running */
};

struct reconcile_result {
    struct place_request *place; /* destructive updates first, then all others, group by group */
    size_t n_place;
    struct stop_request *stop;
    size_t n_stop;
    const struct allocation **inplace; /* get the new job version; resources stay */
    size_t n_inplace;
    struct followup_mark *marks;
    size_t n_marks;
    struct evaluation **followups; /* pending, wait_until set; indexes and times unset */
    size_t n_followups;
    struct reconcile_group *groups; /* the job's, then those only allocations still name */
    size_t n_groups;
    size_t rolling_left; /* sum over the groups */
};

/* Everything returned lives in `a` or is borrowed from the input. -EOPNOTSUPP for job types other
 * than service and batch, -ENOMEM. */
int reconcile(struct arena *a, const struct reconcile_input *in, struct err *err,
              struct reconcile_result **ret);

/* Desired updates by group, for `job plan`. NULL when memory is short. */
struct plan_annotations *reconcile_annotations(struct arena *a, const struct reconcile_result *r);

/* When a failed allocation may be replaced: the delay its policy asks for after this attempt, and
 * whether the policy allows one at all. Pure; also used by `alloc status`. */
nsec_t reschedule_delay(const struct allocation *a);
bool reschedule_time(const struct allocation *a, nsec_t *ret_time);

struct place_result;
/* The blocked evaluation of `eval`'s failed placements: status blocked, trigger queued-allocs,
 * class eligibility, failed_tg_allocs. NULL when memory is short. */
struct evaluation *sched_blocked_eval(struct arena *a, const struct evaluation *eval,
                                      const struct uuid *id, const struct place_result *r);
