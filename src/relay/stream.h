// SPDX-License-Identifier: Apache-2.0
/* One FIFO and where it is written to. */
#pragma once
#include "base/hash.h"
#include "relay/target.h"
#include "systemd/relay_format.h"

struct streams {
    int dir_fd, epoll_fd;
    struct map by_id;
    struct list targets, dead; /* dead: freed after the current batch of events */
};

struct stream {
    struct list node;
    struct streams *all;
    char id[RELAY_ID_LEN + 1];
    int fd; /* read end, -1 once dead */
    struct target *target;
    uint64_t dropped;
    bool dropping;
};

bool stream_id_is_valid(const char *id);
/* fd -1: open <id>.fifo; else one that came back from the fd store, consumed in every case. Known
 * streams are left alone. */
int stream_open(struct streams *all, const char *id, int fd);
/* On readiness: move a fair share, drop what cannot be written, remove the stream at its end. */
void stream_ready(struct stream *s);
/* The FIFO was removed by its owner. */
void stream_forget(struct streams *all, const char *id);
void stream_bury(struct streams *all);
