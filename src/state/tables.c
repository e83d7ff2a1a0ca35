// SPDX-License-Identifier: Apache-2.0
#include "state/tables.h"

#include "model/table.h"

#define S struct node_usage
static const struct field node_usage_fields[] = {
    F(1, node_id, "NodeID", NULL, FT_UUID, CHG_NONE),
    F(2, cpu, "CPU", NULL, FT_INT, CHG_NONE),
    F(3, memory_mb, "MemoryMB", NULL, FT_INT, CHG_NONE),
    F(4, disk_mb, "DiskMB", NULL, FT_INT, CHG_NONE),
    F(5, allocs, "Allocs", NULL, FT_INT, CHG_NONE),
    F(6, live_cpu, "LiveCPU", NULL, FT_INT, CHG_NONE),
    F(7, live_memory_mb, "LiveMemoryMB", NULL, FT_INT, CHG_NONE),
    F(8, live_disk_mb, "LiveDiskMB", NULL, FT_INT, CHG_NONE),
    F(9, live_allocs, "LiveAllocs", NULL, FT_INT, CHG_NONE),
};
SCHEMA(node_usage_schema, "NodeUsage", node_usage_fields);
#undef S

#define S struct job_stats
static const struct field job_stats_fields[] = {
    F(1, ns, "Namespace", NULL, FT_STR, CHG_NONE),
    F(2, job_id, "JobID", NULL, FT_STR, CHG_NONE),
    F(3, allocs, "Allocs", NULL, FT_INT, CHG_NONE),
    F(4, live_allocs, "LiveAllocs", NULL, FT_INT, CHG_NONE),
    F(5, evals, "Evals", NULL, FT_INT, CHG_NONE),
    F(6, live_evals, "LiveEvals", NULL, FT_INT, CHG_NONE),
};
SCHEMA(job_stats_schema, "JobStats", job_stats_fields);
#undef S

/* Extractors: one line each for "the field of the struct as a key". */
#define DATA(o, type) ((const struct type *)record_of(o)->data)
#define KEY_UUID(name, type, member)                                                               \
    static size_t name(const struct obj *o, char *out)                                             \
    {                                                                                              \
        const struct uuid *u = &DATA(o, type)->member;                                             \
        return uuid_is_zero(u) ? STORE_NO_KEY : key_bytes(out, 0, u->b, sizeof(u->b));             \
    }
#define KEY_ID(name, type, member)                                                                 \
    static size_t name(const struct obj *o, char *out)                                             \
    {                                                                                              \
        return key_text(out, key_text(out, 0, DATA(o, type)->ns), DATA(o, type)->member);          \
    }
#define KEY_TEXT(name, type, member)                                                               \
    static size_t name(const struct obj *o, char *out)                                             \
    {                                                                                              \
        return key_text(out, 0, DATA(o, type)->member);                                            \
    }

KEY_UUID(node_by_id, node, id)
KEY_TEXT(node_by_class, node, computed_class)
KEY_ID(job_by_id, job, id)
KEY_ID(summary_by_id, job_summary, job_id)
KEY_UUID(alloc_by_id, allocation, id)
KEY_UUID(alloc_by_node, allocation, node_id)
KEY_ID(alloc_by_job, allocation, job_id)
KEY_UUID(alloc_by_eval, allocation, eval_id)
KEY_UUID(alloc_by_deployment, allocation, deployment_id)
KEY_UUID(eval_by_id, evaluation, id)
KEY_ID(eval_by_job, evaluation, job_id)
KEY_UUID(deployment_by_id, deployment, id)
KEY_ID(deployment_by_job, deployment, job_id)
KEY_TEXT(namespace_by_name, namespace, name)
KEY_ID(launch_by_id, periodic_launch, id)
KEY_UUID(usage_by_node, node_usage, node_id)
KEY_ID(stats_by_job, job_stats, job_id)

static size_t version_by_id(const struct obj *o, char *out)
{
    return key_be64(out, job_by_id(o, out), ~DATA(o, job)->version);
}

static size_t the_only_one(const struct obj *o, char *out)
{
    return key_bytes(out, 0, "1", 1);
}

static const struct store_index node_indexes[] = {{"class", node_by_class}};
static const struct store_index alloc_indexes[] = {{"node", alloc_by_node},
                                                   {"job", alloc_by_job},
                                                   {"eval", alloc_by_eval},
                                                   {"deployment", alloc_by_deployment}};
static const struct store_index eval_indexes[] = {{"job", eval_by_job}};
static const struct store_index deployment_indexes[] = {{"job", deployment_by_job}};

const struct store_table state_tables[STATE_TABLE_MAX] = {
    [TABLE_NODES] = {"nodes", node_by_id, node_indexes, ARRAY_LEN(node_indexes)},
    [TABLE_JOBS] = {"jobs", job_by_id, NULL, 0},
    [TABLE_JOB_VERSIONS] = {"job_version", version_by_id, NULL, 0},
    [TABLE_JOB_SUMMARIES] = {"job_summary", summary_by_id, NULL, 0},
    [TABLE_ALLOCS] = {"allocs", alloc_by_id, alloc_indexes, ARRAY_LEN(alloc_indexes)},
    [TABLE_EVALS] = {"evals", eval_by_id, eval_indexes, ARRAY_LEN(eval_indexes)},
    [TABLE_DEPLOYMENTS] = {"deployment", deployment_by_id, deployment_indexes,
                           ARRAY_LEN(deployment_indexes)},
    [TABLE_NAMESPACES] = {"namespaces", namespace_by_name, NULL, 0},
    [TABLE_SCHEDULER_CONFIG] = {"scheduler_config", the_only_one, NULL, 0},
    [TABLE_PERIODIC_LAUNCHES] = {"periodic_launch", launch_by_id, NULL, 0},
    [TABLE_NODE_USAGE] = {"node_usage", usage_by_node, NULL, 0},
    [TABLE_JOB_STATS] = {"job_stats", stats_by_job, NULL, 0},
};

#define STORED(type)                                                                               \
    &type##_schema, offsetof(struct type, create_index), offsetof(struct type, modify_index), false
const struct table_def table_defs[STATE_TABLE_MAX] = {
    [TABLE_NODES] = {STORED(node)},
    [TABLE_JOBS] = {STORED(job)},
    [TABLE_JOB_VERSIONS] = {STORED(job)},
    [TABLE_JOB_SUMMARIES] = {STORED(job_summary)},
    [TABLE_ALLOCS] = {STORED(allocation)},
    [TABLE_EVALS] = {STORED(evaluation)},
    [TABLE_DEPLOYMENTS] = {STORED(deployment)},
    [TABLE_NAMESPACES] = {STORED(namespace)},
    [TABLE_SCHEDULER_CONFIG] = {STORED(scheduler_config)},
    [TABLE_PERIODIC_LAUNCHES] = {STORED(periodic_launch)},
    [TABLE_NODE_USAGE] = {&node_usage_schema, 0, 0, true},
    [TABLE_JOB_STATS] = {&job_stats_schema, 0, 0, true},
};

struct record *table_get(const struct snap *v, enum state_table t, const struct key *k)
{
    struct obj *o = k->n > STORE_KEY_MAX ? NULL : snap_get(v, t, key_str(k));
    return o ? record_of(o) : NULL;
}
