// SPDX-License-Identifier: Apache-2.0
#include "client/task_event.h"

#include <errno.h>

/* The field and the detail that carry a type's text, and the display text without one. */
struct note_kind {
    const char *name, *detail_key, *plain;
    size_t member; /* offset in struct task_event, 0: message */
};
#define M(member) offsetof(struct task_event, member)

static const struct note_kind kinds[NOTE_MAX] = {
    [NOTE_RECEIVED] = {"Received", "message", "Task received by client", 0},
    [NOTE_SETUP] = {"Task Setup", "message", "", 0},
    [NOTE_SETUP_FAILURE] = {"Setup Failure", "setup_error", "Task setup failed", M(setup_error)},
    [NOTE_VALIDATION] = {"Failed Validation", "validation_error", "Validation of task failed",
                         M(validation_error)},
    [NOTE_DOWNLOADING] = {"Downloading Artifacts", "message", "Client is downloading artifacts", 0},
    [NOTE_DOWNLOAD_FAILED] = {"Failed Artifact Download", "download_error",
                              "Failed to download artifacts", M(download_error)},
    [NOTE_DRIVER_MESSAGE] = {"Driver", "driver_message", "", M(driver_message)},
    [NOTE_DRIVER_FAILURE] = {"Driver Failure", "driver_error", "Failed to start task",
                             M(driver_error)},
    [NOTE_STARTED] = {"Started", "message", "Task started by client", 0},
    [NOTE_TERMINATED] = {"Terminated", "message", "", 0},
    [NOTE_RESTARTING] = {"Restarting", "restart_reason", "", M(restart_reason)},
    [NOTE_NOT_RESTARTING] = {"Not Restarting", "restart_reason", "Task exceeded restart policy",
                             M(restart_reason)},
    [NOTE_RESTART_SIGNAL] = {"Restart Signaled", "restart_reason", "Task signaled to restart",
                             M(restart_reason)},
    [NOTE_SIGNALING] = {"Signaling", "task_signal_reason", "Task being sent a signal",
                        M(task_signal_reason)},
    [NOTE_KILLING] = {"Killing", "kill_reason", "Sent interrupt", M(kill_reason)},
    [NOTE_KILLED] = {"Killed", "kill_error", "Task successfully killed", M(kill_error)},
    [NOTE_SIBLING_FAILED] = {"Sibling Task Failed", "failed_sibling", "Task's sibling failed",
                             M(failed_sibling)},
    [NOTE_LEADER_DEAD] = {"Leader Task Dead", "message", "Leader Task in Group dead", 0},
    [NOTE_MAIN_DEAD] = {"Main Tasks Dead", "message", "Main tasks in the group died", 0},
    [NOTE_HOOK_FAILED] = {"Task hook failed", "message", "", 0},
    [NOTE_RESTORE_FAILED] = {"Failed Restoring Task", "message", "", 0},
    [NOTE_DISK_EXCEEDED] = {"Disk Resources Exceeded", "message", "", 0},
    [NOTE_HEALTH] = {"Alloc Unhealthy", "message", "", 0},
};

const char *task_note_type_name(enum task_note_type type)
{
    assert(type < NOTE_MAX);
    return kinds[type].name;
}

static int detail(struct arena *a, struct task_event *e, const char *key, const char *fmt, ...)
    printf_like(4, 5);
static int detail(struct arena *a, struct task_event *e, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *v = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return v ? smap_set(a, &e->details, key, v) : -ENOMEM;
}

static int fill_numbers(struct arena *a, struct task_event *e, const struct task_note *n)
{
    if (n->type == NOTE_TERMINATED) {
        e->exit_code = n->code;
        e->signal = n->sig;
        if (detail(a, e, "exit_code", "%lld", (long long)n->code) < 0 ||
            detail(a, e, "signal", "%lld", (long long)n->sig) < 0 ||
            (n->detail && detail(a, e, "exit_message", "%s", n->detail) < 0) ||
            detail(a, e, "oom_killed", "%s", n->oom ? "true" : "false") < 0)
            return -ENOMEM;
        e->message = n->detail ? arena_strdup(a, n->detail) : NULL;
    }
    if (n->type == NOTE_RESTARTING) {
        e->start_delay = n->delay;
        return detail(a, e, "start_delay", "%lld", (long long)n->delay);
    }
    if (n->type == NOTE_KILLING && n->delay > 0) {
        e->kill_timeout = n->delay;
        cleanup_buf struct buf b = {0};
        duration_format(&b, n->delay);
        return detail(a, e, "kill_timeout", "%s", nonull(b.p));
    }
    if (n->type == NOTE_SIGNALING && n->detail) {
        e->task_signal = arena_strdup(a, n->detail);
        return detail(a, e, "task_signal", "%s", n->detail);
    }
    return 0;
}

static void show_exit(struct buf *b, const struct task_note *n)
{
    buf_printf(b, "Exit Code: %lld", (long long)n->code);
    if (n->sig != 0)
        buf_printf(b, ", Signal: %lld", (long long)n->sig);
    if (!isempty(n->detail))
        buf_printf(b, ", Exit Message: \"%s\"", n->detail);
}

static void show_restart(struct buf *b, const struct task_note *n)
{
    if (!isempty(n->text) && !streq(n->text, "Restart within policy"))
        buf_printf(b, "%s - ", n->text);
    buf_addz(b, "Task restarting in ");
    duration_format(b, n->delay);
}

static void show_signal(struct buf *b, const struct task_note *n)
{
    if (isempty(n->detail))
        buf_addz(b, isempty(n->text) ? kinds[n->type].plain : n->text);
    else if (isempty(n->text))
        buf_printf(b, "Task being sent signal %s", n->detail);
    else
        buf_printf(b, "Task being sent signal %s: %s", n->detail, n->text);
}

static void show_killing(struct buf *b, const struct task_note *n)
{
    if (!isempty(n->text)) {
        buf_addz(b, n->text);
    } else if (n->delay > 0) {
        buf_addz(b, "Sent interrupt. Waiting ");
        duration_format(b, n->delay);
        buf_addz(b, " before force killing");
    } else {
        buf_addz(b, kinds[n->type].plain);
    }
}

static void show(struct buf *b, const struct task_note *n)
{
    switch (n->type) {
    case NOTE_TERMINATED:
        show_exit(b, n);
        break;
    case NOTE_RESTARTING:
        show_restart(b, n);
        break;
    case NOTE_SIGNALING:
        show_signal(b, n);
        break;
    case NOTE_KILLING:
        show_killing(b, n);
        break;
    case NOTE_SIBLING_FAILED:
        if (isempty(n->text))
            buf_addz(b, kinds[n->type].plain);
        else
            buf_printf(b, "Task's sibling \"%s\" failed", n->text);
        break;
    default:
        buf_addz(b, isempty(n->text) ? kinds[n->type].plain : n->text);
    }
}

struct task_event *task_event_new(struct arena *a, const struct task_note *n, nsec_t now)
{
    const struct note_kind *k = &kinds[n->type];
    struct task_event *e = model_new(&task_event_schema, a);
    if (!e)
        return NULL;
    e->type = k->name;
    e->time = now;
    if (n->text) {
        const char *text = arena_strdup(a, n->text);
        if (!text || smap_set(a, &e->details, k->detail_key, text) < 0)
            return NULL;
        if (k->member)
            memcpy((char *)e + k->member, &text, sizeof(text));
        else
            e->message = text;
    }
    if (n->fails_task) {
        e->fails_task = true;
        if (smap_set(a, &e->details, "fails_task", "true") < 0)
            return NULL;
    }
    if (fill_numbers(a, e, n) < 0)
        return NULL;
    cleanup_buf struct buf b = {0};
    show(&b, n);
    e->display_message = b.failed ? NULL : arena_strdup(a, nonull(b.p));
    return e->display_message ? e : NULL;
}

int task_status_init(struct task_status *s, const struct task_state *from)
{
    cleanup_arena struct arena *a = arena_new(0);
    if (!a)
        return -ENOMEM;
    struct task_state *st =
        from ? model_copy(&task_state_schema, a, from) : model_new(&task_state_schema, a);
    if (!st)
        return -ENOMEM;
    *s = (struct task_status){.arena = take_ptr(a), .state = st};
    return 0;
}

void task_status_free(struct task_status *s)
{
    s->arena = arena_free(s->arena);
    s->state = NULL;
}

int task_status_note(struct task_status *s, const struct task_note *n, nsec_t now)
{
    cleanup_arena struct arena *a = arena_new(0);
    if (!a)
        return -ENOMEM;
    struct task_state keep = *s->state;
    if (keep.events.n >= TASK_EVENTS_MAX) {
        size_t drop = keep.events.n - TASK_EVENTS_MAX + 1;
        keep.events.items += drop;
        keep.events.n -= drop;
    }
    struct task_state *st = model_copy(&task_state_schema, a, &keep);
    struct task_event *e = st ? task_event_new(a, n, now) : NULL;
    if (!e || objs_add(a, &st->events, e) < 0)
        return -ENOMEM;
    if (n->fails_task)
        st->failed = true;
    if (n->type == NOTE_RESTARTING) {
        st->restarts++;
        st->last_restart = now;
    }
    arena_free(s->arena);
    *s = (struct task_status){.arena = take_ptr(a), .state = st};
    return 0;
}

void task_status_set(struct task_status *s, enum task_run_state state, nsec_t now)
{
    struct task_state *st = s->state;
    if (state == TASK_RUNNING && st->state != TASK_RUNNING)
        st->started_at = now;
    if (state == TASK_DEAD && st->finished_at == 0)
        st->finished_at = now;
    st->state = state;
}
