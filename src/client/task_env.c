// SPDX-License-Identifier: Apache-2.0
#include "client/task_env.h"

#include <ctype.h>
#include <errno.h>

/* Building: failures stick, so the list of variables reads as one. */
struct build {
    struct arena *a;
    struct smap env;
    bool failed;
};

static void put(struct build *b, const char *key, const char *value)
{
    if (!key || !value || smap_set(b->a, &b->env, key, value) < 0)
        b->failed = true;
}

static void put_text(struct build *b, const char *key, const char *value)
{
    if (!isempty(value))
        put(b, key, value);
}

static void put_int(struct build *b, const char *key, int64_t v)
{
    put(b, key, arena_printf(b->a, "%lld", (long long)v));
}

static void put_label(struct build *b, const char *prefix, const char *label, const char *value)
{
    put(b, arena_printf(b->a, "%s%s", prefix, nonull(label)), value);
}

static const char *number(struct build *b, int64_t v)
{
    return arena_printf(b->a, "%lld", (long long)v);
}

static const char *host_port(struct build *b, const char *ip, int64_t port)
{
    bool v6 = strchr(nonull(ip), ':') != NULL;
    return arena_printf(b->a, v6 ? "[%s]:%lld" : "%s:%lld", nonull(ip), (long long)port);
}

static void add_ids(struct build *b, const struct task_env_spec *s)
{
    const struct allocation *al = s->alloc;
    put_text(b, "NOMAD_ALLOC_DIR", s->alloc_dir);
    put_text(b, "NOMAD_TASK_DIR", s->local_dir);
    put_text(b, "NOMAD_SECRETS_DIR", s->secrets_dir);
    put(b, "NOMAD_ALLOC_ID", arena_strdup(b->a, UUID_Z(&al->id)));
    put(b, "NOMAD_SHORT_ALLOC_ID", arena_strndup(b->a, UUID_Z(&al->id), 8));
    put_text(b, "NOMAD_ALLOC_NAME", al->name);
    put_text(b, "NOMAD_GROUP_NAME", al->task_group);
    int64_t index = alloc_name_index(al->name);
    if (index >= 0)
        put_int(b, "NOMAD_ALLOC_INDEX", index);
    put_text(b, "NOMAD_TASK_NAME", s->task->name);
    put_text(b, "NOMAD_JOB_ID", al->job ? al->job->id : al->job_id);
    if (al->job) {
        put_text(b, "NOMAD_JOB_NAME", al->job->name);
        put_text(b, "NOMAD_JOB_PARENT_ID", al->job->parent_id);
    }
    put_text(b, "NOMAD_DC", s->node->datacenter);
    put_text(b, "NOMAD_NAMESPACE", al->ns);
    put_text(b, "NOMAD_REGION", s->region);
    put_text(b, "USER", s->user);
    put_text(b, "LOGNAME", s->user);
    put_text(b, "HOME", s->home);
}

static void add_limits(struct build *b, const struct task_env_spec *s)
{
    const struct allocated_resources *ar = s->alloc->resources;
    const struct allocated_task *r = ar ? omap_get(&ar->tasks, s->task->name) : NULL;
    int64_t cpu = s->task->resources ? s->task->resources->cpu : 0;
    int64_t mem = s->task->resources ? s->task->resources->memory_mb : 0;
    if (r && r->cpu)
        cpu = r->cpu->shares;
    if (r && r->memory)
        mem = r->memory->mb;
    if (mem > 0)
        put_int(b, "NOMAD_MEMORY_LIMIT", mem);
    if (cpu > 0)
        put_int(b, "NOMAD_CPU_LIMIT", cpu);
    if (r && r->memory && r->memory->max_mb > 0)
        put_int(b, "NOMAD_MEMORY_MAX_LIMIT", r->memory->max_mb);
}

static void own_ports(struct build *b, const char *ip, const struct objs *ports)
{
    OBJS_FOR(struct port, p, *ports)
    {
        put_label(b, "NOMAD_IP_", p->label, nonull(ip));
        put_label(b, "NOMAD_HOST_PORT_", p->label, number(b, p->value));
        put_label(b, "NOMAD_ADDR_", p->label, host_port(b, ip, p->value));
        put_label(b, "NOMAD_PORT_", p->label, number(b, p->value));
    }
}

static void sibling_ports(struct build *b, const char *task, const char *ip,
                          const struct objs *ports)
{
    OBJS_FOR(struct port, p, *ports)
    {
        const char *label = arena_printf(b->a, "%s_%s", task, nonull(p->label));
        put_label(b, "NOMAD_ADDR_", label, host_port(b, ip, p->value));
        put_label(b, "NOMAD_IP_", label, nonull(ip));
        put_label(b, "NOMAD_PORT_", label, number(b, p->value));
    }
}

static void group_ports(struct build *b, const struct objs *ports)
{
    OBJS_FOR(struct port, p, *ports)
    {
        put_label(b, "NOMAD_PORT_", p->label, number(b, p->to > 0 ? p->to : p->value));
        put_label(b, "NOMAD_HOST_PORT_", p->label, number(b, p->value));
    }
}

static void mapped_port(struct build *b, const struct port_mapping *p)
{
    const char *inside = number(b, p->to > 0 ? p->to : p->value);
    const char *addr = host_port(b, p->host_ip, p->value);
    put_label(b, "NOMAD_ADDR_", p->label, addr);
    put_label(b, "NOMAD_HOST_ADDR_", p->label, addr);
    put_label(b, "NOMAD_ALLOC_ADDR_", p->label, addr);
    put_label(b, "NOMAD_IP_", p->label, nonull(p->host_ip));
    put_label(b, "NOMAD_HOST_IP_", p->label, nonull(p->host_ip));
    put_label(b, "NOMAD_ALLOC_IP_", p->label, nonull(p->host_ip));
    put_label(b, "NOMAD_PORT_", p->label, inside);
    put_label(b, "NOMAD_ALLOC_PORT_", p->label, inside);
    put_label(b, "NOMAD_HOST_PORT_", p->label, number(b, p->value));
}

static void add_ports(struct build *b, const struct task_env_spec *s)
{
    const struct allocated_resources *r = s->alloc->resources;
    for (size_t i = 0; r && i < r->tasks.n; i++) {
        const struct allocated_task *t = r->tasks.items[i].value;
        bool own = streq(r->tasks.items[i].key, s->task->name);
        OBJS_FOR(struct network_resource, nw, t->networks)
        {
            if (own) {
                own_ports(b, nw->ip, &nw->reserved_ports);
                own_ports(b, nw->ip, &nw->dynamic_ports);
            } else {
                sibling_ports(b, r->tasks.items[i].key, nw->ip, &nw->reserved_ports);
                sibling_ports(b, r->tasks.items[i].key, nw->ip, &nw->dynamic_ports);
            }
        }
    }
    if (!r || !r->shared)
        return;
    OBJS_FOR(struct network_resource, nw, r->shared->networks)
    {
        group_ports(b, &nw->reserved_ports);
        group_ports(b, &nw->dynamic_ports);
    }
    OBJS_FOR(struct port_mapping, p, r->shared->ports)
    mapped_port(b, p);
}

static void put_meta(struct build *b, const char *key, const char *value)
{
    char *upper = arena_strdup(b->a, key);
    for (char *p = upper; p && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    put_label(b, "NOMAD_META_", upper, value);
    put_label(b, "NOMAD_META_", key, value);
}

/* Job, then group, then task: the nearer wins. */
static void add_meta(struct build *b, const struct task_env *e, const struct task_env_spec *s)
{
    const struct job *j = s->alloc->job;
    const struct task_group *g = j ? job_find_group(j, s->alloc->task_group) : NULL;
    if (j && j->dispatched && j->parameterized)
        for (size_t i = 0; i < j->parameterized->meta_optional.n; i++)
            put_meta(b, j->parameterized->meta_optional.items[i], "");
    const struct smap *maps[] = {j ? &j->meta : NULL, g ? &g->meta : NULL, &s->task->meta};
    for (size_t m = 0; m < ARRAY_LEN(maps); m++)
        for (size_t i = 0; maps[m] && i < maps[m]->n; i++) {
            struct task_env now = {b->env, e->node};
            put_meta(b, task_env_replace(&now, b->a, maps[m]->items[i].key),
                     task_env_replace(&now, b->a, nonull(maps[m]->items[i].value)));
        }
}

static bool listed(const char *const *list, const char *entry, size_t n)
{
    for (; list && *list; list++)
        if (strlen(*list) == n && memcmp(*list, entry, n) == 0)
            return true;
    return false;
}

/* What systemd told the agent about the agent's own unit. */
static const char *const never[] = {"NOTIFY_SOCKET",
                                    "LISTEN_FDS",
                                    "LISTEN_PID",
                                    "LISTEN_FDNAMES",
                                    "WATCHDOG_USEC",
                                    "WATCHDOG_PID",
                                    "INVOCATION_ID",
                                    "JOURNAL_STREAM",
                                    "SYSTEMD_EXEC_PID",
                                    "MAINPID",
                                    NULL};

static void add_host(struct build *b, const struct task_env_spec *s)
{
    for (const char *const *h = s->host_env; h && *h; h++) {
        const char *eq = strchr(*h, '=');
        size_t n = eq ? (size_t)(eq - *h) : 0;
        if (n == 0 || listed(s->denylist, *h, n) || listed(never, *h, n))
            continue;
        const char *key = arena_strndup(b->a, *h, n);
        if (key && smap_get(&b->env, key))
            continue;
        put(b, key, eq + 1);
    }
}

static void add_own(struct build *b, const struct task_env *e, const struct task_env_spec *s)
{
    for (size_t i = 0; i < s->task->env.n; i++) {
        struct task_env now = {b->env, e->node};
        put(b, s->task->env.items[i].key,
            task_env_replace(&now, b->a, nonull(s->task->env.items[i].value)));
    }
}

static bool needs_cleaning(const char *key)
{
    static const char *const prefixes[] = {"NOMAD_ADDR_", "NOMAD_IP_", "NOMAD_PORT_",
                                           "NOMAD_HOST_PORT_", "NOMAD_META_"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (has_prefix(key, prefixes[i]))
            return true;
    return false;
}

/* Variable names a shell can read: other characters of labels and meta keys become '_'. */
static void clean_names(struct build *b)
{
    struct smap old = b->env;
    b->env = (struct smap){0};
    for (size_t i = 0; i < old.n; i++) {
        const char *key = old.items[i].key;
        if (needs_cleaning(key)) {
            char *clean = arena_strdup(b->a, key);
            for (char *p = clean; p && *p; p++)
                if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.')
                    *p = '_';
            key = clean;
        }
        put(b, key, old.items[i].value);
    }
}

static void node_values(struct build *b, const struct task_env_spec *s)
{
    const struct node *n = s->node;
    put(b, "node.unique.id", arena_strdup(b->a, UUID_Z(&n->id)));
    put(b, "node.unique.name", nonull(n->name));
    put(b, "node.datacenter", nonull(n->datacenter));
    put(b, "node.class", nonull(n->node_class));
    put(b, "node.pool", nonull(n->node_pool));
    put_text(b, "node.region", s->region);
    for (size_t i = 0; i < n->attributes.n; i++)
        put_label(b, "attr.", n->attributes.items[i].key, nonull(n->attributes.items[i].value));
    for (size_t i = 0; i < n->meta.n; i++)
        put_label(b, "meta.", n->meta.items[i].key, nonull(n->meta.items[i].value));
}

int task_env_build(struct arena *a, const struct task_env_spec *s, struct task_env *ret)
{
    struct task_env e = {0};
    struct build b = {.a = a};
    node_values(&b, s);
    e.node = b.env;
    b.env = (struct smap){0};
    add_ids(&b, s);
    add_limits(&b, s);
    add_ports(&b, s);
    add_meta(&b, &e, s);
    add_host(&b, s);
    add_own(&b, &e, s);
    clean_names(&b);
    e.env = b.env;
    if (b.failed)
        return -ENOMEM;
    *ret = e;
    return 0;
}

const char *const *task_env_list(const struct task_env *e, struct arena *a)
{
    const char **out = arena_array(a, const char *, e->env.n + 1);
    for (size_t i = 0; out && i < e->env.n; i++) {
        out[i] = arena_printf(a, "%s=%s", e->env.items[i].key, nonull(e->env.items[i].value));
        if (!out[i])
            return NULL;
    }
    return out;
}
