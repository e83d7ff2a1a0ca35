// SPDX-License-Identifier: Apache-2.0
/* One leadership and the runs of evaluations in it. */
#pragma once
#include "sched/placer.h"
#include "server/blocked.h"
#include "server/broker.h"
#include "server/feed.h"
#include "server/scheduling.h"

enum {
    RUNS_MAX = 4,          /* evaluations worked on at the same time */
    PLAN_ATTEMPTS_MAX = 5, /* tries of an evaluation whose placements are refused */
};
#define FOLLOW_UP_WAIT (60 * NSEC_SEC) /* before a new evaluation tries again */

/* What one leadership holds; dropped as a whole when it ends. */
struct lead {
    uint64_t serial; /* the address may come again, this does not */
    struct scheduling *owner;
    struct ledger *ledger; /* the placer thread's */
    struct placer *placer; /* likewise */
    struct feed *feed;
    struct broker *broker;
    struct blocked *blocked;
    uint64_t capacity_index; /* last log index at which room appeared anywhere */
};

struct scheduling {
    struct server_env *env;
    struct state *st;
    struct lead *lead;    /* NULL: not leading */
    uint64_t last_serial; /* of leaderships */
    struct store_listener listener;
    struct env_timer *pump_timer, *wake_timer, *rescan_timer;
    nsec_t wake_at;
    size_t n_runs, in_flight; /* in flight: every message out to a thread or the log */
    struct scheduling_stats stats;
    void (*freed_cb)(void *);
    void *freed_ctx;
};

/* One try of one evaluation, or a dry run. */
struct run {
    struct scheduling *s;
    struct lead *lead; /* only while current */
    uint64_t lead_serial;
    struct uuid eval_id;
    int attempt;
    struct arena *arena;
    struct snap *snap;
    const struct evaluation *eval;
    struct job *job;
    const struct allocation **allocs;
    size_t n_allocs;
    uint64_t seed[2];
    nsec_t now;
    struct reconcile_result *todo;
    struct place_result *placed;
    struct place_input in;
    int code;
    struct err err;
    scheduling_plan_cb plan_cb; /* dry runs */
    void *plan_ctx;
};

static inline bool run_is_current(const struct run *r)
{
    return r->s->lead && r->s->lead->serial == r->lead_serial;
}
/* Worker and placer halves, shared by real and dry runs. */
void run_reconcile(void *ctx);
void run_place_input(struct run *r); /* r->in out of r->todo */
void run_place(void *ctx);
void run_free(struct run *r);
void scheduling_landed(struct scheduling *s); /* one message less in flight */

/* run.c */
void run_start(struct scheduling *s, const struct uuid *eval_id, int attempt);
/* scheduling.c */
void scheduling_pump_soon(struct scheduling *s);
/* Claims were given back: somebody else may have been blocked by them. */
void scheduling_room_again(struct scheduling *s);
/* plan_command.c: the next plan entry of a run. -ENOMEM. */
int run_command(struct run *r, struct buf *out);
