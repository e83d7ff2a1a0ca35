// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "raft-io/host_internal.h"

#define GROUP_BYTES (16u << 20)
#define GROUP_MAX 256

struct log_job *log_job_free(struct log_job *j)
{
    if (!j)
        return NULL;
    for (size_t i = 0; i < j->persist.n_entries; i++)
        raft_entry_unref(j->persist.entries[i]);
    free(j->persist.entries);
    free(j);
    return NULL;
}

static size_t job_bytes(const struct log_job *j)
{
    size_t n = 0;
    for (size_t i = 0; i < j->persist.n_entries; i++)
        n += j->persist.entries[i]->n;
    return n;
}

/* The appends at the head of the queue that share one write. */
static int run_appends(struct log_thread *t, struct list *todo, struct list *done)
{
    const struct raft_persist *group[GROUP_MAX];
    size_t n = 0, bytes = 0;
    list_for_each_safe (it, todo) {
        struct log_job *j = list_item(it, struct log_job, link);
        if (j->kind != LOG_APPEND || n == GROUP_MAX || (n && bytes + job_bytes(j) > GROUP_BYTES))
            break;
        bytes += job_bytes(j);
        group[n++] = &j->persist;
        list_del(it);
        list_add_tail(done, it);
    }
    return wal_append(t->wal, group, n, &t->err);
}

static int run_some(struct log_thread *t, struct list *todo, struct list *done)
{
    struct log_job *j = list_item(todo->next, struct log_job, link);
    int r;
    if (j->kind == LOG_APPEND) {
        r = run_appends(t, todo, done);
    } else {
        list_del(&j->link);
        list_add_tail(done, &j->link);
        r = wal_adopt_snapshot(t->wal, j->index, j->term, j->log_index, j->log_term, &t->err);
    }
    list_for_each (it, done)
        list_item(it, struct log_job, link)->r = r;
    return r;
}

static void move_all(struct list *from, struct list *to)
{
    list_for_each_safe (it, from) {
        list_del(it);
        list_add_tail(to, it);
    }
}

/* After a failure nothing more is written; the rest of the queue is answered by the process's end.
 */
static void log_main(void *arg)
{
    struct log_thread *t = arg;
    struct list todo, done;
    bool failed = false;
    list_init(&todo);
    list_init(&done);
    for (;;) {
        pthread_mutex_lock(&t->lock);
        move_all(&done, &t->done);
        t->bytes = wal_bytes(t->wal);
        t->syncs = wal_syncs(t->wal);
        if (!list_empty(&t->done))
            uv_async_send(t->wake);
        move_all(&t->todo, &todo);
        while (!failed && list_empty(&todo) && !t->stop) {
            pthread_cond_wait(&t->cond, &t->lock);
            move_all(&t->todo, &todo);
        }
        bool end = failed || list_empty(&todo);
        if (end)
            move_all(&todo, &t->todo);
        pthread_mutex_unlock(&t->lock);
        if (end)
            return;
        failed = run_some(t, &todo, &done) < 0;
    }
}

int log_thread_start(struct log_thread *t, struct wal *wal, uv_async_t *wake)
{
    t->wal = wal;
    t->wake = wake;
    list_init(&t->todo);
    list_init(&t->done);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->cond, NULL);
    return uv_thread_create(&t->thread, log_main, t);
}

void log_thread_post(struct log_thread *t, struct log_job *j)
{
    pthread_mutex_lock(&t->lock);
    list_add_tail(&t->todo, &j->link);
    pthread_cond_signal(&t->cond);
    pthread_mutex_unlock(&t->lock);
}

void log_thread_take(struct log_thread *t, struct list *ret_done)
{
    pthread_mutex_lock(&t->lock);
    move_all(&t->done, ret_done);
    pthread_mutex_unlock(&t->lock);
}

static void free_jobs(struct list *l)
{
    list_for_each_safe (it, l) {
        list_del(it);
        log_job_free(list_item(it, struct log_job, link));
    }
}

void log_thread_stop(struct log_thread *t)
{
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->cond);
    pthread_mutex_unlock(&t->lock);
    uv_thread_join(&t->thread);
    free_jobs(&t->todo);
    free_jobs(&t->done);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->cond);
}
