// SPDX-License-Identifier: Apache-2.0
/* What the agent must know again after it died: one file an allocation in
 * <data_dir>/client/allocs/<id>, replaced whole (written aside, synced, renamed), with version and
 * CRC-32C. A file that cannot be read is set aside as <id>.bad and reported; it stops nothing. */
#pragma once
#include "client/task_fsm.h"
#include "base/err.h"
#include "model/alloc.h"

struct task_record {
    const char *name;
    struct task_state *state;
    int64_t fsm_state; /* enum task_fsm_state */
    int64_t restart_count;
    nsec_t restart_interval_start;
    bool killed, triggered;
    bool setup_done;          /* artifacts and payload are there: not fetched twice */
    bool stop_requested;      /* of this unit: written before the unit is told to stop */
    const char *unit;         /* this attempt's; "" none */
    struct str invocation_id; /* 16 bytes once it was started */
    struct strs streams;      /* log streams of this attempt, stdout then stderr */
};

struct alloc_record {
    struct allocation *alloc; /* as the servers sent it last */
    struct job *job;          /* its job; records_decode() sets alloc->job */
    struct objs tasks;        /* task_record */
    struct alloc_deployment_status *health;
    nsec_t received_at;
    bool removed; /* the servers forgot it: only clean-up is left */
};

extern const struct schema task_record_schema, alloc_record_schema;

#define RECORD_VERSION 1U

void records_encode(const struct alloc_record *r, struct buf *out);
/* -EBADMSG (cut, wrong checksum, no allocation), -EPROTONOSUPPORT (newer version). */
int records_decode(struct arena *a, struct str bytes, struct alloc_record **ret, struct err *err);

/* Calls back for every readable record; each is in an arena the callback takes over. 0 also when
 * the directory is missing. */
typedef void (*records_load_cb)(void *user, struct arena *arena, struct alloc_record *r);
int records_load(const char *dir, records_load_cb cb, void *user, struct err *err);
/* Synchronous; the store below uses both on the thread pool. `sync`: on disk on return. */
int records_write(const char *dir, const struct uuid *alloc, struct str bytes, bool sync,
                  struct err *err);
int records_remove(const char *dir, const struct uuid *alloc);
