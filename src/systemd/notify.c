// SPDX-License-Identifier: Apache-2.0
#include "systemd/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "base/buf.h"
#include "base/clock.h"

void notify_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", nonull(status));
}

void notify_status(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    sd_notifyf(0, "STATUS=%s", text);
}

void notify_reloading(void)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(now_mono() / NSEC_USEC));
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

int notify_fdstore(int fd, const char *name)
{
    char text[256];
    snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
    int r = sd_pid_notify_with_fds(0, 0, text, &fd, 1);
    return r < 0 ? r : 0;
}

int notify_fdstore_remove(const char *name)
{
    int r = sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
    return r < 0 ? r : 0;
}

int notify_listen_fds(int *ret_first, char ***ret_names)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names);
    if (n < 0)
        return n;
    *ret_first = SD_LISTEN_FDS_START;
    *ret_names = names;
    return n;
}

struct notify_watchdog {
    uv_timer_t timer;
};

static void kick_cb(uv_timer_t *t)
{
    sd_notify(0, "WATCHDOG=1");
}

int notify_watchdog_start(uv_loop_t *loop, struct notify_watchdog **ret)
{
    uint64_t usec;
    int r = sd_watchdog_enabled(0, &usec);
    if (r < 0)
        return r;
    if (r == 0) {
        *ret = NULL;
        return 0;
    }
    struct notify_watchdog *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    uv_timer_init(loop, &w->timer);
    w->timer.data = w;
    uint64_t every = MAX(usec / 2000, UINT64_C(1));
    uv_timer_start(&w->timer, kick_cb, 0, every);
    uv_unref((uv_handle_t *)&w->timer);
    *ret = w;
    return 0;
}

static void closed_cb(uv_handle_t *h)
{
    free(h->data);
}

struct notify_watchdog *notify_watchdog_free(struct notify_watchdog *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->timer, closed_cb);
    return NULL;
}
