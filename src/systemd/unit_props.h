// SPDX-License-Identifier: Apache-2.0
/* A spec as the typed property list of StartTransientUnit. Pure: values borrow from the spec, which
 * must outlive the list. unit_props_append() is the only part that knows sd-bus. */
#pragma once
#include <systemd/sd-bus.h>

#include "base/vec.h"
#include "systemd/cpuset.h"
#include "systemd/unit_spec.h"

enum unit_prop_type {
    PROP_STRING,  /* s */
    PROP_BOOL,    /* b */
    PROP_I32,     /* i */
    PROP_U64,     /* t */
    PROP_FD,      /* h */
    PROP_BYTES,   /* ay */
    PROP_STRINGS, /* as */
    PROP_FIELDS,  /* aay: node id, then the strings */
    PROP_EXEC,    /* a(sasb) */
    PROP_BINDS,   /* a(ssbt), those with .writable == u64 */
    PROP_PAIRS,   /* a(ss) */
    PROP_FILTER,  /* (bas), an allow list */
    PROP_TYPE_MAX,
};

struct unit_prop {
    enum unit_prop_type type;
    char name[32];
    const char *s;
    uint64_t u64; /* BOOL, U64, and the element count of BYTES and PAIRS */
    int i;        /* I32, FD */
    const char *const *strings;
    const struct unit_pair *pairs;
    const struct unit_spec *spec; /* EXEC, BINDS, FIELDS */
    const uint8_t *bytes;
};

struct unit_props {
    VEC(struct unit_prop) list;
    struct cpuset cpus; /* what AllowedCPUs points to */
    bool failed;        /* out of memory, sticky */
};

void unit_props_free(struct unit_props *p);
#define cleanup_unit_props __attribute__((cleanup(unit_props_free)))

/* The spec was checked before (unit_spec.h). 0 or -ENOMEM. The list must not be moved. */
int unit_props_of_spec(const struct unit_spec *s, struct unit_props *ret);
/* Limits only, for SetUnitProperties. */
int unit_props_of_limits(const struct unit_limits *l, struct unit_props *ret);
const struct unit_prop *unit_props_find(const struct unit_props *p, const char *name);
/* Property `limit` value "infinity" is UINT64_MAX. Appends a(sv). */
int unit_props_append(sd_bus_message *m, const struct unit_props *p);
