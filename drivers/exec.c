// SPDX-License-Identifier: Apache-2.0
/* exec: a process with a root directory of its own, the task's directory, into which the host's
 * programs are mounted read-only; nothing is copied. Differs from Nomad: other processes are hidden
 * from the task, but not in a PID namespace of their own. */
#include <errno.h>
#include <unistd.h>

#include "drivers/command.h"
#include "drivers/driver.h"
#include "model/table.h"

struct exec_config {
    const char *command, *work_dir, *pid_mode, *ipc_mode;
    struct strs args, cap_add, cap_drop;
    int64_t pids_limit;
};

#define S struct exec_config
static const struct field fields[] = {
    F(1, command, "command", "command", FT_STR, CHG_DESTROY),
    F(2, args, "args", "args", FT_STRS, CHG_DESTROY),
    F(3, work_dir, "work_dir", "work_dir", FT_STR, CHG_DESTROY),
    F(4, pid_mode, "pid_mode", "pid_mode", FT_STR, CHG_DESTROY),
    F(5, ipc_mode, "ipc_mode", "ipc_mode", FT_STR, CHG_DESTROY),
    F(6, cap_add, "cap_add", "cap_add", FT_STRS, CHG_DESTROY),
    F(7, cap_drop, "cap_drop", "cap_drop", FT_STRS, CHG_DESTROY),
    F(8, pids_limit, "pids_limit", "pids_limit", FT_INT, CHG_DESTROY),
};
static SCHEMA(exec_schema, "exec", fields);
#undef S

/* Nomad's default chroot_env. */
static const char *const host_dirs[] = {"/bin",
                                        "/etc",
                                        "/lib",
                                        "/lib32",
                                        "/lib64",
                                        "/sbin",
                                        "/usr",
                                        "/run/resolvconf",
                                        "/run/systemd/resolve"};

#define CAP(n) (UINT64_C(1) << (n))
static const struct {
    const char *name;
    unsigned number;
} default_caps[] = {
    {"chown", 0},       {"dac_override", 1}, {"fowner", 3},
    {"fsetid", 4},      {"kill", 5},         {"setgid", 6},
    {"setuid", 7},      {"setpcap", 8},      {"net_bind_service", 10},
    {"sys_chroot", 18}, {"mknod", 27},       {"audit_write", 29},
    {"setfcap", 31},
};

static void fingerprint(const struct driver_host *h, struct arena *a, struct driver_info *ret)
{
    if (!h->systemd || !h->is_root) {
        ret->health_description = h->systemd ? "exec needs an agent that runs as root"
                                             : "systemd is not the first process of this host";
        return;
    }
    ret->detected = ret->healthy = true;
    ret->health_description = "Healthy";
    smap_set(a, &ret->attributes, "driver.exec", "1");
}

static int check_mode(const char *option, const char *mode, struct err *err)
{
    if (isempty(mode) || streq(mode, "private") || streq(mode, "host"))
        return 0;
    return err_set(err, -EINVAL, "%s must be \"private\" or \"host\", got \"%s\"", option, mode);
}

static int validate(const void *config, struct err *err)
{
    const struct exec_config *c = config;
    if (c->cap_add.n > 0)
        return err_set(err, -EOPNOTSUPP, "not supported: cap_add of the exec driver");
    if (c->pids_limit < 0)
        return err_set(err, -EINVAL, "pids_limit must not be negative");
    int r = check_mode("pid_mode", c->pid_mode, err);
    return r < 0 ? r : check_mode("ipc_mode", c->ipc_mode, err);
}

static int capabilities(const struct strs *drop, uint64_t *ret, struct err *err)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < ARRAY_LEN(default_caps); i++)
        mask |= CAP(default_caps[i].number);
    for (size_t k = 0; k < drop->n; k++) {
        const char *name = drop->items[k];
        size_t i = 0;
        if (streq(name, "all") || streq(name, "ALL")) {
            mask = 0;
            continue;
        }
        while (i < ARRAY_LEN(default_caps) && !streq(default_caps[i].name, name))
            i++;
        if (i == ARRAY_LEN(default_caps))
            return err_set(err, -EINVAL, "cap_drop: \"%s\" is not among the task's capabilities",
                           name);
        mask &= ~CAP(default_caps[i].number);
    }
    *ret = mask;
    return 0;
}

static bool below_host_dirs(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(host_dirs); i++) {
        size_t n = strlen(host_dirs[i]);
        if (strncmp(path, host_dirs[i], n) == 0 && path[n] == '/')
            return true;
    }
    return false;
}

static int add_binds(const struct driver_host *h, const struct driver_task *t, struct arena *a,
                     struct unit_sandbox *s)
{
    struct unit_bind *b = arena_array(a, struct unit_bind, ARRAY_LEN(host_dirs) + 2);
    size_t n = 0;
    if (!b)
        return -ENOMEM;
    for (size_t i = 0; i < ARRAY_LEN(host_dirs); i++)
        b[n++] = (struct unit_bind){
            .src = host_dirs[i], .dst = host_dirs[i], .recursive = true, .ignore_missing = true};
    b[n++] = (struct unit_bind){.src = t->alloc_dir, .dst = "/alloc", .writable = true};
    if (!below_host_dirs(nonull(h->launcher)))
        b[n++] = (struct unit_bind){.src = h->launcher, .dst = h->launcher};
    s->binds = b;
    s->n_binds = n;
    return 0;
}

/* The program as the task sees it: its own directory is the root there. */
static int find_program(const struct driver_host *h, const struct driver_task *t,
                        const struct exec_config *c, struct arena *a, struct launch *l,
                        struct err *err)
{
    size_t n = strlen(t->task_dir);
    struct command_where where = {.root = h->root, .task_dir = t->task_dir};
    if (*nonull(c->command) == '/' && !below_host_dirs(c->command)) {
        /* /local/x and the like; the shared directory is not below the task's. */
        bool shared = has_prefix(c->command, "/alloc/");
        where.root = shared ? arena_printf(a, "%.*s", (int)(strlen(t->alloc_dir) - 6), t->alloc_dir)
                            : t->task_dir;
    }
    int r = command_resolve(a, &where, c->command, &c->args, &l->path, &l->argv, err);
    if (r == 0 && strncmp(l->path, t->task_dir, n) == 0 && l->path[n] == '/')
        l->path += n;
    return r;
}

static int translate(const struct driver_host *h, const struct driver_task *t, const void *config,
                     struct arena *a, struct driver_unit *ret, struct err *err)
{
    const struct exec_config *c = config;
    struct unit_sandbox *s = &ret->spec.sandbox;
    int r = find_program(h, t, c, a, &ret->launch, err);
    if (r == 0)
        r = capabilities(&c->cap_drop, &s->cap_bounding, err);
    if (r == 0)
        r = add_binds(h, t, a, s);
    if (r < 0)
        return r;
    ret->launch.cwd = isempty(c->work_dir) ? "/" : c->work_dir;
    ret->spec.user = isempty(t->task->user) ? exec_driver.default_user : t->task->user;
    ret->spec.limits.tasks_max = (uint64_t)c->pids_limit;
    s->root_directory = t->task_dir;
    s->set_cap_bounding = true;
    s->mount_api_vfs = true;
    s->private_devices = true;
    s->private_ipc = !streq(c->ipc_mode, "host");
    s->protect_proc = streq(c->pid_mode, "host") ? NULL : "invisible";
    s->protect_kernel_tunables = s->protect_kernel_modules = s->protect_kernel_logs = true;
    s->protect_control_groups = s->protect_clock = s->protect_hostname = true;
    return 0;
}

static const char *const required[] = {"command", NULL};

const struct driver exec_driver = {
    .name = "exec",
    .default_user = "nobody",
    .own_root = true,
    .config = &exec_schema,
    .required = required,
    .fingerprint = fingerprint,
    .validate = validate,
    .translate = translate,
};
