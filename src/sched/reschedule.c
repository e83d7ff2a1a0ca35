// SPDX-License-Identifier: Apache-2.0
/* The reschedule policy of a failed allocation: delay functions, attempts, tracker. */
#include "sched/reconcile_impl.h"

#define UNLIMITED_EVENTS_KEPT 5

const struct reschedule_policy *alloc_policy(const struct allocation *a)
{
    const struct task_group *g = a->job ? job_find_group(a->job, a->task_group) : NULL;
    return g ? g->reschedule : NULL;
}

static const struct reschedule_event *past(const struct allocation *a, size_t back)
{
    const struct reschedule_tracker *t = a->reschedule_tracker;
    return t && t->events.n > back ? t->events.items[t->events.n - 1 - back] : NULL;
}

nsec_t alloc_fail_time(const struct allocation *a)
{
    nsec_t last = 0;
    for (size_t i = 0; i < a->task_states.n; i++)
        last = MAX(last, ((const struct task_state *)a->task_states.items[i].value)->finished_at);
    return last ? last : a->modify_time;
}

nsec_t reschedule_delay(const struct allocation *a)
{
    const struct reschedule_policy *p = alloc_policy(a);
    if (!p)
        return 0;
    const struct reschedule_event *last = past(a, 0), *before = past(a, 1);
    if (!last)
        return p->delay;
    nsec_t d = p->delay;
    if (streq(p->delay_function, "exponential")) {
        if (__builtin_mul_overflow(last->delay, 2, &d))
            d = INT64_MAX;
    } else if (streq(p->delay_function, "fibonacci")) {
        /* after the ceiling was reset, a new series begins */
        bool fresh = before && before->delay == p->max_delay && last->delay == p->delay;
        if (before && (fresh || __builtin_add_overflow(last->delay, before->delay, &d)))
            d = fresh ? last->delay : INT64_MAX;
    } else {
        return d;
    }
    if (p->max_delay > 0 && d > p->max_delay) {
        d = p->max_delay;
        if (alloc_fail_time(a) - last->time > d)
            d = p->delay;
    }
    return d;
}

bool reschedule_time(const struct allocation *a, nsec_t *ret_time)
{
    const struct reschedule_policy *p = alloc_policy(a);
    nsec_t failed = alloc_fail_time(a);
    if (!p || a->desired_status == ALLOC_STOP || a->client_status != ALLOC_FAILED || !failed)
        return false;
    nsec_t delay = reschedule_delay(a);
    bool eligible = p->unlimited == 1;
    if (!eligible && p->attempts > 0) {
        int64_t attempted = 0;
        const struct reschedule_event *e;
        for (size_t i = 0; (e = past(a, i)); i++)
            attempted += failed - e->time < p->interval;
        eligible = attempted < p->attempts && (!past(a, 0) || delay < p->interval);
    }
    if (!eligible)
        return false;
    *ret_time = failed > INT64_MAX - delay ? INT64_MAX : failed + delay;
    return true;
}

static int keep_events(struct arena *a, const struct allocation *prev, nsec_t now, struct objs *to)
{
    const struct reschedule_policy *p = alloc_policy(prev);
    const struct objs *from = &prev->reschedule_tracker->events;
    bool counted = p && p->attempts > 0;
    size_t skip = !counted && from->n > UNLIMITED_EVENTS_KEPT ? from->n - UNLIMITED_EVENTS_KEPT : 0;
    for (size_t i = skip; i < from->n; i++) {
        const struct reschedule_event *e = from->items[i];
        if (counted && (p->interval <= 0 || now - e->time > p->interval))
            continue;
        void *copy = model_copy(&reschedule_event_schema, a, e);
        if (!copy || objs_add(a, to, copy) < 0)
            return -ENOMEM;
    }
    return 0;
}

struct reschedule_tracker *tracker_next(struct arena *a, const struct allocation *prev, nsec_t now)
{
    struct reschedule_tracker *t = arena_new_of(a, struct reschedule_tracker);
    struct reschedule_event *e = arena_new_of(a, struct reschedule_event);
    if (!t || !e)
        return NULL;
    if (prev->reschedule_tracker && keep_events(a, prev, now, &t->events) < 0)
        return NULL;
    *e = (struct reschedule_event){
        .time = now,
        .prev_alloc = prev->id,
        .prev_node = prev->node_id,
        .delay = reschedule_delay(prev),
    };
    return objs_add(a, &t->events, e) < 0 ? NULL : t;
}
