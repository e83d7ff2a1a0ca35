// SPDX-License-Identifier: Apache-2.0
#include "relay/descriptor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

static int copy(char *dst, size_t size, struct str v)
{
    if (v.n >= size || memchr(v.p, '\0', v.n))
        return -EINVAL;
    memcpy(dst, v.p, v.n);
    dst[v.n] = '\0';
    return 0;
}

static int set_field(struct descriptor *d, struct str key, struct str value)
{
    uint64_t n;
    if (str_eqz(key, "dir"))
        return copy(d->dir, sizeof(d->dir), value);
    if (str_eqz(key, "prefix"))
        return copy(d->prefix, sizeof(d->prefix), value);
    if (str_eqz(key, "max_file_size"))
        return parse_u64(value, &d->max_file_size);
    if (!str_eqz(key, "max_files"))
        return 0;
    int r = parse_u64(value, &n);
    if (r < 0 || n > INT_MAX)
        return -EINVAL;
    d->max_files = (unsigned)n;
    return 0;
}

int descriptor_check(const struct descriptor *d, struct err *err)
{
    if (d->dir[0] != '/' || strchr(d->dir, '\n'))
        return err_set(err, -EINVAL, "log directory: \"%s\" is not a plain absolute path", d->dir);
    if (!d->prefix[0] || d->prefix[0] == '.' || strpbrk(d->prefix, "/\n") ||
        strlen(d->prefix) > 200)
        return err_set(err, -EINVAL, "log prefix: \"%s\" is not a plain file name", d->prefix);
    if (d->max_files < 1)
        return err_set(err, -EINVAL, "log files: at least one must be kept");
    if (d->max_file_size < 1 || d->max_file_size > (uint64_t)INT64_MAX / 2)
        return err_set(err, -EINVAL, "log file size: %llu bytes is out of range",
                       (unsigned long long)d->max_file_size);
    return 0;
}

int descriptor_parse(struct str text, struct descriptor *ret, struct err *err)
{
    struct descriptor d = {.max_files = 0};
    while (text.n) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl ? (size_t)(nl - text.p) : text.n;
        const char *eq = memchr(text.p, '=', n);
        if (eq) {
            size_t k = (size_t)(eq - text.p);
            int r = set_field(&d, str_n(text.p, k), str_n(eq + 1, n - k - 1));
            if (r < 0)
                return err_set(err, -EINVAL, "bad value of \"" STR_FMT "\"", (int)k, text.p);
        }
        text.p += n + (nl != NULL);
        text.n -= n + (nl != NULL);
    }
    int r = descriptor_check(&d, err);
    if (r == 0)
        *ret = d;
    return r;
}

void descriptor_print(const struct descriptor *d, struct buf *b)
{
    buf_printf(b, "dir=%s\nprefix=%s\nmax_files=%u\nmax_file_size=%llu\n", d->dir, d->prefix,
               d->max_files, (unsigned long long)d->max_file_size);
}

int descriptor_file_number(const char *prefix, const char *name, unsigned *ret)
{
    uint64_t n;
    size_t head = strlen(prefix);
    if (strncmp(name, prefix, head) != 0 || name[head] != '.')
        return -EINVAL;
    const char *digits = name + head + 1;
    if (!*digits || (digits[0] == '0' && digits[1]) ||
        strspn(digits, "0123456789") != strlen(digits))
        return -EINVAL;
    if (parse_u64(str_of(digits), &n) < 0 || n >= INT_MAX)
        return -EINVAL;
    *ret = (unsigned)n;
    return 0;
}
