// SPDX-License-Identifier: Apache-2.0
#include "raft-io/segment.h"

#include <errno.h>
#include <inttypes.h>

#include "base/hash.h"

#define SEGMENT_VERSION 1
#define SECTOR 512u
static const char segment_magic[8] = "nmdwal\r\n";

static void put_be32(char *p, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(p, &v, 4);
}

static void put_be64(char *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, 8);
}

static uint32_t get_be32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}

static uint64_t get_be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}

void wal_header_encode(const struct wal_header *h, struct buf *b)
{
    size_t start = b->n;
    buf_add(b, segment_magic, sizeof(segment_magic));
    buf_add_be32(b, SEGMENT_VERSION);
    buf_add(b, h->log_id.b, sizeof(h->log_id.b));
    buf_add_be64(b, h->file);
    buf_add_be64(b, h->prev_index);
    buf_add_be64(b, h->prev_term);
    buf_add_be64(b, h->first_seq);
    buf_add_be64(b, h->hard.term);
    buf_add(b, h->hard.vote.b, sizeof(h->hard.vote.b));
    if (b->failed)
        return;
    buf_add_be32(b, crc32c(0, b->p + start, b->n - start));
    size_t pad = WAL_HEADER - (b->n - start);
    char *p = buf_reserve(b, pad);
    if (!p)
        return;
    memset(p, 0, pad);
    b->n += pad;
}

int wal_header_decode(const void *p, size_t n, struct wal_header *ret, struct err *err)
{
    struct reader r = reader_of(p, n);
    struct wal_header h = {0};
    struct str magic, log_id, vote;
    uint32_t version, crc;
    if (reader_bytes(&r, sizeof(segment_magic), &magic) < 0 ||
        memcmp(magic.p, segment_magic, magic.n) != 0)
        return err_set(err, -EBADMSG, "offset 0: not a log segment");
    if (reader_be32(&r, &version) < 0 || version != SEGMENT_VERSION)
        return err_set(err, -EPROTO, "offset 8: unknown segment version");
    reader_bytes(&r, 16, &log_id);
    reader_be64(&r, &h.file);
    reader_be64(&r, &h.prev_index);
    reader_be64(&r, &h.prev_term);
    reader_be64(&r, &h.first_seq);
    reader_be64(&r, &h.hard.term);
    reader_bytes(&r, 16, &vote);
    size_t used = r.bad ? 0 : (size_t)(r.p - (const uint8_t *)p);
    if (reader_be32(&r, &crc) < 0 || n < WAL_HEADER)
        return err_set(err, -EBADMSG, "offset 0: short segment header");
    if (crc != crc32c(0, p, used))
        return err_set(err, -EBADMSG, "offset 0: checksum of the segment header does not match");
    memcpy(h.log_id.b, log_id.p, 16);
    memcpy(h.hard.vote.b, vote.p, 16);
    *ret = h;
    return 0;
}

static void add_record(struct buf *b, uint8_t type, uint64_t index, uint64_t term, const void *p,
                       size_t n)
{
    buf_add_be32(b, (uint32_t)n);
    buf_addc(b, (char)type);
    buf_add_be64(b, index);
    buf_add_be64(b, term);
    buf_add(b, p, n);
}

void wal_batch_begin(struct buf *b)
{
    buf_reset(b);
    static const char blank[WAL_BATCH_HEADER];
    buf_add(b, blank, sizeof(blank));
}

void wal_batch_add(struct buf *b, const struct raft_persist *p)
{
    if (p->hard_changed)
        add_record(b, WAL_RECORD_HARD, 0, p->hard.term, p->hard.vote.b, sizeof(p->hard.vote.b));
    if (p->truncate_from)
        add_record(b, WAL_RECORD_TRUNCATE, p->truncate_from, 0, NULL, 0);
    for (size_t i = 0; i < p->n_entries; i++) {
        const struct raft_entry *e = p->entries[i];
        add_record(b, e->type, e->index, e->term, e->data, e->n);
    }
}

void wal_batch_end(struct buf *b, uint64_t seq)
{
    size_t payload = b->n - WAL_BATCH_HEADER;
    do
        buf_addc(b, (char)0xff);
    while (b->n % 8 && !b->failed);
    if (b->failed)
        return;
    put_be32(b->p, (uint32_t)payload);
    put_be32(b->p + 4, crc32c(0, b->p + WAL_BATCH_HEADER, b->n - WAL_BATCH_HEADER));
    put_be64(b->p + 8, seq);
    put_be32(b->p + 16, crc32c(0, b->p, 16));
    put_be32(b->p + 20, UINT32_MAX);
}

/* At least one byte of padding, which is not zero: a zero last byte is one that was not written. */
static size_t batch_span(size_t payload)
{
    return (WAL_BATCH_HEADER + payload + 8) & ~(size_t)7;
}

static bool sound_header(const uint8_t *p, size_t n, size_t at)
{
    return n - at >= WAL_BATCH_HEADER && get_be32(p + at + 20) == UINT32_MAX &&
           get_be32(p + at + 16) == crc32c(0, p + at, 16);
}

/* The batch at `at` with its padding, or 0 if it is not a whole, sound one. */
static size_t sound_batch(const uint8_t *p, size_t n, size_t at, uint64_t *ret_seq)
{
    if (!sound_header(p, n, at))
        return 0;
    size_t payload = get_be32(p + at), whole = batch_span(payload);
    if (payload == 0 || payload > WAL_BATCH_MAX || whole > n - at)
        return 0;
    if (get_be32(p + at + 4) != crc32c(0, p + at + WAL_BATCH_HEADER, whole - WAL_BATCH_HEADER))
        return 0;
    *ret_seq = get_be64(p + at + 8);
    return whole;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* A batch is written once the one before it is durable: a later sound one proves that this one was.
 */
static bool later_batch(const uint8_t *p, size_t n, size_t at, uint64_t seq)
{
    for (at += 8; at + WAL_BATCH_HEADER <= n; at += 8) {
        uint64_t s = get_be64(p + at + 8), found;
        if (s > seq && s - seq < UINT32_MAX && sound_batch(p, n, at, &found))
            return true;
    }
    return false;
}

/* Disks write whole sectors; one that never arrived is still zero, or lies beyond the file's end.
 */
static bool looks_unfinished(const uint8_t *p, size_t n, size_t at)
{
    size_t span = sound_header(p, n, at) ? batch_span(get_be32(p + at)) : WAL_BATCH_HEADER;
    if (span > n - at || p[at + span - 1] == 0)
        return true;
    for (size_t i = at; i < at + span;) {
        size_t next = MIN((i / SECTOR + 1) * SECTOR, at + span);
        if (all_zero(p + i, next - i))
            return true;
        i = next;
    }
    return false;
}

static int scan_records(const uint8_t *p, size_t at, wal_record_cb record_cb, void *arg,
                        struct err *err)
{
    size_t payload = get_be32(p + at);
    struct reader r = reader_of(p + at + WAL_BATCH_HEADER, payload);
    while (reader_left(&r)) {
        size_t offset = (size_t)(r.p - p);
        struct wal_record rec;
        struct str data;
        uint32_t n;
        if (reader_be32(&r, &n) < 0 || reader_u8(&r, &rec.type) < 0 ||
            reader_be64(&r, &rec.index) < 0 || reader_be64(&r, &rec.term) < 0 ||
            reader_bytes(&r, n, &data) < 0)
            return err_set(err, -EBADMSG, "offset %zu: record does not fit its batch", offset);
        rec.data = (const uint8_t *)data.p;
        rec.n = data.n;
        int e = record_cb(arg, &rec, err);
        if (e < 0)
            return err_wrap(err, e, "offset %zu", offset);
    }
    return 0;
}

static int scan_fault(const uint8_t *p, size_t n, bool open, struct wal_scan *scan, struct err *err)
{
    size_t at = scan->end;
    scan->nonzero = at < n && !all_zero(p + at, n - at);
    if (!scan->nonzero && open)
        return 0;
    if (!open)
        return err_set(err, -EBADMSG, "offset %zu: batch %" PRIu64 " is missing or damaged", at,
                       scan->seq);
    if (later_batch(p, n, at, scan->seq))
        return err_set(err, -EBADMSG,
                       "offset %zu: batch %" PRIu64 " is damaged, but later ones are sound", at,
                       scan->seq);
    if (!looks_unfinished(p, n, at))
        return err_set(err, -EBADMSG, "offset %zu: checksum of batch %" PRIu64 " does not match",
                       at, scan->seq);
    scan->torn = true;
    return 0;
}

int wal_scan(const void *data, size_t n, bool open, struct wal_scan *scan, wal_record_cb record_cb,
             void *arg, struct err *err)
{
    const uint8_t *p = data;
    scan->end = WAL_HEADER;
    scan->last = 0;
    scan->torn = scan->nonzero = false;
    while (scan->end < n) {
        uint64_t seq;
        size_t whole = sound_batch(p, n, scan->end, &seq);
        if (!whole)
            return scan_fault(p, n, open, scan, err);
        if (seq != scan->seq)
            return err_set(err, -EBADMSG,
                           "offset %zu: batch %" PRIu64 " where %" PRIu64 " was expected",
                           scan->end, seq, scan->seq);
        int e = scan_records(p, scan->end, record_cb, arg, err);
        if (e < 0)
            return e;
        scan->last = scan->end;
        scan->end += whole;
        scan->seq++;
    }
    return 0;
}
