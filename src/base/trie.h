// SPDX-License-Identifier: Apache-2.0
/* Persistent ordered maps (path-copying qp-tries): byte-string keys to immutable objects. Many
 * tries share one heap, which counts versions. One writer thread changes tries inside a
 * transaction; commit publishes a root object of the caller's. Any thread may pin the published
 * version and read its tries without a lock until it unpins. A replaced node is freed by the writer
 * once no pinned version lies between its birth and its replacement. */
#pragma once
#include "base/list.h"
#include "base/obj.h"
#include "base/str.h"
#include "base/vec.h"

#define TRIE_KEY_MAX 1024

struct trie_heap;

/* What the tries of one kind have in common. Leaves hold no key: it is asked of the object. */
struct trie_spec {
    /* The object's key; may be built in `scratch` (TRIE_KEY_MAX bytes). Always the same one. */
    struct str (*key)(const struct trie_spec *spec, const struct obj *o, char *scratch);
    /* This trie holds a reference on its objects. A trie that does not must gain and lose them in
     * the same transactions as one that does, with the writer holding a reference meanwhile. */
    bool owns;
};

/* A value: a copy made of a committed trie stays readable while its version is pinned. */
struct trie {
    const struct trie_spec *spec;
    void *root;
    size_t n;
};

/* --- reading: no lock, any thread holding a pin (or the writer, its own uncommitted tries) --- */
struct obj *trie_get(const struct trie *t, struct str key);

#define TRIE_ITER_DEPTH 32
struct trie_iter {
    const struct trie_spec *spec;
    void *root, *pending;
    const struct obj *last;
    unsigned depth;
    bool dropped;
    struct {
        const struct trie_branch *node;
        unsigned next;
    } stack[TRIE_ITER_DEPTH];
};
/* Objects whose key starts with `prefix`, in byte order. Changing the trie ends the iteration. */
void trie_iter_init(struct trie_iter *it, const struct trie *t, struct str prefix);
/* The prefix counted in half bytes, high half first (an odd number of hex digits). */
void trie_iter_init_nibbles(struct trie_iter *it, const struct trie *t, const void *p, size_t n);
/* Moves to the first key >= from. */
void trie_iter_seek(struct trie_iter *it, struct str from);
struct obj *trie_next(struct trie_iter *it); /* NULL at the end */

/* --- versions --- */
/* Embedded in the caller's root object, which holds copies of the tries. The members are the
 * heap's, but for destroy. */
struct trie_version {
    void (*destroy)(struct trie_version *v); /* on the writer: superseded and no longer pinned */
    struct list link;
    uint64_t version;
    unsigned pins;
    VEC(void *) retired; /* nodes that no newer version sees */
};

struct trie_heap *trie_heap_new(void);
/* No transaction open, nothing pinned; tries are freed by trie_clear first. Accepts NULL. */
struct trie_heap *trie_heap_free(struct trie_heap *h);
/* The published version, which must exist. Any thread; one short mutex. */
struct trie_version *trie_pin(struct trie_heap *h);
void trie_pin_again(struct trie_heap *h, struct trie_version *v); /* by who holds a pin on it */
void trie_unpin(struct trie_heap *h, struct trie_version *v);

struct trie_heap_stats {
    uint64_t version, oldest_pin; /* oldest_pin 0: none */
    size_t pinned, retired;       /* versions; nodes and objects waiting for an unpin */
};
/* Writer thread only. */
void trie_heap_stats(struct trie_heap *h, struct trie_heap_stats *ret);

/* --- writing: one thread --- */
/* Opens a transaction and returns the version it will commit as. */
uint64_t trie_begin(struct trie_heap *h);
/* Insert or replace. The object must be fresh or put before in this transaction; a stored one may
 * only replace itself. -ENOMEM (trie unchanged), -ENAMETOOLONG. */
int trie_put(struct trie_heap *h, struct trie *t, struct obj *o);
int trie_del(struct trie_heap *h, struct trie *t, struct str key); /* -ENOENT, -ENOMEM */
/* Publishes v (now the heap's), closes the transaction and frees what no pin can see any more. */
void trie_commit(struct trie_heap *h, struct trie_version *v);
/* Abort is: trie_revert every trie to the copy taken before, then trie_abort. */
void trie_revert(struct trie_heap *h, struct trie *t, struct trie before);
void trie_abort(struct trie_heap *h);
/* Frees up to `budget` nodes of dropped pins; true when more is left. Commit does some of it too.
 */
bool trie_reclaim(struct trie_heap *h, size_t budget);
/* Frees every node at once: for the end, with nothing pinned. */
void trie_clear(struct trie *t);
