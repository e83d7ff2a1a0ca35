// SPDX-License-Identifier: Apache-2.0
/* Lets a libuv loop drive one sd_bus connection: a prepare hook asks the bus which poll bits and
 * which deadline it wants, and everything that wakes the loop drains it. */
#pragma once
#include <systemd/sd-bus.h>
#include <uv.h>

struct bus_loop;

/* dead_cb runs once, outside sd_bus_process(), when the connection is unusable; detach there. */
int bus_loop_attach(uv_loop_t *loop, sd_bus *bus, void (*dead_cb)(void *user, int r), void *user,
                    struct bus_loop **ret);
/* Never calls back again; does not touch the bus any more. Memory goes once the handles closed. */
struct bus_loop *bus_loop_detach(struct bus_loop *l);
