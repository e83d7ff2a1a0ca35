// SPDX-License-Identifier: Apache-2.0
/* Looking into an allocation's directory for somebody else: paths stay beneath it, secrets stay
 * secret, also through links. */
#pragma once
#include "client/alloc_dir.h"
#include "rpc/messages.h"

/* Entries of a directory, sorted by name. */
int alloc_files_list(const struct alloc_dir *d, struct arena *a, const char *path,
                     struct objs *ret_infos, struct err *err);
int alloc_files_stat(const struct alloc_dir *d, struct arena *a, const char *path,
                     struct file_info **ret, struct err *err);
/* A plain file for reading; -EISDIR, -EPERM for secrets. */
int alloc_files_open(const struct alloc_dir *d, const char *path, int64_t *ret_size,
                     struct err *err);
/* "drwxr-xr-x" and Go's other letters. */
void file_mode_text(uint32_t mode, char ret[16]);
