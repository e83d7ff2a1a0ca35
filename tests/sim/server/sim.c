// SPDX-License-Identifier: Apache-2.0
/* Random histories of a cluster, and a server that is killed at every entry of each. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "state/image.h"
#include "tests/sim/server/world.h"

#define START (INT64_C(1700000000) * NSEC_SEC)
#define REST (70 * NSEC_SEC)

struct totals {
    uint64_t entries[CMD_TYPE_MAX], all, forks, drops, leads;
};

struct history {
    uint64_t seed;
    VEC(struct venv_entry) log;
    char failure[700];
};

static bool verbose, dumping;

/* With --dump, what the state looks like where the first failure is. */
static void dump_alloc(const struct allocation *a)
{
    printf(
        "alloc %.8s %s job %llu v%llu host %u %s %s eval %.8s prev %.8s next %.8s followup %.8s, "
        "entries %llu..%llu\n",
        UUID_Z(&a->id), a->name, (unsigned long long)a->job_create_index,
        (unsigned long long)a->job_version, a->node_id.b[0] / 40U,
        enum_text(&alloc_desired_texts, a->desired_status),
        enum_text(&alloc_client_texts, a->client_status), UUID_Z(&a->eval_id),
        UUID_Z(&a->previous_allocation), UUID_Z(&a->next_allocation), UUID_Z(&a->followup_eval_id),
        (unsigned long long)a->create_index, (unsigned long long)a->modify_index);
}

static void dump_eval(const struct evaluation *e)
{
    printf("eval %.8s %s %s %s previous %.8s, entries %llu..%llu, snapshot %llu\n", UUID_Z(&e->id),
           e->job_id, e->triggered_by, enum_text(&eval_status_texts, e->status),
           UUID_Z(&e->previous_eval), (unsigned long long)e->create_index,
           (unsigned long long)e->modify_index, (unsigned long long)e->snapshot_index);
}

static void dump(const struct world *w)
{
    struct snap *snap = state_pin(w->v.state);
    struct state_iter it;
    const void *o;
    state_iter_all(&it, snap, TABLE_EVALS);
    while ((o = state_next(&it)))
        dump_eval(o);
    state_iter_all(&it, snap, TABLE_ALLOCS);
    while ((o = state_next(&it)))
        dump_alloc(o);
    state_unpin(snap);
}

static void failed(struct history *h, const struct world *w, const char *where)
{
    if (w->failure[0] && dumping)
        dump(w);
    if (w->failure[0] && !h->failure[0])
        snprintf(h->failure, sizeof(h->failure), "%s: %s", where, w->failure);
}

static void rest(struct world *w)
{
    w->quiet = true;
    w->v.refuse = 0;
    if (!world_server()->leader)
        world_lead(w);
    world_run(w, REST);
    if (!w->failure[0])
        check_rest(w);
}

static void add_up(struct totals *t, const struct world *w)
{
    for (size_t i = 0; i < CMD_TYPE_MAX; i++) {
        t->entries[i] += w->counts[i];
        t->all += w->counts[i];
    }
    t->drops += w->drops;
    t->leads += w->leads;
}

static void live(struct world *w, size_t acts)
{
    world_lead(w);
    for (size_t i = 0; i < HOSTS; i++)
        if (venv_roll(&w->v, 6))
            host_boot(&w->hosts[i]);
    world_run(w, 2 * NSEC_SEC);
    for (size_t i = 0; i < acts && !w->failure[0]; i++) {
        w->v.tag = hosts_alive(w);
        people_act(w);
        world_run(w, (nsec_t)venv_roll(&w->v, venv_roll(&w->v, 3) ? 300 : 5000) * NSEC_MSEC);
        if (!venv_roll(&w->v, 25)) {
            world_depose(w);
            world_run(w, (nsec_t)venv_roll(&w->v, 2000) * NSEC_MSEC);
            world_lead(w);
        }
    }
}

/* Moves the log out of the world. */
static void keep_log(struct history *h, struct world *w)
{
    h->log.items = w->v.log.items;
    h->log.n = w->v.log.n;
    h->log.cap = w->v.log.cap;
    w->v.log.items = NULL;
    w->v.log.n = w->v.log.cap = 0;
}

static void run_history(struct history *h, struct totals *t)
{
    static struct world w;
    world_init(&w, h->seed, START, NULL, 0);
    w.v.hashes = true;
    w.v.refuse = h->seed % 3 == 0 ? 15 : 0;
    w.rogues = h->seed % 2;
    hosts_start(&w, 0);
    live(&w, 40);
    if (!w.failure[0])
        rest(&w);
    failed(h, &w, "history");
    add_up(t, &w);
    keep_log(h, &w);
    world_free(&w);
}

/* --- killed --- */

struct image {
    struct state_reader *r;
    struct err err;
};

static int to_reader(void *arg, const void *p, size_t n)
{
    struct image *i = arg;
    return state_reader_feed(i->r, p, n, &i->err);
}

static struct state *restored(const struct snap *snap)
{
    struct image i = {.r = state_reader_new()};
    struct state *st = state_new();
    if (state_write(snap, to_reader, &i) < 0 || state_reader_finish(i.r, &i.err) < 0) {
        printf("image: %s\n", i.err.text);
        abort();
    }
    state_install(st, i.r);
    state_reader_free(i.r);
    while (state_reclaim(st))
        ;
    return st;
}

static uint64_t hash_of(struct state *st)
{
    struct snap *snap = state_pin(st);
    uint64_t n = state_hash(snap);
    state_unpin(snap);
    return n;
}

/* A new server starts from what the log says up to here. */
static void resurrect(struct history *h, struct venv *replay, size_t k, struct totals *t)
{
    static struct world w;
    char where[60];
    struct snap *snap = state_pin(replay->state);
    struct state *st = restored(snap);
    state_unpin(snap);
    snprintf(where, sizeof(where), "killed after entry %zu of %zu", k, h->log.n);
    world_init(&w, h->seed * 1000 + k, h->log.items[k].at, st, replay->index);
    w.quiet = true;
    if (hash_of(st) != h->log.items[k].hash)
        world_fail(&w, "the restored snapshot differs");
    hosts_start(&w, h->log.items[k].tag);
    rest(&w);
    failed(h, &w, where);
    t->forks++;
    add_up(t, &w);
    world_free(&w);
}

static void kill_everywhere(struct history *h, struct totals *t)
{
    struct venv replay;
    venv_init(&replay, h->seed, START, state_new(), 0);
    for (size_t k = 0; k < h->log.n && !h->failure[0]; k++) {
        replay.index = h->log.items[k].index - 1;
        venv_replay(&replay, &h->log.items[k]);
        if (hash_of(replay.state) != h->log.items[k].hash)
            snprintf(h->failure, sizeof(h->failure), "replay differs after entry %zu", k);
        else
            resurrect(h, &replay, k, t);
        state_reclaim(replay.state);
    }
    while (state_reclaim(replay.state))
        ;
    state_free(replay.state);
    venv_free(&replay);
}

static bool run_seed(uint64_t seed, struct totals *t)
{
    struct history h = {.seed = seed};
    run_history(&h, t);
    if (!h.failure[0])
        kill_everywhere(&h, t);
    if (h.failure[0])
        printf("seed %llu: %s\n", (unsigned long long)seed, h.failure);
    else if (verbose)
        printf("seed %llu: %zu entries\n", (unsigned long long)seed, h.log.n);
    for (size_t i = 0; i < h.log.n; i++)
        free(h.log.items[i].p);
    vec_free(&h.log);
    return !h.failure[0];
}

static void report(const char *name, bool ok)
{
    printf("[ RUN      ] %s\n[  %s ] %s\n", name, ok ? "     OK" : "FAILED ", name);
}

int main(int argc, char **argv)
{
    uint64_t first = 1, n = 0, done = 0, bad = 0;
    const char *budget = getenv("NOMAD_TEST_BUDGET_S");
    nsec_t end = now_mono() + (budget ? atoi(budget) : 20) * NSEC_SEC * 3 / 4;
    struct totals t = {0};
    bool all = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            first = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
            n = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--dump") == 0)
            dumping = true;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_threshold = verbose ? LOGL_WARN : LOGL_ERROR + 1;
    for (uint64_t seed = first; bad < 3 && (n ? seed < first + n : now_mono() < end); seed++) {
        bad += !run_seed(seed, &t);
        done++;
    }
    printf(
        "seeds %llu..%llu: %llu entries, %llu kills, %llu leaderships, %llu placements refused\n",
        (unsigned long long)first, (unsigned long long)(first + done - 1),
        (unsigned long long)t.all, (unsigned long long)t.forks, (unsigned long long)t.leads,
        (unsigned long long)t.drops);
    for (int32_t i = CMD_NONE + 1; i < CMD_TYPE_MAX; i++) {
        printf("  %-20s %llu\n", enum_text(&command_type_texts, i),
               (unsigned long long)t.entries[i]);
        all = all && t.entries[i];
    }
    report("a_server_killed_at_any_entry_goes_on_and_all_rules_hold", !bad);
    if (!n || n > 5)
        report("histories_contain_every_type_of_entry", all);
    return bad || (!all && (!n || n > 5));
}
