// SPDX-License-Identifier: Apache-2.0
/* Field tables: Alloc.*, and what a client agent answers: FileSystem.*, Allocations.*,
 * ClientStats.*. */
#include "rpc/messages_table.h"

#define S struct alloc_list_args
static const struct field alloc_list_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, resources, "Resources", NULL, FT_BOOL, CHG_NONE),
    F(2, no_task_states, "NoTaskStates", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(alloc_list_args_schema, "AllocListRequest", alloc_list_args_fields);
#undef S

#define S struct alloc_args
static const struct field alloc_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, alloc_id, "AllocID", NULL, FT_UUID, CHG_NONE),
};
SCHEMA(alloc_args_schema, "AllocSpecificRequest", alloc_args_fields);
#undef S

#define S struct alloc_ids_args
static const struct field alloc_ids_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, alloc_ids, "AllocIDs", NULL, FT_UUIDS, CHG_NONE),
};
SCHEMA(alloc_ids_args_schema, "AllocsGetRequest", alloc_ids_args_fields);
#undef S

#define S struct alloc_stop_args
static const struct field alloc_stop_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, alloc_id, "AllocID", NULL, FT_UUID, CHG_NONE),
    F(2, no_shutdown_delay, "NoShutdownDelay", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(alloc_stop_args_schema, "AllocStopRequest", alloc_stop_args_fields);
#undef S

#define S struct alloc_reply
static const struct field alloc_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, alloc, "Alloc", NULL, FT_OBJ, CHG_NONE, .sub = &allocation_schema),
};
SCHEMA(alloc_reply_schema, "SingleAllocResponse", alloc_reply_fields);
#undef S

#define S struct full_allocs_reply
static const struct field full_allocs_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, allocs, "Allocs", NULL, FT_OBJS, CHG_NONE, .sub = &allocation_schema),
};
SCHEMA(full_allocs_reply_schema, "AllocsGetResponse", full_allocs_reply_fields);
#undef S

#define S struct eval_id_reply
static const struct field eval_id_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, eval_id, "EvalID", NULL, FT_UUID, CHG_NONE),
};
SCHEMA(eval_id_reply_schema, "AllocStopResponse", eval_id_reply_fields);
#undef S

#define S struct alloc_update_args
static const struct field alloc_update_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, allocs, "Alloc", NULL, FT_OBJS, CHG_NONE, .sub = &allocation_schema),
};
SCHEMA(alloc_update_args_schema, "AllocUpdateRequest", alloc_update_args_fields);
#undef S

#define S struct fs_args
static const struct field fs_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, alloc_id, "AllocID", NULL, FT_UUID, CHG_NONE),
    F(2, path, "Path", NULL, FT_STR, CHG_NONE),
    F(3, offset, "Offset", NULL, FT_INT, CHG_NONE),
    F(4, origin, "Origin", NULL, FT_STR, CHG_NONE),
    F(5, plain_text, "PlainText", NULL, FT_BOOL, CHG_NONE),
    F(6, limit, "Limit", NULL, FT_INT, CHG_NONE),
    F(7, follow, "Follow", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(fs_args_schema, "FsStreamRequest", fs_args_fields);
#undef S

#define S struct fs_logs_args
static const struct field fs_logs_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, alloc_id, "AllocID", NULL, FT_UUID, CHG_NONE),
    F(2, task, "Task", NULL, FT_STR, CHG_NONE),
    F(3, log_type, "LogType", NULL, FT_STR, CHG_NONE),
    F(4, offset, "Offset", NULL, FT_INT, CHG_NONE),
    F(5, origin, "Origin", NULL, FT_STR, CHG_NONE),
    F(6, plain_text, "PlainText", NULL, FT_BOOL, CHG_NONE),
    F(7, follow, "Follow", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(fs_logs_args_schema, "FsLogsRequest", fs_logs_args_fields);
#undef S

#define S struct file_info
static const struct field file_info_fields[] = {
    F(1, name, "Name", NULL, FT_STR, CHG_NONE),
    F(2, is_dir, "IsDir", NULL, FT_BOOL, CHG_NONE),
    F(3, size, "Size", NULL, FT_INT, CHG_NONE),
    F(4, file_mode, "FileMode", NULL, FT_STR, CHG_NONE),
    F(5, mod_time, "ModTime", NULL, FT_TIME, CHG_NONE),
    F(6, content_type, "ContentType", NULL, FT_STR, CHG_NONE, .flags = FF_OMIT),
};
SCHEMA(file_info_schema, "AllocFileInfo", file_info_fields);
#undef S

#define S struct fs_list_reply
static const struct field fs_list_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, files, "Files", NULL, FT_OBJS, CHG_NONE, .sub = &file_info_schema),
};
SCHEMA(fs_list_reply_schema, "FsListResponse", fs_list_reply_fields);
#undef S

#define S struct fs_stat_reply
static const struct field fs_stat_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, info, "Info", NULL, FT_OBJ, CHG_NONE, .sub = &file_info_schema),
};
SCHEMA(fs_stat_reply_schema, "FsStatResponse", fs_stat_reply_fields);
#undef S

#define S struct alloc_restart_args
static const struct field alloc_restart_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, alloc_id, "AllocID", NULL, FT_UUID, CHG_NONE),
    F(2, task_name, "TaskName", NULL, FT_STR, CHG_NONE),
    F(3, all_tasks, "AllTasks", NULL, FT_BOOL, CHG_NONE),
};
SCHEMA(alloc_restart_args_schema, "AllocRestartRequest", alloc_restart_args_fields);
#undef S

#define S struct alloc_signal_args
static const struct field alloc_signal_args_fields[] = {
    RPC_COMMON_FIELDS,
    F(1, alloc_id, "AllocID", NULL, FT_UUID, CHG_NONE),
    F(2, task, "Task", NULL, FT_STR, CHG_NONE),
    F(3, signal, "Signal", NULL, FT_STR, CHG_NONE),
};
SCHEMA(alloc_signal_args_schema, "AllocSignalRequest", alloc_signal_args_fields);
#undef S

#define S struct stats_reply
static const struct field stats_reply_fields[] = {
    RPC_META_FIELDS,
    F(1, stats, "HostStats", NULL, FT_VAL, CHG_NONE),
};
SCHEMA(stats_reply_schema, "ClientStatsResponse", stats_reply_fields);
#undef S
