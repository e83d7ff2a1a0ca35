// SPDX-License-Identifier: Apache-2.0
/* Collecting what is wrong. */
#pragma once
#include "jobspec/jobspec.h"

struct findings {
    struct arena *arena;
    struct strs texts;
    const char *where; /* prefix: "Task group web" */
    bool no_memory;
};

void find(struct findings *f, const char *fmt, ...) printf_like(2, 3);

void validate_group(struct findings *f, const struct job *j, const struct task_group *g);
void validate_task(struct findings *f, const struct job *j, const struct task_group *g,
                   const struct task *t);
void validate_constraints(struct findings *f, const struct objs *constraints, bool at_task);
void validate_affinities(struct findings *f, const struct objs *affinities);
void validate_spreads(struct findings *f, const struct objs *spreads);
