// SPDX-License-Identifier: Apache-2.0
/* What the log makes of files that were cut, damaged or lost. */
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <inttypes.h>

#include "base/hash.h"
#include "base/log.h"
#include "raft-io/raft_host.h"
#include "raft-io/segment.h"
#include "raft-io/snapshot.h"
#include "raft-io/wal.h"
#include "tests/support/raft/memfs.h"

#define FIRST "/r/wal-0000000000000001"

struct rig {
    struct memfs m;
    struct wal *w;
    struct raft_boot boot;
    struct err err;
    uint64_t segment_bytes;
};

static int rig_open(struct rig *g)
{
    struct wal_options o = {.fs = &g->m.fs, .dir = "/r", .segment_bytes = g->segment_bytes};
    struct uuid id;
    g->err.text[0] = '\0';
    return wal_open(&o, &g->boot, &id, &g->w, &g->err);
}

static void rig_start(struct rig *g)
{
    *g = (struct rig){.segment_bytes = 65536};
    log_threshold = LOGL_ERROR;
    memfs_init(&g->m, 7);
    assert_int_equal(rig_open(g), 0);
}

static void rig_close(struct rig *g)
{
    g->w = wal_close(g->w);
    raft_boot_clear(&g->boot);
    memfs_exit(&g->m);
}

static void rig_end(struct rig *g)
{
    rig_close(g);
    memfs_free(&g->m);
}

static int put(struct rig *g, uint64_t index, uint64_t term, uint64_t truncate_from, size_t n)
{
    static char data[40000];
    memset(data, 'x', sizeof(data));
    struct raft_entry *e = raft_entry_new(RAFT_ENTRY_COMMAND, data, n);
    e->index = index;
    e->term = term;
    struct raft_persist p = {.hard = {.term = term},
                             .hard_changed = true,
                             .truncate_from = truncate_from,
                             .entries = &e,
                             .n_entries = 1};
    const struct raft_persist *one = &p;
    int r = wal_append(g->w, &one, 1, &g->err);
    raft_entry_unref(e);
    return r;
}

static void fill(struct rig *g, uint64_t from, uint64_t to, size_t n)
{
    for (uint64_t i = from; i <= to; i++)
        assert_int_equal(put(g, i, 1, 0, n), 0);
}

static void expect_refusal(struct rig *g, const char *file, const char *what)
{
    rig_close(g);
    assert_true(rig_open(g) < 0);
    if (!strstr(g->err.text, file) || !strstr(g->err.text, what))
        fail_msg("unclear: %s", g->err.text);
}

static void entries_and_hard_state_come_back(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 5, 100);
    assert_int_equal(put(&g, 4, 3, 4, 10), 0);
    rig_close(&g);
    assert_int_equal(rig_open(&g), 0);
    assert_int_equal(g.boot.n_entries, 4);
    assert_int_equal(g.boot.hard.term, 3);
    assert_int_equal(g.boot.entries[3]->term, 3);
    assert_int_equal(g.boot.entries[3]->n, 10);
    rig_end(&g);
}

static void an_unfinished_last_batch_is_cut_and_overwritten(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 2, 100);
    size_t n, at;
    rig_close(&g);
    uint8_t *p = memfs_content(&g.m, FIRST, &n);
    for (at = n; p[at - 1] == 0;)
        at--;
    assert_int_equal(rig_open(&g), 0);
    assert_int_equal(put(&g, 3, 1, 0, 20000), 0);
    rig_close(&g);
    /* Its first sectors never arrived, the later ones did. */
    p = memfs_content(&g.m, FIRST, &n);
    memset(p + at, 0, 512 + (512 - at % 512));
    assert_int_equal(rig_open(&g), 0);
    assert_int_equal(g.boot.n_entries, 2);
    assert_int_equal(put(&g, 3, 1, 0, 10), 0);
    rig_close(&g);
    assert_int_equal(rig_open(&g), 0);
    assert_int_equal(g.boot.n_entries, 3);
    assert_int_equal(g.boot.entries[2]->n, 10);
    rig_end(&g);
}

static void a_damaged_last_batch_is_not_taken_for_an_unfinished_one(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 2, 1000);
    size_t n, at;
    uint8_t *p = memfs_content(&g.m, FIRST, &n);
    for (at = n; p[at - 1] == 0;)
        at--;
    p[at - 200] ^= 1;
    expect_refusal(&g, FIRST ": offset ", "checksum of batch 2");
    rig_end(&g);
}

static void damage_before_sound_batches_refuses_to_start(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 9, 1000);
    size_t n;
    uint8_t *p = memfs_content(&g.m, FIRST, &n);
    memset(p + WAL_HEADER + 1024, 0, 1024); /* a zero sector alone does not make it unfinished */
    expect_refusal(&g, FIRST ": offset ", "later ones are sound");
    rig_end(&g);
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 3, 30);
    rig_close(&g);
    size_t n, end;
    uint8_t *p = memfs_content(&g.m, FIRST, &n);
    for (end = n; p[end - 1] == 0;)
        end--;
    for (size_t bit = WAL_HEADER * 8; bit < end * 8; bit++) {
        p = memfs_content(&g.m, FIRST, &n);
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (rig_open(&g) == 0)
            fail_msg("bit %zu of byte %zu went unnoticed", bit % 8, bit / 8);
        rig_close(&g);
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    rig_end(&g);
}

static void files_without_their_manifest_are_not_a_new_log(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 2, 10);
    assert_int_equal(g.m.fs.unlink(g.m.fs.ctx, "/r/MANIFEST"), 0);
    expect_refusal(&g, "/r", "MANIFEST is missing");
    rig_end(&g);
}

static void a_lost_segment_refuses_to_start(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 200, 1000);
    assert_int_equal(g.m.fs.unlink(g.m.fs.ctx, "/r/wal-0000000000000002"), 0);
    expect_refusal(&g, "wal-0000000000000002", "No such file");
    rig_end(&g);
}

static void take(struct rig *g, uint64_t index, uint64_t log_index)
{
    struct raft_sink *s = NULL;
    struct raft_config c = {0};
    uint64_t bytes;
    assert_int_equal(raft_sink_open(&g->m.fs, "/r", index, 1, &c, &s, &g->err), 0);
    for (int i = 0; i < 3; i++) {
        static char chunk[700000];
        assert_int_equal(raft_sink_write(s, chunk, sizeof(chunk)), 0);
    }
    assert_int_equal(raft_sink_finish(s, &bytes, &g->err), 0);
    raft_sink_free(s);
    assert_int_equal(wal_adopt_snapshot(g->w, index, 1, log_index, 1, &g->err), 0);
}

static bool exists(struct rig *g, const char *path)
{
    size_t n;
    return memfs_content(&g->m, path, &n) != NULL;
}

static void snapshots_free_segments_and_two_are_kept(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 300, 1000);
    for (uint64_t i = 1; i <= 3; i++)
        take(&g, i * 100, i * 100 - 5);
    assert_false(exists(&g, FIRST));
    assert_false(exists(&g, "/r/snap-0000000000000064-0000000000000001"));
    assert_true(exists(&g, "/r/snap-00000000000000c8-0000000000000001"));
    assert_true(exists(&g, "/r/snap-000000000000012c-0000000000000001"));
    rig_close(&g);
    assert_int_equal(rig_open(&g), 0);
    assert_int_equal(g.boot.log_index, 295);
    assert_int_equal(g.boot.snap_index, 300);
    assert_int_equal(g.boot.n_entries, 5);
    rig_end(&g);
}

static ssize_t read_all(struct rig *g, uint64_t index)
{
    struct raft_source *s = NULL;
    struct raft_config c;
    char room[4096];
    ssize_t total = 0, n = raft_source_open(&g->m.fs, "/r", index, 1, &c, &s, &g->err);
    while (n >= 0 && (n = raft_source_read(s, room, sizeof(room), &g->err)) > 0)
        total += n;
    raft_source_free(s);
    return n < 0 ? n : total;
}

static void a_damaged_or_short_snapshot_is_refused(void **state)
{
    struct rig g;
    size_t n;
    rig_start(&g);
    fill(&g, 1, 9, 10);
    take(&g, 9, 9);
    assert_int_equal(read_all(&g, 9), 2100000);
    uint8_t *p = memfs_content(&g.m, "/r/snap-0000000000000009-0000000000000001", &n);
    for (size_t at = 0; at < n; at += at < 100 || at > n - 100 ? 1 : 9973) {
        p[at] ^= 1;
        assert_true(read_all(&g, 9) < 0);
        assert_non_null(strstr(g.err.text, "/r/snap-0000000000000009-0000000000000001: offset"));
        p[at] ^= 1;
    }
    int fd = g.m.fs.open(&g.m, "/r/snap-0000000000000009-0000000000000001", O_RDWR);
    g.m.fs.truncate(&g.m, fd, n - 16);
    assert_int_equal(read_all(&g, 9), -EBADMSG);
    rig_end(&g);
}

static void left_overs_of_a_crash_are_removed(void **state)
{
    struct rig g;
    rig_start(&g);
    fill(&g, 1, 3, 10);
    rig_close(&g);
    static const char *const names[] = {"/r/wal-0000000000000002", "/r/snap-1-1.tmp",
                                        "/r/MANIFEST.tmp", "/r/snap-2-1"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        g.m.fs.open(&g.m, names[i], O_RDWR | O_CREAT);
    memfs_exit(&g.m);
    assert_int_equal(rig_open(&g), 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_false(exists(&g, names[i]));
    assert_int_equal(g.boot.n_entries, 3);
    rig_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_and_hard_state_come_back),
        cmocka_unit_test(an_unfinished_last_batch_is_cut_and_overwritten),
        cmocka_unit_test(a_damaged_last_batch_is_not_taken_for_an_unfinished_one),
        cmocka_unit_test(damage_before_sound_batches_refuses_to_start),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(files_without_their_manifest_are_not_a_new_log),
        cmocka_unit_test(a_lost_segment_refuses_to_start),
        cmocka_unit_test(snapshots_free_segments_and_two_are_kept),
        cmocka_unit_test(a_damaged_or_short_snapshot_is_refused),
        cmocka_unit_test(left_overs_of_a_crash_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
