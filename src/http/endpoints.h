// SPDX-License-Identifier: Apache-2.0
/* The tables of the endpoint families. */
#pragma once
#include "http/router.h"

extern const struct http_route http_job_routes[], http_node_routes[], http_alloc_routes[],
    http_eval_routes[], http_fs_routes[], http_agent_routes[], http_absent_routes[];
