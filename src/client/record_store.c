// SPDX-License-Identifier: Apache-2.0
#include "client/record_store.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/vec.h"
#include "client/records.h"

/* What nobody waits for may wait for more of its kind. */
#define LAZY_MS 100

struct waiter {
    record_saved_cb cb;
    void *user;
};
struct waiters {
    struct waiter *items;
    size_t n, cap;
};

/* One allocation with a write under way or waiting. */
struct entry {
    struct record_store *store; /* NULL: the store is gone */
    struct list node;
    struct uuid id;
    const char *dir;
    struct buf next; /* waits for the write under way */
    bool has_next, remove_next, sync_next;
    bool busy; /* a write is under way */
    struct waiters next_waiters;
    uv_work_t work;
    struct buf bytes; /* being written */
    bool remove, sync;
    struct waiters waiters;
    int result;
    struct err err;
};

struct record_store {
    uv_loop_t *loop;
    uv_timer_t *lazy;
    char *dir;
    struct list entries;
};

static int make_dirs(const char *dir)
{
    char *path = strdup(dir);
    int r = path ? 0 : -ENOMEM;
    for (char *p = path ? path + 1 : NULL; r == 0 && p && (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            r = -errno;
    }
    if (r == 0 && mkdir(dir, 0700) < 0 && errno != EEXIST)
        r = -errno;
    free(path);
    return r;
}

int record_store_create(uv_loop_t *loop, const char *dir, struct record_store **ret,
                        struct err *err)
{
    int r = make_dirs(dir);
    if (r < 0)
        return err_errno(err, r, "cannot make %s", dir);
    struct record_store *s = calloc(1, sizeof(*s));
    if (!s || !(s->dir = strdup(dir)) || !(s->lazy = calloc(1, sizeof(*s->lazy)))) {
        if (s)
            free(s->dir);
        free(s);
        return -ENOMEM;
    }
    s->loop = loop;
    uv_timer_init(loop, s->lazy);
    s->lazy->data = s;
    list_init(&s->entries);
    *ret = s;
    return 0;
}

static void entry_free(struct entry *e)
{
    list_del(&e->node);
    buf_free(&e->next);
    buf_free(&e->bytes);
    vec_free(&e->next_waiters);
    vec_free(&e->waiters);
    free(e);
}

static void perform(struct entry *e)
{
    e->result = e->remove ? records_remove(e->dir, &e->id)
                          : records_write(e->dir, &e->id, buf_str(&e->bytes), e->sync, &e->err);
}

static void on_work(uv_work_t *w)
{
    perform(container_of(w, struct entry, work));
}

static void take_next(struct entry *e)
{
    buf_free(&e->bytes);
    vec_free(&e->waiters);
    e->bytes = e->next;
    e->waiters = e->next_waiters;
    e->remove = e->remove_next;
    e->sync = e->sync_next;
    e->next = (struct buf){0};
    memset(&e->next_waiters, 0, sizeof(e->next_waiters));
    e->has_next = e->remove_next = e->sync_next = false;
}

static void on_done(uv_work_t *w, int status);

static int begin(struct entry *e)
{
    take_next(e);
    e->busy = true;
    return uv_queue_work(e->store->loop, &e->work, on_work, on_done);
}

static bool is_urgent(const struct entry *e)
{
    return e->remove_next || e->next_waiters.n > 0;
}

static void on_lazy(uv_timer_t *t)
{
    struct record_store *s = t->data;
    list_for_each_safe (it, &s->entries) {
        struct entry *e = list_item(it, struct entry, node);
        if (!e->busy && begin(e) < 0)
            entry_free(e);
    }
}

static int begin_or_wait(struct entry *e)
{
    uv_timer_t *lazy = e->store->lazy;
    if (is_urgent(e))
        return begin(e);
    return uv_is_active((uv_handle_t *)lazy) ? 0 : uv_timer_start(lazy, on_lazy, LAZY_MS, 0);
}

static void on_done(uv_work_t *w, int status unused_arg)
{
    struct entry *e = container_of(w, struct entry, work);
    if (!e->store) {
        entry_free(e);
        return;
    }
    if (e->result < 0)
        log_error("client", "%s", e->err.text);
    struct waiters waiters = e->waiters;
    memset(&e->waiters, 0, sizeof(e->waiters));
    int result = e->result;
    e->busy = false;
    if (!e->has_next || begin_or_wait(e) < 0)
        entry_free(e);
    for (size_t i = 0; i < waiters.n; i++)
        if (waiters.items[i].cb)
            waiters.items[i].cb(waiters.items[i].user, result);
    vec_free(&waiters);
}

static struct entry *find(struct record_store *s, const struct uuid *id)
{
    list_for_each (it, &s->entries) {
        struct entry *e = list_item(it, struct entry, node);
        if (uuid_eq(&e->id, id))
            return e;
    }
    return NULL;
}

static int put(struct record_store *s, const struct uuid *id, struct buf *bytes, bool sync,
               record_saved_cb cb, void *user)
{
    struct entry *e = find(s, id);
    bool fresh = !e;
    if (fresh) {
        e = calloc(1, sizeof(*e));
        if (!e)
            return -ENOMEM;
        e->store = s;
        e->id = *id;
        e->dir = s->dir;
        list_add_tail(&s->entries, &e->node);
    }
    int r = cb ? vec_push(&e->next_waiters, ((struct waiter){cb, user})) : 0;
    if (r == 0) {
        buf_free(&e->next);
        if (bytes) {
            e->next = *bytes;
            *bytes = (struct buf){0};
        }
        e->remove_next = !bytes;
        e->has_next = true;
        e->sync_next |= sync;
        r = e->busy ? 0 : begin_or_wait(e);
    }
    if (r < 0 && fresh)
        entry_free(e);
    return r;
}

int record_store_save(struct record_store *s, const struct uuid *alloc, struct buf *bytes,
                      bool sync, record_saved_cb cb, void *user)
{
    return bytes->failed ? -ENOMEM : put(s, alloc, bytes, sync, cb, user);
}

int record_store_remove(struct record_store *s, const struct uuid *alloc)
{
    return put(s, alloc, NULL, false, NULL, NULL);
}

static void cancel_in(struct waiters *w, void *user)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].user == user)
            w->items[i].cb = NULL;
}

void record_store_cancel(struct record_store *s, void *user)
{
    list_for_each (it, &s->entries) {
        struct entry *e = list_item(it, struct entry, node);
        cancel_in(&e->waiters, user);
        cancel_in(&e->next_waiters, user);
    }
}

static void free_timer(uv_handle_t *h)
{
    free(h);
}

/* A write under way cannot be waited for without running the loop, and its callback must not reach
 * the owner: so callbacks are dropped and the loop is run until the writes have ended. */
struct record_store *record_store_free(struct record_store *s)
{
    if (!s)
        return NULL;
    list_for_each (it, &s->entries) {
        struct entry *e = list_item(it, struct entry, node);
        e->waiters.n = e->next_waiters.n = 0;
    }
    on_lazy(s->lazy);
    while (!list_empty(&s->entries))
        uv_run(s->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)s->lazy, free_timer);
    free(s->dir);
    free(s);
    return NULL;
}
