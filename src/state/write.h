// SPDX-License-Identifier: Apache-2.0
/* Changing the state: for the FSM alone, on the core loop, inside one transaction a Raft entry.
 *
 * What is passed in is copied; it may live in any memory. Set here, whatever was passed:
 * create_index (kept from the stored object), modify_index, and where said more. Derived here, so
 * that the FSM cannot forget: job status, job summaries, job versions, node usage, the counters of
 * deployments. Results: 0; -ENOENT; -ENAMETOOLONG (an id too long to be a key). Memory running
 * short ends the process: an entry that one server applies and another does not is worse. */
#pragma once
#include "state/state.h"

/* cause: the FSM's name for the entry, handed to listeners. The view is the transaction's own. */
const struct snap *state_begin(struct state *st, uint64_t raft_index, int cause);
const struct snap *state_txn(const struct state *st);
void state_commit(struct state *st); /* settles job statuses, publishes, calls listeners, watches */
void state_abort(struct state *st);
/* Frees a slice of what old snapshots held; true: call again soon. Cheap when there is nothing. */
bool state_reclaim(struct state *st);
/* For metrics: pinned versions and the oldest of them, objects that wait for an unpin. */
void state_stats(struct state *st, struct trie_heap_stats *ret);

int state_upsert_node(struct state *st, const struct node *n);
int state_delete_node(struct state *st, const struct uuid *id);

enum job_upsert {
    JOB_NEW_VERSION,  /* the user's: next version, job_modify_index set */
    JOB_KEEP_VERSION, /* bookkeeping */
};
/* The six newest versions are kept, the newest stable one among them. */
int state_upsert_job(struct state *st, const struct job *j, enum job_upsert how);
int state_delete_job(struct state *st, const char *ns, const char *id);
int state_set_job_stable(struct state *st, const char *ns, const char *id, uint64_t version,
                         bool stable);

/* The scheduler's and the server's word: sets alloc_modify_index too. `job` is ignored: the job is
 * found by job_id and job_version (-ENOENT without it, or when job_create_index is given and says
 * it was another of that name); job_create_index is set from it. A new one with a
 * previous_allocation is linked from there. */
int state_upsert_alloc(struct state *st, const struct allocation *a);
/* The client's word, already merged into a copy of the stored object. */
int state_update_alloc_from_client(struct state *st, const struct allocation *a);
int state_delete_alloc(struct state *st, const struct uuid *id);

/* Queued counts go to the job's summary. A complete one without failed groups cancels the job's
 * blocked ones. */
int state_upsert_eval(struct state *st, const struct evaluation *e);
int state_delete_eval(struct state *st, const struct uuid *id);

/* A successful one marks its job version stable. */
int state_upsert_deployment(struct state *st, const struct deployment *d);
int state_delete_deployment(struct state *st, const struct uuid *id);

int state_upsert_namespace(struct state *st, const struct namespace *n);
int state_delete_namespace(struct state *st, const char *name);
int state_set_scheduler_config(struct state *st, const struct scheduler_config *c);
int state_upsert_launch(struct state *st, const struct periodic_launch *l);
int state_delete_launch(struct state *st, const char *ns, const char *id);
