// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/jobspec/jobs.h"

/* Where the text of a case goes, and what must be among the findings. */
struct rule {
    const char *in_job, *in_group, *in_task, *want;
};

static const struct rule rules[] = {
    {"id = \"a b\"", "", "", "Job ID contains a space"},
    {"priority = 0", "", "", "Job priority must be between [1, 100], found 0"},
    {"priority = 101", "", "", "Job priority must be between [1, 100], found 101"},
    {"datacenters = [\"\"]", "", "", "Job datacenter must be non-empty string"},
    {"type = \"_core\"", "", "", "Invalid job type: \"_core\""},
    {"type = \"system\"", "", "", "not supported yet: job type \"system\""},
    {"periodic {\n cron = \"@daily\"\n}", "", "", "Periodic can only be used with batch jobs"},
    {"parameterized {}", "", "", "Parameterized job can only be used with batch jobs"},
    {"type = \"batch\"\nperiodic {\n cron = \"@daily\"\n}", "", "", "not supported yet: periodic"},
    {"type = \"batch\"\nparameterized {}", "", "", "not supported yet: parameterized"},
    {"group \"app\" {}", "", "", "Job task group 2 redefines 'app' from group 1"},
    {"group \"x\" {}", "", "", "Task group x: Missing tasks for task group"},
    {"constraint {\n attribute = \"a\"\n operator = \"regex\"\n value = \"b\"\n}", "", "",
     "Constraint 1 validation failed: unknown operator \"regex\"; did you mean \"regexp\"?"},
    {"constraint {\n value = \"b\"\n}", "", "", "no attribute (LTarget) given"},
    {"constraint {\n attribute = \"a\"\n}", "", "", "operator = requires a value (RTarget)"},
    {"affinity {\n attribute = \"a\"\n value = \"b\"\n weight = 101\n}", "", "",
     "Affinity 1 validation failed: weight must be within [-100, 100] and not 0"},
    {"affinity {\n attribute = \"a\"\n value = \"b\"\n weight = 0\n}", "", "", "and not 0"},
    {"spread {}", "", "", "Spread 1 validation failed: missing spread attribute"},
    {"spread {\n attribute = \"a\"\n weight = 0\n}", "", "", "weight must be within [1, 100]"},
    {"spread {\n attribute = \"a\"\n target \"x\" {\n percent = 60\n}\n target \"y\" {\n"
     " percent = 41\n}\n}",
     "", "", "sum of target percentages 101 exceeds 100"},
    {"spread {\n attribute = \"a\"\n target \"x\" {\n percent = 9223372036854775807\n}\n}", "", "",
     "target \"x\" wants a percent within [0, 100]"},
    {"", "count = -1", "", "Task group app: Task group count can't be negative"},
    {"", "count = 9\nscaling {\n min = 1\n max = 3\n}", "",
     "Scaling policy wants min <= count <= max"},
    {"", "ephemeral_disk {\n size = 9\n}", "", "minimum DiskMB value is 10; got 9"},
    {"type = \"batch\"", "migrate {}", "", "Job type \"batch\" does not allow migrate block"},
    {"type = \"batch\"", "update {}", "", "Job type \"batch\" does not allow update block"},
    {"", "restart {\n mode = \"stop\"\n}", "", "Unsupported restart mode: \"stop\""},
    {"", "restart {\n mode = \"delay\"\n attempts = 0\n}", "", "with 0 attempts is ambiguous"},
    {"", "restart {\n attempts = -1\n}", "", "Restart attempts can't be negative"},
    {"", "restart {\n interval = \"4s\"\n}", "", "Restart interval can not be less than 5s"},
    {"", "restart {\n attempts = 3\n interval = \"40s\"\n}", "",
     "Nomad can't restart the task group 3 times"},
    {"", "reschedule {\n delay_function = \"linear\"\n}", "", "Invalid delay function \"linear\""},
    {"", "reschedule {\n delay = \"4s\"\n}", "", "Reschedule delay cannot be less than 5s"},
    {"", "reschedule {\n delay = \"2m\"\n max_delay = \"1m\"\n}", "",
     "Reschedule max delay cannot be less than its delay"},
    {"", "reschedule {\n attempts = 2\n}", "", "Reschedule interval must be a non-zero value"},
    {"", "update {\n max_parallel = -1\n}", "", "Max parallel can not be less than zero: -1 < 0"},
    {"", "update {\n canary = -1\n}", "", "Canary count can not be less than zero: -1 < 0"},
    {"", "update {\n health_check = \"x\"\n}", "", "Invalid health check given: \"x\""},
    {"", "update {\n auto_promote = true\n}", "", "Auto Promote requires a Canary count"},
    {"", "update {\n min_healthy_time = \"5m\"\n}", "",
     "Minimum healthy time must be less than healthy deadline"},
    {"", "update {\n progress_deadline = \"1m\"\n}", "",
     "Healthy deadline must be less than progress deadline"},
    {"", "network {}\nnetwork {}", "", "Only one network block can be used in a group"},
    {"", "network {\n mode = \"bridge\"\n}", "", "not supported yet: network mode \"bridge\""},
    {"", "network {\n port \"a\" {\n static = 65536\n}\n}", "", "Port \"a\" is out of range"},
    {"", "network {\n port \"a\" {}\n port \"a\" {}\n}", "", "Port label \"a\" is already in use"},
    {"", "network {\n port \"a\" {\n static = 80\n}\n port \"b\" {\n static = 80\n}\n}", "",
     "Static port 80 is already reserved by \"a\""},
    {"", "volume \"v\" {\n type = \"csi\"\n}", "", "not supported: CSI volumes (volume \"v\")"},
    {"", "volume \"v\" {\n type = \"host\"\n}", "", "not supported yet: volumes (volume \"v\")"},
    {"", "task \"main\" {\n driver = \"exec\"\n}", "", "Task 2 redefines 'main' from task 1"},
    {"", "task \"b\" {\n driver = \"exec\"\n leader = true\n}", "leader = true",
     "Only one task may be marked as leader"},
    {"", "task \"a/b\" {\n driver = \"exec\"\n}", "", "Task name cannot include slashes"},
    {"", "task \"alloc\" {\n driver = \"exec\"\n}", "", "Task name \"alloc\" is reserved"},
    {"", "task \"x\" {}", "", "Task group app: Task x: Missing task driver"},
    {"", "", "kill_timeout = \"-1s\"", "KillTimeout must be a positive value"},
    {"", "", "shutdown_delay = \"-1s\"", "ShutdownDelay must be a positive value"},
    {"", "", "resources {\n cpu = 0\n}", "minimum CPU value is 1; got 0"},
    {"", "", "resources {\n memory = 9\n}", "minimum MemoryMB value is 10; got 9"},
    {"", "", "resources {\n memory = 64\n memory_max = 32\n}",
     "MemoryMaxMB value (32) should be larger than MemoryMB value (64)"},
    {"", "", "resources {\n cores = 1\n}", "not supported yet: reserved cores"},
    {"", "", "resources {\n cores = 1\n cpu = 1\n}", "not both"},
    {"", "", "resources {\n device \"g\" {}\n}", "not supported yet: devices"},
    {"", "", "resources {\n network {}\n}", "network belongs into the group"},
    {"", "", "logs {\n max_files = 0\n}", "minimum number of log files"},
    {"", "", "logs {\n max_files = 30\n}", "log storage (300 MB) must be less than requested"},
    {"", "", "logs {\n max_files = 9223372036854775807\n}", "must be less than requested disk"},
    {"", "", "template {\n data = \"x\"\n destination = \"y\"\n}", "not supported yet: template"},
    {"", "", "volume_mount {}", "not supported yet: volume mounts"},
    {"", "", "dispatch_payload {\n file = \"x\"\n}", "not supported yet: dispatch_payload"},
    {"", "", "constraint {\n distinct_hosts = true\n}",
     "Constraint 1 has disallowed operand at task level: distinct_hosts"},
    {"", "", "artifact {}", "Artifact 1 validation failed: source must be specified"},
    {"", "", "artifact {\n source = \"http://h/x\"\n mode = \"zip\"\n}",
     "invalid artifact mode \"zip\""},
    {"", "", "artifact {\n source = \"http://h/x\"\n destination = \"../../x\"\n}",
     "destination escapes allocation directory"},
    {"", "", "artifact {\n source = \"h\"\n options {\n checksum = \"md5:123445555555555\"\n}\n}",
     "has 15 hex digits, a md5 digest has 32"},
    {"", "", "lifecycle {\n hook = \"before\"\n}", "invalid lifecycle hook \"before\""},
};

static void every_rule_finds_its_violation_and_says_where(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct strs found;
        const struct rule *u = &rules[i];
        struct job *j = group_with(a, u->in_job, u->in_group, u->in_task);
        assert_int_equal(job_validate(a, j, &found), 0);
        const char *text = nonull(job_errors_text(a, &found));
        if (!strstr(text, u->want))
            fail_msg("%s%s%s\nwanted: %s\nfound: %s", u->in_job, u->in_group, u->in_task, u->want,
                     text);
    }
}

static const struct rule good[] = {
    {"", "", "", ""},
    {"type = \"batch\"", "count = 0", "", ""},
    {"", "update {\n max_parallel = 0\n}", "", ""},
    {"", "update {\n healthy_deadline = \"1h\"\n}", "", ""},
    {"", "restart {\n attempts = 0\n}", "", ""},
    {"", "reschedule {\n attempts = 0\n unlimited = false\n}", "", ""},
    {"", "reschedule {\n attempts = 3\n interval = \"1h\"\n}", "", ""},
    {"", "network {\n port \"a\" {\n static = 80\n}\n port \"b\" {\n to = 80\n}\n}", "", ""},
    {"constraint {\n attribute = \"a\"\n operator = \"is_set\"\n}", "", "", ""},
    {"constraint {\n distinct_hosts = true\n}", "", "", ""},
    {"", "", "artifact {\n source = \"h\"\n options {\n checksum = \"md5:${meta.sum}\"\n}\n}", ""},
    {"", "", "artifact {\n source = \"h\"\n destination = \"local/a/../b\"\n}", ""},
    {"", "", "resources {\n memory = 64\n memory_max = 128\n}", ""},
};

static void good_jobs_have_no_findings(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct strs found;
        struct job *j = group_with(a, good[i].in_job, good[i].in_group, good[i].in_task);
        assert_int_equal(job_validate(a, j, &found), 0);
        assert_string_equal(nonull(job_errors_text(a, &found)), "");
    }
}

static void what_is_accepted_but_not_acted_upon_is_warned_of(void **state)
{
    static const struct rule warned[] = {
        {"", "service {}", "", "service blocks are accepted but not registered"},
        {"", "", "service {}", "service blocks are accepted but not registered"},
        {"", "disconnect {}", "", "disconnect settings are accepted"},
        {"", "stop_after_client_disconnect = \"1m\"", "", "disconnect settings are accepted"},
        {"", "max_run_duration = \"1m\"", "", "max_run_duration is not acted upon"},
        {"", "update {\n canary = 2\n}", "", "canary = 2 is not acted upon yet"},
        {"", "update {\n auto_revert = true\n}", "", "auto_revert and auto_promote are not"},
        {"", "network {\n dns {}\n}", "", "dns and cni blocks"},
        {"", "", "resources {\n secrets = 8\n}", "secrets = 8 of task \"main\""},
        {"all_at_once = true", "", "", "all_at_once is not acted upon yet"},
        {"", "ephemeral_disk {\n sticky = true\n}", "", "sticky"},
        {"", "", "action \"a\" {\n command = \"x\"\n}", "of task \"main\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(warned); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct strs found;
        struct job *j = group_with(a, warned[i].in_job, warned[i].in_group, warned[i].in_task);
        assert_int_equal(job_warnings(a, j, &found), 0);
        const char *text = nonull(job_warnings_text(a, &found));
        if (!strstr(text, warned[i].want))
            fail_msg("wanted: %s\nfound: %s", warned[i].want, text);
    }
}

static void lists_of_findings_print_as_nomad_prints_them(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    const char *items[] = {"first", "second"};
    struct strs none = {0}, one = {items, 1}, two = {items, 2};
    assert_null(job_errors_text(a, &none));
    assert_null(job_warnings_text(a, &none));
    assert_string_equal(job_errors_text(a, &one), "1 error occurred:\n\t* first\n");
    assert_string_equal(job_errors_text(a, &two), "2 errors occurred:\n\t* first\n\t* second\n");
    assert_string_equal(job_warnings_text(a, &two), "2 warnings:\n\n* first\n* second\n");
}

static void checksums_read_with_type_and_length(void **state)
{
    static const struct {
        const char *text, *type, *error;
    } cases[] = {
        {"md5:b8a4f3f72ecab0510a6a31e997461c5f", "md5", NULL},
        {"md5:B8A4F3F72ECAB0510A6A31E997461C5F", "md5", NULL},
        {"sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", "sha1", NULL},
        {"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "sha256", NULL},
        {"b8a4f3f72ecab0510a6a31e997461c5f", NULL, "must be given as \"type:value\""},
        {"", NULL, "must be given as \"type:value\""},
        {"md5:", NULL, "has 0 hex digits, a md5 digest has 32"},
        {"sha512:00", NULL, "has 2 hex digits, a sha512 digest has 128"},
        {"md5:g8a4f3f72ecab0510a6a31e997461c5f", NULL, "no hex digit"},
        {"crc32:00000000", NULL, "checksum type \"crc32\" is not known"},
        {"MD5:b8a4f3f72ecab0510a6a31e997461c5f", NULL, "checksum type \"MD5\" is not known"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {{0}};
        const char *type = NULL;
        struct str hex;
        int r = checksum_parse(str_of(cases[i].text), &type, &hex, &err);
        assert_int_equal(r < 0, cases[i].type == NULL);
        if (cases[i].type)
            assert_string_equal(type, cases[i].type);
        else if (!strstr(err.text, cases[i].error))
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_finds_its_violation_and_says_where),
        cmocka_unit_test(good_jobs_have_no_findings),
        cmocka_unit_test(what_is_accepted_but_not_acted_upon_is_warned_of),
        cmocka_unit_test(lists_of_findings_print_as_nomad_prints_them),
        cmocka_unit_test(checksums_read_with_type_and_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
