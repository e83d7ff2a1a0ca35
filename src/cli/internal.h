// SPDX-License-Identifier: Apache-2.0
/* What the verbs share. A command runs once in a process of its own: memory comes from one arena
 * and running short of it ends the process. */
#pragma once
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/json.h"
#include "rpc/messages.h"

struct cli;

/* ---- commands ---- */
enum flag_kind { FLAG_BOOL, FLAG_TEXT, FLAG_LIST };
struct flag_def {
    const char *name;
    enum flag_kind kind;
    const char *arg, *help; /* "<path>"; one line */
};
struct command {
    const char *name; /* "job run" */
    const char *args; /* "<path>", shown in the usage line */
    const char *synopsis, *help;
    const struct flag_def *flags; /* ended by a NULL name; global ones are added */
    int min_args, max_args;       /* -1: any */
    int (*run)(struct cli *c);
};
extern const struct command *const commands[]; /* sorted by name, NULL-terminated */

struct flag_value {
    const struct flag_def *def;
    const char *text;
};
struct cli {
    struct arena *arena;
    const struct command *cmd;
    const char **args;
    int n_args;
    struct flag_value *values;
    size_t n_values;
    const char *address, *region, *ns, *token;
    bool color;
    struct err err;
};
bool flag_on(const struct cli *c, const char *name);          /* given, and not "=false" */
const char *flag_text(const struct cli *c, const char *name); /* the last one, or NULL */
/* All of a repeated flag, NULL-terminated. */
const char **flag_list(struct cli *c, const char *name);
/* Consumes argv after the command's words. -EINVAL with text. */
int flags_parse(struct cli *c, int argc, char **argv);
void usage_print(const struct command *cmd, FILE *to);

/* ---- the API ---- */
struct answer {
    long status; /* HTTP status; 0: no answer, c->err says why */
    struct buf body;
    uint64_t index;
};
/* path below the address, with query; region, namespace and token are added. body NULL: none. */
struct answer api_call(struct cli *c, const char *method, const char *path, const char *body);
/* GET and decode. 0; or the HTTP status (negative errno without one) with c->err set. *ret is NULL
 * for JSON null. */
int api_get(struct cli *c, const struct schema *s, const char *path, void **ret);
int api_get_list(struct cli *c, const struct schema *s, const char *path, struct objs *ret);
int api_send(struct cli *c, const char *method, const char *path, const char *body,
             const struct schema *reply, void **ret);
/* Streams the body to cb until the end or until cb returns false. */
int api_stream(struct cli *c, const char *path, bool (*cb)(void *ctx, const char *p, size_t n),
               void *ctx);
const char *url_escape(struct cli *c, const char *text);

/* ---- output ---- */
void say(const char *fmt, ...) printf_like(1, 2);                /* a line to stdout */
int fail(struct cli *c, const char *fmt, ...) printf_like(2, 3); /* a line to stderr; returns 1 */
/* "Error <what>: <c->err>" as Nomad words it; returns 1. */
int fail_api(struct cli *c, const char *what);
/* Turns "[bold]", "[green]", "[reset]", … into escapes, or drops them. */
const char *colorize(struct cli *c, const char *text);

struct table {
    struct buf text; /* rows of "a|b|c\n" */
};
void table_row(struct table *t, const char *fmt, ...) printf_like(2, 3);
/* Columns by two spaces, empty cells as "<none>"; for `kv` by " = " with aligned keys. No newline
 * at the end. */
const char *table_format(struct arena *a, struct table *t);
const char *kv_format(struct arena *a, struct table *t);
const char *id_short(struct cli *c, const struct uuid *id); /* 8 digits, all with -verbose */
const char *time_text(struct cli *c, nsec_t t);             /* local date, "N/A" for none */
const char *time_ago(struct cli *c, nsec_t t);
const char *print_json(struct cli *c, const struct schema *s, const void *obj);

/* ---- shared pieces of the verbs ---- */
const char *alloc_table(struct cli *c, const struct objs *stubs);
const char *alloc_metrics_text(struct cli *c, const struct alloc_metric *m, bool scores,
                               const char *prefix);
struct job_diff;
const char *plan_diff_text(struct arena *a, const struct job_diff *d, bool verbose);
/* One object by prefix. 0; else the exit code, after saying why. */
int find_job(struct cli *c, const char *prefix, struct job **ret);
int find_alloc(struct cli *c, const char *prefix, struct allocation **ret);
int find_eval(struct cli *c, const char *prefix, struct evaluation **ret);
int find_node(struct cli *c, const char *prefix, struct node **ret);
/* Follows an evaluation to its end, printing as it goes. 0; 1 error; 2 failed placements. */
int monitor(struct cli *c, const struct uuid *eval_id);
/* The job of a file, "-" for standard input, HCL or JSON. 0 or -errno with c->err. */
int read_job(struct cli *c, const char *path, struct job **ret);
int job_list(struct cli *c);
int job_detail(struct cli *c, const char *prefix);
int alloc_detail(struct cli *c, const char *prefix);
int eval_detail(struct cli *c, const char *prefix);
int node_list(struct cli *c);
int node_detail(struct cli *c, const char *prefix);
const char *job_body(struct cli *c, const struct job *j, const char *more);
