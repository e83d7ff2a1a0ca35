// SPDX-License-Identifier: Apache-2.0
#include "relay/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/log.h"
#include "relay/notify_fd.h"
#include "relay/peek.h"

#define SHARE ((size_t)1 << 20) /* bytes a stream moves before the others get their turn */

bool stream_id_is_valid(const char *id)
{
    return strlen(id) == RELAY_ID_LEN && strspn(id, "0123456789abcdef") == RELAY_ID_LEN;
}

static void file_name(const char *id, const char *suffix, char ret[32])
{
    snprintf(ret, 32, "%.*s.%s", RELAY_ID_LEN, id, suffix);
}

static int read_descriptor(struct streams *all, const char *id, struct descriptor *ret,
                           struct err *err)
{
    char name[32], text[RELAY_DESCRIPTOR_MAX];
    file_name(id, "stream", name);
    cleanup_fd int fd = openat(all->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, -errno, "%s", name);
    ssize_t n = read(fd, text, sizeof(text));
    if (n < 0)
        return err_errno(err, -errno, "%s", name);
    return descriptor_parse(str_n(text, (size_t)n), ret, err);
}

static uint64_t read_dropped(struct streams *all, const char *id)
{
    char name[32], text[32];
    uint64_t n = 0;
    file_name(id, "dropped", name);
    cleanup_fd int fd = openat(all->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t r = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (r > 0)
        parse_u64(str_n(text, (size_t)r), &n);
    return n;
}

static void write_dropped(struct stream *s)
{
    char name[32], text[32];
    file_name(s->id, "dropped", name);
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)s->dropped);
    cleanup_fd int fd =
        openat(s->all->dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && pwrite(fd, text, (size_t)n, 0) < 0)
        log_debug("relay", "%s: %s", name, strerror(errno));
}

static int open_fifo(struct streams *all, const char *id)
{
    char name[32];
    struct stat st;
    file_name(id, "fifo", name);
    cleanup_fd int fd = openat(all->dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    return S_ISFIFO(st.st_mode) ? take_fd(&fd) : -EINVAL;
}

static int attach(struct stream *s)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
    int r = map_put(&s->all->by_id, str_of(s->id), s, NULL);
    if (r < 0)
        return r;
    if (epoll_ctl(s->all->epoll_fd, EPOLL_CTL_ADD, s->fd, &e) == 0)
        return 0;
    r = -errno;
    map_del(&s->all->by_id, str_of(s->id));
    return r;
}

static int fail_open(int fd, const char *id, int r, const struct err *err)
{
    if (fd >= 0)
        close(fd);
    log_error("relay", "stream %s: %s", id, err->text);
    return r;
}

int stream_open(struct streams *all, const char *id, int fd)
{
    struct descriptor d;
    struct err err;
    bool stored = fd >= 0;
    if (map_get(&all->by_id, str_of(id))) {
        if (stored)
            close(fd);
        return 0;
    }
    int r = read_descriptor(all, id, &d, &err);
    if (r < 0) {
        if (stored)
            notify_fd_remove(id);
        return fail_open(fd, id, r, &err);
    }
    if (!stored && (fd = open_fifo(all, id)) < 0)
        return fail_open(-1, id, fd, (err_errno(&err, fd, "fifo"), &err));
    struct stream *s = calloc(1, sizeof(*s));
    if (!s || target_get(&all->targets, &d, &s->target) < 0) {
        free(s);
        return fail_open(fd, id, -ENOMEM, (err_errno(&err, -ENOMEM, "stream"), &err));
    }
    s->all = all;
    s->fd = fd;
    strcpy(s->id, id);
    s->dropped = read_dropped(all, id);
    list_init(&s->node);
    r = attach(s);
    if (r < 0) {
        target_unref(s->target);
        free(s);
        return fail_open(fd, id, r, (err_errno(&err, r, "epoll"), &err));
    }
    if (!stored)
        notify_fd_store(id, fd);
    stream_ready(s); /* an ended stream would never become ready by itself */
    return 0;
}

/* Memory stays until stream_bury(): later events of this batch may point here. */
static void kill_stream(struct stream *s)
{
    if (s->dropped)
        log_warn("relay", "%s/%s: %llu bytes were dropped in all", s->target->d.dir,
                 s->target->d.prefix, (unsigned long long)s->dropped);
    map_del(&s->all->by_id, str_of(s->id));
    /* Closing alone would leave the registration: the fd store holds the same open file. */
    epoll_ctl(s->all->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
    close(s->fd);
    s->fd = -1;
    s->target = target_unref(s->target);
    notify_fd_remove(s->id);
    list_add_tail(&s->all->dead, &s->node);
}

/* The FIFO goes last: while it is there its owner knows that output is still on its way. */
static void remove_files(struct stream *s)
{
    static const char *const suffixes[] = {"stream", "dropped", "fifo"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char name[32];
        file_name(s->id, suffixes[i], name);
        unlinkat(s->all->dir_fd, name, 0);
    }
}

static void drop(struct stream *s, int reason)
{
    ssize_t n = peek_discard(s->fd, SHARE);
    if (n <= 0)
        return;
    if (!s->dropping)
        log_error("relay", "%s/%s: dropping output: %s", s->target->d.dir, s->target->d.prefix,
                  strerror(-reason));
    s->dropping = true;
    s->dropped += (uint64_t)n;
    s->target->gap += (uint64_t)n;
    write_dropped(s);
}

void stream_ready(struct stream *s)
{
    if (s->fd < 0)
        return;
    ssize_t n = target_move(s->target, s->fd, SHARE);
    if (n == -EAGAIN || n == -EINTR)
        return;
    if (n < 0) {
        drop(s, (int)n);
        n = peek_any(s->fd);
    } else {
        s->dropping = false;
    }
    if (n != 0)
        return;
    remove_files(s);
    kill_stream(s);
}

void stream_forget(struct streams *all, const char *id)
{
    struct stream *s = map_get(&all->by_id, str_of(id));
    if (s)
        kill_stream(s);
}

void stream_bury(struct streams *all)
{
    while (!list_empty(&all->dead)) {
        struct stream *s = list_item(all->dead.next, struct stream, node);
        list_del(&s->node);
        free(s);
    }
}
