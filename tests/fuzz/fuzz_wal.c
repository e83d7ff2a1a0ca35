// SPDX-License-Identifier: Apache-2.0
/* The readers of everything consensus keeps or receives: log segments (raw, and with sound
 * checksums around hostile records), manifests, snapshots, messages. Whatever is accepted must be
 * accepted again after a restart, with the same entries; whatever is refused says why. */
#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "raft-io/raft_host.h"
#include "raft-io/segment.h"
#include "raft-io/snapshot.h"
#include "raft-io/wal.h"
#include "tests/support/raft/memfs.h"

#define SEGMENT "/r/wal-0000000000000001"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_log(struct memfs *m, size_t segment_bytes, struct wal **w, struct raft_boot *boot)
{
    struct wal_options o = {.fs = &m->fs, .dir = "/r", .segment_bytes = segment_bytes};
    struct err err = {{0}};
    struct uuid id;
    int r = wal_open(&o, boot, &id, w, &err);
    assert(r >= 0 || err.text[0]);
    return r;
}

static void reopen_twice(struct memfs *m, size_t segment_bytes)
{
    struct wal *w;
    struct raft_boot boot, again;
    memfs_exit(m);
    if (open_log(m, segment_bytes, &w, &boot) < 0)
        return;
    wal_close(w);
    memfs_exit(m);
    int r = open_log(m, segment_bytes, &w, &again);
    assert(r >= 0 && again.n_entries == boot.n_entries && again.hard.term == boot.hard.term);
    wal_close(w);
    raft_boot_clear(&boot);
    raft_boot_clear(&again);
}

/* A fresh log whose first segment's content is replaced. */
static void try_segment(const void *p, size_t n)
{
    struct memfs m;
    struct wal *w;
    struct raft_boot boot;
    size_t size, segment_bytes = WAL_HEADER + n + 64;
    memfs_init(&m, 1);
    int r = open_log(&m, segment_bytes, &w, &boot);
    assert(r >= 0);
    wal_close(w);
    raft_boot_clear(&boot);
    uint8_t *content = memfs_content(&m, SEGMENT, &size);
    assert(size >= WAL_HEADER + n);
    memcpy(content + WAL_HEADER, p, n);
    reopen_twice(&m, segment_bytes);
    memfs_free(&m);
}

/* The input as records of one or two batches with sound checksums. */
static void try_records(const uint8_t *p, size_t n)
{
    if (n < 2)
        return;
    size_t first = MIN((size_t)p[0], n - 1);
    cleanup_buf struct buf all = {0}, b = {0};
    wal_batch_begin(&b);
    buf_add(&b, p + 1, first);
    wal_batch_end(&b, 1);
    buf_add(&all, b.p, b.n);
    wal_batch_begin(&b);
    buf_add(&b, p + 1 + first, n - 1 - first);
    wal_batch_end(&b, 2);
    if (n - 1 - first)
        buf_add(&all, b.p, b.n);
    try_segment(all.p, all.n);
}

/* With the right checksum behind it. */
static void try_manifest(const uint8_t *p, size_t n)
{
    struct manifest m;
    cleanup_buf struct buf b = {0};
    buf_add(&b, p, n);
    buf_add_be32(&b, crc32c(0, p, n));
    if (!b.failed && manifest_decode(b.p, b.n, &m, NULL) >= 0)
        manifest_free(&m);
}

static void try_snapshot(const uint8_t *p, size_t n)
{
    struct memfs m;
    struct raft_source *s = NULL;
    struct raft_config c;
    char room[512];
    memfs_init(&m, 1);
    struct raft_path path = raft_snapshot_path("/r", 7, 3, false);
    int fd = m.fs.open(&m, path.z, O_RDWR | O_CREAT);
    m.fs.pwrite(&m, fd, p, n, 0);
    if (raft_source_open(&m.fs, "/r", 7, 3, &c, &s, NULL) >= 0)
        while (raft_source_read(s, room, sizeof(room), NULL) > 0)
            ;
    raft_source_free(s);
    memfs_free(&m);
}

static void try_message(const uint8_t *p, size_t n)
{
    struct raft_msg m, again;
    cleanup_buf struct buf b = {0};
    if (raft_msg_decode(p, n, &m) < 0)
        return;
    int r = raft_msg_encode(&m, &b);
    assert(r >= 0);
    r = raft_msg_decode(b.p, b.n, &again);
    assert(r >= 0 && again.n_entries == m.n_entries && again.term == m.term);
    raft_msg_clear(&m);
    raft_msg_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wal_header h;
    log_threshold = LOGL_MAX;
    if (size < 1)
        return 0;
    const uint8_t *p = data + 1;
    size_t n = size - 1;
    switch (data[0]) {
    case 'b':
        try_segment(p, n);
        break;
    case 'r':
        try_records(p, n);
        break;
    case 'm':
        try_manifest(p, n);
        break;
    case 's':
        try_snapshot(p, n);
        break;
    case 'w':
        try_message(p, n);
        break;
    case 'h':
        wal_header_decode(p, n, &h, NULL);
        break;
    default:
        break;
    }
    return 0;
}
