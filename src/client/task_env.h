// SPDX-License-Identifier: Apache-2.0
/* The environment of a task and the interpolation of ${...} in its config, env and artifacts.
 * Names, precedence and clean-up are Nomad's. Pure: everything comes in with the spec. */
#pragma once
#include "model/alloc.h"

struct task_env_spec {
    const struct node *node;
    const struct allocation *alloc; /* with its job */
    const struct task *task;
    const char *region;
    const char *alloc_dir, *local_dir, *secrets_dir; /* as the task sees them */
    const char *const *host_env; /* NULL-terminated; fills names not set otherwise. NULL: none */
    const char *const *denylist; /* NULL-terminated names of host variables to leave out */
    const char *user, *home;     /* NULL without `user` */
};

/* Texts live in the arena given to task_env_build(). */
struct task_env {
    struct smap env;
    struct smap node; /* "attr.x", "meta.x", "node.datacenter", ... */
};

int task_env_build(struct arena *a, const struct task_env_spec *s, struct task_env *ret);
/* ${NAME}, ${attr.x}, ${meta.x}, ${node.x}, ${env["X"]}, ${attr["x"]}, ${meta["x"]}; what is not
 * known stays as it is. NULL when memory is short; NULL stays NULL. */
const char *task_env_replace(const struct task_env *e, struct arena *a, const char *text);
/* Every string in v, keys too. -ENOMEM. */
int task_env_replace_val(const struct task_env *e, struct arena *a, struct val v, struct val *ret);
/* NULL-terminated "NAME=value", sorted. */
const char *const *task_env_list(const struct task_env *e, struct arena *a);
