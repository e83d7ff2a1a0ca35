// SPDX-License-Identifier: Apache-2.0
/* Fingerprints of invented hosts: trees of /proc, /sys and /etc in a temporary directory. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "fingerprint/fingerprint.h"
#include "tests/unit/cmocka_all.h"

static char base[64];

static int set_up(void **state)
{
    log_threshold = LOGL_MAX;
    snprintf(base, sizeof(base), "/tmp/nomad-fp-XXXXXX");
    return mkdtemp(base) ? 0 : -1;
}

static int tear_down(void **state)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf %s", base);
    return system(cmd);
}

static void put(const char *host, const char *path, const char *content)
{
    char cmd[512], full[512];
    snprintf(full, sizeof(full), "%s/%s%s", base, host, path);
    snprintf(cmd, sizeof(cmd), "mkdir -p \"$(dirname %s)\"", full);
    assert_int_equal(system(cmd), 0);
    FILE *f = fopen(full, "we");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static struct node *look(struct arena *a, const char *host, struct fingerprint_input in)
{
    struct node *n = model_new(&node_schema, a);
    in.root = arena_printf(a, "%s/%s", base, host);
    in.alloc_dir = "/tmp";
    assert_int_equal(fingerprint_all(&in, a, n, NULL), 0);
    return n;
}

static const char *attr(const struct node *n, const char *key)
{
    return nonull(smap_get(&n->attributes, key));
}

static void a_usual_host_is_described(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    put("h1", "/proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast CPU\ncpu MHz\t\t: 2499.998\n");
    put("h1", "/sys/devices/system/cpu/online", "0-3\n");
    put("h1", "/sys/devices/system/cpu/cpu0/cpufreq/base_frequency", "2000000\n");
    put("h1", "/proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\n");
    put("h1", "/etc/os-release", "NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n");
    put("h1", "/etc/debian_version", "12.11\n");
    put("h1", "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory pids\n");
    put("h1", "/run/systemd/system/x", "");
    put("h1", "/usr/lib/systemd/libsystemd-shared-252.so", "");
    struct node *n = look(a, "h1", (struct fingerprint_input){.version = "1.0.18"});
    assert_string_equal(attr(n, "cpu.modelname"), "Fast CPU");
    assert_string_equal(attr(n, "cpu.numcores"), "4");
    assert_string_equal(attr(n, "cpu.frequency"), "2500");
    assert_string_equal(attr(n, "cpu.totalcompute"), "9500");
    assert_int_equal(n->resources->cpu->shares, 9500);
    assert_string_equal(attr(n, "memory.totalbytes"), "8192000000");
    assert_int_equal(n->resources->memory->mb, 7812);
    assert_string_equal(attr(n, "os.name"), "debian");
    assert_string_equal(attr(n, "os.version"), "12.11");
    assert_string_equal(attr(n, "os.cgroups.version"), "2");
    assert_string_equal(attr(n, "os.cgroups.controllers"), "cpuset,cpu,memory,pids");
    assert_string_equal(attr(n, "systemd.version"), "252");
    assert_string_equal(attr(n, "kernel.name"), "linux");
    assert_string_equal(attr(n, "nomad.version"), "1.0.18");
    assert_true(n->resources->disk->mb > 0);
}

static void odd_cpu_lists_and_hybrid_trees_are_read(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    put("h2", "/sys/devices/system/cpu/online", "0,2-3,64\n");
    put("h2", "/proc/cpuinfo", "processor : 0\nprocessor : 2\n");
    put("h2", "/sys/fs/cgroup/unified/cgroup.controllers", "\n");
    struct node *n = look(a, "h2", (struct fingerprint_input){0});
    assert_string_equal(attr(n, "cpu.numcores"), "4");
    assert_int_equal(n->resources->cpu->reservable_cores.items[3], 64);
    assert_string_equal(attr(n, "cpu.totalcompute"), "4000");
    assert_string_equal(attr(n, "os.cgroups.version"), "1");
    assert_string_equal(attr(n, "memory.totalbytes"), "");
}

static void broken_files_stop_nothing(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    put("h3", "/sys/devices/system/cpu/online", "0-zz\n");
    put("h3", "/proc/cpuinfo", "processor : 0\ncpu MHz : rubbish\n");
    put("h3", "/proc/meminfo", "MemTotal: lots\n");
    struct node *n = look(a, "h3", (struct fingerprint_input){.memory_total_mb = 512});
    assert_string_equal(attr(n, "cpu.numcores"), "1");
    assert_int_equal(n->resources->memory->mb, 512);
    n = look(a, "h4", (struct fingerprint_input){.cpu_total = 700});
    assert_int_equal(n->resources->cpu->shares, 700);
}

static void the_real_host_has_an_address(void **state)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct node *n = model_new(&node_schema, a);
    struct fingerprint_input in = {.alloc_dir = "/tmp", .interface = "lo"};
    assert_int_equal(fingerprint_all(&in, a, n, NULL), 0);
    assert_string_equal(attr(n, "unique.network.ip-address"), "127.0.0.1");
    assert_string_equal(((struct network_resource *)n->resources->networks.items[0])->cidr,
                        "127.0.0.1/32");
    assert_true(*attr(n, "cpu.arch") && *attr(n, "unique.storage.bytesfree"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usual_host_is_described),
        cmocka_unit_test(odd_cpu_lists_and_hybrid_trees_are_read),
        cmocka_unit_test(broken_files_stop_nothing),
        cmocka_unit_test(the_real_host_has_an_address),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
