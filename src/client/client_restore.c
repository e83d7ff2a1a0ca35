// SPDX-License-Identifier: Apache-2.0
/* Coming back: what the records say against what systemd runs. Identity is unit name and invocation
 * id. Only then are the servers spoken to, so a stale picture is never acted on. */
#include <errno.h>

#include "base/log.h"
#include "client/client_internal.h"

static void on_record(void *user, struct arena *arena, struct alloc_record *rec)
{
    struct client *c = user;
    struct alloc_runner *ar = NULL;
    struct uuid id = rec->alloc->id;
    int r = alloc_runner_from_record(c, arena, rec, &ar);
    if (r < 0)
        log_error("client", "cannot restore allocation %s: %s", UUID_Z(&id), strerror(-r));
}

static const struct unit_item *find_item(const struct unit_item *items, size_t n, const char *name)
{
    for (size_t i = 0; i < n && *name; i++)
        if (streq(items[i].name, name))
            return &items[i];
    return NULL;
}

static void ignore_answer(void *user unused_arg, int r, const struct err *err)
{
    if (r < 0)
        log_warn("client", "clean-up of a unit: %s", err->text);
}

static bool is_attempt_of(const struct alloc_runner *ar, const char *unit)
{
    for (size_t i = 0; ar && i < ar->n_tasks; i++)
        if (streq(ar->tasks[i].unit.z, unit))
            return true;
    return false;
}

/* Units of this node that no record explains. Ended attempts are only forgotten; what runs is
 * reported and left alone, unless this is -dev, where nothing of an earlier run may remain. */
static void judge(struct client *c, const struct unit_item *it)
{
    const struct alloc_runner *ar = client_find(c, &it->parts.alloc);
    if (it->parts.kind == UNIT_NAME_SERVICE) {
        if (!uuid_eq(&it->state.node_id, &c->node_id) || is_attempt_of(ar, it->name))
            return;
        if ((ar && it->state.main_pid == 0) || has_prefix(it->parts.task, "artifact:"))
            (void)units_reap(c->units, it->name, ignore_answer, c);
        else if (c->config.dev)
            (void)units_stop(c->units, it->name, ignore_answer, c);
        else
            log_error("client",
                      "unit %s belongs to this node, but no record explains it; left "
                      "running, stop it with systemctl",
                      it->name);
    } else if (c->config.dev && !ar && has_suffix(it->description, UUID_Z(&c->node_id))) {
        (void)units_stop(c->units, it->name, ignore_answer, c);
    }
}

static void resume(struct alloc_runner *ar, const struct unit_item *items, size_t n)
{
    bool begun = false;
    for (size_t i = 0; i < ar->n_tasks; i++)
        begun |= ar->tasks[i].fsm.state != TFS_WAIT && ar->tasks[i].fsm.state != TFS_DEAD;
    /* The slice is asked for again: after a reboot it is gone. */
    ar->ready = begun;
    for (size_t i = 0; i < ar->n_tasks; i++)
        task_runner_resume(&ar->tasks[i], find_item(items, n, ar->tasks[i].unit.z));
    client_soon(ar->c, ar);
    client_update_soon(ar->c);
}

static void on_units(void *user, int r, const struct unit_item *items, size_t n,
                     const struct err *err)
{
    struct client *c = user;
    if (r < 0) { /* asked again when the bus is back */
        log_warn("client", "cannot list units: %s", err->text);
        c->listing = false;
        return;
    }
    for (size_t i = 0; i < n; i++)
        judge(c, &items[i]);
    list_for_each_safe (it, &c->allocs)
        resume(list_item(it, struct alloc_runner, node), items, n);
    c->restored = true;
    client_servers_start(c);
}

int client_restore(struct client *c, struct err *err)
{
    if (!c->records_loaded) {
        int r = records_load(c->record_dir, on_record, c, err);
        if (r < 0)
            return r;
        c->records_loaded = true;
    }
    if (c->restored || c->listing || !units_is_up(c->units))
        return 0;
    c->listing = units_list(c->units, on_units, c) == 0;
    return 0;
}
