// SPDX-License-Identifier: Apache-2.0
/* The agent's side of the log relay: see that it runs, and give it streams. */
#pragma once
#include <sys/types.h>

#include "systemd/relay_format.h"
#include "systemd/units.h"

struct relay_config {
    const char *dir;    /* NULL: RELAY_DIR */
    const char *binary; /* absolute path of nomad-relay, for a host without the unit file */
};
/* Starts nomad-relay.service: the installed unit if there is one, else a transient one. Running
 * already is success; a failed one is reset first. */
int relay_ensure(struct units *u, const struct relay_config *c, units_done_cb cb, void *user,
                 struct err *err);

struct relay_stream_spec {
    const char *dir;        /* NULL: RELAY_DIR; made with mode 0700 if missing */
    const char *target_dir; /* absolute, exists: <alloc>/alloc/logs */
    const char *prefix;     /* "<task>.stdout" */
    unsigned max_files;     /* at least 1 */
    uint64_t max_file_size; /* bytes, at least 1 */
    uid_t uid; /* the FIFO's owner, so that the task can re-open /dev/stdout; 0: root */
    gid_t gid;
};

struct relay_stream {
    char id[RELAY_ID_LEN + 1]; /* persist it: relay_stream_reopen() after an agent restart */
    int write_fd; /* both ends (O_RDWR) for the unit; close it once the start was answered */
    int read_fd;  /* keeps unread output alive; leave it to relay_stream_release() */
};

/* Works with the relay up or down: it finds the stream when it looks. Makes file system calls only.
 */
int relay_stream_register(const struct relay_stream_spec *s, struct err *err,
                          struct relay_stream *ret);
/* The read end again, after an agent restart; -ENOENT: drained and gone. */
int relay_stream_reopen(const char *dir, const char *id, int *ret_read_fd);
/* For after the unit was reaped: closes the write end, and the read end as soon as nothing unread
 * is left in it (checked at each later register and release, or by relay_stream_sweep(), which
 * returns how many still wait for the relay). The relay removes the files once all is written. */
void relay_stream_release(struct relay_stream *s);
size_t relay_stream_sweep(void);
/* Removes the files at once, written out or not: for a task whose directory is being deleted. */
int relay_stream_unregister(const char *dir, const char *id);
/* True while the relay still has output to write or writers are left. */
bool relay_stream_is_active(const char *dir, const char *id);
uint64_t relay_stream_dropped(const char *dir, const char *id);
