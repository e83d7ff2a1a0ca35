// SPDX-License-Identifier: Apache-2.0
/* One group's placements within one call: which slots are feasible and why the others are not, what
 * each scores, and what changes after each placement. */
#pragma once
#include "sched/feasible.h"
#include "sched/placer.h"
#include "sched/score.h"

/* Why a slot is out, beyond feasible.h's results. */
enum { OUT_NOT_READY = 0xfff0, OUT_HOST, OUT_PROPERTY, OUT_STATIC_PORT, OUT_DYNAMIC_PORT };

/* How often each value of an attribute is used by the group (or the job). */
struct value_counts {
    struct target target;
    uint32_t *of; /* value number by slot; UINT32_MAX: the node has none */
    VEC(const char *) texts;
    VEC(uint32_t) counts;
    struct map numbers; /* text -> number + 1 */
};

struct spread_state {
    struct value_counts v;
    const struct spread *spread;
    double weight; /* share among all spreads */
    double *boost; /* by value number; filled by spreads_refresh() */
    double missing_boost;
    float *boost_f; /* of `boost`, and missing_boost behind them; for the scan */
};

struct static_port {
    const struct port *port;
    const char *text; /* "network: reserved port collision http=8080" */
};

/* feasible_class() of every class, kept for groups that ask the same: dispatched jobs, the next
 * evaluation of a job. Classes never change and their numbers are never used again. */
#define CLASS_MEMOS 64
struct class_memo {
    uint64_t signature[2], used_at; /* used_at 0: empty */
    uint16_t *results;              /* UINT16_MAX: not asked yet */
    size_t n;
};

/* Arrays kept by the placer between runs; as long as the ledger's. */
struct scratch {
    size_t cap, class_cap;
    struct score_arrays s;
    uint16_t *out;         /* 0: feasible; else why not */
    uint16_t *count;       /* members of this group by slot */
    uint16_t *hosts;       /* members of the whole job by slot */
    VEC(uint32_t) touched; /* slots with count, hosts, extra or inv_k other than 0, 0, 0, 1 */
    struct class_memo memos[CLASS_MEMOS];
    uint64_t memo_clock;
    uint32_t *class_n; /* ready nodes by class */
    const struct node **class_node;
    float *class_affinity;
    float *packed, *rest;
};
int scratch_fit(struct scratch *x, const struct ledger *l);
void scratch_free(struct scratch *x);

struct run {
    struct ledger *l;
    struct scratch *x;
    const struct place_input *in;
    struct task_group *group;
    struct feasible *f; /* owned */
    uint16_t *by_class; /* of a memo */
    struct arena *a;    /* of the results */
    struct score_ask ask;
    bool affinity_by_node; /* an affinity names something unique */
    struct spread_state *spreads;
    size_t n_spreads;
    struct value_counts *distinct; /* beside f->distinct */
    struct static_port *statics;
    size_t n_statics, n_dynamic;
    struct allocated_resources *plain; /* what every allocation of the group gets */
};

/* Scores all slots. On error the run is empty. */
int run_begin(struct run *r, struct ledger *l, struct scratch *x, struct arena *a,
              const struct place_input *in, struct task_group *g, struct err *err);
void run_end(struct run *r);

/* A member of `group` came (1) or went (-1) on a slot. */
int run_member(struct run *r, uint32_t slot, const char *group, int delta);
/* The slot's room changed: score it again. */
void run_rescore(struct run *r, uint32_t slot);
/* Takes a slot out for the rest of the run. */
void run_exclude(struct run *r, uint32_t slot, uint16_t why);
/* SLOT_NONE when nothing fits. */
uint32_t run_best(struct run *r);
/* Sum of the spreads' boosts on a slot. */
double run_boost(const struct run *r, uint32_t slot);
/* Number of scorers of a slot beside binpack and spread, and their sum. */
double run_others(const struct run *r, uint32_t slot, int *ret_n);

/* metric.c */
struct alloc_metric *run_metric(struct run *r);
int run_scores(struct run *r, struct alloc_metric *m, uint32_t chosen, size_t top,
               const struct score_ask *credit, const uint32_t *penalty, size_t n_penalty);
int run_classes(const struct run *r, struct arena *a, struct imap *to);
const char *run_why(struct run *r, uint32_t slot);

/* offer.c. What every allocation of the group is given, without ports. NULL: no memory. */
struct allocated_resources *group_resources(struct arena *a, const struct task_group *g);
/* Resources of an allocation on that slot. -EADDRINUSE: dynamic ports ran out. */
int run_offer(struct run *r, uint32_t slot, const struct uuid *alloc_id,
              const struct allocation *previous, struct allocated_resources **ret);
/* The first static port that is taken; NULL when all are free. `previous` gives up its own. */
const struct static_port *run_port_conflict(const struct run *r, uint32_t slot,
                                            const struct allocation *previous);
