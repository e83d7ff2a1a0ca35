// SPDX-License-Identifier: Apache-2.0
/* Whether a task that ended runs again, and when. Pure: time and seed come in with the question.
 * Rules and texts are Nomad's (restart policy of the job specification). */
#pragma once
#include "model/job.h"

enum restart_verdict {
    RESTART_AGAIN,      /* after `delay` */
    RESTART_NOT,        /* policy used up or hopeless: the task failed */
    RESTART_TERMINATED, /* it ended well and is done */
    RESTART_KILLED,     /* it was killed on purpose */
    RESTART_VERDICT_MAX
};

/* What survives an agent restart. Zero is a fresh tracker. */
struct restart_tracker {
    int64_t count;         /* attempts used in this interval */
    nsec_t interval_start; /* wall clock; 0: at the first question */
};

struct restart_cause {
    bool killed;        /* the server or a sibling wanted it gone */
    bool triggered;     /* the user asked for a restart: no policy is consulted */
    bool start_error;   /* it never ran */
    bool unrecoverable; /* with start_error: trying again cannot help */
    bool success;       /* it ran and its exit was 0 */
};

struct restart_answer {
    enum restart_verdict verdict;
    nsec_t delay;
    char reason[160];
};

/* True when a successful exit is restarted too: service and system jobs, sidecars. */
bool restart_on_success(int32_t job_type, const struct lifecycle *lifecycle);
/* policy NULL: no restarts. `seed` feeds the jitter (up to a quarter of the delay). */
void restart_decide(struct restart_tracker *t, const struct restart_policy *policy, bool on_success,
                    const struct restart_cause *cause, nsec_t now, uint64_t seed,
                    struct restart_answer *ret);
