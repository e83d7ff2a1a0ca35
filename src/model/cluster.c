// SPDX-License-Identifier: Apache-2.0
#include "model/cluster.h"

#include "model/table.h"

#define B CHG_NONE

static const char *const algorithm_texts[] = {
    [SCHEDULER_BINPACK] = "binpack", [SCHEDULER_SPREAD] = "spread"};
const struct enum_def scheduler_algorithm_texts = {algorithm_texts, ARRAY_LEN(algorithm_texts)};

#define S struct preemption_config
static const struct field preemption_fields[] = {
    F(1, system, "SystemSchedulerEnabled", NULL, FT_BOOL, B, .def = "true"),
    F(2, sysbatch, "SysBatchSchedulerEnabled", NULL, FT_BOOL, B),
    F(3, batch, "BatchSchedulerEnabled", NULL, FT_BOOL, B),
    F(4, service, "ServiceSchedulerEnabled", NULL, FT_BOOL, B),
};
SCHEMA(preemption_config_schema, "PreemptionConfig", preemption_fields);
#undef S

#define S struct scheduler_config
static const struct field scheduler_config_fields[] = {
    F(1, algorithm, "SchedulerAlgorithm", NULL, FT_ENUM, B, .texts = &scheduler_algorithm_texts),
    F(2, preemption, "PreemptionConfig", NULL, FT_OBJ, B, .sub = &preemption_config_schema),
    F(3, memory_oversubscription, "MemoryOversubscriptionEnabled", NULL, FT_BOOL, B),
    F(4, reject_job_registration, "RejectJobRegistration", NULL, FT_BOOL, B),
    F(5, pause_eval_broker, "PauseEvalBroker", NULL, FT_BOOL, B),
    F(6, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(7, modify_index, "ModifyIndex", NULL, FT_UINT, B),
};
SCHEMA(scheduler_config_schema, "SchedulerConfiguration", scheduler_config_fields);
#undef S

#define S struct namespace_capabilities
static const struct field capabilities_fields[] = {
    F(1, enabled_task_drivers, "EnabledTaskDrivers", NULL, FT_STRS, B),
    F(2, disabled_task_drivers, "DisabledTaskDrivers", NULL, FT_STRS, B),
};
SCHEMA(namespace_capabilities_schema, "NamespaceCapabilities", capabilities_fields);
#undef S

#define S struct namespace
static const struct field namespace_fields[] = {
    F(1, name, "Name", NULL, FT_STR, B),
    F(2, description, "Description", NULL, FT_STR, B),
    F(3, quota, "Quota", NULL, FT_STR, B),
    F(4, capabilities, "Capabilities", NULL, FT_OBJ, B, .sub = &namespace_capabilities_schema),
    F(5, meta, "Meta", NULL, FT_SMAP, B),
    F(6, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(7, modify_index, "ModifyIndex", NULL, FT_UINT, B),
};
SCHEMA(namespace_schema, "Namespace", namespace_fields);
#undef S

#define S struct periodic_launch
static const struct field periodic_launch_fields[] = {
    F(1, ns, "Namespace", NULL, FT_STR, B, .def = "default"),
    F(2, id, "ID", NULL, FT_STR, B),
    F(3, launch, "Launch", NULL, FT_TIME, B),
    F(4, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(5, modify_index, "ModifyIndex", NULL, FT_UINT, B),
};
SCHEMA(periodic_launch_schema, "PeriodicLaunch", periodic_launch_fields);
#undef S
