// SPDX-License-Identifier: Apache-2.0
#include "raft-io/snapshot.h"

#include <errno.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/hash.h"
#include "raft-io/manifest.h"
#include "raft-io/raft_host.h"

#define SNAPSHOT_VERSION 1
#define HEADER_FIXED 32u /* magic, version, index, term, length of the configuration */
static const char snapshot_magic[8] = "nmdsnap\n";

struct raft_sink {
    const struct raft_fs *fs;
    struct raft_path path;
    int fd, failed;
    uint64_t at, total; /* offset in the file; bytes of content */
    struct buf chunk;
};

struct raft_source {
    const struct raft_fs *fs;
    struct raft_path path;
    int fd;
    uint64_t at, total;
    uint8_t *chunk;
    size_t n, used;
    bool done;
};

static int sink_put(struct raft_sink *s, const struct buf *b)
{
    if (s->failed >= 0 && b->failed)
        s->failed = -ENOMEM;
    if (s->failed >= 0)
        s->failed = s->fs->pwrite(s->fs->ctx, s->fd, b->p, b->n, s->at);
    if (s->failed >= 0)
        s->at += b->n;
    return s->failed;
}

static void put_header(struct raft_sink *s, uint64_t index, uint64_t term,
                       const struct raft_config *c)
{
    cleanup_buf struct buf b = {0}, config = {0};
    raft_config_encode(c, &config);
    buf_add(&b, snapshot_magic, sizeof(snapshot_magic));
    buf_add_be32(&b, SNAPSHOT_VERSION);
    buf_add_be64(&b, index);
    buf_add_be64(&b, term);
    buf_add_be32(&b, (uint32_t)config.n);
    buf_add(&b, config.p, config.n);
    b.failed |= config.failed;
    if (!b.failed)
        buf_add_be32(&b, crc32c(0, b.p, b.n));
    sink_put(s, &b);
}

int raft_sink_open(const struct raft_fs *fs, const char *dir, uint64_t index, uint64_t term,
                   const struct raft_config *c, struct raft_sink **ret, struct err *err)
{
    struct raft_sink *s = calloc(1, sizeof(*s));
    if (!s)
        return err_errno(err, -ENOMEM, "snapshot");
    s->fs = fs;
    s->path = raft_snapshot_path(dir, index, term, true);
    s->fd = fs->open(fs->ctx, s->path.z, O_WRONLY | O_CREAT | O_TRUNC);
    s->failed = MIN(s->fd, 0);
    if (s->failed >= 0)
        put_header(s, index, term, c);
    if (s->failed < 0) {
        int r = err_errno(err, s->failed, "%s", s->path.z);
        raft_sink_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

static int flush_chunk(struct raft_sink *s)
{
    cleanup_buf struct buf b = {0};
    buf_add_be32(&b, (uint32_t)s->chunk.n);
    buf_add_be32(&b, crc32c(0, s->chunk.p, s->chunk.n));
    buf_add(&b, s->chunk.p, s->chunk.n);
    s->total += s->chunk.n;
    buf_reset(&s->chunk);
    return sink_put(s, &b);
}

int raft_sink_write(struct raft_sink *s, const void *p, size_t n)
{
    const char *from = p;
    while (n && s->failed >= 0) {
        size_t k = MIN(n, RAFT_SNAPSHOT_CHUNK - s->chunk.n);
        buf_add(&s->chunk, from, k);
        if (s->chunk.failed)
            s->failed = -ENOMEM;
        else if (s->chunk.n == RAFT_SNAPSHOT_CHUNK)
            flush_chunk(s);
        from += k;
        n -= k;
    }
    return s->failed;
}

int raft_sink_failed(const struct raft_sink *s)
{
    return s->failed;
}

int raft_sink_finish(struct raft_sink *s, uint64_t *ret_bytes, struct err *err)
{
    cleanup_buf struct buf b = {0};
    if (s->failed >= 0 && s->chunk.n)
        flush_chunk(s);
    buf_add_be32(&b, 0);
    buf_add_be32(&b, crc32c(0, &s->total, sizeof(s->total)));
    buf_add_be64(&b, s->total);
    if (!b.failed) {
        uint32_t crc = __builtin_bswap32(crc32c(0, b.p + 8, 8));
        memcpy(b.p + 4, &crc, 4);
    }
    sink_put(s, &b);
    if (s->failed >= 0)
        s->failed = s->fs->sync(s->fs->ctx, s->fd);
    if (s->failed < 0)
        return err_errno(err, s->failed, "%s: offset %" PRIu64, s->path.z, s->at);
    *ret_bytes = s->at;
    return 0;
}

struct raft_sink *raft_sink_free(struct raft_sink *s)
{
    if (!s)
        return NULL;
    if (s->fd >= 0)
        s->fs->close(s->fs->ctx, s->fd);
    buf_free(&s->chunk);
    free(s);
    return NULL;
}

static int source_bad(struct raft_source *s, int code, const char *what, struct err *err)
{
    return err_set(err, code, "%s: offset %" PRIu64 ": %s", s->path.z, s->at, what);
}

/* Exactly n bytes at s->at. */
static int source_get(struct raft_source *s, void *p, size_t n, struct err *err)
{
    ssize_t k = s->fs->pread(s->fs->ctx, s->fd, p, n, s->at);
    if (k < 0)
        return err_errno(err, (int)k, "%s: offset %" PRIu64, s->path.z, s->at);
    return (size_t)k < n ? source_bad(s, -EBADMSG, "file ends early", err) : 0;
}

static int get_header(struct raft_source *s, uint64_t index, uint64_t term, struct raft_config *ret,
                      struct err *err)
{
    cleanup_buf struct buf b = {0};
    char fixed[HEADER_FIXED];
    int e = source_get(s, fixed, sizeof(fixed), err);
    if (e < 0)
        return e;
    struct reader r = reader_of(fixed, sizeof(fixed));
    struct str magic;
    uint32_t version, n, crc;
    uint64_t i, t;
    reader_bytes(&r, sizeof(snapshot_magic), &magic);
    reader_be32(&r, &version);
    reader_be64(&r, &i);
    reader_be64(&r, &t);
    reader_be32(&r, &n);
    if (memcmp(magic.p, snapshot_magic, sizeof(snapshot_magic)) != 0)
        return source_bad(s, -EBADMSG, "not a snapshot", err);
    if (version != SNAPSHOT_VERSION)
        return source_bad(s, -EPROTO, "unknown snapshot version", err);
    if (n > 65536 || !buf_reserve(&b, HEADER_FIXED + n + 4))
        return source_bad(s, -EBADMSG, "impossible length of the configuration", err);
    e = source_get(s, b.p, HEADER_FIXED + n + 4, err);
    if (e < 0)
        return e;
    r = reader_of(b.p + HEADER_FIXED + n, 4);
    reader_be32(&r, &crc);
    if (crc != crc32c(0, b.p, HEADER_FIXED + n) || i != index || t != term ||
        raft_config_decode(b.p + HEADER_FIXED, n, ret) < 0)
        return source_bad(s, -EBADMSG, "damaged snapshot header", err);
    s->at = HEADER_FIXED + n + 4;
    return 0;
}

int raft_source_open(const struct raft_fs *fs, const char *dir, uint64_t index, uint64_t term,
                     struct raft_config *ret_config, struct raft_source **ret, struct err *err)
{
    struct raft_source *s = calloc(1, sizeof(*s));
    if (!s)
        return err_errno(err, -ENOMEM, "snapshot");
    s->fs = fs;
    s->path = raft_snapshot_path(dir, index, term, false);
    s->fd = fs->open(fs->ctx, s->path.z, O_RDONLY);
    s->chunk = malloc(RAFT_SNAPSHOT_CHUNK);
    int r = s->fd < 0   ? err_errno(err, s->fd, "%s", s->path.z)
            : !s->chunk ? err_errno(err, -ENOMEM, "%s", s->path.z)
                        : get_header(s, index, term, ret_config, err);
    if (r < 0) {
        raft_source_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

static int check_total(struct raft_source *s, uint32_t crc, struct err *err)
{
    uint8_t tail[8];
    uint64_t total;
    int e = source_get(s, tail, sizeof(tail), err);
    if (e < 0)
        return e;
    struct reader r = reader_of(tail, sizeof(tail));
    reader_be64(&r, &total);
    if (crc != crc32c(0, tail, sizeof(tail)) || total != s->total)
        return source_bad(s, -EBADMSG, "damaged end of the snapshot", err);
    s->done = true;
    return 0;
}

static int next_chunk(struct raft_source *s, struct err *err)
{
    uint8_t head[8];
    uint32_t n, crc;
    int e = source_get(s, head, sizeof(head), err);
    if (e < 0)
        return e;
    struct reader r = reader_of(head, sizeof(head));
    reader_be32(&r, &n);
    reader_be32(&r, &crc);
    s->at += sizeof(head);
    if (n == 0)
        return check_total(s, crc, err);
    if (n > RAFT_SNAPSHOT_CHUNK)
        return source_bad(s, -EBADMSG, "impossible length of a chunk", err);
    e = source_get(s, s->chunk, n, err);
    if (e < 0)
        return e;
    if (crc != crc32c(0, s->chunk, n))
        return source_bad(s, -EBADMSG, "checksum of the chunk does not match", err);
    s->at += n;
    s->total += n;
    s->n = n;
    s->used = 0;
    return 0;
}

ssize_t raft_source_read(struct raft_source *s, void *p, size_t n, struct err *err)
{
    size_t done = 0;
    while (done < n && !s->done) {
        if (s->used == s->n) {
            int e = next_chunk(s, err);
            if (e < 0)
                return e;
            continue;
        }
        size_t k = MIN(n - done, s->n - s->used);
        memcpy((char *)p + done, s->chunk + s->used, k);
        s->used += k;
        done += k;
    }
    return (ssize_t)done;
}

struct raft_source *raft_source_free(struct raft_source *s)
{
    if (!s)
        return NULL;
    if (s->fd >= 0)
        s->fs->close(s->fs->ctx, s->fd);
    free(s->chunk);
    free(s);
    return NULL;
}
