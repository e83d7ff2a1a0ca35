// SPDX-License-Identifier: Apache-2.0
/* Arguments and replies of the methods, with Nomad's field names. Objects in a reply may be
 * borrowed from a pinned snapshot: read only. */
#pragma once
#include "model/eval.h"
#include "rpc/rpc.h"

struct job_diff;

/* ---- lists show stubs ---- */
struct job_stub {
    const char *id, *parent_id, *name, *ns, *node_pool, *status_description;
    struct strs datacenters;
    int32_t type, status;
    int64_t priority, submit_time;
    bool periodic, parameterized, stop;
    const struct job_summary *summary;
    uint64_t create_index, modify_index, job_modify_index;
};
struct alloc_stub {
    struct uuid id, eval_id, node_id, followup_eval_id, preempted_by;
    const char *name, *ns, *node_name, *job_id, *task_group, *desired_description,
        *client_description;
    int32_t job_type, desired_status, client_status;
    uint64_t job_version, create_index, modify_index;
    struct omap task_states;
    struct alloc_deployment_status *deployment_status;
    struct reschedule_tracker *reschedule_tracker;
    struct desired_transition *desired_transition;
    struct allocated_resources *resources; /* only when asked for */
    int64_t create_time, modify_time;
};
struct node_stub {
    struct uuid id;
    const char *address, *datacenter, *name, *node_class, *node_pool, *version, *status_description;
    bool drain;
    int32_t eligibility, status;
    struct omap drivers, host_volumes;
    struct node_resources *resources; /* only when asked for */
    struct reserved_resources *reserved;
    struct smap attributes; /* only when asked for */
    uint64_t create_index, modify_index;
};

/* ---- generic ---- */
struct empty_args {
    struct rpc_common c;
};
struct index_reply { /* writes that answer nothing else */
    struct rpc_meta m;
};
struct text_reply {
    struct rpc_meta m;
    const char *text;
};
struct texts_reply {
    struct rpc_meta m;
    struct strs texts;
};

/* ---- Job.* ---- */
struct job_register_args {
    struct rpc_common c;
    struct job *job;
    bool enforce_index, preserve_counts, policy_override;
    uint64_t job_modify_index;
    int64_t eval_priority;
};
struct job_register_reply {
    struct rpc_meta m;
    struct uuid eval_id;
    uint64_t eval_create_index, job_modify_index;
    const char *warnings;
};
struct job_deregister_args {
    struct rpc_common c;
    const char *job_id;
    bool purge, global, no_shutdown_delay;
    int64_t eval_priority;
};
struct job_args { /* GetJob, Allocations, Evaluations, Summary, GetJobVersions */
    struct rpc_common c;
    const char *job_id;
    bool all, diffs;
};
struct job_evaluate_args {
    struct rpc_common c;
    const char *job_id;
    bool force_reschedule;
};
struct job_plan_args {
    struct rpc_common c;
    struct job *job;
    bool diff, policy_override;
};
struct job_plan_reply {
    struct rpc_meta m;
    struct plan_annotations *annotations;
    struct omap failed_tg_allocs; /* alloc_metric by group */
    uint64_t job_modify_index;
    struct objs created_evals;
    struct job_diff *diff; /* of model/diff.h */
    nsec_t next_periodic_launch;
    const char *warnings;
};
struct job_validate_args {
    struct rpc_common c;
    struct job *job;
};
struct job_validate_reply {
    struct rpc_meta m;
    bool driver_config_validated;
    struct strs validation_errors;
    const char *error, *warnings;
};
struct job_reply {
    struct rpc_meta m;
    struct job *job; /* NULL: not found */
};
struct job_list_reply {
    struct rpc_meta m;
    struct objs jobs; /* job_stub */
};
struct job_versions_reply {
    struct rpc_meta m;
    struct objs versions; /* job, newest first */
};
struct job_summary_reply {
    struct rpc_meta m;
    struct job_summary *summary;
};
struct allocs_reply { /* Job.Allocations, Eval.Allocations, Alloc.List */
    struct rpc_meta m;
    struct objs allocations; /* alloc_stub */
};
struct evals_reply {
    struct rpc_meta m;
    struct objs evaluations;
};

/* ---- Eval.* ---- */
struct eval_args {
    struct rpc_common c;
    struct uuid eval_id;
};
struct eval_list_args {
    struct rpc_common c;
    const char *job, *status;
};
struct eval_reply {
    struct rpc_meta m;
    struct evaluation *eval;
};

/* ---- Alloc.* ---- */
struct alloc_list_args {
    struct rpc_common c;
    bool resources, no_task_states;
};
struct alloc_args {
    struct rpc_common c;
    struct uuid alloc_id;
};
struct alloc_ids_args {
    struct rpc_common c;
    struct uuids alloc_ids;
};
struct alloc_stop_args {
    struct rpc_common c;
    struct uuid alloc_id;
    bool no_shutdown_delay;
};
struct alloc_reply {
    struct rpc_meta m;
    struct allocation *alloc;
};
struct full_allocs_reply { /* Alloc.GetAllocs, Node.GetAllocs */
    struct rpc_meta m;
    struct objs allocs;
};
struct eval_id_reply {
    struct rpc_meta m;
    struct uuid eval_id;
};

/* ---- Node.* ---- */
struct node_register_args {
    struct rpc_common c;
    struct node *node;
};
struct node_status_args {
    struct rpc_common c;
    struct uuid node_id;
    const char *status; /* "ready", "down" */
    int64_t updated_at;
};
struct server_info {
    const char *rpc_addr, *datacenter;
    int64_t rpc_major, rpc_minor;
};
struct node_update_reply {
    struct rpc_meta m;
    nsec_t heartbeat_ttl;
    struct uuids eval_ids;
    uint64_t eval_create_index, node_modify_index, features;
    const char *leader_rpc_addr;
    int64_t num_nodes;
    struct objs servers; /* server_info */
};
struct node_args { /* GetNode, GetClientAllocs, GetAllocs, Evaluate */
    struct rpc_common c;
    struct uuid node_id, secret_id;
};
struct node_eligibility_args {
    struct rpc_common c;
    struct uuid node_id;
    const char *eligibility;
};
struct node_list_args {
    struct rpc_common c;
    bool resources, os;
};
struct node_reply {
    struct rpc_meta m;
    struct node *node;
};
struct node_list_reply {
    struct rpc_meta m;
    struct objs nodes; /* node_stub */
};
struct client_allocs_reply {
    struct rpc_meta m;
    struct imap allocs; /* id text -> alloc_modify_index */
    struct smap migrate_tokens;
};
struct alloc_update_args {
    struct rpc_common c;
    struct objs allocs; /* allocation with the client's fields only */
};

/* ---- Status.*, Search.* ---- */
struct member {
    const char *name, *addr, *status;
    int64_t port, protocol_cur, delegate_cur;
    struct smap tags;
};
struct members_reply {
    struct rpc_meta m;
    const char *server_name, *server_region, *server_dc;
    struct objs members;
};
struct search_args {
    struct rpc_common c;
    const char *context; /* "all", "jobs", "allocs", "nodes", "evals", "deployment" */
};
struct search_reply {
    struct rpc_meta m;
    struct val matches, truncations; /* context -> list of text; context -> bool */
};

/* ---- of a client agent: FileSystem.*, Allocations.*, ClientStats.* ---- */
struct fs_args {
    struct rpc_common c;
    struct uuid alloc_id;
    const char *path, *origin; /* origin "start" or "end" */
    int64_t offset, limit;
    bool plain_text, follow;
};
struct fs_logs_args {
    struct rpc_common c;
    struct uuid alloc_id;
    const char *task, *log_type, *origin; /* log_type "stdout" or "stderr" */
    int64_t offset;
    bool plain_text, follow;
};
struct file_info {
    const char *name, *file_mode, *content_type;
    bool is_dir;
    int64_t size;
    nsec_t mod_time;
};
struct fs_list_reply {
    struct rpc_meta m;
    struct objs files; /* file_info */
};
struct fs_stat_reply {
    struct rpc_meta m;
    struct file_info *info;
};
struct alloc_restart_args {
    struct rpc_common c;
    struct uuid alloc_id;
    const char *task_name; /* "": all that run */
    bool all_tasks;
};
struct alloc_signal_args {
    struct rpc_common c;
    struct uuid alloc_id;
    const char *task, *signal;
};
struct stats_reply {
    struct rpc_meta m;
    struct val stats; /* as the HTTP API prints it */
};

extern const struct schema job_stub_schema, alloc_stub_schema, node_stub_schema, empty_args_schema,
    index_reply_schema, text_reply_schema, texts_reply_schema, job_register_args_schema,
    job_register_reply_schema, job_deregister_args_schema, job_args_schema,
    job_evaluate_args_schema, job_plan_args_schema, job_plan_reply_schema, job_validate_args_schema,
    job_validate_reply_schema, job_reply_schema, job_list_reply_schema, job_versions_reply_schema,
    job_summary_reply_schema, allocs_reply_schema, evals_reply_schema, eval_args_schema,
    eval_list_args_schema, eval_reply_schema, alloc_list_args_schema, alloc_args_schema,
    alloc_ids_args_schema, alloc_stop_args_schema, alloc_reply_schema, full_allocs_reply_schema,
    eval_id_reply_schema, node_register_args_schema, node_status_args_schema, server_info_schema,
    node_update_reply_schema, node_args_schema, node_eligibility_args_schema, node_list_args_schema,
    node_reply_schema, node_list_reply_schema, client_allocs_reply_schema, alloc_update_args_schema,
    member_schema, members_reply_schema, search_args_schema, search_reply_schema, fs_args_schema,
    fs_logs_args_schema, file_info_schema, fs_list_reply_schema, fs_stat_reply_schema,
    alloc_restart_args_schema, alloc_signal_args_schema, stats_reply_schema;
