// SPDX-License-Identifier: Apache-2.0
/* The bytes of one log segment; no I/O. All integers big endian.
 *
 * - header, WAL_HEADER bytes: magic, version, log id, file number, the index and term before the
 *   first entry, the sequence number of the first batch, the hard state, CRC-32C
 * - batch: {u32 length of the payload, u32 CRC-32C of payload and padding, u64 sequence number,
 *   u32 CRC-32C of these, u32 0xffffffff, payload, 1 to 8 bytes 0xff up to a multiple of 8}
 * - payload: records {u32 length, u8 type, u64 index, u64 term, data}
 *
 * A batch is what one write and one sync made durable, so it counts whole or not at all. The file
 * is zeros behind the last batch: what a crash keeps from reaching the disk reads as zeros. */
#pragma once
#include "base/buf.h"
#include "raft/raft.h"

#define WAL_HEADER 4096u
#define WAL_BATCH_HEADER 24u
#define WAL_BATCH_MAX (256u << 20)

enum { WAL_RECORD_HARD = 0x10, WAL_RECORD_TRUNCATE = 0x11 }; /* beside enum raft_entry_type */

struct wal_header {
    struct uuid log_id;
    uint64_t file, prev_index, prev_term, first_seq;
    struct raft_hard hard;
};
void wal_header_encode(const struct wal_header *h, struct buf *b); /* exactly WAL_HEADER bytes */
int wal_header_decode(const void *p, size_t n, struct wal_header *ret, struct err *err);

void wal_batch_begin(struct buf *b);
void wal_batch_add(struct buf *b, const struct raft_persist *p);
void wal_batch_end(struct buf *b, uint64_t seq); /* b holds exactly one batch */

struct wal_record {
    uint8_t type;
    uint64_t index, term;
    const uint8_t *data; /* borrowed */
    size_t n;
};
typedef int (*wal_record_cb)(void *arg, const struct wal_record *rec, struct err *err);
struct wal_scan {
    uint64_t seq; /* in: of the first batch; out: of the next one */
    size_t last;  /* out: offset of the last good batch; 0 = none */
    size_t end;   /* out: offset behind it */
    bool torn;    /* out: an unfinished batch follows there and must be cut */
    bool nonzero; /* out: something other than zeros follows `end` */
};
/* The batches from offset WAL_HEADER on. `open`: the last segment, whose last batch may be
 * unfinished; otherwise any fault is an error: -EBADMSG with the offset, or what record_cb said. */
int wal_scan(const void *p, size_t n, bool open, struct wal_scan *scan, wal_record_cb record_cb,
             void *arg, struct err *err);
