// SPDX-License-Identifier: Apache-2.0
/* Readings of one cgroup by kept descriptors (about 3 us a file). A missing controller only leaves
 * its fields at 0 and its bit out of `have`. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum cgstat_have {
    CGSTAT_CPU = 1 << 0,    /* cpu.stat */
    CGSTAT_MEMORY = 1 << 1, /* memory.current, memory.stat */
    CGSTAT_PEAK = 1 << 2,   /* memory.peak (kernel 5.19); else the highest reading of this object */
    CGSTAT_SWAP = 1 << 3,
    CGSTAT_PIDS = 1 << 4,
    CGSTAT_EVENTS = 1 << 5,
};

struct cgstat_sample {
    unsigned have; /* enum cgstat_have */
    uint64_t cpu_usec, cpu_user_usec, cpu_system_usec;
    uint64_t cpu_periods, cpu_throttled_periods, cpu_throttled_usec;
    uint64_t mem_current, mem_peak, mem_anon, mem_file, mem_kernel, mem_swap; /* bytes */
    uint64_t pids;
    uint64_t oom, oom_kill; /* memory.events */
};

struct cgstat;

/* `path` absolute, below /sys/fs/cgroup. -ENOENT: no such cgroup. */
int cgstat_open(const char *path, struct cgstat **ret);
struct cgstat *cgstat_free(struct cgstat *c);
/* -ENODEV: the cgroup is gone. */
int cgstat_read(struct cgstat *c, struct cgstat_sample *ret);

/* Pure: one file's text into the sample. */
void cgstat_parse_cpu(struct str text, struct cgstat_sample *s);
void cgstat_parse_memory(struct str text, struct cgstat_sample *s);
void cgstat_parse_events(struct str text, struct cgstat_sample *s);
