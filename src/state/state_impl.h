// SPDX-License-Identifier: Apache-2.0
/* Private to src/state: what the writer holds, and the steps of a write. */
#pragma once
#include <pthread.h>

#include "base/hash.h"
#include "base/vec.h"
#include "state/tables.h"
#include "state/write.h"

/* A job whose status is derived again at commit. */
struct dirty_job {
    bool evals_deleted;
    size_t n;
    char key[];
};

struct state {
    pthread_mutex_t lock; /* guards `store` against a reader's pin while it is exchanged */
    struct store *store;
    VEC(struct store *) replaced; /* by a restore, waiting for their last pin */
    struct arena *scratch;
    struct map dirty_index;        /* struct dirty_job, by key */
    VEC(struct dirty_job *) dirty; /* in order of first touch: apply is deterministic */
};

uint64_t txn_index(const struct state *st);
/* Puts a record and gives its reference away. -ENAMETOOLONG. */
int put_record(struct state *st, enum state_table t, struct record *r);
/* The stored object for changing: in place when this transaction made it, else a copy put in its
 * stead. What is part of a key stays as it is. NULL: there is none. */
struct record *own_record(struct state *st, enum state_table t, const struct key *k);
static inline void *own_data(struct state *st, enum state_table t, const struct key *k)
{
    struct record *r = own_record(st, t, k);
    return r ? r->data : NULL;
}
/* For what the FSM stores as it is: copy with create and modify index set. */
int upsert_plain(struct state *st, enum state_table t, const struct key *k, const void *object);
int delete_plain(struct state *st, enum state_table t, const struct key *k);

void dirty_job(struct state *st, const char *ns, const char *id, bool evals_deleted);
void settle_jobs(struct state *st);
void forget_dirty(struct state *st);

/* Counters. NULL: before it came, after it went. */
void count_alloc(struct state *st, const struct allocation *old, const struct allocation *now);
void count_eval(struct state *st, const struct evaluation *old, const struct evaluation *now);
void summarise_alloc(struct state *st, const struct allocation *old, const struct allocation *now);
void summarise_eval(struct state *st, const struct evaluation *e);
void summarise_job(struct state *st, const struct job *j);
/* A child moved from one status to another; -1: it is new, or gone. */
void summarise_child(struct state *st, const struct job *child, int from, int to);
/* May set modify_index in now's deployment_status. */
void deploy_alloc(struct state *st, const struct allocation *old, struct allocation *now);
