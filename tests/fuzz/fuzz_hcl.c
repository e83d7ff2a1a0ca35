// SPDX-License-Identifier: Apache-2.0
/* HCL text -> tree -> variables -> every value of every block. A failure without a text, or a text
 * without a failure, is a crash. */
#include <stdint.h>

#include "hcl/hcl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int walk(struct hcl_ctx *c, const struct hcl_body *body, struct err *err)
{
    struct val v;
    int r = hcl_expand(c, body, &body, err);
    for (size_t i = 0; r == 0 && i < body->n_attrs; i++)
        r = hcl_eval(c, &body->attrs[i], &v, err);
    for (size_t i = 0; r == 0 && i < body->n_blocks; i++)
        r = walk(c, body->blocks[i].body, err);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const vars[] = {"a=1", "b=[1, {c = \"x\"}]", "n=true", NULL};
    static const char json[] = "{\"j\": [1, {\"k\": null}]}";
    struct hcl_var_file file = {"vars.json", {json, sizeof(json) - 1}};
    struct hcl_options opts = {
        .vars = vars, .var_files = &file, .n_var_files = 1, .ignore_undeclared = true};
    struct arena *a = arena_new(size);
    struct err err = {0};
    struct hcl_body *body;
    struct hcl_ctx *c;
    struct val v;
    int r = hcl_parse(a, "fuzz.hcl", (struct str){(const char *)data, size}, &body, &err);
    if (r == 0)
        r = hcl_load_variables(a, body, &opts, &c, &err);
    if (r == 0)
        r = hcl_check_locals(c, &err);
    if (r == 0)
        r = walk(c, body, &err);
    if (r == 0)
        r = hcl_body_value(c, body, &v, &err);
    if ((r < 0) != (err.text[0] != '\0'))
        abort();
    arena_free(a);
    return 0;
}
