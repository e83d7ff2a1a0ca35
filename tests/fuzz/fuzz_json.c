// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a job in JSON: what is read must print, and read again to the same. */
#include "model/job.h"
#include "model/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *a = arena_new(0);
    cleanup_buf struct buf b = {0};
    struct err err;
    void *job, *again;
    if (model_from_json(&job_schema, a, str_n((const char *)data, size), "Job", 0, &job, &err) < 0)
        return 0;
    model_json(&job_schema, job, &b, JSONF_PRETTY);
    if (model_from_json(&job_schema, a, buf_str(&b), "Job", JSONF_STRICT, &again, &err) < 0 ||
        !model_equal(&job_schema, job, again, true))
        abort();
    return 0;
}
