// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "drivers/command.h"
#include "drivers/driver.h"
#include "drivers/limits.h"
#include "tests/unit/cmocka_all.h"

static char base[64];

static int set_up(void **state)
{
    char cmd[256];
    snprintf(base, sizeof(base), "/tmp/nomad-drv-XXXXXX");
    if (!mkdtemp(base))
        return -1;
    snprintf(cmd, sizeof(cmd),
             "cd %s && mkdir -p task/local bin && touch task/local/tool bin/svc 'bin/odd name' "
             "task/plain && chmod +x task/local/tool bin/svc 'bin/odd name'",
             base);
    return system(cmd);
}

static int tear_down(void **state)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf %s", base);
    return system(cmd);
}

static struct val config_of(struct arena *a, const char *key, struct val v, const char *key2,
                            struct val v2)
{
    struct val_entry *e = arena_array(a, struct val_entry, 2);
    e[0] = (struct val_entry){str_of(key), v};
    e[1] = (struct val_entry){str_of(nonull(key2)), v2};
    return val_map_of(e, key2 ? 2 : 1);
}

static struct val text(const char *z)
{
    return val_str(str_of(z));
}

static void unknown_keys_name_the_nearest(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct err err;
    struct val c = config_of(a, "comand", text("x"), NULL, val_null());
    assert_int_equal(driver_config_decode(&raw_exec_driver, a, c, NULL, &err), -EINVAL);
    assert_non_null(strstr(err.text, "did you mean \"command\"?"));
    c = config_of(a, "command", text("x"), "args", text("y"));
    assert_int_equal(driver_config_decode(&raw_exec_driver, a, c, NULL, &err), -EINVAL);
    assert_non_null(strstr(err.text, "\"args\" must be a list of strings, not string"));
    assert_int_equal(driver_config_decode(&raw_exec_driver, a, val_null(), NULL, &err), -EINVAL);
    assert_non_null(strstr(err.text, "\"command\" is missing"));
}

static int translate(struct arena *a, struct val config, struct driver_unit *u, struct err *err)
{
    static const char *env[] = {NULL, "A=1", "SECRET_X=2", NULL};
    static struct task task = {.name = "web", .user = "daemon"};
    static struct allocated_cpu cpu = {.shares = 500};
    static struct allocated_memory mem = {.mb = 64};
    static struct allocated_task res = {.cpu = &cpu, .memory = &mem};
    struct driver_host h = {.root = "", .systemd = true, .raw_exec_enabled = true};
    struct driver_task t = {.task = &task, .config = config, .env = env, .resources = &res};
    env[0] = arena_printf(a, "PATH=/nope:%s/bin", base);
    t.task_dir = arena_printf(a, "%s/task", base);
    return driver_translate(&raw_exec_driver, &h, &t, a, u, err);
}

static void raw_exec_becomes_a_unit(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct driver_unit u;
    struct err err = {0};
    struct val denied[] = {text("SECRET_*")};
    struct val c = config_of(a, "command", text("svc --a=1 'b c'"), "denied_envvars",
                             (struct val){.type = VAL_LIST, .list = {denied, 1}});
    assert_int_equal(translate(a, c, &u, &err), 0);
    assert_true(has_suffix(u.launch.path, "/bin/svc"));
    assert_string_equal(u.launch.argv[0], "svc");
    assert_string_equal(u.launch.argv[1], "--a=1");
    assert_string_equal(u.launch.argv[2], "b c");
    assert_null(u.launch.argv[3]);
    assert_string_equal(u.launch.env[1], "A=1");
    assert_null(u.launch.env[2]);
    assert_true(has_suffix(u.launch.cwd, "/task"));
    assert_string_equal(u.spec.user, "daemon");
    assert_int_equal(u.spec.limits.cpu_weight, 500);
    assert_int_equal(u.spec.limits.memory_max, 64 << 20);
}

static void commands_are_found_in_task_then_path(void **state)
{
    static const struct {
        const char *command, *end;
        int r;
    } rows[] = {
        {"tool", "/task/local/tool", 0},
        {"svc", "/bin/svc", 0},
        {"local/tool", "/task/local/tool", 0},
        {"odd name", "/bin/odd name", 0},
        {"plain", NULL, -EACCES},
        {"gone", NULL, -ENOENT},
        {"sub/gone", NULL, -ENOENT},
        {"/gone", NULL, -ENOENT},
        {"gone --x", NULL, -ENOENT},
        {"svc 'x", NULL, -EINVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct driver_unit u;
        struct err err = {0};
        struct val c = config_of(a, "command", text(rows[i].command), NULL, val_null());
        assert_int_equal(translate(a, c, &u, &err), rows[i].r);
        if (rows[i].end)
            assert_true(has_suffix(u.launch.path, rows[i].end));
        else
            assert_true(*err.text);
    }
}

static void a_command_with_args_is_never_split(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct driver_unit u;
    struct err err;
    struct val args[] = {text("x")};
    struct val c = config_of(a, "command", text("svc --a"), "args",
                             (struct val){.type = VAL_LIST, .list = {args, 1}});
    assert_int_equal(translate(a, c, &u, &err), -ENOENT);
}

static void a_disabled_driver_is_not_detected(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct driver_info off = {0}, on = {0};
    struct driver_host h = {.systemd = true};
    raw_exec_driver.fingerprint(&h, a, &off);
    assert_false(off.detected || off.attributes.n);
    h.raw_exec_enabled = true;
    raw_exec_driver.fingerprint(&h, a, &on);
    assert_true(on.detected && on.healthy);
    assert_string_equal(smap_get(&on.attributes, "driver.raw_exec"), "1");
    assert_null(driver_find("nope"));
    assert_ptr_equal(driver_find("raw_exec"), &raw_exec_driver);
}

static void memory_max_leaves_the_reserve_protected(void **state)
{
    struct allocated_cpu cpu = {.shares = 20000};
    struct allocated_memory mem = {.mb = 100, .max_mb = 200};
    struct allocated_task t = {.cpu = &cpu, .memory = &mem};
    struct unit_limits l;
    driver_limits(&t, &l);
    assert_int_equal(l.cpu_weight, 10000);
    assert_int_equal(l.memory_max, 200 << 20);
    assert_int_equal(l.memory_low, 100 << 20);
    assert_true(l.no_swap);
    driver_limits(NULL, &l);
    assert_int_equal(l.memory_max, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_keys_name_the_nearest),
        cmocka_unit_test(raw_exec_becomes_a_unit),
        cmocka_unit_test(commands_are_found_in_task_then_path),
        cmocka_unit_test(a_command_with_args_is_never_split),
        cmocka_unit_test(a_disabled_driver_is_not_detected),
        cmocka_unit_test(memory_max_leaves_the_reserve_protected),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
