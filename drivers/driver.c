// SPDX-License-Identifier: Apache-2.0
#include "drivers/driver.h"

#include <errno.h>

#include "drivers/limits.h"

static const struct driver *const all[] = {&exec_driver, &raw_exec_driver};

const struct driver *const *driver_all(size_t *ret_n)
{
    *ret_n = ARRAY_LEN(all);
    return all;
}

const struct driver *driver_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (streq(all[i]->name, name))
            return all[i];
    return NULL;
}

int driver_translate(const struct driver *d, const struct driver_host *h,
                     const struct driver_task *t, struct arena *a, struct driver_unit *ret,
                     struct err *err)
{
    void *config = NULL;
    struct driver_info info = {0};
    /* Whatever a server placed here: a driver this node does not offer runs nothing. */
    d->fingerprint(h, a, &info);
    if (!info.detected)
        return err_set(err, -EPERM, "driver \"%s\" is not available on this node: %s", d->name,
                       nonull(info.health_description));
    int r = driver_config_decode(d, a, t->config, &config, err);
    if (r == 0 && d->validate)
        r = d->validate(config, err);
    if (r < 0)
        return r;
    struct driver_unit u = {.spec = UNIT_SPEC_INIT};
    u.launch.env = t->env;
    driver_limits(t->resources, &u.spec.limits);
    r = d->translate(h, t, config, a, &u, err);
    if (r == 0)
        *ret = u;
    return r;
}
