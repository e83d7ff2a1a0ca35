// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "client/client_internal.h"
#include "drivers/limits.h"

#define ALLOC_SIZE 1280 /* of an allocation with one task, without its job */

static void alloc_runner_destroy_step(struct alloc_runner *ar);

static bool is_stopping(const struct alloc_runner *ar)
{
    return ar->removed || ar->alloc->desired_status != ALLOC_RUN;
}

/* ---- state that others read ---- */

static struct alloc_fsm_task *fsm_tasks(const struct alloc_runner *ar)
{
    struct alloc_fsm_task *t = calloc(ar->n_tasks + 1, sizeof(*t));
    for (size_t i = 0; t && i < ar->n_tasks; i++) {
        const struct task_runner *tr = &ar->tasks[i];
        t[i] = (struct alloc_fsm_task){
            .name = tr->task->name,
            .role = alloc_task_role(tr->task),
            .leader = tr->task->leader,
            .waits = tr->fsm.state == TFS_WAIT,
            .killed = tr->fsm.killed,
            .state = tr->status.state,
        };
    }
    return t;
}

int32_t alloc_runner_status(struct alloc_runner *ar, const char **ret_text)
{
    cleanup_free struct alloc_fsm_task *t = fsm_tasks(ar);
    if (!t) {
        *ret_text = ar->client_description;
        return ar->client_status;
    }
    return alloc_fsm_status(t, ar->n_tasks, ret_text);
}

struct task_runner *alloc_runner_task(struct alloc_runner *ar, const char *name)
{
    for (size_t i = 0; i < ar->n_tasks; i++)
        if (streq(ar->tasks[i].task->name, name))
            return &ar->tasks[i];
    return NULL;
}

/* A unit lives no longer than the kernel that runs it, and neither does what the kernel has not
 * written: a start needs no disk. What has ended, or is to end, must not run again after a power
 * cut. */
static bool must_outlive_power(const struct alloc_runner *ar)
{
    bool must = ar->removed;
    for (size_t i = 0; i < ar->n_tasks; i++) {
        const struct task_runner *tr = &ar->tasks[i];
        must |= tr->fsm.killed || tr->stop_requested || tr->fsm.state > TFS_RUNNING ||
                tr->fsm.restart.count > 0;
    }
    return must;
}

int alloc_runner_save(struct alloc_runner *ar, record_saved_cb cb, void *user)
{
    cleanup_arena struct arena *a = arena_new(0);
    cleanup_buf struct buf b = {0};
    struct alloc_record rec = {.alloc = ar->alloc,
                               .job = ar->alloc->job,
                               .received_at = ar->received_at,
                               .removed = ar->removed};
    struct alloc_deployment_status health = {.healthy = (int8_t)ar->health,
                                             .timestamp = ar->health_at};
    rec.health = &health;
    for (size_t i = 0; a && i < ar->n_tasks; i++) {
        struct task_record *t = model_new(&task_record_schema, a);
        if (!t || objs_add(a, &rec.tasks, t) < 0)
            return -ENOMEM;
        task_runner_record(&ar->tasks[i], a, t);
    }
    if (!a)
        return -ENOMEM;
    records_encode(&rec, &b);
    return record_store_save(ar->c->store, &ar->id, &b, must_outlive_power(ar), cb, user);
}

void alloc_runner_changed(struct alloc_runner *ar)
{
    ar->version++;
    int r = alloc_runner_save(ar, NULL, NULL);
    if (r < 0)
        log_error("client", "cannot record allocation %s: %s", UUID_Z(&ar->id), strerror(-r));
    client_soon(ar->c, ar);
    client_update_soon(ar->c);
}

/* ---- making and freeing ---- */

static struct alloc_runner *runner_alloc(struct client *c, struct arena *arena,
                                         struct allocation *alloc)
{
    struct alloc_runner *ar = calloc(1, sizeof(*ar));
    if (!ar)
        return NULL;
    ar->c = c;
    ar->arena = arena;
    ar->alloc = alloc;
    ar->id = alloc->id;
    ar->health = TRI_UNSET;
    ar->received_at = now_wall();
    ar->client_description = "No tasks have started";
    ar->version = 1;
    ar->group = job_find_group(alloc->job, alloc->task_group);
    list_init(&ar->node);
    list_init(&ar->dirty_node);
    ar->n_tasks = ar->group ? ar->group->tasks.n : 0;
    ar->tasks = calloc(ar->n_tasks + 1, sizeof(*ar->tasks));
    if (!ar->tasks || alloc_dir_of(c->config.alloc_dir, &ar->id, &ar->dir) < 0) {
        free(ar->tasks);
        free(ar);
        return NULL;
    }
    return ar;
}

/* From here on the runner owns the arena. */
static int enlist(struct alloc_runner *ar, const struct objs *records)
{
    for (size_t i = 0; i < ar->n_tasks; i++) {
        const struct task *task = ar->group->tasks.items[i];
        const struct task_record *rec = NULL;
        for (size_t k = 0; records && k < records->n; k++)
            if (streq(((struct task_record *)records->items[k])->name, task->name))
                rec = records->items[k];
        int r = task_runner_init(&ar->tasks[i], ar, task, rec);
        if (r < 0)
            return r;
    }
    int r = map_put(&ar->c->by_id, uuid_key(&ar->id), ar, NULL);
    if (r == 0)
        list_add_tail(&ar->c->allocs, &ar->node);
    return r;
}

/* What a runner keeps of an answer of the servers. */
struct own {
    struct arena *arena;
    struct allocation *alloc;
    struct client_job *job;
};

static void own_drop(struct own *o)
{
    arena_free(o->arena);
    client_job_put(o->job);
}

static int own_copy(struct client *c, const struct allocation *alloc, struct own *ret)
{
    struct own o = {.arena = arena_new(ALLOC_SIZE), .job = client_job_get(c, alloc->job)};
    o.alloc = o.arena ? model_copy(&allocation_schema, o.arena, alloc) : NULL;
    if (!o.alloc || !o.job) {
        own_drop(&o);
        return -ENOMEM;
    }
    o.alloc->job = o.job->job;
    *ret = o;
    return 0;
}

int alloc_runner_new(struct client *c, const struct allocation *alloc, struct alloc_runner **ret)
{
    struct own own;
    int r = own_copy(c, alloc, &own);
    if (r < 0)
        return r;
    struct alloc_runner *ar = runner_alloc(c, own.arena, own.alloc);
    if (!ar) {
        own_drop(&own);
        return -ENOMEM;
    }
    ar->job = own.job;
    r = enlist(ar, NULL);
    if (r == 0)
        r = alloc_runner_save(ar, NULL, NULL);
    if (r < 0) {
        alloc_runner_free(ar);
        return r;
    }
    *ret = ar;
    return 0;
}

int alloc_runner_from_record(struct client *c, struct arena *arena, struct alloc_record *rec,
                             struct alloc_runner **ret)
{
    struct alloc_runner *ar = runner_alloc(c, arena, rec->alloc);
    if (!ar) {
        arena_free(arena);
        return -ENOMEM;
    }
    ar->received_at = rec->received_at;
    ar->removed = rec->removed;
    if (rec->health) {
        ar->health = rec->health->healthy;
        ar->health_at = rec->health->timestamp;
    }
    int r = enlist(ar, &rec->tasks);
    if (r < 0) {
        alloc_runner_free(ar);
        return r;
    }
    *ret = ar;
    return 0;
}

struct alloc_runner *alloc_runner_free(struct alloc_runner *ar)
{
    if (!ar)
        return NULL;
    for (size_t i = 0; i < ar->n_tasks; i++)
        if (ar->tasks[i].ar)
            task_runner_free(&ar->tasks[i]);
    client_timer_free(ar->health_timer);
    units_cancel(ar->c->units, ar);
    record_store_cancel(ar->c->store, ar);
    if (map_get(&ar->c->by_id, uuid_key(&ar->id)) == ar)
        map_del(&ar->c->by_id, uuid_key(&ar->id));
    list_del(&ar->node);
    list_del(&ar->dirty_node);
    free(ar->tasks);
    arena_free(ar->arena);
    client_job_put(ar->job);
    free(ar);
    return NULL;
}

/* ---- set-up: directory and slice ---- */

static void fail_all(struct alloc_runner *ar, const char *text)
{
    log_error("client", "allocation %s cannot be set up: %s", UUID_Z(&ar->id), text);
    for (size_t i = 0; i < ar->n_tasks; i++)
        task_runner_fail(&ar->tasks[i], TFE_FAIL, NOTE_SETUP_FAILURE, true, text);
}

static void on_slice(void *user, int r, const struct err *err)
{
    struct alloc_runner *ar = user;
    ar->setting_up = false;
    if (r == -ECONNRESET || r == -ENOTCONN) { /* tried again when the bus is back */
        client_soon(ar->c, ar);
        return;
    }
    ar->ready = true;
    ar->slice_made = r >= 0;
    if (r < 0)
        fail_all(ar, err->text);
    client_soon(ar->c, ar);
}

static int make_slice(struct alloc_runner *ar, struct err *err)
{
    struct unit_name name = unit_name_slice(&ar->id);
    char description[256];
    struct unit_spec spec = UNIT_SPEC_INIT;
    struct uuid_text node = uuid_text(&ar->c->node_id);
    snprintf(description, sizeof(description), "nomad allocation %s of node %s",
             nonull(ar->alloc->name), node.z);
    spec.name = name.z;
    spec.description = description;
    spec.node_id = node.z;
    spec.limits_best_effort = true;
    driver_slice_limits(ar->alloc->resources, &spec.limits);
    return units_ensure_slice(ar->c->units, &spec, on_slice, ar, err);
}

/* An allocation that replaces one on this node waits until that one has ended: they may share a
 * port, a volume or a name. */
static bool previous_runs(const struct alloc_runner *ar)
{
    if (uuid_is_zero(&ar->alloc->previous_allocation))
        return false;
    const struct alloc_runner *before = client_find(ar->c, &ar->alloc->previous_allocation);
    return before && !before->done;
}

static void set_up(struct alloc_runner *ar)
{
    struct err err = {0};
    if (ar->setting_up || previous_runs(ar) || !units_is_up(ar->c->units))
        return;
    int r = 0;
    for (size_t i = 0; r == 0 && i < ar->n_tasks; i++)
        r = alloc_dir_check_task_name(ar->tasks[i].task->name, &err);
    if (r == 0)
        r = alloc_dir_make(&ar->dir, &err);
    if (r == 0)
        r = make_slice(ar, &err);
    if (r == 0) {
        ar->setting_up = true;
    } else if (r != -ENOTCONN) {
        ar->ready = true;
        fail_all(ar, err.text);
    }
}

/* ---- the deferred pass ---- */

static void kill_tasks(struct alloc_runner *ar, const struct alloc_fsm_task *t,
                       const struct alloc_fsm_answer *answer)
{
    bool no_delay =
        ar->alloc->desired_transition && ar->alloc->desired_transition->no_shutdown_delay == 1;
    for (size_t i = 0; i < ar->n_tasks; i++)
        if (t[i].kill)
            task_runner_kill(&ar->tasks[i], answer->has_kill_note ? &answer->kill_note : NULL,
                             no_delay);
}

static void on_empty_slice_stopped(void *user unused_arg, int r, const struct err *err)
{
    if (r < 0)
        log_warn("client", "the slice of an ended allocation: %s", err->text);
}

static void became_done(struct alloc_runner *ar)
{
    struct unit_name slice = unit_name_slice(&ar->id);
    ar->done = true;
    (void)units_reap(ar->c->units, slice.z, on_empty_slice_stopped, ar->c);
    log_info("client", "allocation %s ended: %s", UUID_Z(&ar->id), ar->client_description);
    list_for_each (it, &ar->c->allocs) { /* the ones that waited for it */
        struct alloc_runner *other = list_item(it, struct alloc_runner, node);
        if (uuid_eq(&other->alloc->previous_allocation, &ar->id))
            client_soon(ar->c, other);
    }
}

static bool nothing_began(const struct alloc_runner *ar)
{
    for (size_t i = 0; i < ar->n_tasks; i++)
        if (ar->tasks[i].fsm.state != TFS_WAIT)
            return false;
    return true;
}

void alloc_runner_evaluate(struct alloc_runner *ar)
{
    struct alloc_fsm_answer answer;
    cleanup_free struct alloc_fsm_task *t = fsm_tasks(ar);
    if (!t || ar->destroying)
        return;
    alloc_fsm_decide(t, ar->n_tasks, is_stopping(ar), &answer);
    if (!ar->ready && !answer.done && !(is_stopping(ar) && nothing_began(ar))) {
        set_up(ar);
        if (!ar->ready)
            return;
    }
    kill_tasks(ar, t, &answer);
    for (size_t i = 0; i < ar->n_tasks; i++)
        if (t[i].begin && (ar->ready || ar->tasks[i].fsm.killed))
            task_runner_event(&ar->tasks[i], &(struct task_fsm_event){.type = TFE_BEGIN});
    if (ar->client_status != answer.client_status) {
        ar->client_status = answer.client_status;
        ar->client_description = answer.description;
        ar->version++;
        client_update_soon(ar->c);
    }
    alloc_runner_check_health(ar);
    if (answer.done && !ar->done)
        became_done(ar);
    if (ar->done && ar->removed)
        alloc_runner_destroy_step(ar);
}

void alloc_runner_kill_all(struct alloc_runner *ar)
{
    for (size_t i = 0; i < ar->n_tasks; i++)
        if (ar->tasks[i].fsm.state != TFS_DEAD)
            task_runner_kill(&ar->tasks[i], NULL, true);
}

/* ---- updates and removal ---- */

void alloc_runner_update(struct alloc_runner *ar, const struct allocation *alloc)
{
    struct own own;
    const struct task_group *group;
    if (alloc->alloc_modify_index <= ar->alloc->alloc_modify_index)
        return;
    if (own_copy(ar->c, alloc, &own) < 0)
        return;
    group = job_find_group(own.alloc->job, own.alloc->task_group);
    for (size_t i = 0; i < ar->n_tasks; i++) {
        if (group && group_find_task(group, ar->tasks[i].task->name))
            continue;
        log_error("client", "update of allocation %s lacks task \"%s\": ignored", UUID_Z(&ar->id),
                  ar->tasks[i].task->name);
        own_drop(&own);
        return;
    }
    for (size_t i = 0; i < ar->n_tasks; i++)
        ar->tasks[i].task = group_find_task(group, ar->tasks[i].task->name);
    arena_free(ar->arena);
    client_job_put(ar->job);
    ar->arena = own.arena;
    ar->alloc = own.alloc;
    ar->job = own.job;
    ar->group = group;
    alloc_runner_changed(ar);
}

void alloc_runner_remove(struct alloc_runner *ar)
{
    ar->removed = true;
    alloc_runner_changed(ar);
}

static void on_work_done(uv_work_t *w, int status unused_arg)
{
    free(w);
}

struct destroy_work {
    uv_work_t work;
    struct alloc_dir dir;
};

static void on_work(uv_work_t *w)
{
    struct err err = {0};
    struct destroy_work *d = container_of(w, struct destroy_work, work);
    if (alloc_dir_destroy(&d->dir, &err) < 0)
        log_error("client", "%s", err.text);
}

/* Every step runs, whatever became of the one before: slice, directory, record. */
static void destroy_rest(struct alloc_runner *ar)
{
    struct destroy_work *d = calloc(1, sizeof(*d));
    if (d) {
        d->dir = ar->dir;
        if (uv_queue_work(ar->c->loop, &d->work, on_work, on_work_done) < 0)
            free(d);
    }
    if (record_store_remove(ar->c->store, &ar->id) < 0)
        log_error("client", "cannot remove the record of allocation %s", UUID_Z(&ar->id));
    struct client *c = ar->c;
    alloc_runner_free(ar);
    client_soon(c, NULL);
}

static void on_slice_stopped(void *user, int r, const struct err *err)
{
    struct alloc_runner *ar = user;
    if (r < 0 && r != -ENOENT)
        log_warn("client", "slice of allocation %s: %s", UUID_Z(&ar->id), err->text);
    destroy_rest(ar);
}

static void alloc_runner_destroy_step(struct alloc_runner *ar)
{
    ar->destroying = true;
    struct unit_name name = unit_name_slice(&ar->id);
    if (units_stop(ar->c->units, name.z, on_slice_stopped, ar) < 0)
        destroy_rest(ar);
}
