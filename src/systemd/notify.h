// SPDX-License-Identifier: Apache-2.0
/* What the agent tells systemd about itself (sd_notify). All do nothing outside a Type=notify unit.
 */
#pragma once
#include <uv.h>

#include "base/macros.h"

void notify_ready(const char *status); /* READY=1 and STATUS= */
void notify_status(const char *fmt, ...) printf_like(1, 2);
void notify_reloading(void); /* follow with notify_ready() */
void notify_stopping(void);
/* Keeps fd over a restart under `name`; systemd's copy stays after the peer hung up. */
int notify_fdstore(int fd, const char *name);
int notify_fdstore_remove(const char *name);

/* The descriptors handed over at start; names are those given to notify_fdstore(). Close-on-exec is
 * set and $LISTEN_* removed. Returns their number, -errno on failure; free names[] and the array.
 */
int notify_listen_fds(int *ret_first, char ***ret_names);

/* WATCHDOG=1 at half of $WATCHDOG_USEC from the loop, so a stuck loop is noticed. *ret is NULL
 * where no watchdog is set. */
struct notify_watchdog;
int notify_watchdog_start(uv_loop_t *loop, struct notify_watchdog **ret);
struct notify_watchdog *notify_watchdog_free(struct notify_watchdog *w);
