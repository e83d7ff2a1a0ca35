// SPDX-License-Identifier: Apache-2.0
/* The numbers behind a placement or its failure, under the names Nomad's users know. */
#include <errno.h>

#include "sched/run.h"

static const char *misfit_dimension(const struct run *r, uint32_t slot)
{
    const struct ledger *l = r->l;
    if (l->cap_cpu[slot] - l->used_cpu[slot] < r->ask.cpu)
        return "cpu";
    if (l->cap_mem[slot] - l->used_mem[slot] < r->ask.mem)
        return "memory";
    if (l->cap_disk[slot] - l->used_disk[slot] < r->ask.disk)
        return "disk";
    return NULL;
}

static const char *property_text(struct run *r, uint32_t slot)
{
    for (size_t i = 0; i < r->f->n_distinct; i++) {
        const struct value_counts *v = &r->distinct[i];
        const char *attribute = r->f->distinct[i].attribute;
        uint32_t n = v->of[slot];
        if (n == UINT32_MAX)
            return arena_printf(r->a, "missing property \"%s\"", attribute);
        if (v->counts.items[n] >= r->f->distinct[i].allowed)
            return arena_printf(r->a, "distinct_property: %s=%s used by %u allocs", attribute,
                                v->texts.items[n], v->counts.items[n]);
    }
    return NULL;
}

const char *run_why(struct run *r, uint32_t slot)
{
    uint16_t why = r->x->out[slot];
    const struct static_port *p;
    switch (why) {
    case FEAS_OK:
        return misfit_dimension(r, slot);
    case OUT_HOST:
        return "distinct_hosts";
    case OUT_PROPERTY:
        return property_text(r, slot);
    case OUT_STATIC_PORT:
        p = run_port_conflict(r, slot, NULL);
        return p ? p->text : NULL;
    case OUT_DYNAMIC_PORT:
        return "network: dynamic port selection failed";
    default:
        return why >= FEAS_REASONS && why < r->f->n_reasons ? r->f->reasons[why] : NULL;
    }
}

/* The same text follows itself on thousands of nodes: one look-up for each run of them. */
struct tally {
    struct imap *map;
    const char *key;
    int64_t n;
};

static int tally_flush(struct run *r, struct tally *t)
{
    int e = t->n ? imap_add(r->a, t->map, t->key, t->n) : 0;
    t->n = 0;
    return e;
}

static int tally_add(struct run *r, struct tally *t, const char *key, int64_t n)
{
    if (t->n && (t->key == key || streq(t->key, key))) {
        t->n += n;
        return 0;
    }
    int e = tally_flush(r, t);
    t->key = key;
    t->n = n;
    return e;
}

struct tallies {
    struct tally available, filtered, exhausted, class_filtered, class_exhausted;
};

static int count_slot(struct run *r, struct alloc_metric *m, struct tallies *t, uint32_t slot)
{
    uint16_t why = r->x->out[slot];
    bool exhausted = !why || why == OUT_STATIC_PORT || why == OUT_DYNAMIC_PORT;
    if (!why && r->x->s.key[slot] > SCORE_NONE / 10)
        return 0;
    const char *text = run_why(r, slot), *class = r->l->nodes[slot]->node_class;
    if (!text)
        return 0;
    ++*(exhausted ? &m->nodes_exhausted : &m->nodes_filtered);
    if (!isempty(class) &&
        tally_add(r, exhausted ? &t->class_exhausted : &t->class_filtered, class, 1) < 0)
        return -ENOMEM;
    return tally_add(r, exhausted ? &t->exhausted : &t->filtered, text, 1);
}

/* A class that failed as a whole is counted as a whole. */
static int count_class(struct run *r, struct alloc_metric *m, struct tallies *t, uint32_t class)
{
    uint16_t why = r->by_class[class];
    int64_t n = r->x->class_n[class];
    const struct node *node = r->x->class_node[class];
    if (!n)
        return 0;
    if (why != FEAS_OTHER_POOL)
        m->nodes_in_pool += n;
    if (why == FEAS_OTHER_POOL || why == FEAS_OTHER_DC)
        return 0;
    m->nodes_evaluated += n;
    if (tally_add(r, &t->available, nonull(node->datacenter), n) < 0)
        return -ENOMEM;
    if (why == FEAS_OK)
        return 0;
    m->nodes_filtered += n;
    if (!isempty(node->node_class) && tally_add(r, &t->class_filtered, node->node_class, n) < 0)
        return -ENOMEM;
    return tally_add(r, &t->filtered, r->f->reasons[why], n);
}

static bool counted_by_class(const struct run *r, uint32_t slot)
{
    return r->x->out[slot] == OUT_NOT_READY || r->by_class[r->l->class_id[slot]] != FEAS_OK;
}

static int count_slots(struct run *r, struct alloc_metric *m, struct tallies *t)
{
    for (uint32_t i = 0; i < r->l->n; i++)
        if (r->l->ready[i] && !counted_by_class(r, i) && count_slot(r, m, t, i) < 0)
            return -ENOMEM;
    return 0;
}

static int count_all(struct run *r, struct alloc_metric *m)
{
    struct tallies t = {
        .available.map = &m->nodes_available,
        .filtered.map = &m->constraint_filtered,
        .exhausted.map = &m->dimension_exhausted,
        .class_filtered.map = &m->class_filtered,
        .class_exhausted.map = &m->class_exhausted,
    };
    struct tally *all[] = {&t.available, &t.filtered, &t.exhausted, &t.class_filtered,
                           &t.class_exhausted};
    for (uint32_t i = 0; i < r->l->n_classes; i++)
        if (count_class(r, m, &t, i) < 0)
            return -ENOMEM;
    bool all_usable = m->nodes_evaluated - m->nodes_filtered == score_usable(&r->x->s, r->l->cap);
    if (!all_usable && count_slots(r, m, &t) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (tally_flush(r, all[i]) < 0)
            return -ENOMEM;
    return 0;
}

struct alloc_metric *run_metric(struct run *r)
{
    struct alloc_metric *m = model_new(&alloc_metric_schema, r->a);
    if (!m || count_all(r, m) < 0)
        return NULL;
    /* texts of run and nodes may die before the result */
    struct imap *maps[] = {&m->nodes_available, &m->class_filtered, &m->constraint_filtered,
                           &m->class_exhausted, &m->dimension_exhausted};
    for (size_t k = 0; k < ARRAY_LEN(maps); k++)
        for (size_t i = 0; i < maps[k]->n; i++)
            if (!(maps[k]->items[i].key = arena_strdup(r->a, maps[k]->items[i].key)))
                return NULL;
    return m;
}

static bool among(const uint32_t *list, size_t n, uint32_t x)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == x)
            return true;
    return false;
}

static struct node_score *node_score(struct run *r, uint32_t slot, const struct score_ask *credit,
                                     bool penalty)
{
    struct node_score *s = arena_new_of(r->a, struct node_score);
    struct nkv *kv = arena_array(r->a, struct nkv, 5);
    if (!s || !kv)
        return NULL;
    int n;
    double pack = score_binpack(r->l, &r->ask, slot, credit), boost = run_boost(r, slot);
    double others = run_others(r, slot, &n);
    uint32_t same = r->x->count[slot];
    double anti = same ? -(double)(same + 1) / (double)MAX(r->group->count, (int64_t)1) : 0;
    s->node_id = r->l->ids[slot];
    s->norm_score = (pack + others + boost - penalty) / (1 + n + (boost != 0) + penalty);
    s->scores.items = kv; /* in the order of the keys */
    if (boost != 0)
        kv[s->scores.n++] = (struct nkv){"allocation-spread", boost};
    kv[s->scores.n++] = (struct nkv){"binpack", pack};
    kv[s->scores.n++] = (struct nkv){"job-anti-affinity", anti};
    kv[s->scores.n++] = (struct nkv){"node-affinity", others - anti};
    kv[s->scores.n++] = (struct nkv){"node-reschedule-penalty", penalty ? -1 : 0};
    return s;
}

int run_scores(struct run *r, struct alloc_metric *m, uint32_t chosen, size_t top,
               const struct score_ask *credit, const uint32_t *penalty, size_t n_penalty)
{
    uint32_t slots[SCORE_TOP_MAX + 1] = {chosen};
    size_t n = 1, found = 0;
    uint32_t others[SCORE_TOP_MAX];
    if (top > 1)
        found = score_top(&r->x->s, r->l->cap, MIN(top, (size_t)SCORE_TOP_MAX), others);
    for (size_t i = 0; i < found && n < top; i++)
        if (others[i] != chosen)
            slots[n++] = others[i];
    for (size_t i = 0; i < n; i++) {
        struct node_score *s =
            node_score(r, slots[i], i == 0 ? credit : NULL, among(penalty, n_penalty, slots[i]));
        if (!s || objs_add(r->a, &m->score_meta, s) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int64_t class_ok(const struct run *r, const struct node_class *c)
{
    return r->by_class[c->id] == FEAS_OK;
}

static bool class_seen(const struct run *r, const struct node_class *c)
{
    return c->id < r->x->class_cap && r->x->class_n[c->id];
}

/* The ledger's list is in the map's order. */
static int fresh_classes(const struct run *r, struct arena *a, struct imap *to)
{
    const struct ledger *l = r->l;
    to->items = arena_array(a, struct ikv, l->class_list.n + 1);
    if (!to->items)
        return -ENOMEM;
    for (size_t i = 0; i < l->class_list.n; i++) {
        const struct node_class *c = l->class_list.items[i];
        if (class_seen(r, c))
            to->items[to->n++] = (struct ikv){arena_strdup(a, c->text), class_ok(r, c)};
    }
    return 0;
}

int run_classes(const struct run *r, struct arena *a, struct imap *to)
{
    if (!to->n)
        return fresh_classes(r, a, to);
    for (size_t i = 0; i < r->l->class_list.n; i++) {
        const struct node_class *c = r->l->class_list.items[i];
        int64_t known;
        if (!class_seen(r, c) || (imap_get(to, c->text, &known) && (known || !class_ok(r, c))))
            continue;
        const char *key = arena_strdup(a, c->text);
        if (!key || imap_set(a, to, key, class_ok(r, c)) < 0)
            return -ENOMEM;
    }
    return 0;
}
