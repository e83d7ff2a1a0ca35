// SPDX-License-Identifier: Apache-2.0
#include "raft-io/wal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "raft-io/wal_internal.h"

uint64_t wal_bytes(const struct wal *w)
{
    return w->bytes;
}

uint64_t wal_syncs(const struct wal *w)
{
    return w->syncs;
}

struct wal *wal_close(struct wal *w)
{
    if (!w)
        return NULL;
    if (w->fd >= 0)
        w->fs->close(w->fs->ctx, w->fd);
    if (w->lock_fd >= 0)
        w->fs->close(w->fs->ctx, w->lock_fd);
    manifest_free(&w->m);
    buf_free(&w->batch);
    free(w->dir);
    free(w);
    return NULL;
}

static int write_segment_header(struct wal *w, int fd, uint64_t file, uint64_t size)
{
    struct wal_header h = {.log_id = w->m.log_id,
                           .file = file,
                           .prev_index = w->last_index,
                           .prev_term = w->last_term,
                           .first_seq = w->seq,
                           .hard = w->hard};
    cleanup_buf struct buf b = {0};
    wal_header_encode(&h, &b);
    if (b.failed)
        return -ENOMEM;
    int r = w->fs->allocate(w->fs->ctx, fd, size);
    if (r >= 0)
        r = w->fs->pwrite(w->fs->ctx, fd, b.p, b.n, 0);
    if (r >= 0)
        r = w->fs->sync(w->fs->ctx, fd);
    if (r >= 0)
        r = w->fs->sync_dir(w->fs->ctx, w->dir);
    return r;
}

/* The file exists and is durable before the manifest names it. */
int wal_start_segment(struct wal *w, uint64_t batch_bytes, struct err *err)
{
    uint64_t file = w->m.next_file, size = MAX(w->segment_bytes, WAL_HEADER + batch_bytes);
    struct raft_path path = raft_segment_path(w->dir, file);
    int fd = w->fs->open(w->fs->ctx, path.z, O_RDWR | O_CREAT | O_TRUNC);
    if (fd < 0)
        return err_errno(err, fd, "%s", path.z);
    int r = write_segment_header(w, fd, file, size);
    if (r < 0) {
        w->fs->close(w->fs->ctx, fd);
        return err_errno(err, r, "%s", path.z);
    }
    struct manifest_segment s = {.file = file, .prev_index = w->last_index};
    if (w->m.segments.n)
        w->m.segments.items[w->m.segments.n - 1].end = w->at;
    if (w->fd >= 0)
        w->fs->close(w->fs->ctx, w->fd);
    w->fd = fd;
    w->at = WAL_HEADER;
    w->size = size;
    w->m.next_file = file + 1;
    return vec_push(&w->m.segments, s) < 0 ? err_errno(err, -ENOMEM, "%s", path.z) : 0;
}

static int write_batch(struct wal *w, struct err *err)
{
    int r = 0;
    if (w->at + w->batch.n > w->size) {
        r = wal_start_segment(w, w->batch.n, err);
        if (r >= 0)
            r = manifest_write(w->fs, w->dir, &w->m, err);
        if (r < 0)
            return r;
    }
    r = w->fs->pwrite(w->fs->ctx, w->fd, w->batch.p, w->batch.n, w->at);
    if (r >= 0)
        r = w->fs->sync(w->fs->ctx, w->fd);
    if (r < 0) {
        uint64_t file = w->m.segments.items[w->m.segments.n - 1].file;
        struct raft_path path = raft_segment_path(w->dir, file);
        return err_errno(err, r, "%s: offset %" PRIu64, path.z, w->at);
    }
    w->at += w->batch.n;
    w->bytes += w->batch.n;
    w->syncs++;
    w->seq++;
    return 0;
}

static void note_batch(struct wal *w, const struct raft_persist *p)
{
    if (p->hard_changed)
        w->hard = p->hard;
    if (p->truncate_from) {
        w->last_index = p->truncate_from - 1;
        w->last_term = 0;
    }
    if (p->n_entries) {
        w->last_index = p->entries[p->n_entries - 1]->index;
        w->last_term = p->entries[p->n_entries - 1]->term;
    }
}

int wal_append(struct wal *w, const struct raft_persist *const *p, size_t n, struct err *err)
{
    if (w->broken)
        return err_set(err, -EIO, "the log is closed after an earlier error");
    wal_batch_begin(&w->batch);
    for (size_t i = 0; i < n; i++)
        wal_batch_add(&w->batch, p[i]);
    if (w->batch.n == WAL_BATCH_HEADER && !w->batch.failed)
        return 0;
    wal_batch_end(&w->batch, w->seq);
    int r = w->batch.failed ? err_errno(err, -ENOMEM, "log batch") : write_batch(w, err);
    if (r < 0) {
        w->broken = true;
        return r;
    }
    for (size_t i = 0; i < n; i++)
        note_batch(w, p[i]);
    return 0;
}

/* Segments whose every entry lies at or before the log's start: the next one began there already.
 */
static size_t spare_segments(const struct wal *w, uint64_t log_index)
{
    size_t k = 0;
    while (k + 1 < w->m.segments.n && w->m.segments.items[k + 1].prev_index <= log_index)
        k++;
    return k;
}

static void push_snapshot(struct manifest *m, uint64_t index, uint64_t term)
{
    m->snaps[1] = m->snaps[0];
    m->snaps[0] = (struct manifest_snapshot){.index = index, .term = term};
}

/* Renames the snapshot, publishes the manifest without the first `drop` segments, deletes those. */
static int switch_manifest(struct wal *w, const struct manifest_snapshot *old, size_t drop,
                           struct err *err)
{
    const struct manifest_snapshot *s = &w->m.snaps[0];
    struct raft_path tmp = raft_snapshot_path(w->dir, s->index, s->term, true);
    struct raft_path path = raft_snapshot_path(w->dir, s->index, s->term, false);
    int r = w->fs->rename(w->fs->ctx, tmp.z, path.z);
    if (r >= 0)
        r = w->fs->sync_dir(w->fs->ctx, w->dir);
    if (r < 0)
        return err_errno(err, r, "%s", path.z);
    VEC(struct manifest_segment) gone = {0};
    for (size_t i = 0; i < drop && r >= 0; i++)
        r = vec_push(&gone, w->m.segments.items[i]);
    w->m.segments.n -= drop;
    if (drop)
        memmove(w->m.segments.items, w->m.segments.items + drop,
                w->m.segments.n * sizeof(struct manifest_segment));
    r = r < 0 ? err_errno(err, r, "%s", path.z) : manifest_write(w->fs, w->dir, &w->m, err);
    for (size_t i = 0; i < gone.n && r >= 0; i++) {
        path = raft_segment_path(w->dir, gone.items[i].file);
        r = w->fs->unlink(w->fs->ctx, path.z);
    }
    if (r >= 0 && old->index) {
        path = raft_snapshot_path(w->dir, old->index, old->term, false);
        r = w->fs->unlink(w->fs->ctx, path.z);
    }
    vec_free(&gone);
    return r < 0 && err && !err->text[0] ? err_errno(err, r, "%s", path.z) : r;
}

int wal_adopt_snapshot(struct wal *w, uint64_t index, uint64_t term, uint64_t log_index,
                       uint64_t log_term, struct err *err)
{
    assert(log_index <= index && log_index >= w->m.log_index);
    if (w->broken)
        return err_set(err, -EIO, "the log is closed after an earlier error");
    struct manifest_snapshot old = w->m.snaps[1];
    push_snapshot(&w->m, index, term);
    w->m.log_index = log_index;
    w->m.log_term = log_term;
    int r = switch_manifest(w, &old, spare_segments(w, log_index), err);
    w->broken = r < 0;
    return r;
}

int wal_install_snapshot(struct wal *w, uint64_t index, uint64_t term, struct err *err)
{
    if (w->broken)
        return err_set(err, -EIO, "the log is closed after an earlier error");
    size_t drop = w->m.segments.n;
    struct manifest_snapshot old = w->m.snaps[1];
    w->last_index = w->m.log_index = index;
    w->last_term = w->m.log_term = term;
    push_snapshot(&w->m, index, term);
    int r = wal_start_segment(w, 0, err);
    if (r >= 0)
        r = switch_manifest(w, &old, drop, err);
    w->broken = r < 0;
    return r;
}

void raft_boot_clear(struct raft_boot *b)
{
    for (size_t i = 0; i < b->n_entries; i++)
        raft_entry_unref(b->entries[i]);
    free(b->entries);
    *b = (struct raft_boot){0};
}
