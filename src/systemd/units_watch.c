// SPDX-License-Identifier: Apache-2.0
/* Waiting for a unit's end. Signals, answers and the unit's disappearance arrive in any order: each
 * only updates the state and then asks the one function that decides. */
#include <errno.h>
#include <stdio.h>

#include "systemd/launch_format.h"
#include "systemd/units_internal.h"

struct unit_watch {
    struct units *u;
    struct unit_name name;
    unit_exit_cb cb;
    void *user;
    struct unit_state state;
    uint8_t invocation_id[16];
    bool has_invocation, launched, stop_requested, told;
    bool armed; /* the start was answered, or there is none of ours */
    int launch_fd;
};

enum unit_launch units_launch_progress(int fd)
{
    off_t at = fd < 0 ? -1 : lseek(fd, 0, SEEK_CUR);
    if (at < 0)
        return UNIT_LAUNCH_UNKNOWN;
    if (at == 0)
        return UNIT_LAUNCH_NOT_READ;
    return at >= LAUNCH_FAILED_POSITION ? UNIT_LAUNCH_FAILED : UNIT_LAUNCH_DONE;
}

/* While the start is under way its own callback comes first, and is the only one if it failed. */
static void decide(struct unit_watch *w)
{
    struct unit_exit ex;
    const struct unit_decide d = {.launched = w->launched,
                                  .stop_requested = w->stop_requested,
                                  .launch = units_launch_progress(w->launch_fd)};
    if (w->told || !w->armed || !unit_exit_decide(&w->state, &d, &ex))
        return;
    w->told = true;
    struct unit_state state = w->state;
    w->cb(w->user, &ex, &state);
}

void units_watch_changed(struct unit_watch *w, sd_bus_message *m)
{
    const char *interface;
    if (w->told || sd_bus_message_rewind(m, true) < 0 ||
        sd_bus_message_read(m, "s", &interface) < 0)
        return;
    w->state.loaded = true;
    unit_state_read(&w->state, m);
    decide(w);
}

void units_watch_removed(struct unit_watch *w)
{
    w->state.loaded = false;
    decide(w);
}

static bool is_other_run(const struct unit_watch *w, const struct unit_state *s)
{
    return w->has_invocation && unit_state_has_invocation(s) &&
           memcmp(w->invocation_id, s->invocation_id, sizeof(w->invocation_id)) != 0;
}

/* An error here is a lost bus: asked again when it is back. */
static void asked_cb(void *user, int r, const struct unit_state *s, const struct err *err)
{
    struct unit_watch *w = user;
    if (r < 0)
        return;
    if (is_other_run(w, s))
        w->state.loaded = false;
    else
        w->state = *s;
    decide(w);
}

static int ask(struct unit_watch *w)
{
    return units_query(w->u, w->name.z, asked_cb, w);
}

void units_watch_ask_all(struct units *u)
{
    struct map_slot *slot;
    for (size_t i = 0; (slot = map_next(&u->watches, &i));) {
        struct unit_watch *w = slot->value;
        if (!w->told && w->armed)
            (void)ask(w);
    }
}

void units_watch_stop_requested(struct units *u, const char *name)
{
    struct unit_watch *w = map_get(&u->watches, str_of(name));
    if (w)
        w->stop_requested = true;
}

void units_watch_started(struct units *u, const char *name, const struct unit_state *state,
                         int launch_fd)
{
    struct unit_watch *w = map_get(&u->watches, str_of(name));
    if (!w) {
        if (launch_fd >= 0)
            close(launch_fd);
        return;
    }
    if (w->launch_fd >= 0)
        close(w->launch_fd);
    w->launch_fd = launch_fd;
    w->state = *state;
    w->state.loaded = true;
    w->armed = true;
    decide(w);
}

int unit_watch_create(struct units *u, const char *name, bool launched, unit_exit_cb cb, void *user,
                      struct unit_watch **ret)
{
    if (map_get(&u->watches, str_of(name)))
        return -EEXIST;
    struct unit_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->u = u;
    w->cb = cb;
    w->user = user;
    w->launched = launched;
    w->launch_fd = -1;
    snprintf(w->name.z, sizeof(w->name.z), "%s", name);
    int r = map_put(&u->watches, str_of(w->name.z), w, NULL);
    if (r < 0) {
        free(w);
        return r;
    }
    *ret = w;
    return 0;
}

int unit_watch_attach(struct units *u, const char *name, bool launched,
                      const uint8_t invocation_id[16], unit_exit_cb cb, void *user,
                      struct unit_watch **ret)
{
    struct unit_watch *w;
    int r = unit_watch_create(u, name, launched, cb, user, &w);
    if (r < 0)
        return r;
    w->armed = w->state.loaded = true; /* until the answer says otherwise */
    if (invocation_id) {
        memcpy(w->invocation_id, invocation_id, sizeof(w->invocation_id));
        w->has_invocation = true;
    }
    r = ask(w);
    if (r < 0 && r != -ENOTCONN) {
        unit_watch_free(w);
        return r;
    }
    *ret = w;
    return 0;
}

struct unit_watch *unit_watch_free(struct unit_watch *w)
{
    if (!w)
        return NULL;
    units_query_forget(w->u, w);
    map_del(&w->u->watches, str_of(w->name.z));
    if (w->launch_fd >= 0)
        close(w->launch_fd);
    free(w);
    return NULL;
}
