// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/server/fixture.h"
#include "tests/unit/cmocka_all.h"

static const struct allocation *alloc(struct fx *f, unsigned n)
{
    struct uuid id = fx_id('a', n);
    return state_get_alloc(fx_snap(f), &id);
}

static const struct evaluation *eval(struct fx *f, unsigned n)
{
    struct uuid id = fx_id('e', n);
    return state_get_eval(fx_snap(f), &id);
}

static const struct node *node(struct fx *f, unsigned n)
{
    struct uuid id = fx_id('n', n);
    return state_get_node(fx_snap(f), &id);
}

static const struct job *job(struct fx *f, const char *id)
{
    return state_get_job(fx_snap(f), "default", id);
}

static void place(struct fx *f, struct command *c, unsigned n, unsigned on, int index)
{
    objs_add(f->a, &c->placed, fx_alloc(f, n, c->job_id, on, index));
}

static void stop(struct fx *f, struct command *c, unsigned n, int64_t client)
{
    struct stop_record *s = arena_new_of(f->a, struct stop_record);
    *s = (struct stop_record){fx_id('a', n), "alloc not needed", client};
    objs_add(f->a, &c->stops, s);
}

static void client_says(struct fx *f, unsigned n, int32_t status)
{
    struct command *c = fx_command(f, CMD_ALLOC_CLIENT);
    struct allocation *u = model_new(&allocation_schema, f->a);
    u->id = fx_id('a', n);
    u->client_status = status;
    u->name = "a client's idea";
    objs_add(f->a, &c->allocs, u);
    assert_int_equal(fx_apply(f, c)->code, 0);
}

/* Node 1 and job "web" with allocation 1 on it; evaluation 1 is complete. */
static void one_running(struct fx *f)
{
    fx_add_node(f, fx_node(f, 1));
    fx_add_job(f, fx_job(f, "web", 1), 1);
    struct command *c = fx_plan(f, 1, "web");
    place(f, c, 1, 1, 0);
    assert_int_equal(fx_apply(f, c)->n_dropped, 0);
}

/* --- jobs --- */

static void a_registration_keeps_the_promise_of_its_index(void **state)
{
    struct fx *f = *state;
    struct command *c = fx_command(f, CMD_JOB_REGISTER);
    c->job = fx_job(f, "web", 1);
    c->job_modify_index = 7;
    assert_int_equal(fx_apply(f, c)->code, 500);
    assert_string_equal(f->r->err.text, "Enforcing job modify index 7: job does not exist");
    assert_null(job(f, "web"));
    c->job_modify_index = 0;
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_int_equal(fx_apply(f, c)->code, 500);
    assert_string_equal(f->r->err.text, "Enforcing job modify index 0: job already exists");
    c->job->priority = 70;
    c->job_modify_index = 2;
    assert_int_equal(fx_apply(f, c)->code, 0);
    c->job->priority = 80;
    assert_int_equal(fx_apply(f, c)->code, 500);
    assert_string_equal(f->r->err.text, "Enforcing job modify index 2: job exists with "
                                        "conflicting job modify index: 4");
    assert_int_equal(job(f, "web")->priority, 70);
}

static void the_same_job_again_is_no_new_version_but_is_evaluated(void **state)
{
    struct fx *f = *state;
    fx_add_job(f, fx_job(f, "web", 1), 1);
    fx_add_job(f, fx_job(f, "web", 1), 2);
    assert_int_equal(job(f, "web")->version, 0);
    assert_int_equal(eval(f, 2)->job_modify_index, 1);
    fx_add_job(f, fx_job(f, "web", 2), 3);
    assert_int_equal(job(f, "web")->version, 1);
    assert_int_equal(eval(f, 3)->job_modify_index, 3);
    assert_int_equal(eval(f, 3)->create_time, NOW + 2 * NSEC_SEC);
}

static void a_deregistered_job_stops_and_a_purged_one_is_gone(void **state)
{
    struct fx *f = *state;
    struct command *c = fx_command(f, CMD_JOB_DEREGISTER);
    c->ns = "default";
    c->job_id = "web";
    objs_add(f->a, &c->evals, fx_eval(f, 2, "web"));
    assert_int_equal(fx_apply(f, c)->code, 404);
    assert_null(eval(f, 2));
    fx_add_job(f, fx_job(f, "web", 1), 1);
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_true(job(f, "web")->stop);
    assert_int_equal(job(f, "web")->version, 1);
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_int_equal(job(f, "web")->version, 1);
    fx_add_job(f, fx_job(f, "web", 1), 3);
    assert_false(job(f, "web")->stop);
    c->purge = true;
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_null(job(f, "web"));
    assert_non_null(eval(f, 2));
}

/* --- nodes --- */

static void a_node_comes_back_with_what_the_servers_know_of_it(void **state)
{
    struct fx *f = *state;
    struct command *c = fx_command(f, CMD_NODE_ELIGIBILITY);
    fx_add_node(f, fx_node(f, 1));
    assert_int_equal(node(f, 1)->events.n, 1);
    c->node_id = fx_id('n', 1);
    c->eligibility = NODE_INELIGIBLE;
    assert_int_equal(fx_apply(f, c)->code, 0);
    c = fx_command(f, CMD_NODE_STATUS);
    c->node_id = fx_id('n', 1);
    c->node_status = NODE_DOWN;
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_int_equal(node(f, 1)->status, NODE_DOWN);
    assert_int_equal(node(f, 1)->status_updated_at, c->now / NSEC_SEC);
    fx_add_node(f, fx_node(f, 1));
    assert_int_equal(node(f, 1)->status, NODE_READY);
    assert_int_equal(node(f, 1)->eligibility, NODE_INELIGIBLE);
    assert_int_equal(node(f, 1)->events.n, 3);
    assert_string_equal(((struct node_event *)node(f, 1)->events.items[2])->message,
                        "Node re-registered");
    for (int i = 0; i < 20; i++) {
        c = fx_command(f, CMD_NODE_ELIGIBILITY);
        c->node_id = fx_id('n', 1);
        assert_int_equal(fx_apply(f, c)->code, 0);
    }
    assert_int_equal(node(f, 1)->events.n, 10);
}

static void changes_of_unknown_things_are_refused(void **state)
{
    struct fx *f = *state;
    static const enum command_type types[] = {CMD_NODE_STATUS, CMD_NODE_ELIGIBILITY,
                                              CMD_ALLOC_TRANSITION, CMD_JOB_DEREGISTER};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct command *c = fx_command(f, types[i]);
        c->node_id = fx_id('n', 9);
        c->ns = "default";
        c->job_id = "web";
        struct uuid id = fx_id('a', 9);
        uuids_add(f->a, &c->ids, &id);
        objs_add(f->a, &c->evals, fx_eval(f, 1, "web"));
        assert_int_equal(fx_apply(f, c)->code, 404);
        assert_null(eval(f, 1));
    }
}

/* --- clients --- */

static void a_client_changes_only_its_own_fields(void **state)
{
    struct fx *f = *state;
    one_running(f);
    client_says(f, 9, ALLOC_RUNNING); /* not known: nothing happens */
    client_says(f, 1, ALLOC_RUNNING);
    assert_int_equal(alloc(f, 1)->client_status, ALLOC_RUNNING);
    assert_string_equal(alloc(f, 1)->name, "web.g[0]");
    assert_int_equal(alloc(f, 1)->alloc_modify_index, 3);
    assert_int_equal(alloc(f, 1)->modify_index, 5);
}

static void an_allocation_that_ended_never_lives_again(void **state)
{
    struct fx *f = *state;
    one_running(f);
    struct command *c = fx_plan(f, 1, "web");
    objs_add(f->a, &c->evals, fx_eval(f, 2, "web"));
    c->type = CMD_EVAL_UPDATE;
    fx_apply(f, c);
    c = fx_plan(f, 2, "web");
    stop(f, c, 1, ALLOC_LOST);
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_int_equal(alloc(f, 1)->client_status, ALLOC_LOST);
    client_says(f, 1, ALLOC_RUNNING);
    assert_int_equal(alloc(f, 1)->client_status, ALLOC_LOST);
    client_says(f, 1, ALLOC_UNKNOWN);
    assert_int_equal(alloc(f, 1)->client_status, ALLOC_LOST);
    client_says(f, 1, ALLOC_FAILED);
    assert_int_equal(alloc(f, 1)->client_status, ALLOC_FAILED);
    client_says(f, 1, ALLOC_RUNNING);
    assert_int_equal(alloc(f, 1)->client_status, ALLOC_FAILED);
}

static void a_transition_is_kept_with_the_allocation(void **state)
{
    struct fx *f = *state;
    one_running(f);
    struct command *c = fx_command(f, CMD_ALLOC_TRANSITION);
    struct uuid id = fx_id('a', 1);
    uuids_add(f->a, &c->ids, &id);
    c->transition = model_new(&desired_transition_schema, f->a);
    c->transition->migrate = 1;
    objs_add(f->a, &c->evals, fx_eval(f, 5, "web"));
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_int_equal(alloc(f, 1)->desired_transition->migrate, 1);
    assert_int_equal(alloc(f, 1)->desired_status, ALLOC_RUN);
    assert_int_equal(eval(f, 5)->status, EVAL_PENDING);
}

/* --- plans --- */

static void a_plan_places_and_ends_its_evaluation(void **state)
{
    struct fx *f = *state;
    one_running(f);
    const struct allocation *a = alloc(f, 1);
    assert_int_equal(a->create_index, 3);
    assert_int_equal(a->create_time, NOW + 2 * NSEC_SEC);
    assert_int_equal(a->job_create_index, 2);
    assert_int_equal(eval(f, 1)->status, EVAL_COMPLETE);
    assert_int_equal(job(f, "web")->status, JOB_RUNNING);
}

/* One placement is refused, for the reason the caller made; the other one counts. */
static void expect_drop(struct fx *f, struct command *c, unsigned refused, unsigned kept)
{
    struct uuid id = fx_id('a', refused);
    fx_apply(f, c);
    assert_int_equal(f->r->code, 0);
    assert_int_equal(f->r->n_dropped, 1);
    assert_memory_equal(&f->r->dropped[0], &id, sizeof(id));
    assert_non_null(alloc(f, kept));
    assert_int_equal(eval(f, 1)->status, EVAL_PENDING); /* it is tried again */
}

static struct command *two_placed(struct fx *f, struct node *second)
{
    fx_add_node(f, fx_node(f, 1));
    if (second)
        fx_add_node(f, second);
    fx_add_job(f, fx_job(f, "web", 2), 1);
    struct command *c = fx_plan(f, 1, "web");
    place(f, c, 1, 1, 0);
    place(f, c, 2, 2, 1);
    return c;
}

static void nothing_is_placed_on_a_node_that_is_gone(void **state)
{
    expect_drop(*state, two_placed(*state, NULL), 2, 1);
}

static void nothing_is_placed_on_a_node_that_is_not_ready(void **state)
{
    struct node *n = fx_node(*state, 2);
    n->status = NODE_INIT;
    expect_drop(*state, two_placed(*state, n), 2, 1);
    assert_int_equal(((struct fx *)*state)->r->no_room, 0);
}

static void nothing_is_placed_on_an_ineligible_node(void **state)
{
    struct fx *f = *state;
    struct command *c = two_placed(f, fx_node(f, 2)), *e = fx_command(f, CMD_NODE_ELIGIBILITY);
    e->node_id = fx_id('n', 2);
    e->eligibility = NODE_INELIGIBLE;
    fx_apply(f, e);
    expect_drop(f, c, 2, 1);
}

static void nothing_is_placed_beyond_a_nodes_room(void **state)
{
    struct fx *f = *state;
    fx_add_node(f, fx_node(f, 1));
    fx_add_job(f, fx_job(f, "web", 3), 1);
    struct command *c = fx_plan(f, 1, "web");
    place(f, c, 1, 1, 0);
    place(f, c, 2, 1, 1);
    place(f, c, 3, 1, 2);
    expect_drop(f, c, 3, 2);
    assert_int_equal(f->r->no_room, 1);
}

static void a_stopped_allocation_makes_room_in_its_plan(void **state)
{
    struct fx *f = *state;
    fx_add_node(f, fx_node(f, 1));
    fx_add_job(f, fx_job(f, "web", 2), 1);
    struct command *c = fx_plan(f, 1, "web");
    place(f, c, 1, 1, 0);
    place(f, c, 2, 1, 1);
    assert_int_equal(fx_apply(f, c)->n_dropped, 0);
    fx_add_job(f, fx_job(f, "web", 2), 2);
    c = fx_plan(f, 2, "web");
    stop(f, c, 1, -1);
    place(f, c, 3, 1, 0); /* its room and its name */
    assert_int_equal(fx_apply(f, c)->n_dropped, 0);
    assert_int_equal(alloc(f, 1)->desired_status, ALLOC_STOP);
    assert_int_equal(alloc(f, 1)->client_status, ALLOC_PENDING);
    assert_non_null(alloc(f, 3));
}

static void a_name_lives_once(void **state)
{
    struct fx *f = *state;
    fx_add_node(f, fx_node(f, 1));
    fx_add_node(f, fx_node(f, 2));
    fx_add_job(f, fx_job(f, "web", 2), 1);
    struct command *c = fx_plan(f, 1, "web");
    place(f, c, 1, 1, 0);
    place(f, c, 2, 2, 0);
    expect_drop(f, c, 2, 1);
    c = fx_plan(f, 1, "web");
    place(f, c, 3, 2, 0);
    expect_drop(f, c, 3, 1);
}

static void a_plan_for_another_version_of_the_job_places_nothing(void **state)
{
    struct fx *f = *state;
    fx_add_node(f, fx_node(f, 1));
    fx_add_job(f, fx_job(f, "web", 1), 1);
    struct command *c = fx_plan(f, 1, "web");
    place(f, c, 1, 1, 0);
    fx_add_job(f, fx_job(f, "web", 2), 2);
    assert_int_equal(fx_apply(f, c)->n_dropped, 1);
    assert_null(alloc(f, 1));
    struct command *d = fx_command(f, CMD_JOB_DEREGISTER);
    d->ns = "default";
    d->job_id = "web";
    c = fx_plan(f, 1, "web");
    place(f, c, 1, 1, 0);
    fx_apply(f, d);
    c->job_version = 2;
    c->job_modify_index = job(f, "web")->job_modify_index;
    assert_int_equal(fx_apply(f, c)->n_dropped, 1); /* it is this version, but stopped */
    assert_int_equal(eval(f, 1)->status, EVAL_PENDING);
}

static void a_plan_of_an_evaluation_that_ended_changes_nothing(void **state)
{
    struct fx *f = *state;
    one_running(f);
    struct command *c = fx_plan(f, 1, "web");
    stop(f, c, 1, -1);
    place(f, c, 2, 1, 1);
    assert_int_equal(fx_apply(f, c)->code, 409);
    assert_int_equal(f->r->n_dropped, 1);
    assert_null(alloc(f, 2));
    assert_int_equal(alloc(f, 1)->desired_status, ALLOC_RUN);
    c->eval_id = fx_id('e', 99);
    assert_int_equal(fx_apply(f, c)->code, 409);
}

static void a_mark_comes_with_the_evaluation_it_names(void **state)
{
    struct fx *f = *state;
    one_running(f);
    fx_add_job(f, fx_job(f, "web", 2), 2);
    struct command *c = fx_plan(f, 2, "web");
    struct mark_record *m = arena_new_of(f->a, struct mark_record);
    *m = (struct mark_record){fx_id('a', 1), fx_id('e', 3)};
    objs_add(f->a, &c->marks, m);
    objs_add(f->a, &c->evals, fx_eval(f, 3, "web"));
    place(f, c, 2, 9, 1);
    assert_int_equal(fx_apply(f, c)->n_dropped, 1);
    assert_null(eval(f, 3));
    assert_true(uuid_is_zero(&alloc(f, 1)->followup_eval_id));
    c->placed = (struct objs){0};
    assert_int_equal(fx_apply(f, c)->n_dropped, 0);
    assert_non_null(eval(f, 3));
    assert_true(uuid_eq(&alloc(f, 1)->followup_eval_id, &m->eval_id));
}

static void a_running_allocation_takes_the_new_version(void **state)
{
    struct fx *f = *state;
    one_running(f);
    fx_add_job(f, fx_job(f, "web", 2), 2);
    struct command *c = fx_plan(f, 2, "web");
    struct uuid id = fx_id('a', 1);
    uuids_add(f->a, &c->inplace, &id);
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_int_equal(alloc(f, 1)->job_version, 1);
    assert_int_equal(job_find_group(alloc(f, 1)->job, "g")->count, 2);
}

/* --- evaluations, reap --- */

static void an_evaluation_that_ended_stays_ended(void **state)
{
    struct fx *f = *state;
    one_running(f);
    struct command *c = fx_command(f, CMD_EVAL_UPDATE);
    objs_add(f->a, &c->evals, fx_eval(f, 1, "web"));
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_int_equal(eval(f, 1)->status, EVAL_COMPLETE);
}

static void only_what_is_over_is_reaped(void **state)
{
    struct fx *f = *state;
    one_running(f);
    fx_add_job(f, fx_job(f, "web", 1), 2);
    struct command *c = fx_command(f, CMD_REAP), *d = fx_plan(f, 2, "web");
    struct uuid ids[] = {fx_id('a', 1), fx_id('e', 1), fx_id('e', 2)};
    c->ns = "default";
    c->job_id = "web";
    uuids_add(f->a, &c->ids, &ids[0]);
    uuids_add(f->a, &c->eval_ids, &ids[1]);
    uuids_add(f->a, &c->eval_ids, &ids[2]);
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_null(eval(f, 1));
    assert_non_null(eval(f, 2));
    assert_non_null(alloc(f, 1));
    assert_non_null(job(f, "web"));
    fx_apply(f, d);
    client_says(f, 1, ALLOC_COMPLETE);
    assert_int_equal(job(f, "web")->status, JOB_DEAD);
    assert_int_equal(fx_apply(f, c)->code, 0);
    assert_null(eval(f, 2));
    assert_null(alloc(f, 1));
    assert_null(job(f, "web"));
}

static void commands_of_a_newer_version_are_not_guessed_at(void **state)
{
    struct fx *f = *state;
    struct command *c = fx_command(f, CMD_EVAL_UPDATE);
    struct buf b = {0};
    command_encode(c, &b);
    char *p = (char *)b.p;
    p[0] = COMMAND_VERSION + 1;
    assert_int_equal(command_decode(f->a, b.p, b.n, &c), -EPROTONOSUPPORT);
    assert_int_equal(command_decode(f->a, b.p, 0, &c), -EBADMSG);
    buf_free(&b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_registration_keeps_the_promise_of_its_index),
        T(the_same_job_again_is_no_new_version_but_is_evaluated),
        T(a_deregistered_job_stops_and_a_purged_one_is_gone),
        T(a_node_comes_back_with_what_the_servers_know_of_it),
        T(changes_of_unknown_things_are_refused),
        T(a_client_changes_only_its_own_fields),
        T(an_allocation_that_ended_never_lives_again),
        T(a_transition_is_kept_with_the_allocation),
        T(a_plan_places_and_ends_its_evaluation),
        T(nothing_is_placed_on_a_node_that_is_gone),
        T(nothing_is_placed_on_a_node_that_is_not_ready),
        T(nothing_is_placed_on_an_ineligible_node),
        T(nothing_is_placed_beyond_a_nodes_room),
        T(a_stopped_allocation_makes_room_in_its_plan),
        T(a_name_lives_once),
        T(a_plan_for_another_version_of_the_job_places_nothing),
        T(a_plan_of_an_evaluation_that_ended_changes_nothing),
        T(a_mark_comes_with_the_evaluation_it_names),
        T(a_running_allocation_takes_the_new_version),
        T(an_evaluation_that_ended_stays_ended),
        T(only_what_is_over_is_reaped),
        T(commands_of_a_newer_version_are_not_guessed_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
