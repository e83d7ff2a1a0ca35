// SPDX-License-Identifier: Apache-2.0
/* Is an allocation of a deployment healthy? All tasks must have run for min_healthy_time without a
 * restart, before healthy_deadline. Pure. */
#pragma once
#include "client/alloc_fsm.h"

enum alloc_health { HEALTH_WAIT, HEALTH_GOOD, HEALTH_BAD };

/* ret_at: for HEALTH_WAIT, when to ask again (wall clock). */
enum alloc_health alloc_health_decide(const struct alloc_fsm_task *tasks, size_t n,
                                      const struct update_strategy *update, nsec_t received_at,
                                      nsec_t now, nsec_t *ret_at);
