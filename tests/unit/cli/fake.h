// SPDX-License-Identifier: Apache-2.0
/* An agent that says what it is told to, and a command line run against it. */
#pragma once
#include <stdbool.h>

struct canned {
    const char *method, *path; /* path without its query */
    unsigned status;
    const char *body;
};

/* Answers by the first unused entry that fits, the last fitting one again and again; 404 for the
 * rest. `list` ends with a NULL method. */
void fake_start(const struct canned *list);
void fake_stop(void);
/* The last request's body and URL with query. */
extern char fake_body[65536], fake_url[1024];

struct ran {
    int code;
    char out[8192], err[8192]; /* what was printed */
};
/* `nomad <line>`, words by blanks, against the fake agent (or nobody after fake_stop()). */
struct ran run_cli(const char *line);
