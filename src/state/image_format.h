// SPDX-License-Identifier: Apache-2.0
/* Private to image_*.c: the records of the stream. Numbers are varints; a payload's last part is
 * the rest of the record. */
#pragma once

#define IMAGE_MAGIC "NMDSTAT1"

enum {
    IMAGE_META = 1, /* raft index */
    IMAGE_TABLE,    /* table, last raft index */
    IMAGE_FLOOR,    /* table, index, raft index that answers for forgotten keys */
    IMAGE_KEY,      /* table, index, raft index, key */
    IMAGE_JOB,      /* a job that only allocations still know, before the first of them: the job */
    IMAGE_OBJECT,   /* table, raft index, the object */
    IMAGE_END,      /* records before this one, CRC-32C (4 bytes, big endian) of all bytes before */
};

/* Versions come before jobs, which may be the same object, and both before allocations. */
static const enum state_table image_order[] = {TABLE_NAMESPACES,
                                               TABLE_SCHEDULER_CONFIG,
                                               TABLE_NODES,
                                               TABLE_JOB_VERSIONS,
                                               TABLE_JOBS,
                                               TABLE_EVALS,
                                               TABLE_ALLOCS,
                                               TABLE_DEPLOYMENTS,
                                               TABLE_PERIODIC_LAUNCHES,
                                               TABLE_JOB_SUMMARIES};
