// SPDX-License-Identifier: Apache-2.0
/* Field tables of what jobs, groups and tasks are made of. */
#include "model/job.h"
#include "model/table.h"

#define D CHG_DESTROY
#define I CHG_INPLACE
#define N CHG_NESTED

#define S struct constraint
static const struct field constraint_fields[] = {
    F(1, ltarget, "LTarget", "attribute", FT_STR, I, .flags = FF_KEY),
    F(2, rtarget, "RTarget", "value", FT_STR, I, .flags = FF_KEY),
    F(3, operand, "Operand", "operator", FT_STR, I, .flags = FF_KEY, .def = "="),
};
SCHEMA(constraint_schema, "Constraint", constraint_fields);
#undef S

#define S struct affinity
static const struct field affinity_fields[] = {
    F(1, ltarget, "LTarget", "attribute", FT_STR, I, .flags = FF_KEY),
    F(2, rtarget, "RTarget", "value", FT_STR, I, .flags = FF_KEY),
    F(3, operand, "Operand", "operator", FT_STR, I, .flags = FF_KEY, .def = "="),
    F(4, weight, "Weight", "weight", FT_INT, I, .flags = FF_KEY, .def = "50"),
};
SCHEMA(affinity_schema, "Affinity", affinity_fields);
#undef S

#define S struct spread_target
static const struct field spread_target_fields[] = {
    F(1, value, "Value", "value", FT_STR, I, .flags = FF_KEY | FF_LABEL),
    F(2, percent, "Percent", "percent", FT_INT, I),
};
SCHEMA(spread_target_schema, "SpreadTarget", spread_target_fields);
#undef S

#define S struct spread
static const struct field spread_fields[] = {
    F(1, attribute, "Attribute", "attribute", FT_STR, I, .flags = FF_KEY),
    F(2, weight, "Weight", "weight", FT_INT, I, .def = "50"),
    F(3, targets, "SpreadTarget", "target", FT_OBJS, N, .flags = FF_BLOCK,
      .sub = &spread_target_schema),
};
SCHEMA(spread_schema, "Spread", spread_fields);
#undef S

#define S struct update_strategy
static const struct field update_fields[] = {
    F(1, stagger, "Stagger", "stagger", FT_DUR, I, .flags = FF_OPT),
    F(2, max_parallel, "MaxParallel", "max_parallel", FT_INT, I, .flags = FF_OPT),
    F(3, health_check, "HealthCheck", "health_check", FT_STR, I),
    F(4, min_healthy_time, "MinHealthyTime", "min_healthy_time", FT_DUR, I, .flags = FF_OPT),
    F(5, healthy_deadline, "HealthyDeadline", "healthy_deadline", FT_DUR, I, .flags = FF_OPT),
    F(6, progress_deadline, "ProgressDeadline", "progress_deadline", FT_DUR, I, .flags = FF_OPT),
    F(7, auto_revert, "AutoRevert", "auto_revert", FT_TRI, I),
    F(8, auto_promote, "AutoPromote", "auto_promote", FT_TRI, I),
    F(9, canary, "Canary", "canary", FT_INT, I, .flags = FF_OPT),
};
SCHEMA(update_strategy_schema, "UpdateStrategy", update_fields);
#undef S

#define S struct restart_policy
static const struct field restart_fields[] = {
    F(1, attempts, "Attempts", "attempts", FT_INT, I, .flags = FF_OPT),
    F(2, interval, "Interval", "interval", FT_DUR, I, .flags = FF_OPT),
    F(3, delay, "Delay", "delay", FT_DUR, I, .flags = FF_OPT),
    F(4, mode, "Mode", "mode", FT_STR, I),
    F(5, render_templates, "RenderTemplates", "render_templates", FT_TRI, D),
};
SCHEMA(restart_policy_schema, "RestartPolicy", restart_fields);
#undef S

#define S struct reschedule_policy
static const struct field reschedule_fields[] = {
    F(1, attempts, "Attempts", "attempts", FT_INT, I, .flags = FF_OPT),
    F(2, interval, "Interval", "interval", FT_DUR, I, .flags = FF_OPT),
    F(3, delay, "Delay", "delay", FT_DUR, I, .flags = FF_OPT),
    F(4, delay_function, "DelayFunction", "delay_function", FT_STR, I),
    F(5, max_delay, "MaxDelay", "max_delay", FT_DUR, I, .flags = FF_OPT),
    F(6, unlimited, "Unlimited", "unlimited", FT_TRI, I),
};
SCHEMA(reschedule_policy_schema, "ReschedulePolicy", reschedule_fields);
#undef S

#define S struct migrate_strategy
static const struct field migrate_fields[] = {
    F(1, max_parallel, "MaxParallel", "max_parallel", FT_INT, I, .flags = FF_OPT),
    F(2, health_check, "HealthCheck", "health_check", FT_STR, I),
    F(3, min_healthy_time, "MinHealthyTime", "min_healthy_time", FT_DUR, I, .flags = FF_OPT),
    F(4, healthy_deadline, "HealthyDeadline", "healthy_deadline", FT_DUR, I, .flags = FF_OPT),
};
SCHEMA(migrate_strategy_schema, "MigrateStrategy", migrate_fields);
#undef S

#define S struct disconnect_strategy
static const struct field disconnect_fields[] = {
    F(1, lost_after, "LostAfter", "lost_after", FT_DUR, I),
    F(2, stop_on_client_after, "StopOnClientAfter", "stop_on_client_after", FT_DUR, I,
      .flags = FF_OPT),
    F(3, replace, "Replace", "replace", FT_TRI, I, .def = "true"),
    F(4, reconcile, "Reconcile", "reconcile", FT_STR, I, .def = "best_score"),
};
SCHEMA(disconnect_schema, "DisconnectStrategy", disconnect_fields);
#undef S

#define S struct ephemeral_disk
static const struct field ephemeral_disk_fields[] = {
    F(1, sticky, "Sticky", "sticky", FT_BOOL, D),
    F(2, migrate, "Migrate", "migrate", FT_BOOL, D),
    F(3, size_mb, "SizeMB", "size", FT_INT, D, .def = "300"),
};
SCHEMA(ephemeral_disk_schema, "EphemeralDisk", ephemeral_disk_fields);
#undef S

#define S struct periodic_config
static const struct field periodic_fields[] = {
    F(1, enabled, "Enabled", "enabled", FT_BOOL, I, .def = "true"),
    F(2, spec, "Spec", "cron", FT_STR, I),
    F(3, specs, "Specs", "crons", FT_STRS, I),
    F(4, spec_type, "SpecType", NULL, FT_STR, I, .def = "cron"),
    F(5, prohibit_overlap, "ProhibitOverlap", "prohibit_overlap", FT_BOOL, I),
    F(6, time_zone, "TimeZone", "time_zone", FT_STR, I, .def = "UTC"),
};
SCHEMA(periodic_schema, "PeriodicConfig", periodic_fields);
#undef S

#define S struct parameterized_config
static const struct field parameterized_fields[] = {
    F(1, payload, "Payload", "payload", FT_STR, I, .def = "optional"),
    F(2, meta_required, "MetaRequired", "meta_required", FT_STRS, I),
    F(3, meta_optional, "MetaOptional", "meta_optional", FT_STRS, I),
};
SCHEMA(parameterized_schema, "ParameterizedJobConfig", parameterized_fields);
#undef S

#define S struct port
static const struct field port_fields[] = {
    F(1, label, "Label", NULL, FT_STR, D, .flags = FF_KEY | FF_LABEL),
    F(2, value, "Value", "static", FT_INT, D),
    F(3, to, "To", "to", FT_INT, D),
    F(4, host_network, "HostNetwork", "host_network", FT_STR, D, .def = "default"),
    F(5, ignore_collision, "IgnoreCollision", "ignore_collision", FT_BOOL, D),
};
SCHEMA(port_schema, "Port", port_fields);
#undef S

#define S struct dns_config
static const struct field dns_fields[] = {
    F(1, servers, "Servers", "servers", FT_STRS, D),
    F(2, searches, "Searches", "searches", FT_STRS, D),
    F(3, options, "Options", "options", FT_STRS, D),
};
SCHEMA(dns_schema, "DNSConfig", dns_fields);
#undef S

#define S struct cni_config
static const struct field cni_fields[] = {
    F(1, args, "Args", "args", FT_SMAP, D),
};
SCHEMA(cni_schema, "CNIConfig", cni_fields);
#undef S

#define S struct network_resource
static const struct field network_fields[] = {
    F(1, mode, "Mode", "mode", FT_STR, D),
    F(2, device, "Device", "device", FT_STR, D),
    F(3, cidr, "CIDR", "cidr", FT_STR, D),
    F(4, ip, "IP", "ip", FT_STR, D),
    F(5, hostname, "Hostname", "hostname", FT_STR, D),
    F(6, mbits, "MBits", "mbits", FT_INT, D),
    F(7, dns, "DNS", "dns", FT_OBJ, N, .flags = FF_BLOCK, .sub = &dns_schema),
    F(8, reserved_ports, "ReservedPorts", NULL, FT_OBJS, D, .sub = &port_schema),
    /* In job files every `port` is one block; jobspec sorts static ones into ReservedPorts. */
    F(9, dynamic_ports, "DynamicPorts", "port", FT_OBJS, D, .flags = FF_BLOCK, .sub = &port_schema),
    F(10, cni, "CNI", "cni", FT_OBJ, N, .flags = FF_BLOCK, .sub = &cni_schema),
};
SCHEMA(network_resource_schema, "NetworkResource", network_fields);
#undef S

#define S struct requested_device
static const struct field device_fields[] = {
    F(1, name, "Name", NULL, FT_STR, D, .flags = FF_KEY | FF_LABEL),
    F(2, count, "Count", "count", FT_INT, D, .def = "1"),
    F(3, constraints, "Constraints", "constraint", FT_OBJS, D, .flags = FF_BLOCK,
      .sub = &constraint_schema),
    F(4, affinities, "Affinities", "affinity", FT_OBJS, D, .flags = FF_BLOCK,
      .sub = &affinity_schema),
};
SCHEMA(requested_device_schema, "RequestedDevice", device_fields);
#undef S

#define S struct resources
static const struct field resources_fields[] = {
    /* cpu defaults to 100, or to 0 when cores are set: decided when canonicalizing. */
    F(1, cpu, "CPU", "cpu", FT_INT, D, .flags = FF_OPT),
    F(2, cores, "Cores", "cores", FT_INT, D),
    F(3, memory_mb, "MemoryMB", "memory", FT_INT, D, .def = "300"),
    F(4, memory_max_mb, "MemoryMaxMB", "memory_max", FT_INT, D),
    F(5, disk_mb, "DiskMB", "disk", FT_INT, D),
    F(6, iops, "IOPS", "iops", FT_INT, D),
    F(7, secrets_mb, "SecretsMB", "secrets", FT_INT, D),
    F(8, networks, "Networks", "network", FT_OBJS, N, .flags = FF_BLOCK,
      .sub = &network_resource_schema),
    F(9, devices, "Devices", "device", FT_OBJS, D, .flags = FF_BLOCK,
      .sub = &requested_device_schema),
};
SCHEMA(resources_schema, "Resources", resources_fields);
#undef S

#define S struct check_restart
static const struct field check_restart_fields[] = {
    F(1, limit, "Limit", "limit", FT_INT, I),
    F(2, grace, "Grace", "grace", FT_DUR, I, .def = "1s"),
    F(3, ignore_warnings, "IgnoreWarnings", "ignore_warnings", FT_BOOL, I),
};
SCHEMA(check_restart_schema, "CheckRestart", check_restart_fields);
#undef S

#define S struct service_check
static const struct field check_fields[] = {
    F(1, name, "Name", "name", FT_STR, I, .flags = FF_KEY),
    F(2, type, "Type", "type", FT_STR, I),
    F(3, command, "Command", "command", FT_STR, I),
    F(4, args, "Args", "args", FT_STRS, I),
    F(5, path, "Path", "path", FT_STR, I),
    F(6, protocol, "Protocol", "protocol", FT_STR, I),
    F(7, port_label, "PortLabel", "port", FT_STR, I),
    F(8, expose, "Expose", "expose", FT_STR, I),
    F(9, address_mode, "AddressMode", "address_mode", FT_STR, I),
    F(10, interval, "Interval", "interval", FT_DUR, I),
    F(11, timeout, "Timeout", "timeout", FT_DUR, I),
    F(12, initial_status, "InitialStatus", "initial_status", FT_STR, I),
    F(13, tls_skip_verify, "TLSSkipVerify", "tls_skip_verify", FT_BOOL, I),
    F(14, tls_server_name, "TLSServerName", "tls_server_name", FT_STR, I),
    F(15, method, "Method", "method", FT_STR, I),
    F(16, headers, "Header", "header", FT_VAL, I, .flags = FF_BLOCK),
    F(17, check_restart, "CheckRestart", "check_restart", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &check_restart_schema),
    F(18, grpc_service, "GRPCService", "grpc_service", FT_STR, I),
    F(19, grpc_use_tls, "GRPCUseTLS", "grpc_use_tls", FT_BOOL, I),
    F(20, task_name, "TaskName", "task", FT_STR, I),
    F(21, success_before_passing, "SuccessBeforePassing", "success_before_passing", FT_INT, I),
    F(22, failures_before_critical, "FailuresBeforeCritical", "failures_before_critical", FT_INT,
      I),
    F(23, failures_before_warning, "FailuresBeforeWarning", "failures_before_warning", FT_INT, I),
    F(24, body, "Body", "body", FT_STR, I),
    F(25, on_update, "OnUpdate", "on_update", FT_STR, I),
    F(26, advertise, "Advertise", "advertise", FT_STR, I),
    F(27, notes, "Notes", "notes", FT_STR, I),
};
SCHEMA(service_check_schema, "ServiceCheck", check_fields);
#undef S

#define S struct service_weights
static const struct field weights_fields[] = {
    F(1, passing, "Passing", "passing", FT_INT, I, .def = "1"),
    F(2, warning, "Warning", "warning", FT_INT, I, .def = "1"),
};
SCHEMA(weights_schema, "ServiceWeights", weights_fields);
#undef S

#define S struct service
static const struct field service_fields[] = {
    F(1, name, "Name", "name", FT_STR, I, .flags = FF_KEY),
    F(2, task_name, "TaskName", "task", FT_STR, I),
    F(3, port_label, "PortLabel", "port", FT_STR, I),
    F(4, address_mode, "AddressMode", "address_mode", FT_STR, I, .def = "auto"),
    F(5, address, "Address", "address", FT_STR, I),
    F(6, enable_tag_override, "EnableTagOverride", "enable_tag_override", FT_BOOL, I),
    F(7, tags, "Tags", "tags", FT_STRS, I),
    F(8, canary_tags, "CanaryTags", "canary_tags", FT_STRS, I),
    F(9, checks, "Checks", "check", FT_OBJS, I, .flags = FF_BLOCK, .sub = &service_check_schema),
    F(10, check_restart, "CheckRestart", "check_restart", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &check_restart_schema),
    F(11, meta, "Meta", "meta", FT_SMAP, I, .flags = FF_BLOCK),
    F(12, canary_meta, "CanaryMeta", "canary_meta", FT_SMAP, I, .flags = FF_BLOCK),
    F(13, tagged_addresses, "TaggedAddresses", "tagged_addresses", FT_SMAP, I, .flags = FF_BLOCK),
    F(14, ns, "Namespace", NULL, FT_STR, I),
    F(15, on_update, "OnUpdate", "on_update", FT_STR, I),
    F(16, provider, "Provider", "provider", FT_STR, I, .def = "consul"),
    F(17, kind, "Kind", "kind", FT_STR, I),
    F(18, cluster, "Cluster", "cluster", FT_STR, I),
    F(19, weights, "Weights", "weights", FT_OBJ, N, .flags = FF_BLOCK, .sub = &weights_schema),
};
SCHEMA(service_schema, "Service", service_fields);
#undef S

#define S struct mount_options
static const struct field mount_options_fields[] = {
    F(1, fs_type, "FSType", "fs_type", FT_STR, D),
    F(2, mount_flags, "MountFlags", "mount_flags", FT_STRS, D),
};
SCHEMA(mount_options_schema, "CSIMountOptions", mount_options_fields);
#undef S

#define S struct volume_request
static const struct field volume_fields[] = {
    F(1, name, "Name", NULL, FT_STR, D, .flags = FF_KEY | FF_LABEL),
    F(2, type, "Type", "type", FT_STR, D),
    F(3, source, "Source", "source", FT_STR, D),
    F(4, read_only, "ReadOnly", "read_only", FT_BOOL, D),
    F(5, sticky, "Sticky", "sticky", FT_BOOL, D),
    F(6, access_mode, "AccessMode", "access_mode", FT_STR, D),
    F(7, attachment_mode, "AttachmentMode", "attachment_mode", FT_STR, D),
    F(8, mount_options, "MountOptions", "mount_options", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &mount_options_schema),
    F(9, per_alloc, "PerAlloc", "per_alloc", FT_BOOL, D),
};
SCHEMA(volume_request_schema, "VolumeRequest", volume_fields);
#undef S

#define S struct volume_mount
static const struct field volume_mount_fields[] = {
    F(1, volume, "Volume", "volume", FT_STR, D, .flags = FF_KEY),
    F(2, destination, "Destination", "destination", FT_STR, D),
    F(3, read_only, "ReadOnly", "read_only", FT_BOOL, D),
    F(4, propagation_mode, "PropagationMode", "propagation_mode", FT_STR, D, .def = "private"),
    F(5, selinux_label, "SELinuxLabel", "selinux_label", FT_STR, D),
};
SCHEMA(volume_mount_schema, "VolumeMount", volume_mount_fields);
#undef S

#define S struct scaling_policy
static const struct field scaling_fields[] = {
    F(1, type, "Type", "type", FT_STR, I, .def = "horizontal"),
    F(2, enabled, "Enabled", "enabled", FT_BOOL, I, .def = "true"),
    F(3, min, "Min", "min", FT_INT, I, .flags = FF_OPT),
    F(4, max, "Max", "max", FT_INT, I),
    F(5, policy, "Policy", "policy", FT_VAL, I, .flags = FF_BLOCK),
};
SCHEMA(scaling_policy_schema, "ScalingPolicy", scaling_fields);
#undef S

#define S struct change_script
static const struct field change_script_fields[] = {
    F(1, command, "Command", "command", FT_STR, D),
    F(2, args, "Args", "args", FT_STRS, D),
    F(3, timeout, "Timeout", "timeout", FT_DUR, D, .def = "5s"),
    F(4, fail_on_error, "FailOnError", "fail_on_error", FT_BOOL, D),
    F(5, run_on_first_render, "RunOnFirstRender", "run_on_first_render", FT_BOOL, D),
};
SCHEMA(change_script_schema, "ChangeScript", change_script_fields);
#undef S

#define S struct wait_config
static const struct field wait_fields[] = {
    F(1, min, "Min", "min", FT_DUR, D, .flags = FF_OPT),
    F(2, max, "Max", "max", FT_DUR, D, .flags = FF_OPT),
};
SCHEMA(wait_schema, "WaitConfig", wait_fields);
#undef S

#define S struct template
static const struct field template_fields[] = {
    F(1, source, "SourcePath", "source", FT_STR, D),
    F(2, dest, "DestPath", "destination", FT_STR, D, .flags = FF_KEY),
    F(3, data, "EmbeddedTmpl", "data", FT_STR, D),
    F(4, change_mode, "ChangeMode", "change_mode", FT_STR, D, .def = "restart"),
    F(5, change_signal, "ChangeSignal", "change_signal", FT_STR, D),
    F(6, change_script, "ChangeScript", "change_script", FT_OBJ, N, .flags = FF_BLOCK,
      .sub = &change_script_schema),
    F(7, splay, "Splay", "splay", FT_DUR, D, .def = "5s"),
    F(8, perms, "Perms", "perms", FT_STR, D, .def = "0644"),
    F(9, uid, "Uid", "uid", FT_INT, D, .flags = FF_OPT),
    F(10, gid, "Gid", "gid", FT_INT, D, .flags = FF_OPT),
    F(11, left_delim, "LeftDelim", "left_delimiter", FT_STR, D, .def = "{{"),
    F(12, right_delim, "RightDelim", "right_delimiter", FT_STR, D, .def = "}}"),
    F(13, envvars, "Envvars", "env", FT_BOOL, D),
    F(14, wait, "Wait", "wait", FT_OBJ, N, .flags = FF_BLOCK, .sub = &wait_schema),
    F(15, once, "Once", "once", FT_BOOL, D),
    F(16, error_missing_key, "ErrMissingKey", "error_on_missing_key", FT_BOOL, D),
};
SCHEMA(template_schema, "Template", template_fields);
#undef S

#define S struct artifact
static const struct field artifact_fields[] = {
    F(1, source, "GetterSource", "source", FT_STR, D, .flags = FF_KEY),
    F(2, options, "GetterOptions", "options", FT_SMAP, D, .flags = FF_BLOCK),
    F(3, headers, "GetterHeaders", "headers", FT_SMAP, D, .flags = FF_BLOCK),
    F(4, mode, "GetterMode", "mode", FT_STR, D, .def = "any"),
    F(5, insecure, "GetterInsecure", "insecure", FT_BOOL, D),
    F(6, destination, "RelativeDest", "destination", FT_STR, D),
    F(7, chown, "Chown", "chown", FT_BOOL, D),
};
SCHEMA(artifact_schema, "TaskArtifact", artifact_fields);
#undef S

#define S struct log_config
static const struct field log_config_fields[] = {
    F(1, max_files, "MaxFiles", "max_files", FT_INT, I, .def = "10"),
    F(2, max_file_size_mb, "MaxFileSizeMB", "max_file_size", FT_INT, I, .def = "10"),
    F(3, disabled, "Disabled", "disabled", FT_BOOL, D),
};
SCHEMA(log_config_schema, "LogConfig", log_config_fields);
#undef S

#define S struct dispatch_payload
static const struct field dispatch_fields[] = {
    F(1, file, "File", "file", FT_STR, D),
};
SCHEMA(dispatch_payload_schema, "DispatchPayloadConfig", dispatch_fields);
#undef S

#define S struct lifecycle
static const struct field lifecycle_fields[] = {
    F(1, hook, "Hook", "hook", FT_STR, D),
    F(2, sidecar, "Sidecar", "sidecar", FT_BOOL, D),
};
SCHEMA(lifecycle_schema, "TaskLifecycleConfig", lifecycle_fields);
#undef S

#define S struct identity
static const struct field identity_fields[] = {
    F(1, name, "Name", "name", FT_STR, D, .flags = FF_KEY, .def = "default"),
    F(2, audience, "Audience", "aud", FT_STRS, D),
    F(3, env, "Env", "env", FT_BOOL, D),
    F(4, file, "File", "file", FT_BOOL, D),
    F(5, filepath, "Filepath", "filepath", FT_STR, D),
    F(6, change_mode, "ChangeMode", "change_mode", FT_STR, D),
    F(7, change_signal, "ChangeSignal", "change_signal", FT_STR, D),
    F(8, service_name, "ServiceName", "service_name", FT_STR, D),
    F(9, ttl, "TTL", "ttl", FT_DUR, D),
};
SCHEMA(identity_schema, "WorkloadIdentity", identity_fields);
#undef S

#define S struct action
static const struct field action_fields[] = {
    F(1, name, "Name", NULL, FT_STR, I, .flags = FF_KEY | FF_LABEL),
    F(2, command, "Command", "command", FT_STR, I),
    F(3, args, "Args", "args", FT_STRS, I),
};
SCHEMA(action_schema, "Action", action_fields);
#undef S

#define S struct ui_link
static const struct field ui_link_fields[] = {
    F(1, label, "Label", "label", FT_STR, I, .flags = FF_KEY),
    F(2, url, "URL", "url", FT_STR, I),
};
SCHEMA(ui_link_schema, "JobUILink", ui_link_fields);
#undef S

#define S struct ui_config
static const struct field ui_fields[] = {
    F(1, description, "Description", "description", FT_STR, I),
    F(2, links, "Links", "link", FT_OBJS, I, .flags = FF_BLOCK, .sub = &ui_link_schema),
};
SCHEMA(ui_schema, "JobUIConfig", ui_fields);
#undef S
