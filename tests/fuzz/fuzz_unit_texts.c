// SPDX-License-Identifier: Apache-2.0
/* Texts the unit manager and the relay read from elsewhere: unit names, object paths, CPU lists,
 * cgroup files, stream descriptors. What parses must print as something that parses alike. */
#include <assert.h>
#include <stdint.h>

#include "relay/descriptor.h"
#include "systemd/cgstat.h"
#include "systemd/limits.h"
#include "systemd/unit_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_names(struct str in)
{
    struct unit_name_parts p, again;
    struct uuid alloc = {{1}};
    if (unit_name_parse(in, &p) == 0)
        assert(p.kind == UNIT_NAME_SLICE || p.task_cut || p.task_len > 0);
    if (in.n && !memchr(in.p, '\0', in.n)) {
        struct unit_name n = unit_name_service(&alloc, in, 7);
        assert(unit_name_parse(str_of(n.z), &again) == 0);
        assert(again.task_cut || str_eq(str_n(again.task, again.task_len), in));
    }
}

static void fuzz_paths(struct str in)
{
    char path[UNIT_PATH_MAX], text[1024] = "/org/freedesktop/systemd1/unit/";
    struct unit_name n, again;
    size_t head = strlen(text), len = MIN(in.n, sizeof(text) - head - 1);
    memcpy(text + head, in.p, len);
    if (unit_name_of_path(text, &n) < 0)
        return;
    unit_path_of_name(n.z, path);
    assert(unit_name_of_path(path, &again) == 0 && streq(n.z, again.z));
}

static void fuzz_descriptor(struct str in)
{
    struct descriptor d, again;
    cleanup_buf struct buf b = {0};
    if (descriptor_parse(in, &d, NULL) < 0)
        return;
    descriptor_print(&d, &b);
    assert(descriptor_parse(buf_str(&b), &again, NULL) == 0 && streq(d.dir, again.dir));
    assert(streq(d.prefix, again.prefix) && d.max_file_size == again.max_file_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_n((const char *)data, size);
    struct cgstat_sample sample = {0};
    struct cpuset cpus;
    struct limits_wanted all;

    fuzz_names(in);
    fuzz_paths(in);
    fuzz_descriptor(in);
    if (cpuset_parse(in, &cpus) == 0)
        assert(cpus.n <= sizeof(cpus.mask));
    cgstat_parse_cpu(in, &sample);
    cgstat_parse_memory(in, &sample);
    cgstat_parse_events(in, &sample);
    limits_want(&(struct unit_limits){.memory_max = 1, .cpu_quota_usec = 1, .allowed_cpus = "1"},
                &all);
    for (size_t i = 0; i < limits_n_files(); i++)
        limits_applied(&all, i, in);
    return 0;
}
