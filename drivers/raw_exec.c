// SPDX-License-Identifier: Apache-2.0
/* raw_exec: a process on the host itself, limits but no isolation. */
#include <errno.h>

#include "drivers/command.h"
#include "drivers/driver.h"
#include "model/table.h"

struct raw_exec_config {
    const char *command, *work_dir, *cgroup_v2_override;
    struct strs args, denied_envvars;
    struct smap cgroup_v1_override;
    int64_t oom_score_adj, pids_limit;
};

#define S struct raw_exec_config
static const struct field fields[] = {
    F(1, command, "command", "command", FT_STR, CHG_DESTROY),
    F(2, args, "args", "args", FT_STRS, CHG_DESTROY),
    F(3, work_dir, "work_dir", "work_dir", FT_STR, CHG_DESTROY),
    F(4, oom_score_adj, "oom_score_adj", "oom_score_adj", FT_INT, CHG_DESTROY),
    F(5, denied_envvars, "denied_envvars", "denied_envvars", FT_STRS, CHG_DESTROY),
    F(6, cgroup_v2_override, "cgroup_v2_override", "cgroup_v2_override", FT_STR, CHG_DESTROY),
    F(7, cgroup_v1_override, "cgroup_v1_override", "cgroup_v1_override", FT_SMAP, CHG_DESTROY),
    F(8, pids_limit, "pids_limit", "pids_limit", FT_INT, CHG_DESTROY),
};
static SCHEMA(raw_exec_schema, "raw_exec", fields);
#undef S

static void fingerprint(const struct driver_host *h, struct arena *a, struct driver_info *ret)
{
    if (!h->raw_exec_enabled) {
        ret->health_description = "disabled";
        return;
    }
    if (!h->systemd) {
        ret->health_description = "systemd is not the first process of this host";
        return;
    }
    ret->detected = ret->healthy = true;
    ret->health_description = "Healthy";
    smap_set(a, &ret->attributes, "driver.raw_exec", "1");
}

static int validate(const void *config, struct err *err)
{
    const struct raw_exec_config *c = config;
    if (!isempty(c->cgroup_v2_override) || c->cgroup_v1_override.n > 0)
        return err_set(err, -EINVAL,
                       "not supported: cgroup overrides of raw_exec; tasks are systemd units and "
                       "their cgroup is systemd's");
    if (c->oom_score_adj < 0 || c->oom_score_adj > 1000)
        return err_set(err, -EINVAL, "oom_score_adj must be between 0 and 1000");
    if (c->pids_limit < 0)
        return err_set(err, -EINVAL, "pids_limit must not be negative");
    if (!isempty(c->work_dir) && *c->work_dir != '/' && !has_prefix(c->work_dir, "${"))
        return err_set(err, -EINVAL, "work_dir must be an absolute path, not \"%s\"", c->work_dir);
    return 0;
}

static bool denied(const char *entry, const struct strs *names)
{
    size_t n = strcspn(entry, "=");
    for (size_t i = 0; i < names->n; i++) {
        const char *d = names->items[i];
        size_t len = strlen(d);
        bool prefix = len > 0 && d[len - 1] == '*';
        if (prefix ? n >= len - 1 && memcmp(entry, d, len - 1) == 0
                   : n == len && memcmp(entry, d, len) == 0)
            return true;
    }
    return false;
}

static const char *const *filter_env(struct arena *a, const char *const *env,
                                     const struct strs *names)
{
    size_t n = 0, k = 0;
    while (env && env[n])
        n++;
    const char **out = arena_array(a, const char *, n + 1);
    for (size_t i = 0; out && i < n; i++)
        if (!denied(env[i], names))
            out[k++] = env[i];
    return out;
}

static const char *env_value(const char *const *env, const char *name)
{
    size_t n = strlen(name);
    for (; env && *env; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
            return *env + n + 1;
    return NULL;
}

static int translate(const struct driver_host *h, const struct driver_task *t, const void *config,
                     struct arena *a, struct driver_unit *ret, struct err *err)
{
    const struct raw_exec_config *c = config;
    struct command_where where = {
        .root = h->root, .task_dir = t->task_dir, .path = env_value(t->env, "PATH")};
    int r =
        command_resolve(a, &where, c->command, &c->args, &ret->launch.path, &ret->launch.argv, err);
    if (r < 0)
        return r;
    if (c->denied_envvars.n > 0) {
        ret->launch.env = filter_env(a, t->env, &c->denied_envvars);
        if (!ret->launch.env)
            return -ENOMEM;
    }
    ret->launch.cwd = isempty(c->work_dir) ? t->task_dir : c->work_dir;
    if (!isempty(t->task->user))
        ret->spec.user = t->task->user;
    ret->spec.limits.tasks_max = (uint64_t)c->pids_limit;
    if (c->oom_score_adj) {
        ret->spec.set_oom_score_adjust = true;
        ret->spec.oom_score_adjust = (int)c->oom_score_adj;
    }
    return 0;
}

static const char *const required[] = {"command", NULL};

const struct driver raw_exec_driver = {
    .name = "raw_exec",
    .config = &raw_exec_schema,
    .required = required,
    .fingerprint = fingerprint,
    .validate = validate,
    .translate = translate,
};
