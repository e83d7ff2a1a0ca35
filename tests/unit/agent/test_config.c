// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config.h"
#include "tests/unit/cmocka_all.h"

static char dir[64];

static int set_up(void **state)
{
    snprintf(dir, sizeof(dir), "/tmp/nomad-config-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
    return system(cmd);
}

static const char *write_file(struct arena *a, const char *name, const char *text)
{
    const char *path = arena_printf(a, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    fclose(f);
    return path;
}

static struct agent_config *fresh(struct arena *a)
{
    return model_new(&agent_config_schema, a);
}

/* One file over nothing; the error text, or NULL. */
static const char *read_text(struct arena *a, struct agent_config *c, const char *text)
{
    static struct err err;
    const char *path = write_file(a, "one.hcl", text);
    err.text[0] = '\0';
    return agent_config_read(a, c, path, &err) < 0 ? err.text : NULL;
}

static void a_file_sets_what_it_names_and_leaves_the_defaults(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct agent_config *c = fresh(a);
    assert_null(read_text(a, c,
                          "data_dir = \"/srv/nomad\"\nbind_addr = \"10.0.0.1\"\n"
                          "server {\n enabled = true\n heartbeat_grace = \"20s\"\n}\n"
                          "client {\n enabled = true\n meta {\n rack = \"r1\"\n}\n"
                          " reserved {\n cpu = 500\n}\n}\nports {\n http = 5656\n}\n"
                          "plugin \"raw_exec\" {\n config {\n enabled = true\n}\n}\n"));
    assert_string_equal(c->data_dir, "/srv/nomad");
    assert_string_equal(c->region, "global");
    assert_string_equal(c->log_level, "INFO");
    assert_int_equal(c->server->heartbeat_grace, 20 * NSEC_SEC);
    assert_int_equal(c->server->min_heartbeat_ttl, 10 * NSEC_SEC);
    assert_string_equal(smap_get(&c->client->meta, "rack"), "r1");
    assert_int_equal(c->client->reserved->cpu, 500);
    assert_int_equal(c->ports->http, 5656);
    assert_int_equal(c->ports->rpc, 4647);
    assert_int_equal(c->plugins.n, 1);
    assert_string_equal(((struct plugin_config *)c->plugins.items[0])->name, "raw_exec");
    assert_int_equal(c->loaded.n, 1);
}

static void a_later_file_wins_and_keeps_what_it_does_not_name(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct agent_config *c = fresh(a);
    assert_null(read_text(a, c,
                          "region = \"eu\"\nclient {\n enabled = true\n node_class = \"big\"\n"
                          " meta {\n a = \"1\"\n b = \"1\"\n}\n reserved {\n cpu = 1\n memory = 2\n"
                          "}\n}\n"));
    assert_null(read_text(a, c,
                          "client {\n node_pool = \"gpu\"\n meta {\n b = \"2\"\n}\n"
                          " reserved {\n memory = 3\n}\n}\nlog_level = \"DEBUG\"\n"));
    assert_string_equal(c->region, "eu");
    assert_string_equal(c->log_level, "DEBUG");
    assert_true(c->client->enabled);
    assert_string_equal(c->client->node_class, "big");
    assert_string_equal(c->client->node_pool, "gpu");
    assert_string_equal(smap_get(&c->client->meta, "a"), "1");
    assert_string_equal(smap_get(&c->client->meta, "b"), "2");
    assert_int_equal(c->client->reserved->cpu, 1);
    assert_int_equal(c->client->reserved->memory, 3);
}

static void a_directory_is_read_in_lexical_order(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct agent_config *c = fresh(a);
    struct err err = {{0}};
    const char *sub = arena_printf(a, "%s/conf.d", dir);
    assert_int_equal(mkdir(sub, 0755), 0);
    write_file(a, "conf.d/20.hcl", "region = \"second\"\n");
    write_file(a, "conf.d/10.hcl", "region = \"first\"\ndatacenter = \"east\"\n");
    write_file(a, "conf.d/.30.hcl", "region = \"hidden\"\n");
    write_file(a, "conf.d/40.hcl~", "region = \"backup\"\n");
    assert_int_equal(agent_config_read(a, c, sub, &err), 0);
    assert_string_equal(c->region, "second");
    assert_string_equal(c->datacenter, "east");
    assert_int_equal(c->loaded.n, 2);
    assert_non_null(strstr(c->loaded.items[0], "/10.hcl"));
    /* Never passed over in silence. */
    write_file(a, "conf.d/50.json", "{}");
    assert_true(agent_config_read(a, fresh(a), sub, &err) < 0);
    assert_non_null(strstr(err.text, "50.json: not supported yet: configuration as JSON"));
}

static void what_is_not_known_is_refused_with_its_place(void **state)
{
    static const char *const cases[][2] = {
        {"regoin = \"x\"\n", "one.hcl:1:1: unknown argument \"regoin\"; did you mean \"region\"?"},
        {"client {\n  enabeld = true\n}\n",
         "one.hcl:2:3: unknown argument \"enabeld\"; did you mean \"enabled\"?"},
        {"consul {\n}\n", "one.hcl:1:1: unknown block \"consul\""},
        {"server = true\n", "server is a block"},
        {"ports {\n http = \"many\"\n}\n", "http wants a whole number"},
        {"client \"x\" {\n}\n", "client takes no label"},
        {"region = \n", "one.hcl:1:"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        const char *text = read_text(a, fresh(a), cases[i][0]);
        assert_non_null(text);
        if (!strstr(text, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], text);
        /* The same over blocks that another file has made. */
        struct agent_config *c = fresh(a);
        assert_int_equal(agent_config_prepare(a, c), 0);
        text = read_text(a, c, cases[i][0]);
        assert_non_null(text);
        if (!strstr(text, cases[i][1]))
            fail_msg("%s over another file: %s", cases[i][0], text);
    }
}

static void a_missing_file_says_so(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct err err = {{0}};
    assert_int_equal(agent_config_read(a, fresh(a), "/nonexistent.hcl", &err), -ENOENT);
    assert_string_equal(err.text, "/nonexistent.hcl: No such file or directory");
}

static void an_empty_file_sets_nothing(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct agent_config *c = fresh(a);
    assert_null(read_text(a, c, ""));
    assert_string_equal(c->region, "global");
}

static void settings_that_contradict_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"server {\n enabled = true\n}\n", "Must specify \"data_dir\""},
        {"data_dir = \"rel\"\nserver {\n enabled = true\n}\n", "must be an absolute path"},
        {"data_dir = \"/d\"\n", "Must specify either server, client or dev mode"},
        {"data_dir = \"/d\"\nclient {\n enabled = true\n}\n", "a client without a server"},
        {"data_dir = \"/d\"\nserver {\n enabled = true\n bootstrap_expect = 3\n}\n",
         "bootstrap_expect = 3"},
        {"data_dir = \"/d\"\nserver {\n enabled = true\n}\nlog_level = \"LOUD\"\n",
         "log_level \"LOUD\" is not known"},
        {"data_dir = \"/d\"\nserver {\n enabled = true\n}\nports {\n http = 65536\n}\n",
         "ports must be within"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct agent_config *c = fresh(a);
        struct err err = {{0}};
        assert_null(read_text(a, c, cases[i][0]));
        assert_int_equal(agent_config_prepare(a, c), 0);
        assert_true(agent_config_finish(a, c, &err) < 0);
        if (!strstr(err.text, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], err.text);
    }
}

static void dev_mode_needs_nothing_else(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct agent_config *c = fresh(a);
    struct err err = {{0}};
    assert_int_equal(agent_config_prepare(a, c), 0);
    c->dev = true;
    assert_int_equal(agent_config_finish(a, c, &err), 0);
    assert_true(c->server->enabled && c->client->enabled);
    assert_string_equal(c->data_dir, DEV_DATA_DIR);
    assert_false(isempty(c->name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_sets_what_it_names_and_leaves_the_defaults),
        cmocka_unit_test(a_later_file_wins_and_keeps_what_it_does_not_name),
        cmocka_unit_test(a_directory_is_read_in_lexical_order),
        cmocka_unit_test(what_is_not_known_is_refused_with_its_place),
        cmocka_unit_test(a_missing_file_says_so),
        cmocka_unit_test(an_empty_file_sets_nothing),
        cmocka_unit_test(settings_that_contradict_are_refused),
        cmocka_unit_test(dev_mode_needs_nothing_else),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
