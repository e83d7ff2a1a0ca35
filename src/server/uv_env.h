// SPDX-License-Identifier: Apache-2.0
/* The real world for the server's duties: libuv's clock, timers and pool, a thread for the placer,
 * and a log function to be filled in by the owner. */
#pragma once
#include <uv.h>

#include "rpc/rpc.h"
#include "server/env.h"

struct uv_env;

/* `env->propose` is NULL until the owner sets it. */
struct uv_env *uv_env_new(uv_loop_t *loop, struct rpc_table *rpc);
struct server_env *uv_env_get(struct uv_env *e);
/* Nothing may be in flight; joins the placer's thread. */
struct uv_env *uv_env_free(struct uv_env *e);
