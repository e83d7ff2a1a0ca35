// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "client/fetch/fetch.h"

#define SPEC_MAX (1 << 20)
#define TMP_NAME ".nomad-artifact.part"

struct run {
    const struct fetch_spec *s;
    int out_fd, dir_fd;
    int64_t bytes;
};

static void say(const struct run *r, const char *fmt, ...) printf_like(2, 3);
static void say(const struct run *r, const char *fmt, ...)
{
    char line[ERR_TEXT_MAX + 64];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
    va_end(ap);
    n = MIN(n, (int)sizeof(line) - 2);
    for (int i = 0; i < n; i++)
        if (line[i] == '\n')
            line[i] = ' ';
    line[n] = '\n';
    ssize_t w = write(r->out_fd, line, (size_t)n + 1);
    (void)w;
}

static void on_progress(void *user, int64_t done, int64_t total)
{
    say(user, "P %lld %lld", (long long)done, (long long)total);
}

static int read_spec(int fd, struct arena *a, struct fetch_spec **ret, struct err *err)
{
    cleanup_buf struct buf b = {0};
    for (;;) {
        char *p = buf_reserve(&b, 65536);
        ssize_t n = p ? read(fd, p, 65536) : -1;
        if (n < 0 || b.n > SPEC_MAX)
            return err_set(err, -EINVAL, "cannot read the order");
        if (n == 0)
            break;
        b.n += (size_t)n;
    }
    struct reader r = reader_of(b.p, b.n);
    void *obj = NULL;
    int e = model_decode(&fetch_spec_schema, a, &r, &obj);
    *ret = obj;
    return e < 0 ? err_errno(err, e, "cannot read the order") : 0;
}

/* One try: the whole body, digest checked. */
static int download_once(struct run *r, int fd, struct err *err)
{
    struct fetch_digest *d = NULL;
    int e = ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
    if (e == 0 && !isempty(r->s->digest_type))
        e = fetch_digest_new(r->s->digest_type, &d, err);
    if (e < 0)
        return e;
    e = fetch_download(r->s, fd, d, on_progress, r, err);
    if (e < 0) {
        fetch_digest_free(d);
        return e;
    }
    struct stat st;
    if (fstat(fd, &st) == 0)
        r->bytes = st.st_size;
    return d ? fetch_digest_check(d, r->s->digest, err) : 0;
}

static int download(struct run *r, int fd, struct err *err)
{
    nsec_t wait = r->s->backoff;
    for (int64_t i = 1;; i++) {
        int e = download_once(r, fd, err);
        if (e != -EHOSTUNREACH || i >= r->s->tries)
            return e;
        struct timespec ts = {wait / NSEC_SEC, wait % NSEC_SEC};
        nanosleep(&ts, NULL);
        wait *= 2;
    }
}

static int place_file(struct run *r, struct err *err)
{
    if (renameat(r->dir_fd, TMP_NAME, r->dir_fd, r->s->file_name) < 0)
        return err_errno(err, -errno, "cannot place \"%s\"", r->s->file_name);
    return 0;
}

/* "x.gz" -> "x" */
static const char *unpacked_name(struct arena *a, const struct fetch_spec *s)
{
    size_t n = strlen(s->file_name), k = strlen(s->archive) + 1;
    return n > k && streq(s->file_name + n - k + 1, s->archive)
               ? arena_strndup(a, s->file_name, n - k)
               : s->file_name;
}

static int unpack(struct run *r, struct arena *a, int fd, struct err *err)
{
    struct fetch_limits l = {r->s->max_bytes, r->s->max_files};
    bool tree = has_prefix(r->s->archive, "tar") || streq(r->s->archive, "zip");
    if (r->s->mode == FETCH_FILE && tree)
        return err_set(err, -EOPNOTSUPP, "not supported: mode \"file\" with a %s archive",
                       r->s->archive);
    int e = fetch_unpack(fd, r->s->archive, r->dir_fd, unpacked_name(a, r->s), &l, err);
    (void)unlinkat(r->dir_fd, TMP_NAME, 0);
    return e;
}

static int fetch(struct run *r, struct arena *a, struct err *err)
{
    bool archive = !isempty(r->s->archive) && !streq(r->s->archive, "false");
    if (r->s->mode == FETCH_DIR && !archive)
        return err_set(err, -EINVAL, "mode is \"dir\", but the source is no archive");
    cleanup_fd int fd =
        openat(r->dir_fd, TMP_NAME, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_errno(err, -errno, "cannot write to the target directory");
    int e = download(r, fd, err);
    if (e == 0)
        e = archive ? unpack(r, a, fd, err) : place_file(r, err);
    if (e < 0)
        (void)unlinkat(r->dir_fd, TMP_NAME, 0);
    return e;
}

int fetch_main(int in_fd, int out_fd)
{
    struct err err = {0};
    struct fetch_spec *s = NULL;
    cleanup_arena struct arena *a = arena_new(0);
    struct run r = {.out_fd = out_fd, .dir_fd = -1};
    umask(022);
    int e = a ? read_spec(in_fd, a, &s, &err) : -ENOMEM;
    if (e == 0) {
        r.s = s;
        r.dir_fd = open(s->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        e = r.dir_fd < 0 ? err_errno(&err, -errno, "target directory") : fetch(&r, a, &err);
    }
    if (r.dir_fd >= 0)
        close(r.dir_fd);
    if (e == 0)
        say(&r, "OK %lld", (long long)r.bytes);
    else
        say(&r, "%s %s", e == -EHOSTUNREACH || e == -ENOSPC ? "RETRY" : "FINAL",
            isempty(err.text) ? strerror(-e) : err.text);
    return e == 0 ? 0 : 1;
}
