// SPDX-License-Identifier: Apache-2.0
/* Small objects for tests of the server, all in one arena, and a state to apply commands to. */
#pragma once
#include "server/fsm.h"
#include "tests/support/server/venv.h"

#define NOW (INT64_C(1700000000) * NSEC_SEC)

struct fx {
    struct arena *a;
    struct state *st;
    struct snap *snap; /* of the last fx_snap() */
    uint64_t index;
    struct fsm_result *r; /* of the last fx_apply() */
};
int fx_setup(void **state);
int fx_teardown(void **state);

struct uuid fx_id(unsigned kind, unsigned n);
/* A service job with a group "g" of one task: 500 MHz, 256 MB, 100 MB of disk. */
struct job *fx_job(struct fx *f, const char *id, int64_t count);
/* Ready; 1000 MHz, 1024 MB, 1000 MB of disk. */
struct node *fx_node(struct fx *f, unsigned n);
struct evaluation *fx_eval(struct fx *f, unsigned n, const char *job);
/* job.g[index] as the placer would hand it in. */
struct allocation *fx_alloc(struct fx *f, unsigned n, const char *job, unsigned node, int index);

struct command *fx_command(struct fx *f, enum command_type type);
/* Goes through the binary form, as entries do. */
const struct fsm_result *fx_apply(struct fx *f, const struct command *c);
const struct snap *fx_snap(struct fx *f);
/* Registers, with evaluation `n`. */
void fx_add_job(struct fx *f, struct job *j, unsigned n);
void fx_add_node(struct fx *f, struct node *n);
/* The plan of a job's evaluation, which it completes. */
struct command *fx_plan(struct fx *f, unsigned eval, const char *job);
