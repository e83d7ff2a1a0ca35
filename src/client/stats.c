// SPDX-License-Identifier: Apache-2.0
/* Allocations.Stats and ClientStats.Stats: readings of cgroups and /proc at the moment of asking.
 * CPU shares of a second need two readings: the rate since the last question is given. */
#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/vec.h"
#include "client/client_internal.h"
#include "client/client_methods.h"
#include "client/stats.h"
#include "systemd/cgstat.h"

/* ---- building values ---- */

struct object {
    struct arena *a;
    struct val_entry items[16];
    size_t n;
};

static void put(struct object *o, const char *key, struct val v)
{
    assert(o->n < ARRAY_LEN(o->items));
    o->items[o->n++] = (struct val_entry){str_of(key), v};
}

static void put_num(struct object *o, const char *key, double v)
{
    put(o, key, val_num(v));
}

static struct val object_val(struct object *o)
{
    struct val_entry *e = arena_memdup(o->a, o->items, o->n * sizeof(*e));
    return e ? val_map_of(e, o->n) : val_null();
}

static struct val names(struct arena *a, const char *const *items, size_t n)
{
    struct val *v = arena_array(a, struct val, n + 1);
    for (size_t i = 0; v && i < n; i++)
        v[i] = val_str(str_of(items[i]));
    return v ? (struct val){.type = VAL_LIST, .list = {v, n}} : val_null();
}

/* ---- pure part ---- */

void stats_rate(struct stats_cpu *cpu, uint64_t usec, nsec_t now, double mhz_total, double cores)
{
    cpu->percent = cpu->ticks = 0;
    if (cpu->at > 0 && now > cpu->at && usec >= cpu->usec) {
        double share = (double)(usec - cpu->usec) * 1000.0 / (double)(now - cpu->at);
        cpu->percent = share * 100;
        cpu->ticks = cores > 0 ? share * mhz_total / cores : 0;
    }
    if (now > cpu->at) {
        cpu->usec = usec;
        cpu->at = now;
    }
}

struct val stats_usage(struct arena *a, const struct cgstat_sample *s, const struct stats_cpu *cpu)
{
    static const char *const mem[] = {"RSS", "Cache", "Swap", "Usage", "Max Usage", "Kernel Usage"};
    static const char *const cpu_names[] = {"Throttled Periods", "Throttled Time", "Percent"};
    struct object m = {.a = a}, c = {.a = a}, u = {.a = a};
    put_num(&m, "RSS", (double)s->mem_anon);
    put_num(&m, "Cache", (double)s->mem_file);
    put_num(&m, "Swap", (double)s->mem_swap);
    put_num(&m, "MappedFile", 0);
    put_num(&m, "Usage", (double)s->mem_current);
    put_num(&m, "MaxUsage", (double)s->mem_peak);
    put_num(&m, "KernelUsage", (double)s->mem_kernel);
    put_num(&m, "KernelMaxUsage", 0);
    put(&m, "Measured", names(a, mem, s->have & CGSTAT_MEMORY ? ARRAY_LEN(mem) : 0));
    put_num(&c, "SystemMode", 0);
    put_num(&c, "UserMode", 0);
    put_num(&c, "TotalTicks", cpu->ticks);
    put_num(&c, "ThrottledPeriods", (double)s->cpu_throttled_periods);
    put_num(&c, "ThrottledTime", (double)s->cpu_throttled_usec * 1000);
    put_num(&c, "Percent", cpu->percent);
    put(&c, "Measured", names(a, cpu_names, s->have & CGSTAT_CPU ? ARRAY_LEN(cpu_names) : 0));
    put(&u, "MemoryStats", object_val(&m));
    put(&u, "CpuStats", object_val(&c));
    put(&u, "DeviceStats", names(a, NULL, 0));
    return object_val(&u);
}

/* ---- allocations ---- */

static void add_sample(struct cgstat_sample *sum, const struct cgstat_sample *s)
{
    sum->have |= s->have;
    sum->mem_anon += s->mem_anon;
    sum->mem_file += s->mem_file;
    sum->mem_swap += s->mem_swap;
    sum->mem_current += s->mem_current;
    sum->mem_peak += s->mem_peak;
    sum->mem_kernel += s->mem_kernel;
    sum->cpu_throttled_periods += s->cpu_throttled_periods;
    sum->cpu_throttled_usec += s->cpu_throttled_usec;
}

static int sample_task(struct task_runner *tr, struct cgstat_sample *ret)
{
    if (!tr->unit.z[0])
        return -ENOENT;
    cleanup_buf struct buf b = {0};
    struct unit_name slice = unit_name_slice(&tr->ar->id);
    buf_printf(&b, "%s/", units_cgroup_root());
    unit_cgroup_path(&b, slice.z, tr->unit.z);
    struct cgstat *cg = NULL;
    int r = b.failed ? -ENOMEM : cgstat_open(b.p, &cg);
    if (r == 0)
        r = cgstat_read(cg, ret);
    cgstat_free(cg);
    return r;
}

void client_alloc_stats(void *impl, struct rpc_call *call)
{
    struct client *c = impl;
    const struct alloc_args *args = call->args;
    struct alloc_runner *ar = client_find(c, &args->alloc_id);
    if (!ar) {
        rpc_fail(call, 404, "unknown allocation \"%s\"", UUID_Z(&args->alloc_id));
        return;
    }
    nsec_t now = now_wall();
    const struct node_cpu *cpu = c->node->resources->cpu;
    struct cgstat_sample sum = {0};
    struct stats_cpu all = {0};
    struct val_entry *tasks = arena_array(call->arena, struct val_entry, ar->n_tasks + 1);
    size_t n = 0;
    for (size_t i = 0; tasks && i < ar->n_tasks; i++) {
        struct task_runner *tr = &ar->tasks[i];
        struct cgstat_sample s = {0};
        if (sample_task(tr, &s) < 0)
            continue;
        stats_rate(&tr->cpu, s.cpu_usec, now, cpu ? (double)cpu->shares : 0,
                   cpu ? (double)cpu->total_cores : 0);
        add_sample(&sum, &s);
        all.percent += tr->cpu.percent;
        all.ticks += tr->cpu.ticks;
        struct object o = {.a = call->arena};
        put(&o, "ResourceUsage", stats_usage(call->arena, &s, &tr->cpu));
        put(&o, "Timestamp", val_int(now));
        put(&o, "Pids", val_null());
        tasks[n++] =
            (struct val_entry){str_of(arena_strdup(call->arena, tr->task->name)), object_val(&o)};
    }
    struct stats_reply *reply = rpc_reply(call);
    struct object o = {.a = call->arena};
    put(&o, "ResourceUsage", stats_usage(call->arena, &sum, &all));
    put(&o, "Tasks", val_map_of(tasks, n));
    put(&o, "Timestamp", val_int(now));
    reply->stats = object_val(&o);
    rpc_finish(call);
}

/* ---- the host ---- */

static uint64_t meminfo(const char *text, const char *key)
{
    const char *p = strstr(text, key);
    return p ? strtoull(p + strlen(key), NULL, 10) * 1024 : 0;
}

static size_t read_text(const char *path, char *buf, size_t cap)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(buf, 1, cap - 1, f) : 0;
    if (f)
        fclose(f);
    buf[n] = 0;
    return n;
}

static struct val host_memory(struct arena *a)
{
    char text[8192];
    struct object o = {.a = a};
    read_text("/proc/meminfo", text, sizeof(text));
    uint64_t total = meminfo(text, "MemTotal:"), available = meminfo(text, "MemAvailable:");
    put_num(&o, "Total", (double)total);
    put_num(&o, "Available", (double)available);
    put_num(&o, "Used", (double)(total - available));
    put_num(&o, "Free", (double)meminfo(text, "MemFree:"));
    return object_val(&o);
}

/* Jiffies of each "cpuN" line since boot, as percent of their sum. */
static struct val host_cpus(struct arena *a)
{
    char text[65536];
    VEC(struct val) list = {0};
    read_text("/proc/stat", text, sizeof(text));
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
        int id;
        unsigned long long user, nice_, sys, idle, iowait, irq, soft;
        if (sscanf(p, "cpu%d %llu %llu %llu %llu %llu %llu %llu", &id, &user, &nice_, &sys, &idle,
                   &iowait, &irq, &soft) != 8 ||
            strncmp(p, "cpu ", 4) == 0)
            continue;
        double all = (double)(user + nice_ + sys + idle + iowait + irq + soft);
        struct object o = {.a = a};
        put(&o, "CPU", val_str(str_of(arena_printf(a, "cpu%d", id))));
        put_num(&o, "User", all > 0 ? (double)(user + nice_) * 100 / all : 0);
        put_num(&o, "System", all > 0 ? (double)(sys + irq + soft) * 100 / all : 0);
        put_num(&o, "Idle", all > 0 ? (double)(idle + iowait) * 100 / all : 0);
        put_num(&o, "Total", all > 0 ? 100 - (double)(idle + iowait) * 100 / all : 0);
        if (vec_push(&list, object_val(&o)) < 0)
            break;
    }
    struct val *items = arena_memdup(a, list.items, list.n * sizeof(*items));
    struct val v = {.type = VAL_LIST, .list = {items, items ? list.n : 0}};
    vec_free(&list);
    return v;
}

static struct val disk_stats(struct arena *a, const struct client *c)
{
    struct statvfs v;
    struct object o = {.a = a};
    const char *dir = c->config.alloc_dir;
    if (statvfs(dir, &v) < 0 && statvfs(dir = c->config.data_dir, &v) < 0)
        return val_null();
    double size = (double)v.f_blocks * (double)v.f_frsize,
           free_ = (double)v.f_bavail * (double)v.f_frsize;
    const char *device = smap_get(&c->node->attributes, "unique.storage.volume");
    put(&o, "Device", val_str(str_of(nonull(device))));
    put(&o, "Mountpoint", val_str(str_of(dir)));
    put_num(&o, "Size", size);
    put_num(&o, "Available", free_);
    put_num(&o, "Used", size - free_);
    put_num(&o, "UsedPercent", size > 0 ? (size - free_) * 100 / size : 0);
    put_num(&o, "InodesUsedPercent",
            v.f_files ? (double)(v.f_files - v.f_ffree) * 100 / (double)v.f_files : 0);
    return object_val(&o);
}

void client_host_stats(void *impl, struct rpc_call *call)
{
    struct client *c = impl;
    char text[64];
    struct object o = {.a = call->arena};
    struct val *disks = arena_array(call->arena, struct val, 1);
    if (!disks) {
        rpc_fail(call, 500, "out of memory");
        return;
    }
    disks[0] = disk_stats(call->arena, c);
    read_text("/proc/uptime", text, sizeof(text));
    put(&o, "Memory", host_memory(call->arena));
    put(&o, "CPU", host_cpus(call->arena));
    put(&o, "DiskStats", (struct val){.type = VAL_LIST, .list = {disks, 1}});
    put(&o, "AllocDirStats", disks[0]);
    put(&o, "DeviceStats", names(call->arena, NULL, 0));
    put_num(&o, "Uptime", (double)(uint64_t)strtod(text, NULL));
    put_num(&o, "CPUTicksConsumed", 0);
    put(&o, "Timestamp", val_int(now_wall()));
    struct stats_reply *reply = rpc_reply(call);
    reply->stats = object_val(&o);
    rpc_finish(call);
}
