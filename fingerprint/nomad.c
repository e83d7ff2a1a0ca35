// SPDX-License-Identifier: Apache-2.0
#include "fingerprint/util.h"

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    if (!isempty(in->http_addr) &&
        (fp_set(a, n, "nomad.advertise.address", "%s", in->http_addr) < 0 ||
         fp_set(a, n, "unique.advertise.address", "%s", in->http_addr) < 0))
        return -1;
    if (fp_set(a, n, "nomad.revision", "%s", "") < 0)
        return -1;
    return fp_set(a, n, "nomad.version", "%s", isempty(in->version) ? "1.0.18" : in->version);
}

const struct fingerprinter fingerprint_nomad = {"nomad", run};
