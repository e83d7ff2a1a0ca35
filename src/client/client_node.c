// SPDX-License-Identifier: Apache-2.0
#include "client/client_node.h"

#include <errno.h>
#include <limits.h>

#include "base/buf.h"
#include "base/log.h"
#include "client/client_internal.h"
#include "fingerprint/fingerprint.h"

static int add_drivers(struct client *c, struct arena *a, struct node *n)
{
    size_t count;
    const struct driver *const *all = driver_all(&count);
    for (size_t i = 0; i < count; i++) {
        struct driver_info *info = model_new(&driver_info_schema, a);
        if (!info)
            return -ENOMEM;
        all[i]->fingerprint(&c->config.host, a, info);
        info->update_time = now_wall();
        for (size_t k = 0; k < info->attributes.n; k++)
            smap_set(a, &n->attributes, info->attributes.items[k].key,
                     info->attributes.items[k].value);
        if (omap_set(a, &n->drivers, all[i]->name, info) < 0)
            return -ENOMEM;
    }
    return 0;
}

static void fill_identity(const struct client *c, struct node *n)
{
    const struct client_config *cf = &c->config;
    n->id = c->node_id;
    n->secret_id = c->secret_id;
    n->datacenter = cf->datacenter;
    n->node_class = cf->node_class;
    n->node_pool = cf->node_pool;
    n->http_addr = cf->http_addr;
    n->meta = cf->meta;
    n->status = NODE_INIT;
    n->eligibility = NODE_ELIGIBLE;
    n->reserved = cf->reserved;
    n->host_volumes = cf->host_volumes;
}

int client_node_build(struct client *c, struct err *err)
{
    cleanup_arena struct arena *a = arena_new(0);
    struct node *n = a ? model_new(&node_schema, a) : NULL;
    if (!n)
        return -ENOMEM;
    const struct client_config *cf = &c->config;
    struct fingerprint_input in = {
        .root = cf->host.root,
        .alloc_dir = cf->data_dir,
        .interface = cf->network_interface,
        .network_speed = cf->network_speed,
        .cpu_total = cf->cpu_total_compute,
        .memory_total_mb = cf->memory_total_mb,
        .version = cf->version,
        .http_addr = cf->http_addr,
    };
    fill_identity(c, n);
    int r = fingerprint_all(&in, a, n, err);
    if (r == 0)
        r = add_drivers(c, a, n);
    if (r < 0)
        return r;
    char host[HOST_NAME_MAX + 1] = "";
    gethostname(host, sizeof(host) - 1);
    n->name = isempty(cf->node_name) ? arena_strdup(a, host) : cf->node_name;
    n->computed_class = node_computed_class(a, n);
    arena_free(c->node_arena);
    c->node_arena = take_ptr(a);
    c->node = n;
    return 0;
}
