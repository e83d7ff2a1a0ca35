// SPDX-License-Identifier: Apache-2.0
#include "server/command.h"

#include <errno.h>

#include "model/table.h"

#define B CHG_NONE

static const char *const type_texts[] = {
    [CMD_NONE] = "none",
    [CMD_JOB_REGISTER] = "job-register",
    [CMD_JOB_DEREGISTER] = "job-deregister",
    [CMD_EVAL_UPDATE] = "eval-update",
    [CMD_NODE_REGISTER] = "node-register",
    [CMD_NODE_STATUS] = "node-status",
    [CMD_NODE_ELIGIBILITY] = "node-eligibility",
    [CMD_ALLOC_CLIENT] = "alloc-client-update",
    [CMD_ALLOC_TRANSITION] = "alloc-transition",
    [CMD_PLAN] = "plan",
    [CMD_REAP] = "reap",
};
const struct enum_def command_type_texts = {type_texts, ARRAY_LEN(type_texts)};

#define S struct stop_record
static const struct field stop_fields[] = {
    F(1, id, "ID", NULL, FT_UUID, B),
    F(2, description, "Description", NULL, FT_STR, B),
    F(3, client_status, "ClientStatus", NULL, FT_INT, B, .def = "-1"),
};
static SCHEMA(stop_schema, "StopRecord", stop_fields);
#undef S

#define S struct mark_record
static const struct field mark_fields[] = {
    F(1, alloc_id, "AllocID", NULL, FT_UUID, B),
    F(2, eval_id, "EvalID", NULL, FT_UUID, B),
};
static SCHEMA(mark_schema, "MarkRecord", mark_fields);
#undef S

#define S struct command
static const struct field command_fields[] = {
    F(1, type, "Type", NULL, FT_ENUM, B, .texts = &command_type_texts),
    F(2, now, "Now", NULL, FT_TIME, B),
    F(3, ns, "Namespace", NULL, FT_STR, B),
    F(4, job_id, "JobID", NULL, FT_STR, B),
    F(5, purge, "Purge", NULL, FT_BOOL, B),
    F(6, job, "Job", NULL, FT_OBJ, B, .sub = &job_schema),
    F(7, evals, "Evals", NULL, FT_OBJS, B, .sub = &evaluation_schema),
    F(8, node, "Node", NULL, FT_OBJ, B, .sub = &node_schema),
    F(9, node_id, "NodeID", NULL, FT_UUID, B),
    F(10, eval_id, "EvalID", NULL, FT_UUID, B),
    F(11, node_status, "NodeStatus", NULL, FT_ENUM, B, .texts = &node_status_texts),
    F(12, eligibility, "Eligibility", NULL, FT_ENUM, B, .texts = &node_eligibility_texts),
    F(13, event, "Event", NULL, FT_OBJ, B, .sub = &node_event_schema),
    F(14, allocs, "Allocs", NULL, FT_OBJS, B, .sub = &allocation_schema),
    F(15, ids, "IDs", NULL, FT_UUIDS, B),
    F(16, eval_ids, "EvalIDs", NULL, FT_UUIDS, B),
    F(17, transition, "Transition", NULL, FT_OBJ, B, .sub = &desired_transition_schema),
    F(18, job_version, "JobVersion", NULL, FT_UINT, B),
    F(19, job_modify_index, "JobModifyIndex", NULL, FT_UINT, B),
    F(20, stops, "Stops", NULL, FT_OBJS, B, .sub = &stop_schema),
    F(21, placed, "Placed", NULL, FT_OBJS, B, .sub = &allocation_schema),
    F(22, inplace, "InPlace", NULL, FT_UUIDS, B),
    F(23, marks, "Marks", NULL, FT_OBJS, B, .sub = &mark_schema),
};
SCHEMA(command_schema, "Command", command_fields);
#undef S

void command_encode(const struct command *c, struct buf *out)
{
    buf_addc(out, COMMAND_VERSION);
    model_encode(&command_schema, c, out);
}

int command_decode(struct arena *a, const void *p, size_t n, struct command **ret)
{
    struct reader r = reader_of(p, n);
    uint8_t version;
    if (reader_u8(&r, &version) < 0)
        return -EBADMSG;
    if (version > COMMAND_VERSION)
        return -EPROTONOSUPPORT;
    return model_decode(&command_schema, a, &r, (void **)ret);
}
