// SPDX-License-Identifier: Apache-2.0
/* Directories of an allocation, in Nomad's layout:
 *   <base>/<id>/alloc/{data,logs,tmp}      0777, shared by its tasks
 *   <base>/<id>/<task>/{local,tmp}         0777
 *   <base>/<id>/<task>/secrets             0700, the task user's
 * Whatever a task can write to is only entered by openat2() beneath the allocation, never through
 * symbolic links that lead out of it. */
#pragma once
#include <sys/types.h>

#include "base/err.h"
#include "base/uuid.h"

struct alloc_dir {
    char path[512]; /* absolute: <base>/<id> */
};

/* Only puts the path together. -ENAMETOOLONG. */
int alloc_dir_of(const char *base, const struct uuid *alloc, struct alloc_dir *ret);
/* Makes the shared part; already there is fine. */
int alloc_dir_make(const struct alloc_dir *d, struct err *err);
/* -EINVAL: a task name that cannot be a directory ("alloc", "..", with '/'). secrets go to uid. */
int alloc_dir_make_task(const struct alloc_dir *d, const char *task, uid_t uid, gid_t gid,
                        struct err *err);
int alloc_dir_check_task_name(const char *task, struct err *err);
/* Descriptor of a path below the allocation, links out of it refused with -EXDEV. */
int alloc_dir_open(const struct alloc_dir *d, const char *rel, int flags, mode_t mode,
                   struct err *err);
/* Makes each missing directory of rel (0777), beneath. */
int alloc_dir_make_path(const struct alloc_dir *d, const char *rel, struct err *err);
/* Removes all of it, without following links and without leaving its file system. Gone is fine. */
int alloc_dir_destroy(const struct alloc_dir *d, struct err *err);
/* The name of an allocation below `base` as its id. -EINVAL: not one. */
int alloc_dir_parse_name(const char *name, struct uuid *ret);
