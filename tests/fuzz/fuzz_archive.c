// SPDX-License-Identifier: Apache-2.0
/* Any bytes as an archive of each kind: nothing may appear outside the target directory. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "client/fetch/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char outer[64];

static int target(void)
{
    char cmd[160];
    if (!*outer) {
        snprintf(outer, sizeof(outer), "/tmp/nomad-fuzz-XXXXXX");
        if (!mkdtemp(outer))
            abort();
    }
    snprintf(cmd, sizeof(cmd), "chmod -R u+rwx %s; rm -rf %s/t; mkdir %s/t", outer, outer, outer);
    if (system(cmd) != 0)
        abort();
    snprintf(cmd, sizeof(cmd), "%s/t", outer);
    return open(cmd, O_RDONLY | O_DIRECTORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = {"tar", "zip", "gz", "tar.gz"};
    static const struct fetch_limits limits = {1 << 20, 64};
    struct stat st;
    struct err err;
    if (size == 0)
        return 0;
    cleanup_fd int dir = target(), fd = memfd_create("archive", MFD_CLOEXEC);
    if (write(fd, data + 1, size - 1) != (ssize_t)size - 1)
        return 0;
    (void)fetch_unpack(fd, kinds[data[0] % ARRAY_LEN(kinds)], dir, "x", &limits, &err);
    /* Only "t" may be in there: a new directory would change the link count. */
    if (stat(outer, &st) < 0 || st.st_nlink != 3)
        abort();
    return 0;
}
