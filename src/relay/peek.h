// SPDX-License-Identifier: Apache-2.0
/* Looking into a pipe without taking anything out (tee into a scratch pipe of our own), and
 * throwing bytes away. */
#pragma once
#include "base/macros.h"

/* 1: bytes are there; 0: end of the stream; -EAGAIN: empty. */
int peek_any(int pipe_fd);
/* How many bytes to take to reach a line's end: up to and with the first newline, or all that is
 * there (at least 1). -EAGAIN: empty; -ENODATA: end of the stream. */
int peek_line_end(int pipe_fd, size_t *ret);
/* Takes up to n bytes out. Bytes, 0 at the end of the stream, -EAGAIN. */
ssize_t peek_discard(int pipe_fd, size_t n);
