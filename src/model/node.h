// SPDX-License-Identifier: Apache-2.0
/* A client machine as the servers know it. Attribute names are Nomad's. */
#pragma once
#include "model/job.h"

enum node_status { NODE_INIT, NODE_READY, NODE_DOWN, NODE_DISCONNECTED, NODE_STATUS_MAX };

enum node_eligibility { NODE_ELIGIBLE, NODE_INELIGIBLE };

struct driver_info {
    struct smap attributes;
    bool detected, healthy;
    const char *health_description;
    nsec_t update_time;
};
struct node_cpu {
    int64_t shares; /* MHz in all */
    int64_t total_cores;
    struct ints reservable_cores;
};
struct node_memory {
    int64_t mb;
};
struct node_disk {
    int64_t mb;
};
struct node_resources {
    struct node_cpu *cpu;
    struct node_memory *memory;
    struct node_disk *disk;
    struct objs networks;      /* network_resource */
    struct objs node_networks; /* node_network */
    int64_t min_dynamic_port, max_dynamic_port;
};
struct node_address {
    const char *family, *alias, *address, *reserved_ports, *gateway;
};
struct node_network {
    const char *mode, *device, *mac;
    int64_t speed;         /* Mbit/s */
    struct objs addresses; /* node_address */
};
struct reserved_cpu {
    int64_t shares;
    struct ints cores;
};
struct reserved_networks {
    const char *host_ports; /* "22,80,8500-8600" */
};
struct reserved_resources {
    struct reserved_cpu *cpu;
    struct node_memory *memory;
    struct node_disk *disk;
    struct reserved_networks *networks;
};
struct drain_strategy {
    nsec_t deadline;
    bool ignore_system_jobs;
    nsec_t force_deadline, started_at; /* wall clock */
};
struct node_event {
    const char *message, *subsystem;
    struct smap details;
    nsec_t timestamp;
    uint64_t create_index;
};
struct host_volume {
    const char *name, *path;
    bool read_only;
};

struct node {
    struct uuid id, secret_id;
    const char *datacenter, *name, *http_addr, *node_class, *node_pool, *computed_class;
    bool tls_enabled;
    struct smap attributes, links, meta;
    struct node_resources *resources;
    struct reserved_resources *reserved;
    struct drain_strategy *drain;
    int32_t eligibility; /* enum node_eligibility */
    int32_t status;      /* enum node_status */
    const char *status_description;
    int64_t status_updated_at; /* seconds since 1970 */
    struct objs events;        /* node_event, the last ten */
    struct omap drivers;       /* driver_info by name */
    struct omap host_volumes;  /* host_volume by name */
    uint64_t create_index, modify_index;
};

extern const struct enum_def node_status_texts, node_eligibility_texts;
extern const struct schema node_schema, driver_info_schema, node_resources_schema, node_cpu_schema,
    node_memory_schema, node_disk_schema, node_network_schema, node_address_schema,
    reserved_resources_schema, reserved_cpu_schema, reserved_networks_schema, drain_strategy_schema,
    node_event_schema, host_volume_schema;

static inline bool node_is_ready(const struct node *n)
{
    return n->status == NODE_READY && !n->drain && n->eligibility == NODE_ELIGIBLE;
}
/* Capacity less reserve: what allocations may use. */
struct capacity {
    int64_t cpu, memory_mb, disk_mb;
};
struct capacity node_capacity(const struct node *n);
/* Hash of datacenter, pool, class, attributes, meta, drivers without the `unique.` keys, as text.
 */
const char *node_computed_class(struct arena *a, const struct node *n);
