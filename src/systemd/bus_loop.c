// SPDX-License-Identifier: Apache-2.0
#include "systemd/bus_loop.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/clock.h"

#define BUDGET 256 /* messages handled before the rest of the loop gets a turn */

struct bus_loop {
    sd_bus *bus;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_idle_t idle;
    int events, open_handles;
    bool detached;
    void (*dead_cb)(void *user, int r);
    void *user;
};

static void report_dead(struct bus_loop *l, int r)
{
    uv_prepare_stop(&l->prepare);
    uv_idle_stop(&l->idle);
    uv_timer_stop(&l->timer);
    uv_poll_stop(&l->poll);
    l->dead_cb(l->user, r < 0 ? r : -ECONNRESET);
}

/* Returns whether anything was handled. A connection that is closing still answers its pending
 * calls with made-up errors, so it counts as dead at once. */
static bool drain(struct bus_loop *l)
{
    int r = 1, handled = -1;
    for (; handled < BUDGET && r > 0 && !l->detached; handled++) {
        r = sd_bus_process(l->bus, NULL);
        if (!l->detached && r >= 0 && sd_bus_is_open(l->bus) <= 0)
            r = -ECONNRESET;
    }
    if (r < 0 && !l->detached)
        report_dead(l, r);
    return handled > 0;
}

static void timer_cb(uv_timer_t *t)
{
    drain(t->data);
}

static void poll_cb(uv_poll_t *p, int status, int events)
{
    drain(p->data);
}

static void idle_cb(uv_idle_t *i)
{
}

static void arm_poll(struct bus_loop *l)
{
    int want = sd_bus_get_events(l->bus), events = 0;
    if (want > 0)
        events = (want & POLLIN ? UV_READABLE : 0) | (want & POLLOUT ? UV_WRITABLE : 0);
    if (events == l->events)
        return;
    l->events = events;
    if (events)
        uv_poll_start(&l->poll, events, poll_cb);
    else
        uv_poll_stop(&l->poll);
}

static void arm_timer(struct bus_loop *l)
{
    uint64_t until;
    if (sd_bus_get_timeout(l->bus, &until) < 0 || until == UINT64_MAX) {
        uv_timer_stop(&l->timer);
        return;
    }
    uint64_t now = (uint64_t)(now_mono() / NSEC_USEC);
    uv_timer_start(&l->timer, timer_cb, until > now ? (until - now + 999) / 1000 : 0, 0);
}

static void prepare_cb(uv_prepare_t *p)
{
    struct bus_loop *l = p->data;
    bool handled = drain(l);
    if (l->detached || !uv_is_active((uv_handle_t *)&l->prepare))
        return;
    if (handled) /* what the callbacks changed must be seen before the loop sleeps */
        uv_idle_start(&l->idle, idle_cb);
    else
        uv_idle_stop(&l->idle);
    arm_poll(l);
    arm_timer(l);
}

static void closed_cb(uv_handle_t *h)
{
    struct bus_loop *l = h->data;
    if (--l->open_handles == 0)
        free(l);
}

struct bus_loop *bus_loop_detach(struct bus_loop *l)
{
    if (!l || l->detached)
        return NULL;
    l->detached = true;
    uv_close((uv_handle_t *)&l->poll, closed_cb);
    uv_close((uv_handle_t *)&l->timer, closed_cb);
    uv_close((uv_handle_t *)&l->prepare, closed_cb);
    uv_close((uv_handle_t *)&l->idle, closed_cb);
    return NULL;
}

int bus_loop_attach(uv_loop_t *loop, sd_bus *bus, void (*dead_cb)(void *user, int r), void *user,
                    struct bus_loop **ret)
{
    int fd = sd_bus_get_fd(bus);
    if (fd < 0)
        return fd;
    struct bus_loop *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    int r = uv_poll_init(loop, &l->poll, fd);
    if (r < 0) {
        free(l);
        return r;
    }
    uv_timer_init(loop, &l->timer);
    uv_prepare_init(loop, &l->prepare);
    uv_idle_init(loop, &l->idle);
    l->poll.data = l->timer.data = l->prepare.data = l->idle.data = l;
    l->open_handles = 4;
    l->bus = bus;
    l->dead_cb = dead_cb;
    l->user = user;
    uv_prepare_start(&l->prepare, prepare_cb);
    *ret = l;
    return 0;
}
