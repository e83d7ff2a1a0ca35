// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/jobspec/jobs.h"

#define IN_JOB "job \"web\" {\n"
#define IN_GROUP "job \"web\" {\ngroup \"app\" {\n"
#define END2 "\n}\n}\n"
#define IN_TASK IN_GROUP "task \"main\" {\ndriver = \"exec\"\n"
#define END3 "\n}" END2

/* ---- every field of the tables ---- */

static void write_body(struct buf *b, const struct schema *s)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (!f->hcl)
            continue;
        switch ((enum ftype)f->type) {
        case FT_BOOL:
            buf_printf(b, "%s = true\n", f->hcl);
            break;
        case FT_TRI:
            buf_printf(b, "%s = false\n", f->hcl);
            break;
        case FT_INT:
            buf_printf(b, "%s = 7\n", f->hcl);
            break;
        case FT_DUR:
            buf_printf(b, "%s = \"7s\"\n", f->hcl);
            break;
        case FT_STR:
            buf_printf(b, "%s = \"t\"\n", f->hcl);
            break;
        case FT_ENUM:
            buf_printf(b, "%s = \"%s\"\n", f->hcl, f->texts->texts[1]);
            break;
        case FT_STRS:
            buf_printf(b, "%s = [\"x\", \"y\"]\n", f->hcl);
            break;
        case FT_SMAP:
        case FT_VAL:
            buf_printf(b, "%s {\n k = \"v\"\n}\n", f->hcl);
            break;
        case FT_OBJ:
        case FT_OBJS:
        case FT_OMAP: {
            bool label = false;
            for (size_t k = 0; k < f->sub->n_fields; k++)
                label |= !!(f->sub->fields[k].flags & FF_LABEL);
            buf_printf(b, "%s%s {\n", f->hcl, label ? " \"l\"" : "");
            write_body(b, f->sub);
            buf_addz(b, "}\n");
            break;
        }
        default:
            fail_msg("%s.%s: this type is not written by job files", s->name, f->name);
        }
    }
}

static void check_object(const struct schema *s, const void *obj);

static void check_field(const struct schema *s, const struct field *f, const void *obj)
{
    const void *p = field_ptr(f, obj);
    bool ok;
    switch ((enum ftype)f->type) {
    case FT_BOOL:
        ok = *(const bool *)p;
        break;
    case FT_TRI:
        ok = *(const int8_t *)p == 0;
        break;
    case FT_INT:
        ok = *(const int64_t *)p == 7;
        break;
    case FT_DUR:
        ok = *(const nsec_t *)p == 7 * NSEC_SEC;
        break;
    case FT_STR:
        ok = streq(*(const char *const *)p, f->hcl ? "t" : "l");
        break;
    case FT_ENUM:
        ok = *(const int32_t *)p == 1;
        break;
    case FT_STRS:
        ok = ((const struct strs *)p)->n == 2 && streq(((const struct strs *)p)->items[1], "y");
        break;
    case FT_SMAP:
        ok = streq(smap_get(p, "k"), "v");
        break;
    case FT_VAL:
        ok = val_get(*(const struct val *)p, str_of("k")) != NULL;
        break;
    case FT_OBJ:
        ok = *(void *const *)p;
        if (ok)
            check_object(f->sub, *(void *const *)p);
        break;
    case FT_OMAP:
        ok = omap_get(p, "l");
        if (ok)
            check_object(f->sub, omap_get(p, "l"));
        break;
    default:
        ok = ((const struct objs *)p)->n == 1;
        if (ok)
            check_object(f->sub, ((const struct objs *)p)->items[0]);
    }
    if (!ok)
        fail_msg("%s.%s was not read", s->name, f->name);
}

static void check_object(const struct schema *s, const void *obj)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (s == &network_resource_schema && streq(f->name, "DynamicPorts"))
            assert_int_equal(((const struct network_resource *)obj)->reserved_ports.n, 1);
        else if (f->hcl || f->flags & FF_LABEL)
            check_field(s, f, obj);
    }
}

static void every_field_of_the_tables_reads_from_a_job_file(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct buf b = {0};
    buf_addz(&b, "");
    write_body(&b, &job_schema);
    struct job *j = job_with(a, arena_strndup(a, b.p, b.n));
    buf_free(&b);
    check_object(&job_schema, j);
}

/* ---- values ---- */

static const struct job_case values[] = {
    {"priority = 70", "\"Priority\":70"},
    {"priority = \"70\"", "\"Priority\":70"},
    {"priority = 30 + 40", "\"Priority\":70"},
    {"priority = 1.5", "!priority wants a whole number"},
    {"priority = \"high\"", "!priority wants a whole number"},
    {"priority = null", "\"Priority\":50"},
    {"all_at_once = \"true\"", "\"AllAtOnce\":true"},
    {"all_at_once = 1", "!all_at_once wants true or false"},
    {"type = \"batch\"", "\"Type\":\"batch\""},
    {"type = \"bach\"", "!type \"bach\" is not known; did you mean \"batch\"?"},
    {"datacenters = [\"a\", \"b\"]", "\"Datacenters\":[\"a\",\"b\"]"},
    {"datacenters = []", "\"Datacenters\":null"},
    {"datacenters = \"a\"", "!datacenters wants a list of strings"},
    {"datacenters = [[\"a\"]]", "!datacenters wants a list of strings"},
    {"id = \"other\"", "\"ID\":\"other\""},
    {"name = \"Other\"", "\"ID\":\"web\",\"ParentID\":\"\",\"Name\":\"Other\""},
    {"meta {\n a = 1\n b = true\n c = null\n}", "\"Meta\":{\"a\":\"1\",\"b\":\"true\"}"},
    {"meta = { a = 1, c = null }", "\"Meta\":{\"a\":\"1\"}"},
    {"meta {\n a = [1]\n}", "!a wants a string"},
    {"meta {\n x {}\n}", "!meta is a map of strings and holds no blocks"},
    {"update {\n stagger = \"1h30m\"\n}", "\"Stagger\":5400000000000"},
    {"update {\n stagger = 30\n}", "!stagger wants a duration in quotes"},
    {"update {\n stagger = \"30\"\n}", "!\"30\" is no duration"},
    {"update {\n stagger = \"9999999h\"\n}", "!is too long a time"},
    {"update {}\nupdate {}", "!only one update block is allowed here"},
    {"periodic {\n cron = \"@daily\"\n}", "\"Enabled\":true,\"Spec\":\"@daily\""},
};

static void values_convert_as_hcl_does_or_are_refused_with_what_was_wanted(void **state)
{
    check_job_cases(IN_JOB, "\n}\n", values, ARRAY_LEN(values));
}

static const struct job_case mistakes[] = {
    {"", "!job.nomad: no job block found"},
    {"x = 1", "!job.nomad:1:1: unknown argument \"x\""},
    {"jab \"a\" {}", "!unknown block \"jab\"; did you mean \"job\"?"},
    {"job {}", "!job wants one label"},
    {"job \"a\" \"b\" {}", "!job wants one label"},
    {"job \"a\" {}\njob \"b\" {}", "!job.nomad:2:1: only one job block"},
    {"job \"a\" {\n  priorty = 3\n}",
     "!job.nomad:2:3: unknown argument \"priorty\"; did you mean \"priority\"?"},
    {"job \"a\" {\n  gruop \"x\" {}\n}", "!unknown block \"gruop\"; did you mean \"group\"?"},
    {"job \"a\" {\n  zzzzzzzzz = 1\n}", "!unknown argument \"zzzzzzzzz\""},
    {"job \"a\" {\n  group = {}\n}", "!group is a block: write \"group { … }\" without \"=\""},
    {"job \"a\" {\n  priority {}\n}", "!priority is an attribute: write \"priority = …\""},
    {"job \"a\" {\n  group {}\n}", "!group wants one label"},
    {"job \"a\" {\n  update \"x\" {}\n}", "!update takes no label"},
    {"job \"a\" {\n  group \"g\" {\n    volume \"v\" {}\n    volume \"v\" {}\n  }\n}",
     "!volume \"v\" is defined twice"},
    {"job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      name = \"x\"\n}\n}\n}",
     "!a task's name is its label"},
};

static void mistakes_are_refused_with_place_and_suggestion(void **state)
{
    check_job_cases("", "", mistakes, ARRAY_LEN(mistakes));
}

static const struct job_case constraints[] = {
    {"constraint {\n attribute = \"a\"\n value = \"b\"\n}",
     "{\"LTarget\":\"a\",\"RTarget\":\"b\",\"Operand\":\"=\"}"},
    {"constraint {\n attribute = \"a\"\n version = \">= 1.2\"\n}",
     "{\"LTarget\":\"a\",\"RTarget\":\">= 1.2\",\"Operand\":\"version\"}"},
    {"constraint {\n attribute = \"a\"\n semver = \">= 1.2\"\n}", "\"Operand\":\"semver\""},
    {"constraint {\n attribute = \"a\"\n regexp = \"[0-9]\"\n}",
     "\"RTarget\":\"[0-9]\",\"Operand\":\"regexp\""},
    {"constraint {\n attribute = \"a\"\n set_contains = \"x,y\"\n}",
     "\"RTarget\":\"x,y\",\"Operand\":\"set_contains\""},
    {"constraint {\n distinct_hosts = true\n}",
     "{\"LTarget\":\"\",\"RTarget\":\"true\",\"Operand\":\"distinct_hosts\"}"},
    {"constraint {\n distinct_hosts = \"maybe\"\n}", "!distinct_hosts wants true or false"},
    {"constraint {\n distinct_property = \"${meta.rack}\"\n value = 3\n}",
     "{\"LTarget\":\"${meta.rack}\",\"RTarget\":\"3\",\"Operand\":\"distinct_property\"}"},
    {"constraint {\n attribute = \"a\"\n version = 3\n}", "!version wants a string"},
    {"affinity {\n attribute = \"a\"\n set_contains_any = \"x\"\n weight = -5\n}",
     "{\"LTarget\":\"a\",\"RTarget\":\"x\",\"Operand\":\"set_contains_any\",\"Weight\":-5}"},
    {"spread {\n attribute = \"a\"\n target \"r1\" {\n percent = 60\n}\n}",
     "\"SpreadTarget\":[{\"Value\":\"r1\",\"Percent\":60}]"},
};

static void constraint_shorthands_give_operator_and_value(void **state)
{
    check_job_cases(IN_JOB, "\n}\n", constraints, ARRAY_LEN(constraints));
}

static const struct job_case group_cases[] = {
    {"network {\n port \"http\" {}\n port \"db\" {\n static = 5432\n to = 1\n}\n}",
     "\"ReservedPorts\":[{\"Label\":\"db\",\"Value\":5432,\"To\":1,"},
    {"network {\n port \"http\" {}\n port \"db\" {\n static = 5432\n}\n}",
     "\"DynamicPorts\":[{\"Label\":\"http\",\"Value\":0,\"To\":0,"},
    {"network {\n port \"http\" {\n to = -1\n}\n}", "\"To\":-1"},
    {"volume \"data\" {\n type = \"host\"\n source = \"ssd\"\n}",
     "\"Volumes\":{\"data\":{\"Name\":\"data\",\"Type\":\"host\",\"Source\":\"ssd\""},
    {"scaling {\n max = 3\n policy {\n x = 1\n}\n}", "\"Policy\":{\"x\":1}"},
    {"dynamic \"task\" {\n for_each = [\"x\", \"y\"]\n labels = [task.value]\n"
     " content {\n driver = \"exec\"\n}\n}",
     "\"Name\":\"y\",\"Driver\":\"exec\""},
    {"update {\n dynamic \"x\" {\n for_each = [1]\n content {}\n}\n}", "!unknown block \"x\""},
    {"service {\n name = \"s\"\n check {\n type = \"http\"\n header {\n A = [\"b\"]\n}\n}\n}",
     "\"Header\":{\"A\":[\"b\"]}"},
};

static void groups_hold_ports_volumes_services_and_generated_tasks(void **state)
{
    check_job_cases(IN_GROUP, END2, group_cases, ARRAY_LEN(group_cases));
}

static const struct job_case task_cases[] = {
    {"config {\n command = \"/bin/x\"\n labels {\n a = \"b\"\n}\n}",
     "\"Config\":{\"command\":\"/bin/x\",\"labels\":[{\"a\":\"b\"}]}"},
    {"config = { command = \"x\" }", "\"Config\":{\"command\":\"x\"}"},
    {"config {}\nconfig {}", "!only one config block is allowed here"},
    {"env {\n A = \"${NOMAD_PORT_http}\"\n}", "\"Env\":{\"A\":\"${NOMAD_PORT_http}\"}"},
    {"env {\n A = \"1\"\n}\nenv {\n B = \"2\"\n}", "\"Env\":{\"A\":\"1\",\"B\":\"2\"}"},
    {"artifact {\n source = \"http://h/x\"\n options {\n checksum = \"md5:1\"\n}\n}",
     "\"GetterOptions\":{\"checksum\":\"md5:1\"}"},
    {"lifecycle {\n hook = \"prestart\"\n sidecar = true\n}",
     "\"Lifecycle\":{\"Hook\":\"prestart\",\"Sidecar\":true}"},
    {"resources {\n cpu = 500\n memory = 64\n device \"nvidia/gpu\" {}\n}",
     "\"Devices\":[{\"Name\":\"nvidia/gpu\",\"Count\":1"},
    {"action \"a\" {\n command = \"x\"\n}", "\"Actions\":[{\"Name\":\"a\",\"Command\":\"x\""},
    {"template {\n data = \"x\"\n destination = \"local/x\"\n}", "\"Perms\":\"0644\""},
    {"kill_timeout = \"20s\"", "\"KillTimeout\":20000000000"},
};

static void tasks_hold_what_the_driver_and_the_client_need(void **state)
{
    check_job_cases(IN_TASK, END3, task_cases, ARRAY_LEN(task_cases));
}

static const struct job_case refused_cases[] = {
    {IN_JOB "vault {}\n}", "!not supported: Vault integration (\"vault\")"},
    {IN_JOB "consul_token = \"x\"\n}", "!not supported: Consul integration"},
    {IN_JOB "multiregion {}\n}", "!not supported: multiregion"},
    {IN_GROUP "consul {}" END2, "!not supported: Consul integration"},
    {IN_GROUP "service {\n connect {}\n}" END2, "!not supported: Consul Connect"},
    {IN_TASK "csi_plugin {}" END3, "!not supported: CSI plugins"},
    {IN_TASK "secret \"x\" {}" END3, "!not supported: secret blocks"},
    {IN_TASK "resources {\n numa {}\n}" END3, "!not supported: numa"},
};

static void what_the_product_does_not_have_is_refused_by_name(void **state)
{
    check_job_cases("", "", refused_cases, ARRAY_LEN(refused_cases));
}

static void a_task_under_the_job_becomes_a_group_of_its_name(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct job *j = job_with(a, "task \"one\" {\n driver = \"exec\"\n}");
    assert_int_equal(j->task_groups.n, 1);
    const struct task_group *g = j->task_groups.items[0];
    assert_string_equal(g->name, "one");
    assert_int_equal(g->count, 1);
    assert_non_null(group_find_task(g, "one"));
}

static void variables_and_locals_reach_the_job(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct err err = {{0}};
    const char *const vars[] = {"prio=60", NULL};
    struct hcl_options opts = {.vars = vars};
    struct job *j = NULL;
    const char *text = "variable \"prio\" {\n type = number\n default = 10\n}\n"
                       "locals {\n dc = \"east\"\n}\n"
                       "job \"web\" {\n priority = var.prio\n datacenters = [local.dc]\n}\n";
    assert_int_equal(jobspec_parse_hcl(a, "j", str_of(text), &opts, &j, &err), 0);
    assert_int_equal(j->priority, 60);
    assert_string_equal(j->datacenters.items[0], "east");
}

/* ---- the documents the project started from, as printed ---- */

static const struct job_case seeds[] = {
    {"job \"s\" {\n  group \"workers\" {\n"
     "    count = 5  // set the number of workers to 5 intances\n\n"
     "    update {\n      max_parallel     = 1\n"
     "      canary           = 2 // set 2 canary app intances on release\n"
     "      min_healthy_time = \"30s\"\n      healthy_deadline = \"10m\"\n"
     "      auto_revert      = true\n      auto_promote     = false\n    }\n  }\n}\n",
     "\"HealthyDeadline\":600000000000,\"ProgressDeadline\":null,\"AutoRevert\":true,"
     "\"AutoPromote\":false,\"Canary\":2"},
    {"job \"s\" {\ntask \"worker\" {\n  driver = \"raw_exec\"\n\n    config {\n"
     "        command = \"my_service --arg1=test1 --arg2=test2\"\n    }\n\n  artifact {\n"
     "    source = \"https://artifactory.server/my_service\"\n\n    options {\n"
     "      checksum = \"md5:123445555555555\"\n    }\n  }\n\n}  \n}\n",
     "\"Config\":{\"command\":\"my_service --arg1=test1 --arg2=test2\"}"},
    {"job \"s\" {\ntask \"webservice\" {\n  driver = \"docker\"\n\n  config {\n"
     "    image = \"webserver:{{ deployments/webserver_version }}\"\n    labels {\n"
     "      group = \"webserver\"\n    }\n  }\n}\n}\n",
     "\"image\":\"webserver:{{ deployments/webserver_version }}\","
     "\"labels\":[{\"group\":\"webserver\"}]"},
    {"job \"s\" {\ngroup \"cache\" {\ncount = 3 # previously set to 1\ntask \"redis\" {\n"
     "driver = \"docker\"\nconfig {\n"
     "    image = \"redis:4.0\" # peviously set to 3.2\n}\n}\n}\n}\n",
     "\"image\":\"redis:4.0\""},
};

static void the_first_documents_snippets_read_as_printed(void **state)
{
    check_job_cases("", "", seeds, ARRAY_LEN(seeds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_the_tables_reads_from_a_job_file),
        cmocka_unit_test(values_convert_as_hcl_does_or_are_refused_with_what_was_wanted),
        cmocka_unit_test(mistakes_are_refused_with_place_and_suggestion),
        cmocka_unit_test(constraint_shorthands_give_operator_and_value),
        cmocka_unit_test(groups_hold_ports_volumes_services_and_generated_tasks),
        cmocka_unit_test(tasks_hold_what_the_driver_and_the_client_need),
        cmocka_unit_test(what_the_product_does_not_have_is_refused_by_name),
        cmocka_unit_test(a_task_under_the_job_becomes_a_group_of_its_name),
        cmocka_unit_test(variables_and_locals_reach_the_job),
        cmocka_unit_test(the_first_documents_snippets_read_as_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
