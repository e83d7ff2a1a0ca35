// SPDX-License-Identifier: Apache-2.0
/* Helpers of the job file tests: text in; JSON, error text or findings out. */
#pragma once
#include "jobspec/jobspec.h"
#include "model/json.h"
#include "tests/unit/cmocka_all.h"

struct job_case {
    const char *text; /* what stands inside of `job "web" { … }`, or a whole file */
    const char *want; /* a part of the job's JSON; with '!' in front, a part of the error text */
};

/* A file `text`; NULL with err set when it is refused. */
struct job *job_read(struct arena *a, const char *text, struct err *err);
/* `job "web" { <text> }`, which must be good. */
struct job *job_with(struct arena *a, const char *text);
/* `job "web" { group "app" { task "main" { driver = "exec" } <text> } }`, canonical. */
struct job *group_with(struct arena *a, const char *job_text, const char *group_text,
                       const char *task_text);
const char *job_json(struct arena *a, const struct job *j);
void check_job_cases(const char *before, const char *after, const struct job_case *cases, size_t n);
