// SPDX-License-Identifier: Apache-2.0
#include "server/broker.h"

#include <errno.h>

#include "base/hash.h"
#include "base/list.h"

struct item {
    struct uuid id;
    char *job; /* "namespace\0job": at most one outstanding for each */
    struct str job_key;
    int64_t priority;
    uint64_t create_index;
    nsec_t due; /* wall clock; 0: at once */
    int attempts;
    bool outstanding;
    bool again;       /* while outstanding: pending once more after the next ack */
    bool removed;     /* while outstanding: gone with the next ack */
    struct list link; /* in items */
};

struct broker {
    struct map by_id;    /* uuid bytes -> item */
    struct map busy_job; /* job_key -> outstanding item */
    struct list items;   /* not outstanding, best first */
};

struct broker *broker_new(void)
{
    struct broker *b = calloc(1, sizeof(*b));
    if (b)
        list_init(&b->items);
    return b;
}

static void free_item(struct item *it)
{
    free(it->job);
    free(it);
}

struct broker *broker_free(struct broker *b)
{
    size_t i = 0;
    struct map_slot *slot;
    if (!b)
        return NULL;
    while ((slot = map_next(&b->by_id, &i)))
        free_item(slot->value);
    map_free(&b->by_id);
    map_free(&b->busy_job);
    free(b);
    return NULL;
}

static bool before(const struct item *a, const struct item *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority;
    if (a->create_index != b->create_index)
        return a->create_index < b->create_index;
    return uuid_cmp(&a->id, &b->id) < 0;
}

/* From the back: new ones are usually the youngest of their priority. */
static void insert(struct broker *b, struct item *it)
{
    struct list *at = b->items.prev;
    while (at != &b->items && before(it, list_item(at, struct item, link)))
        at = at->prev;
    list_add_head(at, &it->link);
}

static struct item *new_item(const struct evaluation *e)
{
    struct item *it = calloc(1, sizeof(*it));
    size_t n = strlen(nonull(e->ns)), m = strlen(nonull(e->job_id));
    if (!it || !(it->job = malloc(n + m + 2))) {
        free(it);
        return NULL;
    }
    memcpy(it->job, nonull(e->ns), n + 1);
    memcpy(it->job + n + 1, nonull(e->job_id), m + 1);
    it->job_key = str_n(it->job, n + m + 2);
    it->id = e->id;
    it->priority = e->priority;
    it->create_index = e->create_index;
    it->due = e->wait_until;
    return it;
}

int broker_enqueue(struct broker *b, const struct evaluation *e, nsec_t now)
{
    struct item *it = map_get(&b->by_id, uuid_key(&e->id));
    if (it && it->removed) {
        it->removed = false;
        it->again = true;
    }
    if (it)
        return 0;
    it = new_item(e);
    if (!it)
        return -ENOMEM;
    if (it->due == 0 && e->wait)
        it->due = now + e->wait;
    if (map_put(&b->by_id, uuid_key(&it->id), it, NULL) < 0) {
        free_item(it);
        return -ENOMEM;
    }
    insert(b, it);
    return 0;
}

static void release_job(struct broker *b, struct item *it)
{
    if (it->outstanding)
        map_del(&b->busy_job, it->job_key);
    it->outstanding = false;
}

static void forget(struct broker *b, struct item *it)
{
    map_del(&b->by_id, uuid_key(&it->id));
    if (!it->outstanding)
        list_del(&it->link);
    release_job(b, it);
    free_item(it);
}

void broker_remove(struct broker *b, const struct uuid *eval_id)
{
    struct item *it = map_get(&b->by_id, uuid_key(eval_id));
    if (it && !it->outstanding)
        forget(b, it);
    else if (it)
        it->again = !(it->removed = true);
}

bool broker_next(struct broker *b, nsec_t now, struct uuid *ret_id, int *ret_attempt)
{
    list_for_each (l, &b->items) {
        struct item *it = list_item(l, struct item, link);
        if (it->due > now || map_get(&b->busy_job, it->job_key))
            continue;
        if (map_put(&b->busy_job, it->job_key, it, NULL) < 0)
            return false; /* later */
        list_del(&it->link);
        it->outstanding = true;
        *ret_attempt = ++it->attempts;
        *ret_id = it->id;
        return true;
    }
    return false;
}

void broker_ack(struct broker *b, const struct uuid *eval_id)
{
    struct item *it = map_get(&b->by_id, uuid_key(eval_id));
    if (it && it->outstanding && it->again) {
        release_job(b, it);
        it->again = false;
        it->due = it->attempts = 0;
        insert(b, it);
    } else if (it) {
        forget(b, it);
    }
}

int broker_nack(struct broker *b, const struct uuid *eval_id, nsec_t now)
{
    struct item *it = map_get(&b->by_id, uuid_key(eval_id));
    if (!it || !it->outstanding)
        return 0;
    if (it->removed) {
        forget(b, it);
        return 0;
    }
    release_job(b, it);
    it->again = false;
    it->due = now + (it->attempts <= 1 ? NSEC_SEC : 20 * NSEC_SEC);
    insert(b, it);
    return it->attempts;
}

nsec_t broker_wake_time(const struct broker *b)
{
    nsec_t t = INT64_MAX;
    list_for_each (l, &b->items) {
        const struct item *it = list_item(l, struct item, link);
        if (it->due > 0 && it->due < t && !map_get(&b->busy_job, it->job_key))
            t = it->due;
    }
    return t;
}

void broker_stats(const struct broker *b, nsec_t now, struct broker_stats *ret)
{
    *ret = (struct broker_stats){0};
    ret->outstanding = b->busy_job.n;
    list_for_each (l, &b->items) {
        const struct item *it = list_item(l, struct item, link);
        if (map_get(&b->busy_job, it->job_key))
            ret->behind_job++;
        else if (it->due > now)
            ret->waiting++;
        else
            ret->ready++;
    }
}
