// SPDX-License-Identifier: Apache-2.0
/* Reading what a task printed: files <prefix>.<N> of one directory as one stream. The highest N is
 * being written; rotation takes the lowest away. Never waits: at the end it says 0 and may be asked
 * again. Loses nothing at a rotation: a file is left only when it is read to its end and a higher
 * one exists. */
#pragma once
#include "base/str.h"
#include "base/uuid.h"

struct log_reader {
    int dir_fd; /* owned */
    char prefix[300];
    int fd;                 /* current file, -1: none yet */
    int64_t number, offset; /* of the current file */
    bool started;
};

/* Position: `offset` bytes after the first byte that is still there, or before the last one. Takes
 * dir_fd. */
int log_reader_open(int dir_fd, const char *prefix, bool from_end, int64_t offset,
                    struct log_reader *ret);
void log_reader_close(struct log_reader *r);
/* Bytes read, 0 at the end, -errno. The bytes came from <prefix>.<*ret_number> at *ret_offset. */
ssize_t log_reader_read(struct log_reader *r, void *buf, size_t n, int64_t *ret_number,
                        int64_t *ret_offset);
