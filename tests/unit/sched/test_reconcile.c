// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>

#include "fixture.h"

struct world {
    struct arena *a;
    struct job *job;
    const struct allocation *allocs[64];
    size_t n;
    struct node *nodes[64];
    size_t n_nodes;
    struct evaluation eval;
    struct reconcile_result *r;
};

static struct world world_new(int32_t type, int64_t count)
{
    struct world w = {.a = arena_new(0)};
    w.job = fx_job(w.a, type, count);
    for (unsigned i = 0; i < 16; i++)
        w.nodes[w.n_nodes++] = fx_node(w.a, i);
    w.eval = (struct evaluation){
        .id = fx_id(9, 1), .triggered_by = TRIGGER_JOB_REGISTER, .job_id = "web", .ns = "default"};
    return w;
}

static void world_done(struct world *w)
{
    arena_free(w->a);
}
#define WORLD(name, type, count)                                                                   \
    __attribute__((cleanup(world_done))) struct world name = world_new(type, count)

static const struct node *find_node(void *ctx, const struct uuid *id)
{
    struct world *w = ctx;
    for (size_t i = 0; i < w->n_nodes; i++)
        if (uuid_eq(&w->nodes[i]->id, id))
            return w->nodes[i];
    return NULL;
}

static struct allocation *add(struct world *w, struct job *j, unsigned node, int64_t index)
{
    struct allocation *x = fx_alloc(w->a, j, node, index);
    w->allocs[w->n++] = x;
    return x;
}

static void fill(struct world *w, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        add(w, w->job, (unsigned)i % 16, i);
}

static struct allocation *nth(struct world *w, size_t i)
{
    return (struct allocation *)w->allocs[i];
}

static struct desired_updates *run(struct world *w)
{
    struct err err = {""};
    struct reconcile_input in = {
        .ns = "default",
        .job_id = "web",
        .job = w->job,
        .allocs = w->allocs,
        .n_allocs = w->n,
        .eval = &w->eval,
        .node_cb = find_node,
        .ctx = w,
        .now = NOW,
        .seed = {1, 2},
    };
    assert_int_equal(reconcile(w->a, &in, &err, &w->r), 0);
    return w->r->n_groups ? &w->r->groups[0].updates : NULL;
}

static void expect(const struct desired_updates *u, struct desired_updates e)
{
    assert_int_equal(u->place, e.place);
    assert_int_equal(u->stop, e.stop);
    assert_int_equal(u->migrate, e.migrate);
    assert_int_equal(u->in_place, e.in_place);
    assert_int_equal(u->destructive, e.destructive);
    assert_int_equal(u->ignore, e.ignore);
}

static bool stops(const struct world *w, const char *name)
{
    for (size_t i = 0; i < w->r->n_stop; i++)
        if (streq(w->r->stop[i].alloc->name, name))
            return true;
    return false;
}

static void a_new_job_places_count_allocations_with_the_lowest_names(void **state)
{
    WORLD(w, JOB_SERVICE, 3);
    expect(run(&w), (struct desired_updates){.place = 3});
    assert_int_equal(w.r->n_place, 3);
    assert_string_equal(w.r->place[0].name, "web.g[0]");
    assert_string_equal(w.r->place[2].name, "web.g[2]");
    assert_null(w.r->place[0].previous);
    assert_int_equal(w.r->groups[0].queued, 3);
}

static void a_settled_job_is_left_alone(void **state)
{
    WORLD(w, JOB_SERVICE, 4);
    fill(&w, 4);
    expect(run(&w), (struct desired_updates){.ignore = 4});
    assert_int_equal(w.r->n_place + w.r->n_stop + w.r->n_inplace, 0);
}

static void scaling_up_fills_the_holes_first(void **state)
{
    WORLD(w, JOB_SERVICE, 4);
    add(&w, w.job, 0, 1);
    add(&w, w.job, 1, 3);
    run(&w);
    assert_int_equal(w.r->n_place, 2);
    assert_string_equal(w.r->place[0].name, "web.g[0]");
    assert_string_equal(w.r->place[1].name, "web.g[2]");
}

static void scaling_down_stops_the_highest_indexes(void **state)
{
    WORLD(w, JOB_SERVICE, 5);
    fill(&w, 5);
    w.job = fx_next(w.a, w.job);
    fx_group(w.job)->count = 3;
    expect(run(&w), (struct desired_updates){.stop = 2, .in_place = 3});
    assert_true(stops(&w, "web.g[4]") && stops(&w, "web.g[3]"));
    assert_string_equal(w.r->stop[0].description, STOP_NOT_NEEDED);
    assert_int_equal(w.r->stop[0].client_status, -1);
}

static void scaling_down_prefers_allocations_that_must_move_anyway(void **state)
{
    WORLD(w, JOB_SERVICE, 3);
    fill(&w, 3);
    nth(&w, 0)->desired_transition = model_new(&desired_transition_schema, w.a);
    nth(&w, 0)->desired_transition->migrate = 1;
    fx_group(w.job)->count = 2;
    expect(run(&w), (struct desired_updates){.stop = 1, .ignore = 2});
    assert_true(stops(&w, "web.g[0]"));
}

static void a_stopped_or_purged_job_stops_all_that_lives(void **state)
{
    for (int purged = 0; purged < 2; purged++) {
        WORLD(w, JOB_SERVICE, 3);
        fill(&w, 3);
        nth(&w, 2)->client_status = ALLOC_COMPLETE;
        nth(&w, 1)->node_id = fx_id(1, 999); /* gone */
        w.job->stop = true;
        if (purged)
            w.job = NULL;
        expect(run(&w), (struct desired_updates){.stop = 2});
        assert_int_equal(w.r->stop[0].client_status, -1);
        assert_int_equal(w.r->stop[1].client_status, ALLOC_LOST);
        assert_int_equal(w.r->n_place, 0);
    }
}

static void a_removed_group_is_stopped(void **state)
{
    WORLD(w, JOB_SERVICE, 1);
    struct allocation *x = add(&w, w.job, 0, 0);
    x->task_group = "old";
    run(&w);
    assert_int_equal(w.r->n_groups, 2);
    assert_string_equal(w.r->groups[1].name, "old");
    assert_int_equal(w.r->groups[1].updates.stop, 1);
    assert_int_equal(w.r->n_place, 1);
}

static void allocations_of_a_lost_node_are_replaced_under_their_name(void **state)
{
    WORLD(w, JOB_SERVICE, 3);
    fill(&w, 3);
    w.nodes[1]->status = NODE_DOWN;
    expect(run(&w), (struct desired_updates){.place = 1, .stop = 1, .ignore = 2});
    assert_string_equal(w.r->stop[0].description, STOP_LOST);
    assert_int_equal(w.r->stop[0].client_status, ALLOC_LOST);
    assert_string_equal(w.r->place[0].name, "web.g[1]");
    assert_ptr_equal(w.r->place[0].previous, w.allocs[1]);
    assert_false(w.r->place[0].reschedule);
}

static void names_of_lost_allocations_are_not_given_twice(void **state)
{
    WORLD(w, JOB_SERVICE, 4);
    fill(&w, 3);
    w.nodes[1]->status = NODE_DOWN;
    expect(run(&w), (struct desired_updates){.place = 2, .stop = 1, .ignore = 2});
    assert_string_equal(w.r->place[0].name, "web.g[1]");
    assert_string_equal(w.r->place[1].name, "web.g[3]");
}

static void a_stopping_allocation_on_a_lost_node_becomes_lost(void **state)
{
    WORLD(w, JOB_SERVICE, 0);
    add(&w, w.job, 1, 0)->desired_status = ALLOC_STOP;
    w.nodes[1]->status = NODE_DOWN;
    run(&w);
    assert_int_equal(w.r->n_stop, 1);
    assert_int_equal(w.r->stop[0].client_status, ALLOC_LOST);
}

static void drained_allocations_migrate(void **state)
{
    WORLD(w, JOB_SERVICE, 2);
    fill(&w, 2);
    nth(&w, 1)->desired_transition = model_new(&desired_transition_schema, w.a);
    nth(&w, 1)->desired_transition->migrate = 1;
    expect(run(&w), (struct desired_updates){.migrate = 1, .ignore = 1});
    assert_string_equal(w.r->stop[0].description, STOP_MIGRATING);
    assert_string_equal(w.r->place[0].name, "web.g[1]");
    assert_ptr_equal(w.r->place[0].previous, w.allocs[1]);
}

static void a_failed_service_is_rescheduled_when_its_delay_is_over(void **state)
{
    WORLD(w, JOB_SERVICE, 1);
    fx_failed(w.a, add(&w, w.job, 0, 0), NOW - NSEC_MIN);
    expect(run(&w), (struct desired_updates){.place = 1, .stop = 1});
    const struct place_request *p = &w.r->place[0];
    assert_true(p->reschedule);
    assert_string_equal(p->stop_description, STOP_RESCHEDULED);
    assert_int_equal(p->tracker->events.n, 1);
    const struct reschedule_event *e = p->tracker->events.items[0];
    assert_true(uuid_eq(&e->prev_alloc, &w.allocs[0]->id));
    assert_int_equal(e->delay, 30 * NSEC_SEC);
}

static void a_fresh_failure_waits_in_a_follow_up_evaluation(void **state)
{
    WORLD(w, JOB_SERVICE, 3);
    fill(&w, 3);
    fx_failed(w.a, nth(&w, 0), NOW - NSEC_SEC);
    fx_failed(w.a, nth(&w, 1), NOW - 3 * NSEC_SEC);
    fx_failed(w.a, nth(&w, 2), NOW - 20 * NSEC_SEC);
    expect(run(&w), (struct desired_updates){.ignore = 3});
    assert_int_equal(w.r->n_followups, 2); /* two within five seconds share one */
    assert_int_equal(w.r->followups[0]->wait_until, NOW + 10 * NSEC_SEC);
    assert_int_equal(w.r->followups[1]->wait_until, NOW + 27 * NSEC_SEC);
    assert_int_equal(w.r->n_marks, 3);
    assert_string_equal(w.r->followups[0]->triggered_by, TRIGGER_ALLOC_FAILURE);
}

static void the_follow_up_evaluation_reschedules_whatever_the_clock_says(void **state)
{
    WORLD(w, JOB_SERVICE, 1);
    struct allocation *x = add(&w, w.job, 0, 0);
    fx_failed(w.a, x, NOW);
    x->followup_eval_id = w.eval.id;
    expect(run(&w), (struct desired_updates){.place = 1, .stop = 1});
    x->followup_eval_id = fx_id(9, 77); /* somebody else's: wait */
    expect(run(&w), (struct desired_updates){.ignore = 1});
    assert_int_equal(w.r->n_followups, 0);
}

static void attempts_run_out(void **state)
{
    for (int64_t past = 0; past < 4; past++) {
        WORLD(w, JOB_BATCH, 1);
        struct reschedule_policy *p = fx_group(w.job)->reschedule;
        *p = (struct reschedule_policy){.attempts = 2,
                                        .interval = NSEC_HOUR,
                                        .delay = 5 * NSEC_SEC,
                                        .delay_function = "constant"};
        struct allocation *x = add(&w, w.job, 0, 0);
        fx_failed(w.a, x, NOW - NSEC_MIN);
        x->reschedule_tracker = model_new(&reschedule_tracker_schema, w.a);
        for (int64_t i = 0; i < past; i++) {
            struct reschedule_event *e = model_new(&reschedule_event_schema, w.a);
            e->time = NOW - (past - i) * 10 * NSEC_MIN;
            e->delay = 5 * NSEC_SEC;
            objs_add(w.a, &x->reschedule_tracker->events, e);
        }
        run(&w);
        assert_int_equal(w.r->n_place, past < 2);
    }
}

static void a_job_without_policy_does_not_reschedule(void **state)
{
    WORLD(w, JOB_SERVICE, 1);
    fx_group(w.job)->reschedule = NULL;
    fx_failed(w.a, add(&w, w.job, 0, 0), NOW - NSEC_HOUR);
    expect(run(&w), (struct desired_updates){.ignore = 1});
}

static void a_forced_reschedule_ignores_the_policy(void **state)
{
    WORLD(w, JOB_SERVICE, 1);
    fx_group(w.job)->reschedule = NULL;
    struct allocation *x = add(&w, w.job, 0, 0);
    fx_failed(w.a, x, NOW);
    x->desired_transition = model_new(&desired_transition_schema, w.a);
    x->desired_transition->force_reschedule = 1;
    expect(run(&w), (struct desired_updates){.place = 1, .stop = 1});
}

static void a_replaced_failure_is_not_replaced_again(void **state)
{
    WORLD(w, JOB_SERVICE, 1);
    struct allocation *x = add(&w, w.job, 0, 0);
    fx_failed(w.a, x, NOW - NSEC_HOUR);
    x->next_allocation = fx_id(2, 5000);
    add(&w, w.job, 1, 0);
    expect(run(&w), (struct desired_updates){.ignore = 1});
}

static void delays_grow_as_the_policy_says(void **state)
{
    static const struct {
        const char *function;
        nsec_t max;
        nsec_t past[3]; /* oldest first, 0: none */
        nsec_t want;
    } cases[] = {
        {"constant", 0, {0}, 30},        {"constant", 0, {30, 30}, 30},
        {"exponential", 0, {30}, 60},    {"exponential", 0, {30, 60, 120}, 240},
        {"exponential", 100, {60}, 100}, {"fibonacci", 0, {30}, 30},
        {"fibonacci", 0, {30, 30}, 60},  {"fibonacci", 0, {30, 60}, 90},
        {"fibonacci", 80, {50, 60}, 80}, {"fibonacci", 80, {80, 30}, 30},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        WORLD(w, JOB_SERVICE, 1);
        struct reschedule_policy *p = fx_group(w.job)->reschedule;
        p->delay_function = cases[i].function;
        p->max_delay = cases[i].max * NSEC_SEC;
        struct allocation *x = add(&w, w.job, 0, 0);
        fx_failed(w.a, x, NOW);
        x->reschedule_tracker = model_new(&reschedule_tracker_schema, w.a);
        for (size_t k = 0; k < 3 && cases[i].past[k]; k++) {
            struct reschedule_event *e = model_new(&reschedule_event_schema, w.a);
            e->time = NOW - NSEC_SEC;
            e->delay = cases[i].past[k] * NSEC_SEC;
            objs_add(w.a, &x->reschedule_tracker->events, e);
        }
        assert_int_equal(reschedule_delay(x), cases[i].want * NSEC_SEC);
    }
}

static void completed_batch_work_is_done_and_never_run_again(void **state)
{
    WORLD(w, JOB_BATCH, 3);
    fill(&w, 3);
    nth(&w, 0)->client_status = ALLOC_COMPLETE;
    fx_failed(w.a, nth(&w, 0), NOW);
    nth(&w, 0)->client_status = ALLOC_COMPLETE;
    expect(run(&w), (struct desired_updates){.ignore = 3});
}

static void a_completed_service_is_started_again(void **state)
{
    WORLD(w, JOB_SERVICE, 2);
    fill(&w, 2);
    nth(&w, 0)->client_status = ALLOC_COMPLETE;
    expect(run(&w), (struct desired_updates){.place = 1, .ignore = 1});
    assert_string_equal(w.r->place[0].name, "web.g[0]");
}

static void a_new_version_runs_a_finished_batch_job_again(void **state)
{
    WORLD(w, JOB_BATCH, 1);
    fill(&w, 1);
    nth(&w, 0)->client_status = ALLOC_COMPLETE;
    w.job = fx_next(w.a, w.job);
    expect(run(&w), (struct desired_updates){.place = 1, .ignore = 1});
}

static void harmless_changes_update_in_place(void **state)
{
    WORLD(w, JOB_SERVICE, 2);
    fill(&w, 2);
    w.job = fx_next(w.a, w.job);
    w.job->priority = 70;
    expect(run(&w), (struct desired_updates){.in_place = 2});
    assert_int_equal(w.r->n_inplace, 2);
}

static void task_changes_are_destructive(void **state)
{
    WORLD(w, JOB_SERVICE, 2);
    fill(&w, 2);
    w.job = fx_next(w.a, w.job);
    ((struct task *)fx_group(w.job)->tasks.items[0])->resources->cpu = 600;
    expect(run(&w), (struct desired_updates){.destructive = 2});
    assert_string_equal(w.r->place[0].stop_description, STOP_UPDATING);
    assert_ptr_equal(w.r->place[0].previous, w.allocs[0]);
    assert_string_equal(w.r->place[1].name, "web.g[1]");
}

static void job_meta_reaches_the_tasks(void **state)
{
    WORLD(w, JOB_SERVICE, 1);
    fill(&w, 1);
    w.job = fx_next(w.a, w.job);
    smap_set(w.a, &w.job->meta, "color", "red");
    expect(run(&w), (struct desired_updates){.destructive = 1});
}

static void a_node_that_no_longer_qualifies_makes_it_destructive(void **state)
{
    for (int how = 0; how < 3; how++) {
        WORLD(w, JOB_SERVICE, 1);
        fill(&w, 1);
        w.job = fx_next(w.a, w.job);
        struct constraint *c = model_new(&constraint_schema, w.a);
        *c = (struct constraint){"${attr.kernel.name}", "plan9", "="};
        if (how == 0)
            w.job->datacenters.items[0] = "dc2";
        if (how == 1)
            w.job->node_pool = "gpu";
        if (how == 2)
            objs_add(w.a, &w.job->constraints, c);
        expect(run(&w), (struct desired_updates){.destructive = 1});
    }
}

static void an_update_rolls_by_max_parallel(void **state)
{
    WORLD(w, JOB_SERVICE, 6);
    fx_group(w.job)->update = model_new(&update_strategy_schema, w.a);
    fx_group(w.job)->update->max_parallel = 2;
    fill(&w, 6);
    struct job *old = w.job;
    w.job = fx_next(w.a, old);
    ((struct task *)fx_group(w.job)->tasks.items[0])->user = "nobody";
    expect(run(&w), (struct desired_updates){.destructive = 2, .ignore = 4});
    assert_int_equal(w.r->rolling_left, 4);
    assert_string_equal(w.r->place[0].name, "web.g[0]");

    /* the two replacements are pending: nothing more until one runs */
    for (size_t i = 0; i < 2; i++) {
        nth(&w, i)->job = w.job;
        nth(&w, i)->job_version = w.job->version;
        nth(&w, i)->client_status = ALLOC_PENDING;
    }
    expect(run(&w), (struct desired_updates){.ignore = 6});
    assert_int_equal(w.r->rolling_left, 4);
    nth(&w, 0)->client_status = ALLOC_RUNNING;
    expect(run(&w), (struct desired_updates){.destructive = 1, .ignore = 5});
    assert_int_equal(w.r->rolling_left, 3);

    /* a failing new version holds the rest of the old one */
    fx_failed(w.a, nth(&w, 0), NOW - NSEC_SEC);
    expect(run(&w), (struct desired_updates){.ignore = 6});
}

static void without_max_parallel_all_are_replaced_at_once(void **state)
{
    WORLD(w, JOB_BATCH, 5);
    fill(&w, 5);
    w.job = fx_next(w.a, w.job);
    ((struct task *)fx_group(w.job)->tasks.items[0])->user = "nobody";
    expect(run(&w), (struct desired_updates){.destructive = 5});
    assert_int_equal(w.r->rolling_left, 0);
}

static void unsupported_job_types_are_refused_but_can_be_stopped(void **state)
{
    WORLD(w, JOB_SYSTEM, 1);
    struct err err = {""};
    struct reconcile_input in = {.job = w.job, .eval = &w.eval, .node_cb = find_node, .ctx = &w};
    assert_int_equal(reconcile(w.a, &in, &err, &w.r), -EOPNOTSUPP);
    assert_string_equal(err.text, "not supported: scheduling of system jobs");
    fill(&w, 1);
    w.job->stop = true;
    expect(run(&w), (struct desired_updates){.stop = 1});
}

static unsigned rnd(uint64_t *x, unsigned n)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return (unsigned)(*x % n);
}

static void names_stay_unique_in_random_histories(void **state)
{
    uint64_t x = 88172645463325252u;
    for (int round = 0; round < 300; round++) {
        WORLD(w, rnd(&x, 2) ? JOB_SERVICE : JOB_BATCH, rnd(&x, 24));
        bool used[20] = {false};
        for (unsigned i = 0; i < 14; i++) {
            unsigned index = rnd(&x, 20);
            if (used[index])
                continue;
            used[index] = true;
            struct allocation *al = add(&w, w.job, rnd(&x, 16), index);
            if (rnd(&x, 4) == 0)
                fx_failed(w.a, al, NOW - rnd(&x, 100) * NSEC_SEC);
            if (rnd(&x, 6) == 0) {
                al->desired_transition = model_new(&desired_transition_schema, w.a);
                al->desired_transition->migrate = 1;
            }
        }
        w.nodes[rnd(&x, 16)]->status = NODE_DOWN;
        run(&w);
        /* what lives afterwards: kept and not stopped, plus placed */
        bool taken[64] = {false};
        int64_t total = 0;
        for (size_t i = 0; i < w.n; i++) {
            bool gone = alloc_terminal(w.allocs[i]);
            for (size_t k = 0; k < w.r->n_stop; k++)
                gone |= w.r->stop[k].alloc == w.allocs[i];
            if (gone)
                continue;
            taken[alloc_name_index(w.allocs[i]->name)] = true;
            total++;
        }
        for (size_t i = 0; i < w.r->n_place; i++) {
            int64_t index = alloc_name_index(w.r->place[i].name);
            assert_false(taken[index]);
            taken[index] = true;
            total++;
        }
        assert_true(total <= fx_group(w.job)->count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_job_places_count_allocations_with_the_lowest_names),
        cmocka_unit_test(a_settled_job_is_left_alone),
        cmocka_unit_test(scaling_up_fills_the_holes_first),
        cmocka_unit_test(scaling_down_stops_the_highest_indexes),
        cmocka_unit_test(scaling_down_prefers_allocations_that_must_move_anyway),
        cmocka_unit_test(a_stopped_or_purged_job_stops_all_that_lives),
        cmocka_unit_test(a_removed_group_is_stopped),
        cmocka_unit_test(allocations_of_a_lost_node_are_replaced_under_their_name),
        cmocka_unit_test(names_of_lost_allocations_are_not_given_twice),
        cmocka_unit_test(a_stopping_allocation_on_a_lost_node_becomes_lost),
        cmocka_unit_test(drained_allocations_migrate),
        cmocka_unit_test(a_failed_service_is_rescheduled_when_its_delay_is_over),
        cmocka_unit_test(a_fresh_failure_waits_in_a_follow_up_evaluation),
        cmocka_unit_test(the_follow_up_evaluation_reschedules_whatever_the_clock_says),
        cmocka_unit_test(attempts_run_out),
        cmocka_unit_test(a_job_without_policy_does_not_reschedule),
        cmocka_unit_test(a_forced_reschedule_ignores_the_policy),
        cmocka_unit_test(a_replaced_failure_is_not_replaced_again),
        cmocka_unit_test(delays_grow_as_the_policy_says),
        cmocka_unit_test(completed_batch_work_is_done_and_never_run_again),
        cmocka_unit_test(a_completed_service_is_started_again),
        cmocka_unit_test(a_new_version_runs_a_finished_batch_job_again),
        cmocka_unit_test(harmless_changes_update_in_place),
        cmocka_unit_test(task_changes_are_destructive),
        cmocka_unit_test(job_meta_reaches_the_tasks),
        cmocka_unit_test(a_node_that_no_longer_qualifies_makes_it_destructive),
        cmocka_unit_test(an_update_rolls_by_max_parallel),
        cmocka_unit_test(without_max_parallel_all_are_replaced_at_once),
        cmocka_unit_test(unsupported_job_types_are_refused_but_can_be_stopped),
        cmocka_unit_test(names_stay_unique_in_random_histories),
    };
    return cmocka_run_group_tests_name("sched-reconcile", tests, NULL, NULL);
}
