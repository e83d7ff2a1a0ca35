// SPDX-License-Identifier: Apache-2.0
/* Whole clusters in one process and virtual time: messages are delayed, lost, doubled and
 * reordered, servers are cut off, paused, killed and lose power, disks fail; then all heals. A seed
 * decides everything, and a failing one is printed. raft_sim [--seed FIRST] [--seeds N] [--verbose
 * 1] */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "tests/support/raft/replica.h"

#define NODES_MAX 5
#define WHEEL 1024 /* milliseconds a message may travel */
#define CHAOS 20000
#define QUIET 15000

struct packet {
    size_t to;
    struct buf bytes;
    uint8_t *snapshot;
    size_t snapshot_n;
};
struct seen { /* an entry somebody persisted */
    uint64_t term, prev_term;
    uint32_t value;
    uint8_t type;
};
struct node {
    struct replica r;
    bool up, fault_armed, was_leader;
    uint64_t paused_until, start_at, disk_at;
    uint64_t led_term;
};
struct sim {
    uint64_t seed, rng, now; /* milliseconds */
    size_t n;
    struct node nodes[NODES_MAX];
    VEC(struct packet) wheel[WHEEL];
    bool cut[NODES_MAX][NODES_MAX];               /* from, to */
    unsigned loss, twice, delay, disk_delay, far; /* per cent, per cent, ms, ms, per cent */
    unsigned calm;                                /* mean ms between troubles */
    bool chaos;
    VEC(size_t) leaders;                     /* by term: node + 1 */
    VEC(struct { VEC(struct seen) s; }) log; /* by index */
    VEC(struct seen) applied;                /* by index; term 0 = nobody yet */
    VEC(uint32_t) acked;
    uint32_t next_value;
    size_t elections, crashes, installs, faults;
    bool verbose;
    char failure[512];
};

static uint64_t roll(struct sim *s, uint64_t n)
{
    uint64_t z = s->rng += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return n ? (z ^ z >> 31) % n : 0;
}

static void fail(struct sim *s, const char *fmt, ...) printf_like(2, 3);
static void fail(struct sim *s, const char *fmt, ...)
{
    va_list ap;
    if (s->failure[0])
        return;
    va_start(ap, fmt);
    vsnprintf(s->failure, sizeof(s->failure), fmt, ap);
    va_end(ap);
}

static void note(struct sim *s, const char *fmt, ...) printf_like(2, 3);
static void note(struct sim *s, const char *fmt, ...)
{
    va_list ap;
    if (!s->verbose)
        return;
    printf("%6" PRIu64 " ", s->now);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

static size_t number(const struct sim *s, const struct replica *r)
{
    return (size_t)(container_of(r, struct node, r) - s->nodes);
}

static nsec_t clock_of(const struct sim *s)
{
    return (nsec_t)s->now * NSEC_MSEC;
}

static struct seen seen_of(const struct raft_entry *e)
{
    struct seen x = {.term = e->term, .type = e->type};
    if (e->type == RAFT_ENTRY_COMMAND)
        memcpy(&x.value, e->data, sizeof(x.value));
    return x;
}

#define vec_upto(v, count)                                                                         \
    do {                                                                                           \
        while ((v)->n < (count)) {                                                                 \
            if (vec_reserve((v), (v)->n + 1) < 0)                                                  \
                abort();                                                                           \
            memset(&(v)->items[(v)->n++], 0, sizeof(*(v)->items));                                 \
        }                                                                                          \
    } while (0)

/* Log matching: one (index, term) has one content and one predecessor, whoever holds it. */
static void check_entry(struct sim *s, const struct replica *r, const struct raft_entry *e)
{
    struct seen x = seen_of(e);
    x.prev_term = raft_term_at(r->raft, e->index - 1);
    bool known = e->index - 1 >= raft_log_index(r->raft);
    vec_upto(&s->log, e->index + 1);
    __typeof__(&s->log.items[0].s) at = &s->log.items[e->index].s;
    for (size_t i = 0; i < at->n; i++) {
        struct seen *o = &at->items[i];
        if (o->term != x.term)
            continue;
        if (o->value != x.value || o->type != x.type || (known && o->prev_term != x.prev_term))
            fail(s, "log matching: node %zu has another entry %" PRIu64 " of term %" PRIu64,
                 number(s, r), e->index, e->term);
        return;
    }
    if (known && vec_push(at, x) < 0)
        abort();
}

static void on_persist(void *ctx, struct replica *r, const struct raft_persist *p)
{
    for (size_t i = 0; i < p->n_entries; i++)
        check_entry(ctx, r, p->entries[i]);
}

/* State machine equality: every index is applied as the same entry by everyone, every time. */
static void on_applied(void *ctx, struct replica *r, const struct raft_entry *e)
{
    struct sim *s = ctx;
    struct seen x = seen_of(e);
    vec_upto(&s->applied, e->index + 1);
    struct seen *o = &s->applied.items[e->index];
    if (o->term && (o->term != x.term || o->value != x.value || o->type != x.type))
        fail(s,
             "state: node %zu applied another entry %" PRIu64 " (term %" PRIu64 ", not %" PRIu64
             ")",
             number(s, r), e->index, x.term, o->term);
    *o = x;
}

static void on_acked(void *ctx, struct replica *r, uint32_t value)
{
    if (vec_push(&((struct sim *)ctx)->acked, value) < 0)
        abort();
}

static void check_new_leader(struct sim *s, struct node *n)
{
    uint64_t term = raft_term(n->r.raft);
    size_t me = number(s, &n->r) + 1;
    vec_upto(&s->leaders, term + 1);
    if (s->leaders.items[term] && s->leaders.items[term] != me)
        fail(s, "election safety: nodes %zu and %zu both lead term %" PRIu64,
             s->leaders.items[term] - 1, me - 1, term);
    s->leaders.items[term] = me;
    s->elections++;
    note(s, "node %zu leads term %" PRIu64, me - 1, term);
    /* Leader completeness: whatever anybody applied is in its log, or in its snapshot. */
    for (uint64_t i = raft_log_index(n->r.raft); i < s->applied.n; i++) {
        const struct seen *x = &s->applied.items[i];
        if (x->term && raft_term_at(n->r.raft, i) != x->term)
            fail(s, "leader completeness: node %zu leads term %" PRIu64 " without entry %" PRIu64,
                 me - 1, term, i);
    }
}

static void look_at_leader(struct sim *s, struct node *n)
{
    bool leads = raft_role(n->r.raft) == RAFT_LEADER;
    if (leads && n->led_term != raft_term(n->r.raft)) {
        n->led_term = raft_term(n->r.raft);
        check_new_leader(s, n);
    }
}

static void send_packet(struct sim *s, size_t to, const struct raft_msg *m, struct replica *from)
{
    struct packet p = {.to = to};
    if (raft_msg_encode(m, &p.bytes) < 0)
        abort();
    if (m->type == RAFT_MSG_SNAPSHOT) {
        const uint8_t *bytes = replica_snapshot(from, &p.snapshot_n);
        p.snapshot = malloc(p.snapshot_n + 1);
        if (!bytes || m->index != from->snap_index) {
            free(p.snapshot);
            buf_free(&p.bytes);
            return; /* a newer one replaced it: the leader will ask again */
        }
        memcpy(p.snapshot, bytes, p.snapshot_n);
    }
    uint64_t delay = 1 + roll(s, s->delay + 1);
    if (roll(s, 100) < s->far)
        delay += roll(s, 400);
    if (vec_push(&s->wheel[(s->now + delay) % WHEEL], p) < 0)
        abort();
}

static void flush(struct sim *s, struct node *n)
{
    size_t from = number(s, &n->r);
    for (size_t i = 0; i < n->r.outbox.n; i++) {
        struct raft_msg *m = &n->r.outbox.items[i];
        size_t to = m->to.b[0] - 1u;
        unsigned copies = roll(s, 100) < s->loss ? 0 : roll(s, 100) < s->twice ? 2 : 1;
        for (; copies && !s->cut[from][to]; copies--)
            send_packet(s, to, m, &n->r);
        raft_msg_clear(m);
    }
    n->r.outbox.n = 0;
}

static void packet_free(struct packet *p)
{
    buf_free(&p->bytes);
    free(p->snapshot);
}

static void take_down(struct sim *s, struct node *n, bool power)
{
    note(s, "node %zu is down%s", number(s, &n->r), power ? ", power cut" : "");
    replica_stop(&n->r);
    if (power || n->r.disk.off)
        memfs_power_cut(&n->r.disk);
    n->r.disk.fault_at = 0;
    n->fault_armed = false;
    n->up = false;
    n->led_term = 0;
    n->start_at = s->now + (s->chaos ? roll(s, 3000) : 10);
    s->crashes++;
}

/* A server may stop because its disk failed, and for no other reason. */
static void check_result(struct sim *s, struct node *n, int e, const struct err *err)
{
    if (e >= 0 || !n->up)
        return;
    if (!n->r.disk.fault_hit)
        fail(s, "node %zu stopped: %s (%s)", number(s, &n->r), strerror(-e), err->text);
    s->faults += n->r.disk.fault_hit;
    n->r.disk.fault_hit = false;
    take_down(s, n, false);
}

static void start_node(struct sim *s, struct node *n)
{
    struct err err = {{0}};
    n->up = true;
    n->paused_until = 0;
    int e = replica_start(&n->r, clock_of(s), &err);
    note(s, "node %zu starts: %d %s", number(s, &n->r), e, err.text);
    check_result(s, n, e, &err);
}

static void deliver(struct sim *s, struct packet *p)
{
    struct node *n = &s->nodes[p->to];
    struct raft_msg m;
    struct err err = {{0}};
    if (!n->up)
        return;
    if (n->paused_until > s->now) { /* waits in the socket */
        struct packet again = *p;
        *p = (struct packet){0};
        if (vec_push(&s->wheel[(s->now + 1) % WHEEL], again) < 0)
            abort();
        return;
    }
    if (raft_msg_decode(p->bytes.p, p->bytes.n, &m) < 0) {
        fail(s, "a message does not decode");
        return;
    }
    s->installs += m.type == RAFT_MSG_SNAPSHOT;
    int e = replica_receive(&n->r, clock_of(s), &m, p->snapshot, p->snapshot_n);
    raft_msg_clear(&m);
    check_result(s, n, e, &err);
}

static int work(struct sim *s, struct node *n, struct err *err)
{
    int e = 0;
    if (raft_deadline(n->r.raft) <= clock_of(s)) {
        struct raft_event ev = {.type = RAFT_EV_TICK, .now = clock_of(s)};
        e = replica_event(&n->r, &ev);
    }
    if (e >= 0 && n->r.jobs.n && n->disk_at <= s->now) {
        e = replica_disk(&n->r, clock_of(s), err);
        n->disk_at = s->now + roll(s, s->disk_delay + 1);
    }
    if (e >= 0 && roll(s, 4) == 0)
        e = replica_apply(&n->r, clock_of(s), err);
    if (e >= 0 && raft_role(n->r.raft) == RAFT_LEADER && roll(s, 20) == 0) {
        e = replica_propose(&n->r, clock_of(s), s->next_value++);
        e = e == -EAGAIN ? 0 : e;
    }
    return e;
}

static void run_node(struct sim *s, struct node *n)
{
    struct err err = {{0}};
    if (!n->up && n->start_at <= s->now)
        start_node(s, n);
    if (!n->up || n->paused_until > s->now)
        return;
    int e = work(s, n, &err);
    if (e >= 0) {
        look_at_leader(s, n);
        flush(s, n);
    }
    check_result(s, n, e, &err);
}

static void cut_network(struct sim *s)
{
    bool one_way = roll(s, 3) == 0;
    uint64_t side = roll(s, UINT64_C(1) << s->n);
    for (size_t a = 0; a < s->n; a++)
        for (size_t b = 0; b < s->n; b++) {
            bool differ = (side >> a & 1) != (side >> b & 1);
            s->cut[a][b] = differ && (!one_way || (side >> a & 1));
        }
}

static void make_trouble(struct sim *s)
{
    struct node *n = &s->nodes[roll(s, s->n)];
    switch (roll(s, 10)) {
    case 0:
    case 1:
        cut_network(s);
        note(s, "network cut");
        break;
    case 2:
    case 3:
        memset(s->cut, 0, sizeof(s->cut));
        break;
    case 4:
    case 5:
        if (n->up)
            take_down(s, n, roll(s, 2));
        break;
    case 6:
        n->paused_until = s->now + roll(s, 2500);
        break;
    case 7:
        if (!n->up || n->r.disk.fault_at)
            break;
        n->r.disk.fault = MEMFS_EIO + (enum memfs_fault)roll(s, 3);
        n->r.disk.fault_at = n->r.disk.ops + 1 + roll(s, 12);
        break;
    case 8:
        if (n->up) {
            struct raft_event ev = {.type = RAFT_EV_TRANSFER, .now = clock_of(s)};
            replica_event(&n->r, &ev);
        }
        break;
    case 9:
        for (size_t i = 0; i < s->n; i++)
            if (s->nodes[i].up && roll(s, 4))
                take_down(s, &s->nodes[i], true);
        break;
    }
}

static void heal(struct sim *s)
{
    s->chaos = false;
    s->loss = s->twice = s->far = 0;
    memset(s->cut, 0, sizeof(s->cut));
    for (size_t i = 0; i < s->n; i++) {
        s->nodes[i].paused_until = 0;
        s->nodes[i].start_at = MIN(s->nodes[i].start_at, s->now);
        s->nodes[i].r.disk.fault_at = 0;
    }
}

static void turn(struct sim *s)
{
    s->now++;
    __typeof__(&s->wheel[0]) slot = &s->wheel[s->now % WHEEL];
    for (size_t i = 0; i < slot->n && !s->failure[0]; i++)
        deliver(s, &slot->items[i]);
    for (size_t i = 0; i < slot->n; i++)
        packet_free(&slot->items[i]);
    slot->n = 0;
    for (size_t i = 0; i < s->n && !s->failure[0]; i++)
        run_node(s, &s->nodes[i]);
    if (s->chaos && roll(s, s->calm) == 0)
        make_trouble(s);
}

static bool holds(const struct replica *r, uint32_t value)
{
    for (size_t i = 0; i < r->values.n; i++)
        if (r->values.items[i] == value)
            return true;
    return false;
}

static void check_end(struct sim *s, size_t acked_before)
{
    const struct replica *first = &s->nodes[0].r;
    for (size_t i = 0; i < s->n && s->verbose; i++) {
        const struct replica *r = &s->nodes[i].r;
        note(s, "node %zu: up %d applied %" PRIu64 " snapshot %" PRIu64 " jobs %zu", i,
             s->nodes[i].up, r->applied, r->snap_index, r->jobs.n);
        if (s->nodes[i].up)
            note(s, "  %s term %" PRIu64 " log %" PRIu64 "..%" PRIu64 " commit %" PRIu64,
                 raft_role_name(raft_role(r->raft)), raft_term(r->raft), raft_log_index(r->raft),
                 raft_last_index(r->raft), raft_commit_index(r->raft));
    }
    if (s->acked.n <= acked_before)
        fail(s, "no progress after all healed");
    for (size_t i = 0; i < s->n && !s->failure[0]; i++) {
        const struct replica *r = &s->nodes[i].r;
        size_t common = MIN(first->values.n, r->values.n);
        if (first->values.n - common > 100 || r->values.n - common > 100)
            fail(s, "node %zu stays behind", i);
        if (common && memcmp(first->values.items, r->values.items, common * 4) != 0)
            fail(s, "node %zu differs in state", i);
    }
    for (size_t i = 0; i < acked_before && !s->failure[0]; i++)
        for (size_t k = 0; k < s->n; k++)
            if (!holds(&s->nodes[k].r, s->acked.items[i]))
                fail(s, "node %zu lacks the acknowledged %" PRIu32, k, s->acked.items[i]);
}

static void sim_init(struct sim *s, uint64_t seed, bool verbose)
{
    static const size_t sizes[] = {3, 3, 5, 1, 3, 5, 2};
    *s = (struct sim){.seed = seed, .rng = seed * 0x2545f4914f6cdd1d, .verbose = verbose};
    s->n = sizes[roll(s, ARRAY_LEN(sizes))];
    s->loss = (unsigned)roll(s, 15);
    s->twice = (unsigned)roll(s, 8);
    s->delay = (unsigned)roll(s, 40);
    s->disk_delay = (unsigned)roll(s, roll(s, 3) ? 8 : 200);
    s->far = (unsigned)roll(s, 5);
    s->calm = 150 + (unsigned)roll(s, 600);
    s->chaos = true;
    struct raft_config c = {.n = s->n};
    for (size_t i = 0; i < s->n; i++)
        c.servers[i] = (struct raft_server){.id = {{(uint8_t)(i + 1)}}, .voter = true};
    for (size_t i = 0; i < s->n; i++) {
        struct replica *r = &s->nodes[i].r;
        replica_init(r, (uint8_t)(i + 1), seed * 31 + i);
        r->bootstrap = c;
        r->snapshot_every = 20 + roll(s, 150);
        r->trailing = roll(s, 40);
        r->ctx = s;
        r->persist_cb = on_persist;
        r->applied_cb = on_applied;
        r->acked_cb = on_acked;
    }
}

static void sim_free(struct sim *s)
{
    for (size_t i = 0; i < s->n; i++)
        replica_free(&s->nodes[i].r);
    for (size_t i = 0; i < WHEEL; i++) {
        for (size_t k = 0; k < s->wheel[i].n; k++)
            packet_free(&s->wheel[i].items[k]);
        vec_free(&s->wheel[i]);
    }
    for (size_t i = 0; i < s->log.n; i++)
        vec_free(&s->log.items[i].s);
    vec_free(&s->log);
    vec_free(&s->leaders);
    vec_free(&s->applied);
    vec_free(&s->acked);
}

struct totals {
    size_t acked, elections, crashes, installs, faults;
};

static bool run_seed(uint64_t seed, bool verbose, struct totals *t)
{
    static struct sim s;
    sim_init(&s, seed, verbose);
    while (s.now < CHAOS && !s.failure[0])
        turn(&s);
    heal(&s);
    size_t acked = s.acked.n;
    while (s.now < CHAOS + QUIET && !s.failure[0])
        turn(&s);
    if (!s.failure[0])
        check_end(&s, acked);
    t->acked += s.acked.n;
    t->elections += s.elections;
    t->crashes += s.crashes;
    t->installs += s.installs;
    t->faults += s.faults;
    if (s.failure[0])
        printf("seed %" PRIu64 " (%zu nodes, %" PRIu64 " ms): %s\n", seed, s.n, s.now, s.failure);
    sim_free(&s);
    return !s.failure[0];
}

int main(int argc, char **argv)
{
    uint64_t first = 1, n = 0, bad = 0;
    bool verbose = false, one = false;
    struct totals t = {0};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0) {
            first = strtoull(argv[i + 1], NULL, 10);
            one = true;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            n = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--verbose") == 0) {
            verbose = true;
        }
    }
    n = n ? n : one ? 1 : 200;
    log_threshold = LOGL_ERROR;
    for (uint64_t seed = first; seed < first + n && bad < 5; seed++)
        bad += !run_seed(seed, verbose, &t);
    printf("%s: %" PRIu64
           " seeds, %zu acknowledged, %zu elections, %zu crashes, %zu snapshots sent, "
           "%zu disk faults\n",
           bad ? "FAILED" : "ok", n, t.acked, t.elections, t.crashes, t.installs, t.faults);
    return bad != 0;
}
