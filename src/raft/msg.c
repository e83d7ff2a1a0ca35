// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/buf.h"
#include "raft/types.h"

#define WIRE_VERSION 1
#define WIRE_ENTRIES_MAX 65536
enum { FLAG_REJECT = 1, FLAG_TRANSFER = 2, FLAGS_ALL = 3 };

void raft_msg_clear(struct raft_msg *m)
{
    for (size_t i = 0; i < m->n_entries; i++)
        raft_entry_unref(m->entries[i]);
    free(m->entries);
    m->entries = NULL;
    m->n_entries = 0;
}

int raft_msg_encode(const struct raft_msg *m, struct buf *b)
{
    buf_addc(b, WIRE_VERSION);
    buf_addc(b, (char)m->type);
    buf_addc(b, (char)((m->reject ? FLAG_REJECT : 0) | (m->transfer ? FLAG_TRANSFER : 0)));
    buf_add(b, m->from.b, sizeof(m->from.b));
    buf_add(b, m->to.b, sizeof(m->to.b));
    const uint64_t numbers[] = {m->term, m->index,     m->index_term, m->commit,
                                m->hint, m->hint_term, m->round};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        buf_add_varint(b, numbers[i]);
    struct buf config = {0};
    if (m->type == RAFT_MSG_SNAPSHOT)
        raft_config_encode(&m->config, &config);
    b->failed |= config.failed;
    buf_add_varint(b, config.n);
    buf_add(b, config.p, config.n);
    buf_free(&config);
    buf_add_varint(b, m->n_entries);
    for (size_t i = 0; i < m->n_entries; i++) {
        const struct raft_entry *e = m->entries[i];
        buf_addc(b, (char)e->type);
        buf_add_varint(b, e->term);
        buf_add_varint(b, e->n);
        buf_add(b, e->data, e->n);
    }
    return b->failed ? -ENOMEM : 0;
}

static int decode_entry(struct reader *r, uint64_t index, struct raft_entry **ret)
{
    uint8_t type;
    uint64_t term, n;
    struct str data;
    if (reader_u8(r, &type) < 0 || reader_varint(r, &term) < 0 || reader_varint(r, &n) < 0)
        return -EBADMSG;
    if (type < RAFT_ENTRY_NOOP || type > RAFT_ENTRY_CONFIG || n > RAFT_ENTRY_MAX || term == 0)
        return -EBADMSG;
    if (reader_bytes(r, (size_t)n, &data) < 0)
        return -EBADMSG;
    struct raft_entry *e = raft_entry_new(type, data.p, data.n);
    if (!e)
        return -ENOMEM;
    e->index = index;
    e->term = term;
    *ret = e;
    return 0;
}

static int decode_entries(struct reader *r, struct raft_msg *m)
{
    uint64_t n;
    if (reader_varint(r, &n) < 0)
        return -EBADMSG;
    /* An entry takes at least three bytes, so a count cannot ask for more memory than was sent. */
    if (n > WIRE_ENTRIES_MAX || n > reader_left(r) / 3 || m->index > UINT64_MAX - n)
        return -EBADMSG;
    if (n == 0)
        return 0;
    if (m->type != RAFT_MSG_APPEND)
        return -EBADMSG;
    m->entries = calloc((size_t)n, sizeof(*m->entries));
    if (!m->entries)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int e = decode_entry(r, m->index + i + 1, &m->entries[i]);
        if (e < 0)
            return e;
        m->n_entries++;
    }
    return 0;
}

static int decode_head(struct reader *r, struct raft_msg *m)
{
    uint8_t version, type, flags;
    struct str from, to;
    if (reader_u8(r, &version) < 0 || reader_u8(r, &type) < 0 || reader_u8(r, &flags) < 0)
        return -EBADMSG;
    if (version != WIRE_VERSION)
        return -EPROTO;
    if (type < RAFT_MSG_PREVOTE || type >= RAFT_MSG_MAX || flags & ~FLAGS_ALL)
        return -EBADMSG;
    if (reader_bytes(r, 16, &from) < 0 || reader_bytes(r, 16, &to) < 0)
        return -EBADMSG;
    m->type = type;
    m->reject = flags & FLAG_REJECT;
    m->transfer = flags & FLAG_TRANSFER;
    memcpy(m->from.b, from.p, 16);
    memcpy(m->to.b, to.p, 16);
    uint64_t *numbers[] = {&m->term, &m->index,     &m->index_term, &m->commit,
                           &m->hint, &m->hint_term, &m->round};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (reader_varint(r, numbers[i]) < 0)
            return -EBADMSG;
    return 0;
}

static int decode_body(struct reader *r, struct raft_msg *m)
{
    uint64_t n;
    struct str config;
    if (reader_varint(r, &n) < 0 || n > reader_left(r) || reader_bytes(r, (size_t)n, &config) < 0)
        return -EBADMSG;
    if ((m->type == RAFT_MSG_SNAPSHOT) != (n > 0))
        return -EBADMSG;
    if (n && raft_config_decode(config.p, config.n, &m->config) < 0)
        return -EBADMSG;
    int e = decode_entries(r, m);
    return e < 0 ? e : reader_left(r) ? -EBADMSG : 0;
}

int raft_msg_decode(const void *p, size_t n, struct raft_msg *ret)
{
    struct reader r = reader_of(p, n);
    struct raft_msg m = {0};
    int e = decode_head(&r, &m);
    if (e >= 0)
        e = decode_body(&r, &m);
    if (e < 0) {
        raft_msg_clear(&m);
        return e;
    }
    *ret = m;
    return 0;
}
