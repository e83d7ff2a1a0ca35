// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hcl/cases.h"

static void values_come_from_the_strongest_source(void **state)
{
    static const char file[] = "variable \"a\" { default = \"default\" }\nx = var.a\n";
    static const char *const env[] = {"HOME=/root", "NOMAD_VAR_a=env", "NOMAD_VAR_other=1", NULL};
    static const char *const vars[] = {"a=first", "a=arg", NULL};
    static const struct hcl_var_file files[] = {{"1.hcl", {"a = \"file1\"\n", 12}},
                                                {"2.hcl", {"a = \"file2\"\n", 12}}};
    struct hcl_options o = {0};
    struct hcl_case c = {file, "\"default\""};
    check_files(&c, 1, &o);
    o.env = env;
    c.want = "\"env\"";
    check_files(&c, 1, &o);
    o.var_files = files;
    o.n_var_files = 1;
    c.want = "\"file1\"";
    check_files(&c, 1, &o);
    o.n_var_files = 2;
    c.want = "\"file2\"";
    check_files(&c, 1, &o);
    o.vars = vars;
    c.want = "\"arg\"";
    check_files(&c, 1, &o);
}

static void texts_are_converted_to_the_declared_type(void **state)
{
    static const struct {
        const char *type, *arg;
        const char *want;
    } cases[] = {
        {"type = string", "v=1", "\"1\""},
        {"type = string", "v=[a", "\"[a\""},
        {"type = string", "v=a=b", "\"a=b\""},
        {"type = string", "v=${x}", "\"${x}\""},
        {"type = number", "v=1.5", "1.5"},
        {"type = number", "v=abc", "!must be of type number, not the text \"abc\""},
        {"type = bool", "v=true", "true"},
        {"type = bool", "v=maybe", "!unknown name \"maybe\""},
        {"type = list(string)", "v=[\"a\", 1]", "[\"a\",\"1\"]"},
        {"type = list(string)", "v=[\"a\"", "!expected"},
        {"type = list(number)", "v=[1, \"x\"]",
         "!element [1] must be of type number, not the text \"x\""},
        {"type = set(string)", "v=[\"b\", \"a\", \"b\"]", "[\"a\",\"b\"]"},
        {"type = map(number)", "v={a = \"1\"}", "{\"a\":1}"},
        {"type = object({a = string, b = optional(number, 7)})", "v={a = 1, c = 2}",
         "{\"a\":\"1\",\"b\":7}"},
        {"type = object({a = string})", "v={}", "!the attribute \"a\" is missing"},
        {"type = object({a = object({b = number})})", "v={a = {b = []}}",
         "!element .a.b must be of type number, not list"},
        {"type = tuple([string, number])", "v=[1, \"2\"]", "[\"1\",2]"},
        {"type = tuple([string])", "v=[]", "!a tuple of 1 elements is wanted"},
        {"type = any", "v={a = [1]}", "{\"a\":[1]}"},
        {"type = list(any)", "v=[1, \"a\", null]", "[\"1\",\"a\",null]"},
        {"type = list", "v=[1]", "[1]"},
        {"type = string\n  default = null", NULL, "null"},
        {"", "v=[1]", "\"[1]\""},
        {"default = 5", "v=7", "7"},
        {"default = 5", "v=x", "!must be of type number"},
        {"default = [1]", "v=[2, 3]", "[2,3]"},
        {"default = true", "v=false", "false"},
        {"type = number\n  default = \"x\"", NULL, "!must be of type number"},
        {"type = strin", "v=1", "!\"strin\" is not a type; did you mean \"string\"?"},
        {"type = \"string\"", "v=1", "!types are written without quotes"},
        {"type = object", "v=1", "!needs its parts"},
        {"type = string(number)", "v=1", "!takes no argument"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf b = {0};
        const char *vars[] = {cases[i].arg, NULL};
        struct hcl_options o = {.vars = vars};
        buf_printf(&b, "variable \"v\" {\n  %s\n}\nx = var.v\n", cases[i].type);
        struct hcl_case c = {b.p, cases[i].want};
        check_files(&c, 1, &o);
    }
}

static void undeclared_and_unset_variables_are_errors(void **state)
{
    static const char file[] = "variables {\n  region = \"eu\"\n}\nx = 1\n";
    static const char *const vars[] = {"regoin=us", NULL}, *const bad[] = {"region", NULL};
    static const char *const env[] = {"NOMAD_VAR_regoin=us", NULL};
    static const struct hcl_var_file files[] = {{"v.hcl", {"regoin = 1\n", 11}}};
    struct hcl_options o = {.vars = vars};
    struct hcl_case c = {file, "!declares no such variable; did you mean \"region\"?"};
    check_files(&c, 1, &o);
    o = (struct hcl_options){.var_files = files, .n_var_files = 1};
    c.want = "!v.hcl:1:1: the job file declares no variable \"regoin\"; did you mean \"region\"?";
    check_files(&c, 1, &o);
    o = (struct hcl_options){.vars = bad};
    c.want = "!expected name=value";
    check_files(&c, 1, &o);
    c.want = "1";
    o = (struct hcl_options){
        .var_files = files, .n_var_files = 1, .vars = vars, .ignore_undeclared = true};
    check_files(&c, 1, &o);
    o = (struct hcl_options){.env = env};
    check_files(&c, 1, &o);
    static const struct hcl_case cases[] = {
        {"variable \"a\" {}\nx = 1\n", "!job.nomad:1:10: variable \"a\" has no value"},
        {"x = var.a\n", "!variable \"a\" is not declared"},
        {"variables {\n  region = 1\n}\nx = var.regoin\n", "!did you mean \"region\"?"},
        {"variable \"a\" { default = 1 }\nvariables {\n a = 2\n}\nx = 1\n",
         "!variable \"a\" is declared twice"},
        {"variable {}\n", "!one label, its name"},
        {"variable \"1a\" {}\n", "!name starts with a letter"},
        {"variable \"a\" {\n  defualt = 1\n}\n", "!did you mean \"default\"?"},
        {"variable \"a\" {\n  other {}\n}\n", "!only \"validation\" blocks"},
    };
    CHECK_FILES(cases);
}

static void var_files_are_hcl_or_json(void **state)
{
    static const char file[] = "variables {\n  a = 1\n  b = [1]\n}\nx = [var.a, var.b]\n";
#define FILE_OF(z)                                                                                 \
    {                                                                                              \
        "vars",                                                                                    \
        {                                                                                          \
            z, sizeof(z) - 1                                                                       \
        }                                                                                          \
    }
    static const struct {
        struct hcl_var_file file;
        const char *want;
    } cases[] = {
        {FILE_OF("a = 2\nb = [\"x\"]\n"), "[2,[\"x\"]]"},
        {FILE_OF(" {\"a\": 3, \"b\": {\"c\": \"${x}\\u00e9\"}}"), "[3,{\"c\":\"${x}\u00e9\"}]"},
        {FILE_OF("{\"a\": 3"), "!vars:1:1: this file is not valid JSON: line 1"},
        {FILE_OF("{\"c\": 3}"), "!declares no variable \"c\""},
        {FILE_OF("{\"a\": \"x\"}"), "!must be of type number"},
        {FILE_OF("variable \"a\" {}\n"), "!variables are declared in the job file"},
        {FILE_OF("other {}\n"), "!holds only attributes"},
        {FILE_OF("a = var.b\n"), "!variable \"b\" is not declared"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hcl_options o = {.var_files = &cases[i].file, .n_var_files = 1};
        struct hcl_case c = {file, cases[i].want};
        check_files(&c, 1, &o);
    }
}

static void validations_look_at_their_variable(void **state)
{
#define VALIDATED(default_, condition)                                                             \
    "variable \"v\" {\n  default = " default_ "\n  validation {\n    condition = " condition       \
    "\n    error_message = \"It must be small.\"\n  }\n}\nlocals {\n  l = 1\n}\nx = var.v\n"
    static const struct hcl_case cases[] = {
        {VALIDATED("3", "var.v < 5"), "3"},
        {VALIDATED("7", "var.v < 5"),
         "!job.nomad:2:13: invalid value for variable \"v\": It must be small."},
        {VALIDATED("7", "local.l == 1"), "!there is no local \"l\""},
        {VALIDATED("7", "5"), "!the condition must be a bool"},
        {"variable \"v\" {\n  default = 1\n  validation {\n    condition = true\n  }\n}\nx = 1\n",
         "!needs \"condition\" and \"error_message\""},
    };
    CHECK_FILES(cases);
}

static void locals_depend_on_each_other_in_any_order(void **state)
{
    static const struct hcl_case cases[] = {
        {"locals {\n  a = \"${local.b}!\"\n  b = var.v\n}\nvariables {\n  v = \"x\"\n}\n"
         "x = local.a\n",
         "\"x!\""},
        {"locals {\n  a = 1\n}\nlocals {\n  b = local[\"a\"] + 1\n}\nx = keys(local)\n",
         "[\"a\",\"b\"]"},
        {"locals {\n  a = local.b\n  b = local.a\n}\nx = 1\n", "!depends on itself"},
        {"locals {\n  a = keys(local)\n}\nx = 1\n", "!local \"a\" depends on itself"},
        {"locals {\n  a = 1\n  b = { for local in [{ a = 5 }] : \"k\" => local.a }\n}\nx = "
         "local.b\n",
         "{\"k\":5}"},
        {"locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\nx = 1\n", "!local \"a\" is defined twice"},
        {"locals {\n  alpha = 1\n}\nx = local.alhpa\n", "!did you mean \"alpha\"?"},
        {"locals {\n  b {}\n}\n", "!holds only attributes"},
        {"locals {\n  unused = nothing.here\n}\nx = 1\n", "!unknown name \"nothing\""},
    };
    CHECK_FILES(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_from_the_strongest_source),
        cmocka_unit_test(texts_are_converted_to_the_declared_type),
        cmocka_unit_test(undeclared_and_unset_variables_are_errors),
        cmocka_unit_test(var_files_are_hcl_or_json),
        cmocka_unit_test(validations_look_at_their_variable),
        cmocka_unit_test(locals_depend_on_each_other_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
