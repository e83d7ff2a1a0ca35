// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "raft-io/wal_internal.h"

/* The log as it is replayed. `last` follows every record, also of entries before the base, so that
 * a gap is seen wherever it is. */
struct replay {
    struct wal *w;
    VEC(struct raft_entry *) entries; /* base + 1 .. */
    bool started;
};

static int replay_truncate(struct replay *rp, const struct wal_record *rec, struct err *err)
{
    struct wal *w = rp->w;
    if (rec->n || rec->index == 0 || rec->index > w->last_index + 1)
        return err_set(err, -EBADMSG, "cuts the log at %" PRIu64 " behind its end %" PRIu64,
                       rec->index, w->last_index);
    w->last_index = rec->index - 1;
    uint64_t keep = w->last_index > w->m.log_index ? w->last_index - w->m.log_index : 0;
    while (rp->entries.n > keep)
        raft_entry_unref(rp->entries.items[--rp->entries.n]);
    w->last_term = rp->entries.n ? rp->entries.items[rp->entries.n - 1]->term : 0;
    return 0;
}

static int replay_entry(struct replay *rp, const struct wal_record *rec, struct err *err)
{
    struct wal *w = rp->w;
    if (rec->index != w->last_index + 1)
        return err_set(err, -EBADMSG, "entry %" PRIu64 " follows %" PRIu64, rec->index,
                       w->last_index);
    if (rec->term < w->last_term || rec->term > w->hard.term)
        return err_set(err, -EBADMSG, "entry %" PRIu64 " has an impossible term %" PRIu64,
                       rec->index, rec->term);
    w->last_index = rec->index;
    w->last_term = rec->term;
    if (rec->index <= w->m.log_index)
        return 0;
    struct raft_entry *e = raft_entry_new(rec->type, rec->data, rec->n);
    if (!e || vec_push(&rp->entries, e) < 0) {
        raft_entry_unref(e);
        return err_errno(err, -ENOMEM, "entry %" PRIu64, rec->index);
    }
    e->index = rec->index;
    e->term = rec->term;
    return 0;
}

static int replay_record(void *arg, const struct wal_record *rec, struct err *err)
{
    struct replay *rp = arg;
    switch (rec->type) {
    case WAL_RECORD_HARD:
        if (rec->n != 16 || rec->term < rp->w->hard.term)
            return err_set(err, -EBADMSG, "impossible hard state");
        rp->w->hard.term = rec->term;
        memcpy(rp->w->hard.vote.b, rec->data, 16);
        return 0;
    case WAL_RECORD_TRUNCATE:
        return replay_truncate(rp, rec, err);
    case RAFT_ENTRY_NOOP:
    case RAFT_ENTRY_COMMAND:
    case RAFT_ENTRY_CONFIG:
        return replay_entry(rp, rec, err);
    default:
        return err_set(err, -EPROTO, "unknown record type %u", rec->type);
    }
}

static int read_segment(struct wal *w, int fd, const struct manifest_segment *s, struct buf *b,
                        struct err *err)
{
    int64_t size = w->fs->size(w->fs->ctx, fd);
    if (size < 0)
        return err_errno(err, (int)size, "size");
    if (s->end && (uint64_t)size < s->end)
        return err_set(err, -EBADMSG, "offset %" PRId64 ": file ends before offset %" PRIu64, size,
                       s->end);
    size_t want = s->end ? (size_t)s->end : (size_t)size;
    if (!buf_reserve(b, want))
        return err_errno(err, -ENOMEM, "%zu bytes", want);
    ssize_t n = w->fs->pread(w->fs->ctx, fd, b->p, want, 0);
    if (n < 0)
        return err_errno(err, (int)n, "read");
    b->n = (size_t)n;
    w->size = (uint64_t)size;
    return 0;
}

/* The first segment tells where the log begins; each later one must continue the one before. */
static int check_header(struct replay *rp, const struct manifest_segment *s,
                        const struct wal_header *h, struct err *err)
{
    struct wal *w = rp->w;
    if (!uuid_eq(&h->log_id, &w->m.log_id) || h->file != s->file)
        return err_set(err, -EBADMSG, "offset 0: segment belongs to another log");
    if (!rp->started) {
        w->last_index = h->prev_index;
        w->last_term = h->prev_term;
        w->seq = h->first_seq;
        w->hard = h->hard;
        rp->started = true;
    }
    if (h->prev_index != w->last_index || h->first_seq != w->seq || h->hard.term != w->hard.term ||
        !uuid_eq(&h->hard.vote, &w->hard.vote))
        return err_set(err, -EBADMSG, "offset 0: segment does not continue the one before it");
    return 0;
}

/* An unfinished batch was never acknowledged. Zeros again from there on: the next batch may be
 * shorter than what is cut. */
static int cut_tail(struct wal *w, int fd, size_t end, const char *path, struct err *err)
{
    log_warn("raft", "%s: cut an unfinished write at offset %zu", path, end);
    int r = w->fs->truncate(w->fs->ctx, fd, end);
    if (r >= 0)
        r = w->fs->allocate(w->fs->ctx, fd, MAX(w->size, w->segment_bytes));
    if (r >= 0)
        r = w->fs->sync(w->fs->ctx, fd);
    w->size = MAX(w->size, w->segment_bytes);
    return r < 0 ? err_errno(err, r, "cutting at offset %zu", end) : 0;
}

/* What a process that died in between wrote may be in memory only, even after a sync that failed
 * (the kernel then takes the pages for clean). From here on it counts, so it is written again. */
static int settle_tail(struct wal *w, int fd, const struct buf *b, const struct wal_scan *scan,
                       struct err *err)
{
    size_t at = scan->last ? scan->last : 0;
    int r = w->fs->pwrite(w->fs->ctx, fd, b->p + at, scan->end - at, at);
    if (r >= 0)
        r = w->fs->sync(w->fs->ctx, fd);
    if (r >= 0)
        r = w->fs->sync_dir(w->fs->ctx, w->dir);
    return r < 0 ? err_errno(err, r, "offset %zu", at) : 0;
}

static int replay_fd(struct replay *rp, int fd, const struct manifest_segment *s, const char *path,
                     struct err *err)
{
    struct wal *w = rp->w;
    cleanup_buf struct buf b = {0};
    struct wal_header h;
    int r = read_segment(w, fd, s, &b, err);
    if (r >= 0)
        r = wal_header_decode(b.p, b.n, &h, err);
    if (r >= 0)
        r = check_header(rp, s, &h, err);
    if (r < 0)
        return r;
    struct wal_scan scan = {.seq = w->seq};
    r = wal_scan(b.p, b.n, s->end == 0, &scan, replay_record, rp, err);
    if (r < 0)
        return r;
    w->seq = scan.seq;
    w->at = scan.end;
    if (scan.torn)
        r = cut_tail(w, fd, scan.end, path, err);
    return r < 0 || s->end ? r : settle_tail(w, fd, &b, &scan, err);
}

static int replay_segment(struct replay *rp, const struct manifest_segment *s, struct err *err)
{
    struct wal *w = rp->w;
    struct raft_path path = raft_segment_path(w->dir, s->file);
    int fd = w->fs->open(w->fs->ctx, path.z, O_RDWR);
    if (fd < 0)
        return err_errno(err, fd, "%s", path.z);
    int r = replay_fd(rp, fd, s, path.z, err);
    if (r < 0 || s->end)
        w->fs->close(w->fs->ctx, fd);
    else
        w->fd = fd;
    return r < 0 ? err_wrap(err, r, "%s", path.z) : 0;
}

static int replay_all(struct wal *w, struct raft_boot *boot, struct err *err)
{
    struct replay rp = {.w = w};
    int r = 0;
    for (size_t i = 0; i < w->m.segments.n && r >= 0; i++)
        r = replay_segment(&rp, &w->m.segments.items[i], err);
    if (r >= 0 && w->last_index < w->m.snaps[0].index)
        r = err_set(err, -EBADMSG,
                    "%s: the log ends at %" PRIu64 ", before its snapshot at %" PRIu64, w->dir,
                    w->last_index, w->m.snaps[0].index);
    *boot = (struct raft_boot){.hard = w->hard,
                               .log_index = w->m.log_index,
                               .log_term = w->m.log_term,
                               .snap_index = w->m.snaps[0].index,
                               .snap_term = w->m.snaps[0].term,
                               .entries = rp.entries.items,
                               .n_entries = rp.entries.n};
    if (r < 0)
        raft_boot_clear(boot);
    return r;
}

struct left_overs {
    const struct wal *w;
    VEC(struct raft_path) paths;
    bool data; /* a segment or snapshot is there */
    int failed;
};

static bool named(const struct wal *w, const char *path)
{
    for (size_t i = 0; i < w->m.segments.n; i++) {
        struct raft_path p = raft_segment_path(w->dir, w->m.segments.items[i].file);
        if (streq(path, p.z))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(w->m.snaps); i++) {
        const struct manifest_snapshot *s = &w->m.snaps[i];
        struct raft_path p = raft_snapshot_path(w->dir, s->index, s->term, false);
        if (s->index && streq(path, p.z))
            return true;
    }
    return false;
}

static void look_at(void *arg, const char *name)
{
    struct left_overs *l = arg;
    bool data = strncmp(name, "wal-", 4) == 0 || strncmp(name, "snap-", 5) == 0;
    struct raft_path p = raft_path_of(l->w->dir, name);
    l->data |= data && !has_suffix(name, ".tmp");
    if ((data || streq(name, "MANIFEST.tmp")) && !named(l->w, p.z) && vec_push(&l->paths, p) < 0)
        l->failed = -ENOMEM;
}

static int remove_left_overs(struct wal *w, bool fresh, struct err *err)
{
    struct left_overs l = {.w = w};
    int r = w->fs->list(w->fs->ctx, w->dir, look_at, &l);
    if (r >= 0)
        r = l.failed;
    if (r < 0)
        err_errno(err, r, "%s", w->dir);
    else if (fresh && l.data)
        r = err_set(err, -EBADMSG, "%s: holds log files, but MANIFEST is missing", w->dir);
    for (size_t i = 0; i < l.paths.n && r >= 0; i++) {
        r = w->fs->unlink(w->fs->ctx, l.paths.items[i].z);
        if (r < 0)
            err_errno(err, r, "%s", l.paths.items[i].z);
    }
    vec_free(&l.paths);
    return r;
}

static int lock_dir(struct wal *w, struct err *err)
{
    struct raft_path path = raft_path_of(w->dir, "lock");
    int r = w->fs->mkdir(w->fs->ctx, w->dir);
    if (r < 0)
        return err_errno(err, r, "%s", w->dir);
    w->lock_fd = w->fs->open(w->fs->ctx, path.z, O_RDWR | O_CREAT);
    if (w->lock_fd < 0)
        return err_errno(err, w->lock_fd, "%s", path.z);
    r = w->fs->lock(w->fs->ctx, w->lock_fd);
    if (r == -EWOULDBLOCK)
        return err_set(err, -EBUSY, "%s: another process uses this directory", w->dir);
    return r < 0 ? err_errno(err, r, "%s", path.z) : 0;
}

static int check_id(struct wal *w, const struct uuid *id, struct err *err)
{
    if (uuid_is_zero(id) || uuid_eq(id, &w->m.server_id))
        return 0;
    return err_set(err, -EINVAL, "%s: belongs to server %s, not %s", w->dir,
                   UUID_Z(&w->m.server_id), UUID_Z(id));
}

/* The directory itself must survive, or all in it is gone with its name. */
static int sync_parent(struct wal *w, struct err *err)
{
    struct raft_path p;
    size_t n = strnlen(w->dir, sizeof(p.z) - 1);
    memcpy(p.z, w->dir, n);
    while (n > 0 && w->dir[n - 1] == '/')
        n--;
    while (n > 0 && w->dir[n - 1] != '/')
        n--;
    p.z[n] = '\0';
    const char *parent = n ? p.z : ".";
    int r = w->fs->sync_dir(w->fs->ctx, parent);
    return r < 0 ? err_errno(err, r, "%s", parent) : 0;
}

/* A manifest comes first, so that segments without one are always a mistake to be looked at. */
static int start_empty(struct wal *w, const struct uuid *id, struct err *err)
{
    uuid_random(&w->m.log_id);
    w->m.server_id = *id;
    if (uuid_is_zero(id))
        uuid_random(&w->m.server_id);
    w->m.next_file = 1;
    int r = sync_parent(w, err);
    return r < 0 ? r : manifest_write(w->fs, w->dir, &w->m, err);
}

static int open_log(struct wal *w, const struct uuid *id, struct raft_boot *boot, struct err *err)
{
    int r = lock_dir(w, err);
    if (r < 0)
        return r;
    r = manifest_read(w->fs, w->dir, &w->m, err);
    bool fresh = r == -ENOENT;
    if (r < 0 && !fresh)
        return r;
    r = remove_left_overs(w, fresh, err);
    if (r >= 0 && fresh)
        r = start_empty(w, id, err);
    else if (r >= 0)
        r = check_id(w, id, err);
    if (r >= 0)
        r = replay_all(w, boot, err);
    if (r >= 0 && w->m.segments.n == 0) {
        w->seq = 1;
        r = wal_start_segment(w, 0, err);
        if (r >= 0)
            r = manifest_write(w->fs, w->dir, &w->m, err);
        if (r < 0)
            raft_boot_clear(boot);
    }
    return r;
}

int wal_open(const struct wal_options *o, struct raft_boot *ret_boot, struct uuid *ret_id,
             struct wal **ret, struct err *err)
{
    struct wal *w = calloc(1, sizeof(*w));
    if (!w)
        return err_errno(err, -ENOMEM, "log");
    w->fs = o->fs ? o->fs : &raft_fs_real;
    w->fd = w->lock_fd = -1;
    w->segment_bytes = o->segment_bytes ? o->segment_bytes : UINT64_C(64) << 20;
    w->dir = strdup(o->dir);
    struct raft_boot boot = {0};
    int r = w->dir ? open_log(w, &o->id, &boot, err) : err_errno(err, -ENOMEM, "log");
    if (r < 0) {
        wal_close(w);
        return r;
    }
    *ret_boot = boot;
    *ret_id = w->m.server_id;
    *ret = w;
    return 0;
}
