// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of the client. Who owns what: client -> alloc_runner -> task_runner. Changes
 * of task states only mark their allocation; a deferred pass (client_soon) decides, so no callback
 * re-enters a runner. */
#pragma once
#include "base/hash.h"
#include "base/list.h"
#include "client/alloc_dir.h"
#include "client/alloc_fsm.h"
#include "client/client.h"
#include "client/record_store.h"
#include "client/records.h"
#include "client/stats.h"
#include "client/task_env.h"
#include "client/task_fsm.h"
#include "rpc/messages.h"
#include "systemd/relay_unit.h"
#include "systemd/units.h"

struct alloc_runner;
struct fetch_job;

struct task_runner {
    struct alloc_runner *ar;
    const struct task *task; /* in ar->arena */
    struct task_fsm fsm;
    struct task_fsm_config fsm_config;
    struct task_status status;
    struct unit_name unit;  /* this attempt's; "" none */
    struct unit_name ended; /* to be reaped once its end is recorded; "" none */
    uint8_t invocation_id[16];
    bool has_invocation, setup_done, stop_requested, unit_started;
    struct relay_stream streams[2];
    bool has_streams;
    struct unit_watch *watch;
    uv_timer_t *timer;       /* back-off and shutdown delay */
    uv_timer_t *start_timer; /* until a lost start is tried again */
    unsigned lost_starts;
    struct fetch_job *fetch;
    size_t next_artifact;
    struct stats_cpu cpu;
};

/* client_job.c: one copy of a job version, shared by its allocations. */
struct client_job {
    struct list node; /* client.jobs */
    size_t refs;
    struct arena *arena;
    struct job *job; /* never changed */
};

struct alloc_runner {
    struct client *c;
    struct list node;       /* client.allocs */
    struct list dirty_node; /* client.dirty */
    struct uuid id;
    struct arena *arena;    /* owns alloc, and its job where `job` is NULL */
    struct client_job *job; /* what alloc->job is of */
    struct allocation *alloc;
    const struct task_group *group;
    struct alloc_dir dir;
    struct task_runner *tasks;
    size_t n_tasks;
    bool ready; /* directory and slice are there */
    bool setting_up;
    bool removed; /* the servers forgot it: destroy once all is dead */
    bool destroying;
    bool done; /* all tasks dead, seen by the deferred pass */
    bool slice_made;
    int health; /* TRI: deployment health as reported */
    nsec_t received_at, health_at;
    uv_timer_t *health_timer;
    int32_t client_status; /* as last computed */
    const char *client_description;
    uint64_t version, sent_version; /* of what the servers should know */
};

struct client {
    uv_loop_t *loop;
    struct rpc_table *rpc;
    struct arena *arena; /* config */
    struct client_config config;
    char *record_dir;
    struct arena *node_arena;
    struct node *node;
    struct uuid node_id, secret_id;
    struct units *units;
    struct record_store *store;
    struct map by_id; /* 16 bytes -> alloc_runner */
    struct list allocs, dirty, calls, jobs;
    uv_timer_t *soon, *heartbeat, *poll, *update;
    bool started, records_loaded, listing, restored, registered, stopping, relay_asked,
        relay_stopping, update_in_flight, update_retry;
    uint64_t allocs_index;
    nsec_t last_heartbeat;
    void (*stopped_cb)(void *user);
    void *stopped_user;
};

/* client.c */
uv_timer_t *client_timer_new(struct client *c, uv_timer_cb cb, void *user);
uv_timer_t *client_timer_free(uv_timer_t *t);
struct alloc_runner *client_find(const struct client *c, const struct uuid *id);
/* The deferred pass will look at it. */
void client_soon(struct client *c, struct alloc_runner *ar);

/* client_calls.c: calls to the servers. The callback runs on the loop, never from inside send. */
typedef void (*client_call_cb)(struct client *c, struct rpc_call *call, void *user);
struct rpc_call *client_call_new(struct client *c, const char *method);
void client_call_send(struct client *c, struct rpc_call *call, client_call_cb cb, void *user);
void client_calls_drop(struct client *c);

/* client_servers.c */
void client_servers_start(struct client *c);
void client_on_heartbeat_timer(uv_timer_t *t);
void client_on_poll_timer(uv_timer_t *t);

/* client_job.c: NULL when memory is short. Put accepts NULL and returns it. */
struct client_job *client_job_get(struct client *c, const struct job *job);
struct client_job *client_job_put(struct client_job *j);

/* client_update.c */
void client_update_soon(struct client *c);
void client_on_update_timer(uv_timer_t *t);

/* client_restore.c: records against units; then client_servers_start() */
int client_restore(struct client *c, struct err *err);

/* client_identity.c */
int client_load_identity(struct client *c, struct err *err);

/* alloc_runner.c */
int alloc_runner_new(struct client *c, const struct allocation *alloc, struct alloc_runner **ret);
int alloc_runner_from_record(struct client *c, struct arena *arena, struct alloc_record *rec,
                             struct alloc_runner **ret);
struct alloc_runner *alloc_runner_free(struct alloc_runner *ar);
void alloc_runner_update(struct alloc_runner *ar, const struct allocation *alloc);
void alloc_runner_evaluate(struct alloc_runner *ar);
void alloc_runner_remove(struct alloc_runner *ar); /* end its tasks, then destroy and free it */
int alloc_runner_save(struct alloc_runner *ar, record_saved_cb cb, void *user);
void alloc_runner_changed(struct alloc_runner *ar);
struct task_runner *alloc_runner_task(struct alloc_runner *ar, const char *name);
/* Everything the tasks' kill takes, poststop tasks too. */
void alloc_runner_kill_all(struct alloc_runner *ar);
int32_t alloc_runner_status(struct alloc_runner *ar, const char **ret_text);

/* alloc_health.c (pure part: alloc_health.h) */
void alloc_runner_check_health(struct alloc_runner *ar);

/* task_runner.c */
int task_runner_init(struct task_runner *tr, struct alloc_runner *ar, const struct task *task,
                     const struct task_record *rec);
void task_runner_free(struct task_runner *tr);
void task_runner_event(struct task_runner *tr, struct task_fsm_event *e);
void task_runner_fail(struct task_runner *tr, enum task_fsm_event_type type,
                      enum task_note_type note, bool unrecoverable, const char *text);
void task_runner_note(struct task_runner *tr, const struct task_note *n);
void task_runner_kill(struct task_runner *tr, const struct task_note *cause, bool no_delay);
void task_runner_record(const struct task_runner *tr, struct arena *a, struct task_record *ret);
/* After a restore: what the recorded state needs now. `present`: its unit exists. */
void task_runner_resume(struct task_runner *tr, const struct unit_item *item);

/* The task's user, else its driver's; NULL: root. */
const char *task_runner_user(const struct task_runner *tr);

/* task_setup.c */
void task_runner_setup(struct task_runner *tr);
void task_runner_cancel_setup(struct task_runner *tr);

/* task_fetch.c: the artifacts, one after the other; one of the two follows, perhaps at once. */
void task_runner_fetch(struct task_runner *tr, void (*done)(struct task_runner *tr),
                       void (*failed)(struct task_runner *tr, enum task_note_type type,
                                      bool unrecoverable, const char *text));
void task_runner_fetch_cancel(struct task_runner *tr);

/* task_start.c */
void task_runner_start(struct task_runner *tr);
struct artifact;
/* The block with its texts interpolated in the task's environment. -ENOMEM. */
int task_runner_artifact(struct task_runner *tr, struct arena *a, const struct artifact *raw,
                         struct artifact *ret);
/* task_unit.c */
int task_runner_watch(struct task_runner *tr, bool attach);
void task_runner_stop_unit(struct task_runner *tr);
void task_runner_forget_unit(struct task_runner *tr);
void task_runner_reap_later(struct task_runner *tr);
