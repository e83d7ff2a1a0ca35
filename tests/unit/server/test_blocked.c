// SPDX-License-Identifier: Apache-2.0
#include "server/blocked.h"
#include "tests/unit/server/fixture.h"
#include "tests/unit/cmocka_all.h"

static struct ikv classes[] = {{"big", 1}, {"small", 0}};

static struct evaluation eval(unsigned n, const char *job)
{
    return (struct evaluation){.id = fx_id('e', n),
                               .ns = "default",
                               .job_id = job,
                               .status = EVAL_BLOCKED,
                               .class_eligibility = {classes, 2}};
}

static void add(struct blocked *b, const struct evaluation *e)
{
    struct uuid dup;
    assert_int_equal(blocked_add(b, e, &dup), 0);
    assert_true(uuid_is_zero(&dup));
}

static void count_cb(void *ctx, const struct uuid *id)
{
    ++*(size_t *)ctx;
}

static size_t unblocked(struct blocked *b, const char *computed_class)
{
    size_t n = 0;
    blocked_unblock(b, computed_class, count_cb, &n);
    return n;
}

static void capacity_wakes_whom_it_may_serve(void **state)
{
    struct blocked *b = blocked_new();
    struct evaluation e = eval(1, "a"), escaped = eval(2, "b");
    escaped.class_eligibility = (struct imap){0};
    escaped.escaped_computed_class = true;
    add(b, &e);
    assert_int_equal(unblocked(b, "big"), 1);
    assert_int_equal(unblocked(b, "small"), 0);
    assert_int_equal(unblocked(b, "never seen"), 1);
    add(b, &escaped);
    assert_int_equal(unblocked(b, "small"), 1);
    assert_int_equal(unblocked(b, "big"), 2);
    assert_int_equal(blocked_count(b), 2); /* waking takes nothing out */
    blocked_free(b);
}

static void a_second_blocked_evaluation_of_a_job_replaces_the_first(void **state)
{
    struct blocked *b = blocked_new();
    struct evaluation first = eval(1, "a"), second = eval(2, "a"), elsewhere = eval(3, "a");
    struct uuid dup;
    elsewhere.ns = "other";
    add(b, &first);
    add(b, &first); /* again is harmless */
    add(b, &elsewhere);
    assert_int_equal(blocked_add(b, &second, &dup), 0);
    assert_memory_equal(&dup, &first.id, sizeof(dup));
    assert_int_equal(blocked_count(b), 2);
    blocked_remove(b, &first.id);
    assert_int_equal(blocked_count(b), 2);
    blocked_remove(b, &second.id);
    assert_int_equal(unblocked(b, "big"), 1);
    add(b, &first);
    assert_int_equal(blocked_count(b), 2);
    blocked_free(b);
}

static void in_any_order_the_newest_blocked_evaluation_stays(void **state)
{
    struct blocked *b = blocked_new();
    struct evaluation newest = eval(1, "a"), older = eval(2, "a");
    struct uuid dup;
    newest.modify_index = 9;
    older.modify_index = 8;
    add(b, &newest);
    assert_int_equal(blocked_add(b, &older, &dup), 0);
    assert_memory_equal(&dup, &older.id, sizeof(dup));
    assert_int_equal(blocked_count(b), 1);
    blocked_remove(b, &older.id);
    assert_int_equal(unblocked(b, "big"), 1);
    blocked_free(b);
}

static void what_is_kept_does_not_borrow(void **state)
{
    struct blocked *b = blocked_new();
    char job[] = "a", class[] = "small";
    struct ikv own[] = {{class, 0}};
    struct evaluation e = eval(1, job);
    e.class_eligibility = (struct imap){own, 1};
    add(b, &e);
    job[0] = class[0] = 'x';
    assert_int_equal(unblocked(b, "small"), 0);
    assert_int_equal(unblocked(b, "xmall"), 1);
    blocked_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capacity_wakes_whom_it_may_serve),
        cmocka_unit_test(a_second_blocked_evaluation_of_a_job_replaces_the_first),
        cmocka_unit_test(in_any_order_the_newest_blocked_evaluation_stays),
        cmocka_unit_test(what_is_kept_does_not_borrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
