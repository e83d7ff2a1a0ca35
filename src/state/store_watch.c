// SPDX-License-Identifier: Apache-2.0
/* Wait lists per (table, index, key), looked up for what a commit changed and nothing else. */
#include <errno.h>

#include "state/store_impl.h"

struct watch_set {
    struct store *store;
    struct list watches;
    unsigned table;
    int index;
    size_t n;
    char key[]; /* table, index + 1, key */
};

enum { HEAD = 2 };

static struct str set_key(char *b, unsigned table, int index, struct str key)
{
    b[0] = (char)table;
    b[1] = (char)(index + 1);
    if (key.n)
        memcpy(b + HEAD, key.p, key.n);
    return str_n(b, HEAD + key.n);
}

static size_t *counter(struct store *s, unsigned table, int index)
{
    return index == STORE_WHOLE ? &s->table_watches[table]
                                : &s->defs[ix_of(s, table, (unsigned)index)].watches;
}

static struct watch_set *set_get(struct store *s, unsigned table, int index, struct str key)
{
    char b[HEAD + STORE_KEY_MAX];
    struct str name = set_key(b, table, index, key);
    struct watch_set *set = map_get(&s->watches, name);
    if (set)
        return set;
    set = calloc(1, sizeof(*set) + name.n);
    if (!set)
        return NULL;
    set->store = s;
    list_init(&set->watches);
    set->table = table;
    set->index = index;
    set->n = name.n;
    memcpy(set->key, name.p, name.n);
    if (map_put(&s->watches, str_n(set->key, set->n), set, NULL) < 0) {
        free(set);
        return NULL;
    }
    return set;
}

static void set_drop_if_empty(struct watch_set *set)
{
    if (!list_empty(&set->watches))
        return;
    map_del(&set->store->watches, str_n(set->key, set->n));
    free(set);
}

int store_watch_add(struct store *s, struct store_watch *w, unsigned table, int index,
                    struct str key, uint64_t min_index)
{
    assert(!w->set && key.n <= STORE_KEY_MAX);
    const struct snap *v = s->current;
    uint64_t now = index == STORE_WHOLE ? snap_table_index(v, table)
                                        : snap_key_index(v, table, (unsigned)index, key);
    if (now > min_index)
        return 1;
    struct watch_set *set = set_get(s, table, index, key);
    if (!set)
        return -ENOMEM;
    w->set = set;
    w->min_index = min_index;
    list_add_tail(&set->watches, &w->link);
    ++*counter(s, table, index);
    return 0;
}

void store_watch_cancel(struct store_watch *w)
{
    struct watch_set *set = w->set;
    w->set = NULL;
    if (set)
        --*counter(set->store, set->table, set->index);
    if (w->link.next)
        list_del(&w->link);
    if (set)
        set_drop_if_empty(set);
}

/* Moves the watches that `index` passes to `due`. */
static void collect(struct store *s, unsigned table, int ix, struct str key, uint64_t index,
                    struct list *due)
{
    char b[HEAD + STORE_KEY_MAX];
    struct watch_set *set = map_get(&s->watches, set_key(b, table, ix, key));
    if (!set)
        return;
    list_for_each_safe (it, &set->watches) {
        struct store_watch *w = list_item(it, struct store_watch, link);
        if (index <= w->min_index)
            continue;
        list_del(&w->link);
        list_add_tail(due, &w->link);
        w->set = NULL;
        --*counter(s, table, ix);
    }
    set_drop_if_empty(set);
}

static void collect_object(struct store *s, unsigned table, const struct obj *o, uint64_t index,
                           struct list *due)
{
    char key[STORE_KEY_MAX];
    for (unsigned i = 0; o && i <= s->tables[table].n_indexes; i++) {
        const struct index_def *d = &s->defs[ix_of(s, table, i)];
        size_t n = d->watches ? d->key(o, key) : STORE_NO_KEY;
        if (n != STORE_NO_KEY)
            collect(s, table, (int)i, str_n(key, n), index, due);
    }
}

static void fire_due(struct list *due, uint64_t index)
{
    while (!list_empty(due)) {
        struct store_watch *w = list_item(due->next, struct store_watch, link);
        list_del(&w->link);
        w->cb(w, index);
    }
}

void watches_fire_all(struct store *s, uint64_t index)
{
    struct list due;
    struct map_slot *slot;
    list_init(&due);
    for (size_t i = 0; (slot = map_next(&s->watches, &i));) {
        struct watch_set *set = slot->value;
        list_for_each_safe (it, &set->watches) {
            list_del(it);
            list_add_tail(&due, it);
            list_item(it, struct store_watch, link)->set = NULL;
        }
        free(set);
    }
    map_free(&s->watches);
    fire_due(&due, index);
}

void watches_fire(struct store *s, const struct store_changes *c)
{
    struct list due;
    list_init(&due);
    for (size_t i = 0; i < c->n && s->watches.n; i++) {
        unsigned table = c->items[i].table;
        if (s->table_watches[table])
            collect(s, table, STORE_WHOLE, str_n(NULL, 0), c->index, &due);
        collect_object(s, table, c->items[i].old, c->index, &due);
        collect_object(s, table, c->items[i].now, c->index, &due);
    }
    fire_due(&due, c->index);
}
