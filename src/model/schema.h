// SPDX-License-Identifier: Apache-2.0
/* One schema, every codec. Each type of the product is a plain C struct plus one field table; JSON,
 * msgpack, the positional binary form (Raft log, snapshots, client records), HCL decoding, copy,
 * equality, hash, `job plan` diff and the destructive-or-in-place decision are driven by the table.
 *
 * Memory: an object and all it points to live in one arena, except fields flagged FF_REF, which
 * point to a shared object with an owner of its own. Objects are immutable once shared.
 * NULL and "" are the same text. Empty and absent lists and maps are the same.
 * Maps are sorted by key (byte order) and keys are unique. */
#pragma once
#include "base/clock.h"
#include "base/uuid.h"
#include "base/value.h"

enum ftype {
    FT_BOOL,  /* bool */
    FT_TRI,   /* int8_t: TRI_UNSET, 0, 1 */
    FT_INT,   /* int64_t; INT_UNSET allowed with FF_OPT */
    FT_UINT,  /* uint64_t */
    FT_NUM,   /* double */
    FT_DUR,   /* nsec_t duration; INT_UNSET allowed with FF_OPT. JSON: integer ns; text accepted */
    FT_TIME,  /* nsec_t since 1970, 0 = none (Go's zero time). JSON: RFC 3339 */
    FT_STR,   /* const char *, NUL-terminated UTF-8 */
    FT_ENUM,  /* int32_t, texts in field.texts */
    FT_UUID,  /* struct uuid */
    FT_BYTES, /* struct str. JSON: base64 */
    FT_STRS,  /* struct strs */
    FT_INTS,  /* struct ints */
    FT_UUIDS, /* struct uuids */
    FT_SMAP,  /* struct smap: text to text */
    FT_IMAP,  /* struct imap: text to int64 */
    FT_BMAP,  /* struct imap of 0/1. JSON: true/false */
    FT_NMAP,  /* struct nmap: text to double */
    FT_VAL,   /* struct val, in practice a VAL_MAP or VAL_NULL */
    FT_OBJ,   /* pointer to an object of field.sub, may be NULL */
    FT_OBJS,  /* struct objs of field.sub, no NULL items */
    FT_OMAP,  /* struct omap: text to object of field.sub */
    FT_OLMAP, /* struct omap whose values are `struct objs *` of field.sub: text to list of objects
               */
    FT_MAX
};

#define INT_UNSET INT64_MIN
#define TRI_UNSET ((int8_t)-1)

struct strs {
    const char **items;
    size_t n;
};
struct ints {
    int64_t *items;
    size_t n;
};
struct uuids {
    struct uuid *items;
    size_t n;
};
struct skv {
    const char *key, *value;
};
struct smap {
    struct skv *items;
    size_t n;
};
struct ikv {
    const char *key;
    int64_t value;
};
struct imap {
    struct ikv *items;
    size_t n;
};
struct nkv {
    const char *key;
    double value;
};
struct nmap {
    struct nkv *items;
    size_t n;
};
struct objs {
    void **items;
    size_t n;
};
struct okv {
    const char *key;
    void *value;
};
struct omap {
    struct okv *items;
    size_t n;
};

/* What a change of this field, in a new version of a job, means for a running allocation.
 * 0 is not a legal value: a test fails for a field nobody classified. */
enum change {
    CHG_NONE = 1, /* bookkeeping: indexes, status, timestamps; no part of what the user asked for */
    CHG_INPLACE,  /* the running allocation takes the new value, or is not touched by it */
    CHG_NESTED,   /* object fields: the classes of the sub-fields decide; appearing or vanishing of
                     the object counts as a change of all its non-default fields */
    CHG_DESTROY,  /* the allocation is replaced */
};

enum field_flags {
    FF_OPT = 1 << 0,    /* number may be unset (INT_UNSET); JSON null */
    FF_SECRET = 1 << 1, /* never printed, logged or returned */
    FF_REF = 1 << 2,   /* FT_OBJ: shared object: copied by reference, left out of the binary form */
    FF_BLOCK = 1 << 3, /* HCL: a block (FT_OBJ once, FT_OBJS repeated, FT_OMAP by its label;
                          FT_SMAP/FT_VAL: block or attribute) */
    FF_LABEL = 1 << 4, /* HCL: this field is the block's label */
    FF_OMIT = 1 << 5,  /* JSON and msgpack: left out when empty */
    FF_KEY = 1 << 6,   /* identifies the object among its siblings in a diff */
    FF_LOCAL = 1 << 7, /* ours alone: in the binary form, not on Nomad's wires */
    FF_WIRE = 1 << 8,  /* on Nomad's wires, not in the binary form (derived) */
};

struct enum_def {
    const char *const *texts; /* index = value */
    size_t n;
};

struct schema;

struct field {
    const char *name; /* Go field name: JSON and msgpack key */
    const char *hcl;  /* name in job files; NULL: not there */
    uint16_t num;     /* number in the binary form; never reused */
    uint16_t flags;   /* enum field_flags */
    uint8_t type;     /* enum ftype */
    uint8_t change;   /* enum change */
    uint16_t size;    /* of the member: checked against the type by a test */
    uint32_t offset;
    const struct schema *sub;
    const struct enum_def *texts;
    const char *def; /* default as text ("50", "10s", "true"); NULL = zero, or unset with FF_OPT */
};

struct schema {
    const char *name; /* Go type name */
    size_t size;
    const struct field *fields;
    size_t n_fields;
};

/* A new object with every default set. NULL when memory is short. */
void *model_new(const struct schema *s, struct arena *a);
/* Deep copy (FF_REF fields keep pointing to the same object). NULL when memory is short. */
void *model_copy(const struct schema *s, struct arena *a, const void *obj);
/* Copy into an object that exists already. -ENOMEM. */
int model_copy_into(const struct schema *s, struct arena *a, void *to, const void *from);
/* All fields but CHG_NONE and FF_REF ones; with `bookkeeping`, CHG_NONE too. NULL equals NULL only.
 */
bool model_equal(const struct schema *s, const void *a, const void *b, bool bookkeeping);
/* The strongest change class between two versions; 0 when equal. NULL allowed. */
enum change model_change(const struct schema *s, const void *a, const void *b);

/* Positional binary form: every set field as varint(num << 3 | kind) + value; unknown numbers are
 * skipped, so old readers survive new fields. */
void model_encode(const struct schema *s, const void *obj, struct buf *out);
/* Decodes exactly r's remaining bytes. -EBADMSG (malformed, too deep), -ENOMEM. */
int model_decode(const struct schema *s, struct arena *a, struct reader *r, void **ret);
/* Same with a varint length before it, for sequences. */
void model_encode_framed(const struct schema *s, const void *obj, struct buf *out);
int model_decode_framed(const struct schema *s, struct arena *a, struct reader *r, void **ret);

const struct field *schema_field(const struct schema *s, struct str go_name);
static inline void *field_ptr(const struct field *f, const void *obj)
{
    return (char *)obj + f->offset;
}
/* True when the field holds nothing: zero, "", NULL, empty or unset. */
bool field_is_empty(const struct field *f, const void *obj);
/* Sets the field to its default. */
void field_set_default(const struct field *f, void *obj);

const char *enum_text(const struct enum_def *d, int32_t v);           /* "" when out of range */
int enum_parse(const struct enum_def *d, struct str s, int32_t *ret); /* -EINVAL */

/* Look-ups in the sorted maps; NULL / false when absent. */
const char *smap_get(const struct smap *m, const char *key);
bool imap_get(const struct imap *m, const char *key, int64_t *ret);
void *omap_get(const struct omap *m, const char *key);
bool strs_has(const struct strs *l, const char *z);
/* Building in an arena, keeping order and uniqueness; -ENOMEM. Keys and texts are borrowed. */
int smap_set(struct arena *a, struct smap *m, const char *key, const char *value);
int imap_set(struct arena *a, struct imap *m, const char *key, int64_t value);
int imap_add(struct arena *a, struct imap *m, const char *key, int64_t delta);
int nmap_set(struct arena *a, struct nmap *m, const char *key, double value);
int omap_set(struct arena *a, struct omap *m, const char *key, void *value);
int strs_add(struct arena *a, struct strs *l, const char *z);
int uuids_add(struct arena *a, struct uuids *l, const struct uuid *u);
int objs_add(struct arena *a, struct objs *l, void *obj);

#define OBJS_FOR(type, it, list)                                                                   \
    for (size_t it##_i = 0; it##_i < (list).n; it##_i++)                                           \
        for (type *it = (list).items[it##_i]; it; it = NULL)
