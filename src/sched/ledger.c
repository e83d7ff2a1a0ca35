// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "sched/ledger_impl.h"

struct slot_entry {
    struct uuid id;
    uint32_t slot;
};

struct claim {
    struct uuid id; /* of the allocation */
    bool stop, unstarted;
    uint32_t slot;
    struct members *job;
    uint16_t group;
    struct capacity use;
    VEC(int64_t) ports;
};

struct ledger *ledger_new(void)
{
    return calloc(1, sizeof(struct ledger));
}

static void free_values(struct map *m, void (*free_cb)(void *))
{
    struct map_slot *s;
    for (size_t i = 0; (s = map_next(m, &i));)
        free_cb(s->value);
    map_free(m);
}

static void class_free_cb(void *p)
{
    free(((struct node_class *)p)->text);
    free(p);
}

static void members_free_cb(void *p)
{
    members_free(p);
}

static void claim_free_cb(void *p)
{
    vec_free(&((struct claim *)p)->ports);
    free(p);
}

struct ledger *ledger_free(struct ledger *l)
{
    if (!l)
        return NULL;
    for (size_t i = 0; i < l->n; i++)
        port_set_free(l->ports[i]);
    free_values(&l->by_id, free);
    free_values(&l->classes, class_free_cb);
    free_values(&l->jobs, members_free_cb);
    free_values(&l->claims, claim_free_cb);
    vec_free(&l->free_slots);
    vec_free(&l->class_list);
    void *arrays[] = {l->cap_cpu,   l->cap_mem, l->cap_disk, l->used_cpu,  l->used_mem,
                      l->used_disk, l->rcpu,    l->rmem,     l->unstarted, l->class_id,
                      l->ready,     l->refs,    l->ids,      l->nodes,     l->ports};
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++)
        free(arrays[i]);
    free(l);
    return NULL;
}

static int widen(void *pp, size_t n, size_t cap, size_t size)
{
    void *old, *fresh = aligned_alloc(64, (cap * size + 63) & ~(size_t)63);
    memcpy(&old, pp, sizeof(old));
    if (!fresh)
        return -ENOMEM;
    memset(fresh, 0, cap * size);
    if (n)
        memcpy(fresh, old, n * size);
    free(old);
    memcpy(pp, &fresh, sizeof(fresh));
    return 0;
}

static void slot_clear(struct ledger *l, size_t i)
{
    l->cap_cpu[i] = l->cap_mem[i] = l->cap_disk[i] = -1;
    l->rcpu[i] = l->rmem[i] = 0;
    l->ready[i] = 0;
    l->nodes[i] = NULL;
}

static int ledger_grow(struct ledger *l)
{
    size_t cap = MAX(l->cap * 2, (size_t)64), n = l->n;
#define WIDEN(array) widen(&l->array, n, cap, sizeof(*l->array))
    if (WIDEN(cap_cpu) < 0 || WIDEN(cap_mem) < 0 || WIDEN(cap_disk) < 0 || WIDEN(used_cpu) < 0 ||
        WIDEN(used_mem) < 0 || WIDEN(used_disk) < 0 || WIDEN(rcpu) < 0 || WIDEN(rmem) < 0 ||
        WIDEN(unstarted) < 0 || WIDEN(class_id) < 0 || WIDEN(ready) < 0 || WIDEN(refs) < 0 ||
        WIDEN(ids) < 0 || WIDEN(nodes) < 0 || WIDEN(ports) < 0)
        return -ENOMEM;
#undef WIDEN
    l->cap = cap;
    for (size_t i = n; i < cap; i++)
        slot_clear(l, i);
    return 0;
}

uint32_t ledger_slot(const struct ledger *l, const struct uuid *node_id)
{
    const struct slot_entry *e = map_get(&l->by_id, uuid_key(node_id));
    return e ? e->slot : SLOT_NONE;
}

static int slot_make(struct ledger *l, const struct uuid *id, uint32_t *ret)
{
    uint32_t slot = ledger_slot(l, id);
    if (slot != SLOT_NONE) {
        *ret = slot;
        return 0;
    }
    if (!l->free_slots.n && l->n == l->cap && ledger_grow(l) < 0)
        return -ENOMEM;
    struct slot_entry *e = malloc(sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->id = *id;
    e->slot = l->free_slots.n ? l->free_slots.items[l->free_slots.n - 1] : (uint32_t)l->n;
    if (map_put(&l->by_id, uuid_key(&e->id), e, NULL) < 0) {
        free(e);
        return -ENOMEM;
    }
    if (l->free_slots.n)
        l->free_slots.n--;
    else
        l->n++;
    l->ids[e->slot] = *id;
    *ret = e->slot;
    return 0;
}

/* A slot goes when neither node nor allocation needs it. */
static int slot_release(struct ledger *l, uint32_t slot)
{
    if (l->nodes[slot] || l->refs[slot])
        return 0;
    if (vec_push(&l->free_slots, slot) < 0)
        return -ENOMEM;
    free(map_del(&l->by_id, uuid_key(&l->ids[slot])));
    l->ports[slot] = port_set_free(l->ports[slot]);
    l->used_cpu[slot] = l->used_mem[slot] = l->used_disk[slot] = 0;
    l->unstarted[slot] = 0;
    slot_clear(l, slot);
    return 0;
}

static struct node_class *class_new(struct ledger *l, const char *text)
{
    struct node_class *c = calloc(1, sizeof(*c));
    char *copy = strdup(text);
    size_t i = l->class_list.n;
    if (!c || !copy || vec_reserve(&l->class_list, i + 1) < 0 ||
        map_put(&l->classes, str_of(copy), c, NULL) < 0) {
        free(c);
        free(copy);
        return NULL;
    }
    *c = (struct node_class){copy, (uint32_t)l->n_classes++};
    for (l->class_list.n++; i > 0 && strcmp(l->class_list.items[i - 1]->text, text) > 0; i--)
        l->class_list.items[i] = l->class_list.items[i - 1];
    l->class_list.items[i] = c;
    return c;
}

static int class_of(struct ledger *l, const struct node *n, uint32_t *ret)
{
    cleanup_arena struct arena *scratch = NULL;
    const char *text = n->computed_class;
    if (isempty(text)) {
        scratch = arena_new(0);
        text = scratch ? node_computed_class(scratch, n) : NULL;
        if (!text)
            return -ENOMEM;
    }
    struct node_class *c = map_get(&l->classes, str_of(text));
    if (!c && !(c = class_new(l, text)))
        return -ENOMEM;
    *ret = c->id;
    return 0;
}

struct port_change {
    struct ledger *l;
    uint32_t slot;
    bool drop;
};

static int change_port_cb(void *ctx, int64_t port)
{
    struct port_change *c = ctx;
    struct port_set **p = &c->l->ports[c->slot];
    if (c->drop) {
        port_drop(*p, port);
        return 0;
    }
    if (!*p)
        *p = calloc(1, sizeof(**p));
    return *p ? port_hold(*p, port) : -ENOMEM;
}

/* What the node's operator keeps for himself. */
static int node_ports(struct ledger *l, uint32_t slot, const struct node *n, bool drop)
{
    struct port_change c = {l, slot, drop};
    int e = 0;
    if (n->reserved && n->reserved->networks)
        e = port_ranges(n->reserved->networks->host_ports, change_port_cb, &c);
    if (!n->resources)
        return e;
    OBJS_FOR(const struct node_network, w, n->resources->node_networks)
    OBJS_FOR(const struct node_address, x, w->addresses)
    if (e == 0)
        e = port_ranges(x->reserved_ports, change_port_cb, &c);
    return e;
}

static int32_t clamp(int64_t v)
{
    return (int32_t)MIN(MAX(v, (int64_t)-1), (int64_t)(INT32_MAX / 4));
}

static void set_capacity(struct ledger *l, uint32_t slot, const struct node *n)
{
    struct capacity c = node_capacity(n);
    l->cap_cpu[slot] = clamp(c.cpu);
    l->cap_mem[slot] = clamp(c.memory_mb);
    l->cap_disk[slot] = clamp(c.disk_mb);
    l->rcpu[slot] = c.cpu > 0 ? 1.0f / (float)l->cap_cpu[slot] : 0;
    l->rmem[slot] = c.memory_mb > 0 ? 1.0f / (float)l->cap_mem[slot] : 0;
    l->ready[slot] = node_is_ready(n);
}

int ledger_node(struct ledger *l, const struct uuid *id, const struct node *node)
{
    uint32_t slot = ledger_slot(l, id), class = 0;
    if (!node && slot == SLOT_NONE)
        return 0;
    if (node && (slot_make(l, id, &slot) < 0 || class_of(l, node, &class) < 0))
        return -ENOMEM;
    const struct node *old = l->nodes[slot];
    if (old)
        node_ports(l, slot, old, true);
    l->n_nodes += (node != NULL) - (size_t)(old != NULL);
    if (!node) {
        slot_clear(l, slot);
        return slot_release(l, slot);
    }
    l->nodes[slot] = node;
    l->class_id[slot] = class;
    set_capacity(l, slot, node);
    return node_ports(l, slot, node, false);
}

static int network_ports(const struct network_resource *w, int (*cb)(void *, int64_t), void *ctx)
{
    int e = 0;
    OBJS_FOR(const struct port, p, w->reserved_ports)
    if (e == 0)
        e = cb(ctx, p->value);
    OBJS_FOR(const struct port, p, w->dynamic_ports)
    if (e == 0)
        e = cb(ctx, p->value);
    return e;
}

int alloc_ports(const struct allocated_resources *r, int (*cb)(void *ctx, int64_t port), void *ctx)
{
    int e = 0;
    if (!r)
        return 0;
    if (r->shared)
        OBJS_FOR(const struct port_mapping, p, r->shared->ports)
    if (e == 0)
        e = cb(ctx, p->value);
    if (r->shared && !r->shared->ports.n)
        OBJS_FOR(const struct network_resource, w, r->shared->networks)
    if (e == 0)
        e = network_ports(w, cb, ctx);
    for (size_t i = 0; i < r->tasks.n; i++)
        OBJS_FOR(const struct network_resource, w,
                 ((const struct allocated_task *)r->tasks.items[i].value)->networks)
    if (e == 0)
        e = network_ports(w, cb, ctx);
    return e;
}

static void use_room(struct ledger *l, uint32_t slot, struct capacity u, int sign)
{
    l->used_cpu[slot] += sign * clamp(u.cpu);
    l->used_mem[slot] += sign * clamp(u.memory_mb);
    l->used_disk[slot] += sign * clamp(u.disk_mb);
}

struct members *ledger_members(const struct ledger *l, const char *ns, const char *job)
{
    char key[512];
    size_t a = strlen(nonull(ns)) + 1, b = strlen(nonull(job)) + 1;
    if (a + b > sizeof(key))
        return NULL;
    memcpy(key, nonull(ns), a);
    memcpy(key + a, nonull(job), b);
    return map_get(&l->jobs, str_n(key, a + b));
}

static int job_make(struct ledger *l, const struct allocation *x, struct members **ret, int *group)
{
    struct members *m = ledger_members(l, x->ns, x->job_id);
    if (!m) {
        m = members_new(x->ns, x->job_id);
        if (!m || map_put(&l->jobs, str_n(m->name, m->name_len), m, NULL) < 0) {
            members_free(m);
            return -ENOMEM;
        }
    }
    *group = members_group(m, x->task_group);
    *ret = m;
    return *group < 0 ? *group : 0;
}

static void job_release(struct ledger *l, struct members *m)
{
    if (m->total || m->claims)
        return;
    map_del(&l->jobs, str_n(m->name, m->name_len));
    members_free(m);
}

static int join_job(struct ledger *l, const struct allocation *x, uint32_t slot, int sign)
{
    struct members *m;
    int group;
    if (job_make(l, x, &m, &group) < 0 || members_add(m, slot, (uint16_t)group, sign) < 0)
        return -ENOMEM;
    l->unstarted[slot] += x->client_status == ALLOC_PENDING ? (float)sign : 0;
    job_release(l, m);
    return 0;
}

static int add_alloc(struct ledger *l, const struct allocation *x)
{
    uint32_t slot;
    if (!alloc_holds_resources(x))
        return 0;
    if (slot_make(l, &x->node_id, &slot) < 0)
        return -ENOMEM;
    struct port_change c = {l, slot, false};
    l->refs[slot]++;
    use_room(l, slot, alloc_usage(x->resources), 1);
    if (alloc_ports(x->resources, change_port_cb, &c) < 0)
        return -ENOMEM;
    return alloc_is_member(x) ? join_job(l, x, slot, 1) : 0;
}

static int drop_alloc(struct ledger *l, const struct allocation *x)
{
    uint32_t slot = ledger_slot(l, &x->node_id);
    if (!alloc_holds_resources(x) || slot == SLOT_NONE)
        return 0;
    struct port_change c = {l, slot, true};
    use_room(l, slot, alloc_usage(x->resources), -1);
    alloc_ports(x->resources, change_port_cb, &c);
    if (alloc_is_member(x) && join_job(l, x, slot, -1) < 0)
        return -ENOMEM;
    assert(l->refs[slot]);
    l->refs[slot]--;
    return slot_release(l, slot);
}

static void claim_undo(struct ledger *l, struct claim *c)
{
    if (!c->stop)
        use_room(l, c->slot, c->use, -1);
    for (size_t i = 0; i < c->ports.n; i++)
        port_drop(l->ports[c->slot], c->ports.items[i]);
    members_add(c->job, c->slot, c->group, c->stop ? 1 : -1);
    l->unstarted[c->slot] += !c->unstarted ? 0 : c->stop ? 1.0f : -1.0f;
    c->job->claims--;
    job_release(l, c->job);
    l->refs[c->slot]--;
    slot_release(l, c->slot);
    claim_free_cb(c);
}

int ledger_alloc(struct ledger *l, const struct allocation *old, const struct allocation *fresh)
{
    assert(old || fresh);
    struct claim *c = map_del(&l->claims, uuid_key(&(fresh ? fresh : old)->id));
    bool stop_again = c && c->stop && fresh && alloc_is_member(fresh);
    if (c)
        claim_undo(l, c);
    if ((old && drop_alloc(l, old) < 0) || (fresh && add_alloc(l, fresh) < 0))
        return -ENOMEM;
    int e = stop_again ? ledger_claim_stop(l, fresh) : 0;
    return MIN(e, 0);
}

static int keep_port_cb(void *ctx, int64_t port)
{
    struct claim *c = ctx;
    return vec_push(&c->ports, port);
}

/* The claim's record; entered in the map, nothing counted yet. */
static int claim_new(struct ledger *l, const struct allocation *x, bool stop, struct claim **ret)
{
    int group;
    struct claim *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (struct claim){.id = x->id, .stop = stop, .unstarted = x->client_status == ALLOC_PENDING};
    if ((!stop && alloc_ports(x->resources, keep_port_cb, c) < 0) ||
        slot_make(l, &x->node_id, &c->slot) < 0 || job_make(l, x, &c->job, &group) < 0 ||
        map_put(&l->claims, uuid_key(&c->id), c, NULL) < 0) {
        claim_free_cb(c);
        return -ENOMEM;
    }
    c->group = (uint16_t)group;
    c->job->claims++;
    l->refs[c->slot]++;
    *ret = c;
    return 0;
}

int ledger_claim(struct ledger *l, const struct allocation *placed)
{
    struct claim *c;
    if (map_get(&l->claims, uuid_key(&placed->id)))
        return -EEXIST;
    if (claim_new(l, placed, false, &c) < 0)
        return -ENOMEM;
    c->use = alloc_usage(placed->resources);
    use_room(l, c->slot, c->use, 1);
    l->unstarted[c->slot] += c->unstarted;
    int e = members_add(c->job, c->slot, c->group, 1);
    struct port_change pc = {l, c->slot, false};
    for (size_t i = 0; e == 0 && i < c->ports.n; i++)
        e = change_port_cb(&pc, c->ports.items[i]);
    return e;
}

int ledger_claim_stop(struct ledger *l, const struct allocation *stopped)
{
    struct claim *c;
    if (!alloc_is_member(stopped) || map_get(&l->claims, uuid_key(&stopped->id)))
        return 0;
    if (claim_new(l, stopped, true, &c) < 0)
        return -ENOMEM;
    l->unstarted[c->slot] -= c->unstarted;
    int e = members_add(c->job, c->slot, c->group, -1);
    return e < 0 ? e : 1;
}

void ledger_release(struct ledger *l, const struct uuid *alloc_id)
{
    struct claim *c = map_del(&l->claims, uuid_key(alloc_id));
    if (c)
        claim_undo(l, c);
}

int ledger_release_stops(struct ledger *l, const char *ns, const char *job_id)
{
    const struct members *m = ledger_members(l, ns, job_id);
    VEC(struct uuid) ids = {0};
    struct map_slot *slot;
    int e = 0;
    if (!m || !m->claims)
        return 0;
    for (size_t i = 0; e == 0 && (slot = map_next(&l->claims, &i));) {
        const struct claim *c = slot->value;
        if (c->stop && c->job == m)
            e = vec_push(&ids, c->id);
    }
    for (size_t i = 0; e == 0 && i < ids.n; i++)
        ledger_release(l, &ids.items[i]);
    vec_free(&ids);
    return e;
}

size_t ledger_claims(const struct ledger *l)
{
    return l->claims.n;
}

bool ledger_usage(const struct ledger *l, const struct uuid *node_id, struct capacity *ret_cap,
                  struct capacity *ret_used)
{
    uint32_t i = ledger_slot(l, node_id);
    if (i == SLOT_NONE)
        return false;
    *ret_cap = (struct capacity){l->cap_cpu[i], l->cap_mem[i], l->cap_disk[i]};
    *ret_used = (struct capacity){l->used_cpu[i], l->used_mem[i], l->used_disk[i]};
    return true;
}

size_t ledger_nodes(const struct ledger *l)
{
    return l->n_nodes;
}
