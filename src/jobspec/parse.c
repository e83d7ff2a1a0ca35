// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "jobspec/decode.h"

static bool belongs_to_variables(struct str type)
{
    return str_eqz(type, "variable") || str_eqz(type, "variables") || str_eqz(type, "locals");
}

static int find_job(const struct hcl_body *root, const struct hcl_block **ret, struct err *err)
{
    const struct hcl_block *job = NULL;
    if (root->n_attrs)
        return hcl_error(err, root->attrs[0].name_range,
                         "unknown argument \"%.*s\"; a job file holds a job block and variables",
                         STR_ARG(root->attrs[0].name));
    for (size_t i = 0; i < root->n_blocks; i++) {
        const struct hcl_block *b = &root->blocks[i];
        if (belongs_to_variables(b->type))
            continue;
        if (!str_eqz(b->type, "job")) {
            static const char *const known[] = {"job", "variable", "variables", "locals"};
            const char *near = nearest_name(b->type, known, ARRAY_LEN(known));
            return hcl_error(err, b->type_range, "unknown block \"%.*s\"%s%s%s", STR_ARG(b->type),
                             near ? "; did you mean \"" : "", nonull(near), near ? "\"?" : "");
        }
        if (job)
            return hcl_error(err, b->def_range, "only one job block is allowed in a file");
        job = b;
    }
    if (!job)
        return err_set(err, -EINVAL, "%s: no job block found",
                       *hcl_range_file(root->range) ? hcl_range_file(root->range) : "job file");
    *ret = job;
    return 0;
}

int jobspec_parse_hcl(struct arena *a, const char *filename, struct str text,
                      const struct hcl_options *opts, struct job **ret, struct err *err)
{
    struct hcl_body *root;
    const struct hcl_block *block;
    struct decode d = {.arena = a, .err = err};
    int r = hcl_parse(a, filename, text, &root, err);
    if (r < 0)
        return r;
    if ((r = find_job(root, &block, err)) < 0)
        return r;
    if ((r = hcl_load_variables(a, root, opts, &d.ctx, err)) < 0)
        return r;
    if ((r = hcl_check_locals(d.ctx, err)) < 0)
        return r;
    struct job *j = model_new(&job_schema, a);
    if (!j)
        return -ENOMEM;
    if ((r = decode_block(&d, &job_schema, block, j)) < 0)
        return r;
    if (isempty(j->name))
        j->name = j->id;
    *ret = j;
    return 0;
}
