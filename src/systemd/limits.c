// SPDX-License-Identifier: Apache-2.0
#include "systemd/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define PAGE 4096

void limits_want(const struct unit_limits *l, struct limits_wanted *ret)
{
    *ret = (struct limits_wanted){.l = *l};
    ret->l.allowed_cpus = NULL;
    ret->has_cpus =
        !isempty(l->allowed_cpus) && cpuset_parse(str_of(l->allowed_cpus), &ret->cpus) == 0;
}

static bool read_value(struct str s, uint64_t *ret)
{
    if (str_eqz(s, "max")) {
        *ret = UNIT_LIMIT_NONE;
        return true;
    }
    return parse_u64(s, ret) == 0;
}

static struct str next_word(struct str *s)
{
    size_t n = 0;
    while (n < s->n && !strchr(" \n", s->p[n]))
        n++;
    struct str w = str_n(s->p, n);
    size_t skip = MIN(n + 1, s->n);
    s->p += skip;
    s->n -= skip;
    return w;
}

static bool same_plain(struct str text, uint64_t want)
{
    uint64_t have;
    return read_value(next_word(&text), &have) && have == want;
}

static bool same_bytes(struct str text, uint64_t want)
{
    uint64_t have;
    if (!read_value(next_word(&text), &have))
        return false;
    return have == want || (want != UNIT_LIMIT_NONE && have / PAGE == want / PAGE);
}

/* "<quota> <period>"; systemd stretches the period of a very small quota and never goes below 1 ms.
 */
static bool same_quota(struct str text, uint64_t want)
{
    uint64_t quota, period;
    if (!read_value(next_word(&text), &quota) || !read_value(next_word(&text), &period) || !period)
        return false;
    if (want == UNIT_LIMIT_NONE || quota == UNIT_LIMIT_NONE)
        return want == quota;
    double asked = (double)want / 1e6, have = (double)quota / (double)period;
    return (have > asked * 0.98 && have < asked * 1.02) || quota <= 1000;
}

static bool same_io_weight(struct str text, uint64_t want)
{
    if (str_has_prefix(text, "default "))
        next_word(&text);
    return same_plain(text, want);
}

struct row {
    const char *file;
    unsigned controller;
    size_t offset;
    bool (*same)(struct str text, uint64_t want);
};
#define AT(field) offsetof(struct unit_limits, field)
static const struct row rows[] = {
    {"cpu.weight", LIMITS_CPU, AT(cpu_weight), same_plain},
    {"cpu.max", LIMITS_CPU, AT(cpu_quota_usec), same_quota},
    {"memory.low", LIMITS_MEMORY, AT(memory_low), same_bytes},
    {"memory.high", LIMITS_MEMORY, AT(memory_high), same_bytes},
    {"memory.max", LIMITS_MEMORY, AT(memory_max), same_bytes},
    {"memory.swap.max", LIMITS_MEMORY, AT(memory_swap_max), same_bytes},
    {"pids.max", LIMITS_PIDS, AT(tasks_max), same_plain},
    {"io.weight", LIMITS_IO, AT(io_weight), same_io_weight},
    {"cpuset.cpus", LIMITS_CPUSET, AT(allowed_cpus), NULL},
};

static uint64_t wanted_value(const struct limits_wanted *w, size_t i)
{
    uint64_t v;
    memcpy(&v, (const char *)&w->l + rows[i].offset, sizeof(v));
    return v;
}

static bool is_swap(size_t i)
{
    return rows[i].offset == AT(memory_swap_max);
}

size_t limits_n_files(void)
{
    return ARRAY_LEN(rows);
}

const char *limits_file(size_t i)
{
    return rows[i].file;
}

unsigned limits_controller_of(size_t i)
{
    return rows[i].controller;
}

bool limits_asks(const struct limits_wanted *w, size_t i)
{
    if (!rows[i].same)
        return w->has_cpus;
    return wanted_value(w, i) || (is_swap(i) && w->l.no_swap);
}

bool limits_any(const struct limits_wanted *w)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (limits_asks(w, i))
            return true;
    return false;
}

bool limits_applied(const struct limits_wanted *w, size_t i, struct str text)
{
    if (rows[i].same)
        return rows[i].same(text, is_swap(i) && w->l.no_swap ? 0 : wanted_value(w, i));
    struct cpuset have;
    return cpuset_parse(text, &have) == 0 && cpuset_eq(&have, &w->cpus);
}

static int read_file(const char *dir, const char *file, char *p, size_t size, struct str *ret)
{
    char path[1024];
    if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, p, size - 1);
    if (n < 0)
        return -errno;
    p[n] = '\0';
    while (n > 0 && p[n - 1] == '\n')
        p[--n] = '\0';
    *ret = str_n(p, (size_t)n);
    return 0;
}

static const char *controller_name(unsigned bit)
{
    switch (bit) {
    case LIMITS_CPU:
        return "cpu";
    case LIMITS_CPUSET:
        return "cpuset";
    case LIMITS_MEMORY:
        return "memory";
    case LIMITS_PIDS:
        return "pids";
    default:
        return "io";
    }
}

/* Kernels without swap accounting have no memory.swap.max: then there is nothing to limit. */
static bool absent_by_right(const char *cgroup, size_t i)
{
    char path[1024];
    if (!is_swap(i))
        return false;
    snprintf(path, sizeof(path), "%s/memory.max", cgroup);
    return access(path, F_OK) == 0;
}

int limits_check(const char *cgroup, const struct limits_wanted *w, unsigned *ret_missing,
                 struct err *err)
{
    unsigned missing = 0;
    size_t first = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char data[CPUSET_MAX];
        struct str text;
        if (!limits_asks(w, i))
            continue;
        int r = read_file(cgroup, rows[i].file, data, sizeof(data), &text);
        if (r < 0) {
            if (r == -ENODEV || access(cgroup, F_OK) < 0)
                return 0;
            if (absent_by_right(cgroup, i))
                continue;
            first = missing ? first : i;
            missing |= rows[i].controller;
        } else if (!limits_applied(w, i, text)) {
            return err_set(err, -EIO, "limit not applied: %s of %s is \"%s\"", rows[i].file, cgroup,
                           data);
        }
    }
    if (!missing)
        return 0;
    *ret_missing = missing;
    return err_set(err, -EOPNOTSUPP,
                   "limit not applied: there is no %s, this host's cgroup tree lacks the \"%s\" "
                   "controller",
                   rows[first].file, controller_name(rows[first].controller));
}
