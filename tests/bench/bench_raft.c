// SPDX-License-Identifier: Apache-2.0
/* Durable proposals of one voter: how many in a second, and how many share a sync.
 *   bench-raft DIR   (on the disk to be measured) */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "raft-io/raft_host.h"

#define RUN (2 * NSEC_SEC)

struct bench {
    uv_loop_t loop;
    struct raft_host *host;
    bool leader;
    uint64_t answered;
    size_t size, waiting;
    nsec_t end;
};

static void on_apply(void *ctx, uint64_t index, uint64_t term, const void *p, size_t n, void **res)
{
}
static void on_leader(void *ctx, bool leader, uint64_t term)
{
    ((struct bench *)ctx)->leader = leader;
}
static void propose(struct bench *b);
static void on_proposed(void *ctx, int r, uint64_t index, void *result)
{
    struct bench *b = ctx;
    b->waiting--;
    b->answered++;
    if (r == 0 && now_mono() < b->end)
        propose(b);
}
static void propose(struct bench *b)
{
    static char data[1 << 20];
    if (raft_host_propose(b->host, data, b->size, on_proposed, b) == 0)
        b->waiting++;
}

static void measure(struct bench *b, size_t size, size_t inflight)
{
    struct raft_host_stats before, after;
    raft_host_stats(b->host, &before);
    nsec_t start = now_mono();
    *b = (struct bench){b->loop, b->host, true, 0, size, 0, start + RUN};
    for (size_t i = 0; i < inflight; i++)
        propose(b);
    while (b->waiting)
        uv_run(&b->loop, UV_RUN_ONCE);
    double s = (double)(now_mono() - start) / (double)NSEC_SEC;
    raft_host_stats(b->host, &after);
    uint64_t syncs = after.wal_syncs - before.wal_syncs;
    printf(
        "%7zu bytes, %4zu in flight: %8.0f/s, %6.1f MB/s, %5.1f entries a sync, %.2f ms a sync\n",
        size, inflight, (double)b->answered / s, (double)b->answered * (double)size / s / 1e6,
        (double)b->answered / (double)syncs, s * 1e3 / (double)syncs);
}

int main(int argc, char **argv)
{
    static struct bench b;
    static const struct raft_host_callbacks cb = {.apply = on_apply, .leader_changed = on_leader};
    struct raft_host_options o = {.dir = argc > 1 ? argv[1] : NULL,
                                  .bootstrap = {.n = 1, .servers = {{.voter = true}}}};
    struct err err = {{0}};
    log_threshold = LOGL_WARN;
    uv_loop_init(&b.loop);
    if (raft_host_open(&b.loop, &o, &cb, &b, &b.host, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    while (!b.leader)
        uv_run(&b.loop, UV_RUN_ONCE);
    measure(&b, 256, 1);
    measure(&b, 256, 256);
    measure(&b, 65536, 64);
    measure(&b, 1 << 20, 8);
    raft_host_close(b.host, NULL, NULL);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    return 0;
}
