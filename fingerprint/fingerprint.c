// SPDX-License-Identifier: Apache-2.0
#include "fingerprint/fingerprint.h"

#include <errno.h>

#include "base/log.h"

static const struct fingerprinter *const all[] = {
    &fingerprint_arch,   &fingerprint_cpu,    &fingerprint_memory,  &fingerprint_storage,
    &fingerprint_host,   &fingerprint_signal, &fingerprint_network, &fingerprint_systemd,
    &fingerprint_cgroup, &fingerprint_nomad,
};

const struct fingerprinter *const *fingerprint_list(size_t *ret_n)
{
    *ret_n = ARRAY_LEN(all);
    return all;
}

int fingerprint_all(const struct fingerprint_input *in, struct arena *a, struct node *n,
                    struct err *err)
{
    if (!n->resources)
        n->resources = model_new(&node_resources_schema, a);
    if (!n->resources)
        return err_errno(err, -ENOMEM, "fingerprint");
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct err why = {0};
        int r = all[i]->run(in, a, n, &why);
        if (r == -ENOMEM)
            return err_errno(err, r, "fingerprint of %s", all[i]->name);
        if (r < 0)
            log_debug("fingerprint", "%s: %s", all[i]->name, why.text);
    }
    return 0;
}
