// SPDX-License-Identifier: Apache-2.0
/* The measurements of a random 16-byte-key trie: build, update, get, iterate, pins, memory.
 * Usage: bench-trie [keys]. Compare ratios within one run, never numbers across machines. */
#include <malloc.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/trie.h"
#include "base/uuid.h"

struct item {
    struct obj obj;
    struct uuid key;
};

static void item_destroy(struct obj *o)
{
    free(container_of(o, struct item, obj));
}

static const struct obj_type item_type = {"item", item_destroy};

static struct str item_key(const struct trie_spec *spec, const struct obj *o, char *scratch)
{
    return str_n((const char *)container_of(o, struct item, obj)->key.b, 16);
}

static const struct trie_spec spec = {item_key, true};

static struct obj *item_new(const struct uuid *key)
{
    struct item *it = malloc(sizeof(*it));
    obj_init(&it->obj, &item_type);
    it->key = *key;
    return &it->obj;
}

static void version_destroy(struct trie_version *v)
{
    free(v);
}

static void commit(struct trie_heap *h)
{
    struct trie_version *v = malloc(sizeof(*v));
    v->destroy = version_destroy;
    trie_commit(h, v);
}

static nsec_t started;
static void start(void)
{
    started = now_mono();
}
static void report(const char *what, size_t n)
{
    double ns = (double)(now_mono() - started);
    printf("%-34s %9.1f ns each %9.0f k/s\n", what, ns / (double)n, (double)n * 1e6 / ns);
}

static void put_all(struct trie_heap *h, struct trie *t, const struct uuid *keys, size_t n,
                    size_t step, size_t per_txn)
{
    for (size_t i = 0; i < n;) {
        trie_begin(h);
        for (size_t k = 0; k < per_txn && i < n; k++, i++) {
            struct obj *o = item_new(&keys[i * step % n]);
            if (trie_put(h, t, o) < 0)
                abort();
            obj_unref(o);
        }
        commit(h);
    }
}

static void bench_updates(struct trie_heap *h, struct trie *t, const struct uuid *keys, size_t n)
{
    static const size_t per_txn[] = {1, 10, 1000};
    for (unsigned i = 0; i < ARRAY_LEN(per_txn); i++) {
        char what[64];
        snprintf(what, sizeof(what), "update, %zu a transaction", per_txn[i]);
        start();
        put_all(h, t, keys, n, 7919, per_txn[i]);
        report(what, n);
    }
}

static void bench_pinned(struct trie_heap *h, struct trie *t, const struct uuid *keys, size_t n)
{
    struct trie_version *p = trie_pin(h);
    size_t before = mallinfo2().uordblks, some = MIN(n, (size_t)100000);
    start();
    put_all(h, t, keys, some, 1, 1);
    report("update, 1 a transaction, pinned", some);
    printf("%-34s %9.1f B each\n", "  kept for the pin",
           (double)(mallinfo2().uordblks - before) / (double)some);
    trie_unpin(h, p);
    start();
    trie_reclaim(h, SIZE_MAX);
    report("  dropping it", some);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, sum = 0;
    struct uuid *keys = malloc(n * sizeof(*keys));
    uint64_t seed[2] = {1, 2};
    for (size_t i = 0; i < n; i++)
        uuid_from_seed(seed, &keys[i]);
    struct trie_heap *h = trie_heap_new();
    struct trie t = {.spec = &spec};
    size_t before = mallinfo2().uordblks;
    start();
    put_all(h, &t, keys, n, 1, 1000);
    report("build, 1000 a transaction", n);
    printf("%-34s %9.1f B per key (objects of %zu B apart)\n", "  index memory",
           (double)(mallinfo2().uordblks - before) / (double)n - (sizeof(struct item) + 8.0),
           sizeof(struct item));
    bench_updates(h, &t, keys, n);
    start();
    for (size_t i = 0; i < n; i++)
        sum += trie_get(&t, str_n((const char *)keys[i * 7919 % n].b, 16)) != NULL;
    report("random get", n);
    struct trie_iter it;
    start();
    trie_iter_init(&it, &t, str_of(""));
    while (trie_next(&it))
        sum++;
    report("ordered iteration", n);
    start();
    for (size_t i = 0; i < n; i++)
        trie_unpin(h, trie_pin(h));
    report("pin and unpin", n);
    bench_pinned(h, &t, keys, n);
    trie_clear(&t);
    trie_heap_free(h);
    free(keys);
    return sum == 2 * n ? 0 : 1;
}
