// SPDX-License-Identifier: Apache-2.0
#include "model/alloc.h"

#include "model/table.h"

#define B CHG_NONE

static const char *const desired_texts[] = {
    [ALLOC_RUN] = "run", [ALLOC_STOP] = "stop", [ALLOC_EVICT] = "evict"};
const struct enum_def alloc_desired_texts = {desired_texts, ARRAY_LEN(desired_texts)};
static const char *const client_texts[] = {
    [ALLOC_PENDING] = "pending", [ALLOC_RUNNING] = "running", [ALLOC_COMPLETE] = "complete",
    [ALLOC_FAILED] = "failed",   [ALLOC_LOST] = "lost",       [ALLOC_UNKNOWN] = "unknown",
};
const struct enum_def alloc_client_texts = {client_texts, ARRAY_LEN(client_texts)};
static const char *const run_state_texts[] = {
    [TASK_PENDING] = "pending", [TASK_RUNNING] = "running", [TASK_DEAD] = "dead"};
const struct enum_def task_run_state_texts = {run_state_texts, ARRAY_LEN(run_state_texts)};

#define S struct allocated_cpu
static const struct field allocated_cpu_fields[] = {
    F(1, shares, "CpuShares", NULL, FT_INT, B),
    F(2, reserved_cores, "ReservedCores", NULL, FT_INTS, B),
};
SCHEMA(allocated_cpu_schema, "AllocatedCpuResources", allocated_cpu_fields);
#undef S

#define S struct allocated_memory
static const struct field allocated_memory_fields[] = {
    F(1, mb, "MemoryMB", NULL, FT_INT, B),
    F(2, max_mb, "MemoryMaxMB", NULL, FT_INT, B),
};
SCHEMA(allocated_memory_schema, "AllocatedMemoryResources", allocated_memory_fields);
#undef S

#define S struct allocated_task
static const struct field allocated_task_fields[] = {
    F(1, cpu, "Cpu", NULL, FT_OBJ, B, .sub = &allocated_cpu_schema),
    F(2, memory, "Memory", NULL, FT_OBJ, B, .sub = &allocated_memory_schema),
    F(3, networks, "Networks", NULL, FT_OBJS, B, .sub = &network_resource_schema),
};
SCHEMA(allocated_task_schema, "AllocatedTaskResources", allocated_task_fields);
#undef S

#define S struct port_mapping
static const struct field port_mapping_fields[] = {
    F(1, label, "Label", NULL, FT_STR, B),
    F(2, value, "Value", NULL, FT_INT, B),
    F(3, to, "To", NULL, FT_INT, B),
    F(4, host_ip, "HostIP", NULL, FT_STR, B),
};
SCHEMA(port_mapping_schema, "AllocatedPortMapping", port_mapping_fields);
#undef S

#define S struct allocated_shared
static const struct field allocated_shared_fields[] = {
    F(1, networks, "Networks", NULL, FT_OBJS, B, .sub = &network_resource_schema),
    F(2, disk_mb, "DiskMB", NULL, FT_INT, B),
    F(3, ports, "Ports", NULL, FT_OBJS, B, .sub = &port_mapping_schema),
};
SCHEMA(allocated_shared_schema, "AllocatedSharedResources", allocated_shared_fields);
#undef S

#define S struct allocated_resources
static const struct field allocated_resources_fields[] = {
    F(1, tasks, "Tasks", NULL, FT_OMAP, B, .sub = &allocated_task_schema),
    F(2, task_lifecycles, "TaskLifecycles", NULL, FT_OMAP, B, .sub = &lifecycle_schema),
    F(3, shared, "Shared", NULL, FT_OBJ, B, .sub = &allocated_shared_schema),
};
SCHEMA(allocated_resources_schema, "AllocatedResources", allocated_resources_fields);
#undef S

#define S struct task_event
static const struct field task_event_fields[] = {
    F(1, type, "Type", NULL, FT_STR, B),
    F(2, time, "Time", NULL, FT_INT, B),
    F(3, message, "Message", NULL, FT_STR, B),
    F(4, display_message, "DisplayMessage", NULL, FT_STR, B),
    F(5, details, "Details", NULL, FT_SMAP, B),
    F(6, fails_task, "FailsTask", NULL, FT_BOOL, B),
    F(7, restart_reason, "RestartReason", NULL, FT_STR, B),
    F(8, setup_error, "SetupError", NULL, FT_STR, B),
    F(9, driver_error, "DriverError", NULL, FT_STR, B),
    F(10, exit_code, "ExitCode", NULL, FT_INT, B),
    F(11, signal, "Signal", NULL, FT_INT, B),
    F(12, kill_timeout, "KillTimeout", NULL, FT_DUR, B),
    F(13, kill_error, "KillError", NULL, FT_STR, B),
    F(14, kill_reason, "KillReason", NULL, FT_STR, B),
    F(15, start_delay, "StartDelay", NULL, FT_INT, B),
    F(16, download_error, "DownloadError", NULL, FT_STR, B),
    F(17, validation_error, "ValidationError", NULL, FT_STR, B),
    F(18, disk_limit, "DiskLimit", NULL, FT_INT, B),
    F(19, failed_sibling, "FailedSibling", NULL, FT_STR, B),
    F(20, vault_error, "VaultError", NULL, FT_STR, B),
    F(21, task_signal_reason, "TaskSignalReason", NULL, FT_STR, B),
    F(22, task_signal, "TaskSignal", NULL, FT_STR, B),
    F(23, driver_message, "DriverMessage", NULL, FT_STR, B),
    F(24, generic_source, "GenericSource", NULL, FT_STR, B),
};
SCHEMA(task_event_schema, "TaskEvent", task_event_fields);
#undef S

#define S struct task_state
static const struct field task_state_fields[] = {
    F(1, state, "State", NULL, FT_ENUM, B, .texts = &task_run_state_texts),
    F(2, failed, "Failed", NULL, FT_BOOL, B),
    F(3, restarts, "Restarts", NULL, FT_INT, B),
    F(4, last_restart, "LastRestart", NULL, FT_TIME, B),
    F(5, started_at, "StartedAt", NULL, FT_TIME, B),
    F(6, finished_at, "FinishedAt", NULL, FT_TIME, B),
    F(7, events, "Events", NULL, FT_OBJS, B, .sub = &task_event_schema),
};
SCHEMA(task_state_schema, "TaskState", task_state_fields);
#undef S

#define S struct node_score
static const struct field node_score_fields[] = {
    F(1, node_id, "NodeID", NULL, FT_UUID, B),
    F(2, scores, "Scores", NULL, FT_NMAP, B),
    F(3, norm_score, "NormScore", NULL, FT_NUM, B),
};
SCHEMA(node_score_schema, "NodeScoreMeta", node_score_fields);
#undef S

#define S struct alloc_metric
static const struct field alloc_metric_fields[] = {
    F(1, nodes_evaluated, "NodesEvaluated", NULL, FT_INT, B),
    F(2, nodes_filtered, "NodesFiltered", NULL, FT_INT, B),
    F(3, nodes_in_pool, "NodesInPool", NULL, FT_INT, B),
    F(4, nodes_available, "NodesAvailable", NULL, FT_IMAP, B),
    F(5, class_filtered, "ClassFiltered", NULL, FT_IMAP, B),
    F(6, constraint_filtered, "ConstraintFiltered", NULL, FT_IMAP, B),
    F(7, nodes_exhausted, "NodesExhausted", NULL, FT_INT, B),
    F(8, class_exhausted, "ClassExhausted", NULL, FT_IMAP, B),
    F(9, dimension_exhausted, "DimensionExhausted", NULL, FT_IMAP, B),
    F(10, quota_exhausted, "QuotaExhausted", NULL, FT_STRS, B),
    F(11, resources_exhausted, "ResourcesExhausted", NULL, FT_OMAP, B, .sub = &resources_schema),
    F(12, score_meta, "ScoreMetaData", NULL, FT_OBJS, B, .sub = &node_score_schema),
    F(13, allocation_time, "AllocationTime", NULL, FT_DUR, B),
    F(14, coalesced_failures, "CoalescedFailures", NULL, FT_INT, B),
};
SCHEMA(alloc_metric_schema, "AllocMetric", alloc_metric_fields);
#undef S

#define S struct reschedule_event
static const struct field reschedule_event_fields[] = {
    F(1, time, "RescheduleTime", NULL, FT_INT, B),
    F(2, prev_alloc, "PrevAllocID", NULL, FT_UUID, B),
    F(3, prev_node, "PrevNodeID", NULL, FT_UUID, B),
    F(4, delay, "Delay", NULL, FT_DUR, B),
};
SCHEMA(reschedule_event_schema, "RescheduleEvent", reschedule_event_fields);
#undef S

#define S struct reschedule_tracker
static const struct field reschedule_tracker_fields[] = {
    F(1, events, "Events", NULL, FT_OBJS, B, .sub = &reschedule_event_schema),
};
SCHEMA(reschedule_tracker_schema, "RescheduleTracker", reschedule_tracker_fields);
#undef S

#define S struct alloc_deployment_status
static const struct field alloc_deployment_status_fields[] = {
    F(1, healthy, "Healthy", NULL, FT_TRI, B),
    F(2, timestamp, "Timestamp", NULL, FT_TIME, B),
    F(3, canary, "Canary", NULL, FT_BOOL, B),
    F(4, modify_index, "ModifyIndex", NULL, FT_UINT, B),
};
SCHEMA(alloc_deployment_status_schema, "AllocDeploymentStatus", alloc_deployment_status_fields);
#undef S

#define S struct desired_transition
static const struct field desired_transition_fields[] = {
    F(1, migrate, "Migrate", NULL, FT_TRI, B),
    F(2, reschedule, "Reschedule", NULL, FT_TRI, B),
    F(3, force_reschedule, "ForceReschedule", NULL, FT_TRI, B),
    F(4, no_shutdown_delay, "NoShutdownDelay", NULL, FT_TRI, B),
};
SCHEMA(desired_transition_schema, "DesiredTransition", desired_transition_fields);
#undef S

#define S struct alloc_network_status
static const struct field alloc_network_status_fields[] = {
    F(1, interface_name, "InterfaceName", NULL, FT_STR, B),
    F(2, address, "Address", NULL, FT_STR, B),
    F(3, dns, "DNS", NULL, FT_OBJ, B, .sub = &dns_schema),
    F(4, address_ipv6, "AddressIPv6", NULL, FT_STR, B),
};
SCHEMA(alloc_network_status_schema, "AllocNetworkStatus", alloc_network_status_fields);
#undef S

#define S struct allocation
static const struct field allocation_fields[] = {
    F(1, id, "ID", NULL, FT_UUID, B),
    F(2, ns, "Namespace", NULL, FT_STR, B, .def = "default"),
    F(3, eval_id, "EvalID", NULL, FT_UUID, B),
    F(4, name, "Name", NULL, FT_STR, B),
    F(5, node_id, "NodeID", NULL, FT_UUID, B),
    F(6, node_name, "NodeName", NULL, FT_STR, B),
    F(7, job_id, "JobID", NULL, FT_STR, B),
    F(8, job, "Job", NULL, FT_OBJ, B, .flags = FF_REF, .sub = &job_schema),
    F(9, task_group, "TaskGroup", NULL, FT_STR, B),
    F(10, resources, "AllocatedResources", NULL, FT_OBJ, B, .sub = &allocated_resources_schema),
    F(11, metrics, "Metrics", NULL, FT_OBJ, B, .sub = &alloc_metric_schema),
    F(12, desired_status, "DesiredStatus", NULL, FT_ENUM, B, .texts = &alloc_desired_texts),
    F(13, desired_description, "DesiredDescription", NULL, FT_STR, B),
    F(14, desired_transition, "DesiredTransition", NULL, FT_OBJ, B,
      .sub = &desired_transition_schema),
    F(15, client_status, "ClientStatus", NULL, FT_ENUM, B, .texts = &alloc_client_texts),
    F(16, client_description, "ClientDescription", NULL, FT_STR, B),
    F(17, task_states, "TaskStates", NULL, FT_OMAP, B, .sub = &task_state_schema),
    F(18, previous_allocation, "PreviousAllocation", NULL, FT_UUID, B),
    F(19, next_allocation, "NextAllocation", NULL, FT_UUID, B),
    F(20, deployment_id, "DeploymentID", NULL, FT_UUID, B),
    F(21, deployment_status, "DeploymentStatus", NULL, FT_OBJ, B,
      .sub = &alloc_deployment_status_schema),
    F(22, reschedule_tracker, "RescheduleTracker", NULL, FT_OBJ, B,
      .sub = &reschedule_tracker_schema),
    F(23, network_status, "NetworkStatus", NULL, FT_OBJ, B, .sub = &alloc_network_status_schema),
    F(24, followup_eval_id, "FollowupEvalID", NULL, FT_UUID, B),
    F(25, preempted_allocations, "PreemptedAllocations", NULL, FT_UUIDS, B),
    F(26, preempted_by, "PreemptedByAllocation", NULL, FT_UUID, B),
    F(27, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(28, modify_index, "ModifyIndex", NULL, FT_UINT, B),
    F(29, alloc_modify_index, "AllocModifyIndex", NULL, FT_UINT, B),
    F(30, create_time, "CreateTime", NULL, FT_INT, B),
    F(31, modify_time, "ModifyTime", NULL, FT_INT, B),
    F(32, job_version, "JobVersion", NULL, FT_UINT, B, .flags = FF_LOCAL),
    F(33, job_create_index, "JobCreateIndex", NULL, FT_UINT, B, .flags = FF_LOCAL),
};
SCHEMA(allocation_schema, "Allocation", allocation_fields);
#undef S

static void add_task(struct capacity *c, const struct allocated_task *t)
{
    c->cpu += t->cpu ? t->cpu->shares : 0;
    c->memory_mb += t->memory ? t->memory->mb : 0;
}

struct capacity alloc_usage(const struct allocated_resources *r)
{
    struct capacity main = {0}, prestart = {0}, poststop = {0}, sidecar = {0};
    if (!r)
        return main;
    for (size_t i = 0; i < r->tasks.n; i++) {
        const struct lifecycle *lc = omap_get(&r->task_lifecycles, r->tasks.items[i].key);
        struct capacity *c = !lc || isempty(lc->hook)      ? &main
                             : lc->sidecar                 ? &sidecar
                             : streq(lc->hook, "prestart") ? &prestart
                             : streq(lc->hook, "poststop") ? &poststop
                                                           : &main;
        add_task(c, r->tasks.items[i].value);
    }
    struct capacity sum = {
        .cpu = MAX(MAX(main.cpu, prestart.cpu), poststop.cpu) + sidecar.cpu,
        .memory_mb =
            MAX(MAX(main.memory_mb, prestart.memory_mb), poststop.memory_mb) + sidecar.memory_mb,
        .disk_mb = r->shared ? r->shared->disk_mb : 0,
    };
    return sum;
}

int64_t alloc_name_index(const char *name)
{
    const char *open = strrchr(nonull(name), '[');
    int64_t i;
    if (!open || !has_suffix(open, "]") || parse_i64(str_n(open + 1, strlen(open) - 2), &i) < 0)
        return -1;
    return i;
}
