// SPDX-License-Identifier: Apache-2.0
/* The ledger's arrays, as the placer reads them. All are 64-byte aligned and `cap` long, a
 * multiple of 64; unused slots have capacity -1, so nothing ever fits there. */
#pragma once
#include "base/hash.h"
#include "base/vec.h"
#include "sched/ledger.h"
#include "sched/members.h"
#include "sched/ports.h"

#define SLOT_NONE UINT32_MAX

struct node_class {
    char *text;
    uint32_t id;
};

struct ledger {
    size_t n, cap; /* slots ever used; room */
    int32_t *cap_cpu, *cap_mem, *cap_disk;
    int32_t *used_cpu, *used_mem, *used_disk;
    float *rcpu, *rmem; /* 1 / capacity, 0 when there is none */
    float *unstarted;   /* allocations placed here that do not run yet */
    uint32_t *class_id;
    uint8_t *ready;
    uint32_t *refs; /* allocations and claims that point here */
    struct uuid *ids;
    const struct node **nodes; /* NULL: free, or allocations of an unknown node */
    struct port_set **ports;   /* NULL until a port is used */

    VEC(uint32_t) free_slots;
    struct map by_id;                    /* struct slot_entry by uuid */
    struct map classes;                  /* struct node_class by text */
    VEC(struct node_class *) class_list; /* sorted by text */
    size_t n_classes, n_nodes;
    struct map jobs;   /* struct members by "ns\0job\0" */
    struct map claims; /* struct claim by alloc id */
};

uint32_t ledger_slot(const struct ledger *l, const struct uuid *node_id); /* SLOT_NONE */
/* The job's members; NULL when it has none. */
struct members *ledger_members(const struct ledger *l, const char *ns, const char *job);
/* Wanted by the servers and not ended. */
static inline bool alloc_is_member(const struct allocation *a)
{
    return !alloc_terminal(a);
}
/* Every host port an allocation holds. Stops at the first error. */
int alloc_ports(const struct allocated_resources *r, int (*cb)(void *ctx, int64_t port), void *ctx);
