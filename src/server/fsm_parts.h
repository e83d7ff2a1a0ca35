// SPDX-License-Identifier: Apache-2.0
/* One apply, handed from fsm.c to the file that knows the command. */
#pragma once
#include "server/fsm.h"

struct fsm_apply {
    struct state *st;
    const struct snap *snap; /* the transaction's own view */
    struct arena *arena;     /* scratch of this entry */
    const struct command *cmd;
    struct fsm_result *result;
};

void fsm_job_register(struct fsm_apply *f);
void fsm_job_deregister(struct fsm_apply *f);
void fsm_node_register(struct fsm_apply *f);
void fsm_node_status(struct fsm_apply *f);
void fsm_node_eligibility(struct fsm_apply *f);
void fsm_alloc_client(struct fsm_apply *f);
void fsm_alloc_transition(struct fsm_apply *f);
void fsm_plan(struct fsm_apply *f);

void fsm_put_evals(struct fsm_apply *f);
void fsm_refuse(struct fsm_apply *f, int code, const char *fmt, ...) printf_like(3, 4);
