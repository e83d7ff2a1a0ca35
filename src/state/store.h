// SPDX-License-Identifier: Apache-2.0
/* Tables of immutable objects with secondary indexes, many versions and one writer. The writer (the
 * core loop) opens a transaction, puts and deletes, and commits; commit publishes a version and
 * hands the change set to listeners and watches. Any thread reads a pinned version without locks.
 * What outlives its pin takes a reference on the object. This layer knows nothing of jobs or nodes.
 */
#pragma once
#include "base/trie.h"

enum {
    STORE_KEY_MAX = 480, /* bytes of one index key */
    STORE_PRIMARY = 0,   /* number of the primary index; secondary ones count from 1 */
    STORE_WHOLE = -1,    /* "index" that stands for the table as a whole (watches) */
};
#define STORE_NO_KEY SIZE_MAX /* the object is not in this index */

/* Writes at most STORE_KEY_MAX bytes and returns their number; more than that: key too long. No key
 * may be a prefix of another in the same index: end texts with NUL (key_text does). */
typedef size_t (*store_key_cb)(const struct obj *o, char *out);

struct store_index {
    const char *name;
    store_key_cb key;
};
struct store_table {
    const char *name;
    store_key_cb key; /* primary: unique, always there */
    const struct store_index *indexes;
    unsigned n_indexes;
};

/* Building blocks for keys: return the new length, saturating beyond STORE_KEY_MAX. */
size_t key_text(char *out, size_t n, const char *z); /* with its NUL */
size_t key_bytes(char *out, size_t n, const void *p, size_t len);
size_t key_be64(char *out, size_t n, uint64_t v);

struct store;
struct snap; /* one version */

/* The descriptors must outlive the store. NULL when memory is short. */
struct store *store_new(const struct store_table *tables, unsigned n_tables);
/* Nothing pinned, no transaction, no watch left. Accepts NULL. */
struct store *store_free(struct store *s);

/* --- reading a version --- */
struct snap *store_pin(struct store *s); /* any thread */
void store_pin_again(struct snap *v);
void store_unpin(struct snap *v); /* any thread; NULL allowed */
uint64_t snap_index(const struct snap *v);
size_t snap_count(const struct snap *v, unsigned table);
struct obj *snap_get(const struct snap *v, unsigned table, struct str key);
/* In key order; trie_next() yields the objects. `prefix` may end inside a primary key. */
void snap_iter(struct trie_iter *it, const struct snap *v, unsigned table, struct str prefix);
/* The prefix of a primary key in half bytes. */
void snap_iter_nibbles(struct trie_iter *it, const struct snap *v, unsigned table, const void *p,
                       size_t nibbles);
void snap_iter_index(struct trie_iter *it, const struct snap *v, unsigned table, unsigned index,
                     struct str key);
/* Last raft index that changed the table; that changed the set or an object under the key,
 * deletions included (for keys nobody used for long, possibly a later one). */
uint64_t snap_table_index(const struct snap *v, unsigned table);
uint64_t snap_key_index(const struct snap *v, unsigned table, unsigned index, struct str key);

/* --- writing: one thread --- */
void store_begin(struct store *s, uint64_t raft_index, int cause); /* aborts when out of memory */
/* The transaction's own uncommitted view. */
const struct snap *store_txn(const struct store *s);
/* Insert or replace by primary key; takes over the caller's reference, on failure too. Sets
 * o->index to the raft index. After -ENOMEM only store_abort is left; -ENAMETOOLONG changed
 * nothing. */
int store_put(struct store *s, unsigned table, struct obj *o);
int store_del(struct store *s, unsigned table, struct str key); /* -ENOENT, -ENOMEM */
/* Put in the open transaction, so nobody else has seen it: what is no part of a key may be changed
 * in place. */
bool store_is_fresh(const struct store *s, const struct obj *o);
void store_commit(struct store *s);
void store_abort(struct store *s);
/* Frees a slice of what unpinned versions held; true when there is more. */
bool store_reclaim(struct store *s);
void store_stats(struct store *s, struct trie_heap_stats *ret);

/* --- what a commit changed: at most one entry an object, in order of first change --- */
struct store_change {
    unsigned table;
    struct obj *old, *now; /* NULL: created, deleted. Both NULL: came and went, skip */
};
struct store_changes {
    uint64_t index;
    int cause;
    const struct snap *snap; /* the version just published; valid during the call */
    const struct store_change *items;
    size_t n;
};
struct store_listener {
    struct list link;
    void (*cb)(struct store_listener *l, const struct store_changes *c);
};
/* Called within store_commit after publishing, in order of registration. */
void store_listen(struct store *s, struct store_listener *l);
void store_unlisten(struct store_listener *l);

/* --- waiting for a change; on the writer's thread --- */
struct store_watch {
    struct list link; /* zeroed, or as the store left it */
    struct watch_set *set;
    uint64_t min_index;
    void (*cb)(struct store_watch *w, uint64_t index); /* once; the watch is free again */
};
/* Waits until the key's index (or with STORE_WHOLE the table's) exceeds min_index. 1: it does
 * already, nothing registered; 0: registered; -ENOMEM. */
int store_watch_add(struct store *s, struct store_watch *w, unsigned table, int index,
                    struct str key, uint64_t min_index);
void store_watch_cancel(struct store_watch *w); /* idempotent; from callbacks too */

/* `fresh` takes the place of `old`: the listeners move and hear an empty change set with this
 * cause, every watch on `old` fires. */
void store_succeed(struct store *old, struct store *fresh, int cause);

/* --- snapshots: putting back what was read --- */
/* Like store_put, but keeps o->index and the table's index. */
int store_load(struct store *s, unsigned table, struct obj *o);
void store_load_table_index(struct store *s, unsigned table, uint64_t raft_index);
/* A key's own index, and the index of keys forgotten. */
int store_load_key_index(struct store *s, unsigned table, unsigned index, struct str key,
                         uint64_t raft_index);
void store_load_floor(struct store *s, unsigned table, unsigned index, uint64_t floor);
uint64_t snap_floor(const struct snap *v, unsigned table, unsigned index);
/* Every key with an index of its own; false at the end. */
struct key_iter {
    struct trie_iter it;
};
void snap_iter_keys(struct key_iter *it, const struct snap *v, unsigned table, unsigned index);
bool key_iter_next(struct key_iter *it, struct str *ret_key, uint64_t *ret_raft_index);
