// SPDX-License-Identifier: Apache-2.0
/* Field tables: Job.* and Eval.*. */
#include "rpc/messages_table.h"

#define S struct empty_args
static const struct field empty_args_fields[] = {
    RPC_COMMON_FIELDS,
};
SCHEMA(empty_args_schema, "GenericRequest", empty_args_fields);
#undef S

#define S struct index_reply
static const struct field index_reply_fields[] = {
    RPC_META_FIELDS,
};
SCHEMA(index_reply_schema, "GenericResponse", index_reply_fields);
#undef S

#define S struct text_reply
static const struct field text_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, text, "Text", NULL, FT_STR, CHG_NONE),
};
SCHEMA(text_reply_schema, "TextResponse", text_reply_fields);
#undef S

#define S struct texts_reply
static const struct field texts_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, texts, "Texts", NULL, FT_STRS, CHG_NONE),
};
SCHEMA(texts_reply_schema, "TextsResponse", texts_reply_fields);
#undef S

#define S struct job_register_args
static const struct field job_register_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, job, "Job", NULL, FT_OBJ, CHG_NONE, .sub = &job_schema),
    F(2, enforce_index, "EnforceIndex", NULL, FT_BOOL, CHG_NONE),
    F(3, job_modify_index, "JobModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(4, preserve_counts, "PreserveCounts", NULL, FT_BOOL, CHG_NONE),
    F(5, policy_override, "PolicyOverride", NULL, FT_BOOL, CHG_NONE),
    F(6, eval_priority, "EvalPriority", NULL, FT_INT, CHG_NONE),
};
SCHEMA(job_register_args_schema, "JobRegisterRequest", job_register_args_fields);
#undef S

#define S struct job_register_reply
static const struct field job_register_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, eval_id, "EvalID", NULL, FT_UUID, CHG_NONE),
    F(2, eval_create_index, "EvalCreateIndex", NULL, FT_UINT, CHG_NONE),
    F(3, job_modify_index, "JobModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(4, warnings, "Warnings", NULL, FT_STR, CHG_NONE),
};
SCHEMA(job_register_reply_schema, "JobRegisterResponse", job_register_reply_fields);
#undef S

#define S struct job_deregister_args
static const struct field job_deregister_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, job_id, "JobID", NULL, FT_STR, CHG_NONE),
    F(2, purge, "Purge", NULL, FT_BOOL, CHG_NONE),
    F(3, global, "Global", NULL, FT_BOOL, CHG_NONE),
    F(4, no_shutdown_delay, "NoShutdownDelay", NULL, FT_BOOL, CHG_NONE),
    F(5, eval_priority, "EvalPriority", NULL, FT_INT, CHG_NONE),
};
SCHEMA(job_deregister_args_schema, "JobDeregisterRequest", job_deregister_args_fields);
#undef S

#define S struct job_args
static const struct field job_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, job_id, "JobID", NULL, FT_STR, CHG_NONE),
    F(2, all, "All", NULL, FT_BOOL, CHG_NONE),
    F(3, diffs, "Diffs", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(job_args_schema, "JobSpecificRequest", job_args_fields);
#undef S

#define S struct job_evaluate_args
static const struct field job_evaluate_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, job_id, "JobID", NULL, FT_STR, CHG_NONE),
    F(2, force_reschedule, "ForceReschedule", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(job_evaluate_args_schema, "JobEvaluateRequest", job_evaluate_args_fields);
#undef S

#define S struct job_plan_args
static const struct field job_plan_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, job, "Job", NULL, FT_OBJ, CHG_NONE, .sub = &job_schema),
    F(2, diff, "Diff", NULL, FT_BOOL, CHG_NONE),
    F(3, policy_override, "PolicyOverride", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(job_plan_args_schema, "JobPlanRequest", job_plan_args_fields);
#undef S

#define S struct job_validate_args
static const struct field job_validate_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, job, "Job", NULL, FT_OBJ, CHG_NONE, .sub = &job_schema),
};
SCHEMA(job_validate_args_schema, "JobValidateRequest", job_validate_args_fields);
#undef S

#define S struct job_validate_reply
static const struct field job_validate_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, driver_config_validated, "DriverConfigValidated", NULL, FT_BOOL, CHG_NONE),
    F(2, validation_errors, "ValidationErrors", NULL, FT_STRS, CHG_NONE),
    F(3, error, "Error", NULL, FT_STR, CHG_NONE),
    F(4, warnings, "Warnings", NULL, FT_STR, CHG_NONE),
};
SCHEMA(job_validate_reply_schema, "JobValidateResponse", job_validate_reply_fields);
#undef S

#define S struct job_reply
static const struct field job_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, job, "Job", NULL, FT_OBJ, CHG_NONE, .sub = &job_schema),
};
SCHEMA(job_reply_schema, "SingleJobResponse", job_reply_fields);
#undef S

#define S struct job_list_reply
static const struct field job_list_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, jobs, "Jobs", NULL, FT_OBJS, CHG_NONE, .sub = &job_stub_schema),
};
SCHEMA(job_list_reply_schema, "JobListResponse", job_list_reply_fields);
#undef S

#define S struct job_versions_reply
static const struct field job_versions_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, versions, "Versions", NULL, FT_OBJS, CHG_NONE, .sub = &job_schema),
};
SCHEMA(job_versions_reply_schema, "JobVersionsResponse", job_versions_reply_fields);
#undef S

#define S struct job_summary_reply
static const struct field job_summary_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, summary, "JobSummary", NULL, FT_OBJ, CHG_NONE, .sub = &job_summary_schema),
};
SCHEMA(job_summary_reply_schema, "JobSummaryResponse", job_summary_reply_fields);
#undef S

#define S struct allocs_reply
static const struct field allocs_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, allocations, "Allocations", NULL, FT_OBJS, CHG_NONE, .sub = &alloc_stub_schema),
};
SCHEMA(allocs_reply_schema, "AllocListResponse", allocs_reply_fields);
#undef S

#define S struct evals_reply
static const struct field evals_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, evaluations, "Evaluations", NULL, FT_OBJS, CHG_NONE, .sub = &evaluation_schema),
};
SCHEMA(evals_reply_schema, "EvalListResponse", evals_reply_fields);
#undef S

#define S struct eval_args
static const struct field eval_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, eval_id, "EvalID", NULL, FT_UUID, CHG_NONE),
};
SCHEMA(eval_args_schema, "EvalSpecificRequest", eval_args_fields);
#undef S

#define S struct eval_list_args
static const struct field eval_list_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, job, "Job", NULL, FT_STR, CHG_NONE),
    F(2, status, "Status", NULL, FT_STR, CHG_NONE),
};
SCHEMA(eval_list_args_schema, "EvalListRequest", eval_list_args_fields);
#undef S

#define S struct eval_reply
static const struct field eval_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, eval, "Eval", NULL, FT_OBJ, CHG_NONE, .sub = &evaluation_schema),
};
SCHEMA(eval_reply_schema, "SingleEvalResponse", eval_reply_fields);
#undef S
