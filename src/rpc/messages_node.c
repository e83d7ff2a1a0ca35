// SPDX-License-Identifier: Apache-2.0
/* Field tables: Node.*, Status.* and Search.*. */
#include "rpc/messages_table.h"

#define S struct node_register_args
static const struct field node_register_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, node, "Node", NULL, FT_OBJ, CHG_NONE, .sub = &node_schema),
};
SCHEMA(node_register_args_schema, "NodeRegisterRequest", node_register_args_fields);
#undef S

#define S struct node_status_args
static const struct field node_status_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, node_id, "NodeID", NULL, FT_UUID, CHG_NONE),
    F(2, status, "Status", NULL, FT_STR, CHG_NONE),
    F(3, updated_at, "UpdatedAt", NULL, FT_INT, CHG_NONE),
};
SCHEMA(node_status_args_schema, "NodeUpdateStatusRequest", node_status_args_fields);
#undef S

#define S struct server_info
static const struct field server_info_fields[] = {
    F(1, rpc_addr, "RPCAdvertiseAddr", NULL, FT_STR, CHG_NONE),
    F(2, rpc_major, "RPCMajorVersion", NULL, FT_INT, CHG_NONE),
    F(3, rpc_minor, "RPCMinorVersion", NULL, FT_INT, CHG_NONE),
    F(4, datacenter, "Datacenter", NULL, FT_STR, CHG_NONE),
};
SCHEMA(server_info_schema, "NodeServerInfo", server_info_fields);
#undef S

#define S struct node_update_reply
static const struct field node_update_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, heartbeat_ttl, "HeartbeatTTL", NULL, FT_DUR, CHG_NONE),
    F(2, eval_ids, "EvalIDs", NULL, FT_UUIDS, CHG_NONE),
    F(3, eval_create_index, "EvalCreateIndex", NULL, FT_UINT, CHG_NONE),
    F(4, node_modify_index, "NodeModifyIndex", NULL, FT_UINT, CHG_NONE),
    F(5, features, "Features", NULL, FT_UINT, CHG_NONE),
    F(6, leader_rpc_addr, "LeaderRPCAddr", NULL, FT_STR, CHG_NONE),
    F(7, num_nodes, "NumNodes", NULL, FT_INT, CHG_NONE),
    F(8, servers, "Servers", NULL, FT_OBJS, CHG_NONE, .sub = &server_info_schema),
};
SCHEMA(node_update_reply_schema, "NodeUpdateResponse", node_update_reply_fields);
#undef S

#define S struct node_args
static const struct field node_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, node_id, "NodeID", NULL, FT_UUID, CHG_NONE),
    F(2, secret_id, "SecretID", NULL, FT_UUID, CHG_NONE),
};
SCHEMA(node_args_schema, "NodeSpecificRequest", node_args_fields);
#undef S

#define S struct node_eligibility_args
static const struct field node_eligibility_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, node_id, "NodeID", NULL, FT_UUID, CHG_NONE),
    F(2, eligibility, "Eligibility", NULL, FT_STR, CHG_NONE),
};
SCHEMA(node_eligibility_args_schema, "NodeUpdateEligibilityRequest", node_eligibility_args_fields);
#undef S

#define S struct node_list_args
static const struct field node_list_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, resources, "Resources", NULL, FT_BOOL, CHG_NONE),
    F(2, os, "OS", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(node_list_args_schema, "NodeListRequest", node_list_args_fields);
#undef S

#define S struct node_reply
static const struct field node_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, node, "Node", NULL, FT_OBJ, CHG_NONE, .sub = &node_schema),
};
SCHEMA(node_reply_schema, "SingleNodeResponse", node_reply_fields);
#undef S

#define S struct node_list_reply
static const struct field node_list_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, nodes, "Nodes", NULL, FT_OBJS, CHG_NONE, .sub = &node_stub_schema),
};
SCHEMA(node_list_reply_schema, "NodeListResponse", node_list_reply_fields);
#undef S

#define S struct client_allocs_reply
static const struct field client_allocs_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, allocs, "Allocs", NULL, FT_IMAP, CHG_NONE),
    F(2, migrate_tokens, "MigrateTokens", NULL, FT_SMAP, CHG_NONE),
};
SCHEMA(client_allocs_reply_schema, "NodeClientAllocsResponse", client_allocs_reply_fields);
#undef S

#define S struct member
static const struct field member_fields[] = {
    F(1, name, "Name", NULL, FT_STR, CHG_NONE),
    F(2, addr, "Addr", NULL, FT_STR, CHG_NONE),
    F(3, port, "Port", NULL, FT_INT, CHG_NONE),
    F(4, tags, "Tags", NULL, FT_SMAP, CHG_NONE),
    F(5, status, "Status", NULL, FT_STR, CHG_NONE),
    F(6, protocol_cur, "ProtocolCur", NULL, FT_INT, CHG_NONE),
    F(7, delegate_cur, "DelegateCur", NULL, FT_INT, CHG_NONE),
};
SCHEMA(member_schema, "AgentMember", member_fields);
#undef S

#define S struct members_reply
static const struct field members_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, server_name, "ServerName", NULL, FT_STR, CHG_NONE),
    F(2, server_region, "ServerRegion", NULL, FT_STR, CHG_NONE),
    F(3, server_dc, "ServerDC", NULL, FT_STR, CHG_NONE),
    F(4, members, "Members", NULL, FT_OBJS, CHG_NONE, .sub = &member_schema),
};
SCHEMA(members_reply_schema, "ServerMembersResponse", members_reply_fields);
#undef S

#define S struct search_args
static const struct field search_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, context, "Context", NULL, FT_STR, CHG_NONE),
};
SCHEMA(search_args_schema, "SearchRequest", search_args_fields);
#undef S

#define S struct search_reply
static const struct field search_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, matches, "Matches", NULL, FT_VAL, CHG_NONE),
    F(2, truncations, "Truncations", NULL, FT_VAL, CHG_NONE),
};
SCHEMA(search_reply_schema, "SearchResponse", search_reply_fields);
#undef S
