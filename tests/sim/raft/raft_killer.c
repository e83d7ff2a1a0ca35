// SPDX-License-Identifier: Apache-2.0
/* Starts a durable server as a process, kills it with SIGKILL at random moments under load, starts
 * it again on the same directory, and checks that every number it acknowledged is still there.
 *   raft_killer [--kills N] [--seed S] [--dir D] */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/log.h"
#include "raft-io/raft_host.h"

#define IDS_MAX (UINT64_C(16) << 20)
#define IDS_PER_RUN 8000
#define OUTSTANDING 64

/* Shared with the child: which numbers its state held when it became leader. */
struct shared {
    uint64_t ready, snapshot_index;
    uint8_t present[IDS_MAX / 8];
};

static void set_bit(uint8_t *bits, uint64_t id)
{
    bits[id / 8] |= (uint8_t)(1u << id % 8);
}
static bool get_bit(const uint8_t *bits, uint64_t id)
{
    return bits[id / 8] >> id % 8 & 1;
}

/* ---- the child ---- */
struct child {
    uv_loop_t loop;
    struct raft_host *host;
    struct shared *shared;
    uint8_t *state;
    uint64_t max, next, end, rng;
    int report_fd;
};
struct pin {
    size_t n;
    uint8_t bits[];
};

static void propose_more(struct child *c);

static void on_apply(void *ctx, uint64_t index, uint64_t term, const void *p, size_t n, void **res)
{
    struct child *c = ctx;
    uint64_t id;
    memcpy(&id, p, sizeof(id));
    set_bit(c->state, id);
    c->max = MAX(c->max, id);
}

static void on_proposed(void *ctx, int r, uint64_t index, void *result)
{
    struct child *c = ((void **)ctx)[0];
    uint64_t id = (uint64_t)(uintptr_t)((void **)ctx)[1];
    free(ctx);
    if (r < 0 || write(c->report_fd, &id, sizeof(id)) != sizeof(id))
        _exit(3);
    propose_more(c);
}

static void propose_more(struct child *c)
{
    static uint8_t data[20000];
    if (c->next >= c->end)
        return;
    c->rng = c->rng * 6364136223846793005u + 1442695040888963407u;
    size_t n = 8 + (c->rng >> 33) % (c->rng >> 60 ? 300 : 19000);
    void **ctx = malloc(2 * sizeof(void *));
    ctx[0] = c;
    ctx[1] = (void *)(uintptr_t)c->next;
    memcpy(data, &c->next, sizeof(c->next));
    c->next++;
    if (raft_host_propose(c->host, data, n, on_proposed, ctx) < 0)
        _exit(4);
}

static void on_leader(void *ctx, bool leader, uint64_t term)
{
    struct child *c = ctx;
    if (!leader)
        _exit(5);
    struct raft_host_stats s;
    raft_host_stats(c->host, &s);
    memcpy(c->shared->present, c->state, c->max / 8 + 1);
    c->shared->snapshot_index = s.last_snapshot_index;
    __atomic_store_n(&c->shared->ready, 1, __ATOMIC_SEQ_CST);
    uint64_t zero = UINT64_MAX;
    if (write(c->report_fd, &zero, sizeof(zero)) != sizeof(zero))
        _exit(3);
    for (int i = 0; i < OUTSTANDING; i++)
        propose_more(c);
}

static void *on_pin(void *ctx, uint64_t index, uint64_t term)
{
    struct child *c = ctx;
    struct pin *p = malloc(sizeof(*p) + c->max / 8 + 1);
    p->n = c->max / 8 + 1;
    memcpy(p->bits, c->state, p->n);
    return p;
}
static int on_write(void *pin, struct raft_sink *sink, struct err *err)
{
    struct pin *p = pin;
    return raft_sink_write(sink, p->bits, p->n);
}
static void on_unpin(void *ctx, void *pin)
{
    free(pin);
}
static int on_restore(void *ctx, uint64_t index, uint64_t term, struct raft_source *s,
                      struct err *err)
{
    struct child *c = ctx;
    ssize_t n = raft_source_read(s, c->state, IDS_MAX / 8, err);
    c->max = n > 0 ? (uint64_t)n * 8 - 1 : 0;
    return n < 0 ? (int)n : 0;
}

static void run_child(const char *dir, struct shared *shared, uint64_t first, int report_fd)
{
    struct child c = {.shared = shared, .next = first, .end = first + IDS_PER_RUN, .rng = first};
    static const struct raft_host_callbacks cb = {.apply = on_apply,
                                                  .leader_changed = on_leader,
                                                  .snapshot_pin = on_pin,
                                                  .snapshot_write = on_write,
                                                  .snapshot_unpin = on_unpin,
                                                  .restore = on_restore};
    struct raft_host_options o = {.dir = dir,
                                  .bootstrap = {.n = 1, .servers = {{.voter = true}}},
                                  .snapshot_entries = 500,
                                  .trailing_entries = 100,
                                  .segment_bytes = 1 << 20};
    struct err err = {{0}};
    log_threshold = LOGL_ERROR;
    c.report_fd = report_fd;
    c.state = mmap(NULL, IDS_MAX / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uv_loop_init(&c.loop);
    if (raft_host_open(&c.loop, &o, &cb, &c, &c.host, &err) < 0) {
        fprintf(stderr, "open: %s\n", err.text);
        _exit(6);
    }
    uv_run(&c.loop, UV_RUN_DEFAULT);
    _exit(0);
}

/* ---- the parent ---- */
struct parent {
    struct shared *shared;
    uint8_t *acked;
    uint64_t n_acked, rng, snapshots;
};

static uint64_t lost(const struct parent *p, uint64_t end)
{
    uint64_t n = 0;
    for (uint64_t id = 0; id < end; id++) {
        if (id % 8 == 0 && !(p->acked[id / 8] & ~p->shared->present[id / 8])) {
            id += 7;
            continue;
        }
        if (get_bit(p->acked, id) && !get_bit(p->shared->present, id) && n++ < 10)
            fprintf(stderr, "acknowledged %" PRIu64 " is lost\n", id);
    }
    return n;
}

/* Reports until the pipe is empty and closed (the child is dead), or until `until` (ms, monotonic).
 */
static bool read_reports(struct parent *p, int fd, int64_t until, bool *leader)
{
    uint64_t ids[512];
    for (;;) {
        int64_t left = until < 0 ? -1 : MAX(until - now_mono() / NSEC_MSEC, 0);
        struct pollfd pf = {.fd = fd, .events = POLLIN};
        if (poll(&pf, 1, (int)MIN(left, 60000)) == 0)
            return true;
        ssize_t n = read(fd, ids, sizeof(ids));
        if (n <= 0)
            return false;
        for (size_t i = 0; i < (size_t)n / sizeof(ids[0]); i++) {
            if (ids[i] == UINT64_MAX) {
                *leader = true;
                continue;
            }
            set_bit(p->acked, ids[i]);
            p->n_acked++;
        }
        if (until < 0 && *leader)
            return true;
    }
}

static int one_life(struct parent *p, const char *dir, uint64_t round)
{
    int fds[2], status;
    bool leader = false;
    if (pipe(fds) < 0)
        return -errno;
    p->shared->ready = p->shared->snapshot_index = 0;
    memset(p->shared->present, 0, (round * IDS_PER_RUN) / 8 + 1);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        run_child(dir, p->shared, round * IDS_PER_RUN, fds[1]);
    }
    close(fds[1]);
    p->rng = p->rng * 6364136223846793005u + 1442695040888963407u;
    int64_t wait = (int64_t)((p->rng >> 33) % 120);
    /* One life in eight is cut while it still starts. */
    bool early = p->rng >> 61 == 0 && round > 0;
    bool alive = early || read_reports(p, fds[0], -1, &leader);
    uint64_t missing = !early && alive ? lost(p, round * IDS_PER_RUN) : 0;
    if (alive && early)
        wait /= 8;
    if (alive)
        alive = read_reports(p, fds[0], now_mono() / NSEC_MSEC + wait, &leader);
    kill(pid, SIGKILL);
    read_reports(p, fds[0], INT64_MAX / NSEC_SEC, &leader);
    close(fds[0]);
    waitpid(pid, &status, 0);
    if (p->shared->snapshot_index)
        p->snapshots++;
    if (!alive || !WIFSIGNALED(status)) {
        fprintf(stderr, "life %" PRIu64 ": the server ended by itself, status %d\n", round, status);
        return -EIO;
    }
    return missing ? -EIO : 0;
}

static int run(const char *dir, uint64_t kills, uint64_t seed)
{
    struct parent p = {.rng = seed * 2 + 1};
    p.shared =
        mmap(NULL, sizeof(*p.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    p.acked = calloc(1, IDS_MAX / 8);
    int r = 0;
    for (uint64_t i = 0; i <= kills && r >= 0 && (i + 1) * IDS_PER_RUN <= IDS_MAX; i++)
        r = one_life(&p, dir, i);
    printf("%s: %" PRIu64 " kills, %" PRIu64 " acknowledged, %" PRIu64
           " lives began from a snapshot, seed %" PRIu64 "\n",
           r < 0 ? "FAILED" : "ok", kills, p.n_acked, p.snapshots, seed);
    free(p.acked);
    return r;
}

int main(int argc, char **argv)
{
    uint64_t kills = 30, seed = (uint64_t)now_wall();
    char made[] = "/tmp/raft-killer-XXXXXX";
    const char *dir = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kills") == 0)
            kills = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--dir") == 0)
            dir = argv[i + 1];
    }
    if (!dir)
        dir = mkdtemp(made);
    int r = run(dir, kills, seed);
    if (dir == made && r >= 0) {
        char cmd[64];
        snprintf(cmd, sizeof(cmd), "rm -rf %s", made);
        r = system(cmd);
    }
    return r != 0;
}
