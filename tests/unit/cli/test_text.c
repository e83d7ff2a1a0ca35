// SPDX-License-Identifier: Apache-2.0
/* What the command line prints, without a server. */
#include "cli/internal.h"
#include "model/diff.h"
#include "tests/unit/cmocka_all.h"

static void tables_align_by_characters_and_name_empty_cells(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct table t = {{0}};
    table_row(&t, "ID|Name|Status");
    table_row(&t, "1||running");
    table_row(&t, "22|größe|two\nlines");
    table_row(&t, "333|x|");
    assert_string_equal(table_format(a, &t), "ID   Name    Status\n"
                                             "1    <none>  running\n"
                                             "22   größe   two lines\n"
                                             "333  x       <none>");
}

static void pairs_align_at_the_equals_sign(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct table t = {{0}};
    table_row(&t, "ID|1");
    table_row(&t, "Description|a|b");
    table_row(&t, "Class|");
    assert_string_equal(kv_format(a, &t), "ID          = 1\n"
                                          "Description = a|b\n"
                                          "Class       = <none>");
}

static void an_empty_table_is_an_empty_text(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct table t = {{0}};
    assert_string_equal(table_format(a, &t), "");
}

static void colours_are_written_or_dropped(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct cli c = {.arena = a};
    assert_string_equal(colorize(&c, "[bold]x[reset] [y]"), "x [y]");
    c.color = true;
    assert_string_equal(colorize(&c, "[green]x"), "\033[32mx\033[0m");
    assert_string_equal(colorize(&c, "x"), "x");
}

/* ---- flags ---- */

static const struct flag_def flags[] = {
    {"detach", FLAG_BOOL, NULL, "x"},
    {"index", FLAG_TEXT, "<n>", "x"},
    {"var", FLAG_LIST, "<k=v>", "x"},
    {NULL},
};
static const struct command command = {"job test", "<path>", "x", NULL, flags, 0, -1, NULL};

static int parse(struct cli *c, const char *line)
{
    static char text[256];
    char *argv[16];
    int argc = 0;
    snprintf(text, sizeof(text), "%s", line);
    for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    c->cmd = &command;
    return flags_parse(c, argc, argv);
}

static void flags_are_read_as_go_reads_them(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct cli c = {.arena = a};
    assert_int_equal(parse(&c, "one -detach --index=7 two -var a=1 -var=b=2 -region eu -- -x"), 0);
    assert_int_equal(c.n_args, 3);
    assert_string_equal(c.args[0], "one");
    assert_string_equal(c.args[1], "two");
    assert_string_equal(c.args[2], "-x");
    assert_true(flag_on(&c, "detach"));
    assert_false(flag_on(&c, "no-color"));
    assert_string_equal(flag_text(&c, "index"), "7");
    assert_string_equal(flag_text(&c, "region"), "eu");
    const char **vars = flag_list(&c, "var");
    assert_string_equal(vars[0], "a=1");
    assert_string_equal(vars[1], "b=2");
    assert_null(vars[2]);
}

static void a_switch_can_be_given_as_false_and_a_dash_is_an_argument(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct cli c = {.arena = a};
    assert_int_equal(parse(&c, "-detach=false -"), 0);
    assert_false(flag_on(&c, "detach"));
    assert_string_equal(c.args[0], "-");
}

static void flags_not_known_or_without_value_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"-detahc", "flag provided but not defined: -detahc (did you mean -detach?)"},
        {"-index", "flag needs an argument: -index"},
        {"-zzzzzzzz", "flag provided but not defined: -zzzzzzzz"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct cli c = {.arena = a};
        assert_true(parse(&c, cases[i][0]) < 0);
        assert_string_equal(c.err.text, cases[i][1]);
    }
    cleanup_arena struct arena *a = arena_new(0);
    struct cli c = {.arena = a};
    assert_int_equal(parse(&c, "x -h"), 1);
}

/* ---- why nothing was placed ---- */

static void *from_json(struct arena *a, const struct schema *s, const char *text)
{
    void *obj;
    struct err err = {{0}};
    if (model_from_json(s, a, str_of(text), "", JSONF_STRICT, &obj, &err) < 0)
        fail_msg("%s", err.text);
    return obj;
}

static void metrics_say_why_nothing_was_placed(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct cli c = {.arena = a};
    struct alloc_metric *m =
        from_json(a, &alloc_metric_schema,
                  "{\"NodesEvaluated\":5,\"NodesExhausted\":2,\"NodesAvailable\":{\"dc1\":5,"
                  "\"dc2\":0},\"ClassFiltered\":{\"gpu\":1},\"ConstraintFiltered\":{\"${attr.x} = "
                  "y\":3},\"ClassExhausted\":{\"big\":2},\"DimensionExhausted\":{\"memory\":2}}");
    assert_string_equal(alloc_metrics_text(&c, m, false, "  "),
                        "  * No nodes are available in datacenter \"dc2\"\n"
                        "  * Class \"gpu\": 1 nodes excluded by filter\n"
                        "  * Constraint \"${attr.x} = y\": 3 nodes excluded by filter\n"
                        "  * Resources exhausted on 2 nodes\n"
                        "  * Class \"big\" exhausted on 2 nodes\n"
                        "  * Dimension \"memory\" exhausted on 2 nodes");
    m = from_json(a, &alloc_metric_schema, "{}");
    assert_string_equal(alloc_metrics_text(&c, m, true, ""),
                        "* No nodes were eligible for evaluation");
}

static void scores_are_a_table_of_nodes_and_scorers(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct cli c = {.arena = a, .cmd = &command};
    struct alloc_metric *m = from_json(
        a, &alloc_metric_schema,
        "{\"NodesEvaluated\":1,\"ScoreMetaData\":[{\"NodeID\":\"01234567-0000-0000-0000-"
        "000000000000\",\"Scores\":{\"binpack\":0.5,\"affinity\":0.25},\"NormScore\":0.375}]}");
    assert_string_equal(alloc_metrics_text(&c, m, true, ""),
                        "Node      affinity  binpack  final score\n"
                        "01234567  0.25      0.5      0.375");
}

/* ---- plan ---- */

static void a_plan_shows_what_changes_and_what_it_forces(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct job_diff *d = from_json(
        a, &job_diff_schema,
        "{\"Type\":\"Edited\",\"ID\":\"web\",\"Fields\":[{\"Type\":\"Edited\",\"Name\":"
        "\"Priority\",\"Old\":\"50\",\"New\":\"60\"}],\"TaskGroups\":[{\"Type\":\"Edited\","
        "\"Name\":\"app\",\"Updates\":{\"create\":1,\"in-place update\":2},\"Fields\":[{"
        "\"Type\":\"Edited\",\"Name\":\"Count\",\"Old\":\"2\",\"New\":\"3\",\"Annotations\":"
        "[\"forces create\"]}],\"Tasks\":[{\"Type\":\"Edited\",\"Name\":\"main\","
        "\"Annotations\":[\"forces create/destroy update\"],\"Fields\":[{\"Type\":\"Added\","
        "\"Name\":\"Env[A]\",\"Old\":\"\",\"New\":\"a\\\"b\"}]}]}]}");
    struct cli c = {.arena = a};
    assert_string_equal(colorize(&c, plan_diff_text(a, d, false)),
                        "+/- Job: \"web\"\n"
                        "+/- Priority: \"50\" => \"60\"\n"
                        "+/- Task Group: \"app\" (1 create, 2 in-place update)\n"
                        "  +/- Count: \"2\" => \"3\" (forces create)\n"
                        "  +/- Task: \"main\" (forces create/destroy update)\n"
                        "    + Env[A]: \"a\\\"b\"");
}

static void a_new_job_is_one_line_a_part_until_verbose(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct cli c = {.arena = a};
    struct job_diff *d =
        from_json(a, &job_diff_schema,
                  "{\"Type\":\"Added\",\"ID\":\"web\",\"Fields\":[{\"Type\":\"Added\",\"Name\":"
                  "\"Priority\",\"New\":\"50\"}],\"TaskGroups\":[{\"Type\":\"Added\",\"Name\":"
                  "\"app\",\"Updates\":{\"create\":1},\"Tasks\":[{\"Type\":\"Added\",\"Name\":"
                  "\"main\",\"Annotations\":[\"forces create\"]}]}]}");
    assert_string_equal(colorize(&c, plan_diff_text(a, d, false)),
                        "+ Job: \"web\"\n"
                        "+ Task Group: \"app\" (1 create)\n"
                        "  + Task: \"main\" (forces create)");
    assert_non_null(strstr(colorize(&c, plan_diff_text(a, d, true)), "+ Priority: \"50\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_align_by_characters_and_name_empty_cells),
        cmocka_unit_test(pairs_align_at_the_equals_sign),
        cmocka_unit_test(an_empty_table_is_an_empty_text),
        cmocka_unit_test(colours_are_written_or_dropped),
        cmocka_unit_test(flags_are_read_as_go_reads_them),
        cmocka_unit_test(a_switch_can_be_given_as_false_and_a_dash_is_an_argument),
        cmocka_unit_test(flags_not_known_or_without_value_are_refused),
        cmocka_unit_test(metrics_say_why_nothing_was_placed),
        cmocka_unit_test(scores_are_a_table_of_nodes_and_scorers),
        cmocka_unit_test(a_plan_shows_what_changes_and_what_it_forces),
        cmocka_unit_test(a_new_job_is_one_line_a_part_until_verbose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
