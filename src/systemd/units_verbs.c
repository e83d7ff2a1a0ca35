// SPDX-License-Identifier: Apache-2.0
/* The verbs of one call, or of one call and its job. */
#include <errno.h>
#include <stdio.h>

#include "systemd/unit_props.h"
#include "systemd/units_internal.h"

static void end_errno(struct unit_op *op, int r, const char *what)
{
    struct err err;
    err_errno(&err, r, "%s of %s", what, op->name.z);
    unit_op_end(op, r, &err);
}

/* -- one call ------------------------------------------------------------------------------------
 */

static void simple_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    unit_op_end(user, r, err);
}

static void gone_is_fine_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    unit_op_end(user, r == -ENOENT ? 0 : r, err);
}

/* `args` in sd_bus_message_append() form, "" for none. */
static int simple_call(struct units *u, const char *name, const char *member, bus_reply_cb reply_cb,
                       units_done_cb cb, void *user, const char *args, ...)
{
    sd_bus_message *m = NULL;
    struct unit_op *op = unit_op_new(u, name, user);
    if (!op)
        return -ENOMEM;
    op->done_cb = cb;
    int r = unit_op_message(op, member, &m);
    if (r < 0)
        return unit_op_drop(op, r);
    va_list ap;
    va_start(ap, args);
    r = sd_bus_message_appendv(m, args, ap);
    va_end(ap);
    if (r < 0)
        sd_bus_message_unref(m);
    else
        r = unit_op_send(op, m, reply_cb);
    return r < 0 ? unit_op_drop(op, r) : 0;
}

int units_kill(struct units *u, const char *name, enum unit_kill_who who, int sig, units_done_cb cb,
               void *user)
{
    return simple_call(u, name, "KillUnit", simple_cb, cb, user, "si",
                       who == UNIT_KILL_MAIN ? "main" : "all", (int32_t)sig);
}

int units_reset_failed(struct units *u, const char *name, units_done_cb cb, void *user)
{
    return simple_call(u, name, "ResetFailedUnit", gone_is_fine_cb, cb, user, "");
}

int units_freeze(struct units *u, const char *name, bool freeze, units_done_cb cb, void *user)
{
    return simple_call(u, name, freeze ? "FreezeUnit" : "ThawUnit", simple_cb, cb, user, "");
}

/* -- stop, reap ----------------------------------------------------------------------------------
 */

static int send_stop(struct unit_op *op);

static void reset_after_stop(struct unit_op *op)
{
    sd_bus_message *m = NULL;
    int r = unit_op_message(op, "ResetFailedUnit", &m);
    if (r >= 0)
        r = unit_op_send(op, m, gone_is_fine_cb);
    if (r < 0 && !unit_op_resumes(op, r))
        end_errno(op, r, "reset");
}

static void stop_ended(struct unit_op *op, const char *result)
{
    if (op->flag) /* reap */
        reset_after_stop(op);
    else
        unit_op_end(op, 0, NULL);
}

static void stop_sent_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    struct unit_op *op = user;
    if (r == -ENOENT) {
        unit_op_end(op, 0, NULL);
        return;
    }
    if (unit_op_resumes(op, r))
        return;
    if (r >= 0)
        r = unit_op_wait_job(op, reply);
    if (r < 0)
        unit_op_end(op, r, err);
}

static void stop_again_cb(struct unit_op *op)
{
    int r = send_stop(op);
    if (r < 0 && !unit_op_resumes(op, r))
        end_errno(op, r, "stop");
}

static int send_stop(struct unit_op *op)
{
    sd_bus_message *m = NULL;
    int r = unit_op_message(op, "StopUnit", &m);
    if (r < 0)
        return r;
    r = sd_bus_message_append(m, "s", "replace");
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    return unit_op_send(op, m, stop_sent_cb);
}

static int stop(struct units *u, const char *name, bool reap, units_done_cb cb, void *user)
{
    struct unit_op *op = unit_op_new(u, name, user);
    if (!op)
        return -ENOMEM;
    op->done_cb = cb;
    op->job_cb = stop_ended;
    op->again_cb = stop_again_cb;
    op->flag = reap;
    int r = send_stop(op);
    return r < 0 ? unit_op_drop(op, r) : 0;
}

int units_stop(struct units *u, const char *name, units_done_cb cb, void *user)
{
    int r = stop(u, name, false, cb, user);
    if (r >= 0)
        units_watch_stop_requested(u, name);
    return r;
}

int units_reap(struct units *u, const char *name, units_done_cb cb, void *user)
{
    return stop(u, name, true, cb, user);
}

/* -- limits and slices ---------------------------------------------------------------------------
 */

static void check_and_end(struct unit_op *op)
{
    struct err err = {""};
    int r = unit_op_check_limits(op, &err);
    unit_op_end(op, r, &err);
}

static void limits_set_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    if (r < 0)
        unit_op_end(user, r, err);
    else
        check_and_end(user);
}

/* op->message is SetUnitProperties, built while the limits' text was at hand. */
static int build_set(struct unit_op *op, const struct unit_limits *limits)
{
    cleanup_unit_props struct unit_props props = {.failed = false};
    int r = unit_props_of_limits(limits, &props);
    if (r >= 0)
        r = unit_op_message(op, "SetUnitProperties", &op->message);
    if (r >= 0)
        r = sd_bus_message_append(op->message, "b", true);
    return r < 0 ? r : unit_props_append(op->message, &props);
}

int units_set_limits(struct units *u, const char *name, const char *slice,
                     const struct unit_limits *limits, bool best_effort, units_done_cb cb,
                     void *user)
{
    struct unit_op *op = unit_op_new(u, name, user);
    if (!op)
        return -ENOMEM;
    op->done_cb = cb;
    op->best_effort = best_effort;
    snprintf(op->slice.z, sizeof(op->slice.z), "%s", isempty(slice) ? UNIT_ROOT_SLICE : slice);
    limits_want(limits, &op->limits);
    int r = build_set(op, limits);
    if (r >= 0)
        r = unit_op_send(op, take_ptr(op->message), limits_set_cb);
    return r < 0 ? unit_op_drop(op, r) : 0;
}

static void slice_started(struct unit_op *op, const char *result)
{
    struct err err;
    if (streq(result, "done"))
        check_and_end(op);
    else
        unit_op_end(op,
                    err_set(&err, -EIO, "slice %s: start job ended as \"%s\"", op->name.z, result),
                    &err);
}

static void slice_sent_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    struct unit_op *op = user;
    if (r == -EEXIST) { /* made before: only bring its limits up to date */
        r = limits_any(&op->limits) ? unit_op_send(op, take_ptr(op->message), limits_set_cb) : 1;
        if (r == 0)
            return;
        if (r > 0)
            unit_op_end(op, 0, NULL);
        else
            end_errno(op, r, "limits");
        return;
    }
    if (unit_op_resumes(op, r))
        return;
    if (r >= 0)
        r = unit_op_wait_job(op, reply);
    if (r < 0)
        unit_op_end(op, r, err);
}

static void slice_asked_cb(void *user, int r, const struct unit_state *s, const struct err *err)
{
    struct unit_op *op = user;
    if (unit_op_resumes(op, r))
        return;
    if (r < 0 || !streq(s->active, "active"))
        end_errno(op, r < 0 ? r : -ECONNRESET, "slice");
    else
        check_and_end(op);
}

/* Its job may have ended unseen, or the request may never have arrived: then the caller asks again,
 * which is harmless. */
static void slice_again_cb(struct unit_op *op)
{
    int r = units_query(op->u, op->name.z, slice_asked_cb, op);
    if (r < 0 && !unit_op_resumes(op, r))
        end_errno(op, r, "slice");
}

static int send_slice(struct unit_op *op, const struct unit_spec *spec)
{
    cleanup_unit_props struct unit_props props = {.failed = false};
    sd_bus_message *m = NULL;
    int r = build_set(op, &spec->limits);
    if (r >= 0)
        r = unit_props_of_spec(spec, &props);
    if (r >= 0)
        r = unit_op_message(op, "StartTransientUnit", &m);
    if (r >= 0)
        r = sd_bus_message_append(m, "s", "fail");
    if (r >= 0)
        r = unit_props_append(m, &props);
    if (r >= 0)
        r = sd_bus_message_append(m, "a(sa(sv))", 0);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    return unit_op_send(op, m, slice_sent_cb);
}

int units_ensure_slice(struct units *u, const struct unit_spec *spec, units_done_cb cb, void *user,
                       struct err *err)
{
    int r = unit_spec_check(spec, err);
    if (r < 0)
        return r;
    struct unit_op *op = unit_op_new(u, spec->name, user);
    if (!op)
        return err_errno(err, -ENOMEM, "slice");
    op->done_cb = cb;
    op->job_cb = slice_started;
    op->again_cb = slice_again_cb;
    op->best_effort = spec->limits_best_effort;
    limits_want(&spec->limits, &op->limits);
    r = send_slice(op, spec);
    return r < 0 ? unit_op_drop(op, err_errno(err, r, "slice %s", spec->name)) : 0;
}
