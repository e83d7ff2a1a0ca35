// SPDX-License-Identifier: Apache-2.0
#include <endian.h>
#include <errno.h>

#include "state/store_impl.h"

size_t key_bytes(char *out, size_t n, const void *p, size_t len)
{
    if (n > STORE_KEY_MAX || len > STORE_KEY_MAX - n)
        return STORE_KEY_MAX + 1;
    if (len)
        memcpy(out + n, p, len);
    return n + len;
}

size_t key_text(char *out, size_t n, const char *z)
{
    return key_bytes(out, n, nonull(z), strlen(nonull(z)) + 1);
}

size_t key_be64(char *out, size_t n, uint64_t v)
{
    uint64_t be = htobe64(v);
    return key_bytes(out, n, &be, sizeof(be));
}

static struct str primary_key(const struct trie_spec *spec, const struct obj *o, char *scratch)
{
    const struct index_def *d = container_of(spec, struct index_def, spec);
    return str_n(scratch, d->key(o, scratch));
}

/* Index key, then primary key: many objects may share the former. */
static struct str secondary_key(const struct trie_spec *spec, const struct obj *o, char *scratch)
{
    const struct index_def *d = container_of(spec, struct index_def, spec);
    size_t n = d->key(o, scratch);
    return str_n(scratch, n + d->table->key(o, scratch + n));
}

static void snap_destroy(struct trie_version *v)
{
    free(container_of(v, struct snap, version));
}

struct snap *snap_new(struct store *s)
{
    size_t ix_size = s->n_ix * sizeof(struct snap_ix);
    struct snap *v = calloc(1, sizeof(*v) + ix_size + s->n_tables * sizeof(uint64_t));
    if (!v)
        return NULL;
    v->version.destroy = snap_destroy;
    v->store = s;
    v->table_index = (uint64_t *)((char *)v->ix + ix_size);
    return v;
}

static void define_table(struct store *s, unsigned t, unsigned at)
{
    const struct store_table *table = &s->tables[t];
    s->first[t] = at;
    s->defs[at] = (struct index_def){{primary_key, true}, table, table->key, true, 0};
    for (unsigned i = 0; i < table->n_indexes; i++)
        s->defs[at + 1 + i] =
            (struct index_def){{secondary_key, false}, table, table->indexes[i].key, false, 0};
}

static int store_init(struct store *s)
{
    for (unsigned t = 0; t < s->n_tables; t++)
        s->n_ix += 1 + s->tables[t].n_indexes;
    s->heap = trie_heap_new();
    s->first = calloc(s->n_tables, sizeof(*s->first));
    s->table_watches = calloc(s->n_tables, sizeof(*s->table_watches));
    s->defs = calloc(s->n_ix, sizeof(*s->defs));
    struct snap *v = snap_new(s);
    if (!s->heap || !s->first || !s->table_watches || !s->defs || !v) {
        free(v);
        return -ENOMEM;
    }
    for (unsigned t = 0, at = 0; t < s->n_tables; at += 1 + s->tables[t++].n_indexes)
        define_table(s, t, at);
    for (unsigned i = 0; i < s->n_ix; i++) {
        v->ix[i].objs.spec = &s->defs[i].spec;
        v->ix[i].keys.spec = &key_entry_spec;
    }
    trie_begin(s->heap);
    trie_commit(s->heap, &v->version);
    s->current = v;
    return 0;
}

struct store *store_new(const struct store_table *tables, unsigned n_tables)
{
    struct store *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->tables = tables;
    s->n_tables = n_tables;
    list_init(&s->listeners);
    return store_init(s) < 0 ? store_free(s) : s;
}

struct store *store_free(struct store *s)
{
    if (!s)
        return NULL;
    assert(!s->work && s->watches.n == 0);
    if (s->current)
        for (unsigned i = s->n_ix; i-- > 0;) {
            trie_clear(&s->current->ix[i].objs);
            trie_clear(&s->current->ix[i].keys);
        }
    trie_heap_free(s->heap);
    map_free(&s->watches);
    vec_free(&s->changes);
    free(s->table_watches);
    free(s->first);
    free(s->defs);
    free(s);
    return NULL;
}

struct snap *store_pin(struct store *s)
{
    return container_of(trie_pin(s->heap), struct snap, version);
}

void store_pin_again(struct snap *v)
{
    trie_pin_again(v->store->heap, &v->version);
}

void store_unpin(struct snap *v)
{
    if (v)
        trie_unpin(v->store->heap, &v->version);
}

uint64_t snap_index(const struct snap *v)
{
    return v->index;
}

size_t snap_count(const struct snap *v, unsigned table)
{
    return v->ix[ix_of(v->store, table, STORE_PRIMARY)].objs.n;
}

struct obj *snap_get(const struct snap *v, unsigned table, struct str key)
{
    return trie_get(&v->ix[ix_of(v->store, table, STORE_PRIMARY)].objs, key);
}

void snap_iter(struct trie_iter *it, const struct snap *v, unsigned table, struct str prefix)
{
    snap_iter_index(it, v, table, STORE_PRIMARY, prefix);
}

void snap_iter_nibbles(struct trie_iter *it, const struct snap *v, unsigned table, const void *p,
                       size_t nibbles)
{
    trie_iter_init_nibbles(it, &v->ix[ix_of(v->store, table, STORE_PRIMARY)].objs, p, nibbles);
}

void snap_iter_index(struct trie_iter *it, const struct snap *v, unsigned table, unsigned index,
                     struct str key)
{
    trie_iter_init(it, &v->ix[ix_of(v->store, table, index)].objs, key);
}

uint64_t snap_table_index(const struct snap *v, unsigned table)
{
    assert(table < v->store->n_tables);
    return v->table_index[table];
}

bool store_reclaim(struct store *s)
{
    return trie_reclaim(s->heap, 4096);
}

void store_stats(struct store *s, struct trie_heap_stats *ret)
{
    trie_heap_stats(s->heap, ret);
}

void store_listen(struct store *s, struct store_listener *l)
{
    list_add_tail(&s->listeners, &l->link);
}

void store_unlisten(struct store_listener *l)
{
    list_del(&l->link);
}
