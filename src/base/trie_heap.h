// SPDX-License-Identifier: Apache-2.0
/* Private to trie*.c: what a heap holds between and during transactions. */
#pragma once
#include <pthread.h>

#include "base/trie_node.h"

struct trie_heap {
    pthread_mutex_t lock;         /* guards versions, their pins, current */
    struct list versions;         /* oldest first; the last is the current one */
    struct trie_version *current; /* published; NULL before the first commit */
    /* Writer only. */
    uint64_t txn;        /* version under construction; 0: none */
    VEC(void *) retired; /* by this transaction, born before it */
    size_t waiting;      /* nodes held by versions */
};

/* Gives up one node: at once when this transaction made it, else at commit. Room must be there. */
void heap_retire(struct trie_heap *h, const struct trie *t, void *n);
int heap_reserve(struct trie_heap *h, size_t nodes); /* -ENOMEM */
void node_free(void *n);
