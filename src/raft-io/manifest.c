// SPDX-License-Identifier: Apache-2.0
#include "raft-io/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/hash.h"

#define MANIFEST_VERSION 1
#define MANIFEST_MAX (1 << 20)
static const char manifest_magic[8] = "nmdraft\n";

struct raft_path raft_path_of(const char *dir, const char *name)
{
    struct raft_path p;
    snprintf(p.z, sizeof(p.z), "%s/%s", dir, name);
    return p;
}

struct raft_path raft_segment_path(const char *dir, uint64_t file)
{
    char name[64];
    snprintf(name, sizeof(name), "wal-%016" PRIx64, file);
    return raft_path_of(dir, name);
}

struct raft_path raft_snapshot_path(const char *dir, uint64_t index, uint64_t term, bool tmp)
{
    char name[96];
    snprintf(name, sizeof(name), "snap-%016" PRIx64 "-%016" PRIx64 "%s", index, term,
             tmp ? ".tmp" : "");
    return raft_path_of(dir, name);
}

void manifest_free(struct manifest *m)
{
    vec_free(&m->segments);
}

static void encode(const struct manifest *m, struct buf *b)
{
    buf_add(b, manifest_magic, sizeof(manifest_magic));
    buf_add_be32(b, MANIFEST_VERSION);
    buf_add(b, m->log_id.b, 16);
    buf_add(b, m->server_id.b, 16);
    buf_add_be64(b, m->next_file);
    buf_add_be64(b, m->log_index);
    buf_add_be64(b, m->log_term);
    for (size_t i = 0; i < ARRAY_LEN(m->snaps); i++) {
        buf_add_be64(b, m->snaps[i].index);
        buf_add_be64(b, m->snaps[i].term);
    }
    buf_add_be32(b, (uint32_t)m->segments.n);
    for (size_t i = 0; i < m->segments.n; i++) {
        buf_add_be64(b, m->segments.items[i].file);
        buf_add_be64(b, m->segments.items[i].end);
        buf_add_be64(b, m->segments.items[i].prev_index);
    }
    if (!b->failed)
        buf_add_be32(b, crc32c(0, b->p, b->n));
}

static int decode_segments(struct reader *r, struct manifest *m)
{
    uint32_t n;
    if (reader_be32(r, &n) < 0 || n > reader_left(r) / 24)
        return -EBADMSG;
    for (uint32_t i = 0; i < n; i++) {
        struct manifest_segment s;
        reader_be64(r, &s.file);
        reader_be64(r, &s.end);
        if (reader_be64(r, &s.prev_index) < 0 || (s.end == 0) != (i + 1 == n))
            return -EBADMSG;
        if (s.file >= m->next_file || vec_push(&m->segments, s) < 0)
            return -EBADMSG;
    }
    return reader_left(r) ? -EBADMSG : 0;
}

static int decode_body(struct reader *r, struct manifest *m)
{
    struct str log_id, server_id;
    reader_bytes(r, 16, &log_id);
    if (reader_bytes(r, 16, &server_id) < 0)
        return -EBADMSG;
    memcpy(m->log_id.b, log_id.p, 16);
    memcpy(m->server_id.b, server_id.p, 16);
    reader_be64(r, &m->next_file);
    reader_be64(r, &m->log_index);
    reader_be64(r, &m->log_term);
    for (size_t i = 0; i < ARRAY_LEN(m->snaps); i++) {
        reader_be64(r, &m->snaps[i].index);
        reader_be64(r, &m->snaps[i].term);
    }
    return decode_segments(r, m);
}

int manifest_decode(const void *p, size_t n, struct manifest *ret, struct err *err)
{
    if (n < sizeof(manifest_magic) + 8 || memcmp(p, manifest_magic, sizeof(manifest_magic)) != 0)
        return err_set(err, -EBADMSG, "offset 0: not a manifest");
    struct reader tail = reader_of((const char *)p + n - 4, 4);
    struct reader r =
        reader_of((const char *)p + sizeof(manifest_magic), n - 4 - sizeof(manifest_magic));
    uint32_t crc, version;
    reader_be32(&tail, &crc);
    if (crc != crc32c(0, p, n - 4))
        return err_set(err, -EBADMSG, "offset %zu: checksum does not match", n - 4);
    if (reader_be32(&r, &version) < 0 || version != MANIFEST_VERSION)
        return err_set(err, -EPROTO, "offset 8: unknown manifest version");
    struct manifest m = {0};
    if (decode_body(&r, &m) < 0) {
        manifest_free(&m);
        return err_set(err, -EBADMSG, "content makes no sense");
    }
    *ret = m;
    return 0;
}

int manifest_read(const struct raft_fs *fs, const char *dir, struct manifest *ret, struct err *err)
{
    struct raft_path path = raft_path_of(dir, "MANIFEST");
    int fd = fs->open(fs->ctx, path.z, O_RDONLY);
    if (fd < 0)
        return fd == -ENOENT ? fd : err_errno(err, fd, "%s", path.z);
    int64_t size = fs->size(fs->ctx, fd);
    cleanup_buf struct buf b = {0};
    ssize_t n = -EFBIG;
    if (size >= 0 && size < MANIFEST_MAX && buf_reserve(&b, (size_t)size))
        n = fs->pread(fs->ctx, fd, b.p, (size_t)size, 0);
    fs->close(fs->ctx, fd);
    if (n < 0)
        return err_errno(err, (int)n, "%s", path.z);
    int r = manifest_decode(b.p, (size_t)n, ret, err);
    return r < 0 ? err_wrap(err, r, "%s", path.z) : 0;
}

static int write_file(const struct raft_fs *fs, const char *path, const struct buf *b)
{
    int fd = fs->open(fs->ctx, path, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return fd;
    int r = fs->pwrite(fs->ctx, fd, b->p, b->n, 0);
    if (r >= 0)
        r = fs->sync(fs->ctx, fd);
    fs->close(fs->ctx, fd);
    return r;
}

int manifest_write(const struct raft_fs *fs, const char *dir, const struct manifest *m,
                   struct err *err)
{
    struct raft_path path = raft_path_of(dir, "MANIFEST");
    struct raft_path tmp = raft_path_of(dir, "MANIFEST.tmp");
    cleanup_buf struct buf b = {0};
    encode(m, &b);
    int r = b.failed ? -ENOMEM : write_file(fs, tmp.z, &b);
    if (r >= 0)
        r = fs->rename(fs->ctx, tmp.z, path.z);
    if (r >= 0)
        r = fs->sync_dir(fs->ctx, dir);
    return r < 0 ? err_errno(err, r, "%s", path.z) : 0;
}
