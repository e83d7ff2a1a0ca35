// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of the unit manager. An operation is one verb under way; the bus calls it
 * makes come back to it, and it ends once, through unit_op_end(). */
#pragma once
#include "base/hash.h"
#include "base/list.h"
#include "base/vec.h"
#include "systemd/bus.h"
#include "systemd/limits.h"
#include "systemd/units.h"

#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT "org.freedesktop.systemd1.Unit"
#define SYSTEMD_SERVICE "org.freedesktop.systemd1.Service"
#define DBUS_PROPERTIES "org.freedesktop.DBus.Properties"
#define STARTS_IN_FLIGHT 16

struct units {
    uv_loop_t *loop;
    struct bus *bus;
    struct units_ops ops;
    void *user;
    struct list ops_list; /* every unit_op */
    struct list queries, listings;
    struct map watches;       /* name -> unit_watch */
    struct map starts;        /* name -> unit_op that is starting it, sent or not */
    struct list start_queues; /* start_queue.h */
    unsigned starts_in_flight;
    unsigned warned; /* controllers already reported missing, enum limits_controller bits */
    bool freed;
};

struct unit_op {
    struct list node, queue_node;
    struct units *u;
    struct unit_name name, slice;
    void *user;
    units_done_cb done_cb;
    units_started_cb started_cb;
    /* The step a job's end or a new connection leads to. */
    void (*job_cb)(struct unit_op *op, const char *result);
    void (*again_cb)(struct unit_op *op); /* after bus up; NULL: ends with -ECONNRESET */
    char *job;                            /* object path waited for, or NULL */
    sd_bus_message *message;              /* built, not sent yet */
    struct limits_wanted limits;
    struct unit_state state;
    int launch_fd;
    bool launched, best_effort;
    bool lost;      /* its call went down with the bus */
    bool in_flight; /* a start among the 16: sent, its job not ended */
    bool accepted;  /* ... and answered, so only its JobRemoved is missing */
    bool asking;    /* the unit's state is on its way */
    bool flag;      /* the verb's own */
    int failure;    /* what the operation ends with after clean-up */
    struct err failure_text;
};

struct unit_op *unit_op_new(struct units *u, const char *name, void *user);
/* Calls back, unlinks, frees. r < 0 with err. */
void unit_op_end(struct unit_op *op, int r, const struct err *err);
/* For errors before the verb returned: frees without calling back; returns r. */
int unit_op_drop(struct unit_op *op, int r);
/* A manager call "s<types>" whose first argument is the unit's name; the message may be extended.
 */
int unit_op_message(struct unit_op *op, const char *member, sd_bus_message **ret);
/* Sends; on error the caller ends the operation. Consumes the reference in every case. */
int unit_op_send(struct unit_op *op, sd_bus_message *m, bus_reply_cb cb);
/* Reads "o" from a reply and waits for that job. */
int unit_op_wait_job(struct unit_op *op, sd_bus_message *reply);
/* True if r is a lost bus and the operation will be resumed: the caller returns at once. */
bool unit_op_resumes(struct unit_op *op, int r);
/* Limits against the cgroup's files; warnings are reported through u. */
int unit_op_check_limits(struct unit_op *op, struct err *err);

/* units_start.c */
void units_start_job_removed(struct unit_op *op, const char *result);
void units_start_changed(struct unit_op *op, sd_bus_message *m);
void units_start_queue_drop(struct units *u);
void units_start_cancelled(struct unit_op *op);
void units_start_bus_lost(struct units *u, const struct err *err);

/* units_watch.c */
void units_watch_changed(struct unit_watch *w, sd_bus_message *m);
void units_watch_removed(struct unit_watch *w);
void units_watch_ask_all(struct units *u);
void units_watch_stop_requested(struct units *u, const char *name);
/* From the read position of the launcher's memfd; fd -1: unknown. */
enum unit_launch units_launch_progress(int fd);
/* The start of the unit ended well: exits may be told now. Takes launch_fd. */
void units_watch_started(struct units *u, const char *name, const struct unit_state *state,
                         int launch_fd);

/* units_query.c: properties of a unit; calls back once. */
typedef void (*unit_state_cb)(void *user, int r, const struct unit_state *s, const struct err *err);
int units_query(struct units *u, const char *name, unit_state_cb cb, void *user);
void units_query_forget(struct units *u, void *user); /* cb never runs */
void units_query_drop_all(struct units *u);

/* unit_state_bus.c: a{sv} into the state. */
int unit_state_read(struct unit_state *s, sd_bus_message *m);
