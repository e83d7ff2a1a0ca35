// SPDX-License-Identifier: Apache-2.0
/* JSON as Nomad's HTTP API speaks it, written and read from the field tables.
 *
 * Out: field order of the table; empty lists, maps and objects are null; durations are integer
 * nanoseconds, times RFC 3339 in UTC (none: year 1), bytes base64, ids text ("" for none); FF_OPT
 * and FT_TRI print null when unset; FF_OMIT leaves empty fields out; FF_SECRET prints an empty
 * value, FF_LOCAL nothing at all. A byte that is not UTF-8 becomes U+FFFD.
 * In: keys match exactly, else whatever their case; null leaves the default; what the table does
 * not know is ignored, with JSONF_STRICT an error. Durations may be text ("1h30m"). */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "model/schema.h"

struct json_t; /* jansson's */

enum json_flags {
    JSONF_PRETTY = 1 << 0,  /* out: four spaces a level, as `?pretty` */
    JSONF_SECRETS = 1 << 1, /* out: FF_SECRET fields with their value; for our own files only */
    JSONF_LOCAL = 1 << 2,   /* in and out: FF_LOCAL fields too */
    JSONF_STRICT = 1 << 3,  /* in: an unknown key is an error that names the nearest known one,
                               unless its value is null, false, 0 or empty: another Nomad's job */
};

enum { MODEL_JSON_DEPTH = 64 };
#define MODEL_JSON_BYTES ((size_t)64 << 20)

/* NULL prints null. Failure is out->failed. */
void model_json(const struct schema *s, const void *obj, struct buf *out, unsigned flags);
/* -EINVAL with where ("Job.TaskGroups[0].Count: wants a number, found a string", or line and
 * column of a syntax error), -EMSGSIZE (too large or deep), -ENOMEM. `root` starts every path
 * ("Job"; "" or NULL for none). */
int model_from_json(const struct schema *s, struct arena *a, struct str text, const char *root,
                    unsigned flags, void **ret, struct err *err);
/* Same from a tree that jansson has read already. Texts are copied into the arena. */
int model_from_json_tree(const struct schema *s, struct arena *a, const struct json_t *tree,
                         const char *root, unsigned flags, void **ret, struct err *err);
int val_from_json(struct arena *a, struct str text, struct val *ret, struct err *err);
int val_from_json_tree(struct arena *a, const struct json_t *tree, struct val *ret,
                       struct err *err);
void val_to_json(struct val v, struct buf *out, unsigned flags);

/* By hand, for answers that are no object of the model. Commas and indentation are kept by the
 * writer; every value inside an object follows a jw_key. */
struct json_writer {
    struct buf *out;
    unsigned flags;
    int depth;
    bool filled, keyed; /* the open list or object has an item; a key waits for its value */
};
struct json_writer json_writer(struct buf *out, unsigned flags);
void jw_obj_begin(struct json_writer *w);
void jw_obj_end(struct json_writer *w);
void jw_arr_begin(struct json_writer *w);
void jw_arr_end(struct json_writer *w);
void jw_key(struct json_writer *w, const char *key);
void jw_null(struct json_writer *w);
void jw_bool(struct json_writer *w, bool b);
void jw_int(struct json_writer *w, int64_t i);
void jw_uint(struct json_writer *w, uint64_t u);
void jw_num(struct json_writer *w, double d); /* no number or infinite: null */
void jw_str(struct json_writer *w, const char *z);
void jw_strn(struct json_writer *w, struct str s);
void jw_time(struct json_writer *w, nsec_t t);
void jw_val(struct json_writer *w, struct val v);
void jw_obj(struct json_writer *w, const struct schema *s, const void *obj);
void jw_objs(struct json_writer *w, const struct schema *s, const struct objs *l); /* [] if none */
void jw_field(struct json_writer *w, const struct field *f, const void *obj);      /* its value */
