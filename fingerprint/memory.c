// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "fingerprint/util.h"

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    const char *text;
    int64_t bytes = in->memory_total_mb << 20;
    if (bytes <= 0) {
        int r = fp_read(in, a, "/proc/meminfo", &text);
        const char *kb = r < 0 ? NULL : fp_value(a, text, "MemTotal", ':');
        if (!kb || parse_i64(str_n(kb, strspn(kb, "0123456789")), &bytes) < 0)
            return err_set(err, -ENODATA, "no MemTotal in /proc/meminfo");
        bytes *= 1024;
    }
    struct node_memory *m = model_new(&node_memory_schema, a);
    if (!m)
        return -ENOMEM;
    m->mb = bytes >> 20;
    n->resources->memory = m;
    return fp_set(a, n, "memory.totalbytes", "%lld", (long long)bytes);
}

const struct fingerprinter fingerprint_memory = {"memory", run};
