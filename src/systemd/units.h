// SPDX-License-Identifier: Apache-2.0
/* The unit manager: every verb a task runner needs, asynchronous on the loop. A verb returns 0 and
 * then calls back exactly once, later, or returns a negative errno (with err) and never calls back.
 * -ENOTCONN now or -ECONNRESET in the callback: the bus is gone, ask again after `relist_cb`.
 * Loop thread only; callbacks may call any verb but units_free(). */
#pragma once
#include <uv.h>

#include "systemd/unit_spec.h"
#include "systemd/unit_state.h"

struct units;
struct unit_watch;

struct units_ops {
    /* The bus is up (again) or systemd reloaded. Watched units have been asked again by themselves;
     * retry verbs that failed with -ECONNRESET. */
    void (*relist_cb)(void *user);
    void (*down_cb)(void *user, const struct err *err); /* may be NULL */
    void (*warn_cb)(void *user, const char *text); /* once per missing controller; may be NULL */
};

int units_create(uv_loop_t *loop, const struct units_ops *ops, void *user, struct units **ret);
struct units *units_free(struct units *u); /* watches must be freed before; drops callbacks */
bool units_is_up(const struct units *u);
/* Drops every callback registered with this user pointer (the calls themselves go on). */
void units_cancel(struct units *u, void *user);

typedef void (*units_done_cb)(void *user, int r, const struct err *err);
/* state: main_pid, exec_main_pid, invocation id. r < 0: nothing of it is left running. */
typedef void (*units_started_cb)(void *user, int r, const struct unit_state *state,
                                 const struct err *err);

/* Makes the allocation's slice, or sets the limits of the one there is. */
int units_ensure_slice(struct units *u, const struct unit_spec *spec, units_done_cb cb, void *user,
                       struct err *err);
/* Starts a service. Queued: 16 starts in flight, slices take turns. The spec is used up on return.
 * cb comes with r = 0 once the process runs (it may have exited since: the watch tells) and the
 * requested limits were read back from its cgroup; else the unit was removed again. */
int units_start(struct units *u, const struct unit_spec *spec, units_started_cb cb, void *user,
                struct err *err);
/* StopUnit: KillSignal, SIGKILL after the unit's timeout. cb when the stop job has ended. */
int units_stop(struct units *u, const char *name, units_done_cb cb, void *user);
enum unit_kill_who { UNIT_KILL_MAIN, UNIT_KILL_ALL };
int units_kill(struct units *u, const char *name, enum unit_kill_who who, int sig, units_done_cb cb,
               void *user);
/* After an exit was recorded: stop what is left, forget a failure. No such unit is success. */
int units_reap(struct units *u, const char *name, units_done_cb cb, void *user);
int units_reset_failed(struct units *u, const char *name, units_done_cb cb, void *user);
/* Live change of the limits that are set, read back like units_start does. */
int units_set_limits(struct units *u, const char *name, const char *slice,
                     const struct unit_limits *limits, bool best_effort, units_done_cb cb,
                     void *user);
int units_freeze(struct units *u, const char *name, bool freeze, units_done_cb cb, void *user);
int units_get(struct units *u, const char *name, units_started_cb cb, void *user);

struct unit_item {
    const char *name, *description; /* borrowed during the callback */
    struct unit_name_parts parts;
    struct unit_state state; /* services: everything; slices: active and sub only */
};
/* All units named nomad-<alloc>..., of any node id (compare state.node_id). */
typedef void (*units_list_cb)(void *user, int r, const struct unit_item *items, size_t n,
                              const struct err *err);
int units_list(struct units *u, units_list_cb cb, void *user);

/* Calls back once with the end of the unit, seen by signal or, after a bus loss or reload, by
 * asking. Create the watch before units_start() of that name: it speaks only after the start's
 * callback, and not at all if that failed. Attach to a unit that runs already: its state is asked
 * for at once, a vanished one ends as UNIT_END_GONE. `launched` as in unit_state.h; invocation id
 * may be NULL, else another run under the same name counts as gone. Free it in or after the
 * callback. One a name. */
typedef void (*unit_exit_cb)(void *user, const struct unit_exit *ex,
                             const struct unit_state *state);
int unit_watch_create(struct units *u, const char *name, bool launched, unit_exit_cb cb, void *user,
                      struct unit_watch **ret);
int unit_watch_attach(struct units *u, const char *name, bool launched,
                      const uint8_t invocation_id[16], unit_exit_cb cb, void *user,
                      struct unit_watch **ret);
struct unit_watch *unit_watch_free(struct unit_watch *w);

/* Mount point of the cgroup v2 tree ("/sys/fs/cgroup", or ".../unified" on hybrid hosts), "" if
 * none. */
const char *units_cgroup_root(void);
