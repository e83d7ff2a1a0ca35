// SPDX-License-Identifier: Apache-2.0
/* What must hold after every entry, and what must hold at rest. */
#include "base/hash.h"
#include "sched/feasible.h"
#include "server/scheduling_parts.h"
#include "tests/sim/server/world.h"

/* --- before an entry --- */

static bool job_unchanged(const struct snap *snap, const struct command *c)
{
    const struct job *j = state_get_job(snap, c->ns, c->job_id);
    return j && !j->stop && j->version == c->job_version &&
           j->job_modify_index == c->job_modify_index;
}

static bool name_lives(const struct snap *snap, const struct command *c, const char *name)
{
    struct state_iter it;
    const struct allocation *a;
    state_allocs_by_job(&it, snap, c->ns, c->job_id);
    while ((a = state_next(&it))) {
        bool stopped = alloc_terminal(a);
        OBJS_FOR(const struct stop_record, s, c->stops)
        stopped |= uuid_eq(&s->id, &a->id);
        if (!stopped && streq(a->name, name) && !streq(a->node_name, ROGUE))
            return true;
    }
    return false;
}

static bool is_rogue(const struct command *c)
{
    const struct allocation *first = c->placed.n ? c->placed.items[0] : NULL;
    return first && streq(first->node_name, ROGUE);
}

/* Only a change of the job, of a node or of the evaluation excuses a refused plan. */
static void check_plan(struct world *w, const struct snap *snap, const struct command *c)
{
    const struct evaluation *e = state_get_eval(snap, &c->eval_id);
    if (e && (e->status == EVAL_COMPLETE || e->status == EVAL_FAILED) && !is_rogue(c))
        world_fail(w, "a plan for evaluation %s, which is done", UUID_Z(&e->id));
    if (is_rogue(c))
        w->last_rogue = w->v.now;
    if (!e || eval_terminal(e) || !job_unchanged(snap, c) || is_rogue(c))
        return;
    OBJS_FOR(const struct allocation, a, c->placed)
    {
        if (state_get_alloc(snap, &a->id))
            world_fail(w, "%s is placed again", a->name);
        if (name_lives(snap, c, a->name))
            world_fail(w, "%s is placed beside a living one: two runs of one job", a->name);
    }
}

static void check_evals(struct world *w, const struct snap *snap, const struct command *c)
{
    OBJS_FOR(const struct evaluation, e, c->evals)
    if (isempty(e->job_id) || isempty(e->triggered_by))
        world_fail(w, "evaluation %s is empty", UUID_Z(&e->id));
}

void check_before(void *ctx, const struct command *c)
{
    struct world *w = ctx;
    struct snap *snap = state_pin(w->v.state);
    w->counts[c->type]++;
    if (c->type == CMD_PLAN)
        check_plan(w, snap, c);
    check_evals(w, snap, c);
    state_unpin(snap);
}

/* --- after it --- */

static struct str name_key(struct arena *a, const struct allocation *x)
{
    return str_of(arena_printf(a, "%s/%s/%s", x->ns, x->job_id, x->name));
}

static void check_names(struct world *w, const struct snap *snap, struct arena *arena)
{
    struct state_iter it;
    const struct allocation *a;
    struct map names = {0};
    void *old = NULL;
    state_iter_all(&it, snap, TABLE_ALLOCS);
    while ((a = state_next(&it))) {
        if (alloc_terminal(a))
            continue;
        map_put(&names, name_key(arena, a), (void *)a, &old);
        if (old)
            world_fail(w, "two living allocations are called %s", a->name);
    }
    map_free(&names);
}

static void check_node(struct world *w, const struct snap *snap, const struct node *n)
{
    struct node_usage sum = {0}, kept = state_node_usage(snap, &n->id);
    struct capacity cap = node_capacity(n);
    struct state_iter it;
    const struct allocation *a;
    state_allocs_by_node(&it, snap, &n->id);
    while ((a = state_next(&it))) {
        struct capacity c = alloc_usage(a->resources);
        bool live = !alloc_terminal(a);
        if (!alloc_holds_resources(a))
            continue;
        sum.cpu += c.cpu;
        sum.memory_mb += c.memory_mb;
        sum.disk_mb += c.disk_mb;
        sum.allocs++;
        sum.live_cpu += live ? c.cpu : 0;
        sum.live_memory_mb += live ? c.memory_mb : 0;
        sum.live_disk_mb += live ? c.disk_mb : 0;
        sum.live_allocs += live;
    }
    if (sum.live_cpu > cap.cpu || sum.live_memory_mb > cap.memory_mb ||
        sum.live_disk_mb > cap.disk_mb)
        world_fail(w, "%s is over capacity: cpu %lld of %lld", n->name, (long long)sum.live_cpu,
                   (long long)cap.cpu);
    if (sum.cpu != kept.cpu || sum.memory_mb != kept.memory_mb || sum.disk_mb != kept.disk_mb ||
        sum.allocs != kept.allocs || sum.live_cpu != kept.live_cpu ||
        sum.live_memory_mb != kept.live_memory_mb || sum.live_disk_mb != kept.live_disk_mb ||
        sum.live_allocs != kept.live_allocs)
        world_fail(w, "usage of %s differs from a recount", n->name);
}

struct job_count {
    int64_t allocs, live, evals, live_evals;
};

static void check_summary(struct world *w, const struct snap *snap, const struct job *j,
                          const struct task_group *g)
{
    int64_t starting = 0, running = 0;
    struct state_iter it;
    const struct allocation *a;
    const struct job_summary *s = state_get_job_summary(snap, j->ns, j->id);
    const struct group_summary *kept = s ? omap_get(&s->summary, g->name) : NULL;
    state_allocs_by_job(&it, snap, j->ns, j->id);
    while ((a = state_next(&it))) {
        if (a->job_create_index != j->create_index || !streq(a->task_group, g->name))
            continue;
        starting += a->client_status == ALLOC_PENDING;
        running += a->client_status == ALLOC_RUNNING;
    }
    if (!kept)
        world_fail(w, "%s.%s has no summary", j->id, g->name);
    else if (kept->starting != starting || kept->running != running)
        world_fail(w, "summary of %s.%s: %lld starting, %lld running; counted %lld, %lld", j->id,
                   g->name, (long long)kept->starting, (long long)kept->running,
                   (long long)starting, (long long)running);
}

static void check_job(struct world *w, const struct snap *snap, const struct job *j)
{
    struct job_count n = {0};
    struct state_iter it;
    state_allocs_by_job(&it, snap, j->ns, j->id);
    for (const struct allocation *a; (a = state_next(&it)); n.allocs++)
        n.live += !alloc_terminal(a);
    state_evals_by_job(&it, snap, j->ns, j->id);
    for (const struct evaluation *e; (e = state_next(&it)); n.evals++)
        n.live_evals += !eval_terminal(e);
    int status = n.live ? JOB_RUNNING : n.live_evals ? JOB_PENDING : JOB_DEAD;
    if ((n.allocs || n.evals) && j->status != status)
        world_fail(w, "job %s is %s, should be %s", j->id, enum_text(&job_status_texts, j->status),
                   enum_text(&job_status_texts, status));
    OBJS_FOR(const struct task_group, g, j->task_groups)
    check_summary(w, snap, j, g);
    struct state_key k = state_key_text(TABLE_JOBS, STATE_BY_ID, j->ns, j->id);
    if (state_key_index(snap, &k) != j->modify_index)
        world_fail(w, "job %s: key's index %llu, modify index %llu", j->id,
                   (unsigned long long)state_key_index(snap, &k),
                   (unsigned long long)j->modify_index);
}

void check_after(void *ctx, const struct command *c, const struct fsm_result *r)
{
    struct world *w = ctx;
    struct snap *snap = state_pin(w->v.state);
    struct arena *a = arena_new(0);
    struct state_iter it;
    const void *o;
    w->drops += r->n_dropped;
    if (r->no_room && (!w->last_rogue || w->v.now - w->last_rogue > NSEC_SEC))
        world_fail(w, "%llu placements found no room", (unsigned long long)r->no_room);
    check_names(w, snap, a);
    state_iter_all(&it, snap, TABLE_NODES);
    while ((o = state_next(&it)))
        check_node(w, snap, o);
    state_iter_all(&it, snap, TABLE_JOBS);
    while ((o = state_next(&it)))
        check_job(w, snap, o);
    arena_free(a);
    state_unpin(snap);
}

/* --- at rest --- */

static bool distinct(const struct task_group *g)
{
    OBJS_FOR(const struct constraint, c, g->constraints)
    if (streq(c->operand, "distinct_hosts"))
        return true;
    return false;
}

static bool has_member(const struct snap *snap, const struct node *n, const struct job *j,
                       const struct task_group *g)
{
    struct state_iter it;
    const struct allocation *a;
    state_allocs_by_node(&it, snap, &n->id);
    while ((a = state_next(&it)))
        if (!alloc_terminal(a) && streq(a->job_id, j->id) && streq(a->task_group, g->name))
            return true;
    return false;
}

static bool has_room(const struct snap *snap, const struct job *j, const struct task_group *g,
                     const char **ret_node)
{
    struct feasible *f = NULL;
    struct state_iter it;
    const struct node *n;
    const struct resources *ask = ((struct task *)g->tasks.items[0])->resources;
    bool found = false;
    if (feasible_new(j, g, NULL, &f) < 0)
        abort();
    state_iter_all(&it, snap, TABLE_NODES);
    while (!found && (n = state_next(&it))) {
        struct capacity cap = node_capacity(n);
        struct node_usage u = state_node_usage(snap, &n->id);
        found = node_is_ready(n) && feasible_class(f, n) == FEAS_OK &&
                feasible_node(f, n) == FEAS_OK && u.cpu + ask->cpu <= cap.cpu &&
                u.memory_mb + ask->memory_mb <= cap.memory_mb &&
                u.disk_mb + g->ephemeral_disk->size_mb <= cap.disk_mb &&
                !(distinct(g) && has_member(snap, n, j, g));
        *ret_node = n->name;
    }
    feasible_free(f);
    return found;
}

static bool is_blocked(const struct snap *snap, const struct job *j)
{
    struct state_iter it;
    const struct evaluation *e;
    state_evals_by_job(&it, snap, j->ns, j->id);
    while ((e = state_next(&it)))
        if (e->status == EVAL_BLOCKED)
            return true;
    return false;
}

/* Living, of the newest version; for batch also those that have done their work. */
static int64_t good_members(const struct snap *snap, const struct job *j,
                            const struct task_group *g)
{
    struct state_iter it;
    const struct allocation *a;
    int64_t n = 0;
    state_allocs_by_job(&it, snap, j->ns, j->id);
    while ((a = state_next(&it))) {
        bool ours = a->job_create_index == j->create_index && a->job_version == j->version &&
                    streq(a->task_group, g->name);
        bool done = j->type == JOB_BATCH && a->client_status == ALLOC_COMPLETE;
        n += ours && (done || (!alloc_terminal(a) && a->client_status == ALLOC_RUNNING));
    }
    return n;
}

static void rest_group(struct world *w, const struct snap *snap, const struct job *j,
                       const struct task_group *g)
{
    int64_t n = good_members(snap, j, g);
    const char *node = "";
    if (n == g->count || (j->type == JOB_BATCH && n > g->count))
        return;
    if (n > g->count)
        world_fail(w, "at rest: %s.%s has %lld of %lld", j->id, g->name, (long long)n,
                   (long long)g->count);
    else if (has_room(snap, j, g, &node))
        world_fail(w, "at rest: %s.%s v%llu has %lld of %lld, and %s has room (%s)", j->id, g->name,
                   (unsigned long long)j->version, (long long)n, (long long)g->count, node,
                   is_blocked(snap, j) ? "blocked" : "no blocked evaluation");
    else if (!is_blocked(snap, j))
        world_fail(w, "at rest: %s.%s has %lld of %lld and nothing waits for room", j->id, g->name,
                   (long long)n, (long long)g->count);
}

static void rest_evals(struct world *w, const struct snap *snap)
{
    struct state_iter it;
    const struct evaluation *e;
    size_t blocked = 0;
    struct scheduling_stats s;
    state_iter_all(&it, snap, TABLE_EVALS);
    while ((e = state_next(&it))) {
        const struct job *j = state_get_job(snap, e->ns, e->job_id);
        blocked += e->status == EVAL_BLOCKED;
        if (e->status == EVAL_PENDING)
            world_fail(w, "at rest: evaluation %s of %s (%s) is pending", UUID_Z(&e->id), e->job_id,
                       e->triggered_by);
        if (e->status == EVAL_FAILED)
            world_fail(w, "at rest: evaluation %s of %s failed: %s", UUID_Z(&e->id), e->job_id,
                       e->status_description);
        if (e->status == EVAL_BLOCKED && (!j || j->stop))
            world_fail(w, "at rest: evaluation %s waits for room, and job %s is gone",
                       UUID_Z(&e->id), e->job_id);
    }
    scheduling_stats(world_server()->scheduling, &s);
    if (s.blocked != blocked || s.ready || s.waiting || s.outstanding)
        world_fail(w, "at rest: %zu blocked, %zu known to be; %zu ready, %zu waiting, %zu at work",
                   blocked, s.blocked, s.ready, s.waiting, s.outstanding);
}

static void rest_allocs(struct world *w, const struct snap *snap)
{
    struct state_iter it;
    const struct allocation *a;
    state_iter_all(&it, snap, TABLE_ALLOCS);
    while ((a = state_next(&it))) {
        const struct node *n = state_get_node(snap, &a->node_id);
        const struct job *j = state_get_job(snap, a->ns, a->job_id);
        if (alloc_client_terminal(a))
            continue;
        if (!n || n->status == NODE_DOWN)
            world_fail(w, "at rest: %s is %s (to %s) on a dead node", a->name,
                       enum_text(&alloc_client_texts, a->client_status),
                       enum_text(&alloc_desired_texts, a->desired_status));
        else if (a->desired_status != ALLOC_RUN || !j || j->stop)
            world_fail(w, "at rest: %s still runs", a->name);
    }
}

static void rest_nodes(struct world *w, const struct snap *snap)
{
    struct ledger *l = world_server()->scheduling->lead->ledger;
    for (size_t i = 0; i < HOSTS; i++) {
        const struct host *h = &w->hosts[i];
        const struct node *n = state_get_node(snap, &h->id);
        struct node_usage u = state_node_usage(snap, &h->id);
        struct capacity cap, used;
        if (n && n->status != (h->alive ? NODE_READY : NODE_DOWN))
            world_fail(w, "at rest: host %zu is %s and its node %s", i, h->alive ? "alive" : "dead",
                       enum_text(&node_status_texts, n->status));
        if (n && ledger_usage(l, &h->id, &cap, &used) &&
            (used.cpu != u.cpu || used.memory_mb != u.memory_mb || used.disk_mb != u.disk_mb))
            world_fail(w, "at rest: ledger says %lld MHz of host %zu are used, state %lld",
                       (long long)used.cpu, i, (long long)u.cpu);
    }
    if (ledger_claims(l))
        world_fail(w, "at rest: %zu claims are left", ledger_claims(l));
}

void check_rest(struct world *w)
{
    struct snap *snap = state_pin(w->v.state);
    struct state_iter it;
    const struct job *j;
    rest_evals(w, snap);
    rest_nodes(w, snap);
    rest_allocs(w, snap);
    state_iter_all(&it, snap, TABLE_JOBS);
    while ((j = state_next(&it))) {
        if (j->stop)
            continue;
        OBJS_FOR(const struct task_group, g, j->task_groups)
        rest_group(w, snap, j, g);
    }
    state_unpin(snap);
}
