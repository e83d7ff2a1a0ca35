// SPDX-License-Identifier: Apache-2.0
/* A server's world in virtual time: one queue of events stands for the loop, its timers, the worker
 * threads, the placer's thread and the log. Everything is decided by the seed. Placer and log keep
 * the order of calls; workers do not. */
#pragma once
#include "base/vec.h"
#include "server/env.h"

struct venv_entry {
    void *p;
    size_t n;
    nsec_t at;
    uint64_t index;
    uint64_t hash; /* of the state after it; only with `hashes` */
    uint32_t tag;  /* venv.tag when it was applied */
};

struct venv {
    struct server_env env;
    nsec_t now;
    uint64_t rng[2];
    struct state *state;
    uint64_t index; /* last applied */
    bool leading;   /* proposals are taken */
    bool hashes;
    unsigned delay_ms;  /* the longest a thread or the log takes; 0: as soon as the queue runs */
    unsigned refuse;    /* percent of proposals refused with -EAGAIN */
    size_t works_max;   /* most workers busy at the same time so far */
    size_t works, seen; /* busy workers; events handled */
    uint32_t tag;
    /* Around every apply; may be NULL. */
    void (*before)(void *ctx, const struct command *c);
    void (*after)(void *ctx, const struct command *c, const struct fsm_result *r);
    void *ctx;
    VEC(struct venv_entry) log;

    VEC(struct env_timer *) heap;
    uint64_t seq;
    nsec_t last_commit, last_place, last_placed;
    struct list proposals;
};

/* Starts with `state` applied up to `index`. */
void venv_init(struct venv *v, uint64_t seed, nsec_t now, struct state *state, uint64_t index);
/* Nothing may be in flight but timers, which are forgotten. Frees the log. */
void venv_free(struct venv *v);
uint64_t venv_roll(struct venv *v, uint64_t n); /* 0 .. n-1 */
/* Handles one event; false: there is none. */
bool venv_step(struct venv *v);
/* All events up to the time, which is then now. */
void venv_run(struct venv *v, nsec_t until);
/* All that is due now, later ones not. */
void venv_settle(struct venv *v);
/* Leadership is gone: of what was proposed and is not applied yet a first part still will be, the
 * rest never; all of it is answered with -ECANCELED. */
void venv_depose(struct venv *v);
/* Applies an entry of a log again. */
void venv_replay(struct venv *v, const struct venv_entry *e);
