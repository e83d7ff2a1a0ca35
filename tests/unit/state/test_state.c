// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/state/fixture.h"

static struct state *st;
static uint64_t raft_index;

static int setup(void **state)
{
    st = state_new();
    raft_index = 0;
    return st ? 0 : -1;
}

static int teardown(void **state)
{
    while (state_reclaim(st))
        ;
    st = state_free(st);
    return 0;
}

static void begin(void)
{
    state_begin(st, ++raft_index, 0);
}

static void commit(void)
{
    state_commit(st);
    struct snap *v = state_pin(st);
    fx_recount(v);
    state_unpin(v);
}

static void add_job(unsigned n)
{
    struct fx_job f;
    begin();
    assert_int_equal(state_upsert_job(st, fx_job(&f, n), JOB_NEW_VERSION), 0);
    commit();
}

static void put_alloc(const struct allocation *a)
{
    begin();
    assert_int_equal(state_upsert_alloc(st, a), 0);
    commit();
}

static void report_client(unsigned n, enum alloc_client status)
{
    begin();
    struct uuid id = uuid_n('a', n);
    struct allocation a = *state_get_alloc(state_txn(st), &id);
    a.client_status = (int32_t)status;
    assert_int_equal(state_update_alloc_from_client(st, &a), 0);
    commit();
}

static enum job_status job_status(unsigned n)
{
    char id[16];
    snprintf(id, sizeof(id), "job%u", n);
    struct snap *v = state_pin(st);
    enum job_status s = (enum job_status)state_get_job(v, "default", id)->status;
    state_unpin(v);
    return s;
}

static void a_jobs_status_follows_its_allocations_and_evaluations(void **state)
{
    struct fx_alloc f;
    add_job(1);
    assert_int_equal(job_status(1), JOB_PENDING);
    struct evaluation e = fx_eval(1, "job1");
    begin();
    assert_int_equal(state_upsert_eval(st, &e), 0);
    commit();
    assert_int_equal(job_status(1), JOB_PENDING);
    put_alloc(fx_alloc(&f, 1, 1, 1));
    assert_int_equal(job_status(1), JOB_RUNNING);
    e.status = EVAL_COMPLETE;
    begin();
    state_upsert_eval(st, &e);
    commit();
    report_client(1, ALLOC_RUNNING);
    assert_int_equal(job_status(1), JOB_RUNNING);
    report_client(1, ALLOC_COMPLETE);
    assert_int_equal(job_status(1), JOB_DEAD);
    begin();
    struct uuid alloc = uuid_n('a', 1);
    assert_int_equal(state_delete_alloc(st, &alloc), 0);
    assert_int_equal(state_delete_eval(st, &e.id), 0);
    assert_int_equal(state_delete_eval(st, &e.id), -ENOENT);
    commit();
    assert_int_equal(job_status(1), JOB_DEAD);
}

static void a_new_version_of_a_job_counts_up_and_six_are_kept(void **state)
{
    struct fx_job f;
    for (unsigned i = 0; i < 3; i++)
        add_job(1);
    begin();
    assert_int_equal(state_set_job_stable(st, "default", "job1", 2, true), 0);
    commit();
    for (unsigned i = 0; i < 6; i++)
        add_job(1);
    struct snap *v = state_pin(st);
    struct state_iter it;
    uint64_t expected[] = {8, 7, 6, 5, 4, 2};
    state_job_versions(&it, v, "default", "job1");
    for (unsigned i = 0; i < ARRAY_LEN(expected); i++)
        assert_int_equal(((const struct job *)state_next(&it))->version, expected[i]);
    assert_null(state_next(&it));
    const struct job *j = state_get_job(v, "default", "job1");
    assert_int_equal(j->create_index, 1);
    assert_int_equal(j->job_modify_index, raft_index);
    assert_int_equal(j->version, 8);
    state_unpin(v);
    begin();
    struct job *again = fx_job(&f, 1);
    again->version = 8;
    again->job_modify_index = 5;
    assert_int_equal(state_upsert_job(st, again, JOB_KEEP_VERSION), 0);
    commit();
    v = state_pin(st);
    assert_int_equal(state_get_job(v, "default", "job1")->version, 8);
    assert_int_equal(state_get_job(v, "default", "job1")->job_modify_index, 5);
    state_unpin(v);
}

static void a_summary_counts_queued_and_client_states(void **state)
{
    struct fx_alloc f;
    add_job(1);
    struct evaluation e = fx_eval(1, "job1");
    struct ikv queued = {"web", 2};
    e.queued_allocations = (struct imap){&queued, 1};
    begin();
    state_upsert_eval(st, &e);
    state_upsert_alloc(st, fx_alloc(&f, 1, 1, 1));
    state_upsert_alloc(st, fx_alloc(&f, 2, 1, 1));
    state_upsert_alloc(st, fx_alloc(&f, 3, 1, 2));
    commit();
    report_client(1, ALLOC_RUNNING);
    report_client(1, ALLOC_FAILED);
    report_client(2, ALLOC_LOST);
    struct snap *v = state_pin(st);
    const struct job_summary *s = state_get_job_summary(v, "default", "job1");
    const struct group_summary *g = omap_get(&s->summary, "web");
    assert_int_equal(g->queued, 0);
    assert_int_equal(g->failed, 1);
    assert_int_equal(g->lost, 1);
    assert_int_equal(g->starting, 1);
    assert_int_equal(s->modify_index, raft_index);
    assert_int_equal(s->create_index, 1);
    state_unpin(v);
}

static void a_parents_summary_counts_its_children(void **state)
{
    struct fx_job f;
    struct periodic_config cron = {.enabled = true};
    begin();
    struct job *parent = fx_job(&f, 1);
    parent->periodic = &cron;
    state_upsert_job(st, parent, JOB_NEW_VERSION);
    state_commit(st);
    assert_int_equal(job_status(1), JOB_RUNNING);
    begin();
    struct job *child = fx_job(&f, 2);
    child->parent_id = "job1";
    state_upsert_job(st, child, JOB_NEW_VERSION);
    struct fx_alloc fa;
    state_upsert_alloc(st, fx_alloc(&fa, 1, 2, 1));
    state_commit(st);
    struct snap *v = state_pin(st);
    const struct children_summary *c = state_get_job_summary(v, "default", "job1")->children;
    assert_int_equal(c->pending, 0);
    assert_int_equal(c->running, 1);
    state_unpin(v);
    begin();
    assert_int_equal(state_delete_job(st, "default", "job2"), 0);
    assert_int_equal(state_delete_job(st, "default", "job2"), -ENOENT);
    state_commit(st);
    v = state_pin(st);
    c = state_get_job_summary(v, "default", "job1")->children;
    assert_int_equal(c->running, 0);
    assert_int_equal(c->dead, 1);
    assert_null(state_get_job_summary(v, "default", "job2"));
    assert_null(state_get_job_version(v, "default", "job2", 0));
    state_unpin(v);
}

static void an_allocation_keeps_its_job_when_the_job_is_gone(void **state)
{
    struct fx_alloc f;
    add_job(1);
    put_alloc(fx_alloc(&f, 1, 1, 1));
    begin();
    state_delete_job(st, "default", "job1");
    commit();
    add_job(1);
    begin();
    struct allocation *lost = fx_alloc(&f, 2, 1, 1);
    lost->job_create_index = 1;
    assert_int_equal(state_upsert_alloc(st, lost), -ENOENT);
    lost = fx_alloc(&f, 2, 9, 1);
    assert_int_equal(state_upsert_alloc(st, lost), -ENOENT);
    commit();
    report_client(1, ALLOC_RUNNING);
    struct snap *v = state_pin(st);
    struct uuid id = uuid_n('a', 1);
    const struct job *j = state_ref(state_get_alloc(v, &id)->job);
    const struct allocation *a = state_ref(state_get_alloc(v, &id));
    assert_string_equal(j->id, "job1");
    assert_int_equal(j->create_index, 1);
    assert_int_equal(state_get_job(v, "default", "job1")->create_index, 4);
    state_unpin(v);
    begin();
    state_delete_alloc(st, &id);
    commit();
    assert_string_equal(a->job_id, "job1");
    state_unref(a);
    assert_string_equal(j->task_groups.n ? "web" : "", "web");
    state_unref(j);
}

static void a_replacement_is_linked_from_its_predecessor(void **state)
{
    struct fx_alloc f;
    add_job(1);
    put_alloc(fx_alloc(&f, 1, 1, 1));
    struct allocation *a = fx_alloc(&f, 2, 1, 2);
    a->previous_allocation = uuid_n('a', 1);
    put_alloc(a);
    struct snap *v = state_pin(st);
    struct uuid first = uuid_n('a', 1), second = uuid_n('a', 2);
    assert_true(uuid_eq(&state_get_alloc(v, &first)->next_allocation, &second));
    assert_int_equal(state_get_alloc(v, &first)->alloc_modify_index, 2);
    assert_int_equal(state_get_alloc(v, &first)->modify_index, 3);
    state_unpin(v);
}

static void a_finished_evaluation_cancels_the_blocked_ones(void **state)
{
    add_job(1);
    struct evaluation blocked = fx_eval(1, "job1"), done = fx_eval(2, "job1");
    blocked.status = EVAL_BLOCKED;
    done.status = EVAL_COMPLETE;
    begin();
    state_upsert_eval(st, &blocked);
    commit();
    begin();
    state_upsert_eval(st, &done);
    commit();
    struct snap *v = state_pin(st);
    assert_int_equal(state_get_eval(v, &blocked.id)->status, EVAL_CANCELED);
    assert_int_equal(state_get_eval(v, &blocked.id)->modify_index, raft_index);
    state_unpin(v);
}

static void a_deployment_counts_placed_and_healthy(void **state)
{
    struct fx_alloc f;
    struct deployment_state ds = {.desired_total = 2, .progress_deadline = 100};
    struct okv group = {"web", &ds};
    struct deployment d = {
        .id = uuid_n('d', 1), .ns = "default", .job_id = "job1", .task_groups = {&group, 1}};
    add_job(1);
    begin();
    state_upsert_deployment(st, &d);
    struct allocation *a = fx_alloc(&f, 1, 1, 1);
    a->deployment_id = d.id;
    a->deployment_status = &f.status;
    a->modify_time = 1000;
    f.status.canary = true;
    state_upsert_alloc(st, a);
    commit();
    f.status.healthy = 1;
    f.status.timestamp = 5000;
    begin();
    state_update_alloc_from_client(st, a);
    commit();
    struct snap *v = state_pin(st);
    const struct deployment *got = state_latest_deployment(v, "default", "job1");
    const struct deployment_state *s = omap_get(&got->task_groups, "web");
    assert_int_equal(s->placed, 1);
    assert_int_equal(s->healthy, 1);
    assert_int_equal(s->placed_canaries.n, 1);
    assert_int_equal(s->require_progress_by, 5100);
    assert_int_equal(state_get_alloc(v, &a->id)->deployment_status->modify_index, raft_index);
    struct deployment done = *got;
    done.status = DEPLOYMENT_SUCCESSFUL;
    begin();
    state_upsert_deployment(st, &done);
    commit();
    state_unpin(v);
    v = state_pin(st);
    assert_true(state_get_job(v, "default", "job1")->stable);
    assert_true(state_get_job_version(v, "default", "job1", 0)->stable);
    state_unpin(v);
}

static size_t count_prefix(const struct snap *v, const char *prefix, int expected)
{
    struct state_iter it;
    size_t n = 0;
    assert_int_equal(state_iter_uuid_prefix(&it, v, TABLE_NODES, prefix), expected);
    while (state_next(&it))
        n++;
    return n;
}

static void objects_are_found_by_the_start_of_their_id(void **state)
{
    begin();
    for (unsigned i = 0; i < 16; i++) {
        struct node n = fx_node(i);
        n.id = (struct uuid){{0xab, (uint8_t)(i << 4), 3, 4, 5, (uint8_t)i}};
        assert_int_equal(state_upsert_node(st, &n), 0);
    }
    struct fx_job f;
    for (unsigned i = 1; i < 13; i++)
        state_upsert_job(st, fx_job(&f, i), JOB_NEW_VERSION);
    commit();
    struct snap *v = state_pin(st);
    assert_int_equal(count_prefix(v, "", 0), 16);
    assert_int_equal(count_prefix(v, "AB", 0), 16);
    assert_int_equal(count_prefix(v, "ab3", 0), 1);
    assert_int_equal(count_prefix(v, "ab3003", 0), 1);
    assert_int_equal(count_prefix(v, "ab300304-", 0), 1);
    assert_int_equal(count_prefix(v, "ab300304-0503-0", 0), 1);
    assert_int_equal(count_prefix(v, "ab300304-0504", 0), 0);
    assert_int_equal(count_prefix(v, "ab300304a", -EINVAL), 0);
    assert_int_equal(count_prefix(v, "xyz", -EINVAL), 0);
    struct state_iter it;
    size_t n = 0;
    state_iter_id_prefix(&it, v, TABLE_JOBS, "default", "job1");
    while (state_next(&it))
        n++;
    assert_int_equal(n, 4);
    state_iter_id_prefix(&it, v, TABLE_JOBS, "other", NULL);
    assert_null(state_next(&it));
    for (n = 0, state_nodes_by_class(&it, v, "odd"); state_next(&it); n++)
        ;
    assert_int_equal(n, 8);
    state_unpin(v);
}

static int rung;
static void ring(struct store_watch *w, uint64_t index)
{
    rung++;
}

static void a_client_waits_for_its_own_allocations_only(void **state)
{
    struct fx_alloc f;
    struct store_watch mine = {.cb = ring}, other = {.cb = ring};
    struct uuid n1 = uuid_n('n', 1), n2 = uuid_n('n', 2), a1 = uuid_n('a', 1);
    struct state_key k1 = state_key_uuid(TABLE_ALLOCS, ALLOCS_BY_NODE, &n1);
    struct state_key k2 = state_key_uuid(TABLE_ALLOCS, ALLOCS_BY_NODE, &n2);
    rung = 0;
    add_job(1);
    put_alloc(fx_alloc(&f, 1, 1, 1));
    put_alloc(fx_alloc(&f, 2, 1, 2));
    struct snap *v = state_pin(st);
    assert_int_equal(state_key_index(v, &k1), 2);
    assert_int_equal(state_key_index(v, &k2), 3);
    state_unpin(v);
    assert_int_equal(state_watch(st, &mine, &k1, 1), 1);
    assert_int_equal(state_watch(st, &mine, &k1, 2), 0);
    assert_int_equal(state_watch(st, &other, &k2, 3), 0);
    begin();
    state_delete_alloc(st, &a1);
    commit();
    assert_int_equal(rung, 1);
    v = state_pin(st);
    assert_int_equal(state_key_index(v, &k1), 4);
    assert_int_equal(state_key_index(v, &k2), 3);
    state_unpin(v);
    store_watch_cancel(&other);
}

static void ids_too_long_are_refused_and_never_found(void **state)
{
    char id[600];
    struct fx_job f;
    memset(id, 'j', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    begin();
    struct job *j = fx_job(&f, 1);
    j->id = id;
    assert_int_equal(state_upsert_job(st, j, JOB_NEW_VERSION), -ENAMETOOLONG);
    assert_null(state_get_job(state_txn(st), "default", id));
    assert_int_equal(state_delete_job(st, "default", id), -ENOENT);
    struct state_iter it;
    state_iter_id_prefix(&it, state_txn(st), TABLE_JOBS, "default", id);
    assert_null(state_next(&it));
    struct state_key k = state_key_text(TABLE_JOBS, STATE_BY_ID, "default", id);
    assert_int_equal(state_key_index(state_txn(st), &k), 0);
    commit();
}

static void the_scheduler_has_settings_before_anyone_made_some(void **state)
{
    struct snap *v = state_pin(st);
    assert_true(state_scheduler_config(v)->preemption->system);
    state_unpin(v);
    struct scheduler_config c = {.algorithm = SCHEDULER_SPREAD};
    begin();
    assert_int_equal(state_set_scheduler_config(st, &c), 0);
    commit();
    v = state_pin(st);
    assert_int_equal(state_scheduler_config(v)->algorithm, SCHEDULER_SPREAD);
    assert_int_equal(state_scheduler_config(v)->create_index, 1);
    state_unpin(v);
}

static uint64_t rnd(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    return *s ^= *s << 17;
}

static void random_step(uint64_t *seed)
{
    unsigned job = (unsigned)(rnd(seed) % 5), n = (unsigned)(rnd(seed) % 60);
    char id[16];
    struct fx_job fj;
    struct fx_alloc fa;
    struct uuid alloc = uuid_n('a', n);
    const struct allocation *old = state_get_alloc(state_txn(st), &alloc);
    snprintf(id, sizeof(id), "job%u", job);
    struct evaluation e = fx_eval(n, id);
    switch (rnd(seed) % 7) {
    case 0:
        state_upsert_job(st, fx_job(&fj, job), JOB_NEW_VERSION);
        break;
    case 1:
        if (rnd(seed) % 4 == 0)
            state_delete_job(st, "default", id);
        break;
    case 2:
        e.status = (int32_t)(rnd(seed) % EVAL_STATUS_MAX);
        state_upsert_eval(st, &e);
        break;
    case 3:
        if (old)
            state_delete_alloc(st, &alloc);
        break;
    default: {
        const struct job *j = state_get_job(state_txn(st), "default", id);
        if (!old && j) {
            struct allocation *a = fx_alloc(&fa, n, job, n % 16);
            a->job_version = j->version;
            assert_int_equal(state_upsert_alloc(st, a), 0);
        } else if (old) {
            struct allocation a = *old;
            a.client_status = (int32_t)(rnd(seed) % ALLOC_CLIENT_MAX);
            a.desired_status = rnd(seed) % 4 ? ALLOC_RUN : ALLOC_STOP;
            assert_int_equal(state_update_alloc_from_client(st, &a), 0);
        }
    }
    }
}

/* Runs the same steps as often as asked for: they depend on nothing but the seed. */
static void random_life(uint64_t seed, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++) {
        begin();
        for (uint64_t n = rnd(&seed) % 8; n > 0; n--)
            random_step(&seed);
        commit();
    }
}

static void counters_equal_a_recount_after_random_entries(void **state)
{
    random_life(99, 400);
}

static void replaying_the_same_entries_gives_the_same_hash(void **state)
{
    uint64_t hashes[3];
    for (unsigned i = 0; i < 3; i++) {
        random_life(i == 2 ? 8 : 7, 60);
        struct snap *v = state_pin(st);
        hashes[i] = state_hash(v);
        state_unpin(v);
        teardown(state);
        setup(state);
    }
    assert_int_equal(hashes[0], hashes[1]);
    assert_int_not_equal(hashes[0], hashes[2]);
}

/* --- streams --- */
static int sink(void *arg, const void *p, size_t n)
{
    buf_add(arg, p, n);
    return 0;
}

static struct buf write_all(void)
{
    struct buf b = {0};
    struct snap *v = state_pin(st);
    assert_int_equal(state_write(v, sink, &b), 0);
    state_unpin(v);
    return b;
}

static int read_all(struct state_reader *r, const char *p, size_t n, size_t step, struct err *err)
{
    for (size_t i = 0; i < n; i += step) {
        int q = state_reader_feed(r, p + i, MIN(step, n - i), err);
        if (q < 0)
            return q;
    }
    return state_reader_finish(r, err);
}

struct ear {
    struct store_listener listener;
    int restored;
};

static void hear(struct store_listener *l, const struct store_changes *c)
{
    struct ear *e = container_of(l, struct ear, listener);
    e->restored += c->cause == STATE_RESTORED && c->n == 0;
}

static void a_restored_state_is_the_one_written(void **state)
{
    struct err err = {{0}};
    random_life(5, 150);
    struct buf b = write_all();
    struct uuid node = uuid_n('n', 3), gone = uuid_n('a', 59);
    struct state_key by_node = state_key_uuid(TABLE_ALLOCS, ALLOCS_BY_NODE, &node);
    struct state_key by_id = state_key_uuid(TABLE_ALLOCS, STATE_BY_ID, &gone);
    struct snap *before = state_pin(st);
    uint64_t hash = state_hash(before);
    struct state_reader *r = state_reader_new();
    assert_int_equal(read_all(r, b.p, b.n, 7, &err), 0);
    random_life(6, 20);
    struct ear ear = {.listener.cb = hear};
    struct store_watch w = {.cb = ring};
    rung = 0;
    state_listen(st, &ear.listener);
    assert_int_equal(state_watch(st, &w, &by_node, UINT64_MAX), 0);
    state_install(st, r);
    state_reader_free(r);
    assert_int_equal(rung, 1);
    assert_int_equal(ear.restored, 1);
    struct snap *after = state_pin(st);
    assert_int_equal(state_hash(before), hash);
    assert_int_equal(state_hash(after), hash);
    assert_int_equal(state_key_index(after, &by_node), state_key_index(before, &by_node));
    assert_int_equal(state_key_index(after, &by_id), state_key_index(before, &by_id));
    fx_recount(after);
    state_unpin(before);
    state_unpin(after);
    struct buf again = write_all();
    assert_int_equal(again.n, b.n);
    assert_memory_equal(again.p, b.p, b.n);
    buf_free(&again);
    buf_free(&b);
    raft_index = 1000;
    random_life(8, 20);
    store_unlisten(&ear.listener);
}

static void an_allocations_lost_job_survives_a_restore(void **state)
{
    struct fx_alloc f;
    add_job(1);
    put_alloc(fx_alloc(&f, 1, 1, 1));
    put_alloc(fx_alloc(&f, 2, 1, 1));
    begin();
    state_delete_job(st, "default", "job1");
    commit();
    struct buf b = write_all();
    struct state_reader *r = state_reader_new();
    assert_int_equal(read_all(r, b.p, b.n, 4096, NULL), 0);
    state_install(st, r);
    state_reader_free(r);
    buf_free(&b);
    struct snap *v = state_pin(st);
    struct uuid id = uuid_n('a', 1);
    assert_string_equal(state_get_alloc(v, &id)->job->id, "job1");
    state_unpin(v);
}

static void a_damaged_or_cut_stream_is_refused(void **state)
{
    random_life(3, 12);
    struct buf b = write_all();
    for (size_t i = 0; i < b.n; i += 1 + b.n / 400) {
        struct err err = {{0}};
        struct state_reader *r = state_reader_new();
        b.p[i] ^= 0x11;
        assert_int_equal(read_all(r, b.p, b.n, b.n, &err), -EBADMSG);
        assert_true(err.text[0]);
        b.p[i] ^= 0x11;
        state_reader_free(r);
        r = state_reader_new();
        assert_int_equal(read_all(r, b.p, i, b.n, &err), -EBADMSG);
        state_reader_free(r);
    }
    buf_free(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_jobs_status_follows_its_allocations_and_evaluations),
        T(a_new_version_of_a_job_counts_up_and_six_are_kept),
        T(a_summary_counts_queued_and_client_states),
        T(a_parents_summary_counts_its_children),
        T(an_allocation_keeps_its_job_when_the_job_is_gone),
        T(a_replacement_is_linked_from_its_predecessor),
        T(a_finished_evaluation_cancels_the_blocked_ones),
        T(a_deployment_counts_placed_and_healthy),
        T(objects_are_found_by_the_start_of_their_id),
        T(a_client_waits_for_its_own_allocations_only),
        T(ids_too_long_are_refused_and_never_found),
        T(the_scheduler_has_settings_before_anyone_made_some),
        T(counters_equal_a_recount_after_random_entries),
        T(replaying_the_same_entries_gives_the_same_hash),
        T(a_restored_state_is_the_one_written),
        T(an_allocations_lost_job_survives_a_restore),
        T(a_damaged_or_cut_stream_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
