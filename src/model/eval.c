// SPDX-License-Identifier: Apache-2.0
#include "model/eval.h"

#include "model/table.h"

#define B CHG_NONE

static const char *const status_texts[] = {
    [EVAL_PENDING] = "pending", [EVAL_BLOCKED] = "blocked",   [EVAL_COMPLETE] = "complete",
    [EVAL_FAILED] = "failed",   [EVAL_CANCELED] = "canceled",
};
const struct enum_def eval_status_texts = {status_texts, ARRAY_LEN(status_texts)};
static const char *const deployment_texts[] = {
    [DEPLOYMENT_RUNNING] = "running",
    [DEPLOYMENT_PAUSED] = "paused",
    [DEPLOYMENT_FAILED] = "failed",
    [DEPLOYMENT_SUCCESSFUL] = "successful",
    [DEPLOYMENT_CANCELLED] = "cancelled",
    [DEPLOYMENT_PENDING] = "pending",
    [DEPLOYMENT_BLOCKED] = "blocked",
    [DEPLOYMENT_UNBLOCKING] = "unblocking",
    [DEPLOYMENT_INITIALIZING] = "initializing",
};
const struct enum_def deployment_status_texts = {deployment_texts, ARRAY_LEN(deployment_texts)};

#define S struct evaluation
static const struct field evaluation_fields[] = {
    F(1, id, "ID", NULL, FT_UUID, B),
    F(2, ns, "Namespace", NULL, FT_STR, B, .def = "default"),
    F(3, priority, "Priority", NULL, FT_INT, B, .def = "50"),
    F(4, type, "Type", NULL, FT_ENUM, B, .texts = &job_type_texts),
    F(5, triggered_by, "TriggeredBy", NULL, FT_STR, B),
    F(6, job_id, "JobID", NULL, FT_STR, B),
    F(7, job_modify_index, "JobModifyIndex", NULL, FT_UINT, B),
    F(8, node_id, "NodeID", NULL, FT_UUID, B),
    F(9, node_modify_index, "NodeModifyIndex", NULL, FT_UINT, B),
    F(10, deployment_id, "DeploymentID", NULL, FT_UUID, B),
    F(11, status, "Status", NULL, FT_ENUM, B, .texts = &eval_status_texts),
    F(12, status_description, "StatusDescription", NULL, FT_STR, B),
    F(13, wait, "Wait", NULL, FT_DUR, B),
    F(14, wait_until, "WaitUntil", NULL, FT_TIME, B),
    F(15, next_eval, "NextEval", NULL, FT_UUID, B),
    F(16, previous_eval, "PreviousEval", NULL, FT_UUID, B),
    F(17, blocked_eval, "BlockedEval", NULL, FT_UUID, B),
    F(18, failed_tg_allocs, "FailedTGAllocs", NULL, FT_OMAP, B, .sub = &alloc_metric_schema),
    F(19, class_eligibility, "ClassEligibility", NULL, FT_BMAP, B),
    F(20, quota_limit_reached, "QuotaLimitReached", NULL, FT_STR, B),
    F(21, escaped_computed_class, "EscapedComputedClass", NULL, FT_BOOL, B),
    F(22, annotate_plan, "AnnotatePlan", NULL, FT_BOOL, B),
    F(23, queued_allocations, "QueuedAllocations", NULL, FT_IMAP, B),
    F(24, snapshot_index, "SnapshotIndex", NULL, FT_UINT, B),
    F(25, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(26, modify_index, "ModifyIndex", NULL, FT_UINT, B),
    F(27, create_time, "CreateTime", NULL, FT_INT, B),
    F(28, modify_time, "ModifyTime", NULL, FT_INT, B),
};
SCHEMA(evaluation_schema, "Evaluation", evaluation_fields);
#undef S

#define S struct deployment_state
static const struct field deployment_state_fields[] = {
    F(1, auto_revert, "AutoRevert", NULL, FT_BOOL, B),
    F(2, auto_promote, "AutoPromote", NULL, FT_BOOL, B),
    F(3, progress_deadline, "ProgressDeadline", NULL, FT_DUR, B),
    F(4, require_progress_by, "RequireProgressBy", NULL, FT_TIME, B),
    F(5, promoted, "Promoted", NULL, FT_BOOL, B),
    F(6, placed_canaries, "PlacedCanaries", NULL, FT_UUIDS, B),
    F(7, desired_canaries, "DesiredCanaries", NULL, FT_INT, B),
    F(8, desired_total, "DesiredTotal", NULL, FT_INT, B),
    F(9, placed, "PlacedAllocs", NULL, FT_INT, B),
    F(10, healthy, "HealthyAllocs", NULL, FT_INT, B),
    F(11, unhealthy, "UnhealthyAllocs", NULL, FT_INT, B),
};
SCHEMA(deployment_state_schema, "DeploymentState", deployment_state_fields);
#undef S

#define S struct deployment
static const struct field deployment_fields[] = {
    F(1, id, "ID", NULL, FT_UUID, B),
    F(2, ns, "Namespace", NULL, FT_STR, B, .def = "default"),
    F(3, job_id, "JobID", NULL, FT_STR, B),
    F(4, job_version, "JobVersion", NULL, FT_UINT, B),
    F(5, job_modify_index, "JobModifyIndex", NULL, FT_UINT, B),
    F(6, job_spec_modify_index, "JobSpecModifyIndex", NULL, FT_UINT, B),
    F(7, job_create_index, "JobCreateIndex", NULL, FT_UINT, B),
    F(8, task_groups, "TaskGroups", NULL, FT_OMAP, B, .sub = &deployment_state_schema),
    F(9, status, "Status", NULL, FT_ENUM, B, .texts = &deployment_status_texts),
    F(10, status_description, "StatusDescription", NULL, FT_STR, B),
    F(11, eval_priority, "EvalPriority", NULL, FT_INT, B),
    F(12, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(13, modify_index, "ModifyIndex", NULL, FT_UINT, B),
    F(14, create_time, "CreateTime", NULL, FT_INT, B),
    F(15, modify_time, "ModifyTime", NULL, FT_INT, B),
};
SCHEMA(deployment_schema, "Deployment", deployment_fields);
#undef S

#define S struct group_summary
static const struct field group_summary_fields[] = {
    F(1, queued, "Queued", NULL, FT_INT, B),     F(2, complete, "Complete", NULL, FT_INT, B),
    F(3, failed, "Failed", NULL, FT_INT, B),     F(4, running, "Running", NULL, FT_INT, B),
    F(5, starting, "Starting", NULL, FT_INT, B), F(6, lost, "Lost", NULL, FT_INT, B),
    F(7, unknown, "Unknown", NULL, FT_INT, B),
};
SCHEMA(group_summary_schema, "TaskGroupSummary", group_summary_fields);
#undef S

#define S struct children_summary
static const struct field children_fields[] = {
    F(1, pending, "Pending", NULL, FT_INT, B),
    F(2, running, "Running", NULL, FT_INT, B),
    F(3, dead, "Dead", NULL, FT_INT, B),
};
SCHEMA(children_summary_schema, "JobChildrenSummary", children_fields);
#undef S

#define S struct job_summary
static const struct field job_summary_fields[] = {
    F(1, job_id, "JobID", NULL, FT_STR, B),
    F(2, ns, "Namespace", NULL, FT_STR, B, .def = "default"),
    F(3, summary, "Summary", NULL, FT_OMAP, B, .sub = &group_summary_schema),
    F(4, children, "Children", NULL, FT_OBJ, B, .sub = &children_summary_schema),
    F(5, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(6, modify_index, "ModifyIndex", NULL, FT_UINT, B),
};
SCHEMA(job_summary_schema, "JobSummary", job_summary_fields);
#undef S

#define S struct desired_updates
static const struct field desired_updates_fields[] = {
    F(1, ignore, "Ignore", NULL, FT_INT, B),
    F(2, place, "Place", NULL, FT_INT, B),
    F(3, migrate, "Migrate", NULL, FT_INT, B),
    F(4, stop, "Stop", NULL, FT_INT, B),
    F(5, in_place, "InPlaceUpdate", NULL, FT_INT, B),
    F(6, destructive, "DestructiveUpdate", NULL, FT_INT, B),
    F(7, canary, "Canary", NULL, FT_INT, B),
    F(8, preemptions, "Preemptions", NULL, FT_INT, B),
};
SCHEMA(desired_updates_schema, "DesiredUpdates", desired_updates_fields);
#undef S

#define S struct plan_annotations
static const struct field plan_annotations_fields[] = {
    F(1, desired_tg_updates, "DesiredTGUpdates", NULL, FT_OMAP, B, .sub = &desired_updates_schema),
};
SCHEMA(plan_annotations_schema, "PlanAnnotations", plan_annotations_fields);
#undef S
