// SPDX-License-Identifier: Apache-2.0
/* HCL text -> tree -> variables -> every value of every block. Build:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Isrc tests/fuzz/fuzz_hcl.c \
 *     src/hcl/[a-z]*.c src/base/[a-z]*.c -lpcre2-8 -lcrypto -lm
 * With -DFUZZ_MAIN it is a program that replays the files and directories named as arguments. */
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
    struct hcl_var_file file = {"vars.json", {"{\"j\": [1, {\"k\": null}]}", 24}};
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

#ifdef FUZZ_MAIN
#include <dirent.h>
#include <stdio.h>

static int replay(const char *path)
{
    char buf[1 << 20];
    FILE *f = fopen(path, "r");
    if (!f)
        return 1;
    size_t n = fread(buf, 1, sizeof(buf), f);
    int bad = ferror(f);
    fclose(f);
    if (!bad)
        LLVMFuzzerTestOneInput((const uint8_t *)buf, n);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = argc < 2;
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        struct dirent *e;
        if (!d)
            bad |= replay(argv[i]);
        while (d && (e = readdir(d))) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            if (e->d_name[0] != '.')
                bad |= replay(path);
        }
        if (d)
            closedir(d);
    }
    return bad;
}
#endif
