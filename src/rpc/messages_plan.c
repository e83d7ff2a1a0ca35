// SPDX-License-Identifier: Apache-2.0
/* Field tables: Job.Plan. */
#include "model/diff.h"
#include "rpc/messages_table.h"

#define S struct job_plan_reply
static const struct field job_plan_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, annotations, "Annotations", NULL, FT_OBJ, CHG_NONE, .sub = &plan_annotations_schema),
    F(2, failed_tg_allocs, "FailedTGAllocs", NULL, FT_OMAP, CHG_NONE, .sub = &alloc_metric_schema),
    F(3, job_modify_index, "JobModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(4, created_evals, "CreatedEvals", NULL, FT_OBJS, CHG_NONE, .sub = &evaluation_schema),
    F(7, diff, "Diff", NULL, FT_OBJ, CHG_NONE, .sub = &job_diff_schema),
    F(5, next_periodic_launch, "NextPeriodicLaunch", NULL, FT_TIME, CHG_NONE),
    F(6, warnings, "Warnings", NULL, FT_STR, CHG_NONE),
};
SCHEMA(job_plan_reply_schema, "JobPlanResponse", job_plan_reply_fields);
#undef S
