// SPDX-License-Identifier: Apache-2.0
/* The agent: server and client in one process on one loop, the HTTP front beside it. */
#pragma once
#include <uv.h>

#include "agent/config.h"

#include "agent/version.h"

struct agent;

/* Starts all parts. The configuration is borrowed. */
int agent_start(uv_loop_t *loop, const struct agent_config *c, struct agent **ret, struct err *err);
/* Stops them in order; the loop has nothing left to do afterwards. */
void agent_stop(struct agent *a);
/* After the loop ended. */
struct agent *agent_free(struct agent *a);

/* `nomad agent …`. Returns the exit code. */
int agent_main(int argc, char **argv);
