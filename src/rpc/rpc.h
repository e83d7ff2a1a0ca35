// SPDX-License-Identifier: Apache-2.0
/* Remote procedures as the product sees them: a table of methods, each declared once with its
 * argument and reply type, who may answer it and who may call it. HTTP endpoints, the command line
 * (through HTTP), the local client and, over the wire, other agents all call through this table;
 * there is no second path to the servers' state.
 *
 * Life of a call: the caller makes it with rpc_call_new(), fills args (in call->arena), sets `done`
 * and invokes it. Exactly one `done` follows, perhaps before rpc_invoke() returns and perhaps on
 * another thread; the caller then reads reply or error and frees the call. */
#pragma once
#include <uv.h>

#include "base/err.h"
#include "model/schema.h"

struct rpc_call;
struct rpc_stream;

enum rpc_flags {
    RPC_WRITE = 1 << 0, /* changes state: leader only, forwarded by other servers */
    RPC_ANY_THREAD =
        1 << 1,            /* a read from a snapshot: runs on the calling thread unless it blocks */
    RPC_BLOCKING = 1 << 2, /* honours min_query_index */
    RPC_STREAM = 1 << 3,   /* `open` instead of `handle` */
    RPC_NODE = 1 << 4,     /* called by client agents: auth_token is the node's secret */
};

/* Capability a caller needs, checked once ACLs exist; named from the first commit. */
enum rpc_capability {
    CAP_NONE,
    CAP_LIST_JOBS,
    CAP_READ_JOB,
    CAP_SUBMIT_JOB,
    CAP_PARSE_JOB,
    CAP_READ_LOGS,
    CAP_READ_FS,
    CAP_ALLOC_LIFECYCLE,
    CAP_NODE_READ,
    CAP_NODE_WRITE,
    CAP_AGENT_READ,
    CAP_OPERATOR_READ,
    CAP_OPERATOR_WRITE,
    CAP_NODE_SELF, /* a client agent about itself */
};

struct rpc_method {
    const char *name;           /* "Job.Register" */
    const struct schema *args;  /* first member is struct rpc_common */
    const struct schema *reply; /* first member is struct rpc_meta; NULL for streams */
    unsigned flags;             /* enum rpc_flags */
    enum rpc_capability capability;
    /* Fills call->reply and calls rpc_finish(), at once or later, on the loop's thread, or on the
     * calling thread for RPC_ANY_THREAD. `impl` was registered with the method. */
    void (*handle)(void *impl, struct rpc_call *call);
    /* RPC_STREAM: on the loop's thread. Fails by rpc_fail(); otherwise finishes the call at once
     * and then writes to the stream until its end. */
    void (*open)(void *impl, struct rpc_call *call, struct rpc_stream *stream);
};

struct rpc_common {
    const char *region, *ns, *auth_token, *prefix;
    uint64_t min_query_index; /* blocking query: answer once the index is above; 0 = at once */
    nsec_t max_query_time;    /* 0 = 300 s, the cap too */
    bool allow_stale, forwarded;
};
struct rpc_meta {
    uint64_t index;
    nsec_t last_contact;
    bool known_leader;
};

struct rpc_call {
    const struct rpc_method *method;
    void *impl;
    struct arena *arena; /* owns args and reply */
    void *args, *reply;
    int code; /* 0, or the HTTP status that fits the error */
    struct err err;
    void (*done)(struct rpc_call *call);
    void *ctx; /* the caller's */
    /* What a reply borrows from (a pinned snapshot): released with the call. */
    void (*release)(void *pin);
    void *pin;
    struct rpc_stream *stream; /* RPC_STREAM: given by the caller before invoking */
    bool cancelled;            /* the caller is gone; a waiting handler may give up early */
    /* Set by a handler while it waits: gives up and finishes the call. On the loop's thread. */
    void (*cancel)(struct rpc_call *call);
    void *waiter; /* the waiting handler's */
};

/* Bytes from a handler to a caller, all on the loop's thread. The caller fills the upper half
 * before invoking, the handler the lower half in `open`. */
struct rpc_stream {
    /* Takes (copies) bytes. >0: go on; 0: pause until `resume`; <0: the reader is gone. */
    int (*write)(struct rpc_stream *s, const void *p, size_t n);
    /* The last call the handler makes. err NULL: clean end. */
    void (*end)(struct rpc_stream *s, const struct err *err);
    void *ctx;

    void (*resume)(struct rpc_stream *s);
    /* The reader is gone: free everything, do not call `end`. */
    void (*cancel)(struct rpc_stream *s);
    void *producer;
};

struct rpc_table;

/* The table and its way onto the loop's thread. */
struct rpc_table *rpc_table_new(uv_loop_t *loop);
/* Calls still queued are failed with 503. Then run the loop once for the handle to close. */
struct rpc_table *rpc_table_free(struct rpc_table *t);
/* Names must be new. `methods` is borrowed. */
void rpc_register(struct rpc_table *t, const struct rpc_method *methods, size_t n, void *impl);

/* NULL when memory is short or no such method. args is a fresh object of method->args. */
struct rpc_call *rpc_call_new(struct rpc_table *t, const char *method);
struct rpc_call *rpc_call_free(struct rpc_call *call);
/* Any thread. */
void rpc_invoke(struct rpc_table *t, struct rpc_call *call);
/* The caller does not want the answer any more; `done` still follows, mostly before this returns.
 * On the loop's thread, while the call is not finished. */
void rpc_cancel(struct rpc_call *call);
/* Waits for the answer; not on the loop's thread. Returns call->code. */
int rpc_invoke_sync(struct rpc_table *t, struct rpc_call *call);
/* Runs fn(arg) on the loop's thread, soon; any thread may call. -ENOMEM. */
int rpc_post(struct rpc_table *t, void (*fn)(void *arg), void *arg);
bool rpc_on_loop(const struct rpc_table *t);

/* For handlers. A fresh reply object of method->reply, set as call->reply. */
void *rpc_reply(struct rpc_call *call);
void rpc_finish(struct rpc_call *call);
/* Error with an HTTP status (400, 403, 404, 409, 429, 500, 503) and a text; finishes the call. */
void rpc_fail(struct rpc_call *call, int code, const char *fmt, ...) printf_like(3, 4);

static inline struct rpc_common *rpc_common_of(struct rpc_call *call)
{
    return call->args;
}
static inline struct rpc_meta *rpc_meta_of(struct rpc_call *call)
{
    return call->reply;
}
