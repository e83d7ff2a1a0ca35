// SPDX-License-Identifier: Apache-2.0
#include "relay/notify_fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int notify_address(struct sockaddr_un *a, socklen_t *ret_len)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof(a->sun_path) || (path[0] != '/' && path[0] != '@'))
        return -ENOENT;
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(a->sun_path, path, n);
    if (path[0] == '@')
        a->sun_path[0] = '\0';
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return 0;
}

static void send_text(const char *text, int fd)
{
    struct sockaddr_un a;
    union {
        struct cmsghdr h;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec iov = {.iov_base = (void *)text, .iov_len = strlen(text)};
    struct msghdr m = {.msg_name = &a, .msg_iov = &iov, .msg_iovlen = 1};
    if (notify_address(&a, &m.msg_namelen) < 0)
        return;
    cleanup_fd int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return;
    if (fd >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof(control.space);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    while (sendmsg(s, &m, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

void notify_fd_text(const char *text)
{
    send_text(text, -1);
}

void notify_fd_store(const char *name, int fd)
{
    char text[128];
    snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
    send_text(text, fd);
}

void notify_fd_remove(const char *name)
{
    char text[128];
    snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
    send_text(text, -1);
}

int notify_fd_received(const char **ret_names)
{
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS"),
               *names = getenv("LISTEN_FDNAMES");
    if (!pid || !n || !names || atol(pid) != (long)getpid())
        return 0;
    *ret_names = names;
    return MAX(atoi(n), 0);
}
