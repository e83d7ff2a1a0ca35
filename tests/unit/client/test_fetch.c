// SPDX-License-Identifier: Apache-2.0
/* Artifacts: what a source means, hostile archives, downloads from a server in this process. */
#include <archive.h>
#include <archive_entry.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "client/fetch/fetch.h"
#include "model/job.h"
#include "tests/unit/cmocka_all.h"

static char base[64];
static int target_fd = -1;

static int set_up(void **state)
{
    snprintf(base, sizeof(base), "/tmp/nomad-fetch-XXXXXX");
    if (!mkdtemp(base))
        return -1;
    target_fd = open(base, O_RDONLY | O_DIRECTORY);
    return target_fd < 0;
}

static int tear_down(void **state)
{
    char cmd[128];
    close(target_fd);
    snprintf(cmd, sizeof(cmd), "rm -rf %s", base);
    return system(cmd);
}

static bool there(const char *rel)
{
    return faccessat(target_fd, rel, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- sources ---- */

static int parse(struct arena *a, const char *source, struct fetch_spec *s, struct err *err)
{
    struct artifact art = {.source = source};
    return fetch_spec_of(a, &art, s, err);
}

static void sources_carry_checksum_archive_and_name(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct fetch_spec s;
    struct err err;
    assert_int_equal(parse(a,
                           "https://x/a/b.tgz?v=1&checksum=md5:"
                           "00112233445566778899aabbccddeeff&z=2",
                           &s, &err),
                     0);
    assert_string_equal(s.url, "https://x/a/b.tgz?v=1&z=2");
    assert_string_equal(s.digest_type, "md5");
    assert_string_equal(s.archive, "tar.gz");
    assert_string_equal(s.file_name, "b.tgz");
    assert_int_equal(parse(a, "http://x/tool?archive=zip", &s, &err), 0);
    assert_string_equal(s.archive, "zip");
    assert_int_equal(parse(a, "http://x/a.zip?archive=false&filename=b", &s, &err), 0);
    assert_string_equal(s.archive, "false");
    assert_string_equal(s.file_name, "b");
    assert_int_equal(parse(a, "file:///srv/plain", &s, &err), 0);
    assert_string_equal(s.archive, "false");
}

static void bad_sources_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *source, *words;
        int r;
    } rows[] = {
        {"git::https://x/y", "git::", -EOPNOTSUPP},
        {"github.com/a/b", "http, https and file", -EOPNOTSUPP},
        {"", "no source", -EINVAL},
        {"http://x/a?checksum=md5:12", "32 hexadecimal", -EINVAL},
        {"http://x/a?checksum=crc:12", "must be md5", -EINVAL},
        {"http://x/a?archive=ziip", "did you mean zip", -EINVAL},
        {"http://x/a?filename=../b", "plain name", -EINVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct fetch_spec s;
        struct err err = {0};
        assert_int_equal(parse(a, rows[i].source, &s, &err), rows[i].r);
        assert_non_null(strstr(err.text, rows[i].words));
    }
}

/* ---- archives ---- */

struct entry {
    const char *path;
    int type; /* AE_IF..., or 0: hard link */
    const char *link;
    size_t size;
    mode_t mode;
};

static int pack(const struct entry *list, size_t n)
{
    int fd = memfd_create("archive", 0);
    struct archive *out = archive_write_new();
    archive_write_set_format_pax_restricted(out);
    archive_write_add_filter_gzip(out);
    archive_write_open_fd(out, fd);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, list[i].path);
        archive_entry_set_filetype(e, list[i].type ? (unsigned)list[i].type : AE_IFREG);
        archive_entry_set_perm(e, list[i].mode ? list[i].mode : 0644);
        archive_entry_set_size(e, (la_int64_t)list[i].size);
        if (list[i].type == AE_IFLNK)
            archive_entry_set_symlink(e, list[i].link);
        if (list[i].type == 0)
            archive_entry_set_hardlink(e, list[i].link);
        archive_write_header(out, e);
        for (size_t k = 0; k < list[i].size; k += 1024) {
            char zero[1024] = {0};
            archive_write_data(out, zero, MIN(sizeof(zero), list[i].size - k));
        }
        archive_entry_free(e);
    }
    archive_write_close(out);
    archive_write_free(out);
    return fd;
}

static int unpack(const struct entry *list, size_t n, int64_t max_bytes, struct err *err)
{
    struct fetch_limits l = {max_bytes, 10};
    cleanup_fd int fd = pack(list, n);
    return fetch_unpack(fd, "tar.gz", target_fd, "x", &l, err);
}

static void honest_archives_are_unpacked(void **state)
{
    const struct entry list[] = {{"./d/", AE_IFDIR, NULL, 0, 0755},
                                 {"d/prog", AE_IFREG, NULL, 2000, 04755},
                                 {"d/again", AE_IFLNK, "prog", 0, 0},
                                 {"e/up", AE_IFLNK, "../d/prog", 0, 0},
                                 {"hard", 0, "d/prog", 0, 0}};
    struct err err = {0};
    struct stat st;
    assert_int_equal(unpack(list, ARRAY_LEN(list), 1 << 20, &err), 0);
    assert_int_equal(fstatat(target_fd, "d/prog", &st, 0), 0);
    assert_int_equal(st.st_size, 2000);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(st.st_nlink, 2);
    assert_true(there("d/again") && there("e/up"));
}

static void hostile_archives_are_refused(void **state)
{
    static const struct {
        struct entry list[3];
        size_t n;
        const char *words;
    } rows[] = {
        {{{"../out", AE_IFREG, NULL, 1, 0}}, 1, "leads out"},
        {{{"a/../../out", AE_IFREG, NULL, 1, 0}}, 1, "leads out"},
        {{{"/tmp/nomad-out", AE_IFREG, NULL, 1, 0}}, 1, "absolute"},
        {{{"l1", AE_IFLNK, "/etc", 0, 0}}, 1, "leads out"},
        {{{"l2", AE_IFLNK, "../..", 0, 0}}, 1, "leads out"},
        {{{"l3", AE_IFLNK, "x/../..", 0, 0}}, 1, "leads out"},
        {{{"here", AE_IFLNK, ".", 0, 0}, {"l4", AE_IFLNK, "here/../..", 0, 0}}, 2, "leads out"},
        {{{"dir", AE_IFLNK, "other", 0, 0}, {"dir/x", AE_IFREG, NULL, 1, 0}}, 2, "link or file"},
        {{{"hl", 0, "../etc/passwd", 0, 0}}, 1, "leads out"},
        {{{"hl", 0, "nothing", 0, 0}}, 1, "no file of the archive"},
        {{{"dev", AE_IFCHR, NULL, 0, 0}}, 1, "device"},
        {{{"blk", AE_IFBLK, NULL, 0, 0}}, 1, "device"},
        {{{"pipe", AE_IFIFO, NULL, 0, 0}}, 1, "neither"},
        {{{"big", AE_IFREG, NULL, 100000, 0}}, 1, "more than 65536 bytes"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        assert_int_equal(unpack(rows[i].list, rows[i].n, 65536, &err), -EPERM);
        if (!strstr(err.text, rows[i].words))
            fail_msg("row %zu: %s", i, err.text);
    }
    assert_int_equal(access("/tmp/nomad-out", F_OK), -1);
}

static void too_many_files_are_refused(void **state)
{
    struct entry list[11];
    char names[11][8];
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        snprintf(names[i], sizeof(names[i]), "n%zu", i);
        list[i] = (struct entry){names[i], AE_IFREG, NULL, 1, 0};
    }
    assert_int_equal(unpack(list, ARRAY_LEN(list), 65536, &err), -EPERM);
    assert_non_null(strstr(err.text, "more than 10 files"));
}

static void rubbish_is_no_archive(void **state)
{
    static const char *const kinds[] = {"tar.gz", "zip", "tar.xz", "gz"};
    struct fetch_limits l = {65536, 10};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct err err = {0};
        cleanup_fd int fd = memfd_create("rubbish", 0);
        assert_int_equal(write(fd, "\x1f\x8b\x08rubbish", 10), 10);
        assert_int_equal(fetch_unpack(fd, kinds[i], target_fd, "x", &l, &err), -EBADMSG);
    }
}

/* ---- downloads ---- */

static unsigned n_requests, n_failures_wanted;

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **ctx)
{
    n_requests++;
    unsigned status = strstr(url, "missing") ? 404 : n_requests <= n_failures_wanted ? 503 : 200;
    struct MHD_Response *r =
        MHD_create_response_from_buffer(5, (void *)"hello", MHD_RESPMEM_PERSISTENT);
    if (strstr(url, "moved")) {
        MHD_add_response_header(r, "Location", "file:///etc/passwd");
        status = 302;
    }
    enum MHD_Result ok = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return ok;
}

static struct MHD_Daemon *serve(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer,
                                            NULL, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_END);
    assert_non_null(d);
    *port = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
    return d;
}

/* Runs the fetcher's main; the last line it says. */
static const char *run_fetch(struct fetch_spec *s, uint16_t port, const char *path, int want)
{
    static char out[4096];
    char url[128];
    cleanup_buf struct buf b = {0};
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", port, path);
    s->url = url;
    s->target = base;
    if (!s->file_name)
        s->file_name = "got";
    s->max_bytes = s->max_bytes ? s->max_bytes : 1000;
    s->max_files = 10;
    model_encode(&fetch_spec_schema, s, &b);
    cleanup_fd int in = memfd_create("in", 0), answer_fd = memfd_create("out", 0);
    assert_int_equal(write(in, b.p, b.n), b.n);
    lseek(in, 0, SEEK_SET);
    assert_int_equal(fetch_main(in, answer_fd), want);
    ssize_t n = pread(answer_fd, out, sizeof(out) - 1, 0);
    out[n] = 0;
    return out;
}

static void downloads_are_checked_and_placed(void **state)
{
    uint16_t port;
    struct MHD_Daemon *d = serve(&port);
    struct fetch_spec s = {.tries = 1,
                           .digest_type = "sha256",
                           .digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e"
                                     "1b161e5c1fa7425e73043362938b9824"};
    assert_string_equal(run_fetch(&s, port, "x", 0), "OK 5\n");
    assert_true(there("got"));
    s = (struct fetch_spec){.tries = 1,
                            .file_name = "bad",
                            .digest_type = "md5",
                            .digest = "00000000000000000000000000000000"};
    const char *out = run_fetch(&s, port, "x", 1);
    assert_non_null(strstr(out, "FINAL checksums did not match for md5: expected 0000"));
    assert_non_null(strstr(out, "got 5d41402abc4b2a76b9719d911017c592"));
    assert_false(there("bad") || there(".nomad-artifact.part"));
    MHD_stop_daemon(d);
}

static void servers_faults_are_tried_again_and_others_not(void **state)
{
    uint16_t port;
    struct MHD_Daemon *d = serve(&port);
    struct fetch_spec s = {.tries = 3, .backoff = NSEC_MSEC};
    n_requests = 0;
    n_failures_wanted = 2;
    assert_string_equal(run_fetch(&s, port, "x", 0), "OK 5\n");
    assert_int_equal(n_requests, 3);
    n_requests = 0;
    n_failures_wanted = 9;
    assert_non_null(strstr(run_fetch(&s, port, "x", 1), "RETRY bad response code: 503"));
    n_requests = n_failures_wanted = 0;
    assert_non_null(strstr(run_fetch(&s, port, "missing", 1), "FINAL bad response code: 404"));
    assert_int_equal(n_requests, 1);
    assert_non_null(strstr(run_fetch(&s, port, "moved", 1), "FINAL"));
    s.max_bytes = 4;
    assert_non_null(strstr(run_fetch(&s, port, "x", 1), "larger than 4 bytes"));
    MHD_stop_daemon(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_carry_checksum_archive_and_name),
        cmocka_unit_test(bad_sources_are_refused_with_a_reason),
        cmocka_unit_test(honest_archives_are_unpacked),
        cmocka_unit_test(hostile_archives_are_refused),
        cmocka_unit_test(too_many_files_are_refused),
        cmocka_unit_test(rubbish_is_no_archive),
        cmocka_unit_test(downloads_are_checked_and_placed),
        cmocka_unit_test(servers_faults_are_tried_again_and_others_not),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
