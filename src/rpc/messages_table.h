// SPDX-License-Identifier: Apache-2.0
/* The fields every request and every reply carries, flattened into it as on Nomad's wire. */
#pragma once
#include "model/table.h"
#include "rpc/messages.h"

#define RPC_COMMON_FIELDS                                                                          \
    F(101, c.region, "Region", NULL, FT_STR, CHG_NONE),                                            \
        F(102, c.ns, "Namespace", NULL, FT_STR, CHG_NONE, .def = "default"),                       \
        F(103, c.auth_token, "AuthToken", NULL, FT_STR, CHG_NONE, .flags = FF_SECRET),             \
        F(104, c.prefix, "Prefix", NULL, FT_STR, CHG_NONE),                                        \
        F(105, c.min_query_index, "MinQueryIndex", NULL, FT_UINT, CHG_NONE),                       \
        F(106, c.max_query_time, "MaxQueryTime", NULL, FT_DUR, CHG_NONE),                          \
        F(107, c.allow_stale, "AllowStale", NULL, FT_BOOL, CHG_NONE),                              \
        F(108, c.forwarded, "Forwarded", NULL, FT_BOOL, CHG_NONE)

#define RPC_META_FIELDS                                                                            \
    F(101, m.index, "Index", NULL, FT_UINT, CHG_NONE),                                             \
        F(102, m.last_contact, "LastContact", NULL, FT_DUR, CHG_NONE),                             \
        F(103, m.known_leader, "KnownLeader", NULL, FT_BOOL, CHG_NONE)
