// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "agent/parts.h"
#include "base/log.h"
#include "jobspec/jobspec.h"

static int mkdir_parents(const char *dir, mode_t mode)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            if (mkdir(path, mode) < 0 && errno != EEXIST)
                return -errno;
            *p = '/';
        }
    return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* Two agents on one directory would each undo the other's work. */
static int lock_data_dir(struct agent *a, struct err *err)
{
    const char *dir = a->config->data_dir;
    char path[PATH_MAX];
    int r = mkdir_parents(dir, 0755);
    if (r < 0)
        return err_errno(err, r, "data_dir %s", dir);
    snprintf(path, sizeof(path), "%s/agent.lock", dir);
    a->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (a->lock_fd < 0)
        return err_errno(err, -errno, "%s", path);
    if (flock(a->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK
                   ? err_set(err, -EBUSY, "another agent is running on data_dir %s", dir)
                   : err_errno(err, -errno, "%s", path);
    return 0;
}

/* Our helper programs: beside the binary when installed or built, else the package's directory. */
static const char *find_helper(struct arena *a, const char *subdir, const char *name)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    exe[n < 0 ? 0 : n] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash)
        *slash = '\0';
    const char *candidates[] = {
        arena_printf(a, "%s/%s", exe, name),
        arena_printf(a, "%s/src/%s/%s", exe, subdir, name),
        arena_printf(a, "%s/../libexec/nomad/%s", exe, name),
        arena_printf(a, "/usr/libexec/nomad/%s", name),
        arena_printf(a, "/usr/lib/nomad/%s", name),
    };
    for (size_t i = 0; i < ARRAY_LEN(candidates); i++)
        if (candidates[i] && access(candidates[i], X_OK) == 0)
            return candidates[i];
    return NULL;
}

static const char *self_path(struct arena *a)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    return n > 0 ? arena_strndup(a, exe, (size_t)n) : NULL;
}

static bool raw_exec_enabled(const struct agent_config *c)
{
    const char *opt = smap_get(&c->client->options, "driver.raw_exec.enable");
    bool enabled = c->dev || (opt && (streq(opt, "1") || streq(opt, "true")));
    /* A later file wins, also when it takes the permission away. */
    OBJS_FOR(struct plugin_config, p, c->plugins)
    {
        const struct val *on =
            streq(p->name, "raw_exec") ? val_get(p->config, str_of("enabled")) : NULL;
        if (on && on->type == VAL_BOOL)
            enabled = on->b;
    }
    return enabled;
}

static int fill_reserved(struct arena *a, const struct reserved_config *r,
                         struct reserved_resources **ret)
{
    struct reserved_resources *v = model_new(&reserved_resources_schema, a);
    if (!v || !(v->cpu = model_new(&reserved_cpu_schema, a)) ||
        !(v->memory = model_new(&node_memory_schema, a)) ||
        !(v->disk = model_new(&node_disk_schema, a)) ||
        !(v->networks = model_new(&reserved_networks_schema, a)))
        return -ENOMEM;
    if (r) {
        v->cpu->shares = r->cpu;
        v->memory->mb = r->memory;
        v->disk->mb = r->disk;
        v->networks->host_ports = r->reserved_ports;
    }
    *ret = v;
    return 0;
}

static int start_client(struct agent *a, struct err *err)
{
    const struct agent_config *c = a->config;
    struct client_config cc = {
        .data_dir = c->data_dir,
        .alloc_dir = c->client->alloc_dir,
        .region = c->region,
        .datacenter = c->datacenter,
        .node_name = c->name,
        .node_class = c->client->node_class,
        .node_pool = c->client->node_pool,
        .http_addr = a->http_addr,
        .version = NOMAD_VERSION,
        .network_interface = c->client->network_interface,
        .network_speed = c->client->network_speed,
        .cpu_total_compute = c->client->cpu_total_compute,
        .memory_total_mb = c->client->memory_total_mb,
        .meta = c->client->meta,
        .options = c->client->options,
        .launcher = find_helper(a->arena, "launcher", "nomad-launcher"),
        .relay = find_helper(a->arena, "relay", "nomad-relay"),
        .self = self_path(a->arena),
        .dev = c->dev,
        .host = {.root = "",
                 .systemd = access("/run/systemd/system", F_OK) == 0,
                 .is_root = geteuid() == 0,
                 .raw_exec_enabled = raw_exec_enabled(c)},
    };
    if (fill_reserved(a->arena, c->client->reserved, &cc.reserved) < 0)
        return -ENOMEM;
    if (!cc.launcher || !cc.relay)
        return err_set(err, -ENOENT,
                       "the helper program %s is not beside this binary nor in "
                       "/usr/libexec/nomad",
                       cc.launcher ? "nomad-relay" : "nomad-launcher");
    if (!cc.host.systemd)
        log_warn("agent",
                 "PID 1 of this host is not systemd: drivers that need units are not offered");
    int r = client_create(a->loop, a->rpc, &cc, &a->client, err);
    if (r < 0)
        return r;
    client_register_methods(a->client);
    return client_start(a->client, err);
}

static int start_server(struct agent *a, struct err *err)
{
    const struct agent_config *c = a->config;
    struct server_options so = {
        .region = c->region,
        .datacenter = c->datacenter,
        .name = c->name,
        .data_dir = c->dev ? NULL : arena_printf(a->arena, "%s/server", c->data_dir),
        .rpc_addr = a->rpc_addr,
        .heartbeat_ttl = c->server->min_heartbeat_ttl,
        .heartbeat_grace = c->server->heartbeat_grace,
        .version = NOMAD_VERSION,
    };
    int r = so.data_dir ? mkdir_parents(so.data_dir, 0700) : 0;
    if (r < 0)
        return err_errno(err, r, "%s", so.data_dir);
    return server_new(a->loop, a->rpc, &so, &a->server, err);
}

/* /v1/jobs/parse: the request's text, never the server's files or environment. */
static int parse_job(struct arena *m, struct str hcl, const char *variables, bool canonicalize,
                     struct job **ret, struct err *err)
{
    struct hcl_var_file file = {"variables", str_of(variables)};
    struct hcl_options opts = {.var_files = &file, .n_var_files = variables ? 1 : 0};
    int r = jobspec_parse_hcl(m, "job.nomad", hcl, &opts, ret, err);
    return r == 0 && canonicalize ? job_canonicalize(m, *ret) : r;
}

static int start_http(struct agent *a, struct err *err)
{
    const struct agent_config *c = a->config;
    struct http_config hc = {
        .address = isempty(c->addresses->http) ? c->bind_addr : c->addresses->http,
        .port = (uint16_t)c->ports->http,
        .api = {.rpc = a->rpc, .region = c->region, .routes = http_routes, .parse_job = parse_job},
    };
    a->http = http_server_start(a->loop, &hc, err);
    return a->http ? 0 : -EADDRINUSE;
}

static bool is_loopback(const char *address)
{
    return has_prefix(address, "127.") || streq(address, "::1");
}

int agent_start(uv_loop_t *loop, const struct agent_config *c, struct agent **ret, struct err *err)
{
    struct agent *a = calloc(1, sizeof(*a));
    const char *http = isempty(c->addresses->http) ? c->bind_addr : c->addresses->http;
    int r;
    if (!a || !(a->arena = arena_new(0)) || !(a->rpc = rpc_table_new(loop)))
        return err_set(err, -ENOMEM, "out of memory");
    *a = (struct agent){.loop = loop, .config = c, .arena = a->arena, .rpc = a->rpc, .lock_fd = -1};
    *ret = a; /* half-built: the caller frees it on error too */
    a->started = now_mono();
    a->http_addr = arena_printf(a->arena, "%s:%lld", http, (long long)c->ports->http);
    a->rpc_addr = arena_printf(a->arena, "%s:%lld", c->bind_addr, (long long)c->ports->rpc);
    if (!is_loopback(http))
        log_warn("agent",
                 "the HTTP API on %s has neither TLS nor ACLs yet: whoever reaches it can run "
                 "programs as root here",
                 a->http_addr);
    if ((r = lock_data_dir(a, err)) < 0 || (r = start_server(a, err)) < 0)
        return r;
    agent_register_methods(a);
    if (c->client->enabled && (r = start_client(a, err)) < 0)
        return err_wrap(err, r, "starting the client");
    if ((r = start_http(a, err)) < 0)
        return err_wrap(err, r, "starting the HTTP server");
    return notify_watchdog_start(loop, &a->watchdog);
}

static void server_closed(void *ctx)
{
    struct agent *a = ctx;
    a->server = NULL;
    a->rpc = rpc_table_free(a->rpc);
}

static void client_stopped(void *ctx)
{
    struct agent *a = ctx;
    a->client = client_free(a->client);
    a->http = http_server_free(a->http);
    if (a->server)
        server_close(a->server, server_closed, a);
    else
        a->rpc = rpc_table_free(a->rpc);
}

void agent_stop(struct agent *a)
{
    if (a->stopping)
        return;
    a->stopping = true;
    notify_stopping();
    if (a->http)
        http_server_stop(a->http);
    a->watchdog = notify_watchdog_free(a->watchdog);
    if (a->client)
        client_stop(a->client, client_stopped, a);
    else
        client_stopped(a);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

struct agent *agent_free(struct agent *a)
{
    if (!a)
        return NULL;
    if (a->config->dev && a->lock_fd >= 0 && streq(a->config->data_dir, DEV_DATA_DIR))
        /* Not FTW_MOUNT: on overlayfs files and directories differ in device. */
        nftw(DEV_DATA_DIR, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (a->lock_fd >= 0)
        close(a->lock_fd);
    arena_free(a->arena);
    free(a);
    return NULL;
}
