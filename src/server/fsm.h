// SPDX-License-Identifier: Apache-2.0
/* The state machine: a committed command into the state. Deterministic: reads the command and the
 * state, nothing else. A command that no longer fits the state is a no-op with a reason. */
#pragma once
#include "base/err.h"
#include "server/command.h"
#include "state/write.h"

struct fsm_result {
    uint64_t index;
    int code; /* 0 or an HTTP status */
    struct err err;
    /* Plans: placements that were refused, to be tried again. */
    struct uuid *dropped;
    size_t n_dropped;
    uint64_t no_room; /* of those, refused for lack of room: a bug of the scheduler */
};

/* *ret may be NULL (memory). Frees nothing of the command. */
void fsm_apply(struct state *st, uint64_t index, const struct command *c, struct fsm_result **ret);
struct fsm_result *fsm_result_free(struct fsm_result *r);
