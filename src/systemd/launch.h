// SPDX-License-Identifier: Apache-2.0
/* The task's command, environment and directory as a sealed memfd for the launcher: nothing of it
 * is visible on the bus or on disk, and any bytes but NUL pass unchanged. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "systemd/launch_format.h"

struct launch {
    const char *cwd;         /* NULL: the unit's own */
    const char *path;        /* program; NULL: argv[0] by the task's PATH */
    const char *const *argv; /* NULL-terminated, at least one */
    const char *const *env;  /* NULL-terminated "NAME=value"; NULL: empty */
};

/* -EINVAL without argv[0], -E2BIG over 64 MiB. */
int launch_encode(const struct launch *l, struct buf *b, struct err *err);
/* Read position 0, close-on-exec, sealed against change. The caller closes it. */
int launch_memfd(const struct launch *l, struct err *err, int *ret_fd);
/* "command not found" and the like for a launcher's status; NULL for any other status. */
const char *launch_status_text(int status);
