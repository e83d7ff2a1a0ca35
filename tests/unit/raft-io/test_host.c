// SPDX-License-Identifier: Apache-2.0
/* The whole host on a real directory and in memory: propose, persist, apply, restart, snapshot. */
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/vec.h"
#include "raft-io/raft_host.h"

/* The state: a running checksum over all entries applied, so order and content show. */
struct machine {
    uv_loop_t loop;
    struct raft_host *host;
    uint32_t sum;
    uint64_t applied, count, restored;
    size_t answered, refused, freed;
    int last_r;
    bool leader, closed;
    size_t snapshots;
    uint64_t slow_ns;
    char fatal[1024];
};
struct pin {
    uint32_t sum;
    uint64_t count;
};

static void on_apply(void *ctx, uint64_t index, uint64_t term, const void *p, size_t n, void **res)
{
    struct machine *m = ctx;
    assert_true(index > m->applied);
    m->applied = index;
    m->count++;
    m->sum = crc32c(m->sum, p, n);
    for (nsec_t end = now_mono() + (nsec_t)m->slow_ns; m->slow_ns && now_mono() < end;)
        ;
    *res = malloc(1);
}
static void on_result_free(void *ctx, void *result)
{
    struct machine *m = ctx;
    m->freed++;
    free(result);
}
static void on_leader(void *ctx, bool leader, uint64_t term)
{
    ((struct machine *)ctx)->leader = leader;
}
static void *on_pin(void *ctx, uint64_t index, uint64_t term)
{
    struct machine *m = ctx;
    struct pin *p = malloc(sizeof(*p));
    *p = (struct pin){m->sum, m->count};
    return p;
}
static int on_write(void *pin, struct raft_sink *sink, struct err *err)
{
    return raft_sink_write(sink, pin, sizeof(struct pin));
}
static void on_unpin(void *ctx, void *pin)
{
    ((struct machine *)ctx)->snapshots++;
    free(pin);
}
static int on_restore(void *ctx, uint64_t index, uint64_t term, struct raft_source *src,
                      struct err *err)
{
    struct machine *m = ctx;
    struct pin p;
    char extra;
    if (raft_source_read(src, &p, sizeof(p), err) != sizeof(p))
        return -EBADMSG;
    if (raft_source_read(src, &extra, 1, err) != 0)
        return -EBADMSG;
    m->sum = p.sum;
    m->count = p.count;
    m->applied = m->restored = index;
    return 0;
}
static void on_fatal(void *ctx, const char *text)
{
    snprintf(((struct machine *)ctx)->fatal, 1024, "%s", text);
}
static const struct raft_host_callbacks callbacks = {.apply = on_apply,
                                                     .result_free = on_result_free,
                                                     .leader_changed = on_leader,
                                                     .snapshot_pin = on_pin,
                                                     .snapshot_write = on_write,
                                                     .snapshot_unpin = on_unpin,
                                                     .restore = on_restore,
                                                     .fatal = on_fatal};

static void on_closed(void *ctx)
{
    ((struct machine *)ctx)->closed = true;
}
static void on_proposed(void *ctx, int r, uint64_t index, void *result)
{
    struct machine *m = ctx;
    m->last_r = r;
    if (r == 0) {
        m->answered++;
        assert_true(index == m->applied);
        assert_non_null(result);
    } else {
        m->refused++;
        assert_null(result);
    }
    free(result);
}

static int try_open(struct machine *m, const char *dir, struct raft_host_options o, struct err *err)
{
    *m = (struct machine){0};
    uv_loop_init(&m->loop);
    o.dir = dir;
    o.bootstrap = (struct raft_config){.n = 1, .servers = {{.voter = true, .address = "a:1"}}};
    return raft_host_open(&m->loop, &o, &callbacks, m, &m->host, err);
}
static void open_machine(struct machine *m, const char *dir, struct raft_host_options o)
{
    struct err err = {{0}};
    if (try_open(m, dir, o, &err) < 0)
        fail_msg("open: %s", err.text);
}
static void wait_leader(struct machine *m)
{
    while (!m->leader)
        uv_run(&m->loop, UV_RUN_ONCE);
}
static void close_machine(struct machine *m)
{
    raft_host_close(m->host, on_closed, m);
    while (!m->closed)
        uv_run(&m->loop, UV_RUN_ONCE);
    uv_run(&m->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&m->loop), 0);
}
static void propose(struct machine *m, size_t n)
{
    size_t want = m->answered + n;
    for (size_t i = 0; i < n; i++) {
        char text[32];
        int len = snprintf(text, sizeof(text), "entry %" PRIu64 "/%zu", m->applied, i);
        assert_int_equal(raft_host_propose(m->host, text, (size_t)len, on_proposed, m), 0);
    }
    while (m->answered < want)
        uv_run(&m->loop, UV_RUN_ONCE);
}

static int make_dir(void **state)
{
    static char dir[64];
    snprintf(dir, sizeof(dir), "/tmp/raft-host-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    *state = dir;
    return 0;
}
static int remove_dir(void **state)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", (char *)*state);
    return system(cmd);
}

static void entries_are_applied_in_order_and_answered_in_memory(void **state)
{
    struct machine m;
    open_machine(&m, NULL, (struct raft_host_options){0});
    assert_false(raft_host_is_leader(m.host));
    assert_int_equal(raft_host_propose(m.host, "x", 1, on_proposed, &m), -ENOTCONN);
    wait_leader(&m);
    propose(&m, 1000);
    assert_int_equal(m.count, 1000);
    struct raft_host_stats s;
    raft_host_stats(m.host, &s);
    assert_string_equal(s.state, "Leader");
    assert_int_equal(s.applied_index, 1002);
    assert_int_equal(s.num_peers, 0);
    close_machine(&m);
}

static void everything_acknowledged_is_there_after_a_restart(void **state)
{
    struct machine m;
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    propose(&m, 500);
    uint32_t sum = m.sum;
    uint64_t term = raft_host_term(m.host);
    struct uuid id = raft_host_id(m.host);
    close_machine(&m);
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    assert_int_equal(m.count, 500);
    assert_int_equal(m.sum, sum);
    assert_int_equal(m.freed, 500);
    assert_int_equal(raft_host_term(m.host), term + 1);
    struct uuid again = raft_host_id(m.host);
    assert_true(uuid_eq(&id, &again));
    close_machine(&m);
}

static void a_group_of_proposals_shares_a_sync(void **state)
{
    struct machine m;
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    struct raft_host_stats before, after;
    raft_host_stats(m.host, &before);
    propose(&m, 1000);
    raft_host_stats(m.host, &after);
    assert_true(after.wal_syncs - before.wal_syncs <= 3);
    close_machine(&m);
}

static void snapshots_replace_the_log_and_are_restored(void **state)
{
    struct machine m;
    struct raft_host_options o = {
        .snapshot_entries = 100, .trailing_entries = 10, .segment_bytes = 16384};
    open_machine(&m, *state, o);
    wait_leader(&m);
    for (int i = 0; i < 60; i++)
        propose(&m, 20);
    struct raft_host_stats s;
    raft_host_stats(m.host, &s);
    assert_true(m.snapshots >= 3);
    assert_true(s.last_snapshot_index > 300);
    uint32_t sum = m.sum;
    close_machine(&m);
    open_machine(&m, *state, o);
    assert_true(m.restored >= s.last_snapshot_index);
    wait_leader(&m);
    assert_int_equal(m.count, 1200);
    assert_int_equal(m.sum, sum);
    close_machine(&m);
}

static void on_snapshot(void *ctx, int r, uint64_t index)
{
    assert_int_equal(r, 0);
    *(uint64_t *)ctx = index;
}

static void a_snapshot_can_be_asked_for(void **state)
{
    struct machine m;
    uint64_t at = 0;
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    propose(&m, 5);
    assert_int_equal(raft_host_snapshot(m.host, on_snapshot, &at), 0);
    assert_int_equal(raft_host_snapshot(m.host, on_snapshot, &at), -EBUSY);
    while (!at)
        uv_run(&m.loop, UV_RUN_ONCE);
    assert_int_equal(at, m.applied);
    close_machine(&m);
}

static void limits_are_refused_at_once(void **state)
{
    struct machine m;
    open_machine(&m, NULL,
                 (struct raft_host_options){.inflight_entries = 3, .inflight_bytes = 100});
    wait_leader(&m);
    static char big[RAFT_ENTRY_MAX + 1];
    assert_int_equal(raft_host_propose(m.host, big, sizeof(big), on_proposed, &m), -E2BIG);
    assert_int_equal(raft_host_propose(m.host, big, 101, on_proposed, &m), -EAGAIN);
    for (int i = 0; i < 3; i++)
        assert_int_equal(raft_host_propose(m.host, "x", 1, on_proposed, &m), 0);
    assert_int_equal(raft_host_propose(m.host, "x", 1, on_proposed, &m), -EAGAIN);
    close_machine(&m);
    assert_int_equal(m.refused, 3);
    assert_int_equal(m.last_r, -ESHUTDOWN);
}

static void a_directory_is_used_by_one_process_and_one_server(void **state)
{
    struct machine m, n;
    struct err err = {{0}};
    open_machine(&m, *state, (struct raft_host_options){0});
    assert_int_equal(try_open(&n, *state, (struct raft_host_options){0}, &err), -EBUSY);
    uv_loop_close(&n.loop);
    close_machine(&m);
    struct raft_host_options other = {.id = {{1, 2, 3}}};
    assert_int_equal(try_open(&n, *state, other, &err), -EINVAL);
    assert_non_null(strstr(err.text, "belongs to server"));
    uv_loop_close(&n.loop);
}

static void slow_applies_leave_the_loop_its_turns(void **state)
{
    struct machine m;
    open_machine(&m, NULL, (struct raft_host_options){0});
    wait_leader(&m);
    m.slow_ns = 3 * NSEC_MSEC;
    for (int i = 0; i < 10; i++)
        assert_int_equal(raft_host_propose(m.host, "x", 1, on_proposed, &m), 0);
    size_t turns = 0;
    while (m.answered < 10) {
        size_t before = m.answered;
        uv_run(&m.loop, UV_RUN_ONCE);
        assert_true(m.answered - before <= 2);
        turns++;
    }
    assert_true(turns >= 5);
    close_machine(&m);
}

/* The real disk, until it is told otherwise. */
static struct raft_fs bad_fs;
static int syncs_left;
static uint64_t space;

static int counted_sync(void *ctx, int fd)
{
    return __atomic_fetch_sub(&syncs_left, 1, __ATOMIC_SEQ_CST) > 0 ? raft_fs_real.sync(NULL, fd)
                                                                    : -EIO;
}
static int told_space(void *ctx, const char *path, uint64_t *ret)
{
    *ret = space;
    return 0;
}

static void a_failed_sync_stops_the_host_with_the_reason(void **state)
{
    struct machine m;
    bad_fs = raft_fs_real;
    bad_fs.sync = counted_sync;
    syncs_left = 1000;
    open_machine(&m, *state, (struct raft_host_options){.fs = &bad_fs});
    wait_leader(&m);
    propose(&m, 10);
    __atomic_store_n(&syncs_left, 0, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 5; i++)
        assert_int_equal(raft_host_propose(m.host, "lost", 4, on_proposed, &m), 0);
    while (!m.fatal[0])
        uv_run(&m.loop, UV_RUN_ONCE);
    assert_non_null(strstr(m.fatal, "wal-0000000000000001: offset "));
    assert_non_null(strstr(m.fatal, "Input/output error"));
    assert_int_equal(m.answered, 10);
    assert_int_equal(raft_host_propose(m.host, "x", 1, on_proposed, &m), -ESHUTDOWN);
    close_machine(&m);
    assert_int_equal(m.refused, 5);
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    assert_true(m.count >= 10);
    close_machine(&m);
}

static void a_nearly_full_disk_refuses_proposals(void **state)
{
    struct machine m;
    bad_fs = raft_fs_real;
    bad_fs.free_space = told_space;
    space = (UINT64_C(64) << 20) - 1;
    open_machine(&m, *state, (struct raft_host_options){.fs = &bad_fs});
    wait_leader(&m);
    assert_int_equal(raft_host_propose(m.host, "x", 1, on_proposed, &m), -ENOSPC);
    close_machine(&m);
    space++;
    open_machine(&m, *state, (struct raft_host_options){.fs = &bad_fs});
    wait_leader(&m);
    propose(&m, 1);
    close_machine(&m);
}

static int full_for_snapshots(void *ctx, const char *path, int flags)
{
    return strstr(path, "/snap-") && flags & O_CREAT ? -ENOSPC
                                                     : raft_fs_real.open(NULL, path, flags);
}
static void on_failed_snapshot(void *ctx, int r, uint64_t index)
{
    *(int *)ctx = r;
}

static void no_room_for_a_snapshot_stops_nothing(void **state)
{
    struct machine m;
    int r = 0;
    bad_fs = raft_fs_real;
    bad_fs.open = full_for_snapshots;
    open_machine(&m, *state, (struct raft_host_options){.fs = &bad_fs});
    wait_leader(&m);
    propose(&m, 3);
    assert_int_equal(raft_host_snapshot(m.host, on_failed_snapshot, &r), 0);
    while (!r)
        uv_run(&m.loop, UV_RUN_ONCE);
    assert_int_equal(r, -ENOSPC);
    assert_string_equal(m.fatal, "");
    propose(&m, 3);
    close_machine(&m);
}

static int refuse_write(void *pin, struct raft_sink *sink, struct err *err)
{
    return err_set(err, -EINVAL, "state cannot be written");
}

static void a_snapshot_that_fails_by_itself_stops_nothing(void **state)
{
    struct machine m = {0};
    struct raft_host_callbacks cb = callbacks;
    struct err err = {{0}};
    int r = 0;
    cb.snapshot_write = refuse_write;
    uv_loop_init(&m.loop);
    struct raft_host_options o = {.dir = *state,
                                  .bootstrap = {.n = 1, .servers = {{.voter = true}}}};
    assert_int_equal(raft_host_open(&m.loop, &o, &cb, &m, &m.host, &err), 0);
    wait_leader(&m);
    propose(&m, 3);
    assert_int_equal(raft_host_snapshot(m.host, on_failed_snapshot, &r), 0);
    while (!r)
        uv_run(&m.loop, UV_RUN_ONCE);
    assert_int_equal(r, -EINVAL);
    propose(&m, 3);
    close_machine(&m);
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    assert_int_equal(m.count, 6);
    close_machine(&m);
}

static void closing_while_a_snapshot_is_written_waits_for_it(void **state)
{
    struct machine m;
    uint64_t at = 0;
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    propose(&m, 3);
    assert_int_equal(raft_host_snapshot(m.host, NULL, &at), 0);
    close_machine(&m);
    assert_int_equal(m.snapshots, 1);
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    assert_int_equal(m.count, 3);
    close_machine(&m);
}

static void memory_only_logs_forget_what_is_applied(void **state)
{
    struct machine m;
    struct raft_host_stats s;
    open_machine(&m, NULL, (struct raft_host_options){.snapshot_entries = 50});
    wait_leader(&m);
    for (int i = 0; i < 20; i++)
        propose(&m, 20);
    raft_host_stats(m.host, &s);
    assert_true(s.last_snapshot_index > 300);
    assert_int_equal(m.count, 400);
    close_machine(&m);
}

static void on_proposed_again(void *ctx, int r, uint64_t index, void *result)
{
    struct machine *m = ctx;
    on_proposed(ctx, r, index, result);
    if (r == 0 && m->answered < 50)
        assert_int_equal(raft_host_propose(m->host, "more", 4, on_proposed_again, m), 0);
    else if (r == 0)
        raft_host_close(m->host, on_closed, m);
    else
        assert_int_equal(raft_host_propose(m->host, "late", 4, on_proposed, m), -ESHUTDOWN);
}

static void answers_may_propose_again_and_close(void **state)
{
    struct machine m;
    open_machine(&m, *state, (struct raft_host_options){0});
    wait_leader(&m);
    for (int i = 0; i < 8; i++)
        assert_int_equal(raft_host_propose(m.host, "first", 5, on_proposed_again, &m), 0);
    while (!m.closed)
        uv_run(&m.loop, UV_RUN_ONCE);
    assert_int_equal(m.answered, 50);
    assert_int_equal(m.refused, 7);
    uv_run(&m.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&m.loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_applied_in_order_and_answered_in_memory),
        cmocka_unit_test_setup_teardown(everything_acknowledged_is_there_after_a_restart, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_group_of_proposals_shares_a_sync, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(snapshots_replace_the_log_and_are_restored, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_snapshot_can_be_asked_for, make_dir, remove_dir),
        cmocka_unit_test(limits_are_refused_at_once),
        cmocka_unit_test_setup_teardown(a_directory_is_used_by_one_process_and_one_server, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_failed_sync_stops_the_host_with_the_reason, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_nearly_full_disk_refuses_proposals, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_snapshot_that_fails_by_itself_stops_nothing, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(no_room_for_a_snapshot_stops_nothing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(closing_while_a_snapshot_is_written_waits_for_it, make_dir,
                                        remove_dir),
        cmocka_unit_test(memory_only_logs_forget_what_is_applied),
        cmocka_unit_test_setup_teardown(answers_may_propose_again_and_close, make_dir, remove_dir),
        cmocka_unit_test(slow_applies_leave_the_loop_its_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
