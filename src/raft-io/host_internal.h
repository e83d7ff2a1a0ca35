// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of the host only. */
#pragma once
#include "base/clock.h"
#include "base/list.h"
#include "base/vec.h"
#include "raft-io/raft_host.h"
#include "raft-io/snapshot.h"
#include "raft-io/wal.h"

/* Work for the log's thread, in order. */
struct log_job {
    struct list link;
    enum { LOG_APPEND, LOG_ADOPT } kind;
    struct raft_persist persist;
    uint64_t index, term, log_index, log_term; /* LOG_ADOPT */
    int r;
};

struct log_thread {
    struct wal *wal;
    uv_thread_t thread;
    uv_async_t *wake;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct list todo, done; /* log_job; under lock */
    bool stop;              /* under lock */
    uint64_t bytes, syncs;  /* under lock, for statistics */
    struct err err;         /* why the first failed job failed; set before it is in `done` */
};
int log_thread_start(struct log_thread *t, struct wal *wal, uv_async_t *wake);
void log_thread_post(struct log_thread *t, struct log_job *j);
void log_thread_take(struct log_thread *t, struct list *ret_done);
void log_thread_stop(struct log_thread *t); /* after all that is queued */
struct log_job *log_job_free(struct log_job *j);

struct proposal {
    uint64_t index, term; /* once in the log */
    size_t bytes;
    struct raft_entry *entry; /* until then */
    raft_proposed_cb cb;
    void *ctx;
};

struct snapshot_run {
    struct raft_host *h;
    uv_work_t work;
    bool running; /* from pin to adoption */
    void *pin;
    uint64_t index, term, log_index, log_term, bytes;
    struct raft_config config;
    int r, disk; /* the outcome; the disk's part in it */
    struct err err;
};
struct snapshot_waiter {
    raft_snapshot_cb cb;
    void *ctx;
};

struct raft_host {
    uv_loop_t *loop;
    struct raft_host_options o;
    struct raft_host_callbacks cb;
    void *ctx;
    char *dir; /* NULL: memory only */
    struct uuid id;
    struct raft *raft;
    struct wal *wal;
    struct log_thread log;
    uv_async_t wake;
    uv_timer_t timer;
    bool dead, closing, log_running, led;
    uint64_t led_term;
    uint64_t memory_seq; /* memory only: given out and "persisted" at the next turn */
    uint64_t applied, applied_term, snap_index, snap_term;
    uint64_t entries_since, bytes_since, next_try; /* since the last snapshot */
    uint64_t snapshot_size;
    VEC(struct proposal) queued;   /* not in the log yet */
    VEC(struct proposal) inflight; /* in the log from inflight_head on, by index */
    size_t inflight_head;
    size_t held_bytes, held_entries; /* both of them */
    nsec_t space_checked;
    bool space_low;
    struct snapshot_run snap;
    VEC(struct snapshot_waiter) snap_waiters;
    void (*closed_cb)(void *ctx);
    void *closed_ctx;
    int handles;
};

/* host.c */
void raft_host_fatal(struct raft_host *h, const char *fmt, ...) printf_like(2, 3);
/* < 0: refused by the step machine, or the host is dead; then nothing has happened. */
int raft_host_step(struct raft_host *h, struct raft_event *ev);
void raft_host_finish_close(struct raft_host *h);
/* host_apply.c */
void raft_host_apply(struct raft_host *h);
void raft_host_fail_proposals(struct raft_host *h, int r);
void raft_host_flush_proposals(struct raft_host *h);
/* host_snapshot.c */
void raft_host_snapshot_maybe(struct raft_host *h);
void raft_host_snapshot_adopted(struct raft_host *h, const struct log_job *j);
void raft_host_snapshot_answer(struct raft_host *h, int r);
