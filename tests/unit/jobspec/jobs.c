// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/jobspec/jobs.h"

struct job *job_read(struct arena *a, const char *text, struct err *err)
{
    struct hcl_options opts = {0};
    struct job *j = NULL;
    int r = jobspec_parse_hcl(a, "job.nomad", str_of(text), &opts, &j, err);
    assert_int_equal(r < 0, j == NULL);
    return j;
}

static struct job *must_read(struct arena *a, const char *text)
{
    struct err err = {{0}};
    struct job *j = job_read(a, text, &err);
    if (!j)
        fail_msg("%s\n%s", text, err.text);
    return j;
}

struct job *job_with(struct arena *a, const char *text)
{
    return must_read(a, arena_printf(a, "job \"web\" {\n%s\n}\n", text));
}

struct job *group_with(struct arena *a, const char *job_text, const char *group_text,
                       const char *task_text)
{
    struct job *j = job_with(a, arena_printf(a,
                                             "%s\n group \"app\" {\n%s\n task \"main\" {\n"
                                             "driver = \"exec\"\n%s\n}\n}",
                                             job_text, group_text, task_text));
    assert_int_equal(job_canonicalize(a, j), 0);
    return j;
}

const char *job_json(struct arena *a, const struct job *j)
{
    struct buf b = {0};
    model_json(&job_schema, j, &b, 0);
    const char *z = arena_strndup(a, b.p, b.n);
    buf_free(&b);
    return z;
}

void check_job_cases(const char *before, const char *after, const struct job_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_arena struct arena *a = arena_new(0);
        struct err err = {{0}};
        bool bad = cases[i].want[0] == '!';
        struct job *j = job_read(a, arena_printf(a, "%s%s%s", before, cases[i].text, after), &err);
        if (!j && !bad)
            fail_msg("%s\nrefused: %s", cases[i].text, err.text);
        if (j && bad)
            fail_msg("%s\nwas accepted, wanted: %s", cases[i].text, cases[i].want);
        const char *got = j ? job_json(a, j) : err.text;
        if (!strstr(got, cases[i].want + bad))
            fail_msg("%s\nwanted: %s\nfound:  %s", cases[i].text, cases[i].want, got);
    }
}
