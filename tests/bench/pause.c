// SPDX-License-Identifier: Apache-2.0
/* The task of the benches: says that it runs by one byte into a FIFO, then does nothing, or writes
 * that many lines of 100 bytes a second. Built static and small, its start should not be measured.
 *   pause FIFO [LINES-PER-SECOND] */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void write_lines(long rate)
{
    static char chunk[65536];
    const long tenth = rate / 10 * 100;
    struct timespec next;
    for (size_t i = 0; i < sizeof(chunk); i++)
        chunk[i] = i % 100 == 99 ? '\n' : 'x';
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (;;) {
        for (long left = tenth; left > 0;) {
            ssize_t n = write(1, chunk, (size_t)(left < 65500 ? left : 65500));
            if (n <= 0)
                return;
            left -= n;
        }
        next.tv_nsec += 100000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}

int main(int argc, char **argv)
{
    int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0 || write(fd, "r", 1) != 1)
        return 1;
    close(fd);
    if (argc > 2)
        write_lines(atol(argv[2]));
    for (;;)
        pause();
}
