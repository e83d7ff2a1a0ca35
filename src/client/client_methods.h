// SPDX-License-Identifier: Apache-2.0
/* The methods a client agent answers; client_methods.c puts them into the table. */
#pragma once
#include "rpc/rpc.h"

void client_fs_list(void *impl, struct rpc_call *call);
void client_fs_stat(void *impl, struct rpc_call *call);
void client_fs_stream(void *impl, struct rpc_call *call, struct rpc_stream *stream);
void client_fs_logs(void *impl, struct rpc_call *call, struct rpc_stream *stream);
void client_alloc_restart(void *impl, struct rpc_call *call);
void client_alloc_signal(void *impl, struct rpc_call *call);
void client_alloc_stats(void *impl, struct rpc_call *call);
void client_host_stats(void *impl, struct rpc_call *call);
