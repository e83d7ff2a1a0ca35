// SPDX-License-Identifier: Apache-2.0
/* A client agent against servers played by the test, in one process on one loop. */
#pragma once
#include <uv.h>

#include "client/client.h"
#include "rpc/messages.h"

#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "  %s:%d: %s: ", __FILE__, __LINE__, #cond);                           \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            rig_failed = true;                                                                     \
        }                                                                                          \
    } while (0)

extern bool rig_failed;

#define RIG_ALLOCS 256

/* What the played servers hold. */
struct rig_alloc {
    struct arena *arena;
    struct allocation *alloc; /* with job */
    bool forgotten;
    struct arena *seen_arena; /* the last the client said */
    struct allocation *seen;
    unsigned n_reports;
};

struct client_rig {
    uv_loop_t loop;
    uv_timer_t deadline;
    struct rpc_table *rpc;
    struct client *client;
    struct client_config config;
    struct rig_alloc allocs[RIG_ALLOCS];
    size_t n_allocs;
    uint64_t index;
    struct rpc_call *waiting; /* a blocked Node.GetClientAllocs */
    unsigned n_registered, n_heartbeats;
    bool server_down, stopped;
    const char *only;
    unsigned n_run, n_failed;
};

void rig_open(struct client_rig *r, int argc, char **argv);
int rig_close(struct client_rig *r);
void rig_run(struct client_rig *r, const char *name, void (*test)(struct client_rig *r));
#define RUN(rig, test) rig_run(rig, #test, test)

/* Agent life. rig_agent_stop leaves everything running, as a killed agent does. */
void rig_agent_start(struct client_rig *r);
void rig_agent_stop(struct client_rig *r);

/* A batch or service allocation with one raw_exec task "web" of `sh -c script`; not handed over
 * yet, so the test may change it. */
struct rig_alloc *rig_alloc_new(struct client_rig *r, int32_t type, const char *script);
struct task *rig_task(struct rig_alloc *a);
struct task *rig_add_task(struct rig_alloc *a, const char *name, const char *script);
/* The servers hold it (again): the client will see it. */
void rig_put(struct client_rig *r, struct rig_alloc *a);
void rig_stop_alloc(struct client_rig *r, struct rig_alloc *a);
void rig_forget(struct client_rig *r, struct rig_alloc *a);

/* Waits until the client reported that status; 60 s at most. */
void rig_wait_status(struct client_rig *r, struct rig_alloc *a, int32_t status);
void rig_wait_gone(struct client_rig *r, struct rig_alloc *a);
/* Runs the loop until the file exists (or is gone). */
void rig_wait_file(struct client_rig *r, const char *path, bool exists);
void rig_wait_text(struct client_rig *r, const char *path, const char *text);
/* Runs the loop for that long: only to show that something does NOT happen. */
void rig_linger(struct client_rig *r, unsigned ms);
const struct task_state *rig_state(struct rig_alloc *a, const char *task);
/* "Received|Task Setup|Started|Terminated" */
const char *rig_events(struct rig_alloc *a, const char *task);
const char *rig_path(struct client_rig *r, struct rig_alloc *a, const char *rest);
