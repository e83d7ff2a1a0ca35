// SPDX-License-Identifier: Apache-2.0
#include "fingerprint/util.h"

#include <errno.h>
#include <fcntl.h>

#define FILE_MAX (1 << 20)

int fp_read(const struct fingerprint_input *in, struct arena *a, const char *path, const char **ret)
{
    const char *full = arena_printf(a, "%s%s", nonull(in->root), path);
    cleanup_fd int fd = full ? open(full, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return full ? -errno : -ENOMEM;
    cleanup_buf struct buf b = {0};
    while (b.n < FILE_MAX) {
        char *p = buf_reserve(&b, 8192);
        ssize_t n = p ? read(fd, p, 8192) : -1;
        if (n < 0)
            return p ? -errno : -ENOMEM;
        if (n == 0)
            break;
        b.n += (size_t)n;
    }
    const char *z = arena_strndup(a, nonull(b.p), b.n);
    if (!z)
        return -ENOMEM;
    *ret = z;
    return 0;
}

int fp_read_int(const struct fingerprint_input *in, struct arena *a, const char *path, int64_t *ret)
{
    const char *z;
    int r = fp_read(in, a, path, &z);
    if (r < 0)
        return r;
    size_t n = strspn(z, "-0123456789");
    return parse_i64(str_n(z, n), ret);
}

const char *fp_value(struct arena *a, const char *text, const char *key, char separator)
{
    size_t len = strlen(key);
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
        if (strncmp(p, key, len) != 0)
            continue;
        const char *q = p + len + strspn(p + len, " \t");
        if (*q != separator)
            continue;
        q += 1 + strspn(q + 1, " \t");
        size_t n = strcspn(q, "\n");
        if (n >= 2 && *q == '"' && q[n - 1] == '"') {
            q++;
            n -= 2;
        }
        return arena_strndup(a, q, n);
    }
    return NULL;
}

int fp_set(struct arena *a, struct node *n, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *v = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return v ? smap_set(a, &n->attributes, key, v) : -ENOMEM;
}
