// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/trie.h"

static atomic_int live;

struct item {
    struct obj obj;
    unsigned value;
    size_t n;
    char key[];
};

static void item_destroy(struct obj *o)
{
    free(container_of(o, struct item, obj));
    live--;
}

static const struct obj_type item_type = {"item", item_destroy};

static struct obj *item_new(struct str key, unsigned value)
{
    struct item *it = malloc(sizeof(*it) + key.n);
    obj_init(&it->obj, &item_type);
    it->value = value;
    it->n = key.n;
    memcpy(it->key, key.p, key.n);
    live++;
    return &it->obj;
}

static struct str item_key(const struct trie_spec *spec, const struct obj *o, char *scratch)
{
    const struct item *it = container_of(o, struct item, obj);
    return str_n(it->key, it->n);
}

/* Ordered by the value's decimal text: a second index whose keys are built, not stored. */
static struct str value_key(const struct trie_spec *spec, const struct obj *o, char *scratch)
{
    const struct item *it = container_of(o, struct item, obj);
    int n = snprintf(scratch, TRIE_KEY_MAX, "%u/", it->value);
    memcpy(scratch + n, it->key, it->n);
    return str_n(scratch, (size_t)n + it->n);
}

static const struct trie_spec by_key = {item_key, true}, by_value = {value_key, false};

/* --- a sorted array says what the trie must hold --- */
#define MODEL_MAX 600
struct model {
    size_t n;
    struct pair {
        char key[80];
        size_t len;
        unsigned value;
    } items[MODEL_MAX];
};

static size_t model_find(const struct model *m, struct str key, bool *ret_hit)
{
    size_t i = 0;
    int c = -1;
    while (i < m->n && (c = str_cmp(str_n(m->items[i].key, m->items[i].len), key)) < 0)
        i++;
    *ret_hit = i < m->n && c == 0;
    return i;
}

static void model_put(struct model *m, struct str key, unsigned value)
{
    bool hit;
    size_t i = model_find(m, key, &hit);
    if (!hit) {
        assert_true(m->n < MODEL_MAX);
        memmove(&m->items[i + 1], &m->items[i], (m->n++ - i) * sizeof(m->items[0]));
        memcpy(m->items[i].key, key.p, key.n);
        m->items[i].len = key.n;
    }
    m->items[i].value = value;
}

static bool model_del(struct model *m, struct str key)
{
    bool hit;
    size_t i = model_find(m, key, &hit);
    if (hit)
        memmove(&m->items[i], &m->items[i + 1], (--m->n - i) * sizeof(m->items[0]));
    return hit;
}

static void check_from(const struct trie *t, const struct model *m, struct str prefix,
                       const struct str *from)
{
    struct trie_iter it;
    trie_iter_init(&it, t, prefix);
    if (from)
        trie_iter_seek(&it, *from);
    for (size_t i = 0; i < m->n; i++) {
        struct str key = str_n(m->items[i].key, m->items[i].len);
        if (key.n < prefix.n || memcmp(key.p, prefix.p, prefix.n) != 0 ||
            (from && str_cmp(key, *from) < 0))
            continue;
        struct obj *o = trie_next(&it);
        assert_non_null(o);
        const struct item *got = container_of(o, struct item, obj);
        assert_true(str_eq(str_n(got->key, got->n), key));
        assert_int_equal(got->value, m->items[i].value);
    }
    assert_null(trie_next(&it));
}

static void check(const struct trie *t, const struct model *m)
{
    assert_int_equal(t->n, m->n);
    check_from(t, m, str_of(""), NULL);
}

/* xorshift: a failure is replayed from its seed. */
static uint64_t rnd(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    return *s ^= *s << 17;
}

/* Short keys over few letters, many prefixes of each other, and now and then a deep chain. */
static struct str random_key(uint64_t *s, char *buf)
{
    static const char letters[] = {'a', 'b', 'q', '\0', '\x0f', (char)0xf0};
    size_t n = rnd(s) % 5;
    if (rnd(s) % 4 == 0) {
        n = rnd(s) % 75;
        memset(buf, 'a', n);
        return str_n(buf, n);
    }
    for (size_t i = 0; i < n; i++)
        buf[i] = letters[rnd(s) % sizeof(letters)];
    return str_n(buf, n);
}

struct root {
    struct trie_version version;
    struct trie keys;
};

static void root_destroy(struct trie_version *v)
{
    free(container_of(v, struct root, version));
}

struct fix {
    struct trie_heap *heap;
    struct trie keys, values;
};

static void fix_put(struct fix *f, struct str key, unsigned value)
{
    struct obj *o = item_new(key, value), *old = obj_ref(trie_get(&f->keys, key));
    char scratch[TRIE_KEY_MAX];
    if (old)
        assert_int_equal(trie_del(f->heap, &f->values, value_key(NULL, old, scratch)), 0);
    assert_int_equal(trie_put(f->heap, &f->keys, o), 0);
    assert_int_equal(trie_put(f->heap, &f->values, o), 0);
    obj_unref(old);
    obj_unref(o);
}

static int fix_del(struct fix *f, struct str key)
{
    struct obj *old = obj_ref(trie_get(&f->keys, key));
    char scratch[TRIE_KEY_MAX];
    if (old)
        assert_int_equal(trie_del(f->heap, &f->values, value_key(NULL, old, scratch)), 0);
    int r = trie_del(f->heap, &f->keys, key);
    obj_unref(old);
    return r;
}

static void fix_commit(struct fix *f)
{
    struct root *r = malloc(sizeof(*r));
    r->version.destroy = root_destroy;
    r->keys = f->keys;
    trie_commit(f->heap, &r->version);
}

static struct fix fix_new(void)
{
    return (struct fix){trie_heap_new(), {.spec = &by_key}, {.spec = &by_value}};
}

static void fix_end(struct fix *f)
{
    trie_clear(&f->values);
    trie_clear(&f->keys);
    f->heap = trie_heap_free(f->heap);
    assert_int_equal(live, 0);
}

#define PINS 6
struct held {
    struct trie_version *pin;
    struct model model;
};

static void drop(struct fix *f, struct held *h)
{
    if (!h->pin)
        return;
    check(&container_of(h->pin, struct root, version)->keys, &h->model);
    trie_unpin(f->heap, h->pin);
    h->pin = NULL;
}

static void hold(struct fix *f, struct held *h, const struct model *m)
{
    drop(f, h);
    h->pin = trie_pin(f->heap);
    h->model = *m;
}

static void random_ops(struct fix *f, struct model *m, uint64_t *seed, unsigned n)
{
    char buf[80];
    for (unsigned i = 0; i < n; i++) {
        struct str key = random_key(seed, buf);
        if (rnd(seed) % 3) {
            unsigned v = (unsigned)rnd(seed) % 1000;
            fix_put(f, key, v);
            model_put(m, key, v);
        } else {
            assert_int_equal(fix_del(f, key), model_del(m, key) ? 0 : -ENOENT);
        }
    }
}

static void random_operations_agree_with_a_sorted_array(void **state)
{
    for (uint64_t run = 1; run <= 6; run++) {
        uint64_t seed = run * 7919;
        struct fix f = fix_new();
        struct model m = {0}, before;
        struct held held[PINS] = {0};
        for (unsigned t = 0; t < 150; t++) {
            struct fix saved = f;
            before = m;
            trie_begin(f.heap);
            random_ops(&f, &m, &seed, (unsigned)rnd(&seed) % 30);
            if (rnd(&seed) % 4 == 0) {
                trie_revert(f.heap, &f.values, saved.values);
                trie_revert(f.heap, &f.keys, saved.keys);
                trie_abort(f.heap);
                m = before;
            } else {
                fix_commit(&f);
            }
            check(&f.keys, &m);
            assert_int_equal(f.values.n, m.n);
            if (rnd(&seed) % 3 == 0)
                hold(&f, &held[rnd(&seed) % PINS], &m);
            if (rnd(&seed) % 5 == 0)
                drop(&f, &held[rnd(&seed) % PINS]);
            char a[80], b[80];
            struct str prefix = random_key(&seed, a), from = random_key(&seed, b);
            check_from(&f.keys, &m, prefix, NULL);
            check_from(&f.keys, &m, str_of(""), &from);
            check_from(&f.keys, &m, prefix, &from);
            bool hit;
            model_find(&m, from, &hit);
            assert_int_equal(trie_get(&f.keys, from) != NULL, hit);
        }
        for (unsigned i = 0; i < PINS; i++)
            drop(&f, &held[i]);
        fix_end(&f);
    }
}

static void an_iteration_deeper_than_its_stack_misses_nothing(void **state)
{
    struct fix f = fix_new();
    static struct model m;
    m.n = 0;
    char deep[75];
    memset(deep, 'a', sizeof(deep));
    trie_begin(f.heap);
    for (unsigned n = 0; n < sizeof(deep); n++) {
        fix_put(&f, str_n(deep, n), n);
        model_put(&m, str_n(deep, n), n);
        deep[n] = 'b';
        fix_put(&f, str_n(deep, n + 1), n);
        model_put(&m, str_n(deep, n + 1), n);
        deep[n] = 'a';
    }
    fix_commit(&f);
    check(&f.keys, &m);
    for (unsigned n = 0; n < sizeof(deep); n++) {
        struct str from = str_n(deep, n);
        check_from(&f.keys, &m, str_of("aaa"), &from);
    }
    fix_end(&f);
}

static void a_prefix_may_end_in_the_middle_of_a_byte(void **state)
{
    struct fix f = fix_new();
    static const char *const keys[] = {"\x12\x34", "\x12\x3f", "\x12\x45", "\x13", "\x12"};
    trie_begin(f.heap);
    for (unsigned i = 0; i < ARRAY_LEN(keys); i++)
        fix_put(&f, str_of(keys[i]), i);
    fix_commit(&f);
    static const struct {
        const char *p;
        size_t nibbles, hits;
    } table[] = {{"\x12\x30", 3, 2}, {"\x12", 2, 4},     {"\x10", 1, 5}, {"", 0, 5},
                 {"\x12\x34", 4, 1}, {"\x12\x30", 4, 0}, {"\x20", 1, 0}, {"\x12\x34\x50", 5, 0}};
    for (unsigned i = 0; i < ARRAY_LEN(table); i++) {
        struct trie_iter it;
        size_t hits = 0;
        trie_iter_init_nibbles(&it, &f.keys, table[i].p, table[i].nibbles);
        while (trie_next(&it))
            hits++;
        assert_int_equal(hits, table[i].hits);
    }
    fix_end(&f);
}

static void replaced_objects_live_exactly_as_long_as_a_pin_sees_them(void **state)
{
    struct fix f = fix_new();
    struct trie_heap_stats stats;
    struct trie_version *pins[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        trie_begin(f.heap);
        fix_put(&f, str_of("k"), i);
        fix_commit(&f);
        assert_int_equal(live, i + 1);
        pins[i] = trie_pin(f.heap);
    }
    /* Nobody pinned these in between. */
    for (unsigned i = 0; i < 10; i++) {
        trie_begin(f.heap);
        fix_put(&f, str_of("k"), 100 + i);
        fix_commit(&f);
    }
    assert_int_equal(live, 4);
    trie_heap_stats(f.heap, &stats);
    assert_int_equal(stats.pinned, 3);
    assert_int_equal(stats.oldest_pin, 1);
    assert_int_equal(stats.retired, 3);
    trie_pin_again(f.heap, pins[1]);
    trie_unpin(f.heap, pins[1]);
    assert_false(trie_reclaim(f.heap, 100));
    assert_int_equal(live, 4);
    trie_unpin(f.heap, pins[1]);
    assert_false(trie_reclaim(f.heap, 100));
    assert_int_equal(live, 3);
    trie_unpin(f.heap, pins[2]);
    trie_unpin(f.heap, pins[0]);
    assert_true(trie_reclaim(f.heap, 1));
    assert_false(trie_reclaim(f.heap, 1));
    assert_int_equal(live, 1);
    fix_end(&f);
}

/* --- readers in other threads --- */
#define KEYS 200
struct shared {
    struct trie_heap *heap;
    atomic_bool stop;
    atomic_uint rounds;
};

/* Every version has the same value under all keys, so a torn view shows. */
static void *reader(void *arg)
{
    struct shared *s = arg;
    while (!s->stop) {
        struct trie_version *p = trie_pin(s->heap);
        const struct root *r = container_of(p, struct root, version);
        struct trie_iter it;
        unsigned n = 0, value = 0;
        trie_iter_init(&it, &r->keys, str_of(""));
        for (struct obj *o; (o = trie_next(&it)); n++) {
            unsigned v = container_of(o, struct item, obj)->value;
            if (n && v != value)
                abort();
            value = v;
        }
        if (n != KEYS)
            abort();
        trie_unpin(s->heap, p);
        s->rounds++;
    }
    return NULL;
}

static void write_version(struct fix *f, unsigned value)
{
    trie_begin(f->heap);
    for (unsigned i = 0; i < KEYS; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%u", i * 7919);
        struct obj *o = item_new(str_of(key), value);
        assert_int_equal(trie_put(f->heap, &f->keys, o), 0);
        obj_unref(o);
    }
    fix_commit(f);
}

static void readers_in_other_threads_see_whole_versions(void **state)
{
    struct fix f = fix_new();
    write_version(&f, 0);
    struct shared s = {.heap = f.heap};
    pthread_t threads[2];
    for (unsigned i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &s), 0);
    for (unsigned v = 1; v < 200 || s.rounds < 20; v++)
        write_version(&f, v);
    s.stop = true;
    for (unsigned i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    fix_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_a_sorted_array),
        cmocka_unit_test(an_iteration_deeper_than_its_stack_misses_nothing),
        cmocka_unit_test(a_prefix_may_end_in_the_middle_of_a_byte),
        cmocka_unit_test(replaced_objects_live_exactly_as_long_as_a_pin_sees_them),
        cmocka_unit_test(readers_in_other_threads_see_whole_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
