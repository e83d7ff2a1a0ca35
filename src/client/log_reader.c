// SPDX-License-Identifier: Apache-2.0
#include "client/log_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/vec.h"

struct log_files {
    int64_t *items;
    size_t n, cap;
};

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The numbers N of files <prefix>.<N>, ascending. */
static int list_files(const struct log_reader *r, struct log_files *ret)
{
    cleanup_fd int fd = openat(r->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return -errno;
    take_fd(&fd);
    size_t n = strlen(r->prefix);
    int e = 0;
    struct dirent *d;
    while (e == 0 && (d = readdir(dir))) {
        int64_t number;
        if (strncmp(d->d_name, r->prefix, n) == 0 && d->d_name[n] == '.' &&
            parse_i64(str_of(d->d_name + n + 1), &number) == 0 && number >= 0)
            e = vec_push(ret, number);
    }
    closedir(dir);
    if (e == 0 && ret->n > 1)
        qsort(ret->items, ret->n, sizeof(*ret->items), by_number);
    return e;
}

static int open_file(const struct log_reader *r, int64_t number, int64_t *ret_size)
{
    char name[340];
    struct stat st;
    snprintf(name, sizeof(name), "%s.%lld", r->prefix, (long long)number);
    /* The directory is writable for the task: no links, nothing but plain files. */
    cleanup_fd int fd = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -ENOENT;
    *ret_size = st.st_size;
    return take_fd(&fd);
}

static void use_file(struct log_reader *r, int fd, int64_t number, int64_t offset)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = fd;
    r->number = number;
    r->offset = offset;
}

static int seek_start(struct log_reader *r, const struct log_files *f, int64_t offset)
{
    for (size_t i = 0; i < f->n; i++) {
        int64_t size;
        int fd = open_file(r, f->items[i], &size);
        if (fd < 0)
            continue;
        bool last = i + 1 == f->n;
        use_file(r, fd, f->items[i], last ? MIN(offset, size) : offset);
        if (offset < size || last)
            return 0;
        offset -= size;
    }
    return 0;
}

static int seek_end(struct log_reader *r, const struct log_files *f, int64_t offset)
{
    for (size_t i = f->n; i-- > 0;) {
        int64_t size;
        int fd = open_file(r, f->items[i], &size);
        if (fd < 0)
            continue;
        use_file(r, fd, f->items[i], MAX(size - offset, 0));
        if (offset <= size)
            return 0;
        offset -= size;
    }
    return 0;
}

int log_reader_open(int dir_fd, const char *prefix, bool from_end, int64_t offset,
                    struct log_reader *ret)
{
    struct log_reader r = {.dir_fd = dir_fd, .fd = -1, .number = -1};
    struct log_files f = {0};
    snprintf(r.prefix, sizeof(r.prefix), "%s", prefix);
    int e = list_files(&r, &f);
    if (e == 0)
        e = from_end ? seek_end(&r, &f, MAX(offset, 0)) : seek_start(&r, &f, MAX(offset, 0));
    vec_free(&f);
    if (e < 0) {
        log_reader_close(&r);
        return e;
    }
    *ret = r;
    return 0;
}

void log_reader_close(struct log_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    if (r->dir_fd >= 0)
        close(r->dir_fd);
    r->fd = r->dir_fd = -1;
}

/* 1: moved on, 0: there is no higher file, -errno. */
static int next_file(struct log_reader *r)
{
    struct log_files f = {0};
    int e = list_files(r, &f);
    for (size_t i = 0; e == 0 && i < f.n; i++) {
        int64_t size;
        if (f.items[i] <= r->number)
            continue;
        int fd = open_file(r, f.items[i], &size);
        if (fd < 0)
            continue;
        use_file(r, fd, f.items[i], 0);
        e = 1;
    }
    vec_free(&f);
    return e;
}

static ssize_t read_here(struct log_reader *r, void *buf, size_t n, int64_t *ret_number,
                         int64_t *ret_offset)
{
    ssize_t got = r->fd < 0 ? 0 : pread(r->fd, buf, n, r->offset);
    if (got < 0)
        return -errno;
    *ret_number = r->number;
    *ret_offset = r->offset;
    r->offset += got;
    return got;
}

static bool higher_exists(struct log_reader *r)
{
    struct log_files f = {0};
    bool yes = list_files(r, &f) == 0 && f.n > 0 && f.items[f.n - 1] > r->number;
    vec_free(&f);
    return yes;
}

ssize_t log_reader_read(struct log_reader *r, void *buf, size_t n, int64_t *ret_number,
                        int64_t *ret_offset)
{
    for (;;) {
        ssize_t got = read_here(r, buf, n, ret_number, ret_offset);
        if (got != 0 || !higher_exists(r))
            return got;
        /* The writer is past this file now: what it wrote last is there. */
        got = read_here(r, buf, n, ret_number, ret_offset);
        if (got != 0)
            return got;
        int e = next_file(r);
        if (e <= 0)
            return e;
    }
}
