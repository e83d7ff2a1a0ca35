// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <stdio.h>

#include "state/store.h"

/* A pet has an id, belongs to a town or none, and weighs something. */
struct pet {
    struct obj obj;
    char id[16], town[16];
    int weight;
};

enum { PETS, STRAYS, TABLES };
enum { BY_TOWN = 1, BY_WEIGHT };

static int live;

static void pet_destroy(struct obj *o)
{
    free(container_of(o, struct pet, obj));
    live--;
}
static const struct obj_type pet_type = {"pet", pet_destroy};

static struct pet *pet_of(const struct obj *o)
{
    return o ? container_of(o, struct pet, obj) : NULL;
}
static size_t pet_id(const struct obj *o, char *out)
{
    return key_text(out, 0, pet_of(o)->id);
}
static size_t pet_town(const struct obj *o, char *out)
{
    return pet_of(o)->town[0] ? key_text(out, 0, pet_of(o)->town) : STORE_NO_KEY;
}
static size_t pet_weight(const struct obj *o, char *out)
{
    return key_be64(out, 0, (uint64_t)pet_of(o)->weight);
}

static const struct store_index pet_indexes[] = {{"town", pet_town}, {"weight", pet_weight}};
static const struct store_table tables[TABLES] = {
    {"pets", pet_id, pet_indexes, 2},
    {"strays", pet_id, NULL, 0},
};

static struct obj *pet_new(const char *id, const char *town, int weight)
{
    struct pet *p = calloc(1, sizeof(*p));
    obj_init(&p->obj, &pet_type);
    snprintf(p->id, sizeof(p->id), "%s", id);
    snprintf(p->town, sizeof(p->town), "%s", town);
    p->weight = weight;
    live++;
    return &p->obj;
}

static struct str key_of(const char *z)
{
    return str_n(z, strlen(z) + 1);
}

static void put(struct store *s, const char *id, const char *town, int weight)
{
    assert_int_equal(store_put(s, PETS, pet_new(id, town, weight)), 0);
}
static void put_at(struct store *s, uint64_t index, const char *id, const char *town, int weight)
{
    store_begin(s, index, 0);
    put(s, id, town, weight);
    store_commit(s);
}
static void del_at(struct store *s, uint64_t index, const char *id)
{
    store_begin(s, index, 0);
    assert_int_equal(store_del(s, PETS, key_of(id)), 0);
    store_commit(s);
}
static uint64_t town_index(struct store *s, const char *town)
{
    struct snap *v = store_pin(s);
    uint64_t r = snap_key_index(v, PETS, BY_TOWN, key_of(town));
    store_unpin(v);
    return r;
}
static uint64_t id_index(struct store *s, const char *id)
{
    struct snap *v = store_pin(s);
    uint64_t r = snap_key_index(v, PETS, STORE_PRIMARY, key_of(id));
    store_unpin(v);
    return r;
}

static struct store *setup(void)
{
    struct store *s = store_new(tables, TABLES);
    assert_non_null(s);
    return s;
}
static void teardown(struct store *s)
{
    while (store_reclaim(s))
        ;
    store_free(s);
    assert_int_equal(live, 0);
}

/* The ids under a prefix or an index key, joined. */
static const char *ids(struct trie_iter *it)
{
    static char out[256];
    out[0] = '\0';
    for (struct obj *o; (o = trie_next(it));)
        snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s ", pet_of(o)->id);
    return out;
}
static const char *in_town(const struct snap *v, const char *town)
{
    struct trie_iter it;
    snap_iter_index(&it, v, PETS, BY_TOWN, key_of(town));
    return ids(&it);
}

static void objects_are_found_by_every_index_of_their_version(void **state)
{
    struct store *s = setup();
    store_begin(s, 5, 0);
    put(s, "rex", "ulm", 30);
    put(s, "ben", "ulm", 10);
    put(s, "tom", "", 10);
    put(s, "rexy", "bonn", 7);
    store_commit(s);
    struct snap *old = store_pin(s);
    store_begin(s, 6, 0);
    put(s, "ben", "bonn", 10);
    assert_int_equal(store_del(s, PETS, key_of("rex")), 0);
    assert_int_equal(store_del(s, PETS, key_of("nobody")), -ENOENT);
    assert_string_equal(in_town(store_txn(s), "ulm"), "");
    store_commit(s);
    struct snap *now = store_pin(s);
    struct trie_iter it;
    assert_string_equal(in_town(old, "ulm"), "ben rex ");
    assert_string_equal(in_town(old, "bonn"), "rexy ");
    assert_string_equal(in_town(now, "ulm"), "");
    assert_string_equal(in_town(now, "bonn"), "ben rexy ");
    assert_string_equal(in_town(now, ""), "");
    snap_iter(&it, old, PETS, str_of("rex"));
    assert_string_equal(ids(&it), "rex rexy ");
    assert_non_null(snap_get(old, PETS, key_of("rex")));
    assert_null(snap_get(now, PETS, key_of("rex")));
    assert_int_equal(snap_count(now, PETS), 3);
    assert_int_equal(snap_index(old), 5);
    assert_int_equal(snap_table_index(now, PETS), 6);
    assert_int_equal(snap_table_index(now, STRAYS), 0);
    store_unpin(old);
    store_unpin(now);
    teardown(s);
}

static void a_keys_index_moves_with_its_set_and_survives_deletion(void **state)
{
    struct store *s = setup();
    put_at(s, 1, "rex", "ulm", 1);
    put_at(s, 2, "ben", "bonn", 1);
    assert_int_equal(town_index(s, "ulm"), 1);
    assert_int_equal(town_index(s, "bonn"), 2);
    put_at(s, 3, "rex", "ulm", 2);
    assert_int_equal(town_index(s, "ulm"), 3);
    put_at(s, 4, "rex", "bonn", 2);
    assert_int_equal(town_index(s, "ulm"), 4);
    assert_int_equal(town_index(s, "bonn"), 4);
    del_at(s, 5, "rex");
    assert_int_equal(town_index(s, "bonn"), 5);
    assert_int_equal(town_index(s, "ulm"), 4);
    assert_int_equal(id_index(s, "rex"), 5);
    assert_int_equal(id_index(s, "ben"), 2);
    assert_int_equal(id_index(s, "new"), 0);
    put_at(s, 6, "rex", "", 2);
    assert_int_equal(id_index(s, "rex"), 6);
    teardown(s);
}

static void forgotten_keys_answer_with_a_later_index_never_an_earlier(void **state)
{
    struct store *s = setup();
    char id[16];
    put_at(s, 1, "rex", "ulm", 1);
    uint64_t index = 2;
    for (unsigned i = 0; i < 5000; i++, index += 2) {
        snprintf(id, sizeof(id), "p%u", i);
        put_at(s, index, id, id, 1);
        del_at(s, index + 1, id);
    }
    struct snap *v = store_pin(s);
    uint64_t floor = snap_floor(v, PETS, STORE_PRIMARY);
    assert_true(floor > 0 && floor == snap_floor(v, PETS, BY_TOWN));
    store_unpin(v);
    assert_int_equal(id_index(s, "p0"), floor);
    assert_int_equal(town_index(s, "p0"), floor);
    assert_int_equal(id_index(s, "p4999"), index - 1);
    assert_int_equal(town_index(s, "ulm"), 1);
    assert_int_equal(id_index(s, "rex"), 1);
    teardown(s);
}

struct tape {
    struct store_listener listener;
    char text[512];
};

static void note(struct store_listener *l, const struct store_changes *c)
{
    struct tape *t = container_of(l, struct tape, listener);
    assert_int_equal(snap_index(c->snap), c->index);
    for (size_t i = 0; i < c->n; i++) {
        const struct pet *old = pet_of(c->items[i].old), *now = pet_of(c->items[i].now);
        size_t n = strlen(t->text);
        snprintf(t->text + n, sizeof(t->text) - n, "%d@%d:%s/%d>%d ", c->cause, (int)c->index,
                 now   ? now->id
                 : old ? old->id
                       : "-",
                 old ? old->weight : 0, now ? now->weight : 0);
    }
}

static void the_change_set_has_one_entry_an_object(void **state)
{
    struct store *s = setup();
    struct tape tape = {.listener.cb = note};
    store_listen(s, &tape.listener);
    store_begin(s, 7, 3);
    put(s, "a", "ulm", 1);
    put(s, "a", "ulm", 2);
    put(s, "b", "ulm", 5);
    put(s, "c", "", 6);
    assert_int_equal(store_del(s, PETS, key_of("b")), 0);
    put(s, "a", "bonn", 3);
    store_commit(s);
    assert_string_equal(tape.text, "3@7:a/0>3 3@7:-/0>0 3@7:c/0>6 ");
    tape.text[0] = '\0';
    store_begin(s, 8, 4);
    put(s, "a", "", 4);
    assert_int_equal(store_del(s, PETS, key_of("a")), 0);
    assert_int_equal(store_del(s, PETS, key_of("c")), 0);
    store_commit(s);
    assert_string_equal(tape.text, "4@8:a/3>0 4@8:c/6>0 ");
    store_unlisten(&tape.listener);
    teardown(s);
}

static void an_aborted_transaction_leaves_no_trace(void **state)
{
    struct store *s = setup();
    put_at(s, 1, "rex", "ulm", 1);
    put_at(s, 2, "ben", "ulm", 1);
    store_begin(s, 3, 0);
    put(s, "rex", "bonn", 2);
    put(s, "new", "ulm", 2);
    put(s, "new", "bonn", 3);
    assert_int_equal(store_del(s, PETS, key_of("ben")), 0);
    store_abort(s);
    struct snap *v = store_pin(s);
    assert_string_equal(in_town(v, "ulm"), "ben rex ");
    assert_string_equal(in_town(v, "bonn"), "");
    store_unpin(v);
    assert_int_equal(town_index(s, "ulm"), 2);
    assert_int_equal(town_index(s, "bonn"), 0);
    put_at(s, 3, "rex", "bonn", 2);
    assert_int_equal(town_index(s, "bonn"), 3);
    teardown(s);
}

static size_t long_key(const struct obj *o, char *out)
{
    char big[400];
    memset(big, 'x', sizeof(big));
    return key_bytes(out, key_bytes(out, 0, big, sizeof(big)), big, sizeof(big));
}

static void a_key_too_long_is_refused_and_changes_nothing(void **state)
{
    static const struct store_index indexes[] = {{"long", long_key}};
    static const struct store_table table = {"pets", pet_id, indexes, 1};
    struct store *s = store_new(&table, 1);
    store_begin(s, 1, 0);
    assert_int_equal(store_put(s, 0, pet_new("a", "", 1)), -ENAMETOOLONG);
    assert_int_equal(snap_count(store_txn(s), 0), 0);
    store_commit(s);
    teardown(s);
}

struct bell {
    struct store_watch watch;
    int rung;
    uint64_t index;
    struct store_watch *cancels;
};

static void ring(struct store_watch *w, uint64_t index)
{
    struct bell *b = container_of(w, struct bell, watch);
    b->rung++;
    b->index = index;
    if (b->cancels)
        store_watch_cancel(b->cancels);
}

static void a_watch_fires_once_for_its_own_key_only(void **state)
{
    struct store *s = setup();
    struct bell ulm = {.watch.cb = ring}, bonn = ulm, rex = ulm, whole = ulm, other = ulm,
                gone = ulm;
    put_at(s, 1, "rex", "ulm", 1);
    assert_int_equal(store_watch_add(s, &ulm.watch, PETS, BY_TOWN, key_of("ulm"), 0), 1);
    assert_int_equal(store_watch_add(s, &ulm.watch, PETS, BY_TOWN, key_of("ulm"), 1), 0);
    assert_int_equal(store_watch_add(s, &bonn.watch, PETS, BY_TOWN, key_of("bonn"), 1), 0);
    assert_int_equal(store_watch_add(s, &rex.watch, PETS, STORE_PRIMARY, key_of("rex"), 3), 0);
    assert_int_equal(store_watch_add(s, &whole.watch, PETS, STORE_WHOLE, str_of(""), 1), 0);
    assert_int_equal(store_watch_add(s, &other.watch, STRAYS, STORE_WHOLE, str_of(""), 0), 0);
    assert_int_equal(store_watch_add(s, &gone.watch, PETS, BY_TOWN, key_of("ulm"), 1), 0);
    ulm.cancels = &gone.watch;
    put_at(s, 2, "ben", "ulm", 1);
    assert_int_equal(ulm.rung, 1);
    assert_int_equal(ulm.index, 2);
    assert_int_equal(whole.rung, 1);
    assert_int_equal(gone.rung + bonn.rung + rex.rung + other.rung, 0);
    put_at(s, 3, "rex", "bonn", 1);
    assert_int_equal(bonn.rung, 1);
    assert_int_equal(rex.rung, 0);
    del_at(s, 4, "rex");
    assert_int_equal(rex.rung, 1);
    assert_int_equal(ulm.rung + bonn.rung + whole.rung, 3);
    store_watch_cancel(&other.watch);
    store_watch_cancel(&other.watch);
    teardown(s);
}

/* Random work against a plain array, with the key indexes kept the slow way. */
enum { IDS = 40, TOWNS = 6 };
struct slow {
    int town[IDS], weight[IDS]; /* town -1: no pet */
    uint64_t id_index[IDS], town_index[TOWNS];
};

static uint64_t rnd(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    return *s ^= *s << 17;
}

static void slow_touch(struct slow *m, int id, uint64_t index)
{
    m->id_index[id] = index;
    if (m->town[id] > 0)
        m->town_index[m->town[id]] = index;
}

static void random_change(struct store *s, struct slow *m, uint64_t *seed, uint64_t index)
{
    int id = (int)(rnd(seed) % IDS), town = (int)(rnd(seed) % TOWNS), w = (int)(rnd(seed) % 9);
    char id_text[16], town_text[16] = "";
    snprintf(id_text, sizeof(id_text), "p%d", id);
    if (town)
        snprintf(town_text, sizeof(town_text), "t%d", town);
    if (rnd(seed) % 3 == 0) {
        assert_int_equal(store_del(s, PETS, key_of(id_text)), m->town[id] < 0 ? -ENOENT : 0);
        if (m->town[id] >= 0)
            slow_touch(m, id, index);
        m->town[id] = -1;
        return;
    }
    put(s, id_text, town_text, w);
    slow_touch(m, id, index);
    m->town[id] = town;
    m->weight[id] = w;
    slow_touch(m, id, index);
}

static void compare(const struct snap *v, const struct slow *m)
{
    size_t n = 0, per_town[TOWNS] = {0};
    for (int id = 0; id < IDS; id++) {
        char text[16];
        snprintf(text, sizeof(text), "p%d", id);
        const struct pet *p = pet_of(snap_get(v, PETS, key_of(text)));
        assert_int_equal(p != NULL, m->town[id] >= 0);
        assert_int_equal(snap_key_index(v, PETS, STORE_PRIMARY, key_of(text)), m->id_index[id]);
        if (!p)
            continue;
        assert_int_equal(p->weight, m->weight[id]);
        per_town[m->town[id]]++;
        n++;
    }
    assert_int_equal(snap_count(v, PETS), n);
    for (int t = 1; t < TOWNS; t++) {
        char text[16];
        struct trie_iter it;
        snprintf(text, sizeof(text), "t%d", t);
        snap_iter_index(&it, v, PETS, BY_TOWN, key_of(text));
        for (n = 0; trie_next(&it); n++)
            ;
        assert_int_equal(n, per_town[t]);
        assert_int_equal(snap_key_index(v, PETS, BY_TOWN, key_of(text)), m->town_index[t]);
    }
}

static void random_transactions_agree_with_an_array(void **state)
{
    uint64_t seed = 4711;
    struct store *s = setup();
    struct slow m = {0}, before, held[4];
    struct snap *pins[4] = {0};
    memset(m.town, 0xff, sizeof(m.town));
    for (uint64_t index = 1; index <= 400; index++) {
        before = m;
        store_begin(s, index, 0);
        for (uint64_t i = rnd(&seed) % 8; i > 0; i--)
            random_change(s, &m, &seed, index);
        compare(store_txn(s), &m);
        if (rnd(&seed) % 5 == 0) {
            store_abort(s);
            m = before;
        } else {
            store_commit(s);
        }
        unsigned k = (unsigned)rnd(&seed) % ARRAY_LEN(pins);
        if (pins[k])
            compare(pins[k], &held[k]);
        store_unpin(pins[k]);
        pins[k] = store_pin(s);
        held[k] = m;
    }
    for (unsigned k = 0; k < ARRAY_LEN(pins); k++)
        store_unpin(pins[k]);
    teardown(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_found_by_every_index_of_their_version),
        cmocka_unit_test(a_keys_index_moves_with_its_set_and_survives_deletion),
        cmocka_unit_test(forgotten_keys_answer_with_a_later_index_never_an_earlier),
        cmocka_unit_test(the_change_set_has_one_entry_an_object),
        cmocka_unit_test(an_aborted_transaction_leaves_no_trace),
        cmocka_unit_test(a_key_too_long_is_refused_and_changes_nothing),
        cmocka_unit_test(a_watch_fires_once_for_its_own_key_only),
        cmocka_unit_test(random_transactions_agree_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
