// SPDX-License-Identifier: Apache-2.0
/* Any text as an artifact's source: refused with a reason or understood. */
#include "client/fetch/fetch.h"
#include "model/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct artifact art = {.source = arena_strndup(a, (const char *)data, size)};
    struct fetch_spec s;
    struct err err = {0};
    if (fetch_spec_of(a, &art, &s, &err) < 0) {
        if (!*err.text)
            abort();
    } else if (strchr(s.file_name, '/')) {
        abort();
    }
    return 0;
}
