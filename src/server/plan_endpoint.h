// SPDX-License-Identifier: Apache-2.0
/* Job.Plan: the dry run of a registration. */
#pragma once
#include "rpc/rpc.h"

void handle_plan(void *impl, struct rpc_call *call);
