// SPDX-License-Identifier: Apache-2.0
/* Scheduler times on a synthetic fleet: CPU microseconds per placement or per evaluation.
 *   bench-sched [rounds [name]]: only the cases whose name begins so
 * The fleet: four sizes (4/8/16/32 GHz, 8/16/32/64 GB), 25 racks, 4 systems, 2 architectures = 400
 * computed classes or fewer. The ask: 500 MHz, 256 MB, 150 MB disk. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "sched/placer.h"

struct fleet {
    struct arena *a;
    struct ledger *l;
    struct placer *p;
    struct node **nodes;
    unsigned n;
};

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct uuid make_id(uint8_t kind, unsigned n)
{
    uint64_t seed[2] = {kind, n};
    struct uuid u;
    uuid_from_seed(seed, &u);
    return u;
}

static struct node *make_node(struct arena *a, unsigned i)
{
    static const char *const systems[] = {"debian", "fedora", "suse", "arch"};
    struct node *n = model_new(&node_schema, a);
    n->id = make_id(1, i);
    n->name = arena_printf(a, "node-%u", i);
    n->datacenter = "dc1";
    n->node_pool = "default";
    n->status = NODE_READY;
    n->resources = model_new(&node_resources_schema, a);
    n->resources->cpu = model_new(&node_cpu_schema, a);
    n->resources->memory = model_new(&node_memory_schema, a);
    n->resources->disk = model_new(&node_disk_schema, a);
    unsigned size = i % 4;
    n->resources->cpu->shares = 4000 << size;
    n->resources->memory->mb = 8192 << size;
    n->resources->disk->mb = 500000;
    smap_set(a, &n->meta, "rack", arena_printf(a, "r%u", i % 25));
    smap_set(a, &n->attributes, "os.name", systems[i / 4 % 4]);
    smap_set(a, &n->attributes, "cpu.arch", i % 2 ? "amd64" : "arm64");
    smap_set(a, &n->attributes, "driver.exec", "1");
    smap_set(a, &n->attributes, "os.version", i % 3 ? "12.1" : "11.0");
    smap_set(a, &n->attributes, "unique.hostname", n->name);
    n->computed_class = node_computed_class(a, n);
    return n;
}

static struct fleet make_fleet(unsigned n)
{
    struct fleet f = {.a = arena_new(0), .n = n};
    f.l = ledger_new();
    f.p = placer_new(f.l);
    f.nodes = arena_array(f.a, struct node *, n);
    for (unsigned i = 0; i < n; i++) {
        f.nodes[i] = make_node(f.a, i);
        ledger_node(f.l, &f.nodes[i]->id, f.nodes[i]);
    }
    return f;
}

static void free_fleet(struct fleet *f)
{
    placer_free(f->p);
    ledger_free(f->l);
    arena_free(f->a);
}

static struct job *make_job(struct arena *a, const char *id, int64_t count)
{
    struct job *j = model_new(&job_schema, a);
    struct task_group *g = model_new(&task_group_schema, a);
    struct task *t = model_new(&task_schema, a);
    j->id = j->name = id;
    j->ns = "default";
    j->type = JOB_SERVICE;
    j->job_modify_index = 10;
    strs_add(a, &j->datacenters, "*");
    g->name = "g";
    g->count = count;
    g->ephemeral_disk = model_new(&ephemeral_disk_schema, a);
    g->ephemeral_disk->size_mb = 150;
    t->name = "main";
    t->driver = "exec";
    t->resources = model_new(&resources_schema, a);
    t->resources->cpu = 500;
    t->resources->memory_mb = 256;
    objs_add(a, &g->tasks, t);
    objs_add(a, &j->task_groups, g);
    return j;
}

static void constrain(struct arena *a, struct job *j, const char *l, const char *op, const char *r)
{
    struct constraint *c = model_new(&constraint_schema, a);
    *c = (struct constraint){l, r, op};
    objs_add(a, &j->constraints, c);
}

struct alloc_set {
    struct fleet *f;
    const struct allocation **items;
    size_t n;
};

static const struct node *node_cb(void *ctx, const struct uuid *id)
{
    const struct fleet *f = ctx;
    (void)id;
    return f->nodes[0];
}

/* Reconcile and place everything; the allocations are kept when `keep` is given. */
static size_t evaluate(struct fleet *f, struct job *j, struct alloc_set *keep, struct arena *kept)
{
    struct arena *a = keep ? kept : arena_new(0);
    struct evaluation eval = {.id = make_id(3, 1), .ns = "default", .job_id = j->id};
    struct reconcile_input in = {
        .ns = "default", .job_id = j->id, .job = j, .eval = &eval, .node_cb = node_cb, .ctx = f};
    struct reconcile_result *r;
    size_t placed = 0, first = 0;
    static uint64_t serial;
    if (reconcile(a, &in, NULL, &r) < 0)
        abort();
    do {
        struct place_input pin = {
            .eval = &eval,
            .job = j,
            .requests = r->place,
            .n_requests = r->n_place,
            .first = first,
            .now = 1,
            .seed = {4, ++serial},
            .dry_run = !keep,
        };
        struct place_result *pr;
        if (placer_place(f->p, a, &pin, NULL, &pr) < 0)
            abort();
        placed += pr->allocs.n;
        for (size_t i = 0; keep && i < pr->allocs.n; i++) {
            struct allocation *x = pr->allocs.items[i];
            x->client_status = ALLOC_RUNNING;
            ledger_alloc(f->l, NULL, x);
            keep->items[keep->n++] = x;
        }
        first = pr->next;
    } while (first < r->n_place);
    if (!keep)
        arena_free(a);
    return placed;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, unsigned n, int64_t count, double *t, int rounds, size_t per)
{
    qsort(t, (size_t)rounds, sizeof(*t), by_value);
    double median = t[rounds / 2];
    printf("%-34s %6u nodes %6" PRId64 " count  %10.1f us", name, n, count, median);
    if (per > 1)
        printf("  %7.3f us per placement", median / (double)per);
    printf("\n");
}

static const char *only = "";

static void time_job(const char *name, struct fleet *f, struct job *j, int64_t count, int rounds)
{
    double t[1000];
    if (!has_prefix(name, only))
        return;
    size_t placed = 0;
    for (int i = 0; i < rounds; i++) {
        double from = cpu_us();
        placed = evaluate(f, j, NULL, NULL);
        t[i] = cpu_us() - from;
    }
    report(name, f->n, count, t, rounds, placed);
}

static void time_noop(struct fleet *f, int rounds)
{
    if (!has_prefix("reconcile", only))
        return;
    struct arena *a = arena_new(0);
    struct job *j = make_job(a, "noop", 10000);
    struct alloc_set set = {.f = f, .items = calloc(10000, sizeof(*set.items))};
    evaluate(f, j, &set, a);
    double t[1000];
    for (int i = 0; i < rounds; i++) {
        struct evaluation eval = {.id = make_id(3, 1)};
        struct reconcile_input in = {.ns = "default",
                                     .job_id = j->id,
                                     .job = j,
                                     .allocs = set.items,
                                     .n_allocs = set.n,
                                     .eval = &eval,
                                     .node_cb = node_cb,
                                     .ctx = f};
        struct reconcile_result *r;
        struct arena *scratch = arena_new(0);
        double from = cpu_us();
        if (reconcile(scratch, &in, NULL, &r) < 0 || r->n_place || r->n_stop)
            abort();
        t[i] = cpu_us() - from;
        arena_free(scratch);
    }
    report("reconcile, nothing to do", f->n, (int64_t)set.n, t, rounds, 1);
    free(set.items);
    arena_free(a);
}

static void bench_fleet(unsigned n, int rounds)
{
    struct fleet f = make_fleet(n);
    struct arena *a = f.a;
    time_job("service", &f, make_job(a, "s1", 1000), 1000, rounds);
    struct job *c = make_job(a, "s2", 1000);
    constrain(a, c, "${attr.cpu.arch}", "=", "amd64");
    constrain(a, c, "${attr.os.version}", "version", ">= 11.5");
    constrain(a, c, "${attr.os.name}", "regexp", "^(debian|suse)$");
    time_job("three constraints", &f, c, 1000, rounds);
    struct job *s = make_job(a, "s3", 1000);
    struct spread *sp = model_new(&spread_schema, a);
    sp->attribute = "${meta.rack}";
    sp->weight = 50;
    objs_add(a, &s->spreads, sp);
    time_job("spread over 25 racks", &f, s, 1000, rounds);
    struct job *d = make_job(a, "s4", 1000);
    constrain(a, d, "", "distinct_hosts", "");
    time_job("distinct_hosts", &f, d, 1000, rounds);
    time_job("one allocation", &f, make_job(a, "s5", 1), 1, rounds);
    struct job *b = make_job(a, "s6", 10);
    constrain(a, b, "${attr.os.name}", "=", "plan9");
    time_job("blocked: constraint", &f, b, 10, rounds);
    struct job *big = make_job(a, "s7", 10);
    ((struct task *)((struct task_group *)big->task_groups.items[0])->tasks.items[0])
        ->resources->cpu = 99999;
    time_job("blocked: no room", &f, big, 10, rounds);
    time_noop(&f, rounds);
    free_fleet(&f);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 9;
    if (rounds < 1 || rounds > 1000)
        return 2;
    only = argc > 2 ? argv[2] : "";
    bench_fleet(5000, rounds);
    bench_fleet(10000, rounds);
    return 0;
}
