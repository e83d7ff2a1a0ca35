// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "state/tables.h"

const void *state_next(struct state_iter *it)
{
    return state_data(trie_next(&it->it));
}

static void iter_none(struct state_iter *it)
{
    static const struct trie empty;
    trie_iter_init(&it->it, &empty, str_of(""));
}

static void iter_key(struct state_iter *it, const struct snap *v, enum state_table t,
                     enum state_index index, const struct key *k)
{
    if (k->n > STORE_KEY_MAX)
        iter_none(it);
    else
        snap_iter_index(&it->it, v, t, index, key_str(k));
}

void state_iter_all(struct state_iter *it, const struct snap *v, enum state_table table)
{
    snap_iter(&it->it, v, table, str_of(""));
}

/* Half bytes of a UUID's leading text. -EINVAL */
static int uuid_prefix(const char *z, uint8_t *out, size_t *ret_nibbles)
{
    size_t n = 0;
    if (strlen(z) > UUID_TEXT_LEN)
        return -EINVAL;
    for (size_t i = 0; z[i]; i++) {
        bool dash_place = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = z[i] >= '0' && z[i] <= '9'                     ? z[i] - '0'
                    : (z[i] | 0x20) >= 'a' && (z[i] | 0x20) <= 'f' ? (z[i] | 0x20) - 'a' + 10
                                                                   : -1;
        if (dash_place != (z[i] == '-') || (!dash_place && digit < 0))
            return -EINVAL;
        if (dash_place)
            continue;
        out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] | digit : digit << 4);
        n++;
    }
    *ret_nibbles = n;
    return 0;
}

int state_iter_uuid_prefix(struct state_iter *it, const struct snap *v, enum state_table table,
                           const char *prefix)
{
    uint8_t b[16];
    size_t nibbles;
    if (uuid_prefix(nonull(prefix), b, &nibbles) < 0) {
        iter_none(it);
        return -EINVAL;
    }
    snap_iter_nibbles(&it->it, v, table, b, nibbles);
    return 0;
}

void state_iter_id_prefix(struct state_iter *it, const struct snap *v, enum state_table table,
                          const char *ns, const char *prefix)
{
    struct key k = key_of_id(ns, prefix);
    if (k.n <= STORE_KEY_MAX)
        k.n--; /* without the NUL that ends an id */
    iter_key(it, v, table, STATE_BY_ID, &k);
}

void state_nodes_by_class(struct state_iter *it, const struct snap *v, const char *computed_class)
{
    struct key k = key_of_text(computed_class);
    iter_key(it, v, TABLE_NODES, NODES_BY_CLASS, &k);
}

void state_job_versions(struct state_iter *it, const struct snap *v, const char *ns, const char *id)
{
    struct key k = key_of_id(ns, id);
    iter_key(it, v, TABLE_JOB_VERSIONS, STATE_BY_ID, &k);
}

void state_allocs_by_node(struct state_iter *it, const struct snap *v, const struct uuid *node_id)
{
    struct key k = key_of_uuid(node_id);
    iter_key(it, v, TABLE_ALLOCS, ALLOCS_BY_NODE, &k);
}

void state_allocs_by_job(struct state_iter *it, const struct snap *v, const char *ns,
                         const char *job_id)
{
    struct key k = key_of_id(ns, job_id);
    iter_key(it, v, TABLE_ALLOCS, ALLOCS_BY_JOB, &k);
}

void state_allocs_by_eval(struct state_iter *it, const struct snap *v, const struct uuid *eval_id)
{
    struct key k = key_of_uuid(eval_id);
    iter_key(it, v, TABLE_ALLOCS, ALLOCS_BY_EVAL, &k);
}

void state_allocs_by_deployment(struct state_iter *it, const struct snap *v, const struct uuid *id)
{
    struct key k = key_of_uuid(id);
    iter_key(it, v, TABLE_ALLOCS, ALLOCS_BY_DEPLOYMENT, &k);
}

void state_evals_by_job(struct state_iter *it, const struct snap *v, const char *ns,
                        const char *job_id)
{
    struct key k = key_of_id(ns, job_id);
    iter_key(it, v, TABLE_EVALS, EVALS_BY_JOB, &k);
}

void state_deployments_by_job(struct state_iter *it, const struct snap *v, const char *ns,
                              const char *job_id)
{
    struct key k = key_of_id(ns, job_id);
    iter_key(it, v, TABLE_DEPLOYMENTS, DEPLOYMENTS_BY_JOB, &k);
}
