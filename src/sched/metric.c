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

static int add_class(struct run *r, struct imap *m, const struct node *n)
{
    return isempty(n->node_class) ? 0 : imap_add(r->a, m, n->node_class, 1);
}

static int count_slot(struct run *r, struct alloc_metric *m, uint32_t slot)
{
    const struct node *n = r->l->nodes[slot];
    uint16_t why = r->x->out[slot];
    bool exhausted = !why || why == OUT_STATIC_PORT || why == OUT_DYNAMIC_PORT;
    if (!why && r->x->s.key[slot] > SCORE_NONE / 10)
        return 0;
    const char *text = run_why(r, slot);
    if (!text)
        return 0;
    struct imap *by_class = exhausted ? &m->class_exhausted : &m->class_filtered;
    struct imap *by_text = exhausted ? &m->dimension_exhausted : &m->constraint_filtered;
    ++*(exhausted ? &m->nodes_exhausted : &m->nodes_filtered);
    return add_class(r, by_class, n) < 0 ? -ENOMEM : imap_add(r->a, by_text, text, 1);
}

/* A class that failed as a whole is counted as a whole. */
static int count_class(struct run *r, struct alloc_metric *m, uint32_t class)
{
    uint16_t why = r->x->by_class[class];
    int64_t n = r->x->class_n[class];
    const struct node *node = r->x->class_node[class];
    if (!n)
        return 0;
    if (why != FEAS_OTHER_POOL)
        m->nodes_in_pool += n;
    if (why == FEAS_OTHER_POOL || why == FEAS_OTHER_DC)
        return 0;
    m->nodes_evaluated += n;
    if (imap_add(r->a, &m->nodes_available, nonull(node->datacenter), n) < 0)
        return -ENOMEM;
    if (why == FEAS_OK)
        return 0;
    m->nodes_filtered += n;
    if (!isempty(node->node_class) && imap_add(r->a, &m->class_filtered, node->node_class, n) < 0)
        return -ENOMEM;
    return imap_add(r->a, &m->constraint_filtered, r->f->reasons[why], n);
}

static bool counted_by_class(const struct run *r, uint32_t slot)
{
    return r->x->out[slot] == OUT_NOT_READY || r->x->by_class[r->l->class_id[slot]] != FEAS_OK;
}

struct alloc_metric *run_metric(struct run *r)
{
    struct alloc_metric *m = model_new(&alloc_metric_schema, r->a);
    for (uint32_t i = 0; m && i < r->l->n_classes; i++)
        if (count_class(r, m, i) < 0)
            return NULL;
    for (uint32_t i = 0; m && i < r->l->n; i++)
        if (r->l->ready[i] && !counted_by_class(r, i) && count_slot(r, m, i) < 0)
            return NULL;
    if (!m)
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
    if (!s)
        return NULL;
    int n;
    double pack = score_binpack(r->l, &r->ask, slot, credit), boost = run_boost(r, slot);
    double sum = pack + run_others(r, slot, &n) + boost - penalty;
    uint32_t same = r->x->count[slot];
    double anti = same ? -(double)(same + 1) / (double)MAX(r->group->count, (int64_t)1) : 0;
    double affinity = n ? run_others(r, slot, &n) - anti : 0;
    s->node_id = r->l->ids[slot];
    s->norm_score = sum / (1 + n + (boost != 0) + penalty);
    if (nmap_set(r->a, &s->scores, "binpack", pack) < 0 ||
        nmap_set(r->a, &s->scores, "job-anti-affinity", anti) < 0 ||
        nmap_set(r->a, &s->scores, "node-affinity", affinity) < 0 ||
        nmap_set(r->a, &s->scores, "node-reschedule-penalty", penalty ? -1 : 0) < 0 ||
        (boost != 0 && nmap_set(r->a, &s->scores, "allocation-spread", boost) < 0))
        return NULL;
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

int run_classes(const struct run *r, struct arena *a, struct imap *to)
{
    struct map_slot *s;
    for (size_t i = 0; (s = map_next(&r->l->classes, &i));) {
        const struct node_class *c = s->value;
        int64_t known = 0;
        if (c->id >= r->x->class_cap || !r->x->class_n[c->id])
            continue;
        bool ok = r->x->by_class[c->id] == FEAS_OK;
        if (imap_get(to, c->text, &known) && (known || !ok))
            continue;
        const char *key = arena_strdup(a, c->text);
        if (!key || imap_set(a, to, key, ok) < 0)
            return -ENOMEM;
    }
    return 0;
}
