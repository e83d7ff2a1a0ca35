// SPDX-License-Identifier: Apache-2.0
/* Every single disk operation of a server's life (creation, appends, new segments, snapshots,
 * deletions, restarts) fails once, in every way; whatever was acknowledged is there afterwards. */
#include "tests/unit/cmocka_all.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "tests/support/raft/replica.h"

struct life {
    struct replica r;
    VEC(uint32_t) acked;
    uint32_t next;
    struct err err;
};

static void on_acked(void *ctx, struct replica *r, uint32_t value)
{
    struct life *l = ctx;
    assert_int_equal(vec_push(&l->acked, value), 0);
}

static void life_start(struct life *l, uint64_t seed)
{
    *l = (struct life){0};
    replica_init(&l->r, 1, seed);
    l->r.segment_bytes = 5120;
    l->r.snapshot_every = 12;
    l->r.trailing = 4;
    l->r.ctx = l;
    l->r.acked_cb = on_acked;
}

static void life_end(struct life *l)
{
    replica_free(&l->r);
    vec_free(&l->acked);
}

/* 0, or < 0 when the process stopped with a reason. */
static int run_once(struct life *l, size_t n)
{
    l->err.text[0] = '\0';
    int e = replica_start(&l->r, 0, &l->err);
    if (e >= 0)
        e = replica_settle(&l->r, 0, &l->err);
    for (size_t i = 0; i < n && e >= 0; i++) {
        e = replica_propose(&l->r, 0, l->next++);
        if (e >= 0 && i % 3 == 0)
            e = replica_settle(&l->r, 0, &l->err);
    }
    if (e >= 0)
        e = replica_settle(&l->r, 0, &l->err);
    return e;
}

static bool has(const struct life *l, uint32_t v)
{
    for (size_t i = 0; i < l->r.values.n; i++)
        if (l->r.values.items[i] == v)
            return true;
    return false;
}

static void check(struct life *l, uint64_t k, enum memfs_fault f, uint64_t seed, const char *when)
{
    if (run_once(l, 0) < 0)
        fail_msg("op %" PRIu64 " fault %d seed %" PRIu64 " %s: %s", k, f, seed, when, l->err.text);
    for (size_t i = 0; i < l->acked.n; i++)
        if (!has(l, l->acked.items[i]))
            fail_msg("op %" PRIu64 " fault %d seed %" PRIu64 " %s: acknowledged %" PRIu32
                     " is lost",
                     k, f, seed, when, l->acked.items[i]);
}

/* Three runs with restarts in between; stops at the first error. */
static int scenario(struct life *l)
{
    int e = 0;
    for (int i = 0; i < 3 && e >= 0; i++) {
        e = run_once(l, 60);
        if (e >= 0)
            replica_stop(&l->r);
    }
    return e;
}

static bool walk_one(uint64_t k, enum memfs_fault f, uint64_t seed)
{
    struct life l;
    life_start(&l, seed);
    l.r.disk.fault_at = k;
    l.r.disk.fault = f;
    int e = scenario(&l);
    bool hit = l.r.disk.fault_hit;
    if (hit && e >= 0)
        fail_msg("op %" PRIu64 " fault %d: went unnoticed", k, f);
    if (hit && !l.err.text[0])
        fail_msg("op %" PRIu64 " fault %d: no reason given", k, f);
    replica_stop(&l.r);
    if (f == MEMFS_STOP)
        memfs_power_cut(&l.r.disk);
    check(&l, k, f, seed, "after it");
    replica_stop(&l.r);
    if (run_once(&l, 7) < 0)
        fail_msg("op %" PRIu64 " fault %d: cannot go on: %s", k, f, l.err.text);
    replica_stop(&l.r);
    memfs_power_cut(&l.r.disk);
    check(&l, k, f, seed, "after a later power cut");
    life_end(&l);
    return l.r.disk.ops >= k;
}

static void walk(enum memfs_fault f, uint64_t seeds)
{
    enum log_level old = log_threshold;
    log_threshold = LOGL_ERROR;
    uint64_t k = 1, n = 0;
    struct life l;
    life_start(&l, 1);
    assert_true(scenario(&l) >= 0);
    n = l.r.disk.ops;
    life_end(&l);
    assert_true(n > 150);
    for (; k <= n; k++)
        for (uint64_t s = 1; s <= seeds; s++)
            walk_one(k, f, s);
    log_threshold = old;
}

static void power_may_be_cut_at_every_operation(void **state)
{
    walk(MEMFS_STOP, 3);
}
static void every_operation_may_fail(void **state)
{
    walk(MEMFS_EIO, 2);
}
static void the_disk_may_be_full_at_every_operation(void **state)
{
    walk(MEMFS_ENOSPC, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_may_be_cut_at_every_operation),
        cmocka_unit_test(every_operation_may_fail),
        cmocka_unit_test(the_disk_may_be_full_at_every_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
