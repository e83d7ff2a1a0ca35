// SPDX-License-Identifier: Apache-2.0
/* Resources of the job specification as cgroup limits. Pure. */
#pragma once
#include "model/alloc.h"
#include "systemd/unit_spec.h"

/* cpu shares (MHz) become the CPU weight one to one, so tasks share a full CPU in the proportion
 * they asked for; memory becomes MemoryMax without swap; with memory_max the reserve is MemoryLow.
 */
void driver_limits(const struct allocated_task *r, struct unit_limits *ret);
/* The allocation's slice: the sum over its tasks as weight against other allocations, no caps. */
void driver_slice_limits(const struct allocated_resources *r, struct unit_limits *ret);
