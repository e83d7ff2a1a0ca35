// SPDX-License-Identifier: Apache-2.0
/* The state with a fleet in it: cost of placing, of client updates, of reading a job and a node, of
 * writing and restoring a snapshot, and memory an allocation. Usage: bench-state [allocs [nodes]].
 */
#include <malloc.h>
#include <stdio.h>

#include "base/clock.h"
#include "state/image.h"
#include "state/write.h"

enum { PER_ENTRY = 1000, PER_JOB = 500 };

static struct state *st;
static uint64_t raft_index;
static size_t allocs = 100000, nodes = 1000;
static nsec_t started;

static void start(void)
{
    started = now_mono();
}
static void report(const char *what, size_t n)
{
    double ns = (double)(now_mono() - started);
    printf("%-40s %9.2f us each %9.0f k/s\n", what, ns / 1000 / (double)n, (double)n * 1e6 / ns);
}
static size_t heap(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}
static void check(int r)
{
    if (r < 0)
        abort();
}

static struct uuid id_of(unsigned kind, size_t n)
{
    uint64_t seed[2] = {kind + 1, n + 1};
    struct uuid u;
    uuid_from_seed(seed, &u);
    uuid_from_seed(seed, &u);
    return u;
}

static void add_nodes(void)
{
    state_begin(st, ++raft_index, 0);
    for (size_t i = 0; i < nodes; i++) {
        struct node n = {
            .id = id_of(0, i), .datacenter = "dc1", .name = "node", .status = NODE_READY};
        check(state_upsert_node(st, &n));
    }
    state_commit(st);
}

static void add_jobs(void)
{
    struct task task = {.name = "server", .driver = "exec"};
    void *tasks[] = {&task};
    struct task_group group = {.name = "web", .count = PER_JOB, .tasks = {tasks, 1}};
    void *groups[] = {&group};
    state_begin(st, ++raft_index, 0);
    for (size_t i = 0; i < (allocs + PER_JOB - 1) / PER_JOB; i++) {
        char id[32];
        snprintf(id, sizeof(id), "service-%zu", i);
        struct job j = {.id = id, .name = id, .ns = "default", .task_groups = {groups, 1}};
        check(state_upsert_job(st, &j, JOB_NEW_VERSION));
    }
    state_commit(st);
}

static void place(size_t i)
{
    char job_id[32], name[64], node_name[32];
    snprintf(job_id, sizeof(job_id), "service-%zu", i / PER_JOB);
    snprintf(name, sizeof(name), "service-%zu.web[%zu]", i / PER_JOB, i % PER_JOB);
    snprintf(node_name, sizeof(node_name), "node-%zu", i % nodes);
    struct allocated_cpu cpu = {.shares = 100};
    struct allocated_memory memory = {.mb = 128};
    struct allocated_task task = {.cpu = &cpu, .memory = &memory};
    struct okv tasks = {"server", &task};
    struct allocated_shared shared = {.disk_mb = 300};
    struct allocated_resources resources = {.tasks = {&tasks, 1}, .shared = &shared};
    struct ikv available = {"dc1", (int64_t)nodes};
    struct alloc_metric metrics = {.nodes_evaluated = (int64_t)nodes,
                                   .nodes_available = {&available, 1}};
    struct allocation a = {.id = id_of(1, i),
                           .eval_id = id_of(2, i / PER_JOB),
                           .node_id = id_of(0, i % nodes),
                           .ns = "default",
                           .name = name,
                           .node_name = node_name,
                           .job_id = job_id,
                           .task_group = "web",
                           .resources = &resources,
                           .metrics = &metrics};
    check(state_upsert_alloc(st, &a));
}

static void place_all(void)
{
    size_t before = heap();
    start();
    for (size_t i = 0; i < allocs;) {
        state_begin(st, ++raft_index, 0);
        for (size_t k = 0; k < PER_ENTRY && i < allocs; k++, i++)
            place(i);
        state_commit(st);
    }
    report("place, 1000 an entry", allocs);
    printf("%-40s %9.0f B each\n", "  memory", (double)(heap() - before) / (double)allocs);
}

static void client_updates(size_t per_entry)
{
    char what[64];
    size_t n = MIN(allocs, (size_t)50000);
    start();
    for (size_t i = 0; i < n;) {
        state_begin(st, ++raft_index, 0);
        for (size_t k = 0; k < per_entry && i < n; k++, i++) {
            struct uuid id = id_of(1, i * 7919 % allocs);
            struct allocation a = *state_get_alloc(state_txn(st), &id);
            a.client_status = ALLOC_RUNNING;
            check(state_update_alloc_from_client(st, &a));
        }
        state_commit(st);
    }
    snprintf(what, sizeof(what), "client update, %zu an entry", per_entry);
    report(what, n);
}

static void reads(void)
{
    struct snap *v = state_pin(st);
    struct state_iter it;
    size_t n = 0;
    start();
    for (size_t i = 0; i < nodes; i++) {
        struct uuid id = id_of(0, i);
        for (state_allocs_by_node(&it, v, &id); state_next(&it);)
            n++;
    }
    report("allocations by node", n);
    n = 0;
    start();
    for (size_t i = 0; i < allocs / PER_JOB; i++) {
        char id[32];
        snprintf(id, sizeof(id), "service-%zu", i);
        for (state_allocs_by_job(&it, v, "default", id); state_next(&it);)
            n++;
    }
    report("allocations by job", n);
    start();
    for (size_t i = 0; i < allocs; i++) {
        struct uuid id = id_of(1, i);
        n += state_get_alloc(v, &id) != NULL;
    }
    report("allocation by id", allocs);
    state_unpin(v);
}

static int sink(void *arg, const void *p, size_t n)
{
    buf_add(arg, p, n);
    return 0;
}

static void stream(void)
{
    struct buf b = {0};
    struct snap *v = state_pin(st);
    start();
    check(state_write(v, sink, &b));
    report("write a snapshot", allocs);
    printf("%-40s %9.0f B each\n", "  size", (double)b.n / (double)allocs);
    start();
    uint64_t hash = state_hash(v);
    report("hash", allocs);
    state_unpin(v);
    struct state_reader *r = state_reader_new();
    start();
    check(state_reader_feed(r, b.p, b.n, NULL));
    check(state_reader_finish(r, NULL));
    report("read a snapshot", allocs);
    start();
    state_install(st, r);
    report("install it", 1);
    start();
    store_free(state_take_replaced(st));
    report("free the old state", allocs);
    state_reader_free(r);
    v = state_pin(st);
    if (state_hash(v) != hash)
        abort();
    state_unpin(v);
    buf_free(&b);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        allocs = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        nodes = strtoul(argv[2], NULL, 10);
    st = state_new();
    add_nodes();
    add_jobs();
    place_all();
    client_updates(1);
    client_updates(100);
    reads();
    stream();
    state_free(st);
    return 0;
}
