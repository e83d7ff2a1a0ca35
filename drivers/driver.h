// SPDX-License-Identifier: Apache-2.0
/* The contract of a task driver. A driver that runs processes only translates: what the job says
 * into what systemd is to run. It starts, watches and stops nothing itself; the task runner and the
 * unit manager do, alike for every driver. All methods are synchronous, thread-compatible and keep
 * no state; memory of what they return is in the arena that comes with the call. */
#pragma once
#include "model/alloc.h"
#include "systemd/launch.h"
#include "systemd/unit_spec.h"

/* What the agent's configuration and host offer to drivers. Borrowed. */
struct driver_host {
    const char *root; /* "" = /; a fake tree in tests */
    bool systemd;     /* PID 1 is systemd */
    bool is_root;
    bool raw_exec_enabled;         /* plugin "raw_exec" { config { enabled = true } }, or -dev */
    const char *launcher;          /* absolute path of nomad-launcher */
    const char *const *denied_env; /* NULL-terminated: names kept out of the task's environment */
};

/* One task of one allocation about to start; config, env and paths are interpolated already. */
struct driver_task {
    const struct task *task;
    const struct allocation *alloc;
    const struct allocated_task *resources; /* NULL: none */
    struct val config;
    const char *alloc_dir; /* shared: <root>/<id>/alloc */
    const char *task_dir;  /* <root>/<id>/<task> */
    const char *local_dir, *secrets_dir;
    const char *const *env; /* NULL-terminated "NAME=value" */
};

/* Start from spec = UNIT_SPEC_INIT. The runner adds name, slice, descriptors, log fields, kill
 * signal and timeout; limits are set from the resources unless the driver changed them. */
struct driver_unit {
    struct launch launch;
    struct unit_spec spec;
};

struct driver {
    const char *name;
    const char *default_user; /* for tasks without `user`; NULL: root */
    bool own_root;            /* the task sees its directories as /alloc, /local and /secrets */
    /* The task's `config` block, described by a field table (HCL names) with its object's size. */
    const struct schema *config;
    /* NULL-terminated HCL names that must be set. */
    const char *const *required;

    /* Is it usable on this host, and what should the node say about it: detected, healthy, health
     * description and the attributes "driver.<name>" and "driver.<name>.*". Never fails: what
     * cannot be found out is "not detected". */
    void (*fingerprint)(const struct driver_host *h, struct arena *a, struct driver_info *ret);

    /* Further checks of a decoded config that need no host, after driver_config_decode(): sets that
     * exclude each other, ranges. `config` is an object of the table above; texts may still hold
     * ${...}. May be NULL. -EINVAL with a text for the job's author. */
    int (*validate)(const void *config, struct err *err);

    /* The unit for this task: command looked up, paths absolute, limits and sandbox chosen. Errors
     * become a "Driver Failure" event: -ENOENT, -EACCES, -EINVAL, -EPERM are final, everything else
     * is tried again under the restart policy. */
    int (*translate)(const struct driver_host *h, const struct driver_task *t, const void *config,
                     struct arena *a, struct driver_unit *ret, struct err *err);
};

extern const struct driver exec_driver, raw_exec_driver;

/* All drivers, in the order they are reported. */
const struct driver *const *driver_all(size_t *ret_n);
const struct driver *driver_find(const char *name); /* NULL: unknown */

/* Decodes and checks a config map by the driver's table: wrong types, missing required keys and
 * unknown keys (with the nearest known name) are -EINVAL. ret NULL: check only. */
int driver_config_decode(const struct driver *d, struct arena *a, struct val config, void **ret,
                         struct err *err);
/* The whole path from a task to its unit. */
int driver_translate(const struct driver *d, const struct driver_host *h,
                     const struct driver_task *t, struct arena *a, struct driver_unit *ret,
                     struct err *err);
