// SPDX-License-Identifier: Apache-2.0
/* Starting a service: queued -> sent -> job ended -> identified -> limits read back -> told.
 * At most 16 are between "sent" and "job ended" (more only queues inside PID 1); slices take turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "systemd/start_queue.h"
#include "systemd/unit_props.h"
#include "systemd/units_internal.h"

static void pump(struct units *u);

static void leave_flight(struct unit_op *op)
{
    if (!op->in_flight)
        return;
    op->in_flight = op->accepted = false;
    op->u->starts_in_flight--;
}

static void end_start(struct unit_op *op, int r, const struct err *err)
{
    struct units *u = op->u;
    leave_flight(op);
    unit_op_end(op, r, err);
    pump(u);
}

static void cleaned_cb(void *user, int r, const struct err *err)
{
    struct unit_op *op = user;
    struct err text = op->failure_text;
    end_start(op, op->failure, &text);
}

/* Nothing of a failed start is left behind before the failure is told. */
static void fail_start(struct unit_op *op, int r, const struct err *err)
{
    op->failure = r;
    op->failure_text = *err;
    op->again_cb = NULL;
    leave_flight(op);
    if (units_reap(op->u, op->name.z, cleaned_cb, op) < 0)
        end_start(op, r, err);
}

static void tell_started(struct unit_op *op)
{
    struct units *u = op->u;
    struct unit_name name = op->name;
    struct unit_state state = op->state;
    int launch_fd = take_fd(&op->launch_fd);
    end_start(op, 0, NULL);
    units_watch_started(u, name.z, &state, launch_fd);
}

static enum unit_launch launch_progress(const struct unit_op *op)
{
    return op->launched ? units_launch_progress(op->launch_fd) : UNIT_LAUNCH_UNKNOWN;
}

/* The unit's state is complete. */
static void judge(struct unit_op *op, bool start_failed)
{
    struct err err = {""};
    struct unit_exit ex;
    const struct unit_decide d = {
        .launched = op->launched, .start_failed = start_failed, .launch = launch_progress(op)};
    if (unit_exit_decide(&op->state, &d, &ex)) {
        if (ex.end == UNIT_END_SETUP || ex.end == UNIT_END_GONE) {
            int r = ex.end == UNIT_END_SETUP ? -ENOEXEC : op->flag ? -ECONNRESET : -ECANCELED;
            err_set(&err, r, "%s",
                    r == -ECONNRESET ? "systemd lost the request to start: try again" : ex.text);
            fail_start(op, r, &err);
            return;
        }
        tell_started(op);
        return;
    }
    int r = unit_op_check_limits(op, &err);
    if (r < 0)
        fail_start(op, r, &err);
    else
        tell_started(op);
}

static void ask_state(struct unit_op *op);

static void queried_cb(void *user, int r, const struct unit_state *s, const struct err *err)
{
    struct unit_op *op = user;
    op->asking = false;
    if (unit_op_resumes(op, r))
        return;
    if (r < 0) {
        fail_start(op, r, err);
        return;
    }
    op->state = *s;
    if (streq(s->active, "activating")) {
        if (!op->in_flight) /* its job ended while we asked */
            ask_state(op);
        return; /* else JobRemoved is still to come */
    }
    leave_flight(op);
    judge(op, streq(s->active, "failed"));
}

static void ask_state(struct unit_op *op)
{
    struct err err = {""};
    int r = units_query(op->u, op->name.z, queried_cb, op);
    op->asking = r >= 0;
    if (r < 0 && !unit_op_resumes(op, r))
        fail_start(op, r, &err);
}

static void identified_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    struct unit_op *op = user;
    const void *id;
    size_t n;
    if (unit_op_resumes(op, r))
        return;
    if (r >= 0)
        r = sd_bus_message_enter_container(reply, 'v', "ay");
    if (r >= 0)
        r = sd_bus_message_read_array(reply, 'y', &id, &n);
    if (r < 0) { /* gone already: the complete answer says how */
        ask_state(op);
        return;
    }
    unit_state_set_bytes(&op->state, "InvocationID", id, n);
    op->state.loaded = true;
    judge(op, false);
}

static void ask_invocation(struct unit_op *op)
{
    char path[UNIT_PATH_MAX];
    sd_bus_message *m = NULL;
    struct err err = {""};
    unit_path_of_name(op->name.z, path);
    int r = bus_method(op->u->bus, path, DBUS_PROPERTIES, "Get", &m);
    if (r >= 0)
        r = sd_bus_message_append(m, "ss", SYSTEMD_UNIT, "InvocationID");
    if (r >= 0)
        r = unit_op_send(op, take_ptr(m), identified_cb);
    sd_bus_message_unref(m);
    if (r < 0 && !unit_op_resumes(op, r))
        fail_start(op, err_errno(&err, r, "start"), &err);
}

/* systemd keeps the id of every unit it runs as the target of a link, for the journal: reading it
 * spares a third of the calls of a start. */
static bool read_invocation(struct unit_op *op)
{
    char path[sizeof("/run/systemd/units/invocation:") + sizeof(op->name.z)];
    char text[SD_ID128_STRING_MAX] = "";
    sd_id128_t id;
    snprintf(path, sizeof(path), "/run/systemd/units/invocation:%s", op->name.z);
    if (readlink(path, text, sizeof(text) - 1) < 0 || sd_id128_from_string(text, &id) < 0)
        return false;
    unit_state_set_bytes(&op->state, "InvocationID", id.bytes, sizeof(id.bytes));
    op->state.loaded = true;
    return true;
}

/* "failed" is also what a program that exits at once looks like, so the unit itself is asked. */
void units_start_job_removed(struct unit_op *op, const char *result)
{
    struct units *u = op->u;
    bool answered = op->accepted;
    leave_flight(op);
    if (!op->asking && streq(result, "done") && answered && read_invocation(op))
        judge(op, false);
    else if (!op->asking && streq(result, "done"))
        ask_invocation(op);
    else if (!op->asking)
        ask_state(op);
    pump(u);
}

void units_start_changed(struct unit_op *op, sd_bus_message *m)
{
    const char *interface;
    if (sd_bus_message_rewind(m, true) >= 0 && sd_bus_message_read(m, "s", &interface) >= 0)
        unit_state_read(&op->state, m);
}

static void sent_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    struct unit_op *op = user;
    if (r < 0 && !unit_op_resumes(op, r))
        end_start(op, r, err);
    else if (r >= 0) /* JobRemoved comes by the unit's name, and never before the answer */
        op->accepted = true;
}

/* The bus went away around the call: whether the unit exists decides, not what we remember. */
static void again_cb(struct unit_op *op)
{
    op->flag = true;
    ask_state(op);
}

static void send_start(struct unit_op *op)
{
    struct units *u = op->u;
    op->in_flight = true;
    u->starts_in_flight++;
    int r = unit_op_send(op, take_ptr(op->message), sent_cb);
    if (r < 0) {
        struct err err;
        err_errno(&err, r, "start");
        leave_flight(op);
        unit_op_end(op, r == -ENOTCONN ? -ECONNRESET : r, &err);
    }
}

static struct unit_op *next_start(struct units *u)
{
    struct list *n = start_queue_next(&u->start_queues);
    return n ? list_item(n, struct unit_op, queue_node) : NULL;
}

static void pump(struct units *u)
{
    struct unit_op *op;
    while (u->starts_in_flight < STARTS_IN_FLIGHT && (op = next_start(u)))
        send_start(op);
}

void units_start_queue_drop(struct units *u)
{
    start_queue_prune(&u->start_queues);
}

/* Queued messages belong to the old connection. */
void units_start_bus_lost(struct units *u, const struct err *err)
{
    struct unit_op *op;
    while ((op = next_start(u)))
        unit_op_end(op, -ECONNRESET, err);
}

void units_start_cancelled(struct unit_op *op)
{
    if (list_empty(&op->queue_node))
        return;
    struct units *u = op->u;
    unit_op_drop(op, 0);
    start_queue_prune(&u->start_queues);
}

static int build_message(struct unit_op *op, const struct unit_spec *spec)
{
    cleanup_unit_props struct unit_props props = {.failed = false};
    int r = unit_props_of_spec(spec, &props);
    if (r >= 0)
        r = unit_op_message(op, "StartTransientUnit", &op->message);
    if (r >= 0)
        r = sd_bus_message_append(op->message, "s", "fail");
    if (r >= 0)
        r = unit_props_append(op->message, &props);
    return r < 0 ? r : sd_bus_message_append(op->message, "a(sa(sv))", 0);
}

static int prepare_start(struct unit_op *op, const struct unit_spec *spec)
{
    snprintf(op->slice.z, sizeof(op->slice.z), "%s",
             isempty(spec->slice) ? UNIT_ROOT_SLICE : spec->slice);
    limits_want(&spec->limits, &op->limits);
    op->best_effort = spec->limits_best_effort;
    op->again_cb = again_cb;
    op->launched = spec->stdin_fd >= 0 && fcntl(spec->stdin_fd, F_GET_SEALS) >= 0;
    if (op->launched && (op->launch_fd = fcntl(spec->stdin_fd, F_DUPFD_CLOEXEC, 3)) < 0)
        return -errno;
    int r = build_message(op, spec);
    if (r >= 0)
        r = map_put(&op->u->starts, str_of(op->name.z), op, NULL);
    return r < 0 ? r : start_queue_add(&op->u->start_queues, op->slice.z, &op->queue_node);
}

int units_start(struct units *u, const struct unit_spec *spec, units_started_cb cb, void *user,
                struct err *err)
{
    int r = unit_spec_check(spec, err);
    if (r < 0)
        return r;
    if (!units_is_up(u))
        return err_set(err, -ENOTCONN, "systemd is not reachable on the system bus");
    if (map_get(&u->starts, str_of(spec->name)))
        return err_set(err, -EEXIST, "unit \"%s\" is being started already", spec->name);
    struct unit_op *op = unit_op_new(u, spec->name, user);
    if (!op)
        return err_errno(err, -ENOMEM, "start");
    op->started_cb = cb;
    r = prepare_start(op, spec);
    if (r < 0)
        return unit_op_drop(op, err_errno(err, r, "start of %s", spec->name));
    pump(u);
    return 0;
}
