// SPDX-License-Identifier: Apache-2.0
/* Agent configuration: files (HCL; directories in lexical order), then flags. Names and defaults
 * are Nomad's. A setting that is not known or not supported is refused with its place, never
 * ignored. */
#pragma once
#include "base/err.h"
#include "model/node.h"

/* Of -dev where nothing else is said; removed at the end. */
#define DEV_DATA_DIR "/var/lib/nomad-dev"

struct ports_config {
    int64_t http, rpc, serf;
};
struct addresses_config {
    const char *http, *rpc, *serf;
};
struct server_config {
    bool enabled;
    int64_t bootstrap_expect;
    nsec_t heartbeat_grace, min_heartbeat_ttl;
};
struct reserved_config {
    int64_t cpu, memory, disk;
    const char *reserved_ports;
};
struct client_section {
    bool enabled;
    const char *alloc_dir, *node_class, *node_pool, *network_interface;
    int64_t network_speed, cpu_total_compute, memory_total_mb;
    struct smap meta, options;
    struct reserved_config *reserved;
};
struct plugin_config {
    const char *name;
    struct val config;
};

struct agent_config {
    const char *region, *datacenter, *name, *data_dir, *bind_addr, *log_level;
    bool enable_debug, leave_on_interrupt, leave_on_terminate, disable_update_check;
    struct ports_config *ports;
    struct addresses_config *addresses, *advertise;
    struct server_config *server;
    struct client_section *client;
    struct objs plugins; /* plugin_config */
    /* Not from files. */
    bool dev;
    struct strs loaded; /* the files read, in order */
};

extern const struct schema agent_config_schema;

/* Reads one file or the *.hcl of a directory over what `c` holds already: scalars win, maps are
 * merged, blocks merge field by field. A *.json is refused: it is not read yet. */
int agent_config_read(struct arena *a, struct agent_config *c, const char *path, struct err *err);
/* Makes the blocks that no file held, so that flags have where to go. -ENOMEM. */
int agent_config_prepare(struct arena *a, struct agent_config *c);
/* Fills what is left (host name, dev mode's settings) and checks it. */
int agent_config_finish(struct arena *a, struct agent_config *c, struct err *err);
