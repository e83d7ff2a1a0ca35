// SPDX-License-Identifier: Apache-2.0
/* 16-byte identifiers; text form 8-4-4-4-12 lower case. All zero means "none" and prints as "". */
#pragma once
#include "base/str.h"

#define UUID_TEXT_LEN 36

struct uuid {
    uint8_t b[16];
};

struct uuid_text {
    char z[UUID_TEXT_LEN + 1];
};

static inline bool uuid_is_zero(const struct uuid *u)
{
    static const struct uuid zero;
    return memcmp(u, &zero, sizeof(zero)) == 0;
}
static inline bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}
static inline int uuid_cmp(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof(*a));
}
/* Its bytes as a map key; borrowed. */
static inline struct str uuid_key(const struct uuid *u)
{
    return str_n((const char *)u->b, sizeof(u->b));
}
/* 36 characters with dashes, or "" for zero; upper case accepted. -EINVAL otherwise. */
int uuid_parse(struct str s, struct uuid *ret);
struct uuid_text uuid_text(const struct uuid *u);
#define UUID_Z(u) (uuid_text(u).z)
/* From the kernel's random source, read in large pieces; thread-safe. Version bits are not set
 * (Nomad's are not either). */
void uuid_random(struct uuid *ret);
/* Deterministic: for pure code that gets its seed with the event. Advances *seed. */
void uuid_from_seed(uint64_t seed[2], struct uuid *ret);
