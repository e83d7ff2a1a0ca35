// SPDX-License-Identifier: Apache-2.0
/* Asking: one unit's properties, and the list of all of ours. */
#include <errno.h>
#include <stdio.h>

#include "systemd/units_internal.h"

struct query {
    struct list node;
    struct units *u;
    struct unit_name name;
    struct unit_state state;
    unit_state_cb cb;
    void *user;
    unsigned pending;
    int failure;
    struct err err;
};

static void query_end(struct query *q)
{
    if (q->pending)
        return;
    list_del(&q->node);
    if (q->cb)
        q->cb(q->user, q->failure, &q->state, q->failure < 0 ? &q->err : NULL);
    free(q);
}

static void props_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    struct query *q = user;
    q->pending--;
    if (r >= 0)
        r = unit_state_read(&q->state, reply);
    if (r < 0 && q->failure == 0) {
        q->failure = r;
        if (err)
            q->err = *err;
    }
    query_end(q);
}

static int get_all(struct query *q, const char *interface)
{
    char path[UNIT_PATH_MAX];
    sd_bus_message *m = NULL;
    unit_path_of_name(q->name.z, path);
    int r = bus_method(q->u->bus, path, DBUS_PROPERTIES, "GetAll", &m);
    if (r >= 0)
        r = sd_bus_message_append(m, "s", interface);
    if (r >= 0)
        r = bus_call(q->u->bus, m, props_cb, q);
    sd_bus_message_unref(m);
    if (r >= 0)
        q->pending++;
    return r;
}

int units_query(struct units *u, const char *name, unit_state_cb cb, void *user)
{
    struct query *q = calloc(1, sizeof(*q));
    if (!q)
        return -ENOMEM;
    q->u = u;
    q->cb = cb;
    q->user = user;
    snprintf(q->name.z, sizeof(q->name.z), "%s", name);
    int r = get_all(q, SYSTEMD_UNIT);
    if (r >= 0 && has_suffix(name, ".service"))
        r = get_all(q, SYSTEMD_SERVICE);
    if (r < 0 && q->pending == 0) {
        free(q);
        return r;
    }
    if (r < 0)
        q->failure = r;
    list_add_tail(&u->queries, &q->node);
    return 0;
}

void units_query_forget(struct units *u, void *user)
{
    list_for_each (it, &u->queries) {
        struct query *q = list_item(it, struct query, node);
        if (q->user == user)
            q->cb = NULL;
    }
}

static void get_cb(void *user, int r, const struct unit_state *s, const struct err *err)
{
    struct unit_op *op = user;
    op->state = *s;
    unit_op_end(op, r, err);
}

int units_get(struct units *u, const char *name, units_started_cb cb, void *user)
{
    struct unit_op *op = unit_op_new(u, name, user);
    if (!op)
        return -ENOMEM;
    op->started_cb = cb;
    int r = units_query(u, name, get_cb, op);
    return r < 0 ? unit_op_drop(op, r) : 0;
}

/* -- list ----------------------------------------------------------------------------------------
 */

struct listing {
    struct list node;
    struct units *u;
    units_list_cb cb;
    void *user;
    VEC(struct unit_item) items;
    struct listing_slot *slots; /* as many as items */
    size_t pending;             /* states asked for, plus one for the walk itself */
    int failure;
    struct err err;
};

struct listing_slot {
    struct listing *l;
    size_t index;
};

static void listing_free(struct listing *l)
{
    for (size_t i = 0; i < l->items.n; i++) {
        free((char *)l->items.items[i].name);
        free((char *)l->items.items[i].description);
    }
    list_del(&l->node);
    vec_free(&l->items);
    free(l->slots);
    free(l);
}

void units_query_drop_all(struct units *u)
{
    while (!list_empty(&u->queries)) {
        struct query *q = list_item(u->queries.next, struct query, node);
        list_del(&q->node);
        free(q);
    }
    while (!list_empty(&u->listings))
        listing_free(list_item(u->listings.next, struct listing, node));
}

static void listing_fail(struct listing *l, int r, const struct err *err)
{
    if (l->failure < 0)
        return;
    l->failure = r;
    if (err)
        l->err = *err;
    else
        err_errno(&l->err, r, "listing units");
}

static void listing_done_one(struct listing *l)
{
    if (--l->pending)
        return;
    if (l->failure < 0)
        l->cb(l->user, l->failure, NULL, 0, &l->err);
    else
        l->cb(l->user, 0, l->items.items, l->items.n, NULL);
    listing_free(l);
}

static void listed_state_cb(void *user, int r, const struct unit_state *s, const struct err *err)
{
    struct listing_slot *slot = user;
    struct listing *l = slot->l;
    if (r < 0)
        listing_fail(l, r, err);
    else
        l->items.items[slot->index].state = *s;
    listing_done_one(l);
}

static int read_item(struct listing *l, sd_bus_message *m)
{
    const char *name, *description, *load, *active, *sub;
    int r = sd_bus_message_read(m, "(ssssssouso)", &name, &description, &load, &active, &sub, NULL,
                                NULL, NULL, NULL, NULL);
    struct unit_item item = {.state.loaded = true};
    if (r <= 0 || unit_name_parse(str_of(name), &item.parts) < 0)
        return r;
    unit_state_set_str(&item.state, "ActiveState", active);
    unit_state_set_str(&item.state, "SubState", sub);
    item.name = strdup(name);
    item.description = strdup(description);
    if (!item.name || !item.description || vec_push(&l->items, item) < 0) {
        free((char *)item.name);
        free((char *)item.description);
        return -ENOMEM;
    }
    return 1;
}

static int ask_states(struct listing *l)
{
    int r = 0;
    l->slots = calloc(l->items.n + 1, sizeof(*l->slots));
    if (!l->slots)
        return -ENOMEM;
    for (size_t i = 0; i < l->items.n && r >= 0; i++) {
        if (l->items.items[i].parts.kind != UNIT_NAME_SERVICE)
            continue;
        l->slots[i] = (struct listing_slot){l, i};
        r = units_query(l->u, l->items.items[i].name, listed_state_cb, &l->slots[i]);
        if (r >= 0)
            l->pending++;
    }
    return r;
}

static void listed_cb(void *user, int r, sd_bus_message *reply, const struct err *err)
{
    struct listing *l = user;
    if (r >= 0)
        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
    while (r > 0)
        r = read_item(l, reply);
    if (r >= 0)
        r = ask_states(l);
    if (r < 0)
        listing_fail(l, r, err);
    listing_done_one(l);
}

int units_list(struct units *u, units_list_cb cb, void *user)
{
    static const char pattern[] = "nomad-*";
    sd_bus_message *m = NULL;
    struct listing *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    *l = (struct listing){.u = u, .cb = cb, .user = user, .pending = 1};
    list_add_tail(&u->listings, &l->node);
    int r = bus_method(u->bus, SYSTEMD_PATH, SYSTEMD_MANAGER, "ListUnitsByPatterns", &m);
    if (r >= 0)
        r = sd_bus_message_append(m, "asas", 0, 1, pattern);
    if (r >= 0)
        r = bus_call(u->bus, m, listed_cb, l);
    sd_bus_message_unref(m);
    if (r < 0)
        listing_free(l);
    return r < 0 ? r : 0;
}
