// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/jobspec/jobs.h"

static const struct task_group *only_group(const struct job *j)
{
    assert_int_equal(j->task_groups.n, 1);
    return j->task_groups.items[0];
}

static void a_service_job_gets_the_defaults_of_services(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct job *j = group_with(a, "", "", "");
    const struct task_group *g = only_group(j);
    const struct task *t = g->tasks.items[0];
    assert_string_equal(j->name, "web");
    assert_string_equal(j->ns, "default");
    assert_string_equal(j->region, "global");
    assert_string_equal(j->node_pool, "default");
    assert_int_equal(j->datacenters.n, 1);
    assert_string_equal(j->datacenters.items[0], "*");
    assert_int_equal(g->count, 1);
    assert_int_equal(g->restart->attempts, 2);
    assert_int_equal(g->restart->interval, 30 * NSEC_MIN);
    assert_int_equal(g->restart->delay, 15 * NSEC_SEC);
    assert_string_equal(g->restart->mode, "fail");
    assert_int_equal(g->reschedule->unlimited, 1);
    assert_int_equal(g->reschedule->delay, 30 * NSEC_SEC);
    assert_string_equal(g->reschedule->delay_function, "exponential");
    assert_int_equal(g->reschedule->max_delay, NSEC_HOUR);
    assert_int_equal(g->update->max_parallel, 1);
    assert_int_equal(g->update->stagger, 30 * NSEC_SEC);
    assert_string_equal(g->update->health_check, "checks");
    assert_int_equal(g->update->min_healthy_time, 10 * NSEC_SEC);
    assert_int_equal(g->update->healthy_deadline, 5 * NSEC_MIN);
    assert_int_equal(g->update->progress_deadline, 10 * NSEC_MIN);
    assert_int_equal(g->update->canary, 0);
    assert_int_equal(g->migrate->max_parallel, 1);
    assert_string_equal(g->migrate->health_check, "checks");
    assert_int_equal(g->migrate->min_healthy_time, 10 * NSEC_SEC);
    assert_int_equal(g->migrate->healthy_deadline, 5 * NSEC_MIN);
    assert_int_equal(g->ephemeral_disk->size_mb, 300);
    assert_int_equal(t->resources->cpu, 100);
    assert_int_equal(t->resources->memory_mb, 300);
    assert_int_equal(t->logs->max_files, 10);
    assert_int_equal(t->logs->max_file_size_mb, 10);
    assert_int_equal(t->kill_timeout, 5 * NSEC_SEC);
    assert_int_equal(t->restart->attempts, 2);
}

static void a_batch_job_gets_the_defaults_of_batches(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    const struct task_group *g = only_group(group_with(a, "type = \"batch\"", "", ""));
    assert_int_equal(g->restart->attempts, 3);
    assert_int_equal(g->restart->interval, 24 * NSEC_HOUR);
    assert_int_equal(g->reschedule->attempts, 1);
    assert_int_equal(g->reschedule->interval, 24 * NSEC_HOUR);
    assert_int_equal(g->reschedule->delay, 5 * NSEC_SEC);
    assert_string_equal(g->reschedule->delay_function, "constant");
    assert_int_equal(g->reschedule->unlimited, 0);
    assert_null(g->update);
    assert_null(g->migrate);
}

static void a_system_job_is_neither_rescheduled_nor_migrated(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    const struct task_group *g = only_group(group_with(a, "type = \"system\"", "", ""));
    assert_int_equal(g->restart->attempts, 2);
    assert_null(g->reschedule);
    assert_null(g->migrate);
}

static void groups_inherit_field_by_field(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct job *j = group_with(a,
                               "update {\n max_parallel = 4\n canary = 2\n auto_revert = true\n}\n"
                               "reschedule {\n delay = \"9s\"\n delay_function = \"constant\"\n}\n"
                               "migrate {\n health_check = \"task_states\"\n max_parallel = 3\n}",
                               "update {\n max_parallel = 0\n auto_revert = false\n}\n"
                               "reschedule {\n delay = \"8s\"\n}\n"
                               "migrate {\n max_parallel = 1\n}\n"
                               "restart {\n attempts = 5\n mode = \"delay\"\n}",
                               "restart {\n attempts = 0\n}");
    const struct task_group *g = only_group(j);
    const struct task *t = g->tasks.items[0];
    assert_int_equal(g->update->max_parallel, 0);
    assert_int_equal(g->update->canary, 2);
    assert_int_equal(g->update->auto_revert, 0);
    assert_int_equal(g->reschedule->delay, 8 * NSEC_SEC);
    assert_string_equal(g->reschedule->delay_function, "constant");
    assert_int_equal(g->migrate->max_parallel, 1);
    assert_string_equal(g->migrate->health_check, "task_states");
    assert_int_equal(t->restart->attempts, 0);
    assert_string_equal(t->restart->mode, "delay");
    assert_int_equal(g->restart->attempts, 5);
    assert_null(j->update);
    assert_null(j->reschedule);
    assert_null(j->migrate);
}

static void what_depends_on_other_fields_is_filled(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct job *j = group_with(
        a, "",
        "scaling {\n min = 2\n max = 5\n}\nservice {}\nupdate {\n healthy_deadline=\"20m\"\n}",
        "service {}\nartifact {\n source = \"http://h/x\"\n}\nresources {\n cores = 2\n}\n"
        "template {\n data = \"x\"\n destination = \"local/x\"\n change_mode = \"signal\"\n}");
    const struct task_group *g = only_group(j);
    const struct task *t = g->tasks.items[0];
    assert_int_equal(g->count, 2);
    assert_string_equal(((struct service *)g->services.items[0])->name, "web-app");
    assert_string_equal(((struct service *)t->services.items[0])->name, "web-app-main");
    assert_string_equal(((struct service *)t->services.items[0])->task_name, "main");
    assert_string_equal(((struct artifact *)t->artifacts.items[0])->destination, "local/");
    assert_string_equal(((struct template *)t->templates.items[0])->change_signal, "SIGHUP");
    assert_int_equal(t->resources->cpu, 0);
    assert_int_equal(g->update->progress_deadline, 40 * NSEC_MIN);
}

static void a_huge_deadline_does_not_overflow(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct job *j = group_with(a, "", "update {\n healthy_deadline = \"2000000h\"\n}", "");
    assert_true(only_group(j)->update->progress_deadline >= 2000000 * NSEC_HOUR);
}

static void doing_it_twice_changes_nothing(void **state)
{
    static const char *const jobs[] = {"", "type = \"batch\"", "type = \"system\"",
                                       "type = \"sysbatch\""};
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct job *j = group_with(a, jobs[i], "reschedule {\n attempts = 2\n interval = \"1h\"\n}",
                                   "service {}");
        struct job *once = model_copy(&job_schema, a, j);
        assert_int_equal(job_canonicalize(a, j), 0);
        assert_string_equal(job_json(a, j), job_json(a, once));
    }
}

static void a_bare_job_from_json_does_not_crash(void **state)
{
    static const char *const texts[] = {
        "{}", "{\"TaskGroups\":[{}]}", "{\"TaskGroups\":[{\"Tasks\":[{}],\"Services\":[{}]}]}",
        "{\"TaskGroups\":[{\"Tasks\":[{\"Services\":[{\"Checks\":[{}]}],\"Artifacts\":[{}],"
        "\"Templates\":[{}],\"Constraints\":[{\"Operand\":\"\"}],\"Affinities\":[{}],"
        "\"Identities\":[{}],\"VolumeMounts\":[{}],\"Lifecycle\":{},\"Resources\":{\"Networks\":"
        "[{\"DynamicPorts\":[{}]}],\"Devices\":[{}]}}],\"Networks\":[{\"ReservedPorts\":[{},{}]}],"
        "\"Volumes\":{\"v\":{}},\"Spreads\":[{}],\"Scaling\":{}}],\"Periodic\":{},"
        "\"ParameterizedJob\":{}}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct err err = {{0}};
        struct strs found;
        void *j;
        assert_int_equal(model_from_json(&job_schema, a, str_of(texts[i]), "", 0, &j, &err), 0);
        assert_int_equal(job_canonicalize(a, j), 0);
        assert_int_equal(job_validate(a, j, &found), 0);
        assert_true(found.n > 0);
        assert_int_equal(job_warnings(a, j, &found), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_job_gets_the_defaults_of_services),
        cmocka_unit_test(a_batch_job_gets_the_defaults_of_batches),
        cmocka_unit_test(a_system_job_is_neither_rescheduled_nor_migrated),
        cmocka_unit_test(groups_inherit_field_by_field),
        cmocka_unit_test(what_depends_on_other_fields_is_filled),
        cmocka_unit_test(a_huge_deadline_does_not_overflow),
        cmocka_unit_test(doing_it_twice_changes_nothing),
        cmocka_unit_test(a_bare_job_from_json_does_not_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
