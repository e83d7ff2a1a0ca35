// SPDX-License-Identifier: Apache-2.0
/* The leader's scheduling: evaluations from the broker through reconcile (workers) and place (the
 * placer's thread) into plan entries, until each is complete, blocked or failed. Feeds itself from
 * the state's change sets; everything it holds is rebuilt from the state on every leadership. */
#pragma once
#include "server/env.h"

struct scheduling;

struct scheduling *scheduling_new(struct server_env *env, struct state *st);
/* Leadership is won (all of the log applied): build ledger and queues from the state. */
void scheduling_start(struct scheduling *s);
/* Leadership lost or shutting down. What is in flight ends without effect. */
void scheduling_stop(struct scheduling *s);
/* After stop, once nothing is in flight: then calls freed_cb. */
void scheduling_free(struct scheduling *s, void (*freed_cb)(void *), void *ctx);

/* `job plan`: what would happen if this (canonical) job were registered; nothing is changed. */
struct plan_answer {
    struct plan_annotations *annotations;
    struct omap failed; /* alloc_metric by group */
    int code;
    struct err err;
};
typedef void (*scheduling_plan_cb)(void *ctx, const struct plan_answer *answer);
void scheduling_dry_run(struct scheduling *s, struct arena *a, struct job *job,
                        scheduling_plan_cb cb, void *ctx);

struct scheduling_stats {
    uint64_t evals_done, evals_failed, placements, dropped, no_room;
    size_t blocked, ready, waiting, outstanding;
};
void scheduling_stats(struct scheduling *s, struct scheduling_stats *ret);
