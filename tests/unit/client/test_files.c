// SPDX-License-Identifier: Apache-2.0
/* Directories, records, logs, environment: what touches a temporary directory at most. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "client/alloc_dir.h"
#include "client/alloc_files.h"
#include "client/log_reader.h"
#include "client/records.h"
#include "client/signals.h"
#include "client/task_env.h"
#include "tests/unit/cmocka_all.h"

static char base[64];

static int make_base(void **state)
{
    snprintf(base, sizeof(base), "/tmp/nomad-test-XXXXXX");
    return mkdtemp(base) ? 0 : -1;
}

static int remove_base(void **state)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf %s", base);
    return system(cmd);
}

static struct uuid id_of(uint8_t n)
{
    return (struct uuid){{n, 1, 2, 3}};
}

static void write_file(const char *path, const char *text, const char *mode)
{
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static mode_t mode_of(const struct alloc_dir *d, const char *rel)
{
    char path[8192];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", d->path, rel);
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static struct alloc_dir made_dir(uint8_t n)
{
    struct alloc_dir d;
    struct uuid id = id_of(n);
    assert_int_equal(alloc_dir_of(base, &id, &d), 0);
    assert_int_equal(alloc_dir_make(&d, NULL), 0);
    assert_int_equal(alloc_dir_make_task(&d, "web", 0, 0, NULL), 0);
    return d;
}

static void directories_have_nomads_layout_and_modes(void **state)
{
    struct alloc_dir d = made_dir(1);
    assert_int_equal(mode_of(&d, "alloc/data"), 0777);
    assert_int_equal(mode_of(&d, "alloc/logs"), 0777);
    assert_int_equal(mode_of(&d, "web/local"), 0777);
    assert_int_equal(mode_of(&d, "web/secrets"), 0700);
    assert_int_equal(alloc_dir_make_task(&d, "web", 0, 0, NULL), 0);
    struct err err;
    assert_int_equal(alloc_dir_make_task(&d, "alloc", 0, 0, &err), -EINVAL);
    assert_int_equal(alloc_dir_make_task(&d, "../x", 0, 0, &err), -EINVAL);
    assert_int_equal(alloc_dir_destroy(&d, NULL), 0);
    assert_int_equal(access(d.path, F_OK), -1);
    assert_int_equal(alloc_dir_destroy(&d, NULL), 0);
}

static void nothing_is_reached_or_removed_through_links(void **state)
{
    struct alloc_dir d = made_dir(2);
    char link[8192], outside[128];
    struct err err;
    snprintf(outside, sizeof(outside), "%s/outside", base);
    assert_int_equal(mkdir(outside, 0755), 0);
    snprintf(link, sizeof(link), "%s/keep", outside);
    write_file(link, "x", "w");
    snprintf(link, sizeof(link), "%s/web/local/out", d.path);
    assert_int_equal(symlink(outside, link), 0);
    assert_int_equal(alloc_dir_open(&d, "web/local/out/keep", O_RDONLY, 0, &err), -EXDEV);
    assert_int_equal(alloc_dir_open(&d, "../outside/keep", O_RDONLY, 0, &err), -EXDEV);
    assert_int_equal(alloc_dir_make_path(&d, "web/local/out/new", &err), -ENOTDIR);
    assert_int_equal(alloc_dir_make_path(&d, "web/../../new", &err), -EXDEV);
    assert_int_equal(alloc_dir_destroy(&d, NULL), 0);
    snprintf(link, sizeof(link), "%s/keep", outside);
    assert_int_equal(access(link, F_OK), 0);
}

static void secrets_stay_secret_also_through_links(void **state)
{
    struct alloc_dir d = made_dir(3);
    char path[8192];
    struct err err;
    int64_t size;
    cleanup_arena struct arena *a = arena_new(0);
    struct objs list = {0};
    snprintf(path, sizeof(path), "%s/web/secrets/token", d.path);
    write_file(path, "s3cr3t", "w");
    snprintf(path, sizeof(path), "%s/web/local/easy", d.path);
    assert_int_equal(symlink("../secrets/token", path), 0);
    assert_int_equal(alloc_files_open(&d, "web/secrets/token", &size, &err), -EPERM);
    assert_int_equal(alloc_files_open(&d, "web/local/easy", &size, &err), -EPERM);
    assert_int_equal(alloc_files_list(&d, a, "web/secrets", &list, &err), -EPERM);
    assert_int_equal(alloc_files_list(&d, a, "/", &list, &err), 0);
    assert_int_equal(list.n, 2);
    assert_string_equal(((struct file_info *)list.items[0])->name, "alloc");
    assert_string_equal(((struct file_info *)list.items[0])->file_mode, "drwxrwxrwx");
    alloc_dir_destroy(&d, NULL);
}

/* ---- records ---- */

static struct alloc_record *sample_record(struct arena *a)
{
    struct alloc_record *r = model_new(&alloc_record_schema, a);
    r->alloc = model_new(&allocation_schema, a);
    r->job = model_new(&job_schema, a);
    r->alloc->id = id_of(9);
    r->job->id = "demo";
    struct task_record *t = model_new(&task_record_schema, a);
    t->name = "web";
    t->state = model_new(&task_state_schema, a);
    t->fsm_state = TFS_RUNNING;
    t->unit = "nomad-x.service";
    t->stop_requested = true;
    t->invocation_id = str_n("0123456789abcdef", 16);
    objs_add(a, &r->tasks, t);
    return r;
}

static void records_come_back_as_they_were(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    cleanup_buf struct buf b = {0};
    struct alloc_record *back;
    records_encode(sample_record(a), &b);
    assert_int_equal(records_decode(a, buf_str(&b), &back, NULL), 0);
    assert_ptr_equal(back->alloc->job, back->job);
    const struct task_record *t = back->tasks.items[0];
    assert_string_equal(t->unit, "nomad-x.service");
    assert_true(t->stop_requested);
    assert_int_equal(t->fsm_state, TFS_RUNNING);
    assert_memory_equal(t->invocation_id.p, "0123456789abcdef", 16);
}

static void every_damaged_record_is_refused(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    cleanup_buf struct buf b = {0};
    struct alloc_record *back;
    records_encode(sample_record(a), &b);
    for (size_t n = 0; n < b.n; n++)
        assert_true(records_decode(a, str_n(b.p, n), &back, NULL) < 0);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 0x20;
        assert_true(records_decode(a, buf_str(&b), &back, NULL) < 0);
        b.p[i] ^= 0x20;
    }
}

static unsigned loaded;
static void count_record(void *user, struct arena *a, struct alloc_record *r)
{
    loaded++;
    arena_free(a);
}

static void an_unreadable_record_is_set_aside_and_the_rest_loaded(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    cleanup_buf struct buf b = {0};
    char dir[128], path[256];
    struct uuid good = id_of(9), bad = id_of(8);
    log_threshold = LOGL_MAX;
    snprintf(dir, sizeof(dir), "%s/records", base);
    assert_int_equal(mkdir(dir, 0700), 0);
    records_encode(sample_record(a), &b);
    assert_int_equal(records_write(dir, &good, buf_str(&b), true, NULL), 0);
    assert_int_equal(records_write(dir, &bad, str_of("rubbish"), false, NULL), 0);
    loaded = 0;
    assert_int_equal(records_load(dir, count_record, NULL, NULL), 0);
    assert_int_equal(loaded, 1);
    snprintf(path, sizeof(path), "%s/%s.bad", dir, UUID_Z(&bad));
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(records_remove(dir, &good), 0);
    assert_int_equal(records_remove(dir, &good), 0);
}

/* ---- logs ---- */

static const char *log_dir(void)
{
    static char dir[128];
    snprintf(dir, sizeof(dir), "%s/logs", base);
    mkdir(dir, 0755);
    return dir;
}

static void add_log(int n, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/web.stdout.%d", log_dir(), n);
    write_file(path, text, "a");
}

static const char *read_all(struct log_reader *r)
{
    static char out[256];
    size_t n = 0;
    int64_t number, offset;
    ssize_t got;
    while ((got = log_reader_read(r, out + n, sizeof(out) - 1 - n, &number, &offset)) > 0)
        n += (size_t)got;
    out[n] = 0;
    return out;
}

static struct log_reader open_log(bool end, int64_t offset)
{
    struct log_reader r;
    int fd = open(log_dir(), O_RDONLY | O_DIRECTORY);
    assert_int_equal(log_reader_open(fd, "web.stdout", end, offset, &r), 0);
    return r;
}

static void logs_read_as_one_stream_over_rotations(void **state)
{
    char path[256];
    struct log_reader r = open_log(false, 0);
    assert_string_equal(read_all(&r), "");
    add_log(0, "abc");
    assert_string_equal(read_all(&r), "abc");
    add_log(0, "def");
    add_log(1, "ghi");
    add_log(2, "jkl");
    assert_string_equal(read_all(&r), "defghijkl");
    snprintf(path, sizeof(path), "%s/web.stdout.0", log_dir());
    unlink(path);
    add_log(2, "m");
    add_log(10, "n");
    assert_string_equal(read_all(&r), "mn");
    log_reader_close(&r);
    r = open_log(false, 4);
    assert_string_equal(read_all(&r), "klmn");
    log_reader_close(&r);
    r = open_log(true, 3);
    assert_string_equal(read_all(&r), "lmn");
    log_reader_close(&r);
    r = open_log(true, 1000);
    assert_string_equal(read_all(&r), "ghijklmn");
    log_reader_close(&r);
    r = open_log(true, 0);
    assert_string_equal(read_all(&r), "");
    log_reader_close(&r);
}

static void a_link_among_the_logs_is_no_log(void **state)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/web.stdout.11", log_dir());
    assert_int_equal(symlink("/etc/passwd", path), 0);
    struct log_reader r = open_log(true, 1);
    assert_string_equal(read_all(&r), "n");
    log_reader_close(&r);
    unlink(path);
}

/* ---- environment ---- */

static void the_environment_follows_nomads_rules(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct node node = {.datacenter = "dc1", .name = "n1"};
    struct job job = {.id = "j", .name = "J"};
    struct task task = {.name = "web"};
    struct task_group group = {.name = "g"};
    struct allocation al = {
        .id = id_of(1), .name = "j.g[3]", .ns = "default", .job = &job, .task_group = "g"};
    static const char *const host[] = {"PATH=/bin", "VAULT_TOKEN=x", "OWN=host", "NOTIFY_SOCKET=/x",
                                       NULL};
    static const char *const deny[] = {"VAULT_TOKEN", NULL};
    smap_set(a, &node.attributes, "cpu.arch", "amd64");
    smap_set(a, &node.meta, "rack", "r1");
    smap_set(a, &job.meta, "a-b", "job");
    smap_set(a, &task.meta, "a-b", "task");
    smap_set(a, &task.env, "OWN", "${attr.cpu.arch}/${meta.rack}/${NOMAD_ALLOC_INDEX}/${nope}");
    objs_add(a, &group.tasks, &task);
    objs_add(a, &job.task_groups, &group);
    struct task_env_spec s = {.node = &node,
                              .alloc = &al,
                              .task = &task,
                              .region = "global",
                              .alloc_dir = "/a",
                              .local_dir = "/l",
                              .secrets_dir = "/s",
                              .host_env = host,
                              .denylist = deny};
    struct task_env e;
    assert_int_equal(task_env_build(a, &s, &e), 0);
    assert_string_equal(smap_get(&e.env, "OWN"), "amd64/r1/3/${nope}");
    assert_string_equal(smap_get(&e.env, "NOMAD_META_A_B"), "task");
    assert_string_equal(smap_get(&e.env, "NOMAD_META_a_b"), "task");
    assert_string_equal(smap_get(&e.env, "PATH"), "/bin");
    assert_null(smap_get(&e.env, "VAULT_TOKEN"));
    assert_null(smap_get(&e.env, "NOTIFY_SOCKET"));
    assert_string_equal(smap_get(&e.env, "NOMAD_DC"), "dc1");
    assert_string_equal(smap_get(&e.env, "NOMAD_JOB_NAME"), "J");
    assert_string_equal(task_env_replace(&e, a, "${env[\"PATH\"]}:${attr[\"cpu.arch\"]}"),
                        "/bin:amd64");
    assert_string_equal(task_env_replace(&e, a, "${a${NOMAD_DC}} $X ${"), "${adc1} $X ${");
    assert_null(task_env_replace(&e, a, NULL));
}

static void signals_are_known_by_name_and_number(void **state)
{
    int sig = -1;
    char buf[24];
    assert_int_equal(signal_parse("SIGHUP", &sig), 0);
    assert_int_equal(sig, 1);
    assert_int_equal(signal_parse("int", &sig), 0);
    assert_int_equal(sig, 2);
    assert_int_equal(signal_parse(NULL, &sig), 0);
    assert_int_equal(sig, 0);
    assert_int_equal(signal_parse("SIGFOO", &sig), -EINVAL);
    assert_int_equal(signal_parse("0", &sig), -EINVAL);
    assert_string_equal(signal_name(15, buf), "SIGTERM");
    assert_string_equal(signal_name(63, buf), "signal 63");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_have_nomads_layout_and_modes),
        cmocka_unit_test(nothing_is_reached_or_removed_through_links),
        cmocka_unit_test(secrets_stay_secret_also_through_links),
        cmocka_unit_test(records_come_back_as_they_were),
        cmocka_unit_test(every_damaged_record_is_refused),
        cmocka_unit_test(an_unreadable_record_is_set_aside_and_the_rest_loaded),
        cmocka_unit_test(logs_read_as_one_stream_over_rotations),
        cmocka_unit_test(a_link_among_the_logs_is_no_log),
        cmocka_unit_test(the_environment_follows_nomads_rules),
        cmocka_unit_test(signals_are_known_by_name_and_number),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
