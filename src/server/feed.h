// SPDX-License-Identifier: Apache-2.0
/* Keeps the placer's ledger equal to the state: the whole of it at the start, then every change in
 * log order, as messages to the placer's thread. References are taken and dropped on the loop. */
#pragma once
#include "sched/ledger.h"
#include "server/env.h"

struct feed;

struct feed *feed_new(struct server_env *env, struct ledger *ledger);
/* Everything in this snapshot. */
void feed_all(struct feed *f, const struct snap *snap);
void feed_changes(struct feed *f, const struct store_changes *c);
/* Claims of placements the log refused. Copies the ids. */
void feed_release(struct feed *f, const struct uuid *ids, size_t n);
/* Drops the references it still holds; no message may be in flight. */
struct feed *feed_free(struct feed *f);
