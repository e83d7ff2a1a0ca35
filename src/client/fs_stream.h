// SPDX-License-Identifier: Apache-2.0
/* Sending a file or a task's log to a reader, as raw bytes or as Nomad's JSON frames; following it
 * while it grows. A slow reader pauses the sending and costs one buffer. */
#pragma once
#include "client/log_reader.h"
#include "rpc/rpc.h"

struct client;

struct fs_stream_spec {
    bool is_log;
    struct log_reader log; /* is_log; taken over */
    int fd;                /* else: the file, and its place; taken over */
    int64_t offset;
    const char *name; /* shown in frames: the file's path, or the log's directory */
    int64_t limit;    /* bytes; 0: none */
    bool plain, follow;
    const char *watch; /* absolute path of file or directory to be told about; NULL: poll */
};

/* On success the stream feeds itself until `end` or `cancel`; on failure the spec's descriptors
 * stay the caller's. */
int fs_stream_start(uv_loop_t *loop, const struct fs_stream_spec *spec, struct rpc_stream *to);
