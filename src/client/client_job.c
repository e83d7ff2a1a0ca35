// SPDX-License-Identifier: Apache-2.0
/* The allocations of one job version share one copy of it: a thousand of them cost a thousand
 * allocations, not a thousand jobs. */
#include "base/str.h"
#include "client/client_internal.h"

/* By content: servers that lost their state give the same indexes again. */
static bool is_same(const struct job *a, const struct job *b)
{
    return a->job_modify_index == b->job_modify_index && streq(nonull(a->id), nonull(b->id)) &&
           model_equal(&job_schema, a, b, true);
}

struct client_job *client_job_get(struct client *c, const struct job *job)
{
    list_for_each (it, &c->jobs) {
        struct client_job *j = list_item(it, struct client_job, node);
        if (is_same(j->job, job)) {
            j->refs++;
            return j;
        }
    }
    struct client_job *j = calloc(1, sizeof(*j));
    if (!j)
        return NULL;
    list_init(&j->node);
    j->refs = 1;
    j->arena = arena_new(0);
    j->job = j->arena ? model_copy(&job_schema, j->arena, job) : NULL;
    if (!j->job)
        return client_job_put(j);
    list_add_tail(&c->jobs, &j->node);
    return j;
}

struct client_job *client_job_put(struct client_job *j)
{
    if (!j || --j->refs > 0)
        return NULL;
    list_del(&j->node);
    arena_free(j->arena);
    free(j);
    return NULL;
}
