// SPDX-License-Identifier: Apache-2.0
/* What to run: the whole input of a unit, systemd's words kept out of it where ours are shorter.
 * All pointers and descriptors are borrowed for the duration of the call that takes the spec.
 * Start from UNIT_SPEC_INIT; zero or NULL means "not set" for every other field. */
#pragma once
#include "base/clock.h"
#include "base/err.h"

#define UNIT_LIMIT_NONE UINT64_MAX /* an explicit "no limit", where 0 only means "not set" */

struct unit_limits {
    uint64_t cpu_weight;      /* 1..10000, share under contention */
    uint64_t cpu_quota_usec;  /* CPU time per second; 500000 = half a CPU */
    const char *allowed_cpus; /* "0-3,7" */
    uint64_t memory_low, memory_high, memory_max, memory_swap_max; /* bytes */
    bool no_swap;                                                  /* memory_swap_max is really 0 */
    uint64_t tasks_max;
    uint64_t io_weight; /* 1..10000 */
};

struct unit_bind {
    const char *src, *dst;
    bool writable, recursive, ignore_missing;
};
struct unit_pair {
    const char *a, *b; /* path and options; device and "rwm" */
};

struct unit_sandbox {
    const char *root_directory;
    const struct unit_bind *binds;
    size_t n_binds;
    const struct unit_pair *tmpfs; /* path, "size=1m,mode=0700" */
    size_t n_tmpfs;
    const struct unit_pair *devices; /* node, "rwm"; non-empty closes all others */
    size_t n_devices;
    const char *const *read_only_paths, *const *read_write_paths, *const *inaccessible_paths;
    bool set_cap_bounding; /* cap_bounding (bits by capability number; 0 = none) is meant */
    uint64_t cap_bounding, cap_ambient;
    bool no_new_privileges, private_tmp, private_devices, private_network, private_users;
    bool private_mounts, private_ipc, mount_api_vfs, dynamic_user;
    bool protect_kernel_tunables, protect_kernel_modules, protect_kernel_logs;
    bool protect_control_groups, protect_clock, protect_hostname, restrict_suid_sgid;
    const char *protect_system; /* "full", "strict" */
    const char *protect_home;   /* "yes", "read-only", "tmpfs" */
    const char *protect_proc;   /* "invisible", ... */
    const char *network_namespace_path, *ipc_namespace_path;
    const char *const *syscall_filter; /* allow list, "@system-service"; costs 20 ms CPU a start */
};

struct unit_rlimit {
    const char *name; /* "NOFILE" */
    uint64_t value;   /* soft and hard */
};

struct unit_spec {
    const char *name;              /* ends in .service or .slice: unit_name.h */
    const char *slice;             /* services: the allocation's slice */
    const char *description;       /* "job group[0] task" */
    const char *node_id;           /* lands in LogExtraFields; ours() and clean-up read it */
    const char *const *log_fields; /* further "KEY=value" journal fields */
    const char *exec;              /* absolute path of the launcher, argv[0] "nomad-task" */
    const char *const *argv;       /* instead of that argv[0]: only constants without '$' and ';' */
    const char *type;              /* NULL: "exec" */
    const char *user, *group;
    const char *const *supplementary_groups;
    const char *working_directory;
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
    int kill_signal;                    /* 0: SIGTERM */
    nsec_t kill_timeout;                /* then SIGKILL; 0: systemd's default (90 s) */
    nsec_t runtime_max;
    const char *oom_policy; /* "kill" (default here), "stop", "continue" */
    int oom_score_adjust;   /* when set_oom_score_adjust */
    int nice;
    bool set_oom_score_adjust;
    bool delegate;
    bool limits_best_effort; /* a limit that was not applied is a warning, not a failed start */
    const struct unit_rlimit *rlimits;
    size_t n_rlimits;
    struct unit_limits limits;
    struct unit_sandbox sandbox;
};

#define UNIT_SPEC_INIT                                                                             \
    (struct unit_spec)                                                                             \
    {                                                                                              \
        .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1                                           \
    }

/* Ranges, absolute paths, name and suffix, at most 16 descriptors, no NUL or newline where systemd
 * would refuse it. -EINVAL with a text that names the field. */
int unit_spec_check(const struct unit_spec *s, struct err *err);
