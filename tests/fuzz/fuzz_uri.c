// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a request's path and query: what is accepted holds texts without NUL inside. */
#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct uri u;
    if (uri_parse(a, str_n((const char *)data, size), &u) < 0)
        return 0;
    if (u.path[0] != '/' || u.n_params > size)
        abort();
    for (size_t i = 0; i < u.n_params; i++)
        if (!uri_has(&u, u.params[i].key))
            abort();
    return 0;
}
