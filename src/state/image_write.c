// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/hash.h"
#include "state/image.h"
#include "state/tables.h"
#include "state/image_format.h"

enum { PIECE = 64 * 1024 };

struct writer {
    struct buf out, body;
    uint32_t crc;
    uint64_t records;
    state_sink_cb sink;
    void *arg;
    struct map
        jobs; /* written as IMAGE_JOB, by pointer; keys and values borrowed from the version */
};

static int flush(struct writer *w, size_t least)
{
    if (w->out.failed || w->body.failed)
        return -ENOMEM;
    if (w->out.n < least || w->out.n == 0)
        return 0;
    w->crc = crc32c(w->crc, w->out.p, w->out.n);
    int r = w->sink(w->arg, w->out.p, w->out.n);
    buf_reset(&w->out);
    return r < 0 ? r : 0;
}

static struct buf *start(struct writer *w, int kind)
{
    buf_reset(&w->body);
    buf_addc(&w->body, (char)kind);
    return &w->body;
}

static int finish(struct writer *w)
{
    buf_add_varint(&w->out, w->body.n);
    buf_add(&w->out, w->body.p, w->body.n);
    w->records++;
    return flush(w, PIECE);
}

static int numbers(struct writer *w, int kind, size_t n, const uint64_t *v)
{
    struct buf *b = start(w, kind);
    for (size_t i = 0; i < n; i++)
        buf_add_varint(b, v[i]);
    return finish(w);
}

/* The allocation's job, when no version in the tables stands for it any more. */
static int write_lost_job(struct writer *w, const struct snap *v, const struct allocation *a)
{
    const struct job *j = a->job;
    const struct job *kept = state_get_job_version(v, a->ns, a->job_id, j->version);
    struct str name = {(const char *)j, sizeof(*j)};
    if ((kept && kept->create_index == j->create_index) || map_get(&w->jobs, name))
        return 0;
    if (map_put(&w->jobs, name, (void *)(uintptr_t)j, NULL) < 0)
        return -ENOMEM;
    model_encode(&job_schema, j, start(w, IMAGE_JOB));
    return finish(w);
}

static int write_object(struct writer *w, const struct snap *v, enum state_table t,
                        const struct obj *o)
{
    int r = t == TABLE_ALLOCS ? write_lost_job(w, v, state_data(o)) : 0;
    if (r < 0)
        return r;
    struct buf *b = start(w, IMAGE_OBJECT);
    buf_add_varint(b, t);
    buf_add_varint(b, o->index);
    model_encode(table_defs[t].schema, state_data(o), b);
    return finish(w);
}

static int write_keys(struct writer *w, const struct snap *v, enum state_table t, unsigned index)
{
    struct key_iter it;
    struct str key;
    uint64_t raft_index;
    int r = numbers(w, IMAGE_FLOOR, 3, (uint64_t[]){t, index, snap_floor(v, t, index)});
    snap_iter_keys(&it, v, t, index);
    while (r == 0 && key_iter_next(&it, &key, &raft_index)) {
        struct buf *b = start(w, IMAGE_KEY);
        buf_add_varint(b, t);
        buf_add_varint(b, index);
        buf_add_varint(b, raft_index);
        buf_add_str(b, key);
        r = finish(w);
    }
    return r;
}

static int write_table(struct writer *w, const struct snap *v, enum state_table t)
{
    struct trie_iter it;
    int r = numbers(w, IMAGE_TABLE, 2, (uint64_t[]){t, snap_table_index(v, t)});
    snap_iter(&it, v, t, str_of(""));
    for (struct obj *o; r == 0 && (o = trie_next(&it));)
        r = write_object(w, v, t, o);
    for (unsigned i = 0; r == 0 && i <= state_tables[t].n_indexes; i++)
        r = write_keys(w, v, t, i);
    return r;
}

static int write_end(struct writer *w)
{
    uint64_t records = w->records;
    int r = flush(w, 0);
    if (r < 0)
        return r;
    struct buf *b = start(w, IMAGE_END);
    buf_add_varint(b, records);
    buf_add_be32(b, w->crc);
    r = finish(w);
    return r < 0 ? r : flush(w, 0);
}

int state_write(const struct snap *v, state_sink_cb sink, void *arg)
{
    struct writer w = {.sink = sink, .arg = arg};
    buf_addz(&w.out, IMAGE_MAGIC);
    int r = numbers(&w, IMAGE_META, 1, (uint64_t[]){snap_index(v)});
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(image_order); i++)
        r = write_table(&w, v, image_order[i]);
    if (r == 0)
        r = write_end(&w);
    buf_free(&w.out);
    buf_free(&w.body);
    map_free(&w.jobs);
    return r;
}

uint64_t state_hash(const struct snap *v)
{
    cleanup_buf struct buf b = {0};
    uint64_t h = snap_index(v);
    for (size_t i = 0; i < ARRAY_LEN(image_order); i++) {
        enum state_table t = image_order[i];
        struct trie_iter it;
        snap_iter(&it, v, t, str_of(""));
        for (struct obj *o; (o = trie_next(&it));) {
            buf_reset(&b);
            buf_add_varint(&b, o->index);
            model_encode(table_defs[t].schema, state_data(o), &b);
            h = hash_bytes(b.p, b.n, h);
        }
        h = hash_bytes((uint64_t[]){t, snap_table_index(v, t)}, 2 * sizeof(uint64_t), h);
    }
    must(b.failed ? -ENOMEM : 0, "hashing the state");
    return h;
}
