// SPDX-License-Identifier: Apache-2.0
#include "client/task_fsm.h"

#include <errno.h>
#include <stdio.h>

#define TO(s) (1U << TFS_##s)

/* The legal moves. SETUP, STARTING and STOPPING may fall back to BACKOFF or end in DEAD. */
static const unsigned moves[TFS_MAX] = {
    [TFS_WAIT] = TO(SETUP) | TO(DEAD),
    [TFS_SETUP] = TO(STARTING) | TO(BACKOFF) | TO(DEAD),
    [TFS_STARTING] = TO(RUNNING) | TO(STOPPING) | TO(BACKOFF) | TO(DEAD),
    [TFS_RUNNING] = TO(KILL_DELAY) | TO(STOPPING) | TO(BACKOFF) | TO(DEAD),
    [TFS_KILL_DELAY] = TO(STOPPING) | TO(DEAD),
    [TFS_STOPPING] = TO(BACKOFF) | TO(DEAD),
    [TFS_BACKOFF] = TO(SETUP) | TO(DEAD),
    [TFS_DEAD] = 0,
};

static const char *const names[TFS_MAX] = {
    [TFS_WAIT] = "wait",
    [TFS_SETUP] = "setup",
    [TFS_STARTING] = "starting",
    [TFS_RUNNING] = "running",
    [TFS_KILL_DELAY] = "kill-delay",
    [TFS_STOPPING] = "stopping",
    [TFS_BACKOFF] = "backoff",
    [TFS_DEAD] = "dead",
};

struct step {
    struct task_fsm *f;
    const struct task_fsm_config *c;
    const struct task_fsm_event *e;
    struct task_fsm_effects *fx;
};

const char *task_fsm_state_name(enum task_fsm_state s)
{
    assert(s < TFS_MAX);
    return names[s];
}

static void move(struct step *s, enum task_fsm_state to)
{
    assert(moves[s->f->state] & (1U << to));
    s->f->state = to;
}

static void note(struct step *s, const struct task_note *n)
{
    assert(s->fx->n_notes < TASK_FSM_NOTES);
    s->fx->notes[s->fx->n_notes++] = *n;
}

static void event_note(struct step *s)
{
    if (s->e->note)
        note(s, s->e->note);
}

static void run_state(struct step *s, enum task_run_state state)
{
    s->fx->what |= TFX_RUN_STATE;
    s->fx->run_state = state;
}

static void timer(struct step *s, nsec_t delay)
{
    s->fx->what |= TFX_TIMER;
    s->fx->delay = delay;
}

static void dead(struct step *s)
{
    move(s, TFS_DEAD);
    run_state(s, TASK_DEAD);
    s->fx->what |= TFX_DEAD;
}

static void setup(struct step *s)
{
    move(s, TFS_SETUP);
    s->fx->what |= TFX_SETUP;
}

static void stop_unit(struct step *s)
{
    move(s, TFS_STOPPING);
    s->fx->what |= TFX_STOP;
}

/* An attempt is over: what next? */
static void after_attempt(struct step *s, struct restart_cause cause)
{
    struct restart_answer a;
    cause.killed = s->f->killed;
    cause.triggered = s->f->triggered;
    s->f->triggered = false;
    restart_decide(&s->f->restart, s->c->policy, s->c->on_success, &cause, s->e->now, s->e->seed,
                   &a);
    snprintf(s->fx->reason, sizeof(s->fx->reason), "%s", a.reason);
    struct task_note n = {.text = *a.reason ? s->fx->reason : NULL};
    switch (a.verdict) {
    case RESTART_AGAIN:
        n.type = NOTE_RESTARTING;
        n.delay = a.delay;
        note(s, &n);
        run_state(s, TASK_PENDING);
        move(s, TFS_BACKOFF);
        timer(s, a.delay);
        return;
    case RESTART_KILLED:
        n.type = NOTE_KILLED;
        note(s, &n);
        break;
    case RESTART_NOT:
        n.type = NOTE_NOT_RESTARTING;
        n.fails_task = true;
        note(s, &n);
        break;
    default:
        break;
    }
    dead(s);
}

static int on_begin(struct step *s)
{
    if (s->f->state != TFS_WAIT)
        return -EINVAL;
    setup(s);
    return 0;
}

static int on_setup_done(struct step *s)
{
    if (s->f->state != TFS_SETUP)
        return -EINVAL;
    move(s, TFS_STARTING);
    s->fx->what |= TFX_START;
    return 0;
}

static int on_failed(struct step *s, enum task_fsm_state in)
{
    if (s->f->state != in)
        return -EINVAL;
    event_note(s);
    after_attempt(
        s, (struct restart_cause){.start_error = true, .unrecoverable = s->e->unrecoverable});
    return 0;
}

static int on_started(struct step *s)
{
    if (s->f->state != TFS_STARTING)
        return -EINVAL;
    note(s, &(struct task_note){.type = NOTE_STARTED});
    run_state(s, TASK_RUNNING);
    if (s->f->killed)
        note(s, &(struct task_note){.type = NOTE_KILLING, .delay = s->c->kill_timeout});
    if (s->f->killed || s->f->triggered) {
        stop_unit(s);
    } else {
        move(s, TFS_RUNNING);
    }
    return 0;
}

static int on_exited(struct step *s)
{
    if (!task_fsm_has_unit(s->f) || s->f->state == TFS_STARTING)
        return -EINVAL;
    if (s->f->state == TFS_KILL_DELAY) {
        s->fx->what |= TFX_CANCEL_TIMER;
        s->f->killed = true;
    }
    note(s, &(struct task_note){.type = NOTE_TERMINATED,
                                .code = s->e->code,
                                .sig = s->e->sig,
                                .oom = s->e->oom,
                                .detail = s->e->detail});
    bool success = s->e->code == 0 && s->e->sig == 0 && !s->e->oom && isempty(s->e->detail);
    after_attempt(s, (struct restart_cause){.success = success});
    return 0;
}

static int on_timer(struct step *s)
{
    if (s->f->state == TFS_BACKOFF)
        setup(s);
    else if (s->f->state == TFS_KILL_DELAY)
        stop_unit(s);
    else
        return -EINVAL;
    return 0;
}

static int on_kill(struct step *s)
{
    if (s->f->state == TFS_DEAD)
        return -EINVAL;
    if (s->f->killed && !s->e->no_delay)
        return 0;
    /* What is being started is told to be killed once it has started. */
    if (!s->f->killed && s->f->state != TFS_STARTING)
        event_note(s);
    s->f->killed = true;
    switch (s->f->state) {
    case TFS_WAIT:
    case TFS_SETUP:
    case TFS_BACKOFF:
        if (s->f->state == TFS_SETUP)
            s->fx->what |= TFX_CANCEL_SETUP;
        if (s->f->state == TFS_BACKOFF)
            s->fx->what |= TFX_CANCEL_TIMER;
        dead(s);
        break;
    case TFS_RUNNING:
        if (s->c->shutdown_delay > 0 && !s->e->no_delay) {
            move(s, TFS_KILL_DELAY);
            timer(s, s->c->shutdown_delay);
        } else {
            stop_unit(s);
        }
        break;
    case TFS_KILL_DELAY:
        s->fx->what |= TFX_CANCEL_TIMER;
        stop_unit(s);
        break;
    default: /* STARTING stops once it runs, STOPPING already does */
        break;
    }
    return 0;
}

static int on_restart(struct step *s)
{
    if (s->f->killed || (s->f->state != TFS_RUNNING && s->f->state != TFS_STARTING))
        return -EINVAL;
    event_note(s);
    s->f->triggered = !s->e->by_policy;
    if (s->f->state == TFS_RUNNING)
        stop_unit(s);
    return 0;
}

static int on_fail(struct step *s)
{
    if (s->f->state != TFS_WAIT && s->f->state != TFS_SETUP && s->f->state != TFS_BACKOFF)
        return -EINVAL;
    s->fx->what |= TFX_CANCEL_TIMER | TFX_CANCEL_SETUP;
    event_note(s);
    dead(s);
    return 0;
}

int task_fsm_step(struct task_fsm *f, const struct task_fsm_config *c,
                  const struct task_fsm_event *e, struct task_fsm_effects *ret)
{
    struct step s = {f, c, e, ret};
    *ret = (struct task_fsm_effects){0};
    switch (e->type) {
    case TFE_BEGIN:
        return on_begin(&s);
    case TFE_SETUP_DONE:
        return on_setup_done(&s);
    case TFE_SETUP_FAILED:
        return on_failed(&s, TFS_SETUP);
    case TFE_STARTED:
        return on_started(&s);
    case TFE_START_FAILED:
        return on_failed(&s, TFS_STARTING);
    case TFE_EXITED:
        return on_exited(&s);
    case TFE_TIMER:
        return on_timer(&s);
    case TFE_KILL:
        return on_kill(&s);
    case TFE_RESTART:
        return on_restart(&s);
    case TFE_FAIL:
        return on_fail(&s);
    default:
        return -EINVAL;
    }
}
