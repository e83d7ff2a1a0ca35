// SPDX-License-Identifier: Apache-2.0
/* `nomad agent`: flags, banner, signals. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "agent/agent.h"
#include "base/log.h"
#include "systemd/notify.h"

static const char usage[] =
    "Usage: nomad agent [options]\n"
    "\n"
    "  Starts the Nomad agent and runs until an interrupt is received. The agent\n"
    "  may be a client, a server, or both.\n"
    "\n"
    "  -dev                 Server and client in one, state in memory, raw_exec allowed;\n"
    "                       everything it started is stopped and removed at the end\n"
    "  -config=<path>       File, or directory whose *.hcl are read in lexical order;\n"
    "                       may be repeated, later files win\n"
    "  -data-dir=<path>     Where state, logs and allocations are kept\n"
    "  -alloc-dir=<path>    Where allocations are kept (default <data-dir>/alloc)\n"
    "  -bind=<addr>         Address the agent binds to (default 127.0.0.1)\n"
    "  -region=<name>       Region (default global)\n"
    "  -dc=<name>           Datacenter (default dc1)\n"
    "  -node=<name>         Name of this agent (default the host name)\n"
    "  -node-class=<class>  Class of the client node\n"
    "  -node-pool=<pool>    Pool of the client node\n"
    "  -meta=<key=value>    Metadata of the client node; may be repeated\n"
    "  -server              Run as a server\n"
    "  -client              Run as a client\n"
    "  -bootstrap-expect=<n> Number of servers expected (1)\n"
    "  -http-port=<n>       Port of the HTTP API (default 4646)\n"
    "  -rpc-port=<n>        Port of RPC (default 4647)\n"
    "  -log-level=<level>   TRACE, DEBUG, INFO, WARN or ERROR (default INFO)\n";

enum option_id {
    OPT_DEV = 1,
    OPT_CONFIG,
    OPT_DATA_DIR,
    OPT_ALLOC_DIR,
    OPT_BIND,
    OPT_REGION,
    OPT_DC,
    OPT_NODE,
    OPT_NODE_CLASS,
    OPT_NODE_POOL,
    OPT_META,
    OPT_SERVER,
    OPT_CLIENT,
    OPT_BOOTSTRAP,
    OPT_HTTP_PORT,
    OPT_RPC_PORT,
    OPT_LOG_LEVEL,
    OPT_HELP,
};

static const struct option options[] = {
    {"dev", no_argument, NULL, OPT_DEV},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"data-dir", required_argument, NULL, OPT_DATA_DIR},
    {"alloc-dir", required_argument, NULL, OPT_ALLOC_DIR},
    {"bind", required_argument, NULL, OPT_BIND},
    {"region", required_argument, NULL, OPT_REGION},
    {"dc", required_argument, NULL, OPT_DC},
    {"node", required_argument, NULL, OPT_NODE},
    {"node-class", required_argument, NULL, OPT_NODE_CLASS},
    {"node-pool", required_argument, NULL, OPT_NODE_POOL},
    {"meta", required_argument, NULL, OPT_META},
    {"server", no_argument, NULL, OPT_SERVER},
    {"client", no_argument, NULL, OPT_CLIENT},
    {"bootstrap-expect", required_argument, NULL, OPT_BOOTSTRAP},
    {"http-port", required_argument, NULL, OPT_HTTP_PORT},
    {"rpc-port", required_argument, NULL, OPT_RPC_PORT},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

struct flag {
    int id;
    const char *value;
};

/* Flags win over files, so files are read first. */
static int read_configs(struct arena *a, struct agent_config *c, const struct flag *flags, size_t n,
                        struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        int r = flags[i].id == OPT_CONFIG ? agent_config_read(a, c, flags[i].value, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int number(const char *flag, const char *text, int64_t *ret, struct err *err)
{
    if (parse_i64(str_of(text), ret) < 0)
        return err_set(err, -EINVAL, "-%s wants a number, found \"%s\"", flag, text);
    return 0;
}

static int set_meta(struct arena *a, struct agent_config *c, const char *text, struct err *err)
{
    const char *eq = strchr(text, '=');
    if (!eq || eq == text)
        return err_set(err, -EINVAL, "-meta wants key=value, found \"%s\"", text);
    return smap_set(a, &c->client->meta, arena_strndup(a, text, (size_t)(eq - text)), eq + 1);
}

static int apply_flag(struct arena *a, struct agent_config *c, const struct flag *f,
                      struct err *err)
{
    switch ((enum option_id)f->id) {
    case OPT_DEV:
        c->dev = true;
        return 0;
    case OPT_DATA_DIR:
        c->data_dir = f->value;
        return 0;
    case OPT_ALLOC_DIR:
        c->client->alloc_dir = f->value;
        return 0;
    case OPT_BIND:
        c->bind_addr = f->value;
        return 0;
    case OPT_REGION:
        c->region = f->value;
        return 0;
    case OPT_DC:
        c->datacenter = f->value;
        return 0;
    case OPT_NODE:
        c->name = f->value;
        return 0;
    case OPT_NODE_CLASS:
        c->client->node_class = f->value;
        return 0;
    case OPT_NODE_POOL:
        c->client->node_pool = f->value;
        return 0;
    case OPT_META:
        return set_meta(a, c, f->value, err);
    case OPT_SERVER:
        c->server->enabled = true;
        return 0;
    case OPT_CLIENT:
        c->client->enabled = true;
        return 0;
    case OPT_BOOTSTRAP:
        return number("bootstrap-expect", f->value, &c->server->bootstrap_expect, err);
    case OPT_HTTP_PORT:
        return number("http-port", f->value, &c->ports->http, err);
    case OPT_RPC_PORT:
        return number("rpc-port", f->value, &c->ports->rpc, err);
    case OPT_LOG_LEVEL:
        c->log_level = f->value;
        return 0;
    default:
        return 0;
    }
}

static int configure(struct arena *a, int argc, char **argv, struct agent_config **ret,
                     struct err *err)
{
    struct flag *flags = arena_array(a, struct flag, (size_t)argc + 1);
    struct agent_config *c = model_new(&agent_config_schema, a);
    size_t n = 0;
    int id, r;
    if (!flags || !c)
        return -ENOMEM;
    opterr = 0;
    while ((id = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
        if (id == OPT_HELP)
            return 1;
        if (id == '?')
            return err_set(err, -EINVAL, "flag not known or without its value: %s",
                           argv[optind - 1]);
        flags[n++] = (struct flag){id, optarg};
    }
    if (optind < argc)
        return err_set(err, -EINVAL, "unexpected argument \"%s\"", argv[optind]);
    if ((r = read_configs(a, c, flags, n, err)) < 0 || (r = agent_config_prepare(a, c)) < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if ((r = apply_flag(a, c, &flags[i], err)) < 0)
            return r;
    if ((r = agent_config_finish(a, c, err)) < 0)
        return r;
    *ret = c;
    return 0;
}

static void banner(const struct agent_config *c)
{
    if (c->loaded.n == 0)
        printf("==> No configuration files loaded\n");
    else
        printf("==> Loaded configuration from %s", c->loaded.items[0]);
    for (size_t i = 1; i < c->loaded.n; i++)
        printf(", %s", c->loaded.items[i]);
    printf("%s==> Starting Nomad agent...\n", c->loaded.n ? "\n" : "");
    printf("==> Nomad agent configuration:\n\n");
    const char *http = isempty(c->addresses->http) ? c->bind_addr : c->addresses->http;
    printf("       Advertise Addrs: HTTP: %s:%lld; RPC: %s:%lld\n", http, (long long)c->ports->http,
           c->bind_addr, (long long)c->ports->rpc);
    printf("            Bind Addrs: HTTP: %s:%lld\n", http, (long long)c->ports->http);
    printf("                Client: %s\n", c->client->enabled ? "true" : "false");
    printf("              Data Dir: %s\n", c->data_dir);
    printf("             Log Level: %s\n", c->log_level);
    printf("                Region: %s (DC: %s)\n", c->region, c->datacenter);
    printf("                Server: %s\n", c->server->enabled ? "true" : "false");
    printf("               Version: %s\n\n", NOMAD_VERSION);
    printf("==> Nomad agent started! Log data will stream in below:\n\n");
    fflush(stdout);
}

struct running {
    struct agent *agent;
    uv_signal_t sig[2];
};

static void on_signal(uv_signal_t *h, int signum)
{
    struct running *r = h->data;
    printf("==> Caught signal: %s\n==> Gracefully shutting down agent...\n",
           signum == SIGINT ? "interrupt" : "terminated");
    fflush(stdout);
    for (size_t i = 0; i < ARRAY_LEN(r->sig); i++)
        uv_close((uv_handle_t *)&r->sig[i], NULL);
    agent_stop(r->agent);
}

static void ignore_hangup(void)
{
    struct sigaction sa = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

/* A task takes two descriptors while it runs and nine while it starts: the usual soft limit of 1024
 * would end at a hundred tasks. Tasks are systemd's children and keep their own limit. */
static void raise_descriptor_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &l) < 0)
            log_warn("agent", "cannot raise the limit of open files: %m");
    }
}

/* Threads share a heap, and freed memory goes back at a fixed mark: the default grows with the
 * largest block ever freed. */
static void keep_memory_small(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

static int run(const struct agent_config *c)
{
    static const int signals[] = {SIGINT, SIGTERM};
    uv_loop_t loop;
    struct running r = {0};
    struct err err = {{0}};
    log_threshold = (enum log_level)log_level_parse(c->log_level);
    ignore_hangup();
    raise_descriptor_limit();
    keep_memory_small();
    if (uv_loop_init(&loop) < 0)
        return 1;
    if (agent_start(&loop, c, &r.agent, &err) < 0) {
        fprintf(stderr, "==> Error starting agent: %s\n", err.text);
        return 1; /* the process ends: nothing was promised to anybody yet */
    }
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        uv_signal_init(&loop, &r.sig[i]);
        r.sig[i].data = &r;
        uv_signal_start(&r.sig[i], on_signal, signals[i]);
    }
    banner(c);
    notify_ready("running");
    uv_run(&loop, UV_RUN_DEFAULT);
    agent_free(r.agent);
    uv_loop_close(&loop);
    return 0;
}

int agent_main(int argc, char **argv)
{
    struct arena *a = arena_new(0);
    struct agent_config *c;
    struct err err = {{0}};
    int r = a ? configure(a, argc, argv, &c, &err) : -ENOMEM;
    if (r == 1)
        fputs(usage, stdout);
    else if (r < 0)
        fprintf(stderr, "==> %s\n", err.text[0] ? err.text : "out of memory");
    int code = r == 1 ? 0 : r < 0 ? 1 : run(c);
    arena_free(a);
    return code;
}
