// SPDX-License-Identifier: Apache-2.0
#include "client/restart.h"

#include <stdio.h>

#include "base/hash.h"

bool restart_on_success(int32_t job_type, const struct lifecycle *lifecycle)
{
    if (lifecycle && !isempty(lifecycle->hook))
        return lifecycle->sidecar && !streq(lifecycle->hook, "poststop");
    return job_type != JOB_BATCH && job_type != JOB_SYSBATCH;
}

static void answer(struct restart_answer *ret, enum restart_verdict verdict, nsec_t delay,
                   const char *reason)
{
    ret->verdict = verdict;
    ret->delay = delay;
    snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
}

static nsec_t with_jitter(nsec_t delay, uint64_t seed)
{
    if (delay <= 0)
        return 0;
    return delay + (nsec_t)(hash_bytes(&seed, sizeof(seed), 0) % ((uint64_t)delay / 4 + 1));
}

static void exceeded(const struct restart_tracker *t, const struct restart_policy *p, nsec_t now,
                     struct restart_answer *ret)
{
    if (streq(p->mode, "delay")) {
        answer(ret, RESTART_AGAIN, MAX(t->interval_start + p->interval - now, 0),
               "Exceeded allowed attempts, applying a delay");
        return;
    }
    cleanup_buf struct buf b = {0};
    buf_printf(&b, "Exceeded allowed attempts %lld in interval ", (long long)p->attempts);
    duration_format(&b, p->interval);
    buf_addz(&b, " and mode is \"fail\"");
    answer(ret, RESTART_NOT, 0, nonull(b.p));
}

static void by_policy(struct restart_tracker *t, const struct restart_policy *p, bool on_success,
                      const struct restart_cause *c, nsec_t now, uint64_t seed,
                      struct restart_answer *ret)
{
    /* A clock that went back must not stretch the interval without end. */
    if (t->interval_start == 0 || now > t->interval_start + p->interval ||
        now < t->interval_start) {
        t->count = 0;
        t->interval_start = now;
    }
    t->count++;
    if (c->start_error && c->unrecoverable)
        answer(ret, RESTART_NOT, 0, "Error was unrecoverable");
    else if (!c->start_error && c->success && !on_success)
        answer(ret, RESTART_TERMINATED, 0, "Restart unnecessary as task terminated successfully");
    else if (t->count > p->attempts)
        exceeded(t, p, now, ret);
    else
        answer(ret, RESTART_AGAIN, with_jitter(p->delay, seed), "Restart within policy");
}

void restart_decide(struct restart_tracker *t, const struct restart_policy *policy, bool on_success,
                    const struct restart_cause *c, nsec_t now, uint64_t seed,
                    struct restart_answer *ret)
{
    if (c->killed)
        answer(ret, RESTART_KILLED, 0, "");
    else if (c->triggered)
        answer(ret, RESTART_AGAIN, 0, "");
    else if (policy && policy->attempts > 0)
        by_policy(t, policy, on_success, c, now, seed, ret);
    else if (!on_success && !c->start_error && c->success)
        answer(ret, RESTART_TERMINATED, 0, "Policy allows no restarts");
    else
        answer(ret, RESTART_NOT, 0, "Policy allows no restarts");
}
