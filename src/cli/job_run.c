// SPDX-License-Identifier: Apache-2.0
/* job run, validate, inspect, stop, init. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/internal.h"
#include "cli/verbs.h"
#include "jobspec/jobspec.h"

#define FILE_FLAGS                                                                                 \
    {"json", FLAG_BOOL, NULL, "The file is JSON (also found out by itself)"},                      \
        {"var", FLAG_LIST, "<key=value>", "Value of a variable; may be repeated"},                 \
        {"var-file", FLAG_LIST, "<path>", "File of variables; may be repeated"},                   \
    {                                                                                              \
        "hcl2-strict", FLAG_BOOL, NULL, "Accepted for compatibility; always strict"                \
    }

/* The job's own region and namespace win over the settings. */
static void follow_job(struct cli *c, const struct job *j)
{
    if (!isempty(j->ns) && !streq(j->ns, "default"))
        c->ns = j->ns;
}

static void print_job(const struct job *j)
{
    struct buf b = {0};
    struct json_writer w = json_writer(&b, JSONF_PRETTY);
    jw_obj_begin(&w);
    jw_key(&w, "Job");
    jw_obj(&w, &job_schema, j);
    jw_obj_end(&w);
    say("%s", b.p);
    buf_free(&b);
}

static int run_run(struct cli *c)
{
    struct job *j;
    struct job_register_reply *reply;
    const char *check = flag_text(c, "check-index");
    const char *priority = flag_text(c, "eval-priority");
    uint64_t index = 0;
    int64_t wanted = 0;
    if (flag_on(c, "preserve-counts"))
        return fail(c, "not supported yet: -preserve-counts");
    if (priority && parse_i64(str_of(priority), &wanted) < 0)
        return fail(c, "Error parsing eval-priority value \"%s\": not a number", priority);
    if (check && parse_u64(str_of(check), &index) < 0)
        return fail(c, "Error parsing check-index value \"%s\": not a number", check);
    if (read_job(c, c->args[0], &j) < 0)
        return fail(c, "Error getting job struct: %s", c->err.text);
    if (flag_on(c, "output")) {
        print_job(j);
        return 0;
    }
    follow_job(c, j);
    const char *more =
        check ? arena_printf(c->arena, ",\"EnforceIndex\":true,\"JobModifyIndex\":%llu",
                             (unsigned long long)index)
              : "";
    if (priority)
        more = arena_printf(c->arena, "%s,\"EvalPriority\":%lld", more, (long long)wanted);
    int r = api_send(c, "PUT", "/v1/jobs", job_body(c, j, more), &job_register_reply_schema,
                     (void **)&reply);
    if (r && strstr(c->err.text, "Enforcing job modify index"))
        return fail(c, "%s", c->err.text);
    if (r || !reply)
        return fail_api(c, "submitting job");
    if (!isempty(reply->warnings))
        say("%s", colorize(c, arena_printf(c->arena, "[bold][yellow]Job Warnings:\n%s[reset]\n",
                                           reply->warnings)));
    if (uuid_is_zero(&reply->eval_id)) {
        say("Job registration successful");
        return 0;
    }
    if (flag_on(c, "detach")) {
        say("Job registration successful\nEvaluation ID: %s", UUID_Z(&reply->eval_id));
        return 0;
    }
    return monitor(c, &reply->eval_id);
}

static const struct flag_def run_flags[] = {
    {"check-index", FLAG_TEXT, "<n>", "Register only if the job's modify index is this one"},
    {"detach", FLAG_BOOL, NULL, "Return at once instead of following the evaluation"},
    {"output", FLAG_BOOL, NULL, "Print the job as JSON and do nothing else"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs"},
    {"preserve-counts", FLAG_BOOL, NULL, "Not supported yet"},
    {"eval-priority", FLAG_TEXT, "<n>", "Priority of the evaluation"},
    {"policy-override", FLAG_BOOL, NULL, "Accepted for compatibility"},
    FILE_FLAGS,
    {NULL},
};
const struct command cmd_job_run = {
    "job run", "<path>", "Run a new job or update an existing job", NULL, run_flags, 1, 1, run_run};

/* ---- validate ---- */

static int validate_offline(struct cli *c, struct job *j)
{
    struct strs errors = {0};
    if (job_canonicalize(c->arena, j) < 0 || job_validate(c->arena, j, &errors) < 0)
        return fail(c, "out of memory");
    fprintf(stderr, "(no agent answers at %s: checked without it)\n", c->address);
    if (errors.n)
        return fail(
            c, "%s",
            colorize(c, arena_printf(c->arena, "[bold][red]Job validation errors:[reset]\n%s",
                                     job_errors_text(c->arena, &errors))));
    say("%s", colorize(c, "[bold][green]Job validation successful[reset]"));
    return 0;
}

static int run_validate(struct cli *c)
{
    struct job *j;
    struct job_validate_reply *reply;
    if (read_job(c, c->args[0], &j) < 0)
        return fail(c, "Error getting job struct: %s", c->err.text);
    follow_job(c, j);
    int r = api_send(c, "PUT", "/v1/validate/job", job_body(c, j, ""), &job_validate_reply_schema,
                     (void **)&reply);
    if (r == -EIO)
        return validate_offline(c, j);
    if (r || !reply)
        return fail_api(c, "validating job");
    if (!isempty(reply->warnings))
        say("%s", colorize(c, arena_printf(c->arena, "[bold][yellow]Job Warnings:\n%s[reset]\n",
                                           reply->warnings)));
    if (!isempty(reply->error))
        return fail(
            c, "%s",
            colorize(c, arena_printf(c->arena, "[bold][red]Job validation errors:[reset]\n%s",
                                     reply->error)));
    say("%s", colorize(c, "[bold][green]Job validation successful[reset]"));
    return 0;
}

static const struct flag_def validate_flags[] = {FILE_FLAGS, {NULL}};
const struct command cmd_job_validate = {"job validate",
                                         "<path>",
                                         "Checks if a given job specification is valid",
                                         NULL,
                                         validate_flags,
                                         1,
                                         1,
                                         run_validate};

/* ---- inspect ---- */

static int run_inspect(struct cli *c)
{
    struct job *j;
    int r = find_job(c, c->args[0], &j);
    if (r)
        return r;
    print_job(j);
    return 0;
}

static const struct flag_def inspect_flags[] = {
    {"json", FLAG_BOOL, NULL, "JSON, which is the only form"},
    {NULL},
};
const struct command cmd_job_inspect = {
    "job inspect", "<job>", "Inspect a submitted job", NULL, inspect_flags, 1, 1, run_inspect};

/* ---- stop ---- */

/* A prefix that is not the whole name is asked about, unless -yes; no answer is a no. */
static bool confirmed(struct cli *c, const struct job *j)
{
    char line[16];
    if (streq(j->id, c->args[0]) || flag_on(c, "yes"))
        return true;
    printf("Are you sure you want to stop job \"%s\"? [y/N] ", j->id);
    fflush(stdout);
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static int run_stop(struct cli *c)
{
    struct job *j;
    struct job_register_reply *reply;
    int r = find_job(c, c->args[0], &j);
    if (r)
        return r;
    if (!confirmed(c, j)) {
        say("Cancelling job stop");
        return 0;
    }
    c->ns = j->ns;
    const char *path = arena_printf(c->arena, "/v1/job/%s?purge=%s", url_escape(c, j->id),
                                    flag_on(c, "purge") ? "true" : "false");
    if (api_send(c, "DELETE", path, NULL, &job_register_reply_schema, (void **)&reply) || !reply)
        return fail_api(c, "deregistering job");
    if (uuid_is_zero(&reply->eval_id))
        return 0;
    if (flag_on(c, "detach")) {
        say("%s", UUID_Z(&reply->eval_id));
        return 0;
    }
    return monitor(c, &reply->eval_id);
}

static const struct flag_def stop_flags[] = {
    {"detach", FLAG_BOOL, NULL, "Return at once instead of following the evaluation"},
    {"purge", FLAG_BOOL, NULL, "Forget the job altogether"},
    {"yes", FLAG_BOOL, NULL, "Do not ask"},
    {"global", FLAG_BOOL, NULL, "Accepted for compatibility"},
    {"verbose", FLAG_BOOL, NULL, "Full IDs"},
    {NULL},
};
const struct command cmd_job_stop = {"job stop", "<job>", "Stop a running job", NULL, stop_flags, 1,
                                     1,          run_stop};

/* ---- init ---- */

static const char example[] =
    "# A job: what to run, how many of it, and what it needs.\n"
    "#   nomad job validate example.nomad    is it well-formed?\n"
    "#   nomad job plan example.nomad        what would happen?\n"
    "#   nomad job run example.nomad         make it so\n"
    "job \"example\" {\n"
    "  # \"service\" runs until it is stopped, \"batch\" until it is done.\n"
    "  type = \"service\"\n"
    "\n"
    "  # Where it may run; \"*\" is everywhere.\n"
    "  datacenters = [\"*\"]\n"
    "\n"
    "  # A group's tasks run together on one node; count is the number of copies.\n"
    "  group \"greeter\" {\n"
    "    count = 1\n"
    "\n"
    "    # A task that ends is started again on its node: 2 times in 30 minutes,\n"
    "    # 15 seconds apart. After that the scheduler replaces the allocation.\n"
    "    restart {\n"
    "      attempts = 2\n"
    "      interval = \"30m\"\n"
    "      delay    = \"15s\"\n"
    "      mode     = \"fail\"\n"
    "    }\n"
    "\n"
    "    task \"hello\" {\n"
    "      # raw_exec runs a program of the host as a systemd unit of its own.\n"
    "      driver = \"raw_exec\"\n"
    "\n"
    "      config {\n"
    "        command = \"/bin/sh\"\n"
    "        args    = [\"-c\", \"while :; do echo \\\"hello from $NOMAD_ALLOC_NAME\\\"; sleep 5; "
    "done\"]\n"
    "      }\n"
    "\n"
    "      # A program may come from an artifact server instead; the checksum is\n"
    "      # verified before anything is unpacked:\n"
    "      #\n"
    "      # artifact {\n"
    "      #   source = \"https://artifacts.example.com/hello\"\n"
    "      #   options {\n"
    "      #     checksum = \"sha256:<64 hex digits>\"\n"
    "      #   }\n"
    "      # }\n"
    "\n"
    "      resources {\n"
    "        cpu    = 100 # MHz\n"
    "        memory = 64  # MB\n"
    "      }\n"
    "    }\n"
    "  }\n"
    "}\n";

static int run_init(struct cli *c)
{
    const char *path = c->n_args ? c->args[0] : "example.nomad";
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
        return fail(c, "Job '%s' already exists", path);
    if (fd < 0)
        return fail(c, "Failed to write '%s': %s", path, strerror(errno));
    bool short_form = flag_on(c, "short");
    bool ok = true;
    for (const char *p = example; ok && *p;) {
        size_t n = strcspn(p, "\n") + 1, blank = strspn(p, " ");
        bool skip = short_form && (p[blank] == '#' || p[blank] == '\n');
        ok = skip || write(fd, p, n) == (ssize_t)n;
        p += n;
    }
    if (close(fd) < 0 || !ok)
        return fail(c, "Failed to write '%s': %s", path, strerror(errno));
    say("Example job file written to %s", path);
    return 0;
}

static const struct flag_def init_flags[] = {
    {"short", FLAG_BOOL, NULL, "Without comments"},
    {NULL},
};
const struct command cmd_job_init = {
    "job init", "[<file>]", "Create an example job file", NULL, init_flags, 0, 1, run_init};
