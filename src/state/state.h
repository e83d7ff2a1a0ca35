// SPDX-License-Identifier: Apache-2.0
/* The cluster's state: what the Raft log has said so far. Changed in one place only, the FSM's
 * apply on the core loop; read everywhere else from pinned snapshots, without locks. Everything
 * returned is immutable and lives as long as the pin; what must outlive it takes state_ref(). */
#pragma once
#include "model/cluster.h"
#include "model/eval.h"
#include "state/store.h"

/* Numbers are part of the snapshot format: never reused. */
enum state_table {
    TABLE_NODES,
    TABLE_JOBS,
    TABLE_JOB_VERSIONS,
    TABLE_JOB_SUMMARIES,
    TABLE_ALLOCS,
    TABLE_EVALS,
    TABLE_DEPLOYMENTS,
    TABLE_NAMESPACES,
    TABLE_SCHEDULER_CONFIG,
    TABLE_PERIODIC_LAUNCHES,
    TABLE_NODE_USAGE, /* derived from allocations: struct node_usage */
    TABLE_JOB_STATS,  /* derived from allocations and evaluations: struct job_stats */
    STATE_TABLE_MAX
};
/* Index numbers within a table; 0 (STATE_BY_ID) is the primary key. */
enum state_index {
    STATE_BY_ID = STORE_PRIMARY,
    NODES_BY_CLASS = 1, /* computed class */
    ALLOCS_BY_NODE = 1,
    ALLOCS_BY_JOB,
    ALLOCS_BY_EVAL,
    ALLOCS_BY_DEPLOYMENT,
    EVALS_BY_JOB = 1,
    DEPLOYMENTS_BY_JOB = 1,
};

/* Sums over the node's allocations: those that hold resources (alloc_holds_resources), and of these
 * the live ones, that is without those told to stop. */
struct node_usage {
    struct uuid node_id;
    int64_t cpu, memory_mb, disk_mb, allocs;
    int64_t live_cpu, live_memory_mb, live_disk_mb, live_allocs;
};
struct job_stats {
    const char *ns, *job_id;
    int64_t allocs, live_allocs, evals, live_evals; /* live: not terminal */
};

struct state;
struct state *state_new(void);
struct state *state_free(struct state *st); /* nothing pinned, no watch left; accepts NULL */

/* --- snapshots, any thread --- */
struct snap *state_pin(struct state *st);
static inline void state_unpin(struct snap *v) /* NULL allowed */
{
    store_unpin(v);
}
static inline void state_unpin_p(struct snap **v)
{
    store_unpin(*v);
}
#define cleanup_snap __attribute__((cleanup(state_unpin_p)))
/* Any object returned below, and an allocation's job: keep it beyond the pin. */
const void *state_ref(const void *object);
const void *state_unref(const void *object); /* NULL in, NULL out */

/* --- one object; NULL: there is none --- */
const struct node *state_get_node(const struct snap *v, const struct uuid *id);
const struct job *state_get_job(const struct snap *v, const char *ns, const char *id);
const struct job *state_get_job_version(const struct snap *v, const char *ns, const char *id,
                                        uint64_t version);
const struct job_summary *state_get_job_summary(const struct snap *v, const char *ns,
                                                const char *id);
const struct allocation *state_get_alloc(const struct snap *v, const struct uuid *id);
const struct evaluation *state_get_eval(const struct snap *v, const struct uuid *id);
const struct deployment *state_get_deployment(const struct snap *v, const struct uuid *id);
/* The job's one with the highest create index. */
const struct deployment *state_latest_deployment(const struct snap *v, const char *ns,
                                                 const char *job_id);
const struct namespace *state_get_namespace(const struct snap *v, const char *name);
const struct periodic_launch *state_get_launch(const struct snap *v, const char *ns,
                                               const char *id);
const struct scheduler_config *state_scheduler_config(const struct snap *v); /* never NULL */
struct node_usage state_node_usage(const struct snap *v, const struct uuid *node_id);

/* --- many: state_next() until NULL; the pointer has the table's type --- */
struct state_iter {
    struct trie_iter it;
};
const void *state_next(struct state_iter *it);
/* Whole tables in key order (UUIDs; namespace and id; name). */
void state_iter_all(struct state_iter *it, const struct snap *v, enum state_table table);
/* Tables keyed by UUID: text of 0 to 36 characters, dashes where they belong. -EINVAL: no prefix of
 * a UUID (then the iteration is empty). */
int state_iter_uuid_prefix(struct state_iter *it, const struct snap *v, enum state_table table,
                           const char *prefix);
/* Tables keyed by namespace and id; prefix NULL: all of the namespace. */
void state_iter_id_prefix(struct state_iter *it, const struct snap *v, enum state_table table,
                          const char *ns, const char *prefix);
void state_nodes_by_class(struct state_iter *it, const struct snap *v, const char *computed_class);
void state_job_versions(struct state_iter *it, const struct snap *v, const char *ns,
                        const char *id); /* newest first */
void state_allocs_by_node(struct state_iter *it, const struct snap *v, const struct uuid *node_id);
/* Of all jobs that ever had this id: compare job_create_index where it matters. */
void state_allocs_by_job(struct state_iter *it, const struct snap *v, const char *ns,
                         const char *job_id);
void state_allocs_by_eval(struct state_iter *it, const struct snap *v, const struct uuid *eval_id);
void state_allocs_by_deployment(struct state_iter *it, const struct snap *v, const struct uuid *id);
void state_evals_by_job(struct state_iter *it, const struct snap *v, const char *ns,
                        const char *job_id);
void state_deployments_by_job(struct state_iter *it, const struct snap *v, const char *ns,
                              const char *job_id);

/* --- what a blocking query waits for --- */
struct state_key {
    enum state_table table;
    int index;
    size_t n;
    char b[STORE_KEY_MAX];
};
struct state_key state_key_table(enum state_table table);
struct state_key state_key_uuid(enum state_table table, enum state_index index,
                                const struct uuid *id);
/* (namespace, id), or a single text with ns NULL. */
struct state_key state_key_text(enum state_table table, enum state_index index, const char *ns,
                                const char *id);
/* Last raft index that changed what the key names, deletions included; 0: never. */
uint64_t state_key_index(const struct snap *v, const struct state_key *k);
/* Core loop; see store_watch_add. A watch is cancelled with store_watch_cancel. */
int state_watch(struct state *st, struct store_watch *w, const struct state_key *k,
                uint64_t min_index);
/* The feed for ledger, broker and event stream; items' objects through state_data(). After a
 * restore it is called with cause STATE_RESTORED and no items: start over from the snapshot. */
enum { STATE_RESTORED = -1 };
void state_listen(struct state *st, struct store_listener *l);
const void *state_data(const struct obj *o); /* NULL in, NULL out */
