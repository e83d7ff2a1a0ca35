// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/utsname.h>

#include "fingerprint/util.h"

static int os_release(const struct fingerprint_input *in, struct arena *a, struct node *n)
{
    const char *text;
    if (fp_read(in, a, "/etc/os-release", &text) < 0 &&
        fp_read(in, a, "/usr/lib/os-release", &text) < 0)
        return 0;
    const char *id = fp_value(a, text, "ID", '='), *version = fp_value(a, text, "VERSION_ID", '=');
    const char *full;
    /* Debian's point release is only here, and it is what Nomad reports. */
    if (streq(id, "debian") && fp_read(in, a, "/etc/debian_version", &full) == 0)
        version = arena_strndup(a, full, strcspn(full, "\n"));
    if (id && fp_set(a, n, "os.name", "%s", id) < 0)
        return -ENOMEM;
    return version ? fp_set(a, n, "os.version", "%s", version) : 0;
}

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    struct utsname u;
    if (uname(&u) < 0)
        return err_set(err, -1, "uname failed");
    if (fp_set(a, n, "kernel.name", "linux") < 0 ||
        fp_set(a, n, "kernel.version", "%s", u.release) < 0 ||
        fp_set(a, n, "kernel.arch", "%s", u.machine) < 0 ||
        fp_set(a, n, "unique.hostname", "%s", u.nodename) < 0)
        return -1;
    return os_release(in, a, n);
}

const struct fingerprinter fingerprint_host = {"host", run};
