// SPDX-License-Identifier: Apache-2.0
#include "client/alloc_fsm.h"

enum alloc_task_role alloc_task_role(const struct task *t)
{
    const struct lifecycle *l = t->lifecycle;
    if (!l || isempty(l->hook))
        return ROLE_MAIN;
    if (streq(l->hook, "prestart"))
        return l->sidecar ? ROLE_PRESTART_SIDECAR : ROLE_PRESTART;
    if (streq(l->hook, "poststart"))
        return l->sidecar ? ROLE_POSTSTART_SIDECAR : ROLE_POSTSTART;
    if (streq(l->hook, "poststop"))
        return ROLE_POSTSTOP;
    return ROLE_MAIN;
}

static bool is_dead(const struct alloc_fsm_task *t)
{
    return t->state->state == TASK_DEAD;
}

static bool prestart_over(const struct alloc_fsm_task *t)
{
    if (t->role == ROLE_PRESTART)
        return is_dead(t) && !t->state->failed;
    if (t->role == ROLE_PRESTART_SIDECAR)
        return t->state->started_at != 0;
    return true;
}

static void decide_begin(struct alloc_fsm_task *tasks, size_t n, bool stopping)
{
    bool prestart = true, main_started = true, main_dead = true;
    for (size_t i = 0; i < n; i++) {
        prestart &= prestart_over(&tasks[i]);
        if (tasks[i].role == ROLE_MAIN) {
            main_started &= tasks[i].state->started_at != 0;
            main_dead &= is_dead(&tasks[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct alloc_fsm_task *t = &tasks[i];
        if (!t->waits || is_dead(t))
            continue;
        if (t->role == ROLE_POSTSTOP)
            t->begin = main_dead;
        else if (!stopping && !t->kill)
            t->begin = t->role == ROLE_MAIN ? prestart
                       : t->role == ROLE_POSTSTART || t->role == ROLE_POSTSTART_SIDECAR
                           ? prestart && main_started
                           : true;
    }
}

/* A dead leader, a failed sibling or only side-cars left end the rest. */
static bool find_kill_note(const struct alloc_fsm_task *tasks, size_t n, struct task_note *ret)
{
    bool failed = false, sidecars = false, others_live = false;
    for (size_t i = 0; i < n; i++) {
        const struct alloc_fsm_task *t = &tasks[i];
        sidecars |= alloc_task_is_sidecar(t->role);
        if (t->role == ROLE_POSTSTOP)
            continue;
        if (!is_dead(t)) {
            others_live |= !alloc_task_is_sidecar(t->role);
        } else if (t->state->failed && !failed) {
            failed = true;
            *ret = (struct task_note){.type = NOTE_SIBLING_FAILED, .text = t->name};
        } else if (t->leader && !t->state->failed) {
            *ret = (struct task_note){.type = NOTE_LEADER_DEAD};
            return true;
        }
    }
    if (failed)
        return true;
    if (sidecars && !others_live) {
        *ret = (struct task_note){.type = NOTE_MAIN_DEAD};
        return true;
    }
    return false;
}

static const struct alloc_fsm_task *live_leader(const struct alloc_fsm_task *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tasks[i].leader && tasks[i].role != ROLE_POSTSTOP && !is_dead(&tasks[i]))
            return &tasks[i];
    return NULL;
}

static void decide_kill(struct alloc_fsm_task *tasks, size_t n)
{
    const struct alloc_fsm_task *leader = live_leader(tasks, n);
    for (size_t i = 0; i < n; i++) {
        struct alloc_fsm_task *t = &tasks[i];
        t->kill = t->role != ROLE_POSTSTOP && !is_dead(t) && !t->killed && (!leader || t == leader);
    }
}

int32_t alloc_fsm_status(const struct alloc_fsm_task *tasks, size_t n, const char **ret_text)
{
    bool failed = false, running = false, pending = n == 0;
    for (size_t i = 0; i < n; i++) {
        const struct task_state *s = tasks[i].state;
        failed |= s->state == TASK_DEAD && s->failed;
        running |= s->state == TASK_RUNNING;
        pending |= s->state == TASK_PENDING;
    }
    static const char *const texts[] = {"Failed tasks", "Tasks are running",
                                        "No tasks have started", "All tasks have completed"};
    int which = failed ? 0 : running ? 1 : pending ? 2 : 3;
    *ret_text = texts[which];
    static const int32_t status[] = {ALLOC_FAILED, ALLOC_RUNNING, ALLOC_PENDING, ALLOC_COMPLETE};
    return status[which];
}

void alloc_fsm_decide(struct alloc_fsm_task *tasks, size_t n, bool stopping,
                      struct alloc_fsm_answer *ret)
{
    *ret = (struct alloc_fsm_answer){.done = true};
    for (size_t i = 0; i < n; i++) {
        tasks[i].begin = tasks[i].kill = false;
        ret->done &= is_dead(&tasks[i]);
    }
    if (find_kill_note(tasks, n, &ret->kill_note)) {
        ret->has_kill_note = true;
        decide_kill(tasks, n);
    } else if (stopping) {
        decide_kill(tasks, n);
    }
    decide_begin(tasks, n, stopping || ret->has_kill_note);
    ret->client_status = alloc_fsm_status(tasks, n, &ret->description);
}
