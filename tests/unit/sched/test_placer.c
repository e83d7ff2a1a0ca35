// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <math.h>

#include "base/vec.h"
#include "fixture.h"
#include "sched/placer.h"

#define NODES_MAX 512

struct world {
    struct arena *a;
    struct job *job;
    struct node *nodes[NODES_MAX];
    unsigned n_nodes;
    struct ledger *ledger;
    struct placer *placer;
    struct evaluation eval;
    struct place_request requests[3000];
    size_t n_requests;
    struct stop_request stops[16];
    size_t n_stops;
    struct place_result *r;
    struct err err;
    uint64_t serial;
};

static struct world *world_new(unsigned n_nodes, int64_t count)
{
    struct world *w = calloc(1, sizeof(*w));
    w->a = arena_new(0);
    w->job = fx_job(w->a, JOB_SERVICE, count);
    w->n_nodes = n_nodes;
    w->ledger = ledger_new();
    w->placer = placer_new(w->ledger);
    w->eval = (struct evaluation){.id = fx_id(9, 1), .ns = "default", .job_id = "web"};
    for (unsigned i = 0; i < n_nodes; i++)
        w->nodes[i] = fx_node(w->a, i);
    return w;
}

static void world_done(struct world **w)
{
    placer_free((*w)->placer);
    ledger_free((*w)->ledger);
    arena_free((*w)->a);
    free(*w);
}
#define WORLD(name, n_nodes, count)                                                                \
    __attribute__((cleanup(world_done))) struct world *name = world_new(n_nodes, count)

/* Nodes as they are now; the computed class is made anew. */
static void feed(struct world *w)
{
    for (unsigned i = 0; i < w->n_nodes; i++) {
        w->nodes[i]->computed_class = node_computed_class(w->a, w->nodes[i]);
        assert_int_equal(ledger_node(w->ledger, &w->nodes[i]->id, w->nodes[i]), 0);
    }
}

static struct place_request *ask(struct world *w, const char *name)
{
    struct place_request *q = &w->requests[w->n_requests++];
    *q = (struct place_request){.name = name, .group = fx_group(w->job)};
    return q;
}

static void ask_count(struct world *w, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ask(w, arena_printf(w->a, "web.g[%lld]", (long long)i));
}

static int place_from(struct world *w, size_t first, bool dry)
{
    struct place_input in = {
        .eval = &w->eval,
        .job = w->job,
        .requests = w->requests,
        .n_requests = w->n_requests,
        .first = first,
        .stops = w->stops,
        .n_stops = w->n_stops,
        .now = NOW,
        .seed = {7, ++w->serial},
        .dry_run = dry,
    };
    if (first)
        in.failed = w->r->failed;
    return placer_place(w->placer, w->a, &in, &w->err, &w->r);
}

static void place(struct world *w)
{
    if (place_from(w, 0, false) < 0)
        fail_msg("%s", w->err.text);
}

static struct allocation *placed(const struct world *w, size_t i)
{
    return w->r->allocs.items[i];
}

static unsigned node_of(const struct allocation *x)
{
    return (unsigned)(x->node_id.b[14] << 8 | x->node_id.b[15]);
}

static struct alloc_metric *failure(const struct world *w)
{
    return omap_get(&w->r->failed, "g");
}

static int64_t number(const struct imap *m, const char *key)
{
    int64_t v = 0;
    imap_get(m, key, &v);
    return v;
}

static void constrain(struct world *w, struct objs *to, const char *l, const char *op,
                      const char *r)
{
    struct constraint *c = model_new(&constraint_schema, w->a);
    *c = (struct constraint){l, r, op};
    objs_add(w->a, to, c);
}

static struct network_resource *network(struct world *w)
{
    struct network_resource *n = model_new(&network_resource_schema, w->a);
    objs_add(w->a, &fx_group(w->job)->networks, n);
    return n;
}

static void port(struct world *w, struct objs *to, const char *label, int64_t value, int64_t map_to)
{
    struct port *p = model_new(&port_schema, w->a);
    p->label = label;
    p->value = value;
    p->to = map_to;
    objs_add(w->a, to, p);
}

static void a_placement_is_complete(void **state)
{
    WORLD(w, 3, 1);
    feed(w);
    ask_count(w, 1);
    place(w);
    assert_int_equal(w->r->allocs.n, 1);
    assert_int_equal(w->r->next, 1);
    const struct allocation *x = placed(w, 0);
    assert_string_equal(x->name, "web.g[0]");
    assert_string_equal(x->node_name, w->nodes[node_of(x)]->name);
    assert_int_equal(x->client_status, ALLOC_PENDING);
    assert_true(uuid_eq(&x->eval_id, &w->eval.id));
    struct capacity u = alloc_usage(x->resources);
    assert_int_equal(u.cpu, 500);
    assert_int_equal(u.memory_mb, 256);
    assert_int_equal(u.disk_mb, 150);
    assert_int_equal(x->metrics->nodes_evaluated, 3);
    assert_int_equal(number(&x->metrics->nodes_available, "dc1"), 3);
    assert_int_equal(x->metrics->score_meta.n, 3);
    const struct node_score *s = x->metrics->score_meta.items[0];
    assert_true(uuid_eq(&s->node_id, &x->node_id));
    double pack = (20 - pow(10, 1 - 500.0 / 4000) - pow(10, 1 - 256.0 / 8192)) / 18;
    assert_true(fabs(s->norm_score - pack) < 1e-9);
    assert_int_equal(w->r->queued.n + w->r->failed.n + w->r->class_eligibility.n, 0);
    assert_int_equal(ledger_claims(w->ledger), 1);
}

static void what_does_not_fit_says_which_dimension(void **state)
{
    static const struct {
        int64_t cpu, mem, disk;
        const char *dimension;
    } cases[] = {{4001, 1, 1, "cpu"}, {1, 8193, 1, "memory"}, {1, 1, 100001, "disk"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        WORLD(w, 4, 2);
        struct task *t = fx_group(w->job)->tasks.items[0];
        t->resources->cpu = cases[i].cpu;
        t->resources->memory_mb = cases[i].mem;
        fx_group(w->job)->ephemeral_disk->size_mb = cases[i].disk;
        feed(w);
        ask_count(w, 2);
        place(w);
        assert_int_equal(w->r->allocs.n, 0);
        assert_int_equal(failure(w)->nodes_exhausted, 4);
        assert_int_equal(number(&failure(w)->dimension_exhausted, cases[i].dimension), 4);
        assert_int_equal(failure(w)->coalesced_failures, 1);
        assert_int_equal(number(&w->r->queued, "g"), 2);
        assert_int_equal(ledger_claims(w->ledger), 0);
    }
}

static void the_fleet_fills_exactly(void **state)
{
    WORLD(w, 5, 100);
    feed(w);
    ask_count(w, 100);
    place(w);
    assert_int_equal(w->r->allocs.n, 40); /* 8 of 500 MHz on each of 5 x 4000 */
    assert_int_equal(number(&failure(w)->dimension_exhausted, "cpu"), 5);
    assert_int_equal(number(&w->r->queued, "g"), 60);
    for (unsigned i = 0; i < 5; i++) {
        struct capacity cap, used;
        assert_true(ledger_usage(w->ledger, &w->nodes[i]->id, &cap, &used));
        assert_int_equal(used.cpu, 4000);
        assert_int_equal(used.memory_mb, 8 * 256);
    }
}

static void constraints_filter_with_nomads_texts(void **state)
{
    WORLD(w, 6, 1);
    for (unsigned i = 0; i < 3; i++)
        smap_set(w->a, &w->nodes[i]->attributes, "kernel.name", "plan9");
    w->nodes[3]->node_class = "small";
    w->nodes[3]->drivers = (struct omap){0};
    w->nodes[4]->status = NODE_DOWN;
    w->nodes[5]->datacenter = "dc2";
    constrain(w, &w->job->constraints, "${attr.kernel.name}", "=", "linux");
    w->job->datacenters.items[0] = "dc1";
    feed(w);
    ask_count(w, 1);
    place(w);
    const struct alloc_metric *m = failure(w);
    assert_non_null(m);
    assert_int_equal(m->nodes_evaluated, 4);
    assert_int_equal(m->nodes_in_pool, 5);
    assert_int_equal(m->nodes_filtered, 4);
    assert_int_equal(number(&m->constraint_filtered, "${attr.kernel.name} = linux"), 3);
    assert_int_equal(number(&m->constraint_filtered, "missing drivers"), 1);
    assert_int_equal(number(&m->class_filtered, "small"), 1);
    assert_int_equal(w->r->class_eligibility.n, 3);
    assert_false(w->r->escaped);
    struct uuid id = fx_id(9, 2);
    struct evaluation *b = sched_blocked_eval(w->a, &w->eval, &id, w->r);
    assert_int_equal(b->status, EVAL_BLOCKED);
    assert_int_equal(b->class_eligibility.n, 3);
    assert_string_equal(b->triggered_by, TRIGGER_QUEUED_ALLOCS);
}

static void a_unique_constraint_escapes_the_classes(void **state)
{
    WORLD(w, 6, 1);
    constrain(w, &fx_group(w->job)->constraints, "${attr.unique.hostname}", "=", "node-4");
    feed(w);
    ask_count(w, 1);
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 4);
    assert_int_equal(placed(w, 0)->metrics->nodes_filtered, 5);
    assert_false(w->r->escaped);
    ((struct task *)fx_group(w->job)->tasks.items[0])->resources->cpu = 99999;
    place(w);
    assert_int_equal(w->r->allocs.n, 0);
    assert_true(w->r->escaped);
    assert_int_equal(w->r->class_eligibility.n, 0);
}

static void pools_keep_apart(void **state)
{
    WORLD(w, 4, 1);
    w->nodes[2]->node_pool = "gpu";
    w->job->node_pool = "gpu";
    feed(w);
    ask_count(w, 1);
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 2);
    assert_int_equal(placed(w, 0)->metrics->nodes_in_pool, 1);
}

static void drivers_may_be_attributes(void **state)
{
    WORLD(w, 3, 1);
    for (unsigned i = 0; i < 3; i++)
        w->nodes[i]->drivers = (struct omap){0};
    smap_set(w->a, &w->nodes[1]->attributes, "driver.raw_exec", "1");
    smap_set(w->a, &w->nodes[2]->attributes, "driver.raw_exec", "0");
    feed(w);
    ask_count(w, 1);
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 1);
}

static void host_volumes_must_exist_and_be_writable(void **state)
{
    WORLD(w, 3, 1);
    struct volume_request *v = model_new(&volume_request_schema, w->a);
    v->name = "data";
    v->type = "host";
    v->source = "pool";
    omap_set(w->a, &fx_group(w->job)->volumes, "data", v);
    for (unsigned i = 1; i < 3; i++) {
        struct host_volume *h = model_new(&host_volume_schema, w->a);
        h->name = "pool";
        h->read_only = i == 1;
        omap_set(w->a, &w->nodes[i]->host_volumes, "pool", h);
    }
    feed(w);
    ask_count(w, 1);
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 2);
    assert_int_equal(
        number(&placed(w, 0)->metrics->constraint_filtered, "missing compatible host volumes"), 2);
}

static void distinct_hosts_takes_each_node_once(void **state)
{
    WORLD(w, 4, 6);
    constrain(w, &w->job->constraints, "", "distinct_hosts", "true");
    feed(w);
    struct allocation *other = fx_alloc(w->a, w->job, 2, 9);
    other->task_group = "other";
    assert_int_equal(ledger_alloc(w->ledger, NULL, other), 0);
    ask_count(w, 6);
    place(w);
    assert_int_equal(w->r->allocs.n, 3);
    bool seen[4] = {[2] = true};
    for (size_t i = 0; i < 3; i++) {
        assert_false(seen[node_of(placed(w, i))]);
        seen[node_of(placed(w, i))] = true;
    }
    assert_int_equal(number(&failure(w)->constraint_filtered, "distinct_hosts"), 4);
}

static void distinct_property_counts_values(void **state)
{
    WORLD(w, 6, 9);
    for (unsigned i = 0; i < 5; i++)
        smap_set(w->a, &w->nodes[i]->meta, "rack", i < 3 ? "r1" : "r2");
    constrain(w, &fx_group(w->job)->constraints, "${meta.rack}", "distinct_property", "2");
    feed(w);
    ask_count(w, 9);
    place(w);
    assert_int_equal(w->r->allocs.n, 4);
    int r1 = 0;
    for (size_t i = 0; i < 4; i++)
        r1 += node_of(placed(w, i)) < 3;
    assert_int_equal(r1, 2);
    assert_int_equal(number(&failure(w)->constraint_filtered,
                            "distinct_property: ${meta.rack}=r1 used by 2 allocs"),
                     3);
    assert_int_equal(number(&failure(w)->constraint_filtered, "missing property \"${meta.rack}\""),
                     1);
}

static void static_ports_collide(void **state)
{
    WORLD(w, 3, 4);
    port(w, &network(w)->reserved_ports, "http", 8080, 0);
    w->nodes[1]->reserved = model_new(&reserved_resources_schema, w->a);
    w->nodes[1]->reserved->networks = model_new(&reserved_networks_schema, w->a);
    w->nodes[1]->reserved->networks->host_ports = "22, 8000-8100";
    feed(w);
    ask_count(w, 4);
    place(w);
    assert_int_equal(w->r->allocs.n, 2);
    const struct port_mapping *m = placed(w, 0)->resources->shared->ports.items[0];
    assert_string_equal(m->label, "http");
    assert_int_equal(m->value, 8080);
    assert_int_equal(
        number(&failure(w)->dimension_exhausted, "network: reserved port collision http=8080"), 3);
    assert_int_equal(failure(w)->nodes_exhausted, 3);
}

static void dynamic_ports_are_distinct_and_run_out(void **state)
{
    WORLD(w, 1, 6);
    struct network_resource *n = network(w);
    port(w, &n->dynamic_ports, "a", 0, -1);
    port(w, &n->dynamic_ports, "b", 0, 80);
    w->nodes[0]->resources->min_dynamic_port = 30000;
    w->nodes[0]->resources->max_dynamic_port = 30008;
    feed(w);
    ask_count(w, 6);
    place(w);
    assert_int_equal(w->r->allocs.n, 4);
    bool seen[9] = {false};
    for (size_t i = 0; i < 4; i++) {
        const struct allocated_shared *s = placed(w, i)->resources->shared;
        for (size_t k = 0; k < 2; k++) {
            const struct port_mapping *m = s->ports.items[k];
            assert_in_range(m->value, 30000, 30008);
            assert_false(seen[m->value - 30000]);
            seen[m->value - 30000] = true;
            assert_int_equal(m->to, k == 0 ? m->value : 80);
        }
        const struct network_resource *nr = s->networks.items[0];
        assert_int_equal(((struct port *)nr->dynamic_ports.items[0])->value,
                         ((struct port_mapping *)s->ports.items[0])->value);
    }
    assert_int_equal(
        number(&failure(w)->dimension_exhausted, "network: dynamic port selection failed"), 1);
}

static void a_destructive_update_uses_the_room_it_frees(void **state)
{
    WORLD(w, 1, 1);
    port(w, &network(w)->reserved_ports, "http", 8080, 0);
    ((struct task *)fx_group(w->job)->tasks.items[0])->resources->cpu = 3000;
    constrain(w, &w->job->constraints, "", "distinct_hosts", "");
    feed(w);
    ask_count(w, 1);
    place(w);
    struct allocation *old = placed(w, 0);
    assert_int_equal(ledger_alloc(w->ledger, NULL, old), 0);
    assert_int_equal(ledger_claims(w->ledger), 0);
    w->n_requests = 0;
    struct place_request *q = ask(w, "web.g[0]");
    place(w);
    assert_int_equal(w->r->allocs.n, 0); /* a stranger does not fit */
    q->previous = old;
    q->stop_description = STOP_UPDATING;
    place(w);
    assert_int_equal(w->r->allocs.n, 1);
    assert_int_equal(w->r->stops.n, 1);
    assert_ptr_equal(w->r->stops.items[0], old);
    assert_string_equal(w->r->stop_descriptions[0], STOP_UPDATING);
    assert_true(uuid_eq(&placed(w, 0)->previous_allocation, &old->id));

    /* the log applies both, then the old one ends */
    struct allocation *stopping = model_copy(&allocation_schema, w->a, old);
    stopping->desired_status = ALLOC_STOP;
    struct allocation *ended = model_copy(&allocation_schema, w->a, stopping);
    ended->client_status = ALLOC_COMPLETE;
    ledger_alloc(w->ledger, old, stopping);
    ledger_alloc(w->ledger, NULL, placed(w, 0));
    ledger_alloc(w->ledger, stopping, ended);
    struct capacity cap, used;
    ledger_usage(w->ledger, &w->nodes[0]->id, &cap, &used);
    assert_int_equal(used.cpu, 3000);
    assert_int_equal(ledger_claims(w->ledger), 0);
    q->previous = NULL;
    q->stop_description = NULL;
    place(w);
    assert_int_equal(number(&failure(w)->constraint_filtered, "distinct_hosts"), 1);
}

static void a_failed_destructive_update_leaves_no_trace(void **state)
{
    WORLD(w, 2, 2);
    feed(w);
    struct allocation *old = fx_alloc(w->a, w->job, 0, 0);
    ledger_alloc(w->ledger, NULL, old);
    ((struct task *)fx_group(w->job)->tasks.items[0])->resources->cpu = 9000;
    struct place_request *q = ask(w, "web.g[0]");
    q->previous = old;
    q->stop_description = STOP_UPDATING;
    place(w);
    assert_int_equal(w->r->allocs.n + w->r->stops.n, 0);
    assert_int_equal(ledger_claims(w->ledger), 0);
}

static void a_failed_node_is_avoided(void **state)
{
    WORLD(w, 2, 1);
    feed(w);
    /* node 1 is fuller, hence better, but the allocation failed there */
    struct allocation *prev = fx_alloc(w->a, w->job, 1, 0);
    struct job *filler = fx_job(w->a, JOB_SERVICE, 1);
    filler->id = "filler";
    struct allocation *x = fx_alloc(w->a, filler, 1, 0);
    ledger_alloc(w->ledger, NULL, x);
    fx_failed(w->a, prev, NOW);
    struct place_request *q = ask(w, "web.g[0]");
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 1);
    ledger_release(w->ledger, &placed(w, 0)->id);
    q->previous = prev;
    q->reschedule = true;
    q->stop_description = STOP_RESCHEDULED;
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 0);
    const struct node_score *s = placed(w, 0)->metrics->score_meta.items[1];
    assert_string_equal(s->scores.items[3].key, "node-reschedule-penalty");
    assert_true(s->scores.items[3].value == -1);
}

static void a_sticky_disk_stays(void **state)
{
    WORLD(w, 8, 1);
    fx_group(w->job)->ephemeral_disk->sticky = true;
    feed(w);
    struct allocation *prev = fx_alloc(w->a, w->job, 5, 0);
    ask(w, "web.g[0]")->previous = prev;
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 5);
}

static void a_dry_run_changes_nothing(void **state)
{
    WORLD(w, 3, 5);
    feed(w);
    struct allocation *x = fx_alloc(w->a, w->job, 0, 0);
    ledger_alloc(w->ledger, NULL, x);
    w->stops[w->n_stops++] = (struct stop_request){x, STOP_NOT_NEEDED, -1};
    ask_count(w, 5);
    assert_int_equal(place_from(w, 0, true), 0);
    unsigned first[5];
    for (size_t i = 0; i < 5; i++)
        first[i] = node_of(placed(w, i));
    assert_int_equal(ledger_claims(w->ledger), 0);
    place(w);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(node_of(placed(w, i)), first[i]);
    assert_int_equal(ledger_claims(w->ledger), 6);
}

static void stops_of_a_plan_that_came_to_nothing_are_forgotten(void **state)
{
    WORLD(w, 1, 2);
    constrain(w, &w->job->constraints, "", "distinct_hosts", "");
    feed(w);
    struct allocation *x = fx_alloc(w->a, w->job, 0, 0);
    ledger_alloc(w->ledger, NULL, x);
    w->stops[w->n_stops++] = (struct stop_request){x, STOP_NOT_NEEDED, -1};
    ask_count(w, 1);
    place(w);
    assert_int_equal(w->r->allocs.n, 1);
    ledger_release(w->ledger, &placed(w, 0)->id); /* the entry was lost, x runs on */
    assert_int_equal(ledger_claims(w->ledger), 1);
    w->n_stops = 0;
    place(w);
    assert_int_equal(w->r->allocs.n, 0);
    assert_int_equal(ledger_claims(w->ledger), 0);
}

static void large_plans_come_in_pieces(void **state)
{
    WORLD(w, 400, 2500);
    feed(w);
    ask_count(w, 2500);
    size_t total = 0, pieces = 0, at = 0;
    do {
        assert_int_equal(place_from(w, at, false), 0);
        total += w->r->allocs.n;
        assert_true(w->r->allocs.n <= SCHED_PIECE_MAX);
        at = w->r->next;
        pieces++;
    } while (at < w->n_requests);
    assert_int_equal(total, 2500);
    assert_int_equal(pieces, 3);
}

static void later_pieces_remember_what_failed_before(void **state)
{
    WORLD(w, 400, 2500);
    struct job *two = fx_job(w->a, JOB_SERVICE, 3);
    fx_group(two)->name = "big";
    ((struct task *)fx_group(two)->tasks.items[0])->resources->cpu = 99999;
    objs_add(w->a, &w->job->task_groups, fx_group(two));
    feed(w);
    for (int i = 0; i < 3; i++)
        ask(w, "web.big[0]")->group = fx_group(two);
    ask_count(w, 1500);
    assert_int_equal(place_from(w, 0, false), 0);
    assert_int_equal(w->r->next, 1003);
    assert_int_equal(place_from(w, w->r->next, false), 0);
    assert_int_equal(w->r->allocs.n, 500);
    assert_int_equal(w->r->failed.n, 1);
    assert_int_equal(number(&w->r->queued, "big"), 3);
    assert_int_equal(w->r->class_eligibility.n, 1);
    assert_int_equal(w->r->class_eligibility.items[0].value, 1);
}

static void answers_about_classes_are_not_mixed_up(void **state)
{
    WORLD(w, 40, 1);
    for (unsigned i = 0; i < 40; i++)
        smap_set(w->a, &w->nodes[i]->meta, "rack", arena_printf(w->a, "r%u", i % 20));
    w->n_nodes = 20;
    feed(w);
    ask_count(w, 1);
    for (unsigned round = 0; round < 200; round++) {
        unsigned rack = round * 7 % 20;
        if (round == 100) {
            w->nodes[35]->node_class = "late"; /* a new class of rack 15 */
            w->n_nodes = 40;
            feed(w);
        }
        fx_group(w->job)->constraints = (struct objs){0};
        constrain(w, &fx_group(w->job)->constraints, "${meta.rack}", "=",
                  arena_printf(w->a, "r%u", rack));
        assert_int_equal(place_from(w, 0, true), 0);
        assert_int_equal(node_of(placed(w, 0)) % 20, rack);
        assert_int_equal(placed(w, 0)->metrics->nodes_filtered, round < 100 ? 19 : 38);
    }
}

static void what_cannot_be_scheduled_yet_is_refused(void **state)
{
    WORLD(w, 1, 1);
    ((struct task *)fx_group(w->job)->tasks.items[0])->resources->cores = 2;
    feed(w);
    ask_count(w, 1);
    assert_int_equal(place_from(w, 0, false), -EOPNOTSUPP);
    assert_string_equal(w->err.text, "not supported: reserved cores of task \"main\"");
}

static void nodes_come_go_and_change(void **state)
{
    WORLD(w, 3, 3);
    feed(w);
    struct allocation *x = fx_alloc(w->a, w->job, 1, 0);
    ledger_alloc(w->ledger, NULL, x);
    assert_int_equal(ledger_nodes(w->ledger), 3);
    for (unsigned i = 0; i < 3; i++)
        ledger_node(w->ledger, &w->nodes[i]->id, NULL);
    assert_int_equal(ledger_nodes(w->ledger), 0);
    struct capacity cap, used;
    assert_false(ledger_usage(w->ledger, &w->nodes[0]->id, &cap, &used));
    /* the slot of a node with allocations stays until they are gone */
    assert_true(ledger_usage(w->ledger, &w->nodes[1]->id, &cap, &used));
    assert_int_equal(used.cpu, 500);
    ask_count(w, 1);
    place(w);
    assert_int_equal(w->r->allocs.n, 0);
    ledger_node(w->ledger, &w->nodes[1]->id, w->nodes[1]);
    place(w);
    assert_int_equal(node_of(placed(w, 0)), 1);
    ledger_release(w->ledger, &placed(w, 0)->id);
    ledger_node(w->ledger, &w->nodes[1]->id, NULL);
    ledger_alloc(w->ledger, x, NULL);
    assert_false(ledger_usage(w->ledger, &w->nodes[1]->id, &cap, &used));
}

/* --- every choice against a naive scan in double --- */

struct naive {
    double cap_cpu, cap_mem, cpu, mem, disk, unstarted, affinity;
    int members, rack;
    bool feasible;
};

struct shape {
    unsigned nodes;
    int64_t count;
    bool constrained, affinity, distinct;
    int spread; /* 0 none, 1 even, 2 targets */
};

static double naive_spread(const struct shape *s, const int *racks, int rack)
{
    double min = 0, max = 0, n = racks[rack];
    if (!s->spread)
        return 0;
    if (s->spread == 2) {
        double want = (double)s->count * (rack == 0 ? 0.5 : rack == 1 ? 0.2 : 0.3);
        return (want - (n + 1)) / want;
    }
    for (int i = 0; i < 5; i++)
        if (racks[i]) {
            min = min == 0 || racks[i] < min ? racks[i] : min;
            max = racks[i] > max ? racks[i] : max;
        }
    if (max == 0)
        return 0;
    return n != min ? (min - n) / min : min == max ? -1 : (max - min) / min;
}

static double naive_key(const struct shape *s, const struct naive *x, const int *racks)
{
    if (!x->feasible || x->cpu + 500 > x->cap_cpu || x->mem + 256 > x->cap_mem ||
        x->disk + 150 > 100000 || (s->distinct && x->members))
        return -1e9;
    double pack =
        (20 - pow(10, 1 - (x->cpu + 500) / x->cap_cpu) - pow(10, 1 - (x->mem + 256) / x->cap_mem)) /
        18;
    double sum = pack, n = 1, boost = naive_spread(s, racks, x->rack);
    if (x->members)
        sum -= (x->members + 1) / (double)s->count, n++;
    if (x->affinity != 0)
        sum += x->affinity, n++;
    if (boost != 0)
        sum += boost, n++;
    double ac = 500 / x->cap_cpu, am = 256 / x->cap_mem;
    double fc = 1 - x->cpu / x->cap_cpu, fm = 1 - x->mem / x->cap_mem;
    double cosine = (ac * fc + am * fm) / (hypot(ac, am) * hypot(fc, fm));
    return sum / n + cosine - 0.1 * x->unstarted;
}

static unsigned rnd(uint64_t *x, unsigned n)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return (unsigned)(*x % n);
}

static void shape_job(struct world *w, const struct shape *s)
{
    struct task_group *g = fx_group(w->job);
    if (s->constrained)
        constrain(w, &g->constraints, "${attr.kernel.name}", "regexp", "^lin");
    if (s->distinct)
        constrain(w, &g->constraints, "", "distinct_hosts", "");
    if (s->affinity) {
        struct affinity *f = model_new(&affinity_schema, w->a);
        *f = (struct affinity){"${meta.rack}", "r1", "=", -60};
        objs_add(w->a, &w->job->affinities, f);
        f = model_new(&affinity_schema, w->a);
        *f = (struct affinity){"${meta.rack}", "r2", "=", 40};
        objs_add(w->a, &g->affinities, f);
    }
    if (!s->spread)
        return;
    struct spread *sp = model_new(&spread_schema, w->a);
    sp->attribute = "${meta.rack}";
    sp->weight = 50;
    for (int i = 0; s->spread == 2 && i < 2; i++) {
        struct spread_target *t = model_new(&spread_target_schema, w->a);
        *t = (struct spread_target){i ? "r1" : "r0", i ? 20 : 50};
        objs_add(w->a, &sp->targets, t);
    }
    objs_add(w->a, &g->spreads, sp);
}

static void naive_node(struct world *w, const struct shape *s, unsigned i, struct naive *x,
                       uint64_t *seed)
{
    struct node *n = w->nodes[i];
    unsigned size = rnd(seed, 4);
    n->resources->cpu->shares = 4000 << size;
    n->resources->memory->mb = 8192 << rnd(seed, 4);
    *x = (struct naive){
        .cap_cpu = (double)n->resources->cpu->shares,
        .cap_mem = (double)n->resources->memory->mb,
        .rack = (int)rnd(seed, 5),
        .feasible = true,
    };
    smap_set(w->a, &n->meta, "rack", arena_printf(w->a, "r%d", x->rack));
    if (s->constrained && rnd(seed, 3) == 0) {
        smap_set(w->a, &n->attributes, "kernel.name", "plan9");
        x->feasible = false;
    }
    if (s->affinity)
        x->affinity = x->rack == 1 ? -0.6 : x->rack == 2 ? 0.4 : 0;
}

static void naive_load(struct world *w, struct naive *x, unsigned n, int *racks, uint64_t *seed)
{
    struct job *other = fx_job(w->a, JOB_SERVICE, 1);
    other->id = "other";
    for (unsigned i = 0; i < n * 3; i++) {
        unsigned at = rnd(seed, n);
        bool ours = rnd(seed, 8) == 0;
        struct allocation *al = fx_alloc(w->a, ours ? w->job : other, at, (int64_t)i);
        if (x[at].cpu + 500 > x[at].cap_cpu || x[at].mem + 256 > x[at].cap_mem)
            continue;
        al->client_status = rnd(seed, 5) ? ALLOC_RUNNING : ALLOC_PENDING;
        assert_int_equal(ledger_alloc(w->ledger, NULL, al), 0);
        x[at].cpu += 500;
        x[at].mem += 256;
        x[at].disk += 150;
        x[at].members += ours;
        x[at].unstarted += al->client_status == ALLOC_PENDING;
        racks[x[at].rack] += ours;
    }
}

static void check_choices(const struct world *w, const struct shape *s, struct naive *x, int *racks)
{
    for (size_t k = 0; k < w->r->allocs.n; k++) {
        double best = -1e9;
        for (unsigned i = 0; i < s->nodes; i++)
            best = fmax(best, naive_key(s, &x[i], racks));
        struct naive *at = &x[node_of(placed(w, k))];
        double mine = naive_key(s, at, racks);
        if (mine < best - 1e-5)
            fail_msg("placement %zu: %f, best %f", k, mine, best);
        at->cpu += 500;
        at->mem += 256;
        at->disk += 150;
        at->members++;
        at->unstarted++;
        racks[at->rack]++;
    }
}

static void every_choice_is_the_best_of_a_naive_scan(void **state)
{
    static const struct shape shapes[] = {
        {1, 20, 0, 0, 0, 0},    {7, 50, 0, 0, 0, 0},    {64, 300, 0, 0, 0, 0},
        {65, 300, 1, 0, 0, 0},  {300, 900, 1, 0, 0, 0}, {200, 400, 0, 1, 0, 0},
        {200, 400, 1, 1, 0, 1}, {150, 300, 0, 0, 0, 1}, {150, 300, 0, 0, 0, 2},
        {200, 250, 1, 0, 1, 0}, {100, 200, 1, 1, 1, 2}, {400, 1000, 1, 1, 0, 0},
    };
    uint64_t seed = 42424242;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        const struct shape *s = &shapes[i];
        struct naive x[NODES_MAX];
        int racks[5] = {0};
        WORLD(w, s->nodes, s->count);
        shape_job(w, s);
        for (unsigned k = 0; k < s->nodes; k++)
            naive_node(w, s, k, &x[k], &seed);
        feed(w);
        naive_load(w, x, s->nodes, racks, &seed);
        ask_count(w, s->count);
        place(w);
        assert_true(w->r->allocs.n > 0);
        check_choices(w, s, x, racks);
        if (w->r->allocs.n < w->n_requests)
            for (unsigned k = 0; k < s->nodes; k++)
                assert_true(naive_key(s, &x[k], racks) < -1e8);
    }
}

static void random_histories_never_overfill_a_node(void **state)
{
    uint64_t seed = 777;
    for (int round = 0; round < 30; round++) {
        WORLD(w, 12, 40);
        VEC(struct allocation *) live = {0};
        struct network_resource *net = network(w);
        port(w, &net->dynamic_ports, "p", 0, 0);
        feed(w);
        for (int step = 0; step < 40; step++) {
            w->n_requests = 0;
            ask_count(w, 1 + rnd(&seed, 12));
            place(w);
            for (size_t i = 0; i < w->r->allocs.n; i++) {
                if (rnd(&seed, 4) == 0) {
                    ledger_release(w->ledger, &placed(w, i)->id);
                    continue;
                }
                ledger_alloc(w->ledger, NULL, placed(w, i));
                assert_int_equal(vec_push(&live, placed(w, i)), 0);
            }
            for (size_t i = 0; i < live.n; i++) {
                if (rnd(&seed, 3))
                    continue;
                struct allocation *old = live.items[i],
                                  *fresh = model_copy(&allocation_schema, w->a, old);
                fresh->client_status = rnd(&seed, 2) ? ALLOC_RUNNING : ALLOC_FAILED;
                ledger_alloc(w->ledger, old, fresh);
                live.items[i] = fresh;
                if (fresh->client_status == ALLOC_FAILED)
                    vec_swap_del(&live, i);
            }
            struct capacity sum[12] = {0};
            bool ports[12][12001] = {0};
            for (size_t i = 0; i < live.n; i++) {
                const struct port_mapping *m = live.items[i]->resources->shared->ports.items[0];
                unsigned at = node_of(live.items[i]);
                assert_false(ports[at][m->value - 20000]);
                ports[at][m->value - 20000] = true;
                sum[at].cpu += 500;
                sum[at].memory_mb += 256;
            }
            for (unsigned i = 0; i < 12; i++) {
                struct capacity cap, used;
                assert_true(ledger_usage(w->ledger, &w->nodes[i]->id, &cap, &used));
                assert_int_equal(used.cpu, sum[i].cpu);
                assert_int_equal(used.memory_mb, sum[i].memory_mb);
                assert_true(used.cpu <= cap.cpu && used.memory_mb <= cap.memory_mb);
            }
            assert_int_equal(ledger_claims(w->ledger), 0);
        }
        vec_free(&live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_placement_is_complete),
        cmocka_unit_test(what_does_not_fit_says_which_dimension),
        cmocka_unit_test(the_fleet_fills_exactly),
        cmocka_unit_test(constraints_filter_with_nomads_texts),
        cmocka_unit_test(a_unique_constraint_escapes_the_classes),
        cmocka_unit_test(pools_keep_apart),
        cmocka_unit_test(drivers_may_be_attributes),
        cmocka_unit_test(host_volumes_must_exist_and_be_writable),
        cmocka_unit_test(distinct_hosts_takes_each_node_once),
        cmocka_unit_test(distinct_property_counts_values),
        cmocka_unit_test(static_ports_collide),
        cmocka_unit_test(dynamic_ports_are_distinct_and_run_out),
        cmocka_unit_test(a_destructive_update_uses_the_room_it_frees),
        cmocka_unit_test(a_failed_destructive_update_leaves_no_trace),
        cmocka_unit_test(a_failed_node_is_avoided),
        cmocka_unit_test(a_sticky_disk_stays),
        cmocka_unit_test(a_dry_run_changes_nothing),
        cmocka_unit_test(stops_of_a_plan_that_came_to_nothing_are_forgotten),
        cmocka_unit_test(large_plans_come_in_pieces),
        cmocka_unit_test(later_pieces_remember_what_failed_before),
        cmocka_unit_test(answers_about_classes_are_not_mixed_up),
        cmocka_unit_test(what_cannot_be_scheduled_yet_is_refused),
        cmocka_unit_test(nodes_come_go_and_change),
        cmocka_unit_test(every_choice_is_the_best_of_a_naive_scan),
        cmocka_unit_test(random_histories_never_overfill_a_node),
    };
    return cmocka_run_group_tests_name("sched-placer", tests, NULL, NULL);
}
