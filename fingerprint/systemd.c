// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fingerprint/util.h"

/* The library the manager is linked with carries its version in its name. */
static int manager_version(const struct fingerprint_input *in, struct arena *a)
{
    const char *dirs[] = {"/usr/lib/systemd", "/lib/systemd"};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
        for (int v = 999; v >= 240; v--) {
            char path[512];
            struct stat st;
            snprintf(path, sizeof(path), "%s%s/libsystemd-shared-%d.so", nonull(in->root), dirs[i],
                     v);
            if (stat(path, &st) == 0)
                return v;
        }
    (void)a;
    return -ENOENT;
}

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof(path), "%s/run/systemd/system", nonull(in->root));
    if (stat(path, &st) < 0)
        return err_set(err, -ENOENT, "systemd is not the first process");
    int v = manager_version(in, a);
    return fp_set(a, n, "systemd.version", v > 0 ? "%d" : "unknown", v);
}

const struct fingerprinter fingerprint_systemd = {"systemd", run};
