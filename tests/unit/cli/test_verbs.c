// SPDX-License-Identifier: Apache-2.0
/* Whole commands against an agent of canned answers: texts, requests and exit codes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "tests/unit/cli/fake.h"
#include "tests/unit/cmocka_all.h"

#define ID1 "11111111-2222-3333-4444-555555555555"
#define ID2 "11111111-9999-3333-4444-555555555555"
#define EVAL "eeeeeeee-2222-3333-4444-555555555555"
#define NODE "dddddddd-2222-3333-4444-555555555555"

static char job_file[64];

static int set_up(void **state)
{
    static const char text[] = "job \"web\" {\n group \"app\" {\n task \"main\" {\n"
                               "driver = \"exec\"\n}\n}\n}\n";
    unsetenv("NOMAD_NAMESPACE");
    unsetenv("NOMAD_REGION");
    unsetenv("NOMAD_TOKEN");
    snprintf(job_file, sizeof(job_file), "/tmp/nomad-cli-XXXXXX");
    int fd = mkstemp(job_file);
    bool ok = fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1;
    close(fd);
    return ok ? 0 : -1;
}

static int tear_down(void **state)
{
    return unlink(job_file);
}

static struct ran run_with(const struct canned *list, const char *line)
{
    fake_start(list);
    struct ran r = run_cli(line);
    fake_stop();
    return r;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in: %s", part, text);
}

static const char *line_with_file(const char *verb)
{
    static char line[256];
    snprintf(line, sizeof(line), "%s %s", verb, job_file);
    return line;
}

/* ---- finding ---- */

static void a_prefix_that_fits_nothing_or_several_is_refused(void **state)
{
    static const struct canned none[] = {
        {"GET", "/v1/allocations", 200, "[]"},
        {"GET", "/v1/jobs", 200, "null"},
        {"GET", "/v1/nodes", 200, "[]"},
        {"GET", "/v1/evaluations", 200, "[]"},
        {NULL},
    };
    static const struct canned two[] = {
        {"GET", "/v1/allocations", 200, "[{\"ID\":\"" ID1 "\"},{\"ID\":\"" ID2 "\"}]"},
        {"GET", "/v1/jobs", 200, "[{\"ID\":\"web-1\"},{\"ID\":\"web-2\"}]"},
        {"GET", "/v1/nodes", 200, "[{\"ID\":\"" ID1 "\"},{\"ID\":\"" ID2 "\"}]"},
        {"GET", "/v1/evaluations", 200, "[{\"ID\":\"" ID1 "\"},{\"ID\":\"" ID2 "\"}]"},
        {NULL},
    };
    static const struct {
        const struct canned *agent;
        const char *line, *want;
    } cases[] = {
        {none, "alloc status abcd", "No allocation(s) with prefix or id \"abcd\" found\n"},
        {none, "job status web", "No job(s) with prefix or id \"web\" found\n"},
        {none, "node status abcd", "No node(s) with prefix \"abcd\" found\n"},
        {none, "eval status abcd", "No evaluation(s) with prefix or id \"abcd\" found\n"},
        {none, "alloc status a", "Identifier must contain at least two characters.\n"},
        {two, "alloc status 11", "Prefix matched multiple allocations\n\nID "},
        {two, "job status web", "Prefix matched multiple jobs\n\nID "},
        {two, "node status 11", "Prefix matched multiple nodes\n\nID "},
        {two, "eval status 11", "Prefix matched multiple evaluations\n\nID "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ran r = run_with(cases[i].agent, cases[i].line);
        assert_int_equal(r.code, 1);
        has(r.err, cases[i].want);
        assert_string_equal(r.out, "");
    }
}

static void the_whole_name_of_a_job_wins_over_longer_ones(void **state)
{
    static const struct canned list[] = {
        {"GET", "/v1/jobs", 200, "[{\"ID\":\"web\",\"Namespace\":\"default\"},{\"ID\":\"web-2\"}]"},
        {"GET", "/v1/job/web", 200, "{\"ID\":\"web\",\"Name\":\"web\"}"},
        {NULL},
    };
    struct ran r = run_with(list, "job inspect web");
    assert_int_equal(r.code, 0);
    has(r.out, "\"ID\": \"web\"");
}

static void an_error_of_the_agent_is_shown_with_its_status(void **state)
{
    static const struct canned list[] = {{"GET", "/v1/jobs", 500, "No cluster leader"}, {NULL}};
    struct ran r = run_with(list, "job status web");
    assert_int_equal(r.code, 1);
    has(r.err, "Error querying job: Unexpected response code: 500 (No cluster leader)");
}

static void nobody_there_is_said_as_such(void **state)
{
    fake_stop();
    struct ran r = run_cli("status -address=http://127.0.0.1:1");
    assert_int_equal(r.code, 1);
    has(r.err, "connection refused; is the agent running?");
}

static void an_answer_that_is_no_list_is_an_error(void **state)
{
    static const struct canned list[] = {{"GET", "/v1/jobs", 200, "{}"}, {NULL}};
    struct ran r = run_with(list, "job status web");
    assert_int_equal(r.code, 1);
    has(r.err, "the answer is no list");
}

static void region_namespace_and_names_are_escaped_in_the_url(void **state)
{
    static const struct canned list[] = {{"GET", "/v1/jobs", 200, "[]"}, {NULL}};
    run_with(list, "job status -namespace=a&b -region=eu a/b");
    assert_string_equal(fake_url, "/v1/jobs?prefix=a%2Fb&region=eu&namespace=a%26b");
}

/* ---- run and its monitor ---- */

#define REGISTERED                                                                                 \
    {                                                                                              \
        "PUT", "/v1/jobs", 200, "{\"EvalID\":\"" EVAL "\",\"JobModifyIndex\":7}"                   \
    }
#define ALLOC(status, more)                                                                        \
    "[{\"ID\":\"" ID1 "\",\"NodeID\":\"" NODE "\",\"TaskGroup\":\"app\",\"CreateIndex\":9,"        \
    "\"DesiredStatus\":\"run\",\"ClientStatus\":\"" status "\"" more "}]"
#define EVAL_PATH "/v1/evaluation/" EVAL

static void running_a_job_follows_its_evaluation(void **state)
{
    static const struct canned list[] = {
        REGISTERED,
        {"GET", EVAL_PATH, 200,
         "{\"ID\":\"" EVAL "\",\"JobID\":\"web\",\"Status\":\"pending\",\"CreateIndex\":8,"
         "\"ModifyIndex\":8}"},
        {"GET", EVAL_PATH, 200,
         "{\"ID\":\"" EVAL "\",\"JobID\":\"web\",\"Status\":\"complete\",\"CreateIndex\":8,"
         "\"ModifyIndex\":10}"},
        {"GET", EVAL_PATH "/allocations", 200, ALLOC("pending", "")},
        {"GET", EVAL_PATH "/allocations", 200,
         ALLOC("running", ",\"ClientDescription\":\"Tasks are running\"")},
        {NULL},
    };
    struct ran r = run_with(list, line_with_file("job run -check-index=0"));
    assert_string_equal(
        r.out, "==> Monitoring evaluation \"eeeeeeee\"\n"
               "    Evaluation triggered by job \"web\"\n"
               "    Allocation \"11111111\" created: node \"dddddddd\", group \"app\"\n"
               "    Allocation \"11111111\" status changed: \"pending\" -> \"running\" (Tasks are "
               "running)\n"
               "    Evaluation status changed: \"pending\" -> \"complete\"\n"
               "==> Evaluation \"eeeeeeee\" finished with status \"complete\"\n");
    assert_string_equal(r.err, "");
    assert_int_equal(r.code, 0);
}

static void what_could_not_be_placed_is_told_and_exits_2(void **state)
{
    static const struct canned list[] = {
        REGISTERED,
        {"GET", EVAL_PATH, 200,
         "{\"ID\":\"" EVAL "\",\"JobID\":\"web\",\"Status\":\"complete\",\"ModifyIndex\":10,"
         "\"DeploymentID\":\"" NODE "\",\"BlockedEval\":\"" ID1 "\",\"FailedTGAllocs\":{\"app\":"
         "{\"NodesEvaluated\":0,\"CoalescedFailures\":2}}}"},
        {"GET", EVAL_PATH "/allocations", 200, "[]"},
        {NULL},
    };
    struct ran r = run_with(list, line_with_file("run"));
    assert_int_equal(r.code, 2);
    has(r.out, "    Evaluation within deployment: \"dddddddd\"\n");
    has(r.out, "==> Evaluation \"eeeeeeee\" finished with status \"complete\" but failed to place "
               "all allocations:\n"
               "    Task Group \"app\" (failed to place 3 allocations):\n"
               "      * No nodes were eligible for evaluation\n"
               "    Evaluation \"11111111\" waiting for additional capacity to place remainder\n");
}

static void a_failed_evaluation_exits_1(void **state)
{
    static const struct canned list[] = {
        REGISTERED,
        {"GET", EVAL_PATH, 200, "{\"ID\":\"" EVAL "\",\"Status\":\"failed\",\"ModifyIndex\":10}"},
        {"GET", EVAL_PATH "/allocations", 200, "[]"},
        {NULL},
    };
    assert_int_equal(run_with(list, line_with_file("job run")).code, 1);
}

static void detached_prints_the_evaluation_and_leaves(void **state)
{
    static const struct canned list[] = {REGISTERED, {NULL}};
    struct ran r = run_with(list, line_with_file("run -detach -check-index=41 -eval-priority=70"));
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "Job registration successful\nEvaluation ID: " EVAL "\n");
    has(fake_body, "{\"Job\":{");
    has(fake_body, ",\"EnforceIndex\":true,\"JobModifyIndex\":41,\"EvalPriority\":70}");
}

static void what_run_cannot_use_is_refused_before_asking_anyone(void **state)
{
    static const struct canned list[] = {{NULL}};
    static const char *const cases[][2] = {
        {"job run -check-index=x", "Error parsing check-index value \"x\""},
        {"job run -eval-priority=high", "Error parsing eval-priority value \"high\""},
        {"job run -preserve-counts", "not supported yet: -preserve-counts"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ran r = run_with(list, line_with_file(cases[i][0]));
        assert_int_equal(r.code, 1);
        has(r.err, cases[i][1]);
    }
    struct ran r = run_with(list, "job run /nonexistent.nomad");
    assert_int_equal(r.code, 1);
    assert_string_equal(r.err, "Error getting job struct: /nonexistent.nomad: No such file or "
                               "directory\n");
}

static void jobs_as_json_are_read_too(void **state)
{
    static const char *const good[] = {
        "{\"Job\":{\"ID\":\"j\",\"ConsulToken\":\"\",\"Multiregion\":null,\"TaskGroups\":[]}}",
        " \n{\"ID\":\"j\",\"Name\":\"j\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(good) + 1; i++) {
        char path[] = "/tmp/nomad-json-XXXXXX", line[128];
        const char *text = i < ARRAY_LEN(good) ? good[i] : "{\"Job\":{\"Priorty\":1}}";
        int fd = mkstemp(path);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
        snprintf(line, sizeof(line), "job run -output %s", path);
        struct ran r = run_cli(line);
        unlink(path);
        if (i < ARRAY_LEN(good)) {
            assert_string_equal(r.err, "");
            assert_int_equal(r.code, 0);
            has(r.out, "\"ID\": \"j\"");
        } else {
            assert_int_equal(r.code, 1);
            has(r.err, "Job.Priorty: is no field of Job; did you mean \"Priority\"?");
        }
    }
}

/* ---- plan ---- */

static void plan_exits_by_what_would_happen(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        int code;
    } cases[] = {
        {"{\"JobModifyIndex\":7,\"Annotations\":{\"DesiredTGUpdates\":{\"app\":{\"Ignore\":1}}}}",
         200, 0},
        {"{\"JobModifyIndex\":7,\"Annotations\":{\"DesiredTGUpdates\":{\"app\":{\"Place\":1}}}}",
         200, 1},
        {"bad job", 500, 255},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct canned list[] = {{"PUT", "/v1/job/web/plan", cases[i].status, cases[i].body},
                                {NULL}};
        struct ran r = run_with(list, line_with_file("job plan"));
        assert_int_equal(r.code, cases[i].code);
        if (r.code == 255)
            has(r.err, "Error during plan: Unexpected response code: 500 (bad job)");
        else
            has(r.out, "Job Modify Index: 7\nTo submit the job with version verification run:\n\n"
                       "nomad job run -check-index 7 ");
    }
    assert_int_equal(run_cli("job plan /nonexistent").code, 255);
    assert_int_equal(run_cli("job plan").code, 255);
}

/* ---- logs ---- */

static void logs_want_one_task_and_honest_numbers(void **state)
{
    static const struct canned list[] = {
        {"GET", "/v1/allocations", 200, "[{\"ID\":\"" ID1 "\"}]"},
        {"GET", "/v1/allocation/" ID1, 200,
         "{\"ID\":\"" ID1 "\",\"TaskGroup\":\"app\",\"Job\":{\"TaskGroups\":[{\"Name\":"
         "\"app\",\"Tasks\":[{\"Name\":\"a\"},{\"Name\":\"b\"}]}]}}"},
        {"GET", "/v1/client/fs/logs/" ID1, 200, "1\n2\n3\n"},
        {NULL},
    };
    static const struct {
        const char *line, *out, *err;
    } cases[] = {
        {"alloc logs 11", "", "is running the following tasks:\n  * a\n  * b\n"},
        {"alloc logs 11 c", "", "Could not find task named: c, found:\n  * a\n  * b\n"},
        {"alloc logs -n -5 11 a", "", "-n and -c want numbers"},
        {"alloc logs -n 9999999999999999 11 a", "", "-n and -c want numbers"},
        {"alloc logs 11 a", "1\n2\n3\n", ""},
        {"logs -n 2 11 b", "2\n3\n", ""},
        {"alloc logs -tail -n 9 -task b 11", "1\n2\n3\n", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ran r = run_with(list, cases[i].line);
        assert_int_equal(r.code, *cases[i].err ? 1 : 0);
        assert_string_equal(r.out, cases[i].out);
        has(r.err, cases[i].err);
    }
}

/* ---- words ---- */

static void words_that_are_no_command_are_refused_with_a_suggestion(void **state)
{
    static const struct {
        const char *line, *want;
        int code;
    } cases[] = {
        {"statsu", "unknown command \"statsu\"; did you mean \"status\"?", 127},
        {"job publish", "unknown subcommand \"publish\"", 127},
        {"job", "Usage: nomad job <subcommand>", 127},
        {"alloc status", "This command takes one argument: <allocation>", 1},
        {"version extra", "This command takes no arguments", 1},
        {"version -nonsense", "flag provided but not defined: -nonsense", 1},
        {"", "Usage: nomad", 127},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ran r = run_cli(cases[i].line);
        if (r.code != cases[i].code)
            fail_msg("%s: exit %d", cases[i].line, r.code);
        has(r.err, cases[i].want);
    }
}

static void help_and_version_are_no_errors(void **state)
{
    static const char *const lines[] = {"-help", "job -help", "job run -h", "version", "-v"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct ran r = run_cli(lines[i]);
        assert_int_equal(r.code, 0);
        assert_string_equal(r.err, "");
        assert_true(strlen(r.out) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_that_fits_nothing_or_several_is_refused),
        cmocka_unit_test(the_whole_name_of_a_job_wins_over_longer_ones),
        cmocka_unit_test(an_error_of_the_agent_is_shown_with_its_status),
        cmocka_unit_test(nobody_there_is_said_as_such),
        cmocka_unit_test(an_answer_that_is_no_list_is_an_error),
        cmocka_unit_test(region_namespace_and_names_are_escaped_in_the_url),
        cmocka_unit_test(running_a_job_follows_its_evaluation),
        cmocka_unit_test(what_could_not_be_placed_is_told_and_exits_2),
        cmocka_unit_test(a_failed_evaluation_exits_1),
        cmocka_unit_test(detached_prints_the_evaluation_and_leaves),
        cmocka_unit_test(what_run_cannot_use_is_refused_before_asking_anyone),
        cmocka_unit_test(jobs_as_json_are_read_too),
        cmocka_unit_test(plan_exits_by_what_would_happen),
        cmocka_unit_test(logs_want_one_task_and_honest_numbers),
        cmocka_unit_test(words_that_are_no_command_are_refused_with_a_suggestion),
        cmocka_unit_test(help_and_version_are_no_errors),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
