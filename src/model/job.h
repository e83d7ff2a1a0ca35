// SPDX-License-Identifier: Apache-2.0
/* The job: what the user asks for. Field names, defaults and meaning are Nomad's (job
 * specification of 1.0.18 and 2.0.5) without Connect, Vault, CSI plugins and Enterprise. Durations
 * are nanoseconds, sizes MB, cpu MHz, as there. A job object is one arena; it is shared by
 * reference between the state's tables and all its allocations and never changes. */
#pragma once
#include "model/schema.h"

enum job_type { JOB_SERVICE, JOB_BATCH, JOB_SYSTEM, JOB_SYSBATCH, JOB_CORE, JOB_TYPE_MAX };
enum job_status { JOB_PENDING, JOB_RUNNING, JOB_DEAD, JOB_STATUS_MAX };

struct constraint {
    const char *ltarget, *rtarget, *operand;
};
struct affinity {
    const char *ltarget, *rtarget, *operand;
    int64_t weight;
};
struct spread_target {
    const char *value;
    int64_t percent;
};
struct spread {
    const char *attribute;
    int64_t weight;
    struct objs targets; /* spread_target */
};
struct update_strategy {
    nsec_t stagger;
    int64_t max_parallel;
    const char *health_check;
    nsec_t min_healthy_time, healthy_deadline, progress_deadline;
    int8_t auto_revert, auto_promote;
    int64_t canary;
};
struct restart_policy {
    int64_t attempts;
    nsec_t interval, delay;
    const char *mode; /* "delay" or "fail" */
    int8_t render_templates;
};
struct reschedule_policy {
    int64_t attempts;
    nsec_t interval, delay;
    const char *delay_function; /* constant, exponential, fibonacci */
    nsec_t max_delay;
    int8_t unlimited;
};
struct migrate_strategy {
    int64_t max_parallel;
    const char *health_check;
    nsec_t min_healthy_time, healthy_deadline;
};
struct disconnect_strategy {
    nsec_t lost_after, stop_on_client_after;
    int8_t replace;
    const char *reconcile;
};
struct ephemeral_disk {
    bool sticky, migrate;
    int64_t size_mb;
};
struct periodic_config {
    bool enabled, prohibit_overlap;
    const char *spec;
    struct strs specs;
    const char *spec_type, *time_zone;
};
struct parameterized_config {
    const char *payload;
    struct strs meta_required, meta_optional;
};
struct port {
    const char *label;
    int64_t value, to;
    const char *host_network;
    bool ignore_collision;
};
struct dns_config {
    struct strs servers, searches, options;
};
struct cni_config {
    struct smap args;
};
struct network_resource {
    const char *mode, *device, *cidr, *ip, *hostname;
    int64_t mbits;
    struct dns_config *dns;
    struct objs reserved_ports, dynamic_ports; /* port */
    struct cni_config *cni;
};
struct requested_device {
    const char *name;
    int64_t count;
    struct objs constraints, affinities;
};
struct resources {
    int64_t cpu, cores, memory_mb, memory_max_mb, disk_mb, iops, secrets_mb;
    struct objs networks, devices;
};
struct check_restart {
    int64_t limit;
    nsec_t grace;
    bool ignore_warnings;
};
struct service_check {
    const char *name, *type, *command, *path, *protocol, *port_label, *expose, *address_mode;
    struct strs args;
    nsec_t interval, timeout;
    const char *initial_status;
    bool tls_skip_verify;
    const char *tls_server_name, *method, *grpc_service, *task_name, *body, *on_update, *notes;
    bool grpc_use_tls;
    const char *advertise;
    struct val headers; /* name -> list of text */
    struct check_restart *check_restart;
    int64_t success_before_passing, failures_before_critical, failures_before_warning;
};
struct service_weights {
    int64_t passing, warning;
};
struct service {
    const char *name, *task_name, *port_label, *address_mode, *address, *provider, *on_update,
        *kind, *cluster, *ns;
    bool enable_tag_override;
    struct strs tags, canary_tags;
    struct smap meta, canary_meta, tagged_addresses;
    struct objs checks; /* service_check */
    struct check_restart *check_restart;
    struct service_weights *weights;
};
struct volume_request {
    const char *name, *type, *source, *access_mode, *attachment_mode;
    bool read_only, sticky, per_alloc;
    struct mount_options *mount_options;
};
struct mount_options {
    const char *fs_type;
    struct strs mount_flags;
};
struct volume_mount {
    const char *volume, *destination, *propagation_mode, *selinux_label;
    bool read_only;
};
struct scaling_policy {
    const char *type;
    bool enabled;
    int64_t min, max;
    struct val policy;
};
struct change_script {
    const char *command;
    struct strs args;
    nsec_t timeout;
    bool fail_on_error, run_on_first_render;
};
struct wait_config {
    nsec_t min, max;
};
struct template
{
    const char *source, *dest, *data, *change_mode, *change_signal, *perms;
    struct change_script *change_script;
    nsec_t splay;
    const char *left_delim, *right_delim;
    int64_t uid, gid; /* INT_UNSET: the task's user */
    bool envvars, once, error_missing_key;
    struct wait_config *wait;
};
struct artifact {
    const char *source, *mode, *destination;
    struct smap options, headers;
    bool insecure, chown;
};
struct log_config {
    int64_t max_files, max_file_size_mb;
    bool disabled;
};
struct dispatch_payload {
    const char *file;
};
struct lifecycle {
    const char *hook;
    bool sidecar;
};
struct identity {
    const char *name, *change_mode, *change_signal, *filepath, *service_name;
    struct strs audience;
    bool env, file;
    nsec_t ttl;
};
struct action {
    const char *name, *command;
    struct strs args;
};
struct ui_link {
    const char *label, *url;
};
struct ui_config {
    const char *description;
    struct objs links; /* ui_link */
};

struct task {
    const char *name, *driver, *user, *kind;
    struct val config; /* decoded by the driver's own schema */
    struct smap env, meta;
    struct objs services, constraints, affinities, templates, artifacts, volume_mounts, scaling,
        identities, actions;
    struct resources *resources;
    struct restart_policy *restart;
    struct dispatch_payload *dispatch_payload;
    struct lifecycle *lifecycle;
    struct log_config *logs;
    struct identity *identity;
    nsec_t kill_timeout, shutdown_delay;
    const char *kill_signal;
    bool leader;
};

struct task_group {
    const char *name;
    int64_t count;
    struct update_strategy *update;
    struct migrate_strategy *migrate;
    struct restart_policy *restart;
    struct reschedule_policy *reschedule;
    struct disconnect_strategy *disconnect;
    struct scaling_policy *scaling;
    struct ephemeral_disk *ephemeral_disk;
    struct objs constraints, affinities, spreads, tasks, networks, services;
    struct omap volumes; /* volume_request by name */
    struct smap meta;
    nsec_t shutdown_delay; /* INT_UNSET: none */
    nsec_t stop_after_client_disconnect, max_client_disconnect, max_run_duration;
    bool prevent_reschedule_on_lost;
};

struct job {
    const char *id, *name, *ns, *region, *parent_id, *node_pool;
    int32_t type; /* enum job_type */
    int64_t priority;
    bool all_at_once;
    struct strs datacenters;
    struct objs constraints, affinities, spreads, task_groups;
    struct update_strategy *update;       /* inherited by groups; gone once canonical */
    struct reschedule_policy *reschedule; /* likewise */
    struct migrate_strategy *migrate;     /* likewise */
    struct periodic_config *periodic;
    struct parameterized_config *parameterized;
    struct ui_config *ui;
    bool dispatched;
    struct str payload;
    struct smap meta;
    bool stop, stable;
    uint64_t version;
    int32_t status; /* enum job_status */
    const char *status_description;
    nsec_t submit_time;
    uint64_t create_index, modify_index, job_modify_index;
};

extern const struct enum_def job_type_texts, job_status_texts;
extern const struct schema job_schema, task_group_schema, task_schema, resources_schema,
    network_resource_schema, port_schema, constraint_schema, affinity_schema, spread_schema,
    spread_target_schema, update_strategy_schema, restart_policy_schema, reschedule_policy_schema,
    migrate_strategy_schema, disconnect_schema, ephemeral_disk_schema, periodic_schema,
    parameterized_schema, dns_schema, cni_schema, requested_device_schema, check_restart_schema,
    service_schema, service_check_schema, weights_schema, volume_request_schema,
    mount_options_schema, volume_mount_schema, scaling_policy_schema, template_schema,
    change_script_schema, wait_schema, artifact_schema, log_config_schema, dispatch_payload_schema,
    lifecycle_schema, identity_schema, action_schema, ui_schema, ui_link_schema;

struct task_group *job_find_group(const struct job *j, const char *name);
struct task *group_find_task(const struct task_group *g, const char *name);
