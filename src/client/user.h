// SPDX-License-Identifier: Apache-2.0
/* The user a task runs as. */
#pragma once
#include <sys/types.h>

#include "base/err.h"

struct user_ids {
    uid_t uid;
    gid_t gid;
    char name[64], home[256];
};

/* By name or number; NULL or "": root, with empty name and home. -ENOENT: no such user. */
int user_find(const char *user, struct user_ids *ret, struct err *err);
