// SPDX-License-Identifier: Apache-2.0
#include "model/node.h"

#include "base/hash.h"
#include "model/table.h"

#define B CHG_NONE

static const char *const status_texts[] = {
    [NODE_INIT] = "initializing",
    [NODE_READY] = "ready",
    [NODE_DOWN] = "down",
    [NODE_DISCONNECTED] = "disconnected",
};
const struct enum_def node_status_texts = {status_texts, ARRAY_LEN(status_texts)};

#define S struct driver_info
static const struct field driver_info_fields[] = {
    F(1, attributes, "Attributes", NULL, FT_SMAP, B),
    F(2, detected, "Detected", NULL, FT_BOOL, B),
    F(3, healthy, "Healthy", NULL, FT_BOOL, B),
    F(4, health_description, "HealthDescription", NULL, FT_STR, B),
    F(5, update_time, "UpdateTime", NULL, FT_TIME, B),
};
SCHEMA(driver_info_schema, "DriverInfo", driver_info_fields);
#undef S

#define S struct node_cpu
static const struct field node_cpu_fields[] = {
    F(1, shares, "CpuShares", NULL, FT_INT, B),
    F(2, total_cores, "TotalCpuCores", NULL, FT_INT, B),
    F(3, reservable_cores, "ReservableCpuCores", NULL, FT_INTS, B),
};
SCHEMA(node_cpu_schema, "NodeCpuResources", node_cpu_fields);
#undef S

#define S struct node_memory
static const struct field node_memory_fields[] = {
    F(1, mb, "MemoryMB", NULL, FT_INT, B),
};
SCHEMA(node_memory_schema, "NodeMemoryResources", node_memory_fields);
#undef S

#define S struct node_disk
static const struct field node_disk_fields[] = {
    F(1, mb, "DiskMB", NULL, FT_INT, B),
};
SCHEMA(node_disk_schema, "NodeDiskResources", node_disk_fields);
#undef S

#define S struct node_address
static const struct field node_address_fields[] = {
    F(1, family, "Family", NULL, FT_STR, B),
    F(2, alias, "Alias", NULL, FT_STR, B),
    F(3, address, "Address", NULL, FT_STR, B),
    F(4, reserved_ports, "ReservedPorts", NULL, FT_STR, B),
    F(5, gateway, "Gateway", NULL, FT_STR, B),
};
SCHEMA(node_address_schema, "NodeNetworkAddress", node_address_fields);
#undef S

#define S struct node_network
static const struct field node_network_fields[] = {
    F(1, mode, "Mode", NULL, FT_STR, B),
    F(2, device, "Device", NULL, FT_STR, B),
    F(3, mac, "MacAddress", NULL, FT_STR, B),
    F(4, speed, "Speed", NULL, FT_INT, B),
    F(5, addresses, "Addresses", NULL, FT_OBJS, B, .sub = &node_address_schema),
};
SCHEMA(node_network_schema, "NodeNetworkResource", node_network_fields);
#undef S

#define S struct node_resources
static const struct field node_resources_fields[] = {
    F(1, cpu, "Cpu", NULL, FT_OBJ, B, .sub = &node_cpu_schema),
    F(2, memory, "Memory", NULL, FT_OBJ, B, .sub = &node_memory_schema),
    F(3, disk, "Disk", NULL, FT_OBJ, B, .sub = &node_disk_schema),
    F(4, networks, "Networks", NULL, FT_OBJS, B, .sub = &network_resource_schema),
    F(5, node_networks, "NodeNetworks", NULL, FT_OBJS, B, .sub = &node_network_schema),
    F(6, min_dynamic_port, "MinDynamicPort", NULL, FT_INT, B, .def = "20000"),
    F(7, max_dynamic_port, "MaxDynamicPort", NULL, FT_INT, B, .def = "32000"),
};
SCHEMA(node_resources_schema, "NodeResources", node_resources_fields);
#undef S

#define S struct reserved_cpu
static const struct field reserved_cpu_fields[] = {
    F(1, shares, "CpuShares", NULL, FT_INT, B),
    F(2, cores, "ReservedCpuCores", NULL, FT_INTS, B),
};
SCHEMA(reserved_cpu_schema, "NodeReservedCpuResources", reserved_cpu_fields);
#undef S

#define S struct reserved_networks
static const struct field reserved_networks_fields[] = {
    F(1, host_ports, "ReservedHostPorts", NULL, FT_STR, B),
};
SCHEMA(reserved_networks_schema, "NodeReservedNetworkResources", reserved_networks_fields);
#undef S

#define S struct reserved_resources
static const struct field reserved_fields[] = {
    F(1, cpu, "Cpu", NULL, FT_OBJ, B, .sub = &reserved_cpu_schema),
    F(2, memory, "Memory", NULL, FT_OBJ, B, .sub = &node_memory_schema),
    F(3, disk, "Disk", NULL, FT_OBJ, B, .sub = &node_disk_schema),
    F(4, networks, "Networks", NULL, FT_OBJ, B, .sub = &reserved_networks_schema),
};
SCHEMA(reserved_resources_schema, "NodeReservedResources", reserved_fields);
#undef S

#define S struct drain_strategy
static const struct field drain_fields[] = {
    F(1, deadline, "Deadline", NULL, FT_DUR, B),
    F(2, ignore_system_jobs, "IgnoreSystemJobs", NULL, FT_BOOL, B),
    F(3, force_deadline, "ForceDeadline", NULL, FT_TIME, B),
    F(4, started_at, "StartedAt", NULL, FT_TIME, B),
};
SCHEMA(drain_strategy_schema, "DrainStrategy", drain_fields);
#undef S

#define S struct node_event
static const struct field node_event_fields[] = {
    F(1, message, "Message", NULL, FT_STR, B),
    F(2, subsystem, "Subsystem", NULL, FT_STR, B),
    F(3, details, "Details", NULL, FT_SMAP, B),
    F(4, timestamp, "Timestamp", NULL, FT_TIME, B),
    F(5, create_index, "CreateIndex", NULL, FT_UINT, B),
};
SCHEMA(node_event_schema, "NodeEvent", node_event_fields);
#undef S

#define S struct host_volume
static const struct field host_volume_fields[] = {
    F(1, name, "Name", NULL, FT_STR, B),
    F(2, path, "Path", NULL, FT_STR, B),
    F(3, read_only, "ReadOnly", NULL, FT_BOOL, B),
};
SCHEMA(host_volume_schema, "ClientHostVolumeConfig", host_volume_fields);
#undef S

static const char *const eligibility_texts[] = {"eligible", "ineligible"};
const struct enum_def node_eligibility_texts = {eligibility_texts, ARRAY_LEN(eligibility_texts)};

#define S struct node
static const struct field node_fields[] = {
    F(1, id, "ID", NULL, FT_UUID, B),
    F(2, secret_id, "SecretID", NULL, FT_UUID, B, .flags = FF_SECRET),
    F(3, datacenter, "Datacenter", NULL, FT_STR, B),
    F(4, name, "Name", NULL, FT_STR, B),
    F(5, http_addr, "HTTPAddr", NULL, FT_STR, B),
    F(6, tls_enabled, "TLSEnabled", NULL, FT_BOOL, B),
    F(7, attributes, "Attributes", NULL, FT_SMAP, B),
    F(8, resources, "NodeResources", NULL, FT_OBJ, B, .sub = &node_resources_schema),
    F(9, reserved, "ReservedResources", NULL, FT_OBJ, B, .sub = &reserved_resources_schema),
    F(10, links, "Links", NULL, FT_SMAP, B),
    F(11, meta, "Meta", NULL, FT_SMAP, B),
    F(12, node_class, "NodeClass", NULL, FT_STR, B),
    F(13, node_pool, "NodePool", NULL, FT_STR, B, .def = "default"),
    F(14, computed_class, "ComputedClass", NULL, FT_STR, B),
    F(15, drain, "DrainStrategy", NULL, FT_OBJ, B, .sub = &drain_strategy_schema),
    F(16, eligibility, "SchedulingEligibility", NULL, FT_ENUM, B, .texts = &node_eligibility_texts),
    F(17, status, "Status", NULL, FT_ENUM, B, .texts = &node_status_texts),
    F(18, status_description, "StatusDescription", NULL, FT_STR, B),
    F(19, status_updated_at, "StatusUpdatedAt", NULL, FT_INT, B),
    F(20, events, "Events", NULL, FT_OBJS, B, .sub = &node_event_schema),
    F(21, drivers, "Drivers", NULL, FT_OMAP, B, .sub = &driver_info_schema),
    F(22, host_volumes, "HostVolumes", NULL, FT_OMAP, B, .sub = &host_volume_schema),
    F(23, create_index, "CreateIndex", NULL, FT_UINT, B),
    F(24, modify_index, "ModifyIndex", NULL, FT_UINT, B),
};
SCHEMA(node_schema, "Node", node_fields);
#undef S

struct capacity node_capacity(const struct node *n)
{
    struct capacity c = {0};
    const struct node_resources *r = n->resources;
    const struct reserved_resources *v = n->reserved;
    if (r && r->cpu)
        c.cpu = r->cpu->shares;
    if (r && r->memory)
        c.memory_mb = r->memory->mb;
    if (r && r->disk)
        c.disk_mb = r->disk->mb;
    if (v && v->cpu)
        c.cpu -= v->cpu->shares;
    if (v && v->memory)
        c.memory_mb -= v->memory->mb;
    if (v && v->disk)
        c.disk_mb -= v->disk->mb;
    return c;
}

static uint64_t hash_text(const char *z, uint64_t h)
{
    return hash_bytes(nonull(z), strlen(nonull(z)) + 1, h);
}

static uint64_t hash_smap(const struct smap *m, uint64_t h)
{
    for (size_t i = 0; i < m->n; i++)
        if (!has_prefix(m->items[i].key, "unique."))
            h = hash_text(m->items[i].value, hash_text(m->items[i].key, h));
    return hash_text("\n", h);
}

const char *node_computed_class(struct arena *a, const struct node *n)
{
    uint64_t h = hash_text(n->node_class, hash_text(n->node_pool, hash_text(n->datacenter, 1)));
    h = hash_smap(&n->meta, hash_smap(&n->attributes, h));
    for (size_t i = 0; i < n->drivers.n; i++) {
        const struct driver_info *d = n->drivers.items[i].value;
        h = hash_text(d->detected && d->healthy ? "1" : "0", hash_text(n->drivers.items[i].key, h));
        h = hash_smap(&d->attributes, h);
    }
    for (size_t i = 0; i < n->host_volumes.n; i++)
        h = hash_text(n->host_volumes.items[i].key, h);
    return arena_printf(a, "v1:%llu", (unsigned long long)h);
}
