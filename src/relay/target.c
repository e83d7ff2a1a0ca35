// SPDX-License-Identifier: Apache-2.0
#include "relay/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "relay/peek.h"

#define LINE_MAX_BYTES ((off_t)1 << 20) /* a longer line is cut: files must end */
#define OPEN_TRIES 16

static int file_name(const struct target *t, unsigned number, char ret[512])
{
    return snprintf(ret, 512, "%s.%u", t->d.prefix, number) < 512 ? 0 : -ENAMETOOLONG;
}

typedef void (*file_cb)(struct target *t, const char *name, unsigned number, void *user);

static int each_file(struct target *t, file_cb cb, void *user)
{
    int fd = openat(t->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = -errno;
        if (fd >= 0)
            close(fd);
        return r;
    }
    struct dirent *e;
    unsigned n;
    while ((e = readdir(dir)))
        if (descriptor_file_number(t->d.prefix, e->d_name, &n) == 0)
            cb(t, e->d_name, n, user);
    closedir(dir);
    return 0;
}

struct highest {
    bool any;
    unsigned number;
};

static void highest_cb(struct target *t, const char *name, unsigned number, void *user)
{
    struct highest *h = user;
    h->number = h->any ? MAX(h->number, number) : number;
    h->any = true;
}

static void purge_cb(struct target *t, const char *name, unsigned number, void *user)
{
    if ((uint64_t)number + t->d.max_files <= t->number)
        unlinkat(t->dir_fd, name, 0);
}

/* No O_APPEND: splice refuses it. */
static int open_file(struct target *t, unsigned number, int flags)
{
    char name[512];
    struct stat st;
    int r = file_name(t, number, name);
    if (r < 0)
        return r;
    flags |= O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    cleanup_fd int fd = openat(t->dir_fd, name, flags, 0644);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return -EEXIST;
    return take_fd(&fd);
}

static void use_file(struct target *t, int fd, unsigned number)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = fd;
    t->number = number;
}

/* Whatever occupies the next number (a link, a pipe, a left-over) is stepped over, never opened. */
static int next_file(struct target *t, unsigned number)
{
    int r = -EEXIST;
    for (unsigned i = 0; i < OPEN_TRIES; i++, number++) {
        r = open_file(t, number, O_EXCL);
        if (r >= 0) {
            use_file(t, r, number);
            return each_file(t, purge_cb, NULL);
        }
        if (r != -EEXIST && r != -ELOOP)
            break;
    }
    return r;
}

static int open_current(struct target *t)
{
    struct highest h = {.any = false};
    int r = each_file(t, highest_cb, &h);
    if (r < 0)
        return r;
    if (!h.any)
        return next_file(t, 0);
    r = open_file(t, h.number, 0);
    if (r < 0)
        return r == -EEXIST || r == -ELOOP || r == -ENXIO || r == -EISDIR
                   ? next_file(t, h.number + 1)
                   : r;
    use_file(t, r, h.number);
    return 0;
}

static int open_dir(struct target *t)
{
    if (t->dir_fd >= 0)
        return 0;
    t->dir_fd = open(t->d.dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return t->dir_fd < 0 ? -errno : 0;
}

static int ensure_open(struct target *t)
{
    if (t->fd >= 0)
        return 0;
    int r = open_dir(t);
    return r < 0 ? r : open_current(t);
}

int target_get(struct list *targets, const struct descriptor *d, struct target **ret)
{
    list_for_each (it, targets) {
        struct target *t = list_item(it, struct target, node);
        if (streq(t->d.dir, d->dir) && streq(t->d.prefix, d->prefix)) {
            t->d = *d;
            t->refs++;
            *ret = t;
            return 0;
        }
    }
    struct target *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    *t = (struct target){.d = *d, .refs = 1, .dir_fd = -1, .fd = -1};
    list_add_tail(targets, &t->node);
    *ret = t;
    return 0;
}

struct target *target_unref(struct target *t)
{
    if (!t || --t->refs)
        return NULL;
    list_del(&t->node);
    if (t->fd >= 0)
        close(t->fd);
    if (t->dir_fd >= 0)
        close(t->dir_fd);
    free(t);
    return NULL;
}

static bool ends_in_newline(int fd, off_t size)
{
    char c;
    return size == 0 || (pread(fd, &c, 1, size - 1) == 1 && c == '\n');
}

/* Says in the file itself where bytes are missing. */
static int write_gap(struct target *t, off_t size)
{
    char text[128];
    int n = snprintf(text, sizeof(text), "%s[nomad: %llu bytes of this log were dropped]\n",
                     ends_in_newline(t->fd, size) ? "" : "\n", (unsigned long long)t->gap);
    ssize_t w = pwrite(t->fd, text, (size_t)n, size);
    if (w < 0)
        return -errno;
    t->gap = 0;
    return 0;
}

static ssize_t move_bytes(struct target *t, int pipe_fd, size_t n)
{
    ssize_t r = splice(pipe_fd, NULL, t->fd, NULL, n, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    return r < 0 ? -errno : r;
}

/* The file is full: finish its last line, then begin the next file. */
static ssize_t finish_line(struct target *t, int pipe_fd, off_t size)
{
    size_t n;
    if (ends_in_newline(t->fd, size) || size >= (off_t)t->d.max_file_size + LINE_MAX_BYTES) {
        int r = next_file(t, t->number + 1);
        return r < 0 ? r : 0;
    }
    int r = peek_line_end(pipe_fd, &n);
    if (r < 0)
        return r;
    return move_bytes(t, pipe_fd, n);
}

/* One step, made only for bytes that are there: a new file is never begun for nothing. The file's
 * end is looked up each time, so a file truncated by somebody gets no hole. *ret_again: no bytes
 * moved, but go on. */
static ssize_t step(struct target *t, int pipe_fd, size_t budget, bool *ret_again)
{
    int r = peek_any(pipe_fd);
    if (r <= 0)
        return r;
    r = ensure_open(t);
    if (r < 0)
        return r;
    off_t size = lseek(t->fd, 0, SEEK_END);
    if (size < 0)
        return -errno;
    if (t->gap) {
        r = write_gap(t, size);
        *ret_again = r == 0;
        return r;
    }
    if (size < (off_t)t->d.max_file_size)
        return move_bytes(t, pipe_fd, MIN(budget, (size_t)((off_t)t->d.max_file_size - size)));
    unsigned before = t->number;
    ssize_t moved = finish_line(t, pipe_fd, size);
    *ret_again = moved == 0 && t->number != before;
    return moved;
}

ssize_t target_move(struct target *t, int pipe_fd, size_t budget)
{
    for (size_t done = 0;;) {
        bool again = false;
        ssize_t n = step(t, pipe_fd, budget - done, &again);
        if (again)
            continue;
        if (n <= 0)
            return done && n < 0 ? (ssize_t)done : n;
        done += (size_t)n;
        if (done >= budget)
            return (ssize_t)done;
    }
}
