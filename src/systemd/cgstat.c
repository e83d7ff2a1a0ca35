// SPDX-License-Identifier: Apache-2.0
#include "systemd/cgstat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { F_CPU, F_MEM_CURRENT, F_MEM_STAT, F_MEM_PEAK, F_MEM_SWAP, F_MEM_EVENTS, F_PIDS, F_MAX };

static const char *const file_names[F_MAX] = {
    [F_CPU] = "cpu.stat",
    [F_MEM_CURRENT] = "memory.current",
    [F_MEM_STAT] = "memory.stat",
    [F_MEM_PEAK] = "memory.peak",
    [F_MEM_SWAP] = "memory.swap.current",
    [F_MEM_EVENTS] = "memory.events",
    [F_PIDS] = "pids.current",
};

struct cgstat {
    int fds[F_MAX]; /* -1: the controller is not there */
    uint64_t highest;
};

struct key {
    const char *name;
    size_t offset;
};
#define KEY(name, field)                                                                           \
    {                                                                                              \
        name, offsetof(struct cgstat_sample, field)                                                \
    }

static void set_key(const struct key *keys, size_t n_keys, struct str name, uint64_t v,
                    struct cgstat_sample *s)
{
    for (size_t i = 0; i < n_keys; i++)
        if (str_eqz(name, keys[i].name))
            memcpy((char *)s + keys[i].offset, &v, sizeof(v));
}

/* Lines "name number". */
static void parse_keys(struct str text, const struct key *keys, size_t n_keys,
                       struct cgstat_sample *s)
{
    while (text.n) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl ? (size_t)(nl - text.p) : text.n;
        const char *space = memchr(text.p, ' ', n);
        uint64_t v;
        if (space) {
            size_t k = (size_t)(space - text.p);
            if (parse_u64(str_n(space + 1, n - k - 1), &v) == 0)
                set_key(keys, n_keys, str_n(text.p, k), v, s);
        }
        text.p += n + (nl != NULL);
        text.n -= n + (nl != NULL);
    }
}

void cgstat_parse_cpu(struct str text, struct cgstat_sample *s)
{
    static const struct key keys[] = {
        KEY("usage_usec", cpu_usec),
        KEY("user_usec", cpu_user_usec),
        KEY("system_usec", cpu_system_usec),
        KEY("nr_periods", cpu_periods),
        KEY("nr_throttled", cpu_throttled_periods),
        KEY("throttled_usec", cpu_throttled_usec),
    };
    parse_keys(text, keys, ARRAY_LEN(keys), s);
}

void cgstat_parse_memory(struct str text, struct cgstat_sample *s)
{
    static const struct key keys[] = {KEY("anon", mem_anon), KEY("file", mem_file),
                                      KEY("kernel", mem_kernel)};
    parse_keys(text, keys, ARRAY_LEN(keys), s);
}

void cgstat_parse_events(struct str text, struct cgstat_sample *s)
{
    static const struct key keys[] = {KEY("oom", oom), KEY("oom_kill", oom_kill)};
    parse_keys(text, keys, ARRAY_LEN(keys), s);
}

int cgstat_open(const char *path, struct cgstat **ret)
{
    cleanup_fd int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    struct cgstat *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    for (size_t i = 0; i < F_MAX; i++)
        c->fds[i] = openat(dir, file_names[i], O_RDONLY | O_CLOEXEC);
    *ret = c;
    return 0;
}

struct cgstat *cgstat_free(struct cgstat *c)
{
    for (size_t i = 0; c && i < F_MAX; i++)
        if (c->fds[i] >= 0)
            close(c->fds[i]);
    free(c);
    return NULL;
}

/* 1: read; 0: no such file; -ENODEV: the cgroup was removed. */
static int read_text(struct cgstat *c, size_t file, char *data, size_t size, struct str *ret)
{
    if (c->fds[file] < 0)
        return 0;
    ssize_t n = pread(c->fds[file], data, size, 0);
    if (n < 0)
        return errno == ENODEV ? -ENODEV : 0;
    while (n > 0 && data[n - 1] == '\n')
        n--;
    *ret = str_n(data, (size_t)n);
    return 1;
}

static int read_number(struct cgstat *c, size_t file, unsigned bit, uint64_t *field,
                       struct cgstat_sample *s)
{
    char data[32];
    struct str text;
    int r = read_text(c, file, data, sizeof(data), &text);
    if (r > 0 && parse_u64(text, field) == 0)
        s->have |= bit;
    return r < 0 ? r : 0;
}

static int read_keys(struct cgstat *c, size_t file, unsigned bit,
                     void (*parse)(struct str text, struct cgstat_sample *s),
                     struct cgstat_sample *s)
{
    char data[8192];
    struct str text;
    int r = read_text(c, file, data, sizeof(data), &text);
    if (r > 0) {
        parse(text, s);
        s->have |= bit;
    }
    return r < 0 ? r : 0;
}

int cgstat_read(struct cgstat *c, struct cgstat_sample *ret)
{
    struct cgstat_sample s = {.have = 0};
    int r = read_keys(c, F_CPU, CGSTAT_CPU, cgstat_parse_cpu, &s);
    if (r == 0)
        r = read_number(c, F_MEM_CURRENT, CGSTAT_MEMORY, &s.mem_current, &s);
    if (r == 0)
        r = read_keys(c, F_MEM_STAT, 0, cgstat_parse_memory, &s);
    if (r == 0)
        r = read_number(c, F_MEM_PEAK, CGSTAT_PEAK, &s.mem_peak, &s);
    if (r == 0)
        r = read_number(c, F_MEM_SWAP, CGSTAT_SWAP, &s.mem_swap, &s);
    if (r == 0)
        r = read_keys(c, F_MEM_EVENTS, CGSTAT_EVENTS, cgstat_parse_events, &s);
    if (r == 0)
        r = read_number(c, F_PIDS, CGSTAT_PIDS, &s.pids, &s);
    if (r < 0)
        return r;
    c->highest = MAX(c->highest, s.mem_current);
    if (!(s.have & CGSTAT_PEAK))
        s.mem_peak = c->highest;
    *ret = s;
    return 0;
}
