// SPDX-License-Identifier: Apache-2.0
/* Which nodes a task group may run on, compiled once per (job version, group). What the computed
 * class decides (datacenter, pool, drivers, constraints without `unique`) is asked once per class;
 * the rest (unique constraints, host volumes, network modes) per node. */
#pragma once
#include "base/err.h"
#include "model/job.h"
#include "sched/constraint.h"

/* Results of the checks; reasons count up from FEAS_REASONS. */
/* other pool, other datacenter: no candidate at all */
enum { FEAS_OK = 0, FEAS_OTHER_POOL = 1, FEAS_OTHER_DC = 2, FEAS_REASONS = 3 };

struct weighted {
    struct compiled c;
    double weight;
};

struct distinct_property {
    struct target target;
    const char *attribute;
    int64_t allowed;
    bool whole_job; /* counts all groups of the job */
};

struct feasible {
    struct arena *arena;
    const struct job *job; /* borrowed: strings and groups */
    const struct task_group *group;
    struct compiled *by_class, *by_node; /* constraints */
    size_t n_by_class, n_by_node;
    const char **drivers, **driver_keys; /* of the tasks, each once; and "driver.<name>" */
    size_t n_drivers;
    bool devices; /* asks for devices, which nodes do not offer yet */
    struct weighted *affinities;
    size_t n_affinities;
    struct distinct_property *distinct;
    size_t n_distinct;
    bool distinct_hosts_job, distinct_hosts_group;
    bool escaped;         /* a constraint names something unique */
    bool needs_node;      /* feasible_node() can say no */
    const char **reasons; /* texts of metrics.constraint_filtered; index = result */
    size_t n_reasons;
};

/* Borrows the job, which must outlive the result. -ENOMEM, -EOPNOTSUPP for what this scheduler
 * does not place (reserved cores, CSI volumes, networks of single tasks). */
int feasible_new(const struct job *j, const struct task_group *g, struct err *err,
                 struct feasible **ret);
struct feasible *feasible_free(struct feasible *f);

/* FEAS_OK, FEAS_OTHER_* or a reason. */
size_t feasible_class(const struct feasible *f, const struct node *n);
size_t feasible_node(const struct feasible *f, const struct node *n);
/* Two groups with the same signature get the same feasible_class() from every node. */
void feasible_signature(const struct feasible *f, uint64_t ret[2]);
/* sum(weight of what matches) / sum(|weight|); 0 without affinities. */
double feasible_affinity(const struct feasible *f, const struct node *n);
