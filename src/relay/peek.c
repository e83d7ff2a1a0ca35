// SPDX-License-Identifier: Apache-2.0
#include "relay/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#define SCRATCH_SIZE 65536

static int scratch[2] = {-1, -1};
static int null_fd = -1;

static int open_scratch(void)
{
    return scratch[0] < 0 && pipe2(scratch, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
}

/* poll(2) does not report the end of a FIFO whose writers left before we opened it; tee does. */
int peek_any(int pipe_fd)
{
    int n = 0, r = open_scratch();
    char c;
    if (r < 0)
        return r;
    if (ioctl(pipe_fd, FIONREAD, &n) == 0 && n > 0)
        return 1;
    ssize_t t = tee(pipe_fd, scratch[1], 1, SPLICE_F_NONBLOCK);
    if (t <= 0)
        return t < 0 ? -errno : 0;
    return read(scratch[0], &c, 1) == 1 ? 1 : -EIO;
}

int peek_line_end(int pipe_fd, size_t *ret)
{
    static char data[SCRATCH_SIZE];
    int r = open_scratch();
    if (r < 0)
        return r;
    ssize_t n = tee(pipe_fd, scratch[1], sizeof(data), SPLICE_F_NONBLOCK);
    if (n <= 0)
        return n < 0 ? -errno : -ENODATA;
    for (ssize_t got = 0; got < n;) {
        ssize_t k = read(scratch[0], data + got, (size_t)(n - got));
        if (k <= 0)
            return k < 0 ? -errno : -EIO;
        got += k;
    }
    const char *nl = memchr(data, '\n', (size_t)n);
    *ret = nl ? (size_t)(nl - data) + 1 : (size_t)n;
    return 0;
}

ssize_t peek_discard(int pipe_fd, size_t n)
{
    if (null_fd < 0 && (null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
        return -errno;
    ssize_t r = splice(pipe_fd, NULL, null_fd, NULL, n, SPLICE_F_NONBLOCK);
    return r < 0 ? -errno : r;
}
