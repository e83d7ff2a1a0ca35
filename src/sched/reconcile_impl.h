// SPDX-License-Identifier: Apache-2.0
/* Inside reconcile: the sets a group's allocations fall into, and the lists being built. */
#pragma once
#include <errno.h>

#include "sched/names.h"
#include "sched/sched.h"

struct alloc_list {
    const struct allocation **items;
    size_t n, cap;
};
int alloc_list_add(struct arena *a, struct alloc_list *l, const struct allocation *x);

struct later {
    const struct allocation *alloc;
    nsec_t at;
};

/* One task group's allocations, by what their state means for the count. */
struct group_sets {
    struct alloc_list keep;       /* count towards the desired total; batch: done ones too */
    struct alloc_list migrate;    /* asked to move */
    struct alloc_list lost;       /* node down or gone */
    struct alloc_list reschedule; /* failed, to be replaced now */
    struct later *later;          /* failed, to be replaced later; in `keep` too */
    size_t n_later, cap_later;
    size_t ignored;
};

struct feasible;

struct reconciler {
    struct arena *a;
    const struct reconcile_input *in;
    struct reconcile_result *out;
    bool batch;
    uint64_t seed[2];
    size_t cap_place, cap_stop, cap_inplace, cap_marks, cap_followups;
    /* destructive requests are collected apart, they come first in the result */
    struct place_request *destructive;
    size_t n_destructive, cap_destructive;
    /* memo of update_class(): one answer per (old job, group) */
    const struct job *memo_job;
    const struct task_group *memo_group;
    enum change memo_change;
    struct feasible *checker; /* owned: of checker_group */
    const struct task_group *checker_group;
};

int add_stop(struct reconciler *r, const struct allocation *x, const char *why, int32_t client);

/* reconcile_group.c: all of one living group. */
int reconcile_group(struct reconciler *r, struct task_group *g, struct group_sets *s,
                    struct reconcile_group *out);
/* update.c: what a new job version means for a running allocation: 0 nothing, CHG_INPLACE or
 * CHG_DESTROY. */
enum change update_class(struct reconciler *r, const struct task_group *g,
                         const struct allocation *x);
/* reschedule.c */
const struct reschedule_policy *alloc_policy(const struct allocation *a);
nsec_t alloc_fail_time(const struct allocation *a);
/* The tracker of prev's replacement. NULL when memory is short. */
struct reschedule_tracker *tracker_next(struct arena *a, const struct allocation *prev, nsec_t now);

/* Doubles an arena array when full. The old piece stays until the arena goes. */
int arena_grow(struct arena *a, void **items, size_t n, size_t *cap, size_t size);
#define arena_push(a, list, n_, cap_, x)                                                           \
    (arena_grow((a), (void **)&(list), (n_), &(cap_), sizeof(*(list))) < 0                         \
         ? -ENOMEM                                                                                 \
         : ((list)[(n_)++] = (x), 0))
