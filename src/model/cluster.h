// SPDX-License-Identifier: Apache-2.0
/* What the cluster as a whole remembers: namespaces, the scheduler's settings, launches of periodic
 * jobs. Field names are Nomad's. */
#pragma once
#include "model/schema.h"

enum scheduler_algorithm { SCHEDULER_BINPACK, SCHEDULER_SPREAD, SCHEDULER_ALGORITHM_MAX };

struct preemption_config {
    bool system, sysbatch, batch, service;
};
struct scheduler_config {
    int32_t algorithm; /* enum scheduler_algorithm */
    struct preemption_config *preemption;
    bool memory_oversubscription, reject_job_registration, pause_eval_broker;
    uint64_t create_index, modify_index;
};
struct namespace_capabilities {
    struct strs enabled_task_drivers, disabled_task_drivers;
};
struct namespace
{
    const char *name, *description, *quota;
    struct namespace_capabilities *capabilities;
    struct smap meta;
    uint64_t create_index, modify_index;
};
struct periodic_launch {
    const char *ns, *id;
    nsec_t launch; /* wall clock of the last start */
    uint64_t create_index, modify_index;
};

extern const struct enum_def scheduler_algorithm_texts;
extern const struct schema scheduler_config_schema, preemption_config_schema, namespace_schema,
    namespace_capabilities_schema, periodic_launch_schema;
