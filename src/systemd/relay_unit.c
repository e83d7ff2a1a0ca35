// SPDX-License-Identifier: Apache-2.0
/* Starts the relay: an installed unit file wins, else the same settings as a transient unit (keep
 * them in step with units/nomad-relay.service). */
#include "systemd/relay_unit.h"

#include <errno.h>
#include <stdio.h>

#include "systemd/units_internal.h"

#define STORED_MAX                                                                                 \
    14000U /* their names, 9 bytes each, must fit one environment string of 128 KiB */

static void started(struct unit_op *op, const char *result)
{
    struct err err;
    int r = streq(result, "done") ? 0 : -EIO;
    if (r < 0)
        err_set(&err, r, "%s: start job ended as \"%s\", see journalctl -u %s", op->name.z, result,
                op->name.z);
    unit_op_end(op, r, &err);
}

static void wait_job(struct unit_op *op, int r, sd_bus_message *reply, const struct err *err)
{
    if (r >= 0)
        r = unit_op_wait_job(op, reply);
    if (r < 0)
        unit_op_end(op, r, err);
}

static void transient_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    wait_job(user, r, reply, err);
}

static void start_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    struct unit_op *op = user;
    if (r != -ENOENT || !op->message) {
        wait_job(op, r, reply, err);
        return;
    }
    r = unit_op_send(op, take_ptr(op->message), transient_cb);
    if (r < 0)
        unit_op_end(op, r, err);
}

static int add_exec(sd_bus_message *m, const struct relay_config *c)
{
    if (isempty(c->dir))
        return sd_bus_message_append(m, "(sv)", "ExecStart", "a(sasb)", 1, c->binary, 1,
                                     "nomad-relay", 0);
    return sd_bus_message_append(m, "(sv)", "ExecStart", "a(sasb)", 1, c->binary, 3, "nomad-relay",
                                 "--dir", c->dir, 0);
}

static int add_settings(sd_bus_message *m)
{
    static const struct {
        const char *name, *value;
    } texts[] = {
        {"Description", "Nomad log relay"}, {"Type", "notify"},
        {"NotifyAccess", "main"},           {"Restart", "always"},
        {"CollectMode", "inactive"},        {"StandardInput", "null"},
    };
    static const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"RestartUSec", 100000},  {"StartLimitIntervalUSec", 0},
        {"LimitNOFILE", 1048576}, {"LimitNOFILESoft", 1048576},
        {"CPUWeight", 500},
    };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(texts) && r >= 0; i++)
        r = sd_bus_message_append(m, "(sv)", texts[i].name, "s", texts[i].value);
    for (size_t i = 0; i < ARRAY_LEN(numbers) && r >= 0; i++)
        r = sd_bus_message_append(m, "(sv)", numbers[i].name, "t", numbers[i].value);
    if (r >= 0)
        r = sd_bus_message_append(m, "(sv)", "FileDescriptorStoreMax", "u", STORED_MAX);
    return r < 0 ? r : sd_bus_message_append(m, "(sv)", "OOMScoreAdjust", "i", -900);
}

static int build_transient(struct unit_op *op, const struct relay_config *c)
{
    int r = unit_op_message(op, "StartTransientUnit", &op->message);
    if (r >= 0)
        r = sd_bus_message_append(op->message, "s", "fail");
    if (r >= 0)
        r = sd_bus_message_open_container(op->message, 'a', "(sv)");
    if (r >= 0)
        r = add_settings(op->message);
    if (r >= 0)
        r = add_exec(op->message, c);
    if (r >= 0)
        r = sd_bus_message_close_container(op->message);
    return r < 0 ? r : sd_bus_message_append(op->message, "a(sa(sv))", 0);
}

int relay_ensure(struct units *u, const struct relay_config *c, units_done_cb cb, void *user,
                 struct err *err)
{
    sd_bus_message *m = NULL;
    if (!isempty(c->binary) && c->binary[0] != '/')
        return err_set(err, -EINVAL, "log relay: \"%s\" is not an absolute path", c->binary);
    struct unit_op *op = unit_op_new(u, RELAY_UNIT, user);
    if (!op)
        return err_errno(err, -ENOMEM, "log relay");
    op->done_cb = cb;
    op->job_cb = started;
    int r = isempty(c->binary) ? 0 : build_transient(op, c);
    if (r >= 0)
        r = unit_op_message(op, "StartUnit", &m);
    if (r >= 0)
        r = sd_bus_message_append(m, "s", "replace");
    if (r >= 0)
        r = unit_op_send(op, take_ptr(m), start_cb);
    sd_bus_message_unref(m);
    return r < 0 ? unit_op_drop(op, err_errno(err, r, "log relay")) : 0;
}
