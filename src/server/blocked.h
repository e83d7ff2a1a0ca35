// SPDX-License-Identifier: Apache-2.0
/* Evaluations that wait for room: at most one a job. Told of capacity that appears on a class of
 * nodes, it names those that may now succeed. Pure. */
#pragma once
#include "model/eval.h"

struct blocked;

struct blocked *blocked_new(void);
struct blocked *blocked_free(struct blocked *b);
/* A blocked evaluation. Of two of a job the one that changed earlier, be it this one, comes back in
 * *ret_duplicate (zero: none) and is forgotten: it is to be cancelled. -ENOMEM. */
int blocked_add(struct blocked *b, const struct evaluation *e, struct uuid *ret_duplicate);
void blocked_remove(struct blocked *b, const struct uuid *eval_id);
/* Capacity appeared on a node of this computed class. Calls cb for each that may succeed there: the
 * class is eligible for it, unknown to it, or its constraints escaped classes. They stay until
 * blocked_remove. */
void blocked_unblock(struct blocked *b, const char *computed_class,
                     void (*cb)(void *ctx, const struct uuid *id), void *ctx);
size_t blocked_count(const struct blocked *b);
