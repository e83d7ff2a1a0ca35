// SPDX-License-Identifier: Apache-2.0
#include "base/trie_heap.h"

/* Freeing a long-held pin's nodes takes tens of nanoseconds each; a commit does a slice of it. */
enum { COMMIT_BUDGET = 1024 };

struct trie_heap *trie_heap_new(void)
{
    struct trie_heap *h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    pthread_mutex_init(&h->lock, NULL);
    list_init(&h->pins);
    return h;
}

struct trie_heap *trie_heap_free(struct trie_heap *h)
{
    if (!h)
        return NULL;
    assert(!h->txn);
    while (trie_reclaim(h, SIZE_MAX))
        ;
    assert(list_empty(&h->pins));
    obj_unref(h->root);
    vec_free(&h->retired);
    pthread_mutex_destroy(&h->lock);
    free(h);
    return NULL;
}

void node_free(void *n)
{
    if (node_is_leaf(n))
        obj_unref(node_obj(n));
    else
        free(n);
}

int heap_reserve(struct trie_heap *h, size_t nodes)
{
    return vec_reserve(&h->retired, h->retired.n + nodes);
}

void heap_retire(struct trie_heap *h, const struct trie *t, void *n)
{
    if (node_is_leaf(n) && !t->spec->owns)
        return;
    if (node_birth(n) == h->txn)
        node_free(n);
    else
        h->retired.items[h->retired.n++] = n;
}

static struct trie_pin *newest_pin(struct trie_heap *h)
{
    return list_empty(&h->pins) ? NULL : list_item(h->pins.prev, struct trie_pin, link);
}

struct trie_pin *trie_pin(struct trie_heap *h)
{
    pthread_mutex_lock(&h->lock);
    struct trie_pin *p = newest_pin(h);
    if (!p || p->version != h->version) {
        p = calloc(1, sizeof(*p));
        if (p) {
            p->version = h->version;
            p->root = obj_ref(h->root);
            list_add_tail(&h->pins, &p->link);
        }
    }
    if (p)
        p->count++;
    pthread_mutex_unlock(&h->lock);
    return p;
}

struct trie_pin *trie_pin_ref(struct trie_heap *h, struct trie_pin *p)
{
    pthread_mutex_lock(&h->lock);
    assert(p->count);
    p->count++;
    pthread_mutex_unlock(&h->lock);
    return p;
}

struct trie_pin *trie_unpin(struct trie_heap *h, struct trie_pin *p)
{
    if (!p)
        return NULL;
    pthread_mutex_lock(&h->lock);
    assert(p->count);
    p->count--;
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

struct obj *trie_pin_root(const struct trie_pin *p)
{
    return p->root;
}

uint64_t trie_pin_version(const struct trie_pin *p)
{
    return p->version;
}

void trie_heap_stats(struct trie_heap *h, struct trie_heap_stats *ret)
{
    *ret = (struct trie_heap_stats){.retired = h->waiting};
    pthread_mutex_lock(&h->lock);
    ret->version = h->version;
    list_for_each (it, &h->pins) {
        const struct trie_pin *p = list_item(it, struct trie_pin, link);
        if (!p->count)
            continue;
        if (!ret->pins++)
            ret->oldest_pin = p->version;
    }
    pthread_mutex_unlock(&h->lock);
}

uint64_t trie_begin(struct trie_heap *h)
{
    assert(!h->txn);
    h->txn = h->version + 1;
    return h->txn;
}

/* The oldest pin nobody holds, unlinking empty ones on the way; *ret_older is its predecessor. */
static struct trie_pin *oldest_dropped(struct trie_heap *h, struct trie_pin **ret_older)
{
    struct trie_pin *found = NULL;
    pthread_mutex_lock(&h->lock);
    list_for_each_safe (it, &h->pins) {
        struct trie_pin *p = list_item(it, struct trie_pin, link);
        if (p->count)
            continue;
        if (p->retired.n) {
            *ret_older = it->prev == &h->pins ? NULL : list_item(it->prev, struct trie_pin, link);
            found = p;
            break;
        }
        list_del(&p->link);
        obj_unref(p->root);
        vec_free(&p->retired);
        free(p);
    }
    pthread_mutex_unlock(&h->lock);
    return found;
}

/* Hands n to the pin, or frees it when the pin does not see it. False: no memory to keep it. */
static bool settle(struct trie_heap *h, struct trie_pin *p, void *n)
{
    if (!p || node_birth(n) > p->version) {
        node_free(n);
        return true;
    }
    if (vec_push(&p->retired, n) < 0)
        return false;
    h->waiting++;
    return true;
}

bool trie_reclaim(struct trie_heap *h, size_t budget)
{
    for (struct trie_pin *older = NULL, *p; (p = oldest_dropped(h, &older));) {
        while (p->retired.n) {
            if (budget-- == 0 || !settle(h, older, p->retired.items[p->retired.n - 1]))
                return true;
            p->retired.n--;
            h->waiting--;
        }
    }
    return false;
}

void trie_commit(struct trie_heap *h, struct obj *root)
{
    assert(h->txn);
    pthread_mutex_lock(&h->lock);
    struct obj *old = h->root;
    h->version = h->txn;
    h->root = root;
    struct trie_pin *newest = newest_pin(h);
    pthread_mutex_unlock(&h->lock);
    h->txn = 0;
    /* Pins hold their own reference on their root. */
    obj_unref(old);
    /* With no memory to keep a node for its pin it is leaked, never freed early. */
    for (size_t i = 0; i < h->retired.n; i++)
        settle(h, newest, h->retired.items[i]);
    h->retired.n = 0;
    trie_reclaim(h, COMMIT_BUDGET);
}

void trie_abort(struct trie_heap *h)
{
    assert(h->txn);
    h->txn = 0;
    h->retired.n = 0;
}
