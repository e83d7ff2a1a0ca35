// SPDX-License-Identifier: Apache-2.0
/* Chooses the exact best node for each request over all feasible nodes, and claims it in the
 * ledger. Deterministic: same ledger history, same input, same answer. One thread, that of the
 * ledger. */
#pragma once
#include "sched/ledger.h"
#include "sched/sched.h"

struct placer;

/* Borrows the ledger. NULL when memory is short. */
struct placer *placer_new(struct ledger *l);
struct placer *placer_free(struct placer *p);

struct place_input {
    const struct evaluation *eval;
    struct job *job;
    const struct place_request *requests; /* reconcile_result.place */
    size_t n_requests, first; /* start at `first`; at most SCHED_PIECE_MAX are placed a call */
    /* reconcile_result.stop: no members of the job any more. Claimed with first == 0. */
    const struct stop_request *stops;
    size_t n_stops;
    /* place_result.failed of the piece before this one, else empty. */
    struct omap failed;
    nsec_t now;
    uint64_t seed[2]; /* ids of the new allocations; a fresh one for each call */
    bool dry_run;     /* `job plan`: claims are undone before returning */
};

struct place_result {
    struct objs allocs; /* struct allocation, complete but for indexes; previous_allocation set */
    struct objs stops;  /* struct allocation (borrowed): the `previous` of the requests that were
                           placed and carry a stop_description; n <= allocs.n */
    const char **stop_descriptions; /* beside `stops` */
    size_t next;                    /* first request not looked at; n_requests when done */
    /* Of all pieces so far: */
    struct omap failed; /* alloc_metric by group: evaluation.failed_tg_allocs */
    struct imap queued; /* requests that failed, by group: evaluation.queued_allocations */
    struct imap class_eligibility; /* of the failed groups; empty when escaped */
    bool escaped;
};

/* 0 also when nothing could be placed. -ENOMEM; -EOPNOTSUPP with text for what is asked of nodes
 * and not scheduled yet (reserved cores, CSI volumes, networks of single tasks). On error nothing
 * stays claimed. The result lives in `a` and borrows from the input. */
int placer_place(struct placer *p, struct arena *a, const struct place_input *in, struct err *err,
                 struct place_result **ret);
