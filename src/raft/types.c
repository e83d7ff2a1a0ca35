// SPDX-License-Identifier: Apache-2.0
#include "raft/types.h"

#include <errno.h>

#include "base/buf.h"

struct raft_entry *raft_entry_new(uint8_t type, const void *p, size_t n)
{
    assert(n <= UINT32_MAX);
    struct raft_entry *e = malloc(sizeof(*e) + n);
    if (!e)
        return NULL;
    *e = (struct raft_entry){.refs = 1, .n = (uint32_t)n, .type = type};
    if (n)
        memcpy(e->data, p, n);
    return e;
}

struct raft_entry *raft_entry_ref(struct raft_entry *e)
{
    __atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
    return e;
}

struct raft_entry *raft_entry_unref(struct raft_entry *e)
{
    if (e && __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(e);
    return NULL;
}

const struct raft_server *raft_config_find(const struct raft_config *c, const struct uuid *id)
{
    for (size_t i = 0; i < c->n; i++)
        if (uuid_eq(&c->servers[i].id, id))
            return &c->servers[i];
    return NULL;
}

size_t raft_config_voters(const struct raft_config *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += c->servers[i].voter;
    return n;
}

#define CONFIG_VERSION 1

void raft_config_encode(const struct raft_config *c, struct buf *b)
{
    assert(c->n <= RAFT_SERVERS_MAX);
    buf_addc(b, CONFIG_VERSION);
    buf_addc(b, (char)c->n);
    for (size_t i = 0; i < c->n; i++) {
        const struct raft_server *s = &c->servers[i];
        size_t n = strnlen(s->address, sizeof(s->address) - 1);
        buf_add(b, s->id.b, sizeof(s->id.b));
        buf_addc(b, s->voter);
        buf_addc(b, (char)n);
        buf_add(b, s->address, n);
    }
}

static int decode_server(struct reader *r, struct raft_server *ret)
{
    struct str id, address;
    uint8_t voter, n;
    if (reader_bytes(r, sizeof(ret->id.b), &id) < 0 || reader_u8(r, &voter) < 0 ||
        reader_u8(r, &n) < 0 || reader_bytes(r, n, &address) < 0)
        return -EBADMSG;
    if (voter > 1 || n >= sizeof(ret->address) || memchr(address.p, '\0', n))
        return -EBADMSG;
    *ret = (struct raft_server){.voter = voter};
    memcpy(ret->id.b, id.p, id.n);
    memcpy(ret->address, address.p, n);
    return uuid_is_zero(&ret->id) ? -EBADMSG : 0;
}

int raft_config_decode(const void *p, size_t n, struct raft_config *ret)
{
    struct reader r = reader_of(p, n);
    struct raft_config c = {0};
    uint8_t version, count;
    if (reader_u8(&r, &version) < 0 || reader_u8(&r, &count) < 0)
        return -EBADMSG;
    if (version != CONFIG_VERSION || count > RAFT_SERVERS_MAX)
        return -EBADMSG;
    for (size_t i = 0; i < count; i++) {
        struct raft_server s;
        if (decode_server(&r, &s) < 0 || raft_config_find(&c, &s.id))
            return -EBADMSG;
        c.servers[c.n++] = s;
    }
    if (reader_left(&r))
        return -EBADMSG;
    *ret = c;
    return 0;
}
