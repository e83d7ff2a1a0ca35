// SPDX-License-Identifier: Apache-2.0
/* Who starts next: what waits is in one queue a slice, and the slices take turns, so an allocation
 * with many tasks does not hold up the others. Nodes belong to the caller; a node may be unlinked
 * with list_del() at any time, start_queue_prune() then frees what is empty. */
#pragma once
#include "base/list.h"

/* queues: a list head. -ENOMEM: n is not queued. */
int start_queue_add(struct list *queues, const char *slice, struct list *n);
/* Unlinks and returns the node whose turn it is, NULL if nothing waits. */
struct list *start_queue_next(struct list *queues);
void start_queue_prune(struct list *queues);
