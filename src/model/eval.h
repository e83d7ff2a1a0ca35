// SPDX-License-Identifier: Apache-2.0
/* Evaluations (work for the scheduler), plans (its answer), deployments and job summaries. */
#pragma once
#include "model/alloc.h"

enum eval_status {
    EVAL_PENDING,
    EVAL_BLOCKED,
    EVAL_COMPLETE,
    EVAL_FAILED,
    EVAL_CANCELED,
    EVAL_STATUS_MAX
};

struct evaluation {
    struct uuid id, node_id, deployment_id, next_eval, previous_eval, blocked_eval;
    const char *ns, *triggered_by, *job_id, *status_description, *quota_limit_reached;
    int64_t priority;
    int32_t type;   /* enum job_type */
    int32_t status; /* enum eval_status */
    uint64_t job_modify_index, node_modify_index, snapshot_index, create_index, modify_index;
    nsec_t wait;
    nsec_t wait_until;              /* wall clock */
    struct omap failed_tg_allocs;   /* alloc_metric by group */
    struct imap class_eligibility;  /* computed class -> 0/1 */
    struct imap queued_allocations; /* group -> count */
    bool escaped_computed_class, annotate_plan;
    int64_t create_time, modify_time;
};

enum deployment_status {
    DEPLOYMENT_RUNNING,
    DEPLOYMENT_PAUSED,
    DEPLOYMENT_FAILED,
    DEPLOYMENT_SUCCESSFUL,
    DEPLOYMENT_CANCELLED,
    DEPLOYMENT_PENDING,
    DEPLOYMENT_BLOCKED,
    DEPLOYMENT_UNBLOCKING,
    DEPLOYMENT_INITIALIZING,
    DEPLOYMENT_STATUS_MAX
};

struct deployment_state {
    bool auto_revert, auto_promote, promoted;
    nsec_t progress_deadline, require_progress_by;
    struct uuids placed_canaries;
    int64_t desired_canaries, desired_total, placed, healthy, unhealthy;
};
struct deployment {
    struct uuid id;
    const char *ns, *job_id, *status_description;
    uint64_t job_version, job_modify_index, job_spec_modify_index, job_create_index;
    struct omap task_groups; /* deployment_state by group */
    int32_t status;          /* enum deployment_status */
    int64_t eval_priority;
    uint64_t create_index, modify_index;
    int64_t create_time, modify_time;
};

struct group_summary {
    int64_t queued, complete, failed, running, starting, lost, unknown;
};
struct children_summary {
    int64_t pending, running, dead;
};
struct job_summary {
    const char *job_id, *ns;
    struct omap summary; /* group_summary by group */
    struct children_summary *children;
    uint64_t create_index, modify_index;
};

/* What `job plan` prints above the scheduler's answer. */
struct desired_updates {
    int64_t ignore, place, migrate, stop, in_place, destructive, canary, preemptions;
};
struct plan_annotations {
    struct omap desired_tg_updates; /* desired_updates by group */
};

extern const struct enum_def eval_status_texts, deployment_status_texts;
extern const struct schema evaluation_schema, deployment_schema, deployment_state_schema,
    job_summary_schema, group_summary_schema, children_summary_schema, desired_updates_schema,
    plan_annotations_schema;

/* Values of evaluation.triggered_by. */
#define TRIGGER_JOB_REGISTER "job-register"
#define TRIGGER_JOB_DEREGISTER "job-deregister"
#define TRIGGER_NODE_UPDATE "node-update"
#define TRIGGER_NODE_DRAIN "node-drain"
#define TRIGGER_ALLOC_STOP "alloc-stop"
#define TRIGGER_ALLOC_FAILURE "alloc-failure"
#define TRIGGER_QUEUED_ALLOCS "queued-allocs"
#define TRIGGER_ROLLING_UPDATE "rolling-update"
#define TRIGGER_MAX_PLANS "max-plan-attempts"
#define TRIGGER_FAILED_FOLLOW_UP "failed-follow-up"
#define TRIGGER_SCALING "job-scaling"

static inline bool eval_terminal(const struct evaluation *e)
{
    return e->status == EVAL_COMPLETE || e->status == EVAL_FAILED || e->status == EVAL_CANCELED;
}
