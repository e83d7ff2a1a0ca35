// SPDX-License-Identifier: Apache-2.0
/* alloc logs, stop, restart, signal, fs. */
#include <errno.h>

#include "cli/verbs.h"

static bool to_stdout(void *ctx, const char *p, size_t n)
{
    bool ok = fwrite(p, 1, n, stdout) == n && fflush(stdout) == 0;
    return ok;
}

/* The end of a log, held back until it is known where its last lines begin. */
struct tail {
    struct buf held;
    int64_t lines; /* -1: everything passes */
};

static const char *last_lines(const struct buf *b, int64_t n)
{
    const char *p = b->p + b->n;
    if (p > b->p && p[-1] == '\n')
        p--;
    for (; p > b->p; p--)
        if (p[-1] == '\n' && --n == 0)
            break;
    return p;
}

static bool to_tail(void *ctx, const char *p, size_t n)
{
    struct tail *t = ctx;
    if (t->lines < 0)
        return to_stdout(NULL, p, n);
    buf_add(&t->held, p, n);
    return !t->held.failed;
}

static void flush_tail(struct tail *t)
{
    if (t->lines > 0 && t->held.n) {
        const char *from = last_lines(&t->held, t->lines);
        to_stdout(NULL, from, (size_t)(t->held.p + t->held.n - from));
    }
    buf_free(&t->held);
    t->lines = -1;
}

/* The named task, or the only one. */
static int pick_task(struct cli *c, const struct allocation *a, const char *name, const char **ret)
{
    const struct task_group *g = a->job ? job_find_group(a->job, a->task_group) : NULL;
    if (!g)
        return fail(c, "Could not find group \"%s\" of the allocation's job",
                    nonull(a->task_group));
    if (name && group_find_task(g, name)) {
        *ret = name;
        return 0;
    }
    const char *list = "";
    OBJS_FOR(struct task, t, g->tasks)
    list = arena_printf(c->arena, "%s\n  * %s", list, t->name);
    if (name)
        return fail(c, "Failed to validate task: Could not find task named: %s, found:%s", name,
                    list);
    if (g->tasks.n != 1)
        return fail(
            c,
            "Failed to validate task: Allocation \"%s\" is running the following tasks:%s\n\n"
            "Please specify the task.",
            id_short(c, &a->id), list);
    *ret = ((struct task *)g->tasks.items[0])->name;
    return 0;
}

/* -job: any allocation of it, a running one first. */
static int alloc_of_job(struct cli *c, const char *job_id, struct allocation **ret)
{
    struct objs l;
    const struct alloc_stub *best = NULL;
    if (api_get_list(c, &alloc_stub_schema,
                     arena_printf(c->arena, "/v1/job/%s/allocations", url_escape(c, job_id)), &l))
        return fail_api(c, "fetching allocations");
    OBJS_FOR(struct alloc_stub, a, l)
    if (!best || (a->client_status == ALLOC_RUNNING && best->client_status != ALLOC_RUNNING))
        best = a;
    if (!best)
        return fail(c, "No allocations of job \"%s\" found", job_id);
    return find_alloc(c, arena_strdup(c->arena, UUID_Z(&best->id)), ret);
}

static int run_logs(struct cli *c)
{
    struct allocation *a;
    const char *task;
    bool by_job = flag_on(c, "job");
    const char *lines = flag_text(c, "n"), *bytes = flag_text(c, "c"), *name = flag_text(c, "task");
    int r = by_job ? alloc_of_job(c, c->args[0], &a) : find_alloc(c, c->args[0], &a);
    if (r)
        return r;
    if ((r = pick_task(c, a, c->n_args > 1 ? c->args[1] : name, &task)))
        return r;
    bool tail = flag_on(c, "tail") || lines || bytes;
    int64_t offset = 0, n = 10;
    if ((bytes && parse_i64(str_of(bytes), &offset) < 0) ||
        (lines && parse_i64(str_of(lines), &n) < 0) || offset < 0 || n < 0 || n > INT32_MAX)
        return fail(c, "-n and -c want numbers");
    /* Lines are cut here, from enough bytes; followed, 120 a line, as Nomad guesses. */
    if (tail && !bytes)
        offset = flag_on(c, "f") ? n * 120 : MAX(n * 120, INT64_C(65536));
    const char *path = arena_printf(
        c->arena,
        "/v1/client/fs/logs/%s?task=%s&type=%s&follow=%s&plain=true&origin=%s&offset=%lld",
        UUID_Z(&a->id), url_escape(c, task), flag_on(c, "stderr") ? "stderr" : "stdout",
        flag_on(c, "f") ? "true" : "false", tail ? "end" : "start", (long long)offset);
    /* Followed, the guess stands: where the end was is known only to the server. */
    struct tail t = {.lines = tail && !bytes && !flag_on(c, "f") ? n : -1};
    int q = api_stream(c, path, to_tail, &t);
    flush_tail(&t);
    if (q)
        return fail(c, "Error reading file: %s", c->err.text);
    return 0;
}

static const struct flag_def logs_flags[] = {
    {"stderr", FLAG_BOOL, NULL, "Standard error instead of standard output"},
    {"stdout", FLAG_BOOL, NULL, "Standard output, the default"},
    {"f", FLAG_BOOL, NULL, "Follow: go on as the log grows"},
    {"tail", FLAG_BOOL, NULL, "Only the end"},
    {"n", FLAG_TEXT, "<lines>", "Number of lines of -tail (default 10)"},
    {"c", FLAG_TEXT, "<bytes>", "Number of bytes of -tail"},
    {"job", FLAG_BOOL, NULL, "The argument is a job: one of its allocations is taken"},
    {"task", FLAG_TEXT, "<task>", "The task, where there are several"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs"},
    {NULL},
};
const struct command cmd_alloc_logs = {
    "alloc logs", "<allocation> [<task>]", "Streams the logs of a task", NULL, logs_flags, 1, 2,
    run_logs};

/* ---- stop ---- */

static int run_stop(struct cli *c)
{
    struct allocation *a;
    struct eval_id_reply *reply;
    int r = find_alloc(c, c->args[0], &a);
    if (r)
        return r;
    const char *path =
        arena_printf(c->arena, "/v1/allocation/%s/stop%s", UUID_Z(&a->id),
                     flag_on(c, "no-shutdown-delay") ? "?no_shutdown_delay=true" : "");
    if (api_send(c, "PUT", path, NULL, &eval_id_reply_schema, (void **)&reply) || !reply)
        return fail_api(c, "stopping allocation");
    if (flag_on(c, "detach")) {
        say("%s", UUID_Z(&reply->eval_id));
        return 0;
    }
    return monitor(c, &reply->eval_id);
}

static const struct flag_def stop_flags[] = {
    {"detach", FLAG_BOOL, NULL, "Return at once instead of following the evaluation"},
    {"no-shutdown-delay", FLAG_BOOL, NULL, "Ignore the group's shutdown_delay"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs"},
    {NULL},
};
const struct command cmd_alloc_stop = {"alloc stop",
                                       "<allocation>",
                                       "Stop and reschedule a running allocation",
                                       NULL,
                                       stop_flags,
                                       1,
                                       1,
                                       run_stop};

/* ---- restart, signal ---- */

static int send_action(struct cli *c, const char *verb, const char *body)
{
    struct allocation *a;
    int r = find_alloc(c, c->args[0], &a);
    if (r)
        return r;
    const char *path = arena_printf(c->arena, "/v1/client/allocation/%s/%s", UUID_Z(&a->id), verb);
    if (api_send(c, "PUT", path, body, NULL, NULL))
        return fail(c, "Failed to %s allocation:\n\n%s", verb, c->err.text);
    return 0;
}

static const char *json_text(struct cli *c, const char *z)
{
    struct buf b = {0};
    val_to_json(val_str(str_of(nonull(z))), &b, 0);
    const char *r = arena_strndup(c->arena, b.p, b.n);
    buf_free(&b);
    return r;
}

static int run_restart(struct cli *c)
{
    const char *task = c->n_args > 1 ? c->args[1] : flag_text(c, "task");
    return send_action(c, "restart",
                       arena_printf(c->arena, "{\"TaskName\":%s,\"AllTasks\":%s}",
                                    json_text(c, task),
                                    flag_on(c, "all-tasks") ? "true" : "false"));
}

static const struct flag_def restart_flags[] = {
    {"task", FLAG_TEXT, "<task>", "Only this task"},
    {"all-tasks", FLAG_BOOL, NULL, "Also tasks that ended"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs"},
    {NULL},
};
const struct command cmd_alloc_restart = {"alloc restart",
                                          "<allocation> [<task>]",
                                          "Restart a running allocation",
                                          NULL,
                                          restart_flags,
                                          1,
                                          2,
                                          run_restart};

static int run_signal(struct cli *c)
{
    const char *sig = flag_text(c, "s");
    const char *task = c->n_args > 1 ? c->args[1] : flag_text(c, "task");
    return send_action(c, "signal",
                       arena_printf(c->arena, "{\"Signal\":%s,\"Task\":%s}",
                                    json_text(c, sig ? sig : "SIGKILL"), json_text(c, task)));
}

static const struct flag_def signal_flags[] = {
    {"s", FLAG_TEXT, "<signal>", "The signal (default SIGKILL)"},
    {"task", FLAG_TEXT, "<task>", "Only this task"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs"},
    {NULL},
};
const struct command cmd_alloc_signal = {"alloc signal",
                                         "<allocation> [<task>]",
                                         "Signal a running allocation",
                                         NULL,
                                         signal_flags,
                                         1,
                                         2,
                                         run_signal};

/* ---- fs ---- */

static int list_dir(struct cli *c, const char *id, const char *path)
{
    struct objs files;
    struct table t = {{0}};
    if (api_get_list(c, &file_info_schema,
                     arena_printf(c->arena, "/v1/client/fs/ls/%s?path=%s", id, url_escape(c, path)),
                     &files))
        return fail_api(c, "listing alloc dir");
    table_row(&t, "Mode|Size|Modified Time|Name");
    OBJS_FOR(struct file_info, f, files)
    table_row(&t, "%s|%lld B|%s|%s%s", nonull(f->file_mode), (long long)f->size,
              time_text(c, f->mod_time), f->name, f->is_dir ? "/" : "");
    say("%s", table_format(c->arena, &t));
    return 0;
}

static int run_fs(struct cli *c)
{
    struct allocation *a;
    struct file_info *info;
    const char *path = c->n_args > 1 ? c->args[1] : "/";
    int r = find_alloc(c, c->args[0], &a);
    if (r)
        return r;
    const char *id = arena_strdup(c->arena, UUID_Z(&a->id));
    const char *stat =
        arena_printf(c->arena, "/v1/client/fs/stat/%s?path=%s", id, url_escape(c, path));
    if (api_get(c, &file_info_schema, stat, (void **)&info) || !info)
        return fail_api(c, "reading file");
    if (info->is_dir)
        return list_dir(c, id, path);
    if (api_stream(c,
                   arena_printf(c->arena, "/v1/client/fs/cat/%s?path=%s", id, url_escape(c, path)),
                   to_stdout, NULL))
        return fail_api(c, "reading file");
    return 0;
}

static const struct flag_def fs_flags[] = {{"verbose", FLAG_BOOL, NULL, "Full IDs"}, {NULL}};
const struct command cmd_alloc_fs = {"alloc fs",
                                     "<allocation> [<path>]",
                                     "Inspect the contents of an allocation directory",
                                     NULL,
                                     fs_flags,
                                     1,
                                     2,
                                     run_fs};
