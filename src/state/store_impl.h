// SPDX-License-Identifier: Apache-2.0
/* Private to store*.c. */
#pragma once
#include "base/hash.h"
#include "state/store.h"

/* One index of one table in one version. */
struct snap_ix {
    struct trie objs;
    struct trie keys; /* struct key_entry: the last raft index of a key */
    uint64_t floor;   /* answers for keys without an entry */
    size_t dead;      /* entries whose key has no object */
};

struct snap {
    struct trie_version version;
    struct store *store;
    uint64_t index;
    uint64_t *table_index;
    struct snap_ix ix[];
};

struct key_entry {
    struct obj obj; /* obj.index: last change */
    uint32_t members;
    uint32_t n;
    char key[];
};

/* Fixed facts of an index. */
struct index_def {
    struct trie_spec spec;
    const struct store_table *table;
    store_key_cb key;
    bool primary;
    size_t watches;
};

struct store {
    struct trie_heap *heap;
    const struct store_table *tables;
    unsigned n_tables, n_ix;
    unsigned *first; /* of a table: its primary index in defs and snap.ix */
    struct index_def *defs;
    struct snap *current, *work; /* work: the open transaction's, else NULL */
    uint64_t txn;
    int cause;
    bool failed;
    VEC(struct store_change) changes;
    struct list listeners;
    struct map watches; /* struct watch_set */
    size_t *table_watches;
};

extern const struct trie_spec key_entry_spec;

static inline unsigned ix_of(const struct store *s, unsigned table, unsigned index)
{
    assert(table < s->n_tables && index <= s->tables[table].n_indexes);
    return s->first[table] + index;
}
/* Empty and unpublished; NULL when memory is short. */
struct snap *snap_new(struct store *s);
/* Notes a change under `key` in the open transaction; delta: objects more under it. -ENOMEM. */
int key_touch(struct store *s, unsigned table, unsigned index, struct str key, int delta,
              uint64_t raft_index);
/* The primary key is alive again. -ENOMEM. */
int key_revive(struct store *s, unsigned table, struct str key);
/* Forgets dead keys when there are many. -ENOMEM. */
int keys_sweep(struct store *s);
void watches_fire_all(struct store *s, uint64_t index);
void watches_fire(struct store *s, const struct store_changes *c);
