// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hcl/cases.h"

static void literals_have_their_values(void **state)
{
    static const struct hcl_case cases[] = {
        {"1", "1"},
        {"1.5", "1.5"},
        {"1e3", "1000"},
        {"2.5E-1", "0.25"},
        {"1.0", "1"},
        {"9223372036854775807", "9223372036854775807"},
        {"9223372036854775808", "9223372036854775808"},
        {"1e400", "!too large"},
        {"10m", "!\"10m\" is not a number; put it in quotes"},
        {"true", "true"},
        {"null", "null"},
        {"\"\"", "\"\""},
        {"\"a\\n\\r\\t\\\"\\\\b\"", "\"a\\n\\r\\t\\\"\\\\b\""},
        {"\"\\u00e9\\U0001F600\"", "\"\u00e9\U0001F600\""},
        {"\"\\ud800\"", "!no such character"},
        {"\"\\u12\"", "!4 hexadecimal digits"},
        {"\"\\q\"", "!unknown escape sequence"},
        {"\"$\"", "\"$\""},
        {"\"$$\"", "\"$$\""},
        {"\"100%\"", "\"100%\""},
        {"\"$${a} %%{b}\"", "\"${a} %{b}\""},
        {"\"$$${a}\"", "\"$${a}\""},
        {"\"a\nb\"", "!not closed on its line"},
        {"[]", "[]"},
        {"[1, 2, ]", "[1,2]"},
        {"[\n1,\n2\n]", "[1,2]"},
        {"{}", "{}"},
        {"{ a = 1, b : 2 }", "{\"a\":1,\"b\":2}"},
        {"{\n a = 1\n b = 2,\n \"c d\" : 3\n}", "{\"a\":1,\"b\":2,\"c d\":3}"},
        {"{ (\"k\") = 1, 5 = 2, \"x${1}\" = 3 }", "{\"5\":2,\"k\":1,\"x1\":3}"},
        {"{ a = 1, a = 2 }", "{\"a\":2}"},
        {"{ a.b = 1 }", "!in quotes if it is meant literally"},
        {"{ a = 1 b = 2 }", "!expected \",\", a line break or \"}\""},
        {"[1 2]", "!expected \",\" or \"]\""},
    };
    CHECK_EXPRS(cases);
}

static void operators_follow_their_precedence(void **state)
{
    static const struct hcl_case cases[] = {
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"10 - 4 - 3", "3"},
        {"7 / 2", "3.5"},
        {"6 / 3", "2"},
        {"7 % 3", "1"},
        {"-7 % 3", "-1"},
        {"-2 + 5", "3"},
        {"- 2 * - 3", "6"},
        {"\"2\" + 3", "5"},
        {"9223372036854775807 + 1", "9223372036854775808"},
        {"9223372036854775807 * 9223372036854775807 > 1", "true"},
        {"-9223372036854775807 - 1", "-9223372036854775808"},
        {"(-9223372036854775807 - 1) / -1", "9223372036854775808"},
        {"(-9223372036854775807 - 1) % -1", "0"},
        {"1 < 2 == true", "true"},
        {"1 == 1.0", "true"},
        {"1 == \"1\"", "false"},
        {"[1, {a = 2}] == [1, {a = 2}]", "true"},
        {"null == null", "true"},
        {"1 != 2 && 3 >= 3", "true"},
        {"false && true || true", "true"},
        {"false && (1 / 0 == 1)", "false"},
        {"true || nothing.here", "true"},
        {"!false", "true"},
        {"!!true", "true"},
        {"!\"true\"", "false"},
        {"1 / 0", "!division by zero"},
        {"1 % 0", "!division by zero"},
        {"1 + \"a\"", "!the right side of \"+\" must be a number, not the text \"a\""},
        {"null + 1", "!the left side of \"+\" must be a number, but it is null"},
        {"[] < 1", "!the left side of \"<\" must be a number, not a list"},
        {"1 && true", "!each side of \"&&\" must be a bool"},
        {"true ? 1 : 2", "1"},
        {"false ? 1 : true ? 2 : 3", "2"},
        {"true ? 1 : \"a\"", "\"1\""},
        {"false ? \"a\" : null", "null"},
        {"true ? \"ok\" : nothing.here", "\"ok\""},
        {"\"x\" ? 1 : 2", "!the condition must be a bool"},
        {"1 ? 2", "!expected \":\" in the conditional expression"},
        {"1 & 2", "!operators are && and ||"},
    };
    CHECK_EXPRS(cases);
}

static void values_are_reached_by_index_name_and_splat(void **state)
{
    static const struct hcl_case cases[] = {
        {"[1, 2][1]", "2"},
        {"[1, 2][\"1\"]", "2"},
        {"[[1, 2], [3]].0.1", "2"},
        {"{ a = { b = 3 } }.a.b", "3"},
        {"{ a = 1 }[\"a\"]", "1"},
        {"{ \"5\" = 1 }[5]", "1"},
        {"[1][1]", "!there is no element 1 in a list of 1"},
        {"[1][-1]", "!there is no element -1"},
        {"[1][0.5]", "!whole number"},
        {"{ alpha = 1 }.alhpa", "!there is no \"alhpa\" here; did you mean \"alpha\"?"},
        {"[{ a = 1 }].a", "!this is a list: take one element with [0]"},
        {"null.a", "!a null has no \"a\""},
        {"1[0]", "!only lists and maps can be indexed, not a number"},
        {"[{ a = 1 }, { a = 2 }][*].a", "[1,2]"},
        {"[{ a = 1 }, { a = 2 }].*.a", "[1,2]"},
        {"[{ a = [1, 2] }, { a = [3] }][*].a[0]", "[1,3]"},
        {"[{ a = [1, 2] }, { a = [3] }].*.a[0]", "[1,2]"},
        {"[{ a = [{ b = 1 }] }][*].a[*].b", "[[1]]"},
        {"null[*]", "[]"},
        {"5[*]", "[5]"},
        {"[[1, 2], [3]][*][[0, 1][*][0]]", "!only lists and maps"},
        {"[[1, 2], [3]][*][[0][*][0]]", "!only lists and maps"},
        {"[[1, 2], [3, 4]][*][[{ i = 1 }][*].i[0]]", "!only lists and maps"},
        {"[[1, 2], [3, 4]][*][length([7][*])]", "[2,4]"},
    };
    CHECK_EXPRS(cases);
}

static void loops_make_lists_and_maps(void **state)
{
    static const struct hcl_case cases[] = {
        {"[for v in [1, 2] : v * 2]", "[2,4]"},
        {"[for i, v in [\"a\", \"b\"] : \"${i}${v}\"]", "[\"0a\",\"1b\"]"},
        {"[for k, v in { b = 2, a = 1 } : \"${k}${v}\"]", "[\"a1\",\"b2\"]"},
        {"[for v in [1, 2, 3] : v if v != 2]", "[1,3]"},
        {"{ for v in [\"a\", \"b\"] : v => upper(v) }", "{\"a\":\"A\",\"b\":\"B\"}"},
        {"{ for v in [\"a\", \"b\", \"a\"] : v => 1 }", "!two elements make the key \"a\""},
        {"{ for i, v in [\"a\", \"b\", \"a\"] : v => i... }", "{\"a\":[0,2],\"b\":[1]}"},
        {"{\n for v in [1] :\n v => v\n if true\n}", "{\"1\":1}"},
        {"[for v in [[1], [2]] : [for w in v : w + length(v)]]", "[[2],[3]]"},
        {"[for v in [1] : v => 2]", "!\"=>\" belongs to the {for ...} form"},
        {"[for v in 5 : v]", "!a loop runs over a list or a map, not over a number"},
        {"[for v [1] : v]", "!expected \"in\""},
        {"[for v in [1] : v if 7]", "!the condition of a loop must be a bool"},
        {"max([1, 3, 2]...)", "3"},
        {"max(5, [1, 9]...)", "9"},
        {"max(5...)", "!only a list can be expanded"},
    };
    CHECK_EXPRS(cases);
}

static void templates_join_texts_and_values(void **state)
{
    static const struct hcl_case cases[] = {
        {"\"a${1 + 1}b${true}\"", "\"a2btrue\""},
        {"\"${1}\"", "1"},
        {"\"${[1]}\"", "[1]"},
        {"\"a${[1]}\"", "!a value inside of a text must be a string, not a list"},
        {"\"a${null}\"", "!but it is null"},
        {"\"${\"${\"x\"}\"}\"", "\"x\""},
        {"\"${ {\na = \"}\"\n}.a }!\"", "\"}!\""},
        {"\"%{ if true }yes%{ else }no%{ endif }\"", "\"yes\""},
        {"\"%{ if false }yes%{ endif }\"", "\"\""},
        {"\"%{ for v in [1, 2] }[${v}]%{ endfor }\"", "\"[1][2]\""},
        {"\"%{ for i, v in [5] }${i}=${v}%{ endfor }\"", "\"0=5\""},
        {"\"a %{~ if true ~} b %{~ endif ~} c\"", "\"abc\""},
        {"\"a  ${~ 1 ~}  b\"", "\"a1b\""},
        {"\"%{ if true }\"", "!this %{ if } has no %{ endif }"},
        {"\"%{ for x in [] }\"", "!this %{ for } has no %{ endfor }"},
        {"\"%{ endif }\"", "!there is no open %{ if }"},
        {"\"%{ if true }%{ endfor }\"", "!closes another directive"},
        {"\"%{ while }\"", "!expected if, else, endif, for or endfor"},
        {"\"${1\"", "!expected \"}\" to close \"${\""},
    };
    CHECK_EXPRS(cases);
}

static void heredocs_keep_or_strip_their_indentation(void **state)
{
    static const struct hcl_case cases[] = {
        {"<<EOF\n  a\n b\nEOF\n", "\"  a\\n b\\n\""},
        {"<<-EOF\n    a\n      b\n\n    c\n  EOF\n", "\"a\\n  b\\n\\nc\\n\""},
        {"<<-EOF\n\ta\n\t\tb\n\tEOF\n", "\"a\\n\\tb\\n\""},
        {"<<EOF\nEOF\n", "\"\""},
        {"<<EOF\na ${1 + 1}\n\\n $${x} \"q\"\nEOF\n", "\"a 2\\n\\\\n ${x} \\\"q\\\"\\n\""},
        {"<<EOF\nEOF2\n EOF x\n  EOF\n", "\"EOF2\\n EOF x\\n\""},
        {"<<EOF\na\nEOF", "\"a\\n\""},
        {"<<EOF\r\na\r\nEOF\r\n", "\"a\\r\\n\""},
        {"[<<A\n1\nA\n, <<B\n2\nB\n]", "[\"1\\n\",\"2\\n\"]"},
        {"upper(<<A\nx\nA\n)", "\"X\\n\""},
        {"<<-EOF\n  ${\"x\"}\n    y\n  EOF\n", "\"x\\n  y\\n\""},
        {"<<-EOF\n  %{ for v in [1, 2] ~}\n  v${v}\n  %{ endfor ~}\n  end\n  EOF\n",
         "\"v1\\nv2\\nend\\n\""},
        {"<<EOF\nabc\n", "!there is no line with only \"EOF\""},
        {"<<\nabc\n", "!expected the heredoc's end mark"},
        {"<<EOF abc\nEOF\n", "!expected a line break behind the heredoc's end mark"},
    };
    CHECK_EXPRS(cases);
}

static void runtime_references_stay_text(void **state)
{
    static const struct hcl_case cases[] = {
        {"\"${attr.kernel.name}\"", "\"${attr.kernel.name}\""},
        {"\"a-${meta.foo-bar}-b\"", "\"a-${meta.foo-bar}-b\""},
        {"\"${ node.unique.id }\"", "\"${node.unique.id}\""},
        {"attr.cpu.numcores", "\"${attr.cpu.numcores}\""},
        {"\"${env[\"X\"]}\"", "\"${env[\\\"X\\\"]}\""},
        {"\"${NOMAD_PORT_http}:${NOMAD_ADDR_my-db}\"",
         "\"${NOMAD_PORT_http}:${NOMAD_ADDR_my-db}\""},
        {"\"${device.attr.memory}\"", "\"${device.attr.memory}\""},
        {"\"${JAVA_HOME}/bin\"", "\"${JAVA_HOME}/bin\""},
        {"\"http://${host}/\"", "\"http://${host}/\""},
        {"[for v in [1] : \"${v}${attr.x}\"]", "[\"1${attr.x}\"]"},
        {"[for attr in [{ x = 1 }] : attr.x]", "[1]"},
        {"true ? \"${attr.x}\" : \"\"", "\"${attr.x}\""},
        {"<<EOF\n${NOMAD_TASK_DIR}\nEOF\n", "\"${NOMAD_TASK_DIR}\\n\""},
        {"\"${nodes.unique.id}\"", "!unknown name \"nodes\"; did you mean \"node\"?"},
        {"\"${locl.x}\"", "!did you mean \"local\"?"},
        {"host", "!unknown name \"host\""},
    };
    CHECK_EXPRS(cases);
    static const struct hcl_case lenient[] = {
        {"\"${nodes.unique.id}\"", "\"${nodes.unique.id}\""},
        {"host", "\"${host}\""},
    };
    static const struct hcl_options opts = {.keep_unknown = true};
    check_exprs(lenient, ARRAY_LEN(lenient), &opts);
}

static void names_near_a_variable_are_misspelt(void **state)
{
    static const struct hcl_case cases[] = {
        {"variable \"region\" { default = 1 }\nx = \"${regoin}\"\n", "!unknown name \"regoin\""},
        {"variable \"region\" { default = 1 }\nx = \"${region}\"\n",
         "!did you mean \"var.region\"?"},
        {"variable \"region\" { default = 1 }\nx = region\n", "!did you mean \"var.region\"?"},
        {"locals {\n image = 1\n}\nx = image\n", "!did you mean \"local.image\"?"},
        {"variable \"region\" { default = 1 }\nx = \"${scheme}\"\n", "\"${scheme}\""},
    };
    CHECK_FILES(cases);
}

static void comments_of_three_styles_are_skipped(void **state)
{
    static const struct hcl_case cases[] = {
        {"# a\nx = 1 # b\n", "1"},
        {"// a\nx = 1 // b\n", "1"},
        {"/* a\n b */ x /* c */ = /* d */ 1\n", "1"},
        {"x = [ # a\n 1, // b\n /* c */ 2\n]\n", "[1,2]"},
        {"x = \"# // /* no comment\"\n", "\"# // /* no comment\""},
        {"x = 1 /* open\n", "!this comment is not closed"},
    };
    CHECK_FILES(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_have_their_values),
        cmocka_unit_test(operators_follow_their_precedence),
        cmocka_unit_test(values_are_reached_by_index_name_and_splat),
        cmocka_unit_test(loops_make_lists_and_maps),
        cmocka_unit_test(templates_join_texts_and_values),
        cmocka_unit_test(heredocs_keep_or_strip_their_indentation),
        cmocka_unit_test(runtime_references_stay_text),
        cmocka_unit_test(names_near_a_variable_are_misspelt),
        cmocka_unit_test(comments_of_three_styles_are_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
