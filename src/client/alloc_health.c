// SPDX-License-Identifier: Apache-2.0
#include "client/alloc_health.h"

#include "client/client_internal.h"

/* Time since which all tasks run; 0: one does not; -1: one ended that should not have. */
static nsec_t all_running_since(const struct alloc_fsm_task *tasks, size_t n)
{
    nsec_t since = 1;
    for (size_t i = 0; i < n; i++) {
        const struct task_state *s = tasks[i].state;
        if (tasks[i].role == ROLE_POSTSTOP)
            continue;
        bool may_end = tasks[i].role == ROLE_PRESTART || tasks[i].role == ROLE_POSTSTART;
        if (s->failed || (s->state == TASK_DEAD && !may_end))
            return -1;
        if (s->state == TASK_PENDING)
            return 0;
        since = MAX(since, s->started_at);
    }
    return since;
}

enum alloc_health alloc_health_decide(const struct alloc_fsm_task *tasks, size_t n,
                                      const struct update_strategy *update, nsec_t received_at,
                                      nsec_t now, nsec_t *ret_at)
{
    nsec_t min_time = update ? update->min_healthy_time : 10 * NSEC_SEC;
    nsec_t deadline =
        received_at +
        (update && update->healthy_deadline > 0 ? update->healthy_deadline : 5 * NSEC_MIN);
    nsec_t since = all_running_since(tasks, n);
    if (since < 0)
        return HEALTH_BAD;
    if (since > 0 && now >= since + min_time)
        return HEALTH_GOOD;
    if (now >= deadline)
        return HEALTH_BAD;
    *ret_at = since > 0 ? MIN(since + min_time, deadline) : deadline;
    return HEALTH_WAIT;
}

/* ---- the shell ---- */

static void on_timer(uv_timer_t *t)
{
    struct alloc_runner *ar = t->data;
    client_soon(ar->c, ar);
}

static void wait_until(struct alloc_runner *ar, nsec_t at)
{
    if (!ar->health_timer)
        ar->health_timer = client_timer_new(ar->c, on_timer, ar);
    if (ar->health_timer)
        uv_timer_start(ar->health_timer, on_timer,
                       (uint64_t)(MAX(at - now_wall(), 0) / NSEC_MSEC) + 1, 0);
}

static void tell(struct alloc_runner *ar, bool healthy)
{
    ar->health = healthy;
    ar->health_at = now_wall();
    alloc_runner_changed(ar);
}

void alloc_runner_check_health(struct alloc_runner *ar)
{
    nsec_t at = 0;
    if (uuid_is_zero(&ar->alloc->deployment_id) || ar->health != TRI_UNSET ||
        ar->alloc->desired_status != ALLOC_RUN || ar->removed)
        return;
    cleanup_free struct alloc_fsm_task *t = calloc(ar->n_tasks + 1, sizeof(*t));
    for (size_t i = 0; t && i < ar->n_tasks; i++)
        t[i] = (struct alloc_fsm_task){.role = alloc_task_role(ar->tasks[i].task),
                                       .state = ar->tasks[i].status.state};
    if (!t)
        return;
    enum alloc_health h =
        alloc_health_decide(t, ar->n_tasks, ar->group->update, ar->received_at, now_wall(), &at);
    if (h == HEALTH_WAIT)
        wait_until(ar, at);
    else
        tell(ar, h == HEALTH_GOOD);
}
