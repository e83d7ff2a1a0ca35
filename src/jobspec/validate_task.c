// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>

#include "jobspec/validate.h"

int checksum_parse(struct str text, const char **ret_type, struct str *ret_hex, struct err *err)
{
    static const struct {
        const char *name;
        size_t digits;
    } types[] = {{"md5", 32}, {"sha1", 40}, {"sha256", 64}, {"sha512", 128}};
    const char *colon = memchr(text.p, ':', text.n);
    if (!colon)
        return err_set(err, -EINVAL, "checksum \"%.*s\" must be given as \"type:value\"",
                       STR_ARG(text));
    struct str type = str_n(text.p, (size_t)(colon - text.p));
    struct str hex = str_n(colon + 1, text.n - type.n - 1);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (!str_eqz(type, types[i].name))
            continue;
        if (hex.n != types[i].digits)
            return err_set(err, -EINVAL,
                           "checksum \"%.*s\" has %zu hex digits, a %s digest has %zu",
                           STR_ARG(text), hex.n, types[i].name, types[i].digits);
        for (size_t k = 0; k < hex.n; k++)
            if (!isxdigit((unsigned char)hex.p[k]))
                return err_set(err, -EINVAL,
                               "checksum \"%.*s\" has a character that is no hex digit",
                               STR_ARG(text));
        *ret_type = types[i].name;
        *ret_hex = hex;
        return 0;
    }
    return err_set(err, -EINVAL, "checksum type \"%.*s\" is not known (md5, sha1, sha256, sha512)",
                   STR_ARG(type));
}

/* A relative path that climbs out of the task's directory. */
static bool escapes(const char *path)
{
    int depth = 0;
    if (path[0] == '/')
        path++;
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 2 && path[0] == '.' && path[1] == '.')
            depth--;
        else if (n && !(n == 1 && path[0] == '.'))
            depth++;
        if (depth < 0)
            return true;
        path += n + (path[n] == '/');
    }
    return false;
}

static void validate_artifacts(struct findings *f, const struct task *t)
{
    for (size_t i = 0; i < t->artifacts.n; i++) {
        const struct artifact *x = t->artifacts.items[i];
        const char *sum = smap_get(&x->options, "checksum"), *type;
        struct str hex;
        struct err err = {{0}};
        if (isempty(x->source))
            find(f, "Artifact %zu validation failed: source must be specified", i + 1);
        if (!streq(x->mode, "any") && !streq(x->mode, "file") && !streq(x->mode, "dir"))
            find(f,
                 "Artifact %zu validation failed: invalid artifact mode \"%s\"; must be one of: "
                 "file, dir, any",
                 i + 1, nonull(x->mode));
        if (escapes(nonull(x->destination)))
            find(f, "Artifact %zu validation failed: destination escapes allocation directory",
                 i + 1);
        /* A digest that is only known on the node cannot be judged here. */
        if (sum && !strstr(sum, "${") && checksum_parse(str_of(sum), &type, &hex, &err) < 0)
            find(f, "Artifact %zu validation failed: %s", i + 1, err.text);
    }
}

static void validate_resources(struct findings *f, const struct resources *r)
{
    if (r->cpu < 1 && !r->cores)
        find(f, "minimum CPU value is 1; got %lld", (long long)r->cpu);
    if (r->cores && r->cpu)
        find(f, "Task can only ask for 'cpu' or 'cores' resource, not both.");
    if (r->cores)
        find(f, "not supported yet: reserved cores");
    if (r->memory_mb < 10)
        find(f, "minimum MemoryMB value is 10; got %lld", (long long)r->memory_mb);
    if (r->memory_max_mb > 0 && r->memory_max_mb < r->memory_mb)
        find(f, "MemoryMaxMB value (%lld) should be larger than MemoryMB value (%lld)",
             (long long)r->memory_max_mb, (long long)r->memory_mb);
    if (r->devices.n)
        find(f, "not supported yet: devices");
    if (r->networks.n)
        find(f, "network belongs into the group, not into a task's resources");
}

static void validate_logs(struct findings *f, const struct log_config *l,
                          const struct ephemeral_disk *disk)
{
    int64_t total;
    if (!l)
        return;
    if (l->max_files < 1 || l->max_file_size_mb < 1)
        find(f, "minimum number of log files and their size in MB is 1; got %lld and %lld",
             (long long)l->max_files, (long long)l->max_file_size_mb);
    if (__builtin_mul_overflow(l->max_files, l->max_file_size_mb, &total))
        total = INT64_MAX;
    if (disk && total >= disk->size_mb)
        find(f, "log storage (%lld MB) must be less than requested disk capacity (%lld MB)",
             (long long)total, (long long)disk->size_mb);
}

static void validate_lifecycle(struct findings *f, const struct task *t)
{
    static const char *const hooks[] = {"prestart", "poststart", "poststop"};
    if (!t->lifecycle)
        return;
    for (size_t i = 0; i < ARRAY_LEN(hooks); i++)
        if (streq(t->lifecycle->hook, hooks[i]))
            return;
    find(f, "invalid lifecycle hook \"%s\" (prestart, poststart or poststop)",
         nonull(t->lifecycle->hook));
}

void validate_task(struct findings *f, const struct job *j, const struct task_group *g,
                   const struct task *t)
{
    if (isempty(t->name))
        find(f, "Missing task name");
    if (strpbrk(nonull(t->name), "/\\"))
        find(f, "Task name cannot include slashes");
    /* These are directories of the allocation. */
    if (streq(t->name, "alloc") || streq(t->name, ".") || streq(t->name, ".."))
        find(f, "Task name \"%s\" is reserved", t->name);
    if (strlen(nonull(t->name)) > 128)
        find(f, "Task name is longer than 128 bytes");
    if (isempty(t->driver))
        find(f, "Missing task driver");
    if (t->kill_timeout < 0)
        find(f, "KillTimeout must be a positive value");
    if (t->shutdown_delay < 0)
        find(f, "ShutdownDelay must be a positive value");
    if (t->resources)
        validate_resources(f, t->resources);
    validate_logs(f, t->logs, g->ephemeral_disk);
    if (t->templates.n)
        find(f, "not supported yet: template blocks");
    if (t->volume_mounts.n)
        find(f, "not supported yet: volume mounts");
    if (t->dispatch_payload)
        find(f, "not supported yet: dispatch_payload");
    validate_constraints(f, &t->constraints, true);
    validate_affinities(f, &t->affinities);
    validate_artifacts(f, t);
    validate_lifecycle(f, t);
}
