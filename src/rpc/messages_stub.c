// SPDX-License-Identifier: Apache-2.0
/* Field tables: Stubs: what lists show */
#include "rpc/messages_table.h"

#define S struct job_stub
static const struct field job_stub_fields[] = {
    F(1, id, "ID", NULL, FT_STR, CHG_NONE),
    F(2, parent_id, "ParentID", NULL, FT_STR, CHG_NONE),
    F(3, name, "Name", NULL, FT_STR, CHG_NONE),
    F(4, ns, "Namespace", NULL, FT_STR, CHG_NONE),
    F(5, datacenters, "Datacenters", NULL, FT_STRS, CHG_NONE),
    F(6, node_pool, "NodePool", NULL, FT_STR, CHG_NONE),
    F(7, type, "Type", NULL, FT_ENUM, CHG_NONE, .texts = &job_type_texts),
    F(8, priority, "Priority", NULL, FT_INT, CHG_NONE),
    F(9, periodic, "Periodic", NULL, FT_BOOL, CHG_NONE),
    F(10, parameterized, "ParameterizedJob", NULL, FT_BOOL, CHG_NONE),
    F(11, stop, "Stop", NULL, FT_BOOL, CHG_NONE),
    F(12, status, "Status", NULL, FT_ENUM, CHG_NONE, .texts = &job_status_texts),
    F(13, status_description, "StatusDescription", NULL, FT_STR, CHG_NONE),
    F(14, summary, "JobSummary", NULL, FT_OBJ, CHG_NONE, .sub = &job_summary_schema),
    F(15, create_index, "CreateIndex", NULL, FT_UINT, CHG_NONE),
    F(16, modify_index, "ModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(17, job_modify_index, "JobModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(18, submit_time, "SubmitTime", NULL, FT_INT, CHG_NONE),
};
SCHEMA(job_stub_schema, "JobListStub", job_stub_fields);
#undef S

#define S struct alloc_stub
static const struct field alloc_stub_fields[] = {
    F(1, id, "ID", NULL, FT_UUID, CHG_NONE),
    F(2, eval_id, "EvalID", NULL, FT_UUID, CHG_NONE),
    F(3, name, "Name", NULL, FT_STR, CHG_NONE),
    F(4, ns, "Namespace", NULL, FT_STR, CHG_NONE),
    F(5, node_id, "NodeID", NULL, FT_UUID, CHG_NONE),
    F(6, node_name, "NodeName", NULL, FT_STR, CHG_NONE),
    F(7, job_id, "JobID", NULL, FT_STR, CHG_NONE),
    F(8, job_type, "JobType", NULL, FT_ENUM, CHG_NONE, .texts = &job_type_texts),
    F(9, job_version, "JobVersion", NULL, FT_UINT, CHG_NONE),
    F(10, task_group, "TaskGroup", NULL, FT_STR, CHG_NONE),
    F(11, resources, "AllocatedResources", NULL, FT_OBJ, CHG_NONE,
      .sub = &allocated_resources_schema, .flags = FF_OMIT),
    F(12, desired_status, "DesiredStatus", NULL, FT_ENUM, CHG_NONE, .texts = &alloc_desired_texts),
    F(13, desired_description, "DesiredDescription", NULL, FT_STR, CHG_NONE),
    F(14, desired_transition, "DesiredTransition", NULL, FT_OBJ, CHG_NONE,
      .sub = &desired_transition_schema),
    F(15, client_status, "ClientStatus", NULL, FT_ENUM, CHG_NONE, .texts = &alloc_client_texts),
    F(16, client_description, "ClientDescription", NULL, FT_STR, CHG_NONE),
    F(17, task_states, "TaskStates", NULL, FT_OMAP, CHG_NONE, .sub = &task_state_schema),
    F(18, deployment_status, "DeploymentStatus", NULL, FT_OBJ, CHG_NONE,
      .sub = &alloc_deployment_status_schema),
    F(19, followup_eval_id, "FollowupEvalID", NULL, FT_UUID, CHG_NONE),
    F(20, reschedule_tracker, "RescheduleTracker", NULL, FT_OBJ, CHG_NONE,
      .sub = &reschedule_tracker_schema),
    F(21, preempted_by, "PreemptedByAllocation", NULL, FT_UUID, CHG_NONE),
    F(22, create_index, "CreateIndex", NULL, FT_UINT, CHG_NONE),
    F(23, modify_index, "ModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(24, create_time, "CreateTime", NULL, FT_INT, CHG_NONE),
    F(25, modify_time, "ModifyTime", NULL, FT_INT, CHG_NONE),
};
SCHEMA(alloc_stub_schema, "AllocListStub", alloc_stub_fields);
#undef S

#define S struct node_stub
static const struct field node_stub_fields[] = {
    F(1, address, "Address", NULL, FT_STR, CHG_NONE),
    F(2, id, "ID", NULL, FT_UUID, CHG_NONE),
    F(3, attributes, "Attributes", NULL, FT_SMAP, CHG_NONE, .flags = FF_OMIT),
    F(4, datacenter, "Datacenter", NULL, FT_STR, CHG_NONE),
    F(5, name, "Name", NULL, FT_STR, CHG_NONE),
    F(6, node_class, "NodeClass", NULL, FT_STR, CHG_NONE),
    F(7, node_pool, "NodePool", NULL, FT_STR, CHG_NONE),
    F(8, version, "Version", NULL, FT_STR, CHG_NONE),
    F(9, drain, "Drain", NULL, FT_BOOL, CHG_NONE),
    F(10, eligibility, "SchedulingEligibility", NULL, FT_ENUM, CHG_NONE,
      .texts = &node_eligibility_texts),
    F(11, status, "Status", NULL, FT_ENUM, CHG_NONE, .texts = &node_status_texts),
    F(12, status_description, "StatusDescription", NULL, FT_STR, CHG_NONE),
    F(13, drivers, "Drivers", NULL, FT_OMAP, CHG_NONE, .sub = &driver_info_schema),
    F(14, host_volumes, "HostVolumes", NULL, FT_OMAP, CHG_NONE, .sub = &host_volume_schema),
    F(15, resources, "NodeResources", NULL, FT_OBJ, CHG_NONE, .sub = &node_resources_schema,
      .flags = FF_OMIT),
    F(16, reserved, "ReservedResources", NULL, FT_OBJ, CHG_NONE, .sub = &reserved_resources_schema,
      .flags = FF_OMIT),
    F(17, create_index, "CreateIndex", NULL, FT_UINT, CHG_NONE),
    F(18, modify_index, "ModifyIndex", NULL, FT_UINT, CHG_NONE),
};
SCHEMA(node_stub_schema, "NodeListStub", node_stub_fields);
#undef S
