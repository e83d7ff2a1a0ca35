// SPDX-License-Identifier: Apache-2.0
#include <sys/utsname.h>

#include "fingerprint/util.h"

/* Machine names of the kernel as Go calls them: what job files constrain on. */
static const char *go_name(const char *machine)
{
    static const char *const names[][2] = {
        {"x86_64", "amd64"},        {"aarch64", "arm64"},   {"armv7l", "arm"},
        {"armv6l", "arm"},          {"i686", "386"},        {"i386", "386"},
        {"riscv64", "riscv64"},     {"ppc64le", "ppc64le"}, {"s390x", "s390x"},
        {"loongarch64", "loong64"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (streq(names[i][0], machine))
            return names[i][1];
    return machine;
}

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    struct utsname u;
    if (uname(&u) < 0)
        return err_set(err, -1, "uname failed");
    return fp_set(a, n, "cpu.arch", "%s", go_name(u.machine));
}

const struct fingerprinter fingerprint_arch = {"arch", run};
