// SPDX-License-Identifier: Apache-2.0
/* Jobs, nodes and allocations for the scheduler's tests, all in one arena. */
#pragma once
#include "sched/sched.h"

#define NOW (INT64_C(1700000000) * NSEC_SEC)

struct uuid fx_id(unsigned kind, unsigned n);
/* A service job "web" with one group "g" (count, one raw_exec task: 500 MHz, 256 MB; disk 150). */
struct job *fx_job(struct arena *a, int32_t type, int64_t count);
struct task_group *fx_group(const struct job *j);
/* The next version of a job: a copy, version and index one higher. */
struct job *fx_next(struct arena *a, const struct job *j);
/* Ready, dc1, default pool, 4000 MHz, 8192 MB, 100000 MB disk, raw_exec, linux. */
struct node *fx_node(struct arena *a, unsigned n);
/* web.g[index] of that job version on node n, running. */
struct allocation *fx_alloc(struct arena *a, struct job *j, unsigned n, int64_t index);
void fx_failed(struct arena *a, struct allocation *x, nsec_t at);
