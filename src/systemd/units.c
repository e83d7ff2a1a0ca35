// SPDX-License-Identifier: Apache-2.0
/* The manager's frame: operations, signals to their operation or watch, coming back after a lost
 * bus. */
#include "systemd/units.h"

#include <errno.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "systemd/units_internal.h"

#define CGROUP2_MAGIC 0x63677270

#define SENDER "type='signal',sender='org.freedesktop.systemd1',"
static const char *const matches[] = {
    SENDER "interface='" SYSTEMD_MANAGER "',member='JobRemoved'",
    SENDER "interface='" SYSTEMD_MANAGER "',member='UnitRemoved'",
    SENDER "interface='" DBUS_PROPERTIES "',member='PropertiesChanged',"
           "path_namespace='/org/freedesktop/systemd1/unit',arg0='" SYSTEMD_SERVICE "'",
    NULL,
};

struct unit_op *unit_op_new(struct units *u, const char *name, void *user)
{
    struct unit_op *op = calloc(1, sizeof(*op));
    if (!op)
        return NULL;
    op->u = u;
    op->user = user;
    op->launch_fd = -1;
    snprintf(op->name.z, sizeof(op->name.z), "%s", name);
    list_add_tail(&u->ops_list, &op->node);
    list_init(&op->queue_node);
    return op;
}

static void op_free(struct unit_op *op)
{
    list_del(&op->node);
    list_del(&op->queue_node);
    if (map_get(&op->u->starts, str_of(op->name.z)) == op)
        map_del(&op->u->starts, str_of(op->name.z));
    if (op->launch_fd >= 0)
        close(op->launch_fd);
    sd_bus_message_unref(op->message);
    free(op->job);
    free(op);
}

int unit_op_drop(struct unit_op *op, int r)
{
    op_free(op);
    return r;
}

void unit_op_end(struct unit_op *op, int r, const struct err *err)
{
    units_done_cb done = op->done_cb;
    units_started_cb started = op->started_cb;
    struct unit_state state = op->state;
    void *user = op->user;
    struct err text = err ? *err : (struct err){""};
    op_free(op);
    if (started)
        started(user, r, &state, r < 0 ? &text : NULL);
    else if (done)
        done(user, r, r < 0 ? &text : NULL);
}

int unit_op_message(struct unit_op *op, const char *member, sd_bus_message **ret)
{
    sd_bus_message *m = NULL;
    int r = bus_method(op->u->bus, SYSTEMD_PATH, SYSTEMD_MANAGER, member, &m);
    if (r >= 0)
        r = sd_bus_message_append_basic(m, 's', op->name.z);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    *ret = m;
    return 0;
}

int unit_op_send(struct unit_op *op, sd_bus_message *m, bus_reply_cb cb)
{
    int r = bus_call(op->u->bus, m, cb, op);
    sd_bus_message_unref(m);
    return r;
}

int unit_op_wait_job(struct unit_op *op, sd_bus_message *reply)
{
    const char *path;
    int r = sd_bus_message_read_basic(reply, 'o', &path);
    if (r < 0)
        return r;
    free(op->job);
    op->job = strdup(path);
    return op->job ? 0 : -ENOMEM;
}

bool unit_op_resumes(struct unit_op *op, int r)
{
    if ((r != -ECONNRESET && r != -ENOTCONN) || !op->again_cb)
        return false;
    op->lost = true;
    return true;
}

static void warn_missing(struct units *u, unsigned missing, const struct err *err)
{
    unsigned fresh = missing & ~u->warned;
    u->warned |= missing;
    if (fresh && u->ops.warn_cb)
        u->ops.warn_cb(u->user, err->text);
}

int unit_op_check_limits(struct unit_op *op, struct err *err)
{
    if (!limits_any(&op->limits) || isempty(units_cgroup_root()))
        return 0;
    cleanup_buf struct buf path = {0};
    bool service = has_suffix(op->name.z, ".service");
    unsigned missing = 0;
    buf_printf(&path, "%s/", units_cgroup_root());
    unit_cgroup_path(&path, service ? op->slice.z : op->name.z, service ? op->name.z : NULL);
    if (path.failed)
        return -ENOMEM;
    int r = limits_check(path.p, &op->limits, &missing, err);
    if (r == -EOPNOTSUPP && op->best_effort) {
        warn_missing(op->u, missing, err);
        return 0;
    }
    return r;
}

/* Two may wait for one job: systemd merges the second stop of a unit into the first. */
static struct unit_op *waits_for(struct units *u, const char *job)
{
    list_for_each (it, &u->ops_list) {
        struct unit_op *op = list_item(it, struct unit_op, node);
        if (op->job && streq(op->job, job))
            return op;
    }
    return NULL;
}

static void job_removed(struct units *u, sd_bus_message *m)
{
    uint32_t id;
    const char *job, *unit, *result;
    if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) < 0)
        return;
    if (!has_prefix(unit, "nomad"))
        return;
    struct unit_op *start = map_get(&u->starts, str_of(unit));
    if (start && start->in_flight)
        units_start_job_removed(start, result);
    struct unit_op *op;
    while ((op = waits_for(u, job))) {
        free(take_ptr(op->job));
        op->job_cb(op, result);
    }
}

static void unit_removed(struct units *u, sd_bus_message *m)
{
    const char *unit, *path;
    if (bus_is_reloading(u->bus) || sd_bus_message_read(m, "so", &unit, &path) < 0)
        return;
    struct unit_watch *w = map_get(&u->watches, str_of(unit));
    if (w)
        units_watch_removed(w);
}

/* A start and a watch may both want the change; each reads the message from its beginning. */
static void properties_changed(struct units *u, sd_bus_message *m)
{
    struct unit_name name;
    const char *path = sd_bus_message_get_path(m);
    if (unit_name_of_path(nonull(path), &name) < 0 || !has_prefix(name.z, "nomad-"))
        return;
    struct unit_op *start = map_get(&u->starts, str_of(name.z));
    if (start)
        units_start_changed(start, m);
    struct unit_watch *w = map_get(&u->watches, str_of(name.z));
    if (w)
        units_watch_changed(w, m);
}

static void signal_cb(void *user, sd_bus_message *m)
{
    struct units *u = user;
    if (sd_bus_message_is_signal(m, DBUS_PROPERTIES, "PropertiesChanged"))
        properties_changed(u, m);
    else if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "JobRemoved"))
        job_removed(u, m);
    else if (sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "UnitRemoved"))
        unit_removed(u, m);
}

/* Jobs may have ended unseen: whoever waits for one, or lost its call, goes on by asking again. */
static void resume_ops(struct units *u)
{
    VEC(struct unit_op *) again = {0};
    struct err lost;
    err_set(&lost, -ECONNRESET, "systemd was restarted or reloaded meanwhile: try again");
    list_for_each (it, &u->ops_list) {
        struct unit_op *op = list_item(it, struct unit_op, node);
        if (op->lost || op->job || (op->accepted && !op->asking))
            (void)vec_push(&again, op);
    }
    for (size_t i = 0; i < again.n; i++) {
        struct unit_op *op = again.items[i];
        op->lost = false;
        free(take_ptr(op->job));
        if (op->again_cb)
            op->again_cb(op);
        else
            unit_op_end(op, -ECONNRESET, &lost);
    }
    vec_free(&again);
}

static void up_cb(void *user)
{
    struct units *u = user;
    resume_ops(u);
    units_watch_ask_all(u);
    if (u->ops.relist_cb)
        u->ops.relist_cb(u->user);
}

static void down_cb(void *user, const struct err *err)
{
    struct units *u = user;
    units_start_bus_lost(u, err);
    if (u->ops.down_cb)
        u->ops.down_cb(u->user, err);
}

int units_create(uv_loop_t *loop, const struct units_ops *ops, void *user, struct units **ret)
{
    const struct bus_ops bus_ops = {
        .up_cb = up_cb, .down_cb = down_cb, .signal_cb = signal_cb, .matches = matches};
    struct units *u = calloc(1, sizeof(*u));
    if (!u)
        return -ENOMEM;
    u->loop = loop;
    u->ops = *ops;
    u->user = user;
    list_init(&u->ops_list);
    list_init(&u->start_queues);
    list_init(&u->queries);
    list_init(&u->listings);
    int r = bus_create(loop, NULL, &bus_ops, u, &u->bus);
    if (r < 0) {
        free(u);
        return r;
    }
    *ret = u;
    return 0;
}

struct units *units_free(struct units *u)
{
    if (!u)
        return NULL;
    assert(u->watches.n == 0);
    u->bus = bus_free(u->bus);
    while (!list_empty(&u->ops_list))
        op_free(list_item(u->ops_list.next, struct unit_op, node));
    units_start_queue_drop(u);
    units_query_drop_all(u);
    map_free(&u->starts);
    map_free(&u->watches);
    free(u);
    return NULL;
}

bool units_is_up(const struct units *u)
{
    return bus_is_up(u->bus);
}

void units_cancel(struct units *u, void *user)
{
    list_for_each_safe (it, &u->ops_list) {
        struct unit_op *op = list_item(it, struct unit_op, node);
        if (op->user != user)
            continue;
        op->done_cb = NULL;
        op->started_cb = NULL;
        units_start_cancelled(op);
    }
}

const char *units_cgroup_root(void)
{
    static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    struct statfs fs;
    for (size_t i = 0; i < ARRAY_LEN(roots); i++)
        if (statfs(roots[i], &fs) == 0 && fs.f_type == CGROUP2_MAGIC)
            return roots[i];
    return "";
}
