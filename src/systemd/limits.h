// SPDX-License-Identifier: Apache-2.0
/* Did the limits that were requested arrive in the cgroup? Reading back is the only proof: systemd
 * accepts every limit, whether the kernel's controller is there or not. */
#pragma once
#include "systemd/cpuset.h"
#include "systemd/unit_spec.h"

enum limits_controller {
    LIMITS_CPU = 1 << 0,
    LIMITS_CPUSET = 1 << 1,
    LIMITS_MEMORY = 1 << 2,
    LIMITS_PIDS = 1 << 3,
    LIMITS_IO = 1 << 4,
};

/* A copy that owns nothing. */
struct limits_wanted {
    struct unit_limits l; /* allowed_cpus is NULL */
    bool has_cpus;
    struct cpuset cpus;
};

void limits_want(const struct unit_limits *l, struct limits_wanted *ret);
bool limits_any(const struct limits_wanted *w);

/* Number of files a limit can be in; file i, its controller, and whether `w` asks for it. */
size_t limits_n_files(void);
const char *limits_file(size_t i);
unsigned limits_controller_of(size_t i);
bool limits_asks(const struct limits_wanted *w, size_t i);
/* Pure: the text of file i against what was asked. The kernel's rounding (pages, periods) is fine.
 */
bool limits_applied(const struct limits_wanted *w, size_t i, struct str text);

/* Reads the files below `cgroup`. 0 also when the cgroup is gone already. -EOPNOTSUPP: a controller
 * is missing (*ret_missing has the bits); -EIO: another value is in force. The text names both. */
int limits_check(const char *cgroup, const struct limits_wanted *w, unsigned *ret_missing,
                 struct err *err);
