// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/client_rig.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

bool rig_failed;

/* ---- the played servers ---- */

static void answer_poll(struct client_rig *r)
{
    struct rpc_call *call = r->waiting;
    if (!call)
        return;
    r->waiting = NULL;
    struct client_allocs_reply *reply = rpc_reply(call);
    reply->m.index = r->index;
    for (size_t i = 0; i < r->n_allocs; i++)
        if (r->allocs[i].alloc->alloc_modify_index && !r->allocs[i].forgotten)
            imap_set(call->arena, &reply->allocs,
                     arena_strdup(call->arena, UUID_Z(&r->allocs[i].alloc->id)),
                     (int64_t)r->allocs[i].alloc->alloc_modify_index);
    rpc_finish(call);
}

static void on_register(void *impl, struct rpc_call *call)
{
    struct client_rig *r = impl;
    const struct node *n = ((struct node_register_args *)call->args)->node;
    if (r->server_down) {
        rpc_fail(call, 500, "No cluster leader");
        return;
    }
    CHECK(n && n->attributes.n > 5 && n->resources && n->resources->cpu, "node is incomplete");
    r->n_registered++;
    struct node_update_reply *reply = rpc_reply(call);
    reply->heartbeat_ttl = 10 * NSEC_SEC;
    rpc_finish(call);
}

static void on_status(void *impl, struct rpc_call *call)
{
    struct client_rig *r = impl;
    r->n_heartbeats++;
    struct node_update_reply *reply = rpc_reply(call);
    reply->heartbeat_ttl = 10 * NSEC_SEC;
    rpc_finish(call);
}

static void on_client_allocs(void *impl, struct rpc_call *call)
{
    struct client_rig *r = impl;
    if (r->waiting) { /* of an agent that is gone */
        rpc_fail(r->waiting, 500, "superseded");
        r->waiting = NULL;
    }
    r->waiting = call;
    if (rpc_common_of(call)->min_query_index < r->index)
        answer_poll(r);
}

static void on_get_allocs(void *impl, struct rpc_call *call)
{
    struct client_rig *r = impl;
    const struct alloc_ids_args *args = call->args;
    struct full_allocs_reply *reply = rpc_reply(call);
    reply->m.index = r->index;
    for (size_t k = 0; k < args->alloc_ids.n; k++)
        for (size_t i = 0; i < r->n_allocs; i++)
            if (uuid_eq(&r->allocs[i].alloc->id, &args->alloc_ids.items[k]))
                objs_add(call->arena, &reply->allocs,
                         model_copy(&allocation_schema, call->arena, r->allocs[i].alloc));
    rpc_finish(call);
}

static void on_update(void *impl, struct rpc_call *call)
{
    struct client_rig *r = impl;
    const struct alloc_update_args *args = call->args;
    OBJS_FOR(struct allocation, u, args->allocs)
    for (size_t i = 0; i < r->n_allocs; i++) {
        struct rig_alloc *a = &r->allocs[i];
        if (!uuid_eq(&a->alloc->id, &u->id))
            continue;
        arena_free(a->seen_arena);
        a->seen_arena = arena_new(0);
        a->seen = model_copy(&allocation_schema, a->seen_arena, u);
        a->alloc->client_status = u->client_status;
        a->n_reports++;
    }
    rpc_reply(call);
    rpc_finish(call);
}

static const struct rpc_method methods[] = {
    {.name = "Node.Register",
     .args = &node_register_args_schema,
     .reply = &node_update_reply_schema,
     .handle = on_register},
    {.name = "Node.UpdateStatus",
     .args = &node_status_args_schema,
     .reply = &node_update_reply_schema,
     .handle = on_status},
    {.name = "Node.GetClientAllocs",
     .args = &node_args_schema,
     .reply = &client_allocs_reply_schema,
     .handle = on_client_allocs},
    {.name = "Alloc.GetAllocs",
     .args = &alloc_ids_args_schema,
     .reply = &full_allocs_reply_schema,
     .handle = on_get_allocs},
    {.name = "Node.UpdateAlloc",
     .args = &alloc_update_args_schema,
     .reply = &index_reply_schema,
     .handle = on_update},
};

/* ---- time ---- */

static void on_deadline(uv_timer_t *t)
{
    *(bool *)t->data = true;
}

static void once(struct client_rig *r, const char *what)
{
    bool late = false;
    r->deadline.data = &late;
    uv_timer_start(&r->deadline, on_deadline, 50, 0);
    uv_run(&r->loop, UV_RUN_ONCE);
    (void)what;
}

#define WAIT_FOR(r, cond, what)                                                                    \
    do {                                                                                           \
        nsec_t end_ = now_mono() + 15 * NSEC_SEC;                                                  \
        while (!(cond) && now_mono() < end_)                                                       \
            once(r, what);                                                                         \
        CHECK(cond, "%s did not come within 15 s", what);                                          \
    } while (0)

void rig_linger(struct client_rig *r, unsigned ms)
{
    nsec_t end = now_mono() + ms * NSEC_MSEC;
    while (now_mono() < end)
        once(r, "");
}

void rig_wait_status(struct client_rig *r, struct rig_alloc *a, int32_t status)
{
    char what[64];
    snprintf(what, sizeof(what), "client status \"%s\"", enum_text(&alloc_client_texts, status));
    /* Another end is final, too: nothing more will come. */
    WAIT_FOR(r, a->seen && (a->seen->client_status == status || alloc_client_terminal(a->seen)),
             what);
    CHECK(a->seen && a->seen->client_status == status, "it is \"%s\"",
          a->seen ? enum_text(&alloc_client_texts, a->seen->client_status) : "never reported");
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

void rig_wait_file(struct client_rig *r, const char *path, bool there)
{
    WAIT_FOR(r, exists(path) == there, path);
}

static bool file_is(const char *path, const char *text)
{
    char buf[4096] = "";
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    size_t n = fread(buf, 1, sizeof(buf) - 1, f);
    fclose(f);
    return n == strlen(text) && memcmp(buf, text, n) == 0;
}

void rig_wait_text(struct client_rig *r, const char *path, const char *text)
{
    WAIT_FOR(r, file_is(path, text), path);
}

void rig_wait_gone(struct client_rig *r, struct rig_alloc *a)
{
    rig_wait_file(r, rig_path(r, a, ""), false);
    char record[512];
    snprintf(record, sizeof(record), "%s/client/allocs/%s", r->config.data_dir,
             UUID_Z(&a->alloc->id));
    rig_wait_file(r, record, false);
}

/* ---- agent ---- */

void rig_agent_start(struct client_rig *r)
{
    struct err err = {0};
    r->rpc = rpc_table_new(&r->loop);
    rpc_register(r->rpc, methods, ARRAY_LEN(methods), r);
    int e = client_create(&r->loop, r->rpc, &r->config, &r->client, &err);
    if (e == 0)
        client_register_methods(r->client);
    if (e == 0)
        e = client_start(r->client, &err);
    if (e < 0) {
        fprintf(stderr, "agent does not start: %s (%s)\n", err.text, strerror(-e));
        exit(1);
    }
}

void rig_agent_stop(struct client_rig *r)
{
    r->client = client_free(r->client);
    if (r->waiting) {
        rpc_fail(r->waiting, 500, "agent gone");
        r->waiting = NULL;
    }
    rig_linger(r, 10);
    r->rpc = rpc_table_free(r->rpc);
}

void rig_open(struct client_rig *r, int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s LAUNCHER RELAY DATA_DIR [NOMAD] [--only WORD]\n", argv[0]);
        exit(2);
    }
    *r = (struct client_rig){.index = 10};
    for (int i = 4; i + 1 < argc; i++)
        if (streq(argv[i], "--only"))
            r->only = argv[i + 1];
    log_threshold = getenv("DEBUG") ? LOGL_DEBUG : LOGL_ERROR;
    uv_loop_init(&r->loop);
    uv_timer_init(&r->loop, &r->deadline);
    r->config = (struct client_config){
        .data_dir = argv[3],
        .launcher = argv[1],
        .relay = argv[2],
        .self = argc > 4 && argv[4][0] == '/' ? argv[4] : NULL,
        .version = "1.0.18",
        .host = {.root = "", .systemd = true, .is_root = true, .raw_exec_enabled = true},
    };
}

int rig_close(struct client_rig *r)
{
    if (r->client)
        rig_agent_stop(r);
    for (size_t i = 0; i < r->n_allocs; i++) {
        arena_free(r->allocs[i].arena);
        arena_free(r->allocs[i].seen_arena);
    }
    uv_close((uv_handle_t *)&r->deadline, NULL);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&r->loop);
    if (left < 0)
        fprintf(stderr, "handles left open\n");
    printf("%u tests, %u failed\n", r->n_run, r->n_failed);
    return r->n_failed || left < 0 ? 1 : 0;
}

void rig_run(struct client_rig *r, const char *name, void (*test)(struct client_rig *r))
{
    if (r->only && !strstr(name, r->only))
        return;
    rig_failed = false;
    nsec_t t = now_mono();
    if (!r->client)
        rig_agent_start(r);
    test(r);
    r->n_run++;
    r->n_failed += rig_failed;
    printf("%s %s (%lld ms)\n", rig_failed ? "FAIL" : "ok  ", name,
           (long long)((now_mono() - t) / NSEC_MSEC));
    fflush(stdout);
}

/* ---- allocations ---- */

static struct val shell(struct arena *a, const char *script)
{
    struct val *args = arena_array(a, struct val, 2);
    struct val_entry *e = arena_array(a, struct val_entry, 2);
    args[0] = val_str(str_of("-c"));
    args[1] = val_str(str_of(arena_strdup(a, script)));
    e[0] = (struct val_entry){str_of("command"), val_str(str_of("sh"))};
    e[1] = (struct val_entry){str_of("args"), {.type = VAL_LIST, .list = {args, 2}}};
    return val_map_of(e, 2);
}

struct task *rig_add_task(struct rig_alloc *a, const char *name, const char *script)
{
    struct task_group *g = a->alloc->job->task_groups.items[0];
    struct task *t = model_new(&task_schema, a->arena);
    t->name = name;
    t->driver = "raw_exec";
    t->config = shell(a->arena, script);
    t->kill_timeout = 5 * NSEC_SEC;
    t->logs = model_new(&log_config_schema, a->arena);
    t->restart = model_new(&restart_policy_schema, a->arena);
    *t->restart = (struct restart_policy){
        .attempts = 0, .interval = 60 * NSEC_SEC, .delay = NSEC_MSEC, .mode = "fail"};
    objs_add(a->arena, &g->tasks, t);
    struct allocated_task *r = model_new(&allocated_task_schema, a->arena);
    r->cpu = model_new(&allocated_cpu_schema, a->arena);
    r->memory = model_new(&allocated_memory_schema, a->arena);
    r->cpu->shares = 100;
    r->memory->mb = 64;
    omap_set(a->arena, &a->alloc->resources->tasks, name, r);
    return t;
}

struct rig_alloc *rig_alloc_new(struct client_rig *r, int32_t type, const char *script)
{
    struct rig_alloc *a = &r->allocs[r->n_allocs++];
    a->arena = arena_new(0);
    struct allocation *al = a->alloc = model_new(&allocation_schema, a->arena);
    struct job *j = al->job = model_new(&job_schema, a->arena);
    struct task_group *g = model_new(&task_group_schema, a->arena);
    uuid_random(&al->id);
    al->ns = "default";
    al->name = "demo.group[0]";
    al->job_id = j->id = j->name = "demo";
    j->ns = "default";
    j->type = type;
    al->task_group = g->name = "group";
    al->resources = model_new(&allocated_resources_schema, a->arena);
    objs_add(a->arena, &j->task_groups, g);
    rig_add_task(a, "web", script);
    return a;
}

struct task *rig_task(struct rig_alloc *a)
{
    struct task_group *g = a->alloc->job->task_groups.items[0];
    return g->tasks.items[0];
}

void rig_put(struct client_rig *r, struct rig_alloc *a)
{
    a->alloc->alloc_modify_index = a->alloc->modify_index = ++r->index;
    answer_poll(r);
}

void rig_stop_alloc(struct client_rig *r, struct rig_alloc *a)
{
    a->alloc->desired_status = ALLOC_STOP;
    rig_put(r, a);
}

void rig_forget(struct client_rig *r, struct rig_alloc *a)
{
    a->forgotten = true;
    r->index++;
    answer_poll(r);
}

const struct task_state *rig_state(struct rig_alloc *a, const char *task)
{
    static const struct task_state none;
    const struct task_state *s = a->seen ? omap_get(&a->seen->task_states, task) : NULL;
    return s ? s : &none;
}

const char *rig_events(struct rig_alloc *a, const char *task)
{
    struct buf b = {0};
    buf_addz(&b, "");
    OBJS_FOR(struct task_event, e, rig_state(a, task)->events)
    buf_printf(&b, "%s%s", b.n ? "|" : "", e->type);
    const char *z = arena_strndup(a->arena, nonull(b.p), b.n);
    buf_free(&b);
    return z;
}

const char *rig_path(struct client_rig *r, struct rig_alloc *a, const char *rest)
{
    return arena_printf(a->arena, "%s/alloc/%s%s", r->config.data_dir, UUID_Z(&a->alloc->id), rest);
}
