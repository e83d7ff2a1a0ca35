// SPDX-License-Identifier: Apache-2.0
/* The fleet as the placer sees it: a structure of arrays (capacity, used, class, flags, ports) with
 * one slot a node. One thread owns it. It is built by feeding it every node and allocation of a
 * snapshot, then every change in log order; the placer adds claims for what it chose and the log
 * has not applied yet.
 *
 * What counts: an allocation holds room on its node until its client says that it ended
 * (alloc_holds_resources); a stopping one too. The one exception is a replacement on the node of
 * the allocation it replaces: it waits there for the old one's end, so the placer gives it the old
 * one's room, and both count until the old one ended (used may exceed capacity meanwhile). An
 * allocation is a member of its job (anti-affinity, spread, distinct) while the servers want it to
 * run. */
#pragma once
#include "model/alloc.h"

struct ledger;

struct ledger *ledger_new(void); /* NULL when memory is short */
struct ledger *ledger_free(struct ledger *l);

/* A node's new state, NULL when it was deleted. The node must stay alive as long as the ledger has
 * it (until the next call for the same id has returned). -ENOMEM. */
int ledger_node(struct ledger *l, const struct uuid *id, const struct node *node);
/* An allocation's change; old NULL: new, fresh NULL: deleted. Both are only read during the call.
 * A placement claimed before is thereby confirmed, a claimed stop too. -ENOMEM. */
int ledger_alloc(struct ledger *l, const struct allocation *old, const struct allocation *fresh);

/* What the placer chose and the log has not applied yet: placements, and stops that go with them.
 * Claims whose entry failed or was refused are released by allocation id (of the placed one and of
 * the stopped one); unknown ids are ignored. */
int ledger_claim(struct ledger *l, const struct allocation *placed);
/* 1 when claimed, 0 when there was nothing to claim, -ENOMEM. */
int ledger_claim_stop(struct ledger *l, const struct allocation *stopped);
void ledger_release(struct ledger *l, const struct uuid *alloc_id);
/* All claimed stops of a job: what is left of an evaluation that came to nothing. -ENOMEM. */
int ledger_release_stops(struct ledger *l, const char *ns, const char *job_id);
size_t ledger_claims(const struct ledger *l);

/* For tests and metrics; false when the node is unknown. */
bool ledger_usage(const struct ledger *l, const struct uuid *node_id, struct capacity *ret_cap,
                  struct capacity *ret_used);
size_t ledger_nodes(const struct ledger *l);
