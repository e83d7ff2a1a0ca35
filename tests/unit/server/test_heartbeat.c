// SPDX-License-Identifier: Apache-2.0
#include "server/heartbeat.h"
#include "tests/unit/server/fixture.h"
#include "tests/unit/cmocka_all.h"

static const struct heartbeat_options options = {10 * NSEC_SEC, 5 * NSEC_SEC, 2};

struct hb {
    struct fx *f;
    struct venv v;
    struct heartbeat *h;
    size_t expired;
    struct uuid last;
};

static void expired_cb(void *ctx, const struct uuid *id)
{
    struct hb *x = ctx;
    x->expired++;
    x->last = *id;
}

static void open_hb(struct hb *x, struct fx *f)
{
    *x = (struct hb){.f = f};
    venv_init(&x->v, 1, NOW, f->st, f->index);
    x->h = heartbeat_new(&x->v.env, &options, expired_cb, x);
}

static void close_hb(struct hb *x)
{
    heartbeat_free(x->h);
    assert_int_equal(x->v.heap.n, 0); /* no timer is left */
    venv_free(&x->v);
}

static void silent_nodes_expire_after_their_time_and_the_grace(void **state)
{
    struct fx *f = *state;
    struct hb x;
    struct node *down = fx_node(f, 2);
    down->status = NODE_DOWN;
    fx_add_node(f, fx_node(f, 1));
    fx_add_node(f, down);
    open_hb(&x, f);
    heartbeat_start(x.h, fx_snap(f));
    assert_int_equal(heartbeat_active(x.h), 1); /* who is down needs no clock */
    venv_run(&x.v, NOW + 14 * NSEC_SEC);
    assert_int_equal(x.expired, 0);
    venv_run(&x.v, NOW + 26 * NSEC_SEC);
    assert_int_equal(x.expired, 1);
    struct uuid one = fx_id('n', 1);
    assert_memory_equal(&x.last, &one, sizeof(one));
    assert_int_equal(heartbeat_active(x.h), 0);
    venv_run(&x.v, NOW + NSEC_HOUR);
    assert_int_equal(x.expired, 1);
    close_hb(&x);
}

static void who_is_heard_of_stays(void **state)
{
    struct hb x;
    struct uuid id = fx_id('n', 7);
    open_hb(&x, *state);
    assert_true(heartbeat_reset(x.h, &id) >= options.min_ttl);
    assert_int_equal(heartbeat_active(x.h), 0); /* not leading */
    heartbeat_start(x.h, fx_snap(*state));
    for (int i = 0; i < 50; i++) {
        nsec_t ttl = heartbeat_reset(x.h, &id);
        assert_in_range(ttl, options.min_ttl, 2 * options.min_ttl);
        venv_run(&x.v, x.v.now + ttl);
    }
    assert_int_equal(x.expired, 0);
    heartbeat_forget(x.h, &id);
    venv_run(&x.v, x.v.now + NSEC_HOUR);
    assert_int_equal(x.expired, 0);
    close_hb(&x);
}

static void many_nodes_are_spread_over_a_longer_time(void **state)
{
    struct hb x;
    struct uuid id;
    open_hb(&x, *state);
    heartbeat_start(x.h, fx_snap(*state));
    for (unsigned i = 0; i < 200; i++) {
        id = fx_id('n', i);
        heartbeat_reset(x.h, &id);
    }
    assert_in_range(heartbeat_reset(x.h, &id), 100 * NSEC_SEC, 200 * NSEC_SEC);
    close_hb(&x);
}

static void a_new_leader_gives_everybody_a_full_time(void **state)
{
    struct fx *f = *state;
    struct hb x;
    fx_add_node(f, fx_node(f, 1));
    open_hb(&x, f);
    heartbeat_start(x.h, fx_snap(f));
    venv_run(&x.v, NOW + 14 * NSEC_SEC);
    heartbeat_stop(x.h);
    heartbeat_stop(x.h);
    venv_run(&x.v, NOW + NSEC_HOUR);
    assert_int_equal(x.expired, 0);
    heartbeat_start(x.h, fx_snap(f));
    venv_run(&x.v, NOW + NSEC_HOUR + 14 * NSEC_SEC);
    assert_int_equal(x.expired, 0);
    venv_run(&x.v, NOW + NSEC_HOUR + 26 * NSEC_SEC);
    assert_int_equal(x.expired, 1);
    close_hb(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(silent_nodes_expire_after_their_time_and_the_grace,
                                        fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(who_is_heard_of_stays, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(many_nodes_are_spread_over_a_longer_time, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_new_leader_gives_everybody_a_full_time, fx_setup,
                                        fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
