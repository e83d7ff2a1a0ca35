// SPDX-License-Identifier: Apache-2.0
/* Readers against a writer that commits and restores; worth most under the thread sanitizer:
 * meson setup build-tsan -Db_sanitize=thread -Db_lundef=false */
#include "tests/unit/cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/state/fixture.h"

enum { ALLOCS = 50, NODES = 7, READERS = 2 };

struct shared {
    struct state *st;
    atomic_bool stop;
    atomic_uint rounds;
};

/* Within one version all counts agree; a torn one would not. */
static void look(const struct snap *v)
{
    struct state_iter it;
    int64_t on_nodes = 0, of_job = 0;
    for (unsigned n = 0; n < NODES; n++) {
        struct uuid id = uuid_n('n', n);
        on_nodes += state_node_usage(v, &id).allocs;
    }
    state_allocs_by_job(&it, v, "default", "job1");
    for (const struct allocation *a; (a = state_next(&it));) {
        of_job += alloc_holds_resources(a);
        if (a->job->version != a->job_version)
            abort();
    }
    if (on_nodes != of_job)
        abort();
}

static void *reader(void *arg)
{
    struct shared *s = arg;
    const struct allocation *kept = NULL;
    for (unsigned i = 0; !s->stop; i++) {
        struct snap *v = state_pin(s->st);
        look(v);
        struct uuid id = uuid_n('a', i % ALLOCS);
        state_unref(kept);
        kept = state_ref(state_get_alloc(v, &id));
        state_unpin(v);
        if (kept && !streq(kept->job_id, "job1"))
            abort();
        s->rounds++;
    }
    state_unref(kept);
    return NULL;
}

static void change(struct state *st, uint64_t index, unsigned n)
{
    struct fx_alloc f;
    struct uuid id = uuid_n('a', n % ALLOCS);
    const struct allocation *old = state_get_alloc(state_begin(st, index, 0), &id);
    if (!old) {
        assert_int_equal(state_upsert_alloc(st, fx_alloc(&f, n % ALLOCS, 1, n % NODES)), 0);
    } else if (n % 3) {
        struct allocation a = *old;
        a.client_status = (int32_t)(n % ALLOC_CLIENT_MAX);
        assert_int_equal(state_update_alloc_from_client(st, &a), 0);
    } else {
        assert_int_equal(state_delete_alloc(st, &id), 0);
    }
    state_commit(st);
}

static int sink(void *arg, const void *p, size_t n)
{
    buf_add(arg, p, n);
    return 0;
}

static void restore_own(struct state *st)
{
    cleanup_buf struct buf b = {0};
    struct snap *v = state_pin(st);
    assert_int_equal(state_write(v, sink, &b), 0);
    state_unpin(v);
    struct state_reader *r = state_reader_new();
    assert_int_equal(state_reader_feed(r, b.p, b.n, NULL), 0);
    assert_int_equal(state_reader_finish(r, NULL), 0);
    state_install(st, r);
    state_reader_free(r);
}

static void readers_see_whole_versions_across_commits_and_restores(void **state)
{
    struct shared s = {.st = state_new()};
    struct fx_job f;
    pthread_t threads[READERS];
    state_begin(s.st, 1, 0);
    assert_int_equal(state_upsert_job(s.st, fx_job(&f, 1), JOB_NEW_VERSION), 0);
    state_commit(s.st);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &s), 0);
    for (unsigned i = 2; i < 600 || s.rounds < 50; i++) {
        change(s.st, i, i * 7);
        if (i % 100 == 0)
            restore_own(s.st);
        if (i % 200 == 0)
            store_free(state_take_replaced(s.st));
        state_reclaim(s.st);
    }
    s.stop = true;
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    while (state_reclaim(s.st))
        ;
    state_free(s.st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_whole_versions_across_commits_and_restores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
