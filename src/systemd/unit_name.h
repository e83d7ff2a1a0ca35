// SPDX-License-Identifier: Apache-2.0
/* Names of the units we own, and back. Pure.
 *   slice of an allocation   nomad-<alloc, 32 hex>.slice            (inside nomad.slice)
 *   one attempt of a task    nomad-<alloc, 32 hex>-<task>-<nonce, 8 hex>.service
 * Bytes of the task outside [A-Za-z0-9:_.-] become \xNN. A name over 255 bytes keeps the head of
 * the task and ends it in \h<16 hex of its hash>. A name is never used twice: the nonce differs. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"

#define UNIT_NAME_MAX 255
#define UNIT_ROOT_SLICE "nomad.slice"

struct unit_name {
    char z[UNIT_NAME_MAX + 1];
};

struct unit_name unit_name_slice(const struct uuid *alloc);
struct unit_name unit_name_service(const struct uuid *alloc, struct str task, uint32_t nonce);

enum unit_name_kind { UNIT_NAME_SLICE, UNIT_NAME_SERVICE };

struct unit_name_parts {
    enum unit_name_kind kind;
    struct uuid alloc;
    uint32_t nonce;  /* services only, as is the task */
    size_t task_len; /* bytes in task; NUL-terminated too */
    bool task_cut;   /* task holds only the head of the real name */
    char task[UNIT_NAME_MAX + 1];
};

/* -EINVAL: not one of ours. */
int unit_name_parse(struct str name, struct unit_name_parts *ret);

/* "/org/freedesktop/systemd1/unit/nomad_2d..." <-> name. -EINVAL for a foreign path. */
#define UNIT_PATH_MAX (64 + 3 * UNIT_NAME_MAX)
void unit_path_of_name(const char *name, char ret[UNIT_PATH_MAX]);
int unit_name_of_path(const char *path, struct unit_name *ret);

/* "nomad.slice/nomad-<hex>.slice/<service>": the cgroup below the manager's root. `service` NULL:
 * the slice itself. */
void unit_cgroup_path(struct buf *b, const char *slice, const char *service);
