// SPDX-License-Identifier: Apache-2.0
/* Small objects of the model for tests of the state, from numbers. */
#pragma once
#include "state/image.h"
#include "state/write.h"

struct uuid uuid_n(unsigned kind, unsigned n);

/* A job of one group "web" with one task; id "job<n>". */
struct fx_job {
    struct job job;
    struct task task;
    struct task_group group;
    void *tasks[1], *groups[1];
    char id[16];
};
struct job *fx_job(struct fx_job *f, unsigned n);

/* Allocation n of job j on node: 100 MHz, 50 MB, 10 MB of disk. */
struct fx_alloc {
    struct allocation alloc;
    struct allocated_cpu cpu;
    struct allocated_memory memory;
    struct allocated_task task;
    struct okv tasks[1];
    struct allocated_shared shared;
    struct allocated_resources resources;
    struct alloc_deployment_status status;
    char job_id[16], name[32];
};
struct allocation *fx_alloc(struct fx_alloc *f, unsigned n, unsigned job, unsigned node);

struct evaluation fx_eval(unsigned n, const char *job_id);
struct node fx_node(unsigned n);

/* Counts everything derived again and fails the test where it differs. */
void fx_recount(const struct snap *v);
