// SPDX-License-Identifier: Apache-2.0
/* The few words the relay says to systemd, without libsystemd: it is one process per node that
 * should cost next to nothing. Everything is a no-op outside a unit. */
#pragma once
#include "base/macros.h"

void notify_fd_text(const char *text);
/* systemd keeps a copy of fd under `name` until it is removed, hung up or not. */
void notify_fd_store(const char *name, int fd);
void notify_fd_remove(const char *name);
/* The copies handed back at start, descriptors 3 and up; names is a colon-separated list. */
int notify_fd_received(const char **ret_names);
