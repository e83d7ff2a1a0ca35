// SPDX-License-Identifier: Apache-2.0
/* Pending evaluations in the order they are worked on: by priority, then age; never two of one job
 * at a time; delayed ones when their time comes. Pure: time comes in. It holds references, takes
 * nothing from the state. A nacked evaluation comes back after a pause: a second, later twenty. */
#pragma once
#include "model/eval.h"

struct broker;

struct broker *broker_new(void);
struct broker *broker_free(struct broker *b);

/* A pending evaluation; again is harmless. Keeps a copy of what it needs. -ENOMEM. */
int broker_enqueue(struct broker *b, const struct evaluation *e, nsec_t now);
/* Not pending any more (finished, cancelled, deleted). While it is outstanding its job stays busy
 * until ack or nack: what is under way for it still holds claims. */
void broker_remove(struct broker *b, const struct uuid *eval_id);
/* The next one to work on, now outstanding; false: nothing is due. ret_attempt counts from 1. */
bool broker_next(struct broker *b, nsec_t now, struct uuid *ret_id, int *ret_attempt);
void broker_ack(struct broker *b, const struct uuid *eval_id);
/* Returns the number of tries so far. */
int broker_nack(struct broker *b, const struct uuid *eval_id, nsec_t now);
/* When broker_next() may have something again; INT64_MAX: only after a change. */
nsec_t broker_wake_time(const struct broker *b);

struct broker_stats {
    size_t ready, waiting, outstanding, behind_job;
};
void broker_stats(const struct broker *b, nsec_t now, struct broker_stats *ret);
