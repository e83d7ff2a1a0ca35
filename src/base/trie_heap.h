// SPDX-License-Identifier: Apache-2.0
/* Private to trie*.c: what a heap holds between and during transactions. */
#pragma once
#include <pthread.h>

#include "base/list.h"
#include "base/trie_node.h"
#include "base/vec.h"

typedef VEC(void *) node_vec;

/* One pinned version. Nodes that this is the newest pin to see wait here; when it goes they pass to
 * the next older pin, if that sees them too (a node lives in one interval of versions). */
struct trie_pin {
    struct list link; /* heap->pins, oldest first */
    uint64_t version;
    unsigned count; /* under heap->lock; 0: the writer may take it apart */
    struct obj *root;
    node_vec retired; /* writer only */
};

struct trie_heap {
    pthread_mutex_t lock; /* guards the list, the counts, version and root */
    struct list pins;
    uint64_t version; /* published */
    struct obj *root;
    /* Writer only. */
    uint64_t txn;     /* version under construction; 0: none */
    node_vec retired; /* by this transaction, born before it */
    size_t waiting;   /* nodes held by pins */
};

/* Gives up one node: at once when this transaction made it, else at commit. Room must be there. */
void heap_retire(struct trie_heap *h, const struct trie *t, void *n);
int heap_reserve(struct trie_heap *h, size_t nodes); /* -ENOMEM */
void node_free(void *n);
