// SPDX-License-Identifier: Apache-2.0
/* What a Raft entry says. One positional record for all kinds of change: unused fields cost
 * nothing, numbers are never reused, and a change and its evaluation are one entry. The leader
 * stamps `now`, which never goes back; apply reads no other clock. The meaning of a version never
 * changes. */
#pragma once
#include "model/eval.h"

enum { COMMAND_VERSION = 1 };

enum command_type {
    CMD_NONE,
    CMD_JOB_REGISTER,     /* job, evals */
    CMD_JOB_DEREGISTER,   /* ns, job_id, purge, evals */
    CMD_EVAL_UPDATE,      /* evals */
    CMD_NODE_REGISTER,    /* node, evals */
    CMD_NODE_STATUS,      /* node_id, node_status, event, evals */
    CMD_NODE_ELIGIBILITY, /* node_id, eligibility, evals */
    CMD_ALLOC_CLIENT,     /* allocs (client's fields), evals */
    CMD_ALLOC_TRANSITION, /* ids, transition, evals */
    CMD_PLAN,             /* eval_id, ns, job_id, job_version, job_modify_index, stops, placed,
                             inplace, marks, evals */
    CMD_REAP,             /* ids of evals, allocs; jobs as ns/job_id pairs */
    CMD_TYPE_MAX
};

struct stop_record {
    struct uuid id;
    const char *description;
    int64_t client_status; /* enum alloc_client, or -1 */
};
struct mark_record {
    struct uuid alloc_id, eval_id;
};

struct command {
    int32_t type; /* enum command_type */
    nsec_t now;   /* wall clock of the leader */
    const char *ns, *job_id;
    bool purge;
    struct job *job;
    struct objs evals; /* evaluation */
    struct node *node;
    struct uuid node_id, eval_id;
    int32_t node_status, eligibility;
    struct node_event *event;
    struct objs allocs; /* allocation */
    struct uuids ids, eval_ids;
    struct desired_transition *transition;
    uint64_t job_version, job_modify_index;
    struct objs stops;  /* stop_record */
    struct objs placed; /* allocation, without job */
    struct uuids inplace;
    struct objs marks; /* mark_record */
};

extern const struct schema command_schema;
extern const struct enum_def command_type_texts;

/* Version byte and positional record. */
void command_encode(const struct command *c, struct buf *out);
/* -EBADMSG, -ENOMEM, -EPROTONOSUPPORT: written by a newer version. */
int command_decode(struct arena *a, const void *p, size_t n, struct command **ret);
