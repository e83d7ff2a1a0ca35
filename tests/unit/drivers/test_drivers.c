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
             "task/plain bin/flat && chmod +x task/local/tool bin/svc 'bin/odd name'",
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
        {"flat", NULL, -EACCES},
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

static unsigned mode_of(const char *rel)
{
    char path[256];
    struct stat st = {0};
    snprintf(path, sizeof(path), "%s/%s", base, rel);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static int find_with(const char *command, const char *shell)
{
    char cmd[512];
    cleanup_arena struct arena *a = arena_new(0);
    struct driver_unit u;
    struct err err = {0};
    snprintf(cmd, sizeof(cmd), "cd %s && %s", base, shell);
    assert_int_equal(system(cmd), 0);
    struct val c = config_of(a, "command", text(command), NULL, val_null());
    return translate(a, c, &u, &err);
}

static void a_file_in_the_task_directory_is_made_executable(void **state)
{
    assert_int_equal(find_with("hello", "install -m 0644 /dev/null task/local/hello"), 0);
    assert_int_equal(mode_of("task/local/hello"), 0755);
    assert_int_equal(find_with("local/hello2", "install -m 0600 /dev/null task/local/hello2"), 0);
    assert_int_equal(mode_of("task/local/hello2"), 0755);
    assert_int_equal(find_with("plain", "install -m 0700 /dev/null task/plain"), 0);
    assert_int_equal(mode_of("task/plain"), 0755);
    char path[128];
    snprintf(path, sizeof(path), "%s/task/local/hello3", base);
    assert_int_equal(find_with(path, "install -m 0644 /dev/null task/local/hello3"), 0);
    assert_int_equal(mode_of("task/local/hello3"), 0755);
    snprintf(path, sizeof(path), "%s/bin/flat", base);
    assert_int_equal(find_with(path, "true"), -EACCES);
    snprintf(path, sizeof(path), "%s/task/../bin/flat", base);
    assert_int_equal(find_with(path, "true"), -EACCES);
}

static void nothing_else_is_made_executable(void **state)
{
    static const struct {
        const char *command, *shell;
    } rows[] = {
        {"linked", "install -m 0644 /dev/null out && ln -s ../../out task/local/linked"},
        {"away/out", "ln -s ../.. task/local/away"},
        {"../out", "true"},
        {"named", "ln out task/local/named"},
        {"setid", "install -m 4644 /dev/null task/local/setid"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(find_with(rows[i].command, rows[i].shell), -EACCES);
    assert_int_equal(find_with("pipe", "mkfifo task/local/pipe"), -ENOENT);
    assert_int_equal(mode_of("out"), 0644);
    assert_int_equal(mode_of("task/local/setid"), 04644);
    assert_int_equal(mode_of("bin/flat") & 0111, 0);
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

static void pids_limit_becomes_the_limit_of_the_unit(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct driver_unit u;
    struct err err = {0};
    struct val c = config_of(a, "command", text("svc"), "pids_limit", val_int(12));
    assert_int_equal(translate(a, c, &u, &err), 0);
    assert_int_equal(u.spec.limits.tasks_max, 12);
    assert_int_equal(u.spec.limits.cpu_weight, 500);
    c = config_of(a, "command", text("svc"), "pids_limit", val_int(-1));
    assert_int_equal(translate(a, c, &u, &err), -EINVAL);
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

static void a_disabled_driver_runs_nothing(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct driver_host h = {.root = "", .systemd = true};
    struct task task = {.name = "web"};
    struct driver_task t = {.task = &task,
                            .task_dir = base,
                            .config = config_of(a, "command", text("/bin/sh"), NULL, val_null())};
    struct driver_unit u;
    struct err err;
    assert_int_equal(driver_translate(&raw_exec_driver, &h, &t, a, &u, &err), -EPERM);
    assert_non_null(strstr(err.text, "not available on this node: disabled"));
}

static int translate_exec(struct arena *a, struct val config, struct driver_unit *u,
                          struct err *err)
{
    static struct task task = {.name = "web"};
    struct driver_host h = {
        .root = "", .systemd = true, .is_root = true, .launcher = "/usr/libexec/nomad/launcher"};
    struct driver_task t = {.task = &task, .config = config};
    t.task_dir = arena_printf(a, "%s/task", base);
    t.alloc_dir = arena_printf(a, "%s/alloc", base);
    return driver_translate(&exec_driver, &h, &t, a, u, err);
}

static void exec_has_its_own_root_and_few_capabilities(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct driver_unit u;
    struct err err = {0};
    struct val drop[] = {text("chown"), text("mknod")};
    struct val c = config_of(a, "command", text("/local/tool"), "cap_drop",
                             (struct val){.type = VAL_LIST, .list = {drop, 2}});
    assert_int_equal(translate_exec(a, c, &u, &err), 0);
    assert_string_equal(u.launch.path, "/local/tool");
    assert_string_equal(u.launch.cwd, "/");
    assert_string_equal(u.spec.user, "nobody");
    assert_true(has_suffix(u.spec.sandbox.root_directory, "/task"));
    assert_true(u.spec.sandbox.set_cap_bounding);
    assert_false(u.spec.sandbox.cap_bounding & (1U << 0 | 1U << 27 | 1U << 21 | 1U << 13));
    assert_true(u.spec.sandbox.cap_bounding & (1U << 10));
    for (size_t i = 0; i < u.spec.sandbox.n_binds; i++)
        assert_int_equal(u.spec.sandbox.binds[i].writable,
                         streq(u.spec.sandbox.binds[i].dst, "/alloc"));
    c = config_of(a, "command", text("tool"), NULL, val_null());
    assert_int_equal(translate_exec(a, c, &u, &err), 0);
    assert_string_equal(u.launch.path, "/local/tool");
    drop[0] = text("sys_admin");
    c = config_of(a, "command", text("/bin/sh"), "cap_drop",
                  (struct val){.type = VAL_LIST, .list = {drop, 1}});
    assert_int_equal(translate_exec(a, c, &u, &err), -EINVAL);
    c = config_of(a, "command", text("/bin/sh"), "pid_mode", text("shared"));
    assert_int_equal(translate_exec(a, c, &u, &err), -EINVAL);
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
        cmocka_unit_test(a_file_in_the_task_directory_is_made_executable),
        cmocka_unit_test(nothing_else_is_made_executable),
        cmocka_unit_test(a_command_with_args_is_never_split),
        cmocka_unit_test(pids_limit_becomes_the_limit_of_the_unit),
        cmocka_unit_test(a_disabled_driver_is_not_detected),
        cmocka_unit_test(a_disabled_driver_runs_nothing),
        cmocka_unit_test(exec_has_its_own_root_and_few_capabilities),
        cmocka_unit_test(memory_max_leaves_the_reserve_protected),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
