// SPDX-License-Identifier: Apache-2.0
/* Durations and times: whatever parses must print as something that parses to the same value. */
#include <assert.h>
#include <stdint.h>

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_n((const char *)data, size);
    nsec_t value, again;
    cleanup_buf struct buf b = {0};

    if (duration_parse(in, &value) == 0) {
        duration_format(&b, value);
        assert(duration_parse(buf_str(&b), &again) == 0 && again == value);
    }
    buf_reset(&b);
    if (time_parse_rfc3339(in, &value) == 0) {
        time_format_rfc3339(&b, value);
        assert(time_parse_rfc3339(buf_str(&b), &again) == 0 && again == value);
    }
    return 0;
}
