// SPDX-License-Identifier: Apache-2.0
/* The system bus on a libuv loop: one connection that comes back by itself. A lost bus is one
 * event: every call in flight or queued ends with -ECONNRESET (ask again after `up_cb`), then the
 * connection is retried after 0.1 s, doubling to at most 5 s. Loop thread only. */
#pragma once
#include <systemd/sd-bus.h>
#include <uv.h>

#include "base/err.h"

#define BUS_MAX_IN_FLIGHT 64                        /* the bus refuses the 129th pending reply */
#define BUS_CALL_TIMEOUT_USEC (90ULL * 1000 * 1000) /* PID 1 is silent during daemon-reload */

struct bus;

struct bus_ops {
    /* Connected, matches installed, Subscribe answered; also after systemd was re-executed or had
     * reloaded: what was known may be stale, list again. */
    void (*up_cb)(void *user);
    /* Connection lost; called after all pending replies were failed. May be NULL. */
    void (*down_cb)(void *user, const struct err *err);
    /* Every signal that a match selects. */
    void (*signal_cb)(void *user, sd_bus_message *m);
    const char *const *matches; /* NULL-terminated match rules, installed on each connection */
};

/* reply is valid during the call only, NULL when r < 0; err then names the D-Bus error. */
typedef void (*bus_reply_cb)(void *user, int r, sd_bus_message *reply, const struct err *err);

/* Connects in the background: a missing bus is reported by down_cb, not here. `address` NULL: the
 * system bus. ops is copied, its matches are borrowed. */
int bus_create(uv_loop_t *loop, const char *address, const struct bus_ops *ops, void *user,
               struct bus **ret);
/* Drops pending calls without calling back. Memory goes once the loop has closed the handles. */
struct bus *bus_free(struct bus *b);
bool bus_is_up(const struct bus *b);
/* Between systemd's Reloading(true) and (false): it announces every unit as removed and new. */
bool bus_is_reloading(const struct bus *b);

/* -ENOTCONN while down. Unreferenced by the caller as usual. */
int bus_method(struct bus *b, const char *path, const char *interface, const char *member,
               sd_bus_message **ret);
/* Sends now or, beyond 64 in flight, when a reply makes room; order is kept. Takes its own
 * reference to m. 0: cb runs once, never from inside this call; < 0: cb never runs. */
int bus_call(struct bus *b, sd_bus_message *m, bus_reply_cb cb, void *user);

/* Negative errno for a D-Bus error name; -EIO for one nobody knows. */
int bus_error_to_errno(const char *name);
