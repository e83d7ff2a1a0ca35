// SPDX-License-Identifier: Apache-2.0
/* Reading the job of a file. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/internal.h"
#include "jobspec/jobspec.h"

extern char **environ;

static int read_all(struct cli *c, const char *path, struct str *ret)
{
    bool std = streq(path, "-");
    int fd = std ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    struct buf b = {0};
    if (fd < 0)
        return err_errno(&c->err, -errno, "%s", path);
    for (;;) {
        char *to = buf_reserve(&b, 65536);
        ssize_t n = to ? read(fd, to, 65536) : -1;
        if (n < 0 || b.n > HCL_SOURCE_MAX) {
            int r = b.n > HCL_SOURCE_MAX ? -EFBIG : !to ? -ENOMEM : -errno;
            buf_free(&b);
            if (!std)
                close(fd);
            return err_errno(&c->err, r, "%s", path);
        }
        if (n == 0)
            break;
        b.n += (size_t)n;
    }
    if (!std)
        close(fd);
    *ret = str_n(arena_strndup(c->arena, nonull(b.p), b.n), b.n);
    buf_free(&b);
    return 0;
}

static bool looks_like_json(struct str s)
{
    while (s.n && strchr(" \t\r\n", s.p[0]))
        s.p++, s.n--;
    return s.n && s.p[0] == '{';
}

/* `{"Job": {…}}` or the job itself. */
static int read_json(struct cli *c, const char *path, struct str text, struct job **ret)
{
    struct val v;
    int r = val_from_json(c->arena, text, &v, &c->err);
    if (r < 0)
        return err_wrap(&c->err, r, "%s", path);
    const struct val *inner = val_get(v, str_of("Job"));
    struct buf b = {0};
    val_to_json(inner ? *inner : v, &b, 0);
    r = model_from_json(&job_schema, c->arena, buf_str(&b), "Job", JSONF_STRICT, (void **)ret,
                        &c->err);
    buf_free(&b);
    return r < 0 ? err_wrap(&c->err, r, "%s", path) : 0;
}

static int read_var_files(struct cli *c, struct hcl_options *o)
{
    const char **paths = flag_list(c, "var-file");
    size_t n = 0;
    while (paths[n])
        n++;
    struct hcl_var_file *files = arena_array(c->arena, struct hcl_var_file, n);
    for (size_t i = 0; i < n; i++) {
        int r = read_all(c, paths[i], &files[i].text);
        if (r < 0)
            return r;
        files[i].name = paths[i];
    }
    o->var_files = files;
    o->n_var_files = n;
    return 0;
}

static const char *dir_of(struct cli *c, const char *path)
{
    const char *slash = strrchr(path, '/');
    return !slash          ? "."
           : slash == path ? "/"
                           : arena_strndup(c->arena, path, (size_t)(slash - path));
}

int read_job(struct cli *c, const char *path, struct job **ret)
{
    struct str text;
    struct hcl_options opts = {
        .env = (const char *const *)environ,
        .vars = flag_list(c, "var"),
        .allow_fs = true,
        .base_dir = dir_of(c, path),
    };
    int r = read_all(c, path, &text);
    if (r < 0)
        return r;
    if (flag_on(c, "json") || looks_like_json(text))
        return read_json(c, path, text, ret);
    if ((r = read_var_files(c, &opts)) < 0)
        return r;
    return jobspec_parse_hcl(c->arena, streq(path, "-") ? "<stdin>" : path, text, &opts, ret,
                             &c->err);
}

/* {"Job": …, <more>}; more starts with a comma or is empty. */
const char *job_body(struct cli *c, const struct job *j, const char *more)
{
    struct buf b = {0};
    buf_addz(&b, "{\"Job\":");
    model_json(&job_schema, j, &b, 0);
    buf_printf(&b, "%s}", more);
    const char *r = arena_strndup(c->arena, nonull(b.p), b.n);
    buf_free(&b);
    return r;
}
