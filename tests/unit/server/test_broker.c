// SPDX-License-Identifier: Apache-2.0
#include "server/broker.h"
#include "tests/unit/server/fixture.h"
#include "tests/unit/cmocka_all.h"

static struct evaluation eval(unsigned n, const char *job, int64_t priority, uint64_t index)
{
    return (struct evaluation){.id = fx_id('e', n),
                               .ns = "default",
                               .job_id = job,
                               .priority = priority,
                               .create_index = index};
}

static void put(struct broker *b, const struct evaluation *e)
{
    assert_int_equal(broker_enqueue(b, e, NOW), 0);
}

static void expect_next(struct broker *b, nsec_t now, unsigned n)
{
    struct uuid id = {{0}}, want = fx_id('e', n);
    int attempt;
    assert_int_equal(broker_next(b, now, &id, &attempt), n != 0);
    if (n)
        assert_memory_equal(&id, &want, sizeof(id));
}

static void urgent_evaluations_come_first_then_old_ones(void **state)
{
    struct broker *b = broker_new();
    struct evaluation all[] = {eval(1, "a", 50, 9), eval(2, "b", 50, 7), eval(3, "c", 80, 11),
                               eval(4, "d", 20, 1), eval(5, "e", 50, 8)};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        put(b, &all[i]);
    put(b, &all[0]); /* again is harmless */
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        expect_next(b, NOW, (unsigned[]){3, 2, 5, 1, 4}[i]);
    expect_next(b, NOW, 0);
    broker_free(b);
}

static void a_job_is_worked_on_once_at_a_time(void **state)
{
    struct broker *b = broker_new();
    struct evaluation all[] = {eval(1, "a", 50, 1), eval(2, "a", 50, 2), eval(3, "b", 50, 3)};
    struct evaluation other = eval(4, "a", 10, 4);
    struct broker_stats s;
    other.ns = "other";
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        put(b, &all[i]);
    put(b, &other);
    expect_next(b, NOW, 1);
    expect_next(b, NOW, 3);
    expect_next(b, NOW, 4); /* a job of the same name elsewhere */
    expect_next(b, NOW, 0);
    broker_stats(b, NOW, &s);
    assert_int_equal(s.behind_job, 1);
    assert_int_equal(s.outstanding, 3);
    broker_ack(b, &all[0].id);
    expect_next(b, NOW, 2);
    broker_free(b);
}

static void delayed_evaluations_come_when_their_time_does(void **state)
{
    struct broker *b = broker_new();
    struct evaluation until = eval(1, "a", 50, 1), pause = eval(2, "b", 50, 2),
                      at_once = eval(3, "c", 10, 3);
    struct broker_stats s;
    until.wait_until = NOW + 10 * NSEC_SEC;
    pause.wait = 5 * NSEC_SEC;
    put(b, &until);
    put(b, &pause);
    assert_int_equal(broker_wake_time(b), NOW + 5 * NSEC_SEC);
    put(b, &at_once);
    broker_stats(b, NOW, &s);
    assert_int_equal(s.waiting, 2);
    assert_int_equal(s.ready, 1);
    expect_next(b, NOW, 3);
    expect_next(b, NOW, 0);
    expect_next(b, NOW + 5 * NSEC_SEC, 2);
    assert_int_equal(broker_wake_time(b), NOW + 10 * NSEC_SEC);
    expect_next(b, NOW + 10 * NSEC_SEC, 1);
    assert_int_equal(broker_wake_time(b), INT64_MAX);
    broker_free(b);
}

static void a_nacked_evaluation_comes_back_after_a_pause(void **state)
{
    struct broker *b = broker_new();
    struct evaluation e = eval(1, "a", 50, 1);
    struct uuid id;
    int attempt;
    put(b, &e);
    expect_next(b, NOW, 1);
    assert_int_equal(broker_nack(b, &e.id, NOW), 1);
    expect_next(b, NOW, 0);
    assert_int_equal(broker_wake_time(b), NOW + NSEC_SEC);
    assert_true(broker_next(b, NOW + NSEC_SEC, &id, &attempt));
    assert_int_equal(attempt, 2);
    assert_int_equal(broker_nack(b, &e.id, NOW), 2);
    assert_int_equal(broker_nack(b, &e.id, NOW), 0); /* it is nobody's */
    expect_next(b, NOW + 19 * NSEC_SEC, 0);
    expect_next(b, NOW + 20 * NSEC_SEC, 1);
    broker_free(b);
}

static void a_removed_evaluation_keeps_its_job_busy_until_its_run_ends(void **state)
{
    struct broker *b = broker_new();
    struct evaluation first = eval(1, "a", 50, 1), second = eval(2, "a", 50, 2);
    put(b, &first);
    put(b, &second);
    expect_next(b, NOW, 1);
    broker_remove(b, &first.id);
    broker_remove(b, &first.id);
    expect_next(b, NOW, 0);
    broker_ack(b, &first.id);
    expect_next(b, NOW, 2);
    broker_remove(b, &second.id);
    assert_int_equal(broker_nack(b, &second.id, NOW), 0);
    expect_next(b, NOW + NSEC_MIN, 0);
    broker_free(b);
}

static void an_evaluation_pending_again_during_its_run_is_run_again(void **state)
{
    struct broker *b = broker_new();
    struct evaluation e = eval(1, "a", 50, 1);
    put(b, &e);
    expect_next(b, NOW, 1);
    broker_remove(b, &e.id);
    put(b, &e);
    expect_next(b, NOW, 0);
    broker_ack(b, &e.id);
    expect_next(b, NOW, 1);
    broker_remove(b, &e.id);
    put(b, &e);
    broker_remove(b, &e.id);
    broker_ack(b, &e.id);
    expect_next(b, NOW, 0);
    broker_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urgent_evaluations_come_first_then_old_ones),
        cmocka_unit_test(a_job_is_worked_on_once_at_a_time),
        cmocka_unit_test(delayed_evaluations_come_when_their_time_does),
        cmocka_unit_test(a_nacked_evaluation_comes_back_after_a_pause),
        cmocka_unit_test(a_removed_evaluation_keeps_its_job_busy_until_its_run_ends),
        cmocka_unit_test(an_evaluation_pending_again_during_its_run_is_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
