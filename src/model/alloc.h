// SPDX-License-Identifier: Apache-2.0
/* An allocation: one task group of one job version on one node. */
#pragma once
#include "model/node.h"

enum alloc_desired { ALLOC_RUN, ALLOC_STOP, ALLOC_EVICT, ALLOC_DESIRED_MAX };
enum alloc_client {
    ALLOC_PENDING,
    ALLOC_RUNNING,
    ALLOC_COMPLETE,
    ALLOC_FAILED,
    ALLOC_LOST,
    ALLOC_UNKNOWN,
    ALLOC_CLIENT_MAX
};
enum task_run_state { TASK_PENDING, TASK_RUNNING, TASK_DEAD, TASK_RUN_STATE_MAX };

struct allocated_cpu {
    int64_t shares;
    struct ints reserved_cores;
};
struct allocated_memory {
    int64_t mb, max_mb;
};
struct allocated_task {
    struct allocated_cpu *cpu;
    struct allocated_memory *memory;
    struct objs networks; /* network_resource */
};
struct port_mapping {
    const char *label, *host_ip;
    int64_t value, to;
};
struct allocated_shared {
    struct objs networks; /* network_resource */
    int64_t disk_mb;
    struct objs ports; /* port_mapping */
};
struct allocated_resources {
    struct omap tasks;           /* allocated_task by task name */
    struct omap task_lifecycles; /* lifecycle by task name */
    struct allocated_shared *shared;
};

/* Event types and their display texts are Nomad's. The last ten of a task are kept. */
struct task_event {
    const char *type;
    int64_t time; /* ns since 1970 */
    const char *message, *display_message;
    struct smap details;
    bool fails_task;
    const char *restart_reason, *setup_error, *driver_error, *driver_message, *download_error,
        *validation_error, *kill_error, *kill_reason, *failed_sibling, *task_signal_reason,
        *task_signal, *generic_source, *vault_error;
    int64_t exit_code, signal, disk_limit, kill_timeout, start_delay;
};
struct task_state {
    int32_t state; /* enum task_run_state */
    bool failed;
    int64_t restarts;
    nsec_t last_restart, started_at, finished_at;
    struct objs events; /* task_event */
};
struct node_score {
    struct uuid node_id;
    struct nmap scores;
    double norm_score;
};
struct alloc_metric {
    int64_t nodes_evaluated, nodes_filtered, nodes_in_pool, nodes_exhausted, coalesced_failures;
    struct imap nodes_available, class_filtered, constraint_filtered, class_exhausted,
        dimension_exhausted;
    struct strs quota_exhausted;
    struct omap resources_exhausted; /* resources by task name */
    struct objs score_meta;          /* node_score, best first */
    nsec_t allocation_time;
};
struct reschedule_event {
    int64_t time; /* ns since 1970 */
    struct uuid prev_alloc, prev_node;
    nsec_t delay;
};
struct reschedule_tracker {
    struct objs events; /* reschedule_event */
};
struct alloc_deployment_status {
    int8_t healthy; /* TRI_UNSET: not known yet */
    nsec_t timestamp;
    bool canary;
    uint64_t modify_index;
};
struct desired_transition {
    int8_t migrate, reschedule, force_reschedule, no_shutdown_delay;
};
struct alloc_network_status {
    const char *interface_name, *address, *address_ipv6;
    struct dns_config *dns;
};

struct allocation {
    struct uuid id, eval_id, node_id, deployment_id, previous_allocation, next_allocation,
        followup_eval_id, preempted_by;
    const char *ns, *name, *node_name, *job_id, *task_group;
    struct job *job;           /* the job version it was placed for; shared reference (FF_REF) */
    uint64_t job_version;      /* of `job`: how the binary form names it */
    uint64_t job_create_index; /* tells apart a purged job and a new one of the same name */
    struct allocated_resources *resources;
    struct alloc_metric *metrics;
    int32_t desired_status; /* enum alloc_desired */
    const char *desired_description;
    struct desired_transition *desired_transition;
    int32_t client_status; /* enum alloc_client */
    const char *client_description;
    struct omap task_states; /* task_state by task name */
    struct alloc_deployment_status *deployment_status;
    struct alloc_network_status *network_status;
    struct reschedule_tracker *reschedule_tracker;
    struct uuids preempted_allocations;
    int64_t create_time, modify_time; /* ns since 1970 */
    uint64_t create_index, modify_index, alloc_modify_index;
};

extern const struct enum_def alloc_desired_texts, alloc_client_texts, task_run_state_texts;
extern const struct schema allocation_schema, allocated_resources_schema, allocated_task_schema,
    allocated_cpu_schema, allocated_memory_schema, allocated_shared_schema, port_mapping_schema,
    task_state_schema, task_event_schema, alloc_metric_schema, node_score_schema,
    reschedule_tracker_schema, reschedule_event_schema, alloc_deployment_status_schema,
    desired_transition_schema, alloc_network_status_schema;

/* Sum over tasks plus shared disk. Lifecycle tasks count as Nomad does: prestart tasks run before
 * the main ones, so the larger of both counts; sidecars always count. */
struct capacity alloc_usage(const struct allocated_resources *r);
static inline bool alloc_client_terminal(const struct allocation *a)
{
    return a->client_status == ALLOC_COMPLETE || a->client_status == ALLOC_FAILED ||
           a->client_status == ALLOC_LOST;
}
/* The server wants it gone, or it is gone. */
static inline bool alloc_terminal(const struct allocation *a)
{
    return a->desired_status != ALLOC_RUN || alloc_client_terminal(a);
}
/* Holds its node's resources: until the client says it ended, stopping ones too. */
static inline bool alloc_holds_resources(const struct allocation *a)
{
    return !alloc_client_terminal(a);
}
/* "job.group[7]" -> 7; -1 if the name has no index. */
int64_t alloc_name_index(const char *name);
