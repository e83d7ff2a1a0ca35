// SPDX-License-Identifier: Apache-2.0
#include "systemd/start_queue.h"
#include "tests/unit/cmocka_all.h"

struct waiting {
    struct list node;
    int id;
};

static int next_id(struct list *queues)
{
    struct list *n = start_queue_next(queues);
    return n ? list_item(n, struct waiting, node)->id : -1;
}

static void add(struct list *queues, struct waiting *w, const char *slice, int id)
{
    *w = (struct waiting){.id = id};
    assert_int_equal(start_queue_add(queues, slice, &w->node), 0);
}

static void a_slice_with_many_starts_does_not_hold_up_the_others(void **state)
{
    struct list queues;
    struct waiting w[12];
    list_init(&queues);
    for (int i = 0; i < 8; i++)
        add(&queues, &w[i], "a.slice", i);
    add(&queues, &w[8], "b.slice", 8);
    add(&queues, &w[9], "b.slice", 9);
    add(&queues, &w[10], "c.slice", 10);
    static const int want[] = {0, 8, 10, 1, 9, 2, 3, 4, 5, 6, 7, -1};
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_int_equal(next_id(&queues), want[i]);
}

static void a_slice_that_comes_late_waits_for_one_start_of_each_other(void **state)
{
    struct list queues;
    struct waiting w[8];
    list_init(&queues);
    for (int i = 0; i < 4; i++)
        add(&queues, &w[i], i < 2 ? "a.slice" : "b.slice", i);
    assert_int_equal(next_id(&queues), 0);
    add(&queues, &w[4], "late.slice", 4);
    static const int want[] = {2, 1, 4, 3, -1};
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_int_equal(next_id(&queues), want[i]);
}

static void what_was_cancelled_takes_no_turn(void **state)
{
    struct list queues;
    struct waiting w[4];
    list_init(&queues);
    add(&queues, &w[0], "a.slice", 0);
    add(&queues, &w[1], "b.slice", 1);
    add(&queues, &w[2], "b.slice", 2);
    list_del(&w[0].node);
    list_del(&w[1].node);
    assert_int_equal(next_id(&queues), 2);
    assert_int_equal(next_id(&queues), -1);
    add(&queues, &w[3], "a.slice", 3);
    list_del(&w[3].node);
    start_queue_prune(&queues);
    assert_true(list_empty(&queues));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_with_many_starts_does_not_hold_up_the_others),
        cmocka_unit_test(a_slice_that_comes_late_waits_for_one_start_of_each_other),
        cmocka_unit_test(what_was_cancelled_takes_no_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
