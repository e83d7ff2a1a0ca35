// SPDX-License-Identifier: Apache-2.0
/* A server's endpoints, scheduling and state in virtual time, the hosts that call it, and the
 * people who use it. One world at a time. */
#pragma once
#include "server/server_parts.h"
#include "tests/support/server/venv.h"

enum { HOSTS = 6, JOBS = 5 };

/* node_name of what a rogue plan placed */
#define ROGUE "rogue"

struct host {
    struct world *w;
    struct uuid id, secret;
    unsigned number;
    bool alive, registered, ticking;
    bool calling;   /* a registration or heartbeat is on its way */
    bool reporting; /* so are allocations */
    nsec_t next_beat;
};

struct world {
    struct venv v;
    struct host hosts[HOSTS];
    bool quiet;  /* nothing fails any more, nobody changes anything */
    bool rogues; /* some plans are nonsense */
    nsec_t last_rogue;
    uint64_t counts[CMD_TYPE_MAX];
    uint64_t refused, drops; /* commands, placements */
    size_t forks, leads;
    char failure[600];
};

/* The first failure counts. */
void world_fail(struct world *w, const char *fmt, ...) printf_like(2, 3);
/* An empty state, or `state` (taken over) applied up to `index`. Nobody leads. */
void world_init(struct world *w, uint64_t seed, nsec_t now, struct state *state, uint64_t index);
void world_free(struct world *w);
void world_lead(struct world *w);
void world_depose(struct world *w);
struct server *world_server(void);
void world_run(struct world *w, nsec_t t); /* for this long, or until something failed */

/* A call of a method: the caller fills in the arguments; `done` frees the call, also by default. */
struct rpc_call *world_call(const char *method);
void world_send(struct world *w, struct rpc_call *call);

/* hosts.c */
void hosts_start(struct world *w, uint32_t alive);
uint32_t hosts_alive(const struct world *w);
void host_boot(struct host *h);
void host_kill(struct host *h);
void host_restart_agent(struct host *h);

/* people.c: somebody does something. */
void people_act(struct world *w);

/* check.c */
void check_before(void *ctx, const struct command *c);
void check_after(void *ctx, const struct command *c, const struct fsm_result *r);
/* Everything is as it should be once nothing happens any more. */
void check_rest(struct world *w);
