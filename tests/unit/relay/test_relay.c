// SPDX-License-Identifier: Apache-2.0
/* Descriptors, and the rotation driven directly with pipes; no relay process. */
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "relay/peek.h"
#include "relay/target.h"

struct fixture {
    char dir[64];
    struct list targets;
    struct target *t;
    int pipe[2];
};

static void open_target(struct fixture *f, unsigned max_files, uint64_t max_size)
{
    struct descriptor d = {
        .prefix = "web.stdout", .max_files = max_files, .max_file_size = max_size};
    strcpy(d.dir, f->dir);
    assert_int_equal(target_get(&f->targets, &d, &f->t), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy(f->dir, "/tmp/relay-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(pipe2(f->pipe, O_NONBLOCK | O_CLOEXEC), 0);
    list_init(&f->targets);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    target_unref(f->t);
    close(f->pipe[0]);
    if (f->pipe[1] >= 0)
        close(f->pipe[1]);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    int r = system(command);
    free(f);
    return r;
}

static ssize_t feed(struct fixture *f, const char *text)
{
    assert_int_equal(write(f->pipe[1], text, strlen(text)), strlen(text));
    return target_move(f->t, f->pipe[0], 1 << 20);
}

static const char *content(struct fixture *f, unsigned n)
{
    static char text[4096];
    char path[128];
    snprintf(path, sizeof(path), "%s/web.stdout.%u", f->dir, n);
    cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    ssize_t r = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (r < 0)
        return NULL;
    text[r] = '\0';
    return text;
}

static void files_are_cut_at_line_ends_only(void **state)
{
    struct fixture *f = *state;
    open_target(f, 10, 10);
    assert_int_equal(feed(f, "12345\n7890abc\nsecond\nthird file\n"), 32);
    assert_string_equal(content(f, 0), "12345\n7890abc\n");
    assert_string_equal(content(f, 1), "second\nthird file\n");
    assert_null(content(f, 2));
}

static void a_line_that_comes_in_pieces_stays_whole(void **state)
{
    struct fixture *f = *state;
    open_target(f, 10, 10);
    feed(f, "12345678");
    feed(f, "90");
    feed(f, "and more");
    feed(f, " of it");
    feed(f, "\nnext\n");
    assert_string_equal(content(f, 0), "1234567890and more of it\n");
    assert_string_equal(content(f, 1), "next\n");
}

static void no_file_is_begun_before_there_is_something_for_it(void **state)
{
    struct fixture *f = *state;
    open_target(f, 10, 5);
    assert_int_equal(target_move(f->t, f->pipe[0], 100), -EAGAIN);
    assert_null(content(f, 0));
    feed(f, "1234\n");
    assert_int_equal(target_move(f->t, f->pipe[0], 100), -EAGAIN);
    assert_null(content(f, 1));
    close(take_fd(&f->pipe[1]));
    assert_int_equal(target_move(f->t, f->pipe[0], 100), 0);
    assert_null(content(f, 1));
}

static void oldest_files_are_removed(void **state)
{
    struct fixture *f = *state;
    open_target(f, 2, 2);
    for (int i = 0; i < 5; i++)
        feed(f, (char[]){(char)('0' + i), '\n', '\0'});
    assert_null(content(f, 2));
    assert_string_equal(content(f, 3), "3\n");
    assert_string_equal(content(f, 4), "4\n");
}

static void a_new_relay_goes_on_in_the_highest_file(void **state)
{
    struct fixture *f = *state;
    open_target(f, 20, 100);
    feed(f, "a\n");
    f->t = target_unref(f->t);
    char path[128];
    snprintf(path, sizeof(path), "%s/web.stdout.11", f->dir);
    FILE *file = fopen(path, "w");
    fputs("old\n", file);
    fclose(file);
    open_target(f, 20, 100);
    feed(f, "new\n");
    assert_string_equal(content(f, 11), "old\nnew\n");
    assert_string_equal(content(f, 0), "a\n");
}

static void two_streams_of_one_prefix_share_the_file(void **state)
{
    struct fixture *f = *state;
    open_target(f, 20, 100);
    struct target *first = f->t;
    open_target(f, 20, 100);
    assert_ptr_equal(first, f->t);
    feed(f, "a\n");
    target_unref(first);
    feed(f, "b\n");
    assert_string_equal(content(f, 0), "a\nb\n");
}

static void a_truncated_file_gets_no_hole(void **state)
{
    struct fixture *f = *state;
    open_target(f, 20, 1000);
    feed(f, "long first line\n");
    char path[128];
    snprintf(path, sizeof(path), "%s/web.stdout.0", f->dir);
    assert_int_equal(truncate(path, 0), 0);
    feed(f, "b\n");
    assert_string_equal(content(f, 0), "b\n");
}

static void links_and_pipes_are_stepped_over(void **state)
{
    struct fixture *f = *state;
    char command[256];
    snprintf(command, sizeof(command),
             "cd %s && echo x >victim && ln -s victim web.stdout.1 && ln victim web.stdout.2 && "
             "mkfifo web.stdout.3 && mkdir web.stdout.4",
             f->dir);
    assert_int_equal(system(command), 0);
    open_target(f, 20, 1000);
    assert_int_equal(feed(f, "a\n"), 2);
    assert_string_equal(content(f, 5), "a\n");
    assert_string_equal(content(f, 2), "x\n");
}

static void dropped_bytes_leave_a_word_in_the_file(void **state)
{
    struct fixture *f = *state;
    open_target(f, 20, 1000);
    feed(f, "half");
    assert_int_equal(write(f->pipe[1], "lost", 4), 4);
    assert_int_equal(peek_discard(f->pipe[0], 100), 4);
    f->t->gap = 4;
    feed(f, "rest\n");
    assert_string_equal(content(f, 0), "half\n[nomad: 4 bytes of this log were dropped]\nrest\n");
}

static void a_missing_directory_is_an_error_and_takes_nothing(void **state)
{
    struct fixture *f = *state;
    struct descriptor d = {
        .prefix = "x", .max_files = 1, .max_file_size = 1, .dir = "/tmp/no/such"};
    assert_int_equal(target_get(&f->targets, &d, &f->t), 0);
    assert_int_equal(feed(f, "a\n"), -ENOENT);
    assert_int_equal(peek_any(f->pipe[0]), 1);
}

static void descriptors_read_back_as_printed(void **state)
{
    struct descriptor d = {.dir = "/a b/c=d",
                           .prefix = "we b.stdout",
                           .max_files = 3,
                           .max_file_size = 1 << 20},
                      back;
    struct buf b = {0};
    descriptor_print(&d, &b);
    assert_int_equal(descriptor_parse(buf_str(&b), &back, NULL), 0);
    assert_string_equal(back.dir, d.dir);
    assert_string_equal(back.prefix, d.prefix);
    assert_int_equal(back.max_files, 3);
    assert_int_equal(back.max_file_size, 1 << 20);
    buf_free(&b);
}

static void incomplete_or_hostile_descriptors_are_refused(void **state)
{
    const char *texts[] = {
        "",
        "dir=/x\nprefix=a\nmax_files=1",
        "dir=x\nprefix=a\nmax_files=1\nmax_file_size=1",
        "dir=/x\nprefix=../a\nmax_files=1\nmax_file_size=1",
        "dir=/x\nprefix=.a\nmax_files=1\nmax_file_size=1",
        "dir=/x\nprefix=a\nmax_files=0\nmax_file_size=1",
        "dir=/x\nprefix=a\nmax_files=-1\nmax_file_size=1",
        "dir=/x\nprefix=a\nmax_files=1\nmax_file_size=99999999999999999999",
    };
    struct descriptor d;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(descriptor_parse(str_of(texts[i]), &d, &err), -EINVAL);
    unsigned n;
    assert_int_equal(descriptor_file_number("a", "a.12", &n), 0);
    assert_int_equal(n, 12);
    const char *names[] = {"a", "a.", "a.x", "a.1x", "ab.1", "a.01", "a.99999999999", "a.-1"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(descriptor_file_number("a", names[i], &n), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(files_are_cut_at_line_ends_only),
        T(a_line_that_comes_in_pieces_stays_whole),
        T(no_file_is_begun_before_there_is_something_for_it),
        T(oldest_files_are_removed),
        T(a_new_relay_goes_on_in_the_highest_file),
        T(two_streams_of_one_prefix_share_the_file),
        T(a_truncated_file_gets_no_hole),
        T(links_and_pipes_are_stepped_over),
        T(dropped_bytes_leave_a_word_in_the_file),
        T(a_missing_directory_is_an_error_and_takes_nothing),
        cmocka_unit_test(descriptors_read_back_as_printed),
        cmocka_unit_test(incomplete_or_hostile_descriptors_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
