// SPDX-License-Identifier: Apache-2.0
#include "agent/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "jobspec/decode.h"
#include "model/table.h"

#define B CHG_NONE

#define S struct ports_config
static const struct field ports_fields[] = {
    F(1, http, "HTTP", "http", FT_INT, B, .def = "4646"),
    F(2, rpc, "RPC", "rpc", FT_INT, B, .def = "4647"),
    F(3, serf, "Serf", "serf", FT_INT, B, .def = "4648"),
};
static SCHEMA(ports_schema, "Ports", ports_fields);
#undef S

#define S struct addresses_config
static const struct field addresses_fields[] = {
    F(1, http, "HTTP", "http", FT_STR, B),
    F(2, rpc, "RPC", "rpc", FT_STR, B),
    F(3, serf, "Serf", "serf", FT_STR, B),
};
static SCHEMA(addresses_schema, "Addresses", addresses_fields);
#undef S

#define S struct server_config
static const struct field server_fields[] = {
    F(1, enabled, "Enabled", "enabled", FT_BOOL, B),
    F(2, bootstrap_expect, "BootstrapExpect", "bootstrap_expect", FT_INT, B),
    F(3, heartbeat_grace, "HeartbeatGrace", "heartbeat_grace", FT_DUR, B, .def = "10s"),
    F(4, min_heartbeat_ttl, "MinHeartbeatTTL", "min_heartbeat_ttl", FT_DUR, B, .def = "10s"),
};
static SCHEMA(server_config_schema, "ServerConfig", server_fields);
#undef S

#define S struct reserved_config
static const struct field reserved_fields[] = {
    F(1, cpu, "CPU", "cpu", FT_INT, B),
    F(2, memory, "MemoryMB", "memory", FT_INT, B),
    F(3, disk, "DiskMB", "disk", FT_INT, B),
    F(4, reserved_ports, "ReservedPorts", "reserved_ports", FT_STR, B),
};
static SCHEMA(reserved_config_schema, "Resources", reserved_fields);
#undef S

#define S struct client_section
static const struct field client_fields[] = {
    F(1, enabled, "Enabled", "enabled", FT_BOOL, B),
    F(2, alloc_dir, "AllocDir", "alloc_dir", FT_STR, B),
    F(3, node_class, "NodeClass", "node_class", FT_STR, B),
    F(4, node_pool, "NodePool", "node_pool", FT_STR, B, .def = "default"),
    F(5, network_interface, "NetworkInterface", "network_interface", FT_STR, B),
    F(6, network_speed, "NetworkSpeed", "network_speed", FT_INT, B),
    F(7, cpu_total_compute, "CpuCompute", "cpu_total_compute", FT_INT, B),
    F(8, memory_total_mb, "MemoryMB", "memory_total_mb", FT_INT, B),
    F(9, meta, "Meta", "meta", FT_SMAP, B, .flags = FF_BLOCK),
    F(10, options, "Options", "options", FT_SMAP, B, .flags = FF_BLOCK),
    F(11, reserved, "Reserved", "reserved", FT_OBJ, B, .flags = FF_BLOCK,
      .sub = &reserved_config_schema),
};
static SCHEMA(client_section_schema, "ClientConfig", client_fields);
#undef S

#define S struct plugin_config
static const struct field plugin_fields[] = {
    F(1, name, "Name", NULL, FT_STR, B, .flags = FF_LABEL | FF_KEY),
    F(2, config, "Config", "config", FT_VAL, B, .flags = FF_BLOCK),
};
static SCHEMA(plugin_config_schema, "PluginConfig", plugin_fields);
#undef S

#define S struct agent_config
static const struct field agent_fields[] = {
    F(1, region, "Region", "region", FT_STR, B, .def = "global"),
    F(2, datacenter, "Datacenter", "datacenter", FT_STR, B, .def = "dc1"),
    F(3, name, "NodeName", "name", FT_STR, B),
    F(4, data_dir, "DataDir", "data_dir", FT_STR, B),
    F(5, bind_addr, "BindAddr", "bind_addr", FT_STR, B, .def = "127.0.0.1"),
    F(6, log_level, "LogLevel", "log_level", FT_STR, B, .def = "INFO"),
    F(7, enable_debug, "EnableDebug", "enable_debug", FT_BOOL, B),
    F(8, leave_on_interrupt, "LeaveOnInt", "leave_on_interrupt", FT_BOOL, B),
    F(9, leave_on_terminate, "LeaveOnTerm", "leave_on_terminate", FT_BOOL, B),
    F(10, disable_update_check, "DisableUpdateCheck", "disable_update_check", FT_BOOL, B),
    F(11, ports, "Ports", "ports", FT_OBJ, B, .flags = FF_BLOCK, .sub = &ports_schema),
    F(12, addresses, "Addresses", "addresses", FT_OBJ, B, .flags = FF_BLOCK,
      .sub = &addresses_schema),
    F(13, advertise, "AdvertiseAddrs", "advertise", FT_OBJ, B, .flags = FF_BLOCK,
      .sub = &addresses_schema),
    F(14, server, "Server", "server", FT_OBJ, B, .flags = FF_BLOCK, .sub = &server_config_schema),
    F(15, client, "Client", "client", FT_OBJ, B, .flags = FF_BLOCK, .sub = &client_section_schema),
    F(16, plugins, "Plugins", "plugin", FT_OBJS, B, .flags = FF_BLOCK,
      .sub = &plugin_config_schema),
    F(17, dev, "DevMode", NULL, FT_BOOL, B),
    F(18, loaded, "Files", NULL, FT_STRS, B),
};
SCHEMA(agent_config_schema, "Config", agent_fields);
#undef S

static int read_file(struct arena *a, const char *path, struct str *ret, struct err *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct buf b = {0};
    if (fd < 0)
        return err_errno(err, -errno, "%s", path);
    for (;;) {
        char *to = buf_reserve(&b, 65536);
        ssize_t n = to ? read(fd, to, 65536) : -1;
        if (n < 0 || b.n > HCL_SOURCE_MAX) {
            int r = !to ? -ENOMEM : n < 0 ? -errno : -EFBIG;
            buf_free(&b);
            return err_errno(err, r, "%s", path);
        }
        if (n == 0)
            break;
        b.n += (size_t)n;
    }
    *ret = str_n(arena_strndup(a, nonull(b.p), b.n), b.n);
    buf_free(&b);
    return ret->p ? 0 : -ENOMEM;
}

/* Blocks that several files may hold: decoded onto the object that is there already, so a partial
 * block keeps what was set before. */
static int read_over(struct decode *d, const struct schema *s, const struct hcl_body *body,
                     void *obj)
{
    for (size_t i = 0; i < body->n_blocks; i++)
        for (size_t k = 0; k < s->n_fields; k++) {
            const struct field *f = &s->fields[k];
            void **p = field_ptr(f, obj);
            if (f->type != FT_OBJ || !f->hcl || !str_eqz(body->blocks[i].type, f->hcl) || !*p)
                continue;
            if (body->blocks[i].n_labels)
                return hcl_error(d->err, body->blocks[i].labels[0].range, "%s takes no label",
                                 f->hcl);
            int r = read_over(d, f->sub, body->blocks[i].body, *p);
            if (r < 0)
                return r;
            body->blocks[i].type.n = 0; /* done */
        }
    struct hcl_body rest = *body;
    rest.blocks = arena_array(d->arena, struct hcl_block, body->n_blocks);
    rest.n_blocks = 0;
    if (!rest.blocks)
        return -ENOMEM;
    for (size_t i = 0; i < body->n_blocks; i++)
        if (body->blocks[i].type.n)
            rest.blocks[rest.n_blocks++] = body->blocks[i];
    return decode_body(d, s, &rest, obj);
}

static int read_hcl(struct arena *a, struct agent_config *c, const char *path, struct err *err)
{
    struct hcl_body *root;
    struct str text;
    struct hcl_options opts = {0};
    struct decode d = {.arena = a, .err = err};
    if (has_suffix(path, ".json"))
        return err_set(err, -EOPNOTSUPP,
                       "%s: not supported yet: configuration as JSON; write it as HCL", path);
    int r = read_file(a, path, &text, err);
    if (r < 0)
        return r;
    if ((r = hcl_parse(a, path, text, &root, err)) < 0 ||
        (r = hcl_load_variables(a, NULL, &opts, &d.ctx, err)) < 0 ||
        (r = read_over(&d, &agent_config_schema, root, c)) < 0)
        return r;
    return strs_add(a, &c->loaded, arena_strdup(a, path));
}

static int by_name(const struct dirent **x, const struct dirent **y)
{
    return strcmp((*x)->d_name, (*y)->d_name);
}

static int is_config(const struct dirent *e)
{
    return e->d_name[0] != '.' && (has_suffix(e->d_name, ".hcl") || has_suffix(e->d_name, ".json"));
}

int agent_config_read(struct arena *a, struct agent_config *c, const char *path, struct err *err)
{
    struct stat st;
    struct dirent **names;
    int r = 0;
    if (stat(path, &st) < 0)
        return err_errno(err, -errno, "%s", path);
    if (!S_ISDIR(st.st_mode))
        return read_hcl(a, c, path, err);
    int n = scandir(path, &names, is_config, by_name);
    if (n < 0)
        return err_errno(err, -errno, "%s", path);
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = read_hcl(a, c, arena_printf(a, "%s/%s", path, names[i]->d_name), err);
        free(names[i]);
    }
    free(names);
    return r;
}

static int need(const struct schema *s, struct arena *a, void *p)
{
    void **obj = p;
    if (!*obj)
        *obj = model_new(s, a);
    return *obj ? 0 : -ENOMEM;
}

static bool port_ok(int64_t port)
{
    return port >= 0 && port <= 65535;
}

int agent_config_prepare(struct arena *a, struct agent_config *c)
{
    if (need(&ports_schema, a, &c->ports) < 0 || need(&addresses_schema, a, &c->addresses) < 0 ||
        need(&addresses_schema, a, &c->advertise) < 0 ||
        need(&server_config_schema, a, &c->server) < 0 ||
        need(&client_section_schema, a, &c->client) < 0)
        return -ENOMEM;
    return 0;
}

int agent_config_finish(struct arena *a, struct agent_config *c, struct err *err)
{
    char host[256];
    if (c->dev) {
        c->server->enabled = c->client->enabled = true;
        if (isempty(c->data_dir))
            c->data_dir = DEV_DATA_DIR;
    }
    if (isempty(c->name))
        c->name = gethostname(host, sizeof(host)) == 0 ? arena_strdup(a, host) : "localhost";
    if (log_level_parse(c->log_level) < 0)
        return err_set(err, -EINVAL,
                       "log_level \"%s\" is not known (TRACE, DEBUG, INFO, WARN, ERROR)",
                       c->log_level);
    if (isempty(c->data_dir))
        return err_set(err, -EINVAL,
                       "Must specify \"data_dir\" config option or \"data-dir\" CLI flag");
    if (c->data_dir[0] != '/')
        return err_set(err, -EINVAL, "data_dir \"%s\" must be an absolute path", c->data_dir);
    if (!c->server->enabled && !c->client->enabled)
        return err_set(err, -EINVAL,
                       "Must specify either server, client or dev mode for the agent.");
    if (!c->server->enabled)
        return err_set(err, -EINVAL,
                       "not supported yet: a client without a server in the same agent");
    if (c->server->bootstrap_expect > 1)
        return err_set(err, -EINVAL, "not supported yet: bootstrap_expect = %lld (one server only)",
                       (long long)c->server->bootstrap_expect);
    if (!port_ok(c->ports->http) || !port_ok(c->ports->rpc) || !port_ok(c->ports->serf))
        return err_set(err, -EINVAL, "ports must be within 0 and 65535");
    return 0;
}
