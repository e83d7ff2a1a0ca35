// SPDX-License-Identifier: Apache-2.0
/* The command of a task: words and the file they name. Shared by the drivers that run processes. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/schema.h"

/* Words of a command line as a shell's quoting would cut them ('...', "...", backslash), but
 * nothing is expanded or run. -EINVAL: unbalanced quotes. */
int command_split(struct arena *a, const char *line, struct strs *ret, struct err *err);

struct command_where {
    const char *root;     /* "" = /; before absolute commands and PATH entries, in tests */
    const char *task_dir; /* relative commands: task_dir/local, task_dir, then PATH */
    const char *path;     /* NULL: /usr/local/bin:/usr/bin:/bin and the sbins */
};
/* Absolute path of an executable regular file. One inside task_dir is made readable and executable
 * for everyone, as Nomad does, unless it is set-id, has several names or is reached through a link.
 * -ENOENT, -EACCES (there, not executable). */
int command_find(struct arena *a, const struct command_where *w, const char *command,
                 const char **ret, struct err *err);
/* command + args as argv. A command with blanks, without args, that names no file is split. The
 * text of a failure names where it was looked for. */
int command_resolve(struct arena *a, const struct command_where *w, const char *command,
                    const struct strs *args, const char **ret_path, const char *const **ret_argv,
                    struct err *err);
