// SPDX-License-Identifier: Apache-2.0
/* What the server's duties need from the world: clock, timers, randomness, other threads, the log.
 * The real one runs on libuv, threads and a raft host; simulation supplies virtual time and runs
 * workers and placer inline. All callbacks arrive on the core loop. */
#pragma once
#include "base/clock.h"
#include "base/uuid.h"
#include "server/fsm.h"

struct server_env;
struct env_timer;

/* r: 0, or why the entry was not applied (raft_host's codes). `result` is borrowed. */
typedef void (*env_proposed_cb)(void *ctx, int r, const struct fsm_result *result);

struct server_env {
    void *owner;   /* of `propose` */
    nsec_t latest; /* the latest time stamped into a command, applied ones included */
    nsec_t (*now)(struct server_env *env);  /* wall clock */
    nsec_t (*mono)(struct server_env *env); /* for timers and TTLs */
    uint64_t (*random)(struct server_env *env);
    /* One shot. Cancelling after it fired is an error; the handle is gone then. */
    struct env_timer *(*timer)(struct server_env *env, nsec_t delay, void (*cb)(void *), void *ctx);
    void (*cancel)(struct server_env *env, struct env_timer *t);
    /* `run` on a worker thread, then `done` on the loop. */
    void (*work)(struct server_env *env, void (*run)(void *), void (*done)(void *), void *ctx);
    /* Same on the one placer thread, strictly in order of calls. */
    void (*place)(struct server_env *env, void (*run)(void *), void (*done)(void *), void *ctx);
    /* Copies the bytes; refusals come back at once as a negative errno, without callback. */
    int (*propose)(struct server_env *env, const void *p, size_t n, env_proposed_cb cb, void *ctx);
};

/* For commands: the later of now and everything stamped before. */
static inline nsec_t env_stamp(struct server_env *env)
{
    env->latest = MAX(env->latest, env->now(env));
    return env->latest;
}

static inline void env_uuid(struct server_env *env, struct uuid *ret)
{
    uint64_t seed[2] = {env->random(env), env->random(env)};
    uuid_from_seed(seed, ret);
}
