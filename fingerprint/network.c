// SPDX-License-Identifier: Apache-2.0
/* The interface of the default route (or the configured one): its addresses and speed are what
 * tasks get ports on; every interface is listed as a host network. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "fingerprint/util.h"

#define DEFAULT_SPEED 1000

static int64_t speed_of(const struct fingerprint_input *in, struct arena *a, const char *dev)
{
    char path[128];
    int64_t mbits;
    snprintf(path, sizeof(path), "/sys/class/net/%s/speed", dev);
    return fp_read_int(in, a, path, &mbits) == 0 && mbits > 0 ? mbits : 0;
}

/* Destination and mask 0 in the kernel's table: the route with the lowest metric. */
static const char *default_device(const struct fingerprint_input *in, struct arena *a)
{
    const char *text, *best = NULL;
    unsigned long best_metric = 0;
    if (fp_read(in, a, "/proc/net/route", &text) < 0)
        return NULL;
    for (const char *p = strchr(text, '\n'); p && p[1]; p = strchr(p + 1, '\n')) {
        char dev[IFNAMSIZ];
        unsigned long dst, gateway, flags, refs, use, metric, mask;
        if (sscanf(p + 1, "%15s %lx %lx %lx %lu %lu %lu %lx", dev, &dst, &gateway, &flags, &refs,
                   &use, &metric, &mask) != 8)
            continue;
        if (dst == 0 && mask == 0 && (!best || metric < best_metric)) {
            best = arena_strdup(a, dev);
            best_metric = metric;
        }
    }
    return best;
}

static bool usable(const struct ifaddrs *i)
{
    return i->ifa_addr && (i->ifa_flags & IFF_UP) &&
           (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6);
}

/* Text of the address; NULL for link-local ones, which are useless without a scope. */
static const char *address_text(struct arena *a, const struct ifaddrs *i)
{
    char z[INET6_ADDRSTRLEN];
    if (i->ifa_addr->sa_family == AF_INET) {
        const struct sockaddr_in *s = (const void *)i->ifa_addr;
        if ((ntohl(s->sin_addr.s_addr) >> 16) == 0xa9fe)
            return NULL;
        inet_ntop(AF_INET, &s->sin_addr, z, sizeof(z));
    } else {
        const struct sockaddr_in6 *s = (const void *)i->ifa_addr;
        if (IN6_IS_ADDR_LINKLOCAL(&s->sin6_addr))
            return NULL;
        inet_ntop(AF_INET6, &s->sin6_addr, z, sizeof(z));
    }
    return arena_strdup(a, z);
}

static const char *fallback_device(const struct ifaddrs *list)
{
    const char *loopback = NULL;
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        if (!usable(i))
            continue;
        if (!(i->ifa_flags & IFF_LOOPBACK))
            return i->ifa_name;
        loopback = i->ifa_name;
    }
    return loopback;
}

static int add_resource(const struct fingerprint_input *in, struct arena *a, struct node *n,
                        const struct ifaddrs *i, int64_t speed)
{
    const char *ip = address_text(a, i);
    if (!ip)
        return 0;
    struct network_resource *r = model_new(&network_resource_schema, a);
    if (!r)
        return -ENOMEM;
    r->mode = "host";
    r->device = arena_strdup(a, i->ifa_name);
    r->ip = ip;
    r->cidr = arena_printf(a, "%s/%d", ip, i->ifa_addr->sa_family == AF_INET ? 32 : 128);
    r->mbits = speed;
    if (n->resources->networks.n == 0 && fp_set(a, n, "unique.network.ip-address", "%s", ip) < 0)
        return -ENOMEM;
    return objs_add(a, &n->resources->networks, r);
}

static struct node_network *node_network_for(const struct fingerprint_input *in, struct arena *a,
                                             struct node *n, const char *dev)
{
    OBJS_FOR(struct node_network, known, n->resources->node_networks)
    if (streq(known->device, dev))
        return known;
    struct node_network *w = model_new(&node_network_schema, a);
    if (!w || objs_add(a, &n->resources->node_networks, w) < 0)
        return NULL;
    const char *mac;
    char path[128];
    w->mode = "host";
    w->device = arena_strdup(a, dev);
    w->speed = speed_of(in, a, dev);
    if (w->speed == 0)
        w->speed = DEFAULT_SPEED;
    snprintf(path, sizeof(path), "/sys/class/net/%s/address", dev);
    if (fp_read(in, a, path, &mac) == 0 && !has_prefix(mac, "00:00:00:00:00:00"))
        w->mac = arena_strndup(a, mac, strcspn(mac, "\n"));
    return w;
}

static int add_address(const struct fingerprint_input *in, struct arena *a, struct node *n,
                       const struct ifaddrs *i, const char *chosen)
{
    const char *ip = address_text(a, i);
    struct node_network *w = node_network_for(in, a, n, i->ifa_name);
    if (!w)
        return -ENOMEM;
    if (!ip)
        return 0;
    struct node_address *addr = model_new(&node_address_schema, a);
    if (!addr)
        return -ENOMEM;
    addr->family = i->ifa_addr->sa_family == AF_INET ? "ipv4" : "ipv6";
    addr->alias = streq(i->ifa_name, chosen) ? "default" : "";
    addr->address = ip;
    return objs_add(a, &w->addresses, addr);
}

static int add_all(const struct fingerprint_input *in, struct arena *a, struct node *n,
                   const struct ifaddrs *list, const char *chosen)
{
    int64_t speed = in->network_speed > 0 ? in->network_speed : speed_of(in, a, chosen);
    int r = 0;
    /* IPv4 first: its address is the node's. */
    for (int pass = 0; pass < 2; pass++)
        for (const struct ifaddrs *i = list; r == 0 && i; i = i->ifa_next) {
            if (!usable(i) || (i->ifa_addr->sa_family == AF_INET6) != (pass == 1))
                continue;
            r = add_address(in, a, n, i, chosen);
            if (r == 0 && streq(i->ifa_name, chosen))
                r = add_resource(in, a, n, i, speed > 0 ? speed : DEFAULT_SPEED);
        }
    return r;
}

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) < 0)
        return err_errno(err, -errno, "cannot list interfaces");
    const char *dev = isempty(in->interface) ? default_device(in, a) : in->interface;
    if (!dev)
        dev = fallback_device(list);
    int r = dev ? add_all(in, a, n, list, dev)
                : err_set(err, -ENODEV, "no network interface with an address");
    freeifaddrs(list);
    return r;
}

const struct fingerprinter fingerprint_network = {"network", run};
