// SPDX-License-Identifier: Apache-2.0
#include "systemd/unit_props.h"

#include <signal.h>
#include <stdio.h>

static void add(struct unit_props *p, const char *name, struct unit_prop v)
{
    assert(strlen(name) < sizeof(v.name));
    strcpy(v.name, name);
    if (vec_push(&p->list, v) < 0)
        p->failed = true;
}

static void add_str(struct unit_props *p, const char *name, const char *z)
{
    if (!isempty(z))
        add(p, name, (struct unit_prop){.type = PROP_STRING, .s = z});
}

static void add_bool(struct unit_props *p, const char *name, bool v)
{
    add(p, name, (struct unit_prop){.type = PROP_BOOL, .u64 = v});
}

static void add_true(struct unit_props *p, const char *name, bool v)
{
    if (v)
        add_bool(p, name, true);
}

static void add_i32(struct unit_props *p, const char *name, int v)
{
    add(p, name, (struct unit_prop){.type = PROP_I32, .i = v});
}

static void add_u64(struct unit_props *p, const char *name, uint64_t v)
{
    add(p, name, (struct unit_prop){.type = PROP_U64, .u64 = v});
}

static void add_set_u64(struct unit_props *p, const char *name, uint64_t v)
{
    if (v)
        add_u64(p, name, v);
}

static void add_strings(struct unit_props *p, const char *name, const char *const *v)
{
    if (v && *v)
        add(p, name, (struct unit_prop){.type = PROP_STRINGS, .strings = v});
}

static void add_pairs(struct unit_props *p, const char *name, const struct unit_pair *v, size_t n)
{
    if (n)
        add(p, name, (struct unit_prop){.type = PROP_PAIRS, .pairs = v, .u64 = n});
}

static void add_limits(struct unit_props *p, const struct unit_limits *l)
{
    add_set_u64(p, "CPUWeight", l->cpu_weight);
    add_set_u64(p, "CPUQuotaPerSecUSec", l->cpu_quota_usec);
    add_set_u64(p, "MemoryLow", l->memory_low);
    add_set_u64(p, "MemoryHigh", l->memory_high);
    add_set_u64(p, "MemoryMax", l->memory_max);
    if (l->no_swap)
        add_u64(p, "MemorySwapMax", 0);
    else
        add_set_u64(p, "MemorySwapMax", l->memory_swap_max);
    add_set_u64(p, "TasksMax", l->tasks_max);
    add_set_u64(p, "IOWeight", l->io_weight);
    if (!isempty(l->allowed_cpus) && cpuset_parse(str_of(l->allowed_cpus), &p->cpus) == 0)
        add(p, "AllowedCPUs",
            (struct unit_prop){.type = PROP_BYTES, .bytes = p->cpus.mask, .u64 = p->cpus.n});
}

/* Without these there is nothing to read back or to measure, whatever the host's defaults are. */
static void add_accounting(struct unit_props *p)
{
    add_bool(p, "CPUAccounting", true);
    add_bool(p, "MemoryAccounting", true);
    add_bool(p, "TasksAccounting", true);
}

static void add_rlimits(struct unit_props *p, const struct unit_spec *s)
{
    for (size_t i = 0; i < s->n_rlimits; i++) {
        char name[32];
        if (snprintf(name, sizeof(name), "Limit%s", s->rlimits[i].name) >= (int)sizeof(name) - 4)
            continue;
        add_u64(p, name, s->rlimits[i].value);
        strcat(name, "Soft");
        add_u64(p, name, s->rlimits[i].value);
    }
}

static void add_fd(struct unit_props *p, const char *stream, int fd)
{
    char name[64];
    snprintf(name, sizeof(name), "Standard%s%s", stream, fd < 0 ? "" : "FileDescriptor");
    if (fd < 0)
        add_str(p, name, "null");
    else
        add(p, name, (struct unit_prop){.type = PROP_FD, .i = fd});
}

static void add_identity(struct unit_props *p, const struct unit_spec *s)
{
    add_str(p, "User", s->user);
    add_str(p, "Group", s->group);
    add_strings(p, "SupplementaryGroups", s->supplementary_groups);
    add_str(p, "WorkingDirectory", s->working_directory);
    if (!isempty(s->node_id) || (s->log_fields && *s->log_fields))
        add(p, "LogExtraFields",
            (struct unit_prop){.type = PROP_FIELDS, .spec = s, .strings = s->log_fields});
}

static void add_lifecycle(struct unit_props *p, const struct unit_spec *s)
{
    add_str(p, "Type", isempty(s->type) ? "exec" : s->type);
    add_bool(p, "RemainAfterExit", true);
    add_str(p, "CollectMode", "inactive");
    add_str(p, "Restart", "no");
    add_i32(p, "LogLevelMax", 4);
    add_str(p, "KillMode", "control-group");
    add_i32(p, "KillSignal", s->kill_signal ? s->kill_signal : SIGTERM);
    add_bool(p, "SendSIGKILL", true);
    if (s->kill_timeout)
        add_u64(p, "TimeoutStopUSec", (uint64_t)MAX(s->kill_timeout / NSEC_USEC, 1));
    if (s->runtime_max)
        add_u64(p, "RuntimeMaxUSec", (uint64_t)MAX(s->runtime_max / NSEC_USEC, 1));
    add_str(p, "OOMPolicy", isempty(s->oom_policy) ? "kill" : s->oom_policy);
    if (s->set_oom_score_adjust)
        add_i32(p, "OOMScoreAdjust", s->oom_score_adjust);
    if (s->nice)
        add_i32(p, "Nice", s->nice);
    add_true(p, "Delegate", s->delegate);
    add(p, "ExecStart", (struct unit_prop){.type = PROP_EXEC, .spec = s});
}

static void add_files(struct unit_props *p, const struct unit_spec *s)
{
    const struct unit_sandbox *x = &s->sandbox;
    size_t writable = 0;
    for (size_t i = 0; i < x->n_binds; i++)
        writable += x->binds[i].writable;
    add_str(p, "RootDirectory", x->root_directory);
    if (writable)
        add(p, "BindPaths", (struct unit_prop){.type = PROP_BINDS, .spec = s, .u64 = 1});
    if (writable < x->n_binds)
        add(p, "BindReadOnlyPaths", (struct unit_prop){.type = PROP_BINDS, .spec = s, .u64 = 0});
    add_pairs(p, "TemporaryFileSystem", x->tmpfs, x->n_tmpfs);
    add_strings(p, "ReadOnlyPaths", x->read_only_paths);
    add_strings(p, "ReadWritePaths", x->read_write_paths);
    add_strings(p, "InaccessiblePaths", x->inaccessible_paths);
    if (x->n_devices)
        add_str(p, "DevicePolicy", "closed");
    add_pairs(p, "DeviceAllow", x->devices, x->n_devices);
    add_str(p, "NetworkNamespacePath", x->network_namespace_path);
    add_str(p, "IPCNamespacePath", x->ipc_namespace_path);
}

static void add_sandbox(struct unit_props *p, const struct unit_sandbox *x)
{
    const struct {
        const char *name;
        bool value;
    } flags[] = {
        {"NoNewPrivileges", x->no_new_privileges},
        {"PrivateTmp", x->private_tmp},
        {"PrivateDevices", x->private_devices},
        {"PrivateNetwork", x->private_network},
        {"PrivateUsers", x->private_users},
        {"PrivateMounts", x->private_mounts},
        {"PrivateIPC", x->private_ipc},
        {"MountAPIVFS", x->mount_api_vfs},
        {"DynamicUser", x->dynamic_user},
        {"ProtectKernelTunables", x->protect_kernel_tunables},
        {"ProtectKernelModules", x->protect_kernel_modules},
        {"ProtectKernelLogs", x->protect_kernel_logs},
        {"ProtectControlGroups", x->protect_control_groups},
        {"ProtectClock", x->protect_clock},
        {"ProtectHostname", x->protect_hostname},
        {"RestrictSUIDSGID", x->restrict_suid_sgid},
    };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        add_true(p, flags[i].name, flags[i].value);
    add_str(p, "ProtectSystem", x->protect_system);
    add_str(p, "ProtectHome", x->protect_home);
    add_str(p, "ProtectProc", x->protect_proc);
    if (x->set_cap_bounding)
        add_u64(p, "CapabilityBoundingSet", x->cap_bounding);
    add_set_u64(p, "AmbientCapabilities", x->cap_ambient);
    if (x->syscall_filter && *x->syscall_filter)
        add(p, "SystemCallFilter",
            (struct unit_prop){.type = PROP_FILTER, .strings = x->syscall_filter});
}

int unit_props_of_spec(const struct unit_spec *s, struct unit_props *ret)
{
    *ret = (struct unit_props){.failed = false};
    add_str(ret, "Description", s->description);
    if (has_suffix(s->name, ".service")) {
        add_str(ret, "Slice", s->slice);
        add_lifecycle(ret, s);
        add_identity(ret, s);
        add_fd(ret, "Input", s->stdin_fd);
        add_fd(ret, "Output", s->stdout_fd);
        add_fd(ret, "Error", s->stderr_fd);
        add_rlimits(ret, s);
        add_files(ret, s);
        add_sandbox(ret, &s->sandbox);
    }
    add_accounting(ret);
    add_limits(ret, &s->limits);
    return ret->failed ? -ENOMEM : 0;
}

int unit_props_of_limits(const struct unit_limits *l, struct unit_props *ret)
{
    *ret = (struct unit_props){.failed = false};
    add_limits(ret, l);
    return ret->failed ? -ENOMEM : 0;
}

const struct unit_prop *unit_props_find(const struct unit_props *p, const char *name)
{
    for (size_t i = 0; i < p->list.n; i++)
        if (streq(p->list.items[i].name, name))
            return &p->list.items[i];
    return NULL;
}

void unit_props_free(struct unit_props *p)
{
    if (p)
        vec_free(&p->list);
}
