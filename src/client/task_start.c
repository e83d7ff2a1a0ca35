// SPDX-License-Identifier: Apache-2.0
/* From "may start" to a unit: record the attempt, build the environment, let the driver translate,
 * give the streams, ask systemd. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "client/client_internal.h"
#include "client/signals.h"
#include "client/user.h"

#define LOST_STARTS_MAX 20
#define LOST_START_DELAY_MS 200

extern char **environ;

static const char *const env_denylist[] = {"CONSUL_TOKEN",
                                           "CONSUL_HTTP_TOKEN",
                                           "VAULT_TOKEN",
                                           "NOMAD_TOKEN",
                                           "AWS_ACCESS_KEY_ID",
                                           "AWS_SECRET_ACCESS_KEY",
                                           "AWS_SESSION_TOKEN",
                                           "GOOGLE_APPLICATION_CREDENTIALS",
                                           NULL};

/* Everything that lives from translation to the call of units_start(). */
struct attempt {
    struct arena *a;
    struct task_env env;
    struct user_ids user;
    struct driver_unit unit;
    struct unit_name slice;
    int stdin_fd;
};

static void attempt_free(struct attempt *at)
{
    arena_free(at->a);
    if (at->stdin_fd >= 0)
        close(at->stdin_fd);
}

/* own_root: the directories as the task sees them, not as the host does. */
static int build_env(struct task_runner *tr, struct attempt *at, struct driver_task *dt,
                     bool own_root)
{
    const struct alloc_runner *ar = tr->ar;
    dt->alloc_dir = arena_printf(at->a, "%s/alloc", ar->dir.path);
    dt->task_dir = arena_printf(at->a, "%s/%s", ar->dir.path, tr->task->name);
    dt->local_dir = arena_printf(at->a, "%s/local", nonull(dt->task_dir));
    dt->secrets_dir = arena_printf(at->a, "%s/secrets", nonull(dt->task_dir));
    struct task_env_spec s = {
        .node = ar->c->node,
        .alloc = ar->alloc,
        .task = tr->task,
        .region = ar->c->config.region,
        .alloc_dir = own_root ? "/alloc" : dt->alloc_dir,
        .local_dir = own_root ? "/local" : dt->local_dir,
        .secrets_dir = own_root ? "/secrets" : dt->secrets_dir,
        .host_env = (const char *const *)environ,
        .denylist = env_denylist,
        .user = at->user.name,
        .home = at->user.home,
    };
    if (task_env_build(at->a, &s, &at->env) < 0)
        return -ENOMEM;
    dt->env = task_env_list(&at->env, at->a);
    return dt->env ? task_env_replace_val(&at->env, at->a, tr->task->config, &dt->config) : -ENOMEM;
}

static int replace_map(const struct task_env *e, struct arena *a, const struct smap *from,
                       struct smap *ret)
{
    *ret = (struct smap){0};
    for (size_t i = 0; i < from->n; i++) {
        const char *value = task_env_replace(e, a, nonull(from->items[i].value));
        if (!value || smap_set(a, ret, from->items[i].key, value) < 0)
            return -ENOMEM;
    }
    return 0;
}

int task_runner_artifact(struct task_runner *tr, struct arena *a, const struct artifact *raw,
                         struct artifact *ret)
{
    struct err err;
    struct driver_task dt;
    struct attempt at = {.a = a, .stdin_fd = -1};
    int r = user_find(task_runner_user(tr), &at.user, &err);
    if (r == 0)
        r = build_env(tr, &at, &dt, false);
    if (r < 0)
        return r;
    struct artifact art = *raw;
    art.source = task_env_replace(&at.env, a, raw->source);
    art.destination = task_env_replace(&at.env, a, raw->destination);
    art.mode = task_env_replace(&at.env, a, raw->mode);
    r = replace_map(&at.env, a, &raw->options, &art.options);
    if (r == 0)
        r = replace_map(&at.env, a, &raw->headers, &art.headers);
    if (r == 0)
        *ret = art;
    return r;
}

static int translate(struct task_runner *tr, struct attempt *at, struct err *err)
{
    const struct allocated_resources *res = tr->ar->alloc->resources;
    const struct driver *d = driver_find(tr->task->driver);
    struct driver_task dt = {.task = tr->task, .alloc = tr->ar->alloc};
    if (!d)
        return err_set(err, -EINVAL, "driver \"%s\" is not known on this node",
                       nonull(tr->task->driver));
    int r = user_find(task_runner_user(tr), &at->user, err);
    if (r < 0)
        return r;
    r = build_env(tr, at, &dt, d->own_root);
    if (r < 0)
        return err_errno(err, r, "cannot build the environment");
    dt.resources = res ? omap_get(&res->tasks, tr->task->name) : NULL;
    return driver_translate(d, &tr->ar->c->config.host, &dt, at->a, &at->unit, err);
}

static int give_stream(struct task_runner *tr, struct attempt *at, size_t i, struct err *err)
{
    static const char *const names[] = {"stdout", "stderr"};
    const struct log_config *l = tr->task->logs;
    char dir[4200], prefix[300], run[512];
    snprintf(dir, sizeof(dir), "%s/alloc/logs", tr->ar->dir.path);
    snprintf(prefix, sizeof(prefix), "%s.%s", tr->task->name, names[i]);
    snprintf(run, sizeof(run), "%s/fifo", tr->ar->c->config.run_dir);
    struct relay_stream_spec s = {
        .dir = run,
        .target_dir = dir,
        .prefix = prefix,
        .max_files = l && l->max_files > 0 ? (unsigned)l->max_files : 10,
        .max_file_size = (uint64_t)(l && l->max_file_size_mb > 0 ? l->max_file_size_mb : 10) << 20,
        .uid = at->user.uid,
        .gid = at->user.gid,
    };
    int r = relay_stream_register(&s, err, &tr->streams[i]);
    if (r == 0 && i == 0)
        at->unit.spec.stdout_fd = tr->streams[i].write_fd;
    if (r == 0 && i == 1)
        at->unit.spec.stderr_fd = tr->streams[i].write_fd;
    return r;
}

static int give_streams(struct task_runner *tr, struct attempt *at, struct err *err)
{
    if (tr->task->logs && tr->task->logs->disabled)
        return 0;
    int r = give_stream(tr, at, 0, err);
    return r < 0 ? r : give_stream(tr, at, 1, err);
}

static void close_write_ends(struct task_runner *tr)
{
    for (size_t i = 0; i < ARRAY_LEN(tr->streams); i++) {
        cleanup_fd int fd = take_fd(&tr->streams[i].write_fd);
        (void)fd;
    }
}

static int complete_spec(struct task_runner *tr, struct attempt *at, struct err *err)
{
    struct unit_spec *s = &at->unit.spec;
    const struct allocation *al = tr->ar->alloc;
    const char **fields = arena_array(at->a, const char *, 6);
    int r = signal_parse(tr->task->kill_signal, &s->kill_signal);
    if (r < 0)
        return err_set(err, -EINVAL, "kill_signal \"%s\" is no signal", tr->task->kill_signal);
    s->name = tr->unit.z;
    s->slice = at->slice.z;
    s->description = arena_printf(at->a, "%s %s", nonull(al->name), tr->task->name);
    s->node_id = arena_strdup(at->a, UUID_Z(&tr->ar->c->node_id));
    s->exec = tr->ar->c->config.launcher;
    s->kill_timeout = tr->task->kill_timeout > 0 ? tr->task->kill_timeout : 5 * NSEC_SEC;
    s->limits_best_effort = true;
    s->stdin_fd = at->stdin_fd;
    if (!fields)
        return -ENOMEM;
    fields[0] = arena_printf(at->a, "NOMAD_ALLOC_ID=%s", UUID_Z(&al->id));
    fields[1] = arena_printf(at->a, "NOMAD_JOB_ID=%s", al->job->id);
    fields[2] = arena_printf(at->a, "NOMAD_TASK_NAME=%s", tr->task->name);
    fields[3] = arena_printf(at->a, "NOMAD_GROUP_NAME=%s", nonull(al->task_group));
    fields[4] = arena_printf(at->a, "NOMAD_NAMESPACE=%s", nonull(al->ns));
    s->log_fields = fields;
    return s->description && fields[0] && fields[1] && fields[2] ? 0 : -ENOMEM;
}

/* Trying again cannot help: the job itself must change. */
static bool is_final(int r)
{
    return r == -ENOENT || r == -EACCES || r == -EINVAL || r == -EPERM || r == -EXDEV;
}

static void start_failed(struct task_runner *tr, int r, const char *text)
{
    task_runner_forget_unit(tr);
    if (tr->fsm.killed)
        task_runner_event(tr, &(struct task_fsm_event){.type = TFE_START_FAILED});
    else
        task_runner_fail(tr, TFE_START_FAILED, NOTE_DRIVER_FAILURE, is_final(r), text);
    task_runner_reap_later(tr);
}

static void on_start_timer(uv_timer_t *t)
{
    struct task_runner *tr = t->data;
    if (tr->fsm.state == TFS_STARTING && !tr->fsm.killed && !units_is_up(tr->ar->c->units))
        uv_timer_start(t, on_start_timer, LOST_START_DELAY_MS, 0);
    else if (tr->fsm.state == TFS_STARTING)
        task_runner_start(tr);
}

/* systemd never heard of it, or forgot it: no fault of the task's, so no event and no attempt of
 * its policy. The name is not used again, whatever may still come of it is reaped. */
static bool start_again(struct task_runner *tr, int r)
{
    if ((r != -ECONNRESET && r != -ENOTCONN) || tr->fsm.killed ||
        tr->lost_starts >= LOST_STARTS_MAX)
        return false;
    if (!tr->start_timer)
        tr->start_timer = client_timer_new(tr->ar->c, on_start_timer, tr);
    if (!tr->start_timer)
        return false;
    tr->lost_starts++;
    task_runner_forget_unit(tr);
    task_runner_reap_later(tr);
    uv_timer_start(tr->start_timer, on_start_timer, LOST_START_DELAY_MS, 0);
    return true;
}

static void on_started(void *user, int r, const struct unit_state *state, const struct err *err)
{
    struct task_runner *tr = user;
    close_write_ends(tr);
    if (r < 0) {
        log_warn("client", "alloc_id=%s task=%s: %s", UUID_Z(&tr->ar->id), tr->task->name,
                 err->text);
        if (!start_again(tr, r))
            start_failed(tr, r, err->text);
        return;
    }
    tr->lost_starts = 0;
    memcpy(tr->invocation_id, state->invocation_id, sizeof(tr->invocation_id));
    tr->has_invocation = tr->unit_started = true;
    task_runner_event(tr, &(struct task_fsm_event){.type = TFE_STARTED});
}

static int launch(struct task_runner *tr, struct attempt *at, struct err *err)
{
    int r = translate(tr, at, err);
    if (r == 0)
        r = launch_memfd(&at->unit.launch, err, &at->stdin_fd);
    if (r == 0)
        r = give_streams(tr, at, err);
    if (r == 0)
        r = complete_spec(tr, at, err);
    if (r == 0)
        r = task_runner_watch(tr, false);
    return r < 0 ? r : units_start(tr->ar->c->units, &at->unit.spec, on_started, tr, err);
}

static void on_recorded(void *user, int r)
{
    struct task_runner *tr = user;
    struct err err = {0};
    struct attempt at = {.a = arena_new(0), .stdin_fd = -1, .slice = unit_name_slice(&tr->ar->id)};
    if (tr->fsm.state != TFS_STARTING)
        return;
    if (tr->fsm.killed)
        r = -ECANCELED;
    else if (r < 0)
        err_errno(&err, r, "cannot record the start");
    else
        r = at.a ? launch(tr, &at, &err) : -ENOMEM;
    attempt_free(&at);
    if (r < 0) {
        close_write_ends(tr);
        if (!start_again(tr, r))
            start_failed(tr, r, err.text);
    }
}

/* The name is on disk before systemd hears it: a unit of ours is never unknown to us. */
void task_runner_start(struct task_runner *tr)
{
    struct uuid random;
    uint32_t nonce;
    uuid_random(&random);
    memcpy(&nonce, random.b, sizeof(nonce));
    tr->unit = unit_name_service(&tr->ar->id, str_of(tr->task->name), nonce);
    tr->stop_requested = tr->has_invocation = tr->unit_started = false;
    if (alloc_runner_save(tr->ar, on_recorded, tr) < 0)
        on_recorded(tr, -ENOMEM);
}
