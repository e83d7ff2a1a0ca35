// SPDX-License-Identifier: Apache-2.0
/* The nouns of consensus, shared by the step machine, the log on disk and the host: entries, the
 * hard state, the set of servers and the messages between them. Nothing here does I/O. */
#pragma once
#include "base/err.h"
#include "base/uuid.h"

#define RAFT_ENTRY_MAX (4u << 20) /* bytes of one entry's data; larger is refused up front */
#define RAFT_SERVERS_MAX 16

/* On disk and on the wire; values are never reused. */
enum raft_entry_type { RAFT_ENTRY_NOOP = 1, RAFT_ENTRY_COMMAND = 2, RAFT_ENTRY_CONFIG = 3 };

/* Immutable once it has an index; shared by reference between the loop and the log's thread. */
struct raft_entry {
    uint64_t index, term;
    uint32_t refs; /* atomic */
    uint32_t n;
    uint8_t type;
    uint8_t data[];
};
/* One reference, data copied (p may be NULL with n == 0). NULL = out of memory. */
struct raft_entry *raft_entry_new(uint8_t type, const void *p, size_t n);
struct raft_entry *raft_entry_ref(struct raft_entry *e);
struct raft_entry *raft_entry_unref(struct raft_entry *e); /* accepts NULL, returns NULL */

/* What must be on disk before any message that follows from it leaves. */
struct raft_hard {
    uint64_t term;
    struct uuid vote; /* zero = none in this term */
};

struct raft_server {
    struct uuid id;
    bool voter;
    char address[128]; /* "host:port" of the RPC listener; opaque here */
};
struct raft_config {
    size_t n;
    struct raft_server servers[RAFT_SERVERS_MAX];
};
const struct raft_server *raft_config_find(const struct raft_config *c, const struct uuid *id);
size_t raft_config_voters(const struct raft_config *c);
/* The bytes of a RAFT_ENTRY_CONFIG entry and of a snapshot's header. -EBADMSG on anything odd. */
struct buf;
void raft_config_encode(const struct raft_config *c, struct buf *b);
int raft_config_decode(const void *p, size_t n, struct raft_config *ret);

enum raft_msg_type {
    RAFT_MSG_PREVOTE = 1,
    RAFT_MSG_PREVOTE_REPLY,
    RAFT_MSG_VOTE,
    RAFT_MSG_VOTE_REPLY,
    RAFT_MSG_APPEND,
    RAFT_MSG_APPEND_REPLY,
    RAFT_MSG_SNAPSHOT, /* "install my latest snapshot"; the bytes travel beside it */
    RAFT_MSG_SNAPSHOT_REPLY,
    RAFT_MSG_TIMEOUT_NOW, /* leader transfer: stand for election at once */
    RAFT_MSG_MAX,
};
struct raft_msg {
    enum raft_msg_type type;
    struct uuid from, to;
    uint64_t term;  /* the sender's; in a pre-vote the term it would stand in */
    uint64_t index; /* vote: candidate's last; append: previous entry; snapshot: its index;
                       append reply: highest verified and persisted, or the refused previous */
    uint64_t index_term;
    uint64_t commit;          /* append: leader's commit index */
    uint64_t hint, hint_term; /* refused append: where and in which term to try next */
    uint64_t round; /* append: heartbeat round, echoed by its reply (check-quorum, reads) */
    bool reject;
    bool transfer;             /* vote: asked for by the leader, so a live leader is no objection */
    struct raft_config config; /* snapshot only */
    struct raft_entry **entries; /* append only; referenced */
    size_t n_entries;
};
/* Drops the references and the array; leaves *m without entries. */
void raft_msg_clear(struct raft_msg *m);
/* Wire form, versioned; every count is checked against what is left. -EBADMSG, -EPROTO (version).
 */
int raft_msg_encode(const struct raft_msg *m, struct buf *b);
int raft_msg_decode(const void *p, size_t n, struct raft_msg *ret);
