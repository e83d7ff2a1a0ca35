// SPDX-License-Identifier: Apache-2.0
#include "systemd/start_queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "systemd/unit_name.h"

struct start_queue {
    struct list node;
    struct list waiting;
    struct unit_name slice;
};

static void queue_free(struct start_queue *q)
{
    list_del(&q->node);
    free(q);
}

int start_queue_add(struct list *queues, const char *slice, struct list *n)
{
    list_for_each (it, queues) {
        struct start_queue *q = list_item(it, struct start_queue, node);
        if (streq(q->slice.z, slice)) {
            list_add_tail(&q->waiting, n);
            return 0;
        }
    }
    struct start_queue *q = calloc(1, sizeof(*q));
    if (!q)
        return -ENOMEM;
    snprintf(q->slice.z, sizeof(q->slice.z), "%s", slice);
    list_init(&q->waiting);
    list_add_tail(&q->waiting, n);
    list_add_tail(queues, &q->node);
    return 0;
}

struct list *start_queue_next(struct list *queues)
{
    start_queue_prune(queues);
    if (list_empty(queues))
        return NULL;
    struct start_queue *q = list_item(queues->next, struct start_queue, node);
    struct list *n = q->waiting.next;
    list_del(n);
    list_del(&q->node);
    if (list_empty(&q->waiting))
        queue_free(q);
    else
        list_add_tail(queues, &q->node);
    return n;
}

void start_queue_prune(struct list *queues)
{
    list_for_each_safe (it, queues) {
        struct start_queue *q = list_item(it, struct start_queue, node);
        if (list_empty(&q->waiting))
            queue_free(q);
    }
}
