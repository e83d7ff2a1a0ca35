// SPDX-License-Identifier: Apache-2.0
/* a{sv} of PropertiesChanged and GetAll into a unit_state. */
#include <errno.h>

#include "systemd/units_internal.h"

static int read_fields(struct unit_state *s, const char *name, sd_bus_message *m)
{
    int r = sd_bus_message_enter_container(m, 'a', "ay");
    while (r > 0) {
        const void *p;
        size_t n;
        r = sd_bus_message_read_array(m, 'y', &p, &n);
        if (r > 0)
            unit_state_set_bytes(s, name, p, n);
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_value(struct unit_state *s, const char *name, const char *type, sd_bus_message *m)
{
    if (streq(type, "s")) {
        const char *z;
        int r = sd_bus_message_read_basic(m, 's', &z);
        if (r > 0)
            unit_state_set_str(s, name, z);
        return r;
    }
    if (streq(type, "t")) {
        uint64_t v;
        int r = sd_bus_message_read_basic(m, 't', &v);
        if (r > 0)
            unit_state_set_u64(s, name, v);
        return r;
    }
    if (streq(type, "u") || streq(type, "i")) {
        int32_t v;
        int r = sd_bus_message_read_basic(m, type[0], &v);
        if (r > 0)
            unit_state_set_u64(s, name, (uint64_t)v);
        return r;
    }
    if (streq(type, "ay")) {
        const void *p;
        size_t n;
        int r = sd_bus_message_read_array(m, 'y', &p, &n);
        if (r > 0)
            unit_state_set_bytes(s, name, p, n);
        return r;
    }
    if (streq(type, "aay"))
        return read_fields(s, name, m);
    return sd_bus_message_skip(m, type);
}

static int read_entry(struct unit_state *s, sd_bus_message *m)
{
    const char *name, *type;
    char kind;
    int r = sd_bus_message_read_basic(m, 's', &name);
    if (r > 0)
        r = sd_bus_message_peek_type(m, &kind, &type);
    if (r > 0)
        r = sd_bus_message_enter_container(m, 'v', type);
    if (r > 0)
        r = read_value(s, name, type, m);
    if (r >= 0)
        r = sd_bus_message_exit_container(m);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

int unit_state_read(struct unit_state *s, sd_bus_message *m)
{
    int r = sd_bus_message_enter_container(m, 'a', "{sv}");
    while (r > 0) {
        r = sd_bus_message_enter_container(m, 'e', "sv");
        if (r <= 0)
            break;
        r = read_entry(s, m);
        if (r >= 0)
            r = 1;
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}
