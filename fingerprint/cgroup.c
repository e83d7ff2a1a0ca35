// SPDX-License-Identifier: Apache-2.0
/* cgroup version, mount point and controllers. The files say it all; libcgroup is asked once for
 * what it knows, its refusal (hosts without controllers) is fine. */
#include <errno.h>
#include <libcgroup.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "fingerprint/util.h"

static void ask_library(void)
{
    void *handle = NULL;
    struct controller_data d;
    int r = cgroup_init();
    size_t n = 0;
    if (r == 0)
        for (r = cgroup_get_all_controller_begin(&handle, &d); r == 0;
             r = cgroup_get_all_controller_next(&handle, &d))
            n++;
    if (handle)
        cgroup_get_all_controller_end(&handle);
    log_debug("fingerprint", "libcgroup knows %zu controllers (%s)", n,
              r == 0 || r == ECGEOF ? "ok" : cgroup_strerror(r));
}

static bool exists(const struct fingerprint_input *in, const char *path)
{
    char full[512];
    struct stat st;
    snprintf(full, sizeof(full), "%s%s", nonull(in->root), path);
    return stat(full, &st) == 0;
}

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    const char *text;
    bool v2 = exists(in, "/sys/fs/cgroup/cgroup.controllers");
    bool hybrid = !v2 && exists(in, "/sys/fs/cgroup/unified/cgroup.controllers");
    if (!v2 && !exists(in, "/sys/fs/cgroup"))
        return err_set(err, -ENOENT, "no cgroup tree");
    if (isempty(in->root))
        ask_library();
    const char *version = v2 ? "2" : "1";
    if (fp_set(a, n, "unique.cgroup.mountpoint", "%s", "/sys/fs/cgroup") < 0 ||
        fp_set(a, n, "unique.cgroup.version", "%s", version) < 0 ||
        fp_set(a, n, "os.cgroups.version", "%s", version) < 0)
        return -ENOMEM;
    const char *file =
        v2 ? "/sys/fs/cgroup/cgroup.controllers" : "/sys/fs/cgroup/unified/cgroup.controllers";
    if ((v2 || hybrid) && fp_read(in, a, file, &text) == 0) {
        char *list = arena_strndup(a, text, strcspn(text, "\n"));
        for (char *p = list; p && *p; p++)
            if (*p == ' ')
                *p = ',';
        return list ? fp_set(a, n, "os.cgroups.controllers", "%s", list) : -ENOMEM;
    }
    return 0;
}

const struct fingerprinter fingerprint_cgroup = {"cgroup", run};
