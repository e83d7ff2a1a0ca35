// SPDX-License-Identifier: Apache-2.0
/* Field tables of task, group and job. */
#include "model/job.h"
#include "model/table.h"

#define D CHG_DESTROY
#define I CHG_INPLACE
#define N CHG_NESTED
#define B CHG_NONE

static const char *const type_texts[] = {
    [JOB_SERVICE] = "service",   [JOB_BATCH] = "batch", [JOB_SYSTEM] = "system",
    [JOB_SYSBATCH] = "sysbatch", [JOB_CORE] = "_core",
};
const struct enum_def job_type_texts = {type_texts, ARRAY_LEN(type_texts)};
static const char *const status_texts[] = {
    [JOB_PENDING] = "pending", [JOB_RUNNING] = "running", [JOB_DEAD] = "dead"};
const struct enum_def job_status_texts = {status_texts, ARRAY_LEN(status_texts)};

#define S struct task
static const struct field task_fields[] = {
    F(1, name, "Name", NULL, FT_STR, D, .flags = FF_KEY | FF_LABEL),
    F(2, driver, "Driver", "driver", FT_STR, D),
    F(3, user, "User", "user", FT_STR, D),
    F(4, config, "Config", "config", FT_VAL, D, .flags = FF_BLOCK),
    F(5, env, "Env", "env", FT_SMAP, D, .flags = FF_BLOCK),
    F(6, services, "Services", "service", FT_OBJS, I, .flags = FF_BLOCK, .sub = &service_schema),
    F(7, templates, "Templates", "template", FT_OBJS, D, .flags = FF_BLOCK,
      .sub = &template_schema),
    F(8, constraints, "Constraints", "constraint", FT_OBJS, I, .flags = FF_BLOCK,
      .sub = &constraint_schema),
    F(9, affinities, "Affinities", "affinity", FT_OBJS, I, .flags = FF_BLOCK,
      .sub = &affinity_schema),
    F(10, resources, "Resources", "resources", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &resources_schema),
    F(11, restart, "RestartPolicy", "restart", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &restart_policy_schema),
    F(12, dispatch_payload, "DispatchPayload", "dispatch_payload", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &dispatch_payload_schema),
    F(13, lifecycle, "Lifecycle", "lifecycle", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &lifecycle_schema),
    F(14, meta, "Meta", "meta", FT_SMAP, D, .flags = FF_BLOCK),
    F(15, kill_timeout, "KillTimeout", "kill_timeout", FT_DUR, I, .def = "5s"),
    F(16, logs, "LogConfig", "logs", FT_OBJ, N, .flags = FF_BLOCK, .sub = &log_config_schema),
    F(17, artifacts, "Artifacts", "artifact", FT_OBJS, D, .flags = FF_BLOCK,
      .sub = &artifact_schema),
    F(18, leader, "Leader", "leader", FT_BOOL, I),
    F(19, shutdown_delay, "ShutdownDelay", "shutdown_delay", FT_DUR, I),
    F(20, volume_mounts, "VolumeMounts", "volume_mount", FT_OBJS, D, .flags = FF_BLOCK,
      .sub = &volume_mount_schema),
    F(21, scaling, "ScalingPolicies", "scaling", FT_OBJS, I, .flags = FF_BLOCK,
      .sub = &scaling_policy_schema),
    F(22, kill_signal, "KillSignal", "kill_signal", FT_STR, I),
    F(23, kind, "Kind", "kind", FT_STR, I),
    F(24, identity, "Identity", NULL, FT_OBJ, N, .sub = &identity_schema),
    F(25, identities, "Identities", "identity", FT_OBJS, D, .flags = FF_BLOCK,
      .sub = &identity_schema),
    F(26, actions, "Actions", "action", FT_OBJS, I, .flags = FF_BLOCK, .sub = &action_schema),
};
SCHEMA(task_schema, "Task", task_fields);
#undef S

#define S struct task_group
static const struct field group_fields[] = {
    F(1, name, "Name", NULL, FT_STR, I, .flags = FF_KEY | FF_LABEL),
    F(2, count, "Count", "count", FT_INT, I, .flags = FF_OPT),
    F(3, update, "Update", "update", FT_OBJ, N, .flags = FF_BLOCK, .sub = &update_strategy_schema),
    F(4, migrate, "Migrate", "migrate", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &migrate_strategy_schema),
    F(5, constraints, "Constraints", "constraint", FT_OBJS, I, .flags = FF_BLOCK,
      .sub = &constraint_schema),
    F(6, scaling, "Scaling", "scaling", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &scaling_policy_schema),
    F(7, restart, "RestartPolicy", "restart", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &restart_policy_schema),
    F(8, tasks, "Tasks", "task", FT_OBJS, N, .flags = FF_BLOCK, .sub = &task_schema),
    F(9, ephemeral_disk, "EphemeralDisk", "ephemeral_disk", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &ephemeral_disk_schema),
    F(10, meta, "Meta", "meta", FT_SMAP, D, .flags = FF_BLOCK),
    F(11, reschedule, "ReschedulePolicy", "reschedule", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &reschedule_policy_schema),
    F(12, affinities, "Affinities", "affinity", FT_OBJS, I, .flags = FF_BLOCK,
      .sub = &affinity_schema),
    F(13, spreads, "Spreads", "spread", FT_OBJS, I, .flags = FF_BLOCK, .sub = &spread_schema),
    F(14, networks, "Networks", "network", FT_OBJS, N, .flags = FF_BLOCK,
      .sub = &network_resource_schema),
    F(15, services, "Services", "service", FT_OBJS, I, .flags = FF_BLOCK, .sub = &service_schema),
    F(16, volumes, "Volumes", "volume", FT_OMAP, D, .flags = FF_BLOCK,
      .sub = &volume_request_schema),
    F(17, shutdown_delay, "ShutdownDelay", "shutdown_delay", FT_DUR, I, .flags = FF_OPT),
    F(18, stop_after_client_disconnect, "StopAfterClientDisconnect", "stop_after_client_disconnect",
      FT_DUR, I, .flags = FF_OPT),
    F(19, max_client_disconnect, "MaxClientDisconnect", "max_client_disconnect", FT_DUR, I,
      .flags = FF_OPT),
    F(20, prevent_reschedule_on_lost, "PreventRescheduleOnLost", "prevent_reschedule_on_lost",
      FT_BOOL, I),
    F(21, disconnect, "Disconnect", "disconnect", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &disconnect_schema),
    F(22, max_run_duration, "MaxRunDuration", "max_run_duration", FT_DUR, I, .flags = FF_OPT),
};
SCHEMA(task_group_schema, "TaskGroup", group_fields);
#undef S

#define S struct job
static const struct field job_fields[] = {
    F(1, stop, "Stop", NULL, FT_BOOL, I),
    F(2, region, "Region", "region", FT_STR, I, .def = "global"),
    F(3, ns, "Namespace", "namespace", FT_STR, I, .def = "default"),
    F(4, id, "ID", "id", FT_STR, I, .flags = FF_LABEL),
    F(5, parent_id, "ParentID", NULL, FT_STR, I),
    F(6, name, "Name", "name", FT_STR, I),
    F(7, type, "Type", "type", FT_ENUM, D, .texts = &job_type_texts, .def = "service"),
    F(8, priority, "Priority", "priority", FT_INT, I, .def = "50"),
    F(9, all_at_once, "AllAtOnce", "all_at_once", FT_BOOL, I),
    F(10, datacenters, "Datacenters", "datacenters", FT_STRS, I),
    F(11, node_pool, "NodePool", "node_pool", FT_STR, I),
    F(12, constraints, "Constraints", "constraint", FT_OBJS, I, .flags = FF_BLOCK,
      .sub = &constraint_schema),
    F(13, affinities, "Affinities", "affinity", FT_OBJS, I, .flags = FF_BLOCK,
      .sub = &affinity_schema),
    F(14, spreads, "Spreads", "spread", FT_OBJS, I, .flags = FF_BLOCK, .sub = &spread_schema),
    F(15, task_groups, "TaskGroups", "group", FT_OBJS, N, .flags = FF_BLOCK,
      .sub = &task_group_schema),
    F(16, update, "Update", "update", FT_OBJ, N, .flags = FF_BLOCK, .sub = &update_strategy_schema),
    F(17, reschedule, "Reschedule", "reschedule", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &reschedule_policy_schema),
    F(18, migrate, "Migrate", "migrate", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &migrate_strategy_schema),
    F(19, periodic, "Periodic", "periodic", FT_OBJ, N, .flags = FF_BLOCK, .sub = &periodic_schema),
    F(20, parameterized, "ParameterizedJob", "parameterized", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &parameterized_schema),
    F(21, dispatched, "Dispatched", NULL, FT_BOOL, I),
    F(22, payload, "Payload", NULL, FT_BYTES, D),
    F(23, meta, "Meta", "meta", FT_SMAP, D, .flags = FF_BLOCK),
    F(24, ui, "UI", "ui", FT_OBJ, N, .flags = FF_BLOCK, .sub = &ui_schema),
    F(25, status, "Status", NULL, FT_ENUM, B, .texts = &job_status_texts),
    F(26, status_description, "StatusDescription", NULL, FT_STR, B),
    F(27, stable, "Stable", NULL, FT_BOOL, B),
    F(28, version, "Version", NULL, FT_UINT, B),
    F(29, submit_time, "SubmitTime", NULL, FT_INT, B),
    F(30, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(31, modify_index, "ModifyIndex", NULL, FT_UINT, B),
    F(32, job_modify_index, "JobModifyIndex", NULL, FT_UINT, B),
};
SCHEMA(job_schema, "Job", job_fields);
#undef S

struct task_group *job_find_group(const struct job *j, const char *name)
{
    OBJS_FOR(struct task_group, g, j->task_groups)
    if (streq(g->name, name))
        return g;
    return NULL;
}

struct task *group_find_task(const struct task_group *g, const char *name)
{
    OBJS_FOR(struct task, t, g->tasks)
    if (streq(t->name, name))
        return t;
    return NULL;
}
