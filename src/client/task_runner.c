// SPDX-License-Identifier: Apache-2.0
/* The thin shell around task_fsm: does what the effects say. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "client/client_internal.h"

static void configure(struct task_runner *tr)
{
    const struct task *t = tr->task;
    tr->fsm_config = (struct task_fsm_config){
        .policy = t->restart ? t->restart : tr->ar->group->restart,
        .on_success = restart_on_success(tr->ar->alloc->job->type, t->lifecycle),
        .shutdown_delay = t->shutdown_delay == INT_UNSET ? 0 : t->shutdown_delay,
        .kill_timeout = t->kill_timeout,
    };
}

static void restore(struct task_runner *tr, const struct task_record *rec)
{
    tr->fsm.state = (enum task_fsm_state)rec->fsm_state;
    tr->fsm.restart = (struct restart_tracker){rec->restart_count, rec->restart_interval_start};
    tr->fsm.killed = rec->killed;
    tr->fsm.triggered = rec->triggered;
    tr->setup_done = rec->setup_done;
    tr->stop_requested = rec->stop_requested;
    if (!isempty(rec->unit))
        snprintf(tr->unit.z, sizeof(tr->unit.z), "%s", rec->unit);
    if (rec->invocation_id.n == sizeof(tr->invocation_id)) {
        memcpy(tr->invocation_id, rec->invocation_id.p, sizeof(tr->invocation_id));
        tr->has_invocation = true;
    }
    for (size_t i = 0; i < 2 && i < rec->streams.n; i++)
        snprintf(tr->streams[i].id, sizeof(tr->streams[i].id), "%s", rec->streams.items[i]);
}

int task_runner_init(struct task_runner *tr, struct alloc_runner *ar, const struct task *task,
                     const struct task_record *rec)
{
    *tr = (struct task_runner){.task = task};
    for (size_t i = 0; i < ARRAY_LEN(tr->streams); i++)
        tr->streams[i].write_fd = tr->streams[i].read_fd = -1;
    int r = task_status_init(&tr->status, rec ? rec->state : NULL);
    if (r < 0)
        return r;
    tr->ar = ar;
    if (rec)
        restore(tr, rec);
    else
        r = task_status_note(&tr->status, &(struct task_note){.type = NOTE_RECEIVED}, now_wall());
    configure(tr);
    return r;
}

void task_runner_free(struct task_runner *tr)
{
    task_runner_cancel_setup(tr);
    units_cancel(tr->ar->c->units, tr);
    record_store_cancel(tr->ar->c->store, tr);
    tr->watch = unit_watch_free(tr->watch);
    if (tr->ended.z[0])
        task_runner_forget_unit(tr);
    tr->timer = client_timer_free(tr->timer);
    tr->start_timer = client_timer_free(tr->start_timer);
    for (size_t i = 0; i < ARRAY_LEN(tr->streams); i++)
        relay_stream_release(&tr->streams[i]);
    task_status_free(&tr->status);
    tr->ar = NULL;
}

void task_runner_record(const struct task_runner *tr, struct arena *a, struct task_record *ret)
{
    ret->name = tr->task->name;
    ret->state = tr->status.state;
    ret->fsm_state = tr->fsm.state;
    ret->restart_count = tr->fsm.restart.count;
    ret->restart_interval_start = tr->fsm.restart.interval_start;
    ret->killed = tr->fsm.killed;
    ret->triggered = tr->fsm.triggered;
    ret->setup_done = tr->setup_done;
    ret->stop_requested = tr->stop_requested;
    ret->unit = tr->unit.z;
    if (tr->has_invocation)
        ret->invocation_id = str_n((const char *)tr->invocation_id, sizeof(tr->invocation_id));
    for (size_t i = 0; i < ARRAY_LEN(tr->streams); i++)
        strs_add(a, &ret->streams, tr->streams[i].id);
}

void task_runner_note(struct task_runner *tr, const struct task_note *n)
{
    if (task_status_note(&tr->status, n, now_wall()) < 0)
        log_error("client", "out of memory: event \"%s\" of task %s is lost",
                  task_note_type_name(n->type), tr->task->name);
}

/* ---- effects ---- */

static void on_timer(uv_timer_t *t)
{
    struct task_runner *tr = t->data;
    task_runner_event(tr, &(struct task_fsm_event){.type = TFE_TIMER});
}

static void start_timer(struct task_runner *tr, nsec_t delay)
{
    if (!tr->timer)
        tr->timer = client_timer_new(tr->ar->c, on_timer, tr);
    if (tr->timer)
        uv_timer_start(tr->timer, on_timer, (uint64_t)(delay / NSEC_MSEC), 0);
}

static void apply(struct task_runner *tr, const struct task_fsm_effects *fx, nsec_t now)
{
    for (size_t i = 0; i < fx->n_notes; i++)
        task_runner_note(tr, &fx->notes[i]);
    if (fx->what & TFX_RUN_STATE)
        task_status_set(&tr->status, fx->run_state, now);
    if (fx->what & TFX_CANCEL_SETUP)
        task_runner_cancel_setup(tr);
    if ((fx->what & TFX_CANCEL_TIMER) && tr->timer)
        uv_timer_stop(tr->timer);
    if (fx->what & TFX_TIMER)
        start_timer(tr, fx->delay);
    alloc_runner_changed(tr->ar);
    if (fx->what & TFX_SETUP)
        task_runner_setup(tr);
    if (fx->what & TFX_START)
        task_runner_start(tr);
    if (fx->what & TFX_STOP)
        task_runner_stop_unit(tr);
}

void task_runner_event(struct task_runner *tr, struct task_fsm_event *e)
{
    static uint64_t counter;
    struct task_fsm_effects fx;
    enum task_fsm_state before = tr->fsm.state;
    e->now = now_wall();
    e->seed = (uint64_t)e->now ^ ++counter;
    configure(tr);
    int r = task_fsm_step(&tr->fsm, &tr->fsm_config, e, &fx);
    log_debug("client", "alloc_id=%s task=%s event=%d: %s -> %s%s", UUID_Z(&tr->ar->id),
              tr->task->name, (int)e->type, task_fsm_state_name(before),
              task_fsm_state_name(tr->fsm.state), r < 0 ? " (ignored)" : "");
    if (r == 0)
        apply(tr, &fx, e->now);
}

void task_runner_fail(struct task_runner *tr, enum task_fsm_event_type type,
                      enum task_note_type note, bool unrecoverable, const char *text)
{
    struct task_note n = {.type = note, .text = text, .fails_task = type == TFE_FAIL};
    task_runner_event(
        tr, &(struct task_fsm_event){.type = type, .note = &n, .unrecoverable = unrecoverable});
}

void task_runner_kill(struct task_runner *tr, const struct task_note *cause, bool no_delay)
{
    if (cause && !tr->fsm.killed && tr->fsm.state != TFS_DEAD)
        task_runner_note(tr, cause);
    struct task_note n = {.type = NOTE_KILLING, .delay = tr->task->kill_timeout};
    task_runner_event(tr,
                      &(struct task_fsm_event){.type = TFE_KILL, .note = &n, .no_delay = no_delay});
}

/* ---- after an agent restart ---- */

static void resume_unit(struct task_runner *tr)
{
    struct err err = {0};
    int r = task_runner_watch(tr, true);
    if (r < 0) {
        err_errno(&err, r, "cannot watch unit %s", tr->unit.z);
        log_error("client", "%s", err.text);
        return;
    }
    if (tr->fsm.state == TFS_STARTING)
        task_runner_event(tr, &(struct task_fsm_event){.type = TFE_STARTED});
    if (tr->fsm.state == TFS_KILL_DELAY)
        task_runner_event(tr, &(struct task_fsm_event){.type = TFE_TIMER});
    else if (tr->fsm.state == TFS_STOPPING)
        task_runner_stop_unit(tr);
}

void task_runner_resume(struct task_runner *tr, const struct unit_item *item)
{
    switch (tr->fsm.state) {
    case TFS_SETUP:
        task_runner_setup(tr);
        break;
    case TFS_BACKOFF:
        start_timer(tr, 0);
        break;
    case TFS_STARTING:
        if (!item) { /* recorded, but systemd never heard of it: start it now */
            tr->unit.z[0] = 0;
            task_runner_start(tr);
            break;
        }
        memcpy(tr->invocation_id, item->state.invocation_id, sizeof(tr->invocation_id));
        tr->has_invocation = true;
        resume_unit(tr);
        break;
    case TFS_RUNNING:
    case TFS_KILL_DELAY:
    case TFS_STOPPING:
        resume_unit(tr);
        break;
    default:
        break;
    }
}
