// SPDX-License-Identifier: Apache-2.0
#include "systemd/unit_spec.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/str.h"
#include "systemd/cpuset.h"
#include "systemd/unit_name.h"

static int check_text(const char *field, const char *z, struct err *err)
{
    if (z && strchr(z, '\n'))
        return err_set(err, -EINVAL, "%s: must not contain a newline", field);
    return 0;
}

static int check_path(const char *field, const char *path, struct err *err)
{
    if (isempty(path))
        return 0;
    if (path[0] != '/')
        return err_set(err, -EINVAL, "%s: \"%s\" is not an absolute path", field, path);
    return check_text(field, path, err);
}

static int check_paths(const char *field, const char *const *paths, struct err *err)
{
    int r = 0;
    for (; paths && *paths && r == 0; paths++)
        r = check_path(field, *paths, err);
    return r;
}

static int check_weight(const char *field, uint64_t w, struct err *err)
{
    if (w > 10000)
        return err_set(err, -EINVAL, "%s: %llu is not within 1 and 10000", field,
                       (unsigned long long)w);
    return 0;
}

static int check_limits(const struct unit_limits *l, struct err *err)
{
    int r = check_weight("cpu weight", l->cpu_weight, err);
    if (r == 0)
        r = check_weight("io weight", l->io_weight, err);
    if (r == 0 && !isempty(l->allowed_cpus)) {
        struct cpuset set;
        r = cpuset_parse(str_of(l->allowed_cpus), &set);
        if (r < 0)
            return err_set(err, r, "allowed cpus: \"%s\" is not a list such as \"0-3,7\"",
                           l->allowed_cpus);
    }
    return r;
}

static int check_sandbox(const struct unit_sandbox *s, struct err *err)
{
    int r = check_path("root directory", s->root_directory, err);
    for (size_t i = 0; i < s->n_binds && r == 0; i++) {
        r = check_path("bind source", s->binds[i].src, err);
        if (r == 0)
            r = check_path("bind destination", s->binds[i].dst, err);
        if (r == 0 && (isempty(s->binds[i].src) || isempty(s->binds[i].dst)))
            r = err_set(err, -EINVAL, "bind: source and destination are required");
    }
    for (size_t i = 0; i < s->n_tmpfs && r == 0; i++)
        r = check_path("tmpfs", s->tmpfs[i].a, err);
    for (size_t i = 0; i < s->n_devices && r == 0; i++)
        r = check_text("device", s->devices[i].a, err);
    if (r == 0)
        r = check_paths("read-only path", s->read_only_paths, err);
    if (r == 0)
        r = check_paths("read-write path", s->read_write_paths, err);
    if (r == 0)
        r = check_paths("inaccessible path", s->inaccessible_paths, err);
    if (r == 0)
        r = check_path("network namespace", s->network_namespace_path, err);
    return r < 0 ? r : check_path("ipc namespace", s->ipc_namespace_path, err);
}

static int check_service(const struct unit_spec *s, struct err *err)
{
    if (isempty(s->exec))
        return err_set(err, -EINVAL, "unit \"%s\": no program to run", s->name);
    if (s->kill_signal < 0 || s->kill_signal >= NSIG)
        return err_set(err, -EINVAL, "kill signal: %d is not a signal", s->kill_signal);
    if (s->kill_timeout < 0 || s->runtime_max < 0)
        return err_set(err, -EINVAL, "unit \"%s\": a negative timeout", s->name);
    if (s->set_oom_score_adjust && (s->oom_score_adjust < -1000 || s->oom_score_adjust > 1000))
        return err_set(err, -EINVAL, "oom score: %d is not within -1000 and 1000",
                       s->oom_score_adjust);
    if (s->nice < -20 || s->nice > 19)
        return err_set(err, -EINVAL, "nice: %d is not within -20 and 19", s->nice);
    int r = check_path("program", s->exec, err);
    if (r == 0)
        r = check_path("working directory", s->working_directory, err);
    if (r == 0)
        r = check_text("user", s->user, err);
    if (r == 0)
        r = check_text("group", s->group, err);
    return r < 0 ? r : check_sandbox(&s->sandbox, err);
}

int unit_spec_check(const struct unit_spec *s, struct err *err)
{
    bool service = has_suffix(s->name, ".service");
    if (isempty(s->name) || strlen(s->name) > UNIT_NAME_MAX ||
        (!service && !has_suffix(s->name, ".slice")))
        return err_set(err, -EINVAL,
                       "unit name: \"%s\" is not a service or slice of at most %d bytes",
                       nonull(s->name), UNIT_NAME_MAX);
    if (!isempty(s->slice) && !has_suffix(s->slice, ".slice"))
        return err_set(err, -EINVAL, "slice: \"%s\" does not end in .slice", s->slice);
    int r = check_text("description", s->description, err);
    if (r == 0)
        r = check_limits(&s->limits, err);
    return r < 0 || !service ? r : check_service(s, err);
}
