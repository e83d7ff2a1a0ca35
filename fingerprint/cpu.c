// SPDX-License-Identifier: Apache-2.0
/* CPU model, number and speed. Offline CPUs do not count; ids may have holes. */
#include <errno.h>
#include <stdio.h>

#include "fingerprint/util.h"

/* "0-3,8" -> ids. */
static int parse_list(struct arena *a, const char *text, struct ints *ret)
{
    size_t cap = 0;
    for (const char *p = text; *p && *p != '\n';) {
        char *end;
        long from = strtol(p, &end, 10), to = from;
        if (end == p)
            return -EINVAL;
        if (*end == '-') {
            p = end + 1;
            to = strtol(p, &end, 10);
        }
        if (from < 0 || to < from || to > 65535)
            return -EINVAL;
        for (long id = from; id <= to; id++) {
            if (ret->n == cap) {
                cap = cap ? cap * 2 : 64;
                int64_t *items = arena_array(a, int64_t, cap);
                if (!items)
                    return -ENOMEM;
                if (ret->n > 0)
                    memcpy(items, ret->items, ret->n * sizeof(*items));
                ret->items = items;
            }
            ret->items[ret->n++] = id;
        }
        p = *end == ',' ? end + 1 : end;
        if (*end && *end != ',' && *end != '\n')
            return -EINVAL;
    }
    return ret->n > 0 ? 0 : -EINVAL;
}

static size_t count_processors(const char *cpuinfo)
{
    size_t n = 0;
    for (const char *p = cpuinfo; (p = strstr(p, "processor")); p++)
        n += p == cpuinfo || p[-1] == '\n';
    return n;
}

static int online(const struct fingerprint_input *in, struct arena *a, const char *cpuinfo,
                  struct ints *ret)
{
    const char *list;
    if (fp_read(in, a, "/sys/devices/system/cpu/online", &list) == 0 &&
        parse_list(a, list, ret) == 0)
        return 0;
    size_t n = count_processors(cpuinfo);
    *ret = (struct ints){arena_array(a, int64_t, MAX(n, 1)), n};
    for (size_t i = 0; ret->items && i < n; i++)
        ret->items[i] = (int64_t)i;
    return n > 0 ? 0 : -ENOENT;
}

/* MHz of one CPU: base frequency, else maximum, else what the kernel measured at boot. */
static int64_t speed_of(const struct fingerprint_input *in, struct arena *a, int64_t cpu,
                        const char *cpuinfo)
{
    static const char *const files[] = {"base_frequency", "cpuinfo_max_freq"};
    char path[128];
    int64_t khz;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%lld/cpufreq/%s", (long long)cpu,
                 files[i]);
        if (fp_read_int(in, a, path, &khz) == 0 && khz > 0)
            return khz / 1000;
    }
    const char *mhz = fp_value(a, cpuinfo, "cpu MHz", ':');
    return mhz ? (int64_t)(strtod(mhz, NULL) + 0.5) : 0;
}

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    const char *cpuinfo = "";
    struct ints ids = {0};
    (void)fp_read(in, a, "/proc/cpuinfo", &cpuinfo);
    int r = online(in, a, cpuinfo, &ids);
    struct node_cpu *cpu = model_new(&node_cpu_schema, a);
    if (!cpu || r == -ENOMEM)
        return -ENOMEM;
    if (r < 0 && in->cpu_total <= 0)
        return err_set(err, r, "no CPU found");
    int64_t total = 0, top = 0;
    for (size_t i = 0; i < ids.n; i++) {
        int64_t mhz = speed_of(in, a, ids.items[i], cpuinfo);
        total += mhz;
        top = MAX(top, mhz);
    }
    if (in->cpu_total > 0)
        total = in->cpu_total;
    else if (total <= 0) /* virtual machines of some kinds tell no speed */
        total = (top = 1000) * (int64_t)ids.n;
    const char *model = fp_value(a, cpuinfo, "model name", ':');
    cpu->shares = total;
    cpu->total_cores = (int64_t)ids.n;
    cpu->reservable_cores = ids;
    n->resources->cpu = cpu;
    if ((model && fp_set(a, n, "cpu.modelname", "%s", model) < 0) ||
        (top > 0 && fp_set(a, n, "cpu.frequency", "%lld", (long long)top) < 0) ||
        fp_set(a, n, "cpu.numcores", "%zu", ids.n) < 0 ||
        fp_set(a, n, "cpu.reservablecores", "%zu", ids.n) < 0 ||
        fp_set(a, n, "cpu.usablecompute", "%lld", (long long)total) < 0)
        return -ENOMEM;
    return fp_set(a, n, "cpu.totalcompute", "%lld", (long long)total);
}

const struct fingerprinter fingerprint_cpu = {"cpu", run};
