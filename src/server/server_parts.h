// SPDX-License-Identifier: Apache-2.0
/* The server's parts, and what its endpoint files share. */
#pragma once
#include "base/list.h"
#include "base/log.h"
#include "raft-io/raft_host.h"
#include "rpc/messages.h"
#include "server/command.h"
#include "server/heartbeat.h"
#include "server/scheduling.h"
#include "server/server.h"
#include "server/uv_env.h"
#include "state/image.h"

struct server {
    struct server_options o;
    uv_loop_t *loop;
    struct rpc_table *rpc;
    struct uv_env *uv_env;
    struct server_env *env;
    struct raft_host *raft;
    struct state *state;
    struct scheduling *scheduling;
    struct heartbeat *heartbeat;
    struct env_timer *reclaim_timer;
    uint64_t seen_index, trimmed_index; /* when the heap was trimmed last */
    nsec_t quiet_since;                 /* monotonic */
    struct env_timer *close_timer;      /* keeps the loop running until the threads have answered */
    struct list waiting;                /* blocking reads */
    bool leader, closing;
    void (*closed_cb)(void *ctx);
    void *closed_ctx;
};

/* The later of now and all before: stamped into commands. */
nsec_t server_stamp(struct server *s);

/* Sends a command through the log for a call. `applied` (may be NULL) runs after a successful apply
 * and before the call is finished; it fills the reply. Errors finish the call. `reply` is made
 * already. */
typedef void (*server_applied_cb)(struct server *s, struct rpc_call *call,
                                  const struct fsm_result *res);
void server_write(struct server *s, struct rpc_call *call, const struct command *c,
                  server_applied_cb applied);
/* Same without a call: the server's own duties. Negative errno: the log refused it, try again. */
int server_write_own(struct server *s, const struct command *c);

/* heartbeat's `expired`: says in the log that the node is down. */
void server_node_expired(void *ctx, const struct uuid *node_id);

/* A pending evaluation in `a`. NULL: memory. */
struct evaluation *server_new_eval(struct server *s, struct arena *a, const char *ns,
                                   const char *job_id, int32_t type, int64_t priority,
                                   const char *trigger);
/* One evaluation for every job with allocations on the node. */
int server_node_evals(struct server *s, struct arena *a, const struct snap *snap,
                      const struct uuid *node_id, const char *trigger, struct objs *ret);

/* --- reads --- */
/* Fills call->reply from the snapshot and says which key's index answers it. 0, or an HTTP status
 * with call->err set. Must not touch anything but snapshot and call. */
typedef int (*server_read_cb)(struct server *s, struct rpc_call *call, const struct snap *snap,
                              struct state_key *ret_key);
/* Answers at once, or when the key's index passes min_query_index. Any thread. */
void server_read(struct server *s, struct rpc_call *call, server_read_cb read);
/* At the end: every waiting read fails with 503. */
void server_end_waiting(struct server *s);
/* For read callbacks: sets the error text, returns the code. */
int read_error(struct rpc_call *call, int code, const char *fmt, ...) printf_like(3, 4);

/* Stubs shared by several endpoints; in the call's arena, borrowing from the snapshot. */
struct alloc_stub *alloc_stub_of(struct arena *a, const struct allocation *alloc);

extern const struct rpc_method job_methods[], eval_methods[], alloc_methods[], node_methods[],
    status_methods[];
extern const size_t n_job_methods, n_eval_methods, n_alloc_methods, n_node_methods,
    n_status_methods;
