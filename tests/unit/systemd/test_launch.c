// SPDX-License-Identifier: Apache-2.0
/* The encoder against the real launcher, run as a child. */
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "systemd/launch.h"

static const char *launcher;

struct outcome {
    int status;
    char out[8192];
    size_t n;
    off_t position; /* of the shared memfd afterwards */
};

static void run_child(int in, int out)
{
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    execl(launcher, "nomad-task", (char *)NULL);
    _exit(99);
}

static struct outcome run_fd(int fd)
{
    struct outcome o = {0};
    int p[2], status;
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0)
        run_child(fd, p[1]);
    close(p[1]);
    for (ssize_t r; (r = read(p[0], o.out + o.n, sizeof(o.out) - 1 - o.n)) > 0;)
        o.n += (size_t)r;
    close(p[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    o.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    o.position = lseek(fd, 0, SEEK_CUR);
    return o;
}

static struct outcome run(const struct launch *l)
{
    cleanup_fd int fd = -1;
    assert_int_equal(launch_memfd(l, NULL, &fd), 0);
    return run_fd(fd);
}

static void environment_passes_byte_for_byte(void **state)
{
    const char *const argv[] = {"env", "-0", NULL};
    const char *const env[] = {"A-B.c=x", "BAD=\xff\xfe\x80",   "LINES=a\nb\tc\x01", "EMPTY=",
                               "=odd",    "PATH=/usr/bin:/bin", "D=$HOME %n \"'\\;", NULL};
    struct launch l = {.argv = argv, .env = env};
    struct outcome o = run(&l);
    assert_int_equal(o.status, 0);
    size_t at = 0;
    for (size_t i = 0; env[i]; i++) {
        assert_true(at < o.n);
        assert_string_equal(o.out + at, env[i]);
        at += strlen(env[i]) + 1;
    }
    assert_int_equal(at, o.n);
}

static void arguments_pass_byte_for_byte(void **state)
{
    const char *const argv[] = {"printf", "%s|", "a b", "", "$HOME;`x`", "\xff", "\n", NULL};
    struct launch l = {.path = "/usr/bin/printf", .argv = argv};
    struct outcome o = run(&l);
    assert_int_equal(o.status, 0);
    assert_string_equal(o.out, "a b||$HOME;`x`|\xff|\n|");
}

static void the_task_gets_its_directory_and_an_empty_input(void **state)
{
    const char *const argv[] = {"sh", "-c", "pwd; wc -c; ls /proc/self/fd | wc -l", NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    struct launch l = {.cwd = "/usr", .argv = argv, .env = env};
    struct outcome o = run(&l);
    assert_int_equal(o.status, 0);
    assert_string_equal(o.out, "/usr\n0\n4\n"); /* 0, 1, 2 and the one ls lists with */
    assert_true(o.position > 0 && o.position < LAUNCH_FAILED_POSITION);
}

static void large_environments_pass(void **state)
{
    enum { N = 2000 };
    static char text[N][32];
    const char *env[N + 2];
    const char *const argv[] = {"sh", "-c", "env | grep -c ^V", NULL};
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof(text[i]), "V%d=%d", i, i);
        env[i] = text[i];
    }
    env[N] = "PATH=/usr/bin:/bin";
    env[N + 1] = NULL;
    struct outcome o = run(&(struct launch){.argv = argv, .env = env});
    assert_string_equal(o.out, "2000\n");
}

static void failures_have_their_own_status_and_a_line(void **state)
{
    const char *const none[] = {"no-such-command", NULL}, *const dir[] = {"/usr", NULL};
    const char *const ok[] = {"true", NULL}, *const env[] = {"PATH=/usr/bin:/bin", NULL};
    const struct {
        struct launch l;
        int status;
        const char *word;
    } rows[] = {
        {{.argv = none, .env = env}, LAUNCH_EXIT_NOT_FOUND, "no-such-command"},
        {{.argv = ok, .path = "/no/such", .env = env}, LAUNCH_EXIT_NOT_FOUND, "/no/such"},
        {{.argv = dir, .env = env}, LAUNCH_EXIT_EXEC, "Permission denied"},
        {{.argv = ok, .cwd = "/no/dir", .env = env}, LAUNCH_EXIT_CHDIR, "/no/dir"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct outcome o = run(&rows[i].l);
        assert_int_equal(o.status, rows[i].status);
        assert_non_null(strstr(o.out, rows[i].word));
        assert_non_null(launch_status_text(o.status));
        assert_int_equal(o.position, LAUNCH_FAILED_POSITION);
    }
    assert_null(launch_status_text(1));
}

static void damaged_input_is_refused(void **state)
{
    const char *const argv[] = {"true", NULL}, *const env[] = {"PATH=/bin:/usr/bin", NULL};
    struct launch l = {.argv = argv, .env = env};
    struct buf b = {0};
    assert_int_equal(launch_encode(&l, &b, NULL), 0);
    for (size_t n = 0; n <= b.n; n += n < sizeof(struct launch_header) ? 7 : 3) {
        FILE *f = tmpfile();
        assert_int_equal(fwrite(b.p, 1, n, f), n);
        fflush(f);
        lseek(fileno(f), 0, SEEK_SET);
        assert_int_equal(run_fd(fileno(f)).status, LAUNCH_EXIT_BAD_INPUT);
        fclose(f);
    }
    struct launch_header h;
    for (int i = 0; i < 4; i++) {
        memcpy(&h, b.p, sizeof(h));
        h.magic ^= i == 0;
        h.version += i == 1;
        h.argc = i == 2 ? 0 : i == 3 ? 1000000 : h.argc;
        FILE *f = tmpfile();
        fwrite(&h, sizeof(h), 1, f);
        fwrite(b.p + sizeof(h), 1, b.n - sizeof(h), f);
        fflush(f);
        lseek(fileno(f), 0, SEEK_SET);
        assert_int_equal(run_fd(fileno(f)).status, LAUNCH_EXIT_BAD_INPUT);
        fclose(f);
    }
    buf_free(&b);
}

static void nothing_to_run_is_refused_by_the_encoder(void **state)
{
    const char *const none[] = {NULL};
    struct err err;
    int fd;
    assert_int_equal(launch_memfd(&(struct launch){.argv = none}, &err, &fd), -EINVAL);
    assert_int_equal(launch_memfd(&(struct launch){0}, &err, &fd), -EINVAL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment_passes_byte_for_byte),
        cmocka_unit_test(arguments_pass_byte_for_byte),
        cmocka_unit_test(the_task_gets_its_directory_and_an_empty_input),
        cmocka_unit_test(large_environments_pass),
        cmocka_unit_test(failures_have_their_own_status_and_a_line),
        cmocka_unit_test(damaged_input_is_refused),
        cmocka_unit_test(nothing_to_run_is_refused_by_the_encoder),
    };
    launcher = argv[argc - 1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
