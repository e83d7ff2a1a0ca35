// SPDX-License-Identifier: Apache-2.0
/* nomad-relay: moves the output of all tasks of a node from FIFOs into rotated files. It keeps no
 * state of its own: FIFOs and files say everything, so it may be killed and started at any time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "relay/notify_fd.h"
#include "relay/stream.h"

#define EVENTS 64

struct relay {
    struct streams streams;
    int inotify_fd;
};

static bool fifo_id(const char *name, char id[RELAY_ID_LEN + 1])
{
    if (strlen(name) != RELAY_ID_LEN + strlen(".fifo") || !has_suffix(name, ".fifo"))
        return false;
    memcpy(id, name, RELAY_ID_LEN);
    id[RELAY_ID_LEN] = '\0';
    return stream_id_is_valid(id);
}

static void scan(struct relay *r)
{
    char id[RELAY_ID_LEN + 1];
    int fd = openat(r->streams.dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return;
    struct dirent *e;
    while ((e = readdir(dir)))
        if (fifo_id(e->d_name, id))
            stream_open(&r->streams, id, -1);
    closedir(dir);
}

/* Read ends that systemd kept for us come back as descriptors 3, 4, ... */
static void adopt_stored(struct relay *r)
{
    const char *names = "";
    int n = notify_fd_received(&names);
    for (int fd = 3; fd < 3 + n; fd++) {
        size_t len = strcspn(names, ":");
        char id[RELAY_ID_LEN + 1] = "";
        if (len == RELAY_ID_LEN)
            memcpy(id, names, len);
        names += len + (names[len] == ':');
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
            continue;
        if (stream_id_is_valid(id))
            stream_open(&r->streams, id, fd);
        else
            close(fd);
    }
}

static void handle_change(struct relay *r, const struct inotify_event *e)
{
    char id[RELAY_ID_LEN + 1];
    if (e->mask & IN_Q_OVERFLOW) {
        scan(r);
        return;
    }
    if (!e->len || !fifo_id(e->name, id))
        return;
    if (e->mask & IN_MOVED_TO)
        stream_open(&r->streams, id, -1);
    else if (e->mask & IN_DELETE)
        stream_forget(&r->streams, id);
}

static void read_changes(struct relay *r)
{
    char data[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n = read(r->inotify_fd, data, sizeof(data));
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const void *)(data + at);
        handle_change(r, e);
        at += (ssize_t)(sizeof(*e) + e->len);
    }
}

static int make_dir(const char *path)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT || !slash || slash == path)
        return -errno;
    snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
    if ((mkdir(parent, 0755) < 0 && errno != EEXIST) || (mkdir(path, 0700) < 0 && errno != EEXIST))
        return -errno;
    return 0;
}

/* Whoever can write here could point a stream anywhere. */
static int open_dir(const char *path, int *ret, struct err *err)
{
    struct stat st;
    int r = make_dir(path);
    if (r < 0)
        return err_errno(err, r, "%s", path);
    cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, -errno, "%s", path);
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return err_set(err, -EPERM, "%s: must be ours alone (mode 0700)", path);
    *ret = take_fd(&fd);
    return 0;
}

static int set_up(struct relay *r, const char *path, struct err *err)
{
    int e = open_dir(path, &r->streams.dir_fd, err);
    if (e < 0)
        return e;
    char self[64];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", r->streams.dir_fd);
    r->streams.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    r->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (r->streams.epoll_fd < 0 || r->inotify_fd < 0)
        return err_errno(err, -errno, "epoll");
    if (inotify_add_watch(r->inotify_fd, self, IN_MOVED_TO | IN_DELETE) < 0)
        return err_errno(err, -errno, "inotify of %s", path);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(r->streams.epoll_fd, EPOLL_CTL_ADD, r->inotify_fd, &ev) < 0)
        return err_errno(err, -errno, "epoll");
    return 0;
}

static void run(struct relay *r)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(r->streams.epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                stream_ready(events[i].data.ptr);
            else
                read_changes(r);
        }
        stream_bury(&r->streams);
    }
}

static void raise_descriptor_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

int main(int argc, char **argv)
{
    struct relay r = {.streams = {.dir_fd = -1}};
    struct err err;
    const char *dir = RELAY_DIR;
    if (argc == 3 && streq(argv[1], "--dir"))
        dir = argv[2];
    else if (argc != 1) {
        fprintf(stderr, "usage: nomad-relay [--dir DIRECTORY]\n");
        return 2;
    }
    list_init(&r.streams.targets);
    list_init(&r.streams.dead);
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    if (set_up(&r, dir, &err) < 0) {
        log_error("relay", "%s", err.text);
        return 1;
    }
    adopt_stored(&r);
    scan(&r);
    notify_fd_text("READY=1");
    run(&r);
}
