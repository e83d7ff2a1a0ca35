// SPDX-License-Identifier: Apache-2.0
/* Usage of tasks in the shape of Nomad's API. */
#pragma once
#include "base/clock.h"
#include "base/value.h"
#include "systemd/cgstat.h"

/* The last reading and the rate since the one before. */
struct stats_cpu {
    uint64_t usec;         /* CPU time used so far */
    nsec_t at;             /* 0: no reading yet */
    double percent, ticks; /* of one CPU; MHz */
};

/* A further reading: fills percent and ticks (0 for the first one or after a restart). */
void stats_rate(struct stats_cpu *cpu, uint64_t usec, nsec_t now, double mhz_total, double cores);
/* "ResourceUsage" as JSON value. */
struct val stats_usage(struct arena *a, const struct cgstat_sample *s, const struct stats_cpu *cpu);
