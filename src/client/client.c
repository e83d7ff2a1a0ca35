// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "client/client_internal.h"
#include "client/client_node.h"

/* ---- timers ---- */

static void free_timer(uv_handle_t *h)
{
    free(h);
}

uv_timer_t *client_timer_new(struct client *c, uv_timer_cb cb unused_arg, void *user)
{
    uv_timer_t *t = calloc(1, sizeof(*t));
    if (!t || uv_timer_init(c->loop, t) < 0) {
        free(t);
        return NULL;
    }
    t->data = user;
    return t;
}

uv_timer_t *client_timer_free(uv_timer_t *t)
{
    if (t)
        uv_close((uv_handle_t *)t, free_timer);
    return NULL;
}

/* ---- the deferred pass ---- */

static void on_relay_stopped(void *user, int r unused_arg, const struct err *err unused_arg)
{
    struct client *c = user;
    char fifo[4100];
    snprintf(fifo, sizeof(fifo), "%s/fifo", c->config.run_dir);
    (void)rmdir(fifo);
    (void)rmdir(c->config.run_dir);
    c->relay_stopping = false;
    client_soon(c, NULL);
}

static bool is_empty_dir(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;
    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return dir && n <= 2;
}

/* -dev: the relay it started goes too, unless somebody else's streams are in its hands. True while
 * that is under way. */
static bool stop_relay(struct client *c)
{
    char fifo[4100];
    snprintf(fifo, sizeof(fifo), "%s/fifo", c->config.run_dir);
    if (!c->config.dev || !c->relay_asked)
        return false;
    c->relay_asked = false;
    if (access("/run/systemd/transient/" RELAY_UNIT, F_OK) < 0 || !is_empty_dir(fifo))
        return false;
    c->relay_stopping = units_stop(c->units, RELAY_UNIT, on_relay_stopped, c) == 0;
    return c->relay_stopping;
}

static void check_stopped(struct client *c)
{
    if (!c->stopping || !c->stopped_cb || (c->config.dev && !list_empty(&c->allocs)) ||
        c->relay_stopping || stop_relay(c))
        return;
    void (*cb)(void *user) = c->stopped_cb;
    c->stopped_cb = NULL;
    cb(c->stopped_user);
}

static void on_soon(uv_timer_t *t)
{
    struct client *c = t->data;
    while (!list_empty(&c->dirty)) {
        struct alloc_runner *ar = list_item(c->dirty.next, struct alloc_runner, dirty_node);
        list_del(&ar->dirty_node);
        alloc_runner_evaluate(ar);
    }
    check_stopped(c);
}

void client_soon(struct client *c, struct alloc_runner *ar)
{
    if (ar && list_empty(&ar->dirty_node))
        list_add_tail(&c->dirty, &ar->dirty_node);
    if (!uv_is_active((uv_handle_t *)c->soon))
        uv_timer_start(c->soon, on_soon, 0, 0);
}

struct alloc_runner *client_find(const struct client *c, const struct uuid *id)
{
    return map_get(&c->by_id, uuid_key(id));
}

size_t client_n_allocs(const struct client *c)
{
    return c->by_id.n;
}

const struct node *client_node(const struct client *c)
{
    return c->node;
}

/* ---- systemd ---- */

static void on_relay(void *user, int r, const struct err *err)
{
    struct client *c = user;
    if (r < 0) {
        log_error("client", "the log relay does not run, tasks' output waits: %s", err->text);
        c->relay_asked = false;
    }
}

static void on_relist(void *user)
{
    struct client *c = user;
    struct err err = {0};
    char fifo[4100];
    snprintf(fifo, sizeof(fifo), "%s/fifo", c->config.run_dir);
    struct relay_config relay = {.dir = fifo, .binary = c->config.relay};
    if (!c->relay_asked)
        c->relay_asked = relay_ensure(c->units, &relay, on_relay, c, &err) == 0;
    if (!c->started)
        return;
    if (!c->restored && client_restore(c, &err) < 0)
        log_error("client", "%s", err.text);
    list_for_each (it, &c->allocs) {
        struct alloc_runner *ar = list_item(it, struct alloc_runner, node);
        for (size_t i = 0; c->restored && i < ar->n_tasks; i++)
            if (ar->tasks[i].fsm.state == TFS_STOPPING)
                task_runner_stop_unit(&ar->tasks[i]);
        client_soon(c, ar);
    }
}

static void on_down(void *user unused_arg, const struct err *err)
{
    log_warn("client", "lost the system bus: %s", err->text);
}

static void on_warn(void *user unused_arg, const char *text)
{
    log_warn("client", "%s", text);
}

/* ---- life ---- */

static int copy_config(struct client *c, const struct client_config *from, struct err *err)
{
    struct client_config *to = &c->config;
    *to = *from;
    if (isempty(from->data_dir))
        return err_set(err, -EINVAL, "data_dir is not set");
    const char **texts[] = {
        &to->data_dir,   &to->alloc_dir, &to->region,    &to->datacenter, &to->node_name,
        &to->node_class, &to->node_pool, &to->http_addr, &to->version,    &to->network_interface,
        &to->launcher,   &to->relay,     &to->self,      &to->run_dir};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_strdup(c->arena, *texts[i]);
    to->host.launcher = to->launcher;
    if (isempty(to->alloc_dir))
        to->alloc_dir = arena_printf(c->arena, "%s/alloc", to->data_dir);
    if (isempty(to->region))
        to->region = "global";
    if (isempty(to->datacenter))
        to->datacenter = "dc1";
    if (isempty(to->node_pool))
        to->node_pool = "default";
    if (isempty(to->run_dir))
        to->run_dir = "/run/nomad";
    to->meta = to->options = (struct smap){0};
    for (size_t i = 0; i < from->meta.n; i++)
        smap_set(c->arena, &to->meta, arena_strdup(c->arena, from->meta.items[i].key),
                 arena_strdup(c->arena, from->meta.items[i].value));
    return to->alloc_dir ? 0 : -ENOMEM;
}

static int make_timers(struct client *c)
{
    c->soon = client_timer_new(c, on_soon, c);
    c->heartbeat = client_timer_new(c, client_on_heartbeat_timer, c);
    c->poll = client_timer_new(c, client_on_poll_timer, c);
    c->update = client_timer_new(c, client_on_update_timer, c);
    return c->soon && c->heartbeat && c->poll && c->update ? 0 : -ENOMEM;
}

static int build(struct client *c, const struct client_config *config, struct err *err)
{
    static const struct units_ops ops = {
        .relist_cb = on_relist, .down_cb = on_down, .warn_cb = on_warn};
    int r = copy_config(c, config, err);
    if (r == 0)
        r = client_load_identity(c, err);
    if (r < 0)
        return r;
    c->record_dir = arena_printf(c->arena, "%s/client/allocs", c->config.data_dir);
    r = make_timers(c);
    if (r == 0)
        r = record_store_create(c->loop, c->record_dir, &c->store, err);
    if (r == 0)
        r = units_create(c->loop, &ops, c, &c->units);
    return r < 0 ? r : client_node_build(c, err);
}

int client_create(uv_loop_t *loop, struct rpc_table *rpc, const struct client_config *config,
                  struct client **ret, struct err *err)
{
    struct client *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->loop = loop;
    c->rpc = rpc;
    list_init(&c->allocs);
    list_init(&c->dirty);
    list_init(&c->jobs);
    list_init(&c->calls);
    c->arena = arena_new(0);
    int r = c->arena ? build(c, config, err) : -ENOMEM;
    if (r < 0) {
        client_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

int client_start(struct client *c, struct err *err)
{
    c->started = true;
    return client_restore(c, err);
}

void client_stop(struct client *c, void (*done_cb)(void *user), void *user)
{
    c->stopping = true;
    c->stopped_cb = done_cb;
    c->stopped_user = user;
    uv_timer_stop(c->heartbeat);
    uv_timer_stop(c->poll);
    if (c->config.dev)
        list_for_each_safe (it, &c->allocs) {
            struct alloc_runner *ar = list_item(it, struct alloc_runner, node);
            ar->removed = true;
            alloc_runner_kill_all(ar);
            client_soon(c, ar);
        }
    client_soon(c, NULL);
}

struct client *client_free(struct client *c)
{
    if (!c)
        return NULL;
    client_calls_drop(c);
    list_for_each_safe (it, &c->allocs)
        alloc_runner_free(list_item(it, struct alloc_runner, node));
    c->store = record_store_free(c->store);
    if (c->units)
        units_cancel(c->units, c);
    c->units = units_free(c->units);
    uv_timer_t *timers[] = {c->soon, c->heartbeat, c->poll, c->update};
    for (size_t i = 0; i < ARRAY_LEN(timers); i++)
        client_timer_free(timers[i]);
    map_free(&c->by_id);
    arena_free(c->node_arena);
    arena_free(c->arena);
    free(c);
    return NULL;
}
