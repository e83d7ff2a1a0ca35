// SPDX-License-Identifier: Apache-2.0
#include "systemd/bus.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "base/str.h"
#include "systemd/bus_loop.h"

#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 5000
#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

static const char reloading_match[] =
    "type='signal',sender='" SYSTEMD "',interface='" MANAGER "',member='Reloading'";
static const char owner_match[] =
    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" SYSTEMD "'";

struct call {
    struct list node; /* in bus.queue or bus.flight */
    struct bus *b;
    sd_bus_message *m;
    sd_bus_slot *slot;
    bus_reply_cb cb;
    void *user;
};

struct bus {
    uv_loop_t *loop;
    uv_timer_t retry;
    char *address;
    struct bus_ops ops;
    void *user;
    sd_bus *bus;
    struct bus_loop *bridge;
    struct list queue, flight;
    unsigned in_flight;
    uint64_t retry_ms;
    bool up, reloading, freed;
    int setup_error; /* of a match or Subscribe: the connection is given up from outside */
};

static void connect_now(struct bus *b);

static struct call *call_free(struct call *c)
{
    if (!c)
        return NULL;
    list_del(&c->node);
    sd_bus_slot_unref(c->slot);
    sd_bus_message_unref(c->m);
    free(c);
    return NULL;
}

static void fail_calls(struct bus *b, struct list *calls, const struct err *err)
{
    while (!list_empty(calls)) {
        struct call *c = list_item(calls->next, struct call, node);
        bus_reply_cb cb = c->cb;
        void *user = c->user;
        call_free(c);
        if (cb && !b->freed)
            cb(user, -ECONNRESET, NULL, err);
    }
}

static void drop_connection(struct bus *b)
{
    b->up = b->reloading = false;
    b->bridge = bus_loop_detach(b->bridge);
    if (b->bus)
        sd_bus_close(b->bus);
    b->bus = sd_bus_unref(b->bus);
}

static void retry_cb(uv_timer_t *t)
{
    connect_now(t->data);
}

/* The one path for a lost or unusable connection. */
static void lost_cb(void *user, int r)
{
    struct bus *b = user;
    struct err err;
    err_set(&err, -ECONNRESET, "system bus: %s", strerror(b->setup_error ? -b->setup_error : -r));
    drop_connection(b);
    b->in_flight = 0;
    fail_calls(b, &b->flight, &err);
    fail_calls(b, &b->queue, &err);
    if (b->freed)
        return;
    if (b->ops.down_cb)
        b->ops.down_cb(b->user, &err);
    if (b->freed)
        return;
    uv_timer_start(&b->retry, retry_cb, b->retry_ms, 0);
    b->retry_ms = MIN(b->retry_ms * 2, (uint64_t)RETRY_MAX_MS);
}

static int setup_failed(struct bus *b, int r)
{
    b->setup_error = r;
    sd_bus_close(b->bus);
    return 0;
}

static int subscribed_cb(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    struct bus *b = user;
    const sd_bus_error *e = sd_bus_message_get_error(m);
    if (e && !streq(e->name, "org.freedesktop.systemd1.AlreadySubscribed"))
        return setup_failed(b, bus_error_to_errno(e->name));
    b->up = true;
    b->reloading = false;
    b->retry_ms = RETRY_FIRST_MS;
    b->ops.up_cb(b->user);
    return 0;
}

static int subscribe(struct bus *b)
{
    return sd_bus_call_method_async(b->bus, NULL, SYSTEMD, "/org/freedesktop/systemd1", MANAGER,
                                    "Subscribe", subscribed_cb, b, "");
}

static int match_installed_cb(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    const sd_bus_error *e = sd_bus_message_get_error(m);
    return e ? setup_failed(user, bus_error_to_errno(e->name)) : 0;
}

static int signal_cb(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    struct bus *b = user;
    if (b->up)
        b->ops.signal_cb(b->user, m);
    return 0;
}

static int reloading_cb(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    struct bus *b = user;
    int active;
    if (sd_bus_message_read(m, "b", &active) < 0)
        return 0;
    bool ended = b->reloading && !active;
    b->reloading = active;
    if (ended && b->up)
        b->ops.up_cb(b->user);
    return 0;
}

static int owner_changed_cb(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    struct bus *b = user;
    const char *name, *old, *fresh;
    if (sd_bus_message_read(m, "sss", &name, &old, &fresh) < 0 || isempty(fresh))
        return 0;
    int r = subscribe(b);
    return r < 0 ? setup_failed(b, r) : 0;
}

static int add_match(struct bus *b, const char *match, sd_bus_message_handler_t cb)
{
    return sd_bus_add_match_async(b->bus, NULL, match, cb, match_installed_cb, b);
}

static int open_bus(struct bus *b)
{
    if (!b->address)
        return sd_bus_open_system_with_description(&b->bus, "nomad");
    int r = sd_bus_new(&b->bus);
    if (r >= 0)
        r = sd_bus_set_address(b->bus, b->address);
    if (r >= 0)
        r = sd_bus_set_bus_client(b->bus, true);
    return r < 0 ? r : sd_bus_start(b->bus);
}

static int set_up(struct bus *b)
{
    int r = open_bus(b);
    if (r >= 0)
        r = bus_loop_attach(b->loop, b->bus, lost_cb, b, &b->bridge);
    if (r >= 0)
        r = add_match(b, reloading_match, reloading_cb);
    if (r >= 0)
        r = add_match(b, owner_match, owner_changed_cb);
    for (const char *const *m = b->ops.matches; m && *m && r >= 0; m++)
        r = add_match(b, *m, signal_cb);
    return r < 0 ? r : subscribe(b);
}

static void connect_now(struct bus *b)
{
    b->setup_error = 0;
    int r = set_up(b);
    if (r < 0)
        lost_cb(b, r);
}

static void first_connect_cb(uv_timer_t *t)
{
    connect_now(t->data);
}

int bus_create(uv_loop_t *loop, const char *address, const struct bus_ops *ops, void *user,
               struct bus **ret)
{
    assert(ops->up_cb && ops->signal_cb);
    struct bus *b = calloc(1, sizeof(*b));
    if (!b)
        return -ENOMEM;
    if (address && !(b->address = strdup(address))) {
        free(b);
        return -ENOMEM;
    }
    b->loop = loop;
    b->ops = *ops;
    b->user = user;
    b->retry_ms = RETRY_FIRST_MS;
    list_init(&b->queue);
    list_init(&b->flight);
    uv_timer_init(loop, &b->retry);
    b->retry.data = b;
    uv_timer_start(&b->retry, first_connect_cb, 0, 0);
    *ret = b;
    return 0;
}

static void retry_closed_cb(uv_handle_t *h)
{
    struct bus *b = h->data;
    free(b->address);
    free(b);
}

struct bus *bus_free(struct bus *b)
{
    if (!b || b->freed)
        return NULL;
    b->freed = true;
    drop_connection(b);
    fail_calls(b, &b->flight, NULL);
    fail_calls(b, &b->queue, NULL);
    uv_close((uv_handle_t *)&b->retry, retry_closed_cb);
    return NULL;
}

bool bus_is_up(const struct bus *b)
{
    return b->up;
}

bool bus_is_reloading(const struct bus *b)
{
    return b->reloading;
}

int bus_method(struct bus *b, const char *path, const char *interface, const char *member,
               sd_bus_message **ret)
{
    if (!b->up)
        return -ENOTCONN;
    return sd_bus_message_new_method_call(b->bus, ret, SYSTEMD, path, interface, member);
}

static void send_queued(struct bus *b);

static int reply_cb(sd_bus_message *m, void *user, sd_bus_error *unused)
{
    struct call *c = user;
    struct bus *b = c->b;
    bus_reply_cb cb = c->cb;
    void *cb_user = c->user;
    const sd_bus_error *e = sd_bus_message_get_error(m);
    struct err err = {""};
    int r = 0;
    if (e) {
        r = bus_error_to_errno(e->name);
        err_set(&err, r, "%s", isempty(e->message) ? e->name : e->message);
    }
    call_free(c);
    b->in_flight--;
    if (cb)
        cb(cb_user, r, r < 0 ? NULL : m, r < 0 ? &err : NULL);
    if (!b->freed)
        send_queued(b);
    return 0;
}

/* A message the bus refuses to take breaks the connection: what was queued behind it could not keep
 * its order. */
static void send_queued(struct bus *b)
{
    while (b->bus && b->in_flight < BUS_MAX_IN_FLIGHT && !list_empty(&b->queue)) {
        struct call *c = list_item(b->queue.next, struct call, node);
        int r = sd_bus_call_async(b->bus, &c->slot, c->m, reply_cb, c, BUS_CALL_TIMEOUT_USEC);
        if (r < 0) {
            setup_failed(b, r);
            return;
        }
        list_del(&c->node);
        list_add_tail(&b->flight, &c->node);
        b->in_flight++;
    }
}

int bus_call(struct bus *b, sd_bus_message *m, bus_reply_cb cb, void *user)
{
    if (!b->up)
        return -ENOTCONN;
    struct call *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->b = b;
    c->m = sd_bus_message_ref(m);
    c->cb = cb;
    c->user = user;
    list_add_tail(&b->queue, &c->node);
    send_queued(b);
    return 0;
}
