// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hcl/cases.h"

void run_free(struct run *run)
{
    run->a = arena_free(run->a);
    free(run->json);
    run->json = NULL;
}

static void set_json(struct run *run, struct val v)
{
    struct site s = {run->c, {0}, &run->err};
    struct buf b = {0};
    assert_int_equal(hcl_json_write(&s, v, &b), 0);
    run->json = buf_steal(&b);
}

struct run run_load(const char *text, const struct hcl_options *opts)
{
    struct run run = {.a = arena_new(0)};
    run.r = hcl_parse(run.a, "job.nomad", str_of(text), &run.body, &run.err);
    if (run.r == 0)
        run.r = hcl_load_variables(run.a, run.body, opts, &run.c, &run.err);
    if (run.r == 0)
        run.r = hcl_check_locals(run.c, &run.err);
    return run;
}

struct run run_file(const char *text, const struct hcl_options *opts)
{
    struct run run = run_load(text, opts);
    struct val v;
    struct hcl_body rest = run.body ? *run.body : (struct hcl_body){0};
    while (rest.n_blocks && (str_has_prefix(rest.blocks[0].type, "variable") ||
                             str_eqz(rest.blocks[0].type, "locals"))) {
        rest.blocks++;
        rest.n_blocks--;
    }
    if (run.r == 0)
        run.r = hcl_body_value(run.c, &rest, &v, &run.err);
    if (run.r == 0)
        set_json(&run, v);
    return run;
}

struct run run_attr_x(const char *text, const struct hcl_options *opts)
{
    struct run run = run_load(text, opts);
    struct val v;
    if (run.r == 0) {
        const struct hcl_attr *x = hcl_body_attr(run.body, "x");
        assert_non_null(x);
        run.r = hcl_eval(run.c, x, &v, &run.err);
    }
    if (run.r == 0)
        set_json(&run, v);
    return run;
}

void check_run(const struct run *run, const struct hcl_case *c)
{
    bool fail = c->want[0] == '!';
    bool ok = fail ? run->r < 0 && strstr(run->err.text, c->want + 1)
                   : run->r == 0 && streq(run->json, c->want);
    if (!ok)
        fail_msg("%s\n  want: %s\n  have: %s", c->text, c->want,
                 run->r < 0 ? run->err.text : run->json);
}

void check_files(const struct hcl_case *cases, size_t n, const struct hcl_options *opts)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_run struct run run = run_attr_x(cases[i].text, opts);
        check_run(&run, &cases[i]);
    }
}

void check_exprs(const struct hcl_case *cases, size_t n, const struct hcl_options *opts)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_buf struct buf b = {0};
        buf_printf(&b, "x = %s\n", cases[i].text);
        cleanup_run struct run run = run_attr_x(b.p, opts);
        check_run(&run, &cases[i]);
    }
}
