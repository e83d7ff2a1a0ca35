// SPDX-License-Identifier: Apache-2.0
/* A task's unit while it exists: its end, its stop, what is left afterwards. */
#include <errno.h>

#include "base/log.h"
#include "client/client_internal.h"

static void on_reaped(void *user unused_arg, int r, const struct err *err)
{
    if (r < 0 && r != -ECONNRESET)
        log_warn("client", "cannot reap a unit: %s", err->text);
}

static void reap(struct task_runner *tr)
{
    if (tr->ended.z[0])
        (void)units_reap(tr->ar->c->units, tr->ended.z, on_reaped, tr->ar->c);
    tr->ended.z[0] = 0;
}

static void on_end_recorded(void *user, int r unused_arg)
{
    reap(user);
}

/* The attempt is over: nothing of its unit is needed any more. The unit itself holds the exit
 * status until the record does, so it is reaped after that. */
void task_runner_forget_unit(struct task_runner *tr)
{
    tr->watch = unit_watch_free(tr->watch);
    reap(tr);
    tr->ended = tr->unit;
    for (size_t i = 0; i < ARRAY_LEN(tr->streams); i++) {
        relay_stream_release(&tr->streams[i]);
        tr->streams[i].id[0] = 0;
    }
    tr->unit.z[0] = 0;
    tr->has_invocation = tr->stop_requested = tr->unit_started = false;
}

void task_runner_reap_later(struct task_runner *tr)
{
    if (alloc_runner_save(tr->ar, on_end_recorded, tr) < 0)
        reap(tr);
}

static void on_exit_seen(void *user, const struct unit_exit *ex,
                         const struct unit_state *state unused_arg)
{
    struct task_runner *tr = user;
    struct unit_exit e = *ex;
    bool wanted = tr->stop_requested || e.stopped;
    struct task_fsm_event ev = {.type = TFE_EXITED};
    switch (e.end) {
    case UNIT_END_EXIT:
        ev.code = e.code;
        break;
    case UNIT_END_SIGNAL:
    case UNIT_END_OOM:
        ev.code = 128 + e.sig;
        ev.sig = e.sig;
        ev.oom = e.end == UNIT_END_OOM;
        ev.detail = ev.oom ? "OOM Killed" : NULL;
        break;
    case UNIT_END_GONE:
        ev.detail = wanted ? NULL : e.text;
        ev.code = wanted ? 0 : -1;
        break;
    default:
        ev.code = e.code;
        ev.detail = e.text;
    }
    log_info("client", "alloc_id=%s task=%s unit=%s: %s", UUID_Z(&tr->ar->id), tr->task->name,
             tr->unit.z, e.text);
    task_runner_forget_unit(tr);
    task_runner_event(tr, &ev);
    task_runner_reap_later(tr);
}

int task_runner_watch(struct task_runner *tr, bool attach)
{
    struct units *u = tr->ar->c->units;
    if (!attach)
        return unit_watch_create(u, tr->unit.z, true, on_exit_seen, tr, &tr->watch);
    return unit_watch_attach(u, tr->unit.z, true, tr->has_invocation ? tr->invocation_id : NULL,
                             on_exit_seen, tr, &tr->watch);
}

static void on_stopped(void *user, int r, const struct err *err)
{
    struct task_runner *tr = user;
    if (r >= 0 || tr->fsm.state != TFS_STOPPING)
        return; /* the watch tells how it ended */
    log_warn("client", "alloc_id=%s task=%s: stopping %s: %s", UUID_Z(&tr->ar->id), tr->task->name,
             tr->unit.z, err->text);
}

static void on_stop_recorded(void *user, int r unused_arg)
{
    struct task_runner *tr = user;
    if (tr->fsm.state != TFS_STOPPING || !tr->unit.z[0])
        return;
    r = units_stop(tr->ar->c->units, tr->unit.z, on_stopped, tr);
    if (r < 0 && r != -ENOTCONN)
        log_warn("client", "cannot stop %s: %s", tr->unit.z, strerror(-r));
}

/* An obeyed SIGTERM leaves nothing behind that could be read after an agent restart, so that the
 * stop was wanted is on disk before systemd hears of it. */
void task_runner_stop_unit(struct task_runner *tr)
{
    tr->stop_requested = true;
    if (alloc_runner_save(tr->ar, on_stop_recorded, tr) < 0)
        on_stop_recorded(tr, 0);
}
