// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "state/image.h"
#include "state/state_impl.h"
#include "state/image_format.h"

enum { RECORD_MAX = 64 * 1024 * 1024 };

struct state_reader {
    struct state *st; /* being filled in one transaction */
    struct arena *decoded;
    struct buf in; /* bytes of records not yet whole */
    bool begun, open, ended;
    uint64_t records;
    uint32_t crc;
    VEC(struct record *) lost_jobs; /* IMAGE_JOB: few */
};

struct state_reader *state_reader_new(void)
{
    struct state_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->st = state_new();
    r->decoded = arena_new(0);
    return r->st && r->decoded ? r : state_reader_free(r);
}

struct state_reader *state_reader_free(struct state_reader *r)
{
    if (!r)
        return NULL;
    if (r->open)
        state_abort(r->st);
    for (size_t i = 0; i < r->lost_jobs.n; i++)
        obj_unref(&r->lost_jobs.items[i]->obj);
    vec_free(&r->lost_jobs);
    buf_free(&r->in);
    arena_free(r->decoded);
    state_free(r->st);
    free(r);
    return NULL;
}

/* A table of the stream and an index of it. -EBADMSG */
static int get_place(struct reader *in, unsigned *ret_table, uint64_t *ret_index)
{
    uint64_t t, i = 0;
    if (reader_varint(in, &t) < 0 || t >= STATE_TABLE_MAX || table_defs[t].derived)
        return -EBADMSG;
    if (ret_index && (reader_varint(in, &i) < 0 || i > state_tables[t].n_indexes))
        return -EBADMSG;
    *ret_table = (unsigned)t;
    if (ret_index)
        *ret_index = i;
    return 0;
}

static int decode(struct state_reader *r, const struct schema *s, struct reader *in,
                  struct record **ret)
{
    void *data;
    arena_reset(r->decoded);
    int q = model_decode(s, r->decoded, in, &data);
    if (q == 0)
        *ret = record_new(r->st->scratch, s, data);
    return q;
}

static struct record *find_job(struct state_reader *r, const struct allocation *a)
{
    struct key k = key_of_version(a->ns, a->job_id, a->job_version);
    struct record *v = table_get(state_txn(r->st), TABLE_JOB_VERSIONS, &k);
    if (v && ((const struct job *)v->data)->create_index == a->job_create_index)
        return record_of(v->held);
    for (size_t i = 0; i < r->lost_jobs.n; i++) {
        const struct job *j = r->lost_jobs.items[i]->data;
        if (streq(j->ns, a->ns) && streq(j->id, a->job_id) && j->version == a->job_version &&
            j->create_index == a->job_create_index)
            return r->lost_jobs.items[i];
    }
    return NULL;
}

/* Gives the allocation its job again. -EBADMSG */
static int attach_job(struct state_reader *r, struct record *rec)
{
    struct allocation *a = rec->data;
    struct record *job = find_job(r, a);
    if (!job)
        return -EBADMSG;
    a->job = job->data;
    record_hold(rec, job);
    return 0;
}

/* The record as its table keeps it: a version is an alias, a job may be its own version. Consumes.
 */
static struct record *as_stored(struct state_reader *r, enum state_table t, struct record *rec)
{
    if (t == TABLE_JOB_VERSIONS) {
        struct record *alias = record_alias(rec);
        obj_unref(&rec->obj);
        return alias;
    }
    if (t == TABLE_JOBS) {
        const struct job *j = rec->data;
        struct key k = key_of_version(j->ns, j->id, j->version);
        struct record *v = table_get(state_txn(r->st), TABLE_JOB_VERSIONS, &k);
        if (v && !store_is_fresh(r->st->store, v->held) &&
            model_equal(&job_schema, v->data, j, true)) {
            obj_unref(&rec->obj);
            return record_of(obj_ref(v->held));
        }
    }
    return rec;
}

static void count(struct state_reader *r, enum state_table t, const void *data)
{
    if (t == TABLE_ALLOCS)
        count_alloc(r->st, NULL, data);
    if (t == TABLE_EVALS)
        count_eval(r->st, NULL, data);
}

static int get_object(struct state_reader *r, struct reader *in)
{
    unsigned t;
    uint64_t raft_index;
    struct record *rec = NULL;
    if (get_place(in, &t, NULL) < 0 || reader_varint(in, &raft_index) < 0)
        return -EBADMSG;
    int q = decode(r, table_defs[t].schema, in, &rec);
    if (q < 0)
        return q;
    if (t == TABLE_ALLOCS && attach_job(r, rec) < 0) {
        obj_unref(&rec->obj);
        return -EBADMSG;
    }
    rec = as_stored(r, t, rec);
    rec->obj.index = raft_index;
    size_t before = snap_count(state_txn(r->st), t);
    const void *data = rec->data;
    q = store_load(r->st->store, t, &rec->obj);
    if (q < 0 || snap_count(state_txn(r->st), t) == before)
        return q == -ENOMEM ? q : -EBADMSG;
    count(r, t, data);
    return 0;
}

static int get_job(struct state_reader *r, struct reader *in)
{
    struct record *rec = NULL;
    int q = decode(r, &job_schema, in, &rec);
    if (q < 0)
        return q;
    if (vec_push(&r->lost_jobs, rec) < 0) {
        obj_unref(&rec->obj);
        return -ENOMEM;
    }
    return 0;
}

static int get_key(struct state_reader *r, struct reader *in)
{
    unsigned t;
    uint64_t index, raft_index;
    struct str key;
    if (get_place(in, &t, &index) < 0 || reader_varint(in, &raft_index) < 0 ||
        reader_left(in) > STORE_KEY_MAX || reader_bytes(in, reader_left(in), &key) < 0)
        return -EBADMSG;
    return store_load_key_index(r->st->store, t, (unsigned)index, key, raft_index);
}

static int get_end(struct state_reader *r, struct reader *in, uint32_t crc)
{
    uint64_t records;
    uint32_t want;
    if (reader_varint(in, &records) < 0 || reader_be32(in, &want) < 0)
        return -EBADMSG;
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    if (records != r->records || want != crc)
        return -EBADMSG;
#endif
    state_commit(r->st);
    r->open = false;
    r->ended = true;
    return 0;
}

static int get_numbers(struct state_reader *r, int kind, struct reader *in)
{
    unsigned t;
    uint64_t index, n;
    if (get_place(in, &t, kind == IMAGE_FLOOR ? &index : NULL) < 0 || reader_varint(in, &n) < 0)
        return -EBADMSG;
    if (kind == IMAGE_FLOOR)
        store_load_floor(r->st->store, t, (unsigned)index, n);
    else
        store_load_table_index(r->st->store, t, n);
    return 0;
}

static int get_record(struct state_reader *r, struct str body)
{
    struct reader in = reader_of(body.p, body.n);
    uint8_t kind;
    uint64_t raft_index;
    if (reader_u8(&in, &kind) < 0 || r->ended || r->open != (kind != IMAGE_META))
        return -EBADMSG;
    switch (kind) {
    case IMAGE_META:
        if (reader_varint(&in, &raft_index) < 0)
            return -EBADMSG;
        state_begin(r->st, raft_index, STATE_RESTORED);
        r->open = true;
        return 0;
    case IMAGE_TABLE:
    case IMAGE_FLOOR:
        return get_numbers(r, kind, &in);
    case IMAGE_KEY:
        return get_key(r, &in);
    case IMAGE_JOB:
        return get_job(r, &in);
    case IMAGE_OBJECT:
        return get_object(r, &in);
    case IMAGE_END:
        return get_end(r, &in, r->crc);
    default:
        return -EBADMSG;
    }
}

/* The next whole record of the bytes so far; 0: more are needed. */
static int next_record(const struct reader *all, struct str *ret_body, size_t *ret_size)
{
    struct reader in = *all;
    uint64_t n;
    if (reader_left(&in) == 0)
        return 0;
    if (reader_varint(&in, &n) < 0)
        return reader_left(all) < 10 ? 0 : -EBADMSG;
    if (n > RECORD_MAX)
        return -EBADMSG;
    if (n > reader_left(&in))
        return 0;
    reader_bytes(&in, n, ret_body);
    *ret_size = reader_left(all) - reader_left(&in);
    return 1;
}

static int get_magic(struct state_reader *r, struct reader *in)
{
    struct str magic;
    if (r->begun || reader_left(in) < strlen(IMAGE_MAGIC))
        return 0;
    reader_bytes(in, strlen(IMAGE_MAGIC), &magic);
    if (!str_eqz(magic, IMAGE_MAGIC))
        return -EBADMSG;
    r->crc = crc32c(0, magic.p, magic.n);
    r->begun = true;
    return 0;
}

int state_reader_feed(struct state_reader *r, const void *p, size_t n, struct err *err)
{
    struct str body;
    size_t size;
    buf_add(&r->in, p, n);
    if (r->in.failed)
        return err_set(err, -ENOMEM, "state snapshot: out of memory");
    struct reader in = reader_of(r->in.p, r->in.n);
    int q = get_magic(r, &in);
    while (q == 0 && r->begun && (q = next_record(&in, &body, &size)) > 0) {
        q = get_record(r, body);
        r->crc = crc32c(r->crc, in.p, size);
        in.p += size;
        r->records++;
    }
    if (q < 0)
        return err_set(err, q, "state snapshot: record %llu is damaged or unknown",
                       (unsigned long long)r->records);
    buf_consume(&r->in, r->in.n - reader_left(&in));
    return 0;
}

int state_reader_finish(struct state_reader *r, struct err *err)
{
    if (!r->ended || r->in.n)
        return err_set(err, -EBADMSG, "state snapshot: %s",
                       r->ended ? "bytes after its end" : "it ends too early");
    return 0;
}

void state_install(struct state *st, struct state_reader *r)
{
    assert(r->ended);
    struct store *old = st->store;
    must(vec_push(&st->replaced, old), "restoring a snapshot");
    pthread_mutex_lock(&st->lock);
    st->store = take_ptr(r->st->store);
    pthread_mutex_unlock(&st->lock);
    store_succeed(old, st->store, STATE_RESTORED);
}
