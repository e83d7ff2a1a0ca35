// SPDX-License-Identifier: Apache-2.0
/* Private to src/state: what each table holds and how it is keyed. */
#pragma once
#include "state/record.h"
#include "state/state.h"

struct table_def {
    const struct schema *schema;
    uint16_t create_index, modify_index; /* offsets; 0: it has none */
    bool derived;
};

extern const struct table_def table_defs[STATE_TABLE_MAX];
extern const struct store_table state_tables[STATE_TABLE_MAX];
extern const struct schema node_usage_schema, job_stats_schema;

/* Keys as the tables build them. n > STORE_KEY_MAX: too long for anything to be there. */
struct key {
    size_t n;
    char b[STORE_KEY_MAX];
};
static inline struct str key_str(const struct key *k)
{
    return str_n(k->b, k->n);
}
static inline struct key key_of_uuid(const struct uuid *id)
{
    struct key k;
    k.n = key_bytes(k.b, 0, id->b, sizeof(id->b));
    return k;
}
static inline struct key key_of_text(const char *z)
{
    struct key k;
    k.n = key_text(k.b, 0, z);
    return k;
}
static inline struct key key_of_id(const char *ns, const char *id)
{
    struct key k;
    k.n = key_text(k.b, key_text(k.b, 0, ns), id);
    return k;
}
static inline struct key key_of_version(const char *ns, const char *id, uint64_t version)
{
    struct key k = key_of_id(ns, id);
    k.n = key_be64(k.b, k.n, ~version); /* newest first */
    return k;
}
/* The object under the key; NULL: none. */
struct record *table_get(const struct snap *v, enum state_table t, const struct key *k);
static inline void *table_data(const struct snap *v, enum state_table t, const struct key *k)
{
    struct record *r = table_get(v, t, k);
    return r ? r->data : NULL;
}
