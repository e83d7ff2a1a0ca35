// SPDX-License-Identifier: Apache-2.0
/* Sets of CPUs as the kernel writes them ("0-3,7") and as systemd takes them (little-endian bit
 * mask bytes: CPU 0 = [1]). Pure. */
#pragma once
#include "base/str.h"

#define CPUSET_MAX 8192

struct cpuset {
    uint8_t mask[CPUSET_MAX / 8];
    size_t n; /* bytes up to the highest set bit */
};

/* White space around is allowed; "" is the empty set. -EINVAL, -ERANGE beyond CPUSET_MAX. */
int cpuset_parse(struct str s, struct cpuset *ret);
bool cpuset_eq(const struct cpuset *a, const struct cpuset *b);
