// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "fingerprint/util.h"

/* The device the directory is mounted from: the longest mount point above it. */
static const char *volume_of(const struct fingerprint_input *in, struct arena *a, const char *dir)
{
    const char *text, *best = NULL;
    size_t best_len = 0;
    if (fp_read(in, a, "/proc/self/mounts", &text) < 0)
        return NULL;
    for (const char *p = text; *p;) {
        size_t dev = strcspn(p, " \n");
        const char *mount = p + dev + (p[dev] == ' ');
        size_t len = strcspn(mount, " \n"), cmp = len == 1 && *mount == '/' ? 0 : len;
        if (strncmp(dir, mount, cmp) == 0 && (dir[cmp] == '/' || !dir[cmp]) && len >= best_len) {
            best = arena_strndup(a, p, dev);
            best_len = len;
        }
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    return best;
}

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    struct statvfs v;
    if (statvfs(in->alloc_dir, &v) < 0)
        return err_errno(err, -errno, "%s", in->alloc_dir);
    uint64_t unit = v.f_frsize, total = v.f_blocks * unit, avail = v.f_bavail * unit;
    struct node_disk *d = model_new(&node_disk_schema, a);
    if (!d)
        return -ENOMEM;
    d->mb = (int64_t)(avail >> 20);
    n->resources->disk = d;
    const char *volume = volume_of(in, a, in->alloc_dir);
    if ((volume && fp_set(a, n, "unique.storage.volume", "%s", volume) < 0) ||
        fp_set(a, n, "unique.storage.bytestotal", "%llu", (unsigned long long)total) < 0)
        return -ENOMEM;
    return fp_set(a, n, "unique.storage.bytesfree", "%llu", (unsigned long long)avail);
}

const struct fingerprinter fingerprint_storage = {"storage", run};
