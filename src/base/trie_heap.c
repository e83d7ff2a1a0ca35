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
    list_init(&h->versions);
    return h;
}

struct trie_heap *trie_heap_free(struct trie_heap *h)
{
    if (!h)
        return NULL;
    assert(!h->txn);
    h->current = NULL;
    while (trie_reclaim(h, SIZE_MAX))
        ;
    assert(list_empty(&h->versions));
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

struct trie_version *trie_pin(struct trie_heap *h)
{
    pthread_mutex_lock(&h->lock);
    struct trie_version *v = h->current;
    assert(v);
    v->pins++;
    pthread_mutex_unlock(&h->lock);
    return v;
}

void trie_pin_again(struct trie_heap *h, struct trie_version *v)
{
    pthread_mutex_lock(&h->lock);
    assert(v->pins);
    v->pins++;
    pthread_mutex_unlock(&h->lock);
}

void trie_unpin(struct trie_heap *h, struct trie_version *v)
{
    pthread_mutex_lock(&h->lock);
    assert(v->pins);
    v->pins--;
    pthread_mutex_unlock(&h->lock);
}

void trie_heap_stats(struct trie_heap *h, struct trie_heap_stats *ret)
{
    *ret = (struct trie_heap_stats){.retired = h->waiting};
    pthread_mutex_lock(&h->lock);
    ret->version = h->current ? h->current->version : 0;
    list_for_each (it, &h->versions) {
        const struct trie_version *v = list_item(it, struct trie_version, link);
        if (v->pins && !ret->pinned++)
            ret->oldest_pin = v->version;
    }
    pthread_mutex_unlock(&h->lock);
}

uint64_t trie_begin(struct trie_heap *h)
{
    assert(!h->txn);
    h->txn = h->current ? h->current->version + 1 : 1;
    return h->txn;
}

static struct trie_version *older_than(struct trie_heap *h, struct trie_version *v)
{
    return v->link.prev == &h->versions ? NULL : list_item(v->link.prev, struct trie_version, link);
}

/* The oldest superseded version nobody holds; on the way those with nothing to free are destroyed.
 */
static struct trie_version *oldest_dropped(struct trie_heap *h, struct trie_version **ret_older)
{
    struct trie_version *found = NULL;
    struct list empty;
    list_init(&empty);
    pthread_mutex_lock(&h->lock);
    list_for_each_safe (it, &h->versions) {
        struct trie_version *v = list_item(it, struct trie_version, link);
        if (v->pins || v == h->current)
            continue;
        if (v->retired.n) {
            *ret_older = older_than(h, v);
            found = v;
            break;
        }
        list_del(&v->link);
        list_add_tail(&empty, &v->link);
    }
    pthread_mutex_unlock(&h->lock);
    list_for_each_safe (it, &empty) {
        struct trie_version *v = list_item(it, struct trie_version, link);
        vec_free(&v->retired);
        v->destroy(v);
    }
    return found;
}

/* Hands n to the version, or frees it when that does not see it. False: no memory to keep it. */
static bool settle(struct trie_heap *h, struct trie_version *v, void *n)
{
    if (!v || node_birth(n) > v->version) {
        node_free(n);
        return true;
    }
    if (vec_push(&v->retired, n) < 0)
        return false;
    h->waiting++;
    return true;
}

bool trie_reclaim(struct trie_heap *h, size_t budget)
{
    for (struct trie_version *older = NULL, *v; (v = oldest_dropped(h, &older));) {
        while (v->retired.n) {
            if (budget-- == 0 || !settle(h, older, v->retired.items[v->retired.n - 1]))
                return true;
            v->retired.n--;
            h->waiting--;
        }
    }
    return false;
}

void trie_commit(struct trie_heap *h, struct trie_version *v)
{
    assert(h->txn);
    v->version = h->txn;
    v->pins = 0;
    v->retired.items = NULL;
    v->retired.n = v->retired.cap = 0;
    pthread_mutex_lock(&h->lock);
    list_add_tail(&h->versions, &v->link);
    h->current = v;
    pthread_mutex_unlock(&h->lock);
    h->txn = 0;
    /* In the common case nobody pinned the version before, and then the nodes go at once. */
    struct trie_version *newest = NULL;
    oldest_dropped(h, &newest);
    newest = older_than(h, v);
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
