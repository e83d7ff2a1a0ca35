// SPDX-License-Identifier: Apache-2.0
/* The property list as a D-Bus message: one row of the table per type. Errors stick in the message:
 * sd-bus refuses to send a message that a failed append left half-made. */
#include "systemd/unit_props.h"

#include <sys/mount.h>

#define NODE_FIELD "NOMAD_NODE_ID="

static int put_strings(sd_bus_message *m, const char *const *v)
{
    int r = sd_bus_message_open_container(m, 'a', "s");
    for (; v && *v && r >= 0; v++)
        r = sd_bus_message_append_basic(m, 's', *v);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_exec(sd_bus_message *m, const struct unit_spec *s)
{
    static const char *const plain[] = {"nomad-task", NULL};
    int r = sd_bus_message_open_container(m, 'a', "(sasb)");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'r', "sasb");
    if (r >= 0)
        r = sd_bus_message_append_basic(m, 's', s->exec);
    if (r >= 0)
        r = put_strings(m, s->argv ? s->argv : plain);
    if (r >= 0)
        r = sd_bus_message_append(m, "b", false);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_binds(sd_bus_message *m, const struct unit_sandbox *x, bool writable)
{
    int r = sd_bus_message_open_container(m, 'a', "(ssbt)");
    for (size_t i = 0; i < x->n_binds && r >= 0; i++) {
        const struct unit_bind *b = &x->binds[i];
        if (b->writable == writable)
            r = sd_bus_message_append(m, "(ssbt)", b->src, b->dst, (int)b->ignore_missing,
                                      b->recursive ? (uint64_t)MS_REC : UINT64_C(0));
    }
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_pairs(sd_bus_message *m, const struct unit_pair *v, size_t n)
{
    int r = sd_bus_message_open_container(m, 'a', "(ss)");
    for (size_t i = 0; i < n && r >= 0; i++)
        r = sd_bus_message_append(m, "(ss)", v[i].a, nonull(v[i].b));
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_fields(sd_bus_message *m, const char *node_id, const char *const *fields)
{
    int r = sd_bus_message_open_container(m, 'a', "ay");
    if (r >= 0 && !isempty(node_id)) {
        cleanup_buf struct buf b = {0};
        buf_addz(&b, NODE_FIELD);
        buf_addz(&b, node_id);
        r = b.failed ? -ENOMEM : sd_bus_message_append_array(m, 'y', b.p, b.n);
    }
    for (; fields && *fields && r >= 0; fields++)
        r = sd_bus_message_append_array(m, 'y', *fields, strlen(*fields));
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_filter(sd_bus_message *m, const char *const *calls)
{
    int r = sd_bus_message_open_container(m, 'r', "bas");
    if (r >= 0)
        r = sd_bus_message_append(m, "b", true);
    if (r >= 0)
        r = put_strings(m, calls);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static const char *const signatures[PROP_TYPE_MAX] = {
    [PROP_STRING] = "s",      [PROP_BOOL] = "b",      [PROP_I32] = "i",
    [PROP_U64] = "t",         [PROP_FD] = "h",        [PROP_BYTES] = "ay",
    [PROP_STRINGS] = "as",    [PROP_FIELDS] = "aay",  [PROP_EXEC] = "a(sasb)",
    [PROP_BINDS] = "a(ssbt)", [PROP_PAIRS] = "a(ss)", [PROP_FILTER] = "(bas)",
};

static int put_value(sd_bus_message *m, const struct unit_prop *p)
{
    switch (p->type) {
    case PROP_STRING:
        return sd_bus_message_append_basic(m, 's', p->s);
    case PROP_BOOL:
        return sd_bus_message_append(m, "b", (int)p->u64);
    case PROP_I32:
        return sd_bus_message_append(m, "i", p->i);
    case PROP_U64:
        return sd_bus_message_append(m, "t", p->u64);
    case PROP_FD:
        return sd_bus_message_append(m, "h", p->i);
    case PROP_BYTES:
        return sd_bus_message_append_array(m, 'y', p->bytes, p->u64);
    case PROP_STRINGS:
        return put_strings(m, p->strings);
    case PROP_FIELDS:
        return put_fields(m, p->spec->node_id, p->strings);
    case PROP_EXEC:
        return put_exec(m, p->spec);
    case PROP_BINDS:
        return put_binds(m, &p->spec->sandbox, p->u64);
    case PROP_PAIRS:
        return put_pairs(m, p->pairs, p->u64);
    case PROP_FILTER:
        return put_filter(m, p->strings);
    case PROP_TYPE_MAX:
        break;
    }
    return -EINVAL;
}

static int put_property(sd_bus_message *m, const struct unit_prop *p)
{
    int r = sd_bus_message_open_container(m, 'r', "sv");
    if (r >= 0)
        r = sd_bus_message_append_basic(m, 's', p->name);
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'v', signatures[p->type]);
    if (r >= 0)
        r = put_value(m, p);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

int unit_props_append(sd_bus_message *m, const struct unit_props *p)
{
    int r = sd_bus_message_open_container(m, 'a', "(sv)");
    for (size_t i = 0; i < p->list.n && r >= 0; i++)
        r = put_property(m, &p->list.items[i]);
    return r < 0 ? r : sd_bus_message_close_container(m);
}
