// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "sched/run.h"

#define CLASS_UNKNOWN UINT16_MAX

static int fit_array(void *pp, size_t cap, size_t size)
{
    void *old, *fresh = aligned_alloc(64, (cap * size + 63) & ~(size_t)63);
    memcpy(&old, pp, sizeof(old));
    if (!fresh)
        return -ENOMEM;
    free(old);
    memset(fresh, 0, cap * size);
    memcpy(pp, &fresh, sizeof(fresh));
    return 0;
}
#define FIT(array, cap) fit_array(&(array), (cap), sizeof(*(array)))

int scratch_fit(struct scratch *x, const struct ledger *l)
{
    if (x->class_cap < l->n_classes) {
        size_t cap = MAX(l->n_classes, x->class_cap * 2);
        if (FIT(x->class_n, cap) < 0 || FIT(x->class_node, cap) < 0 ||
            FIT(x->class_affinity, cap) < 0)
            return -ENOMEM;
        x->class_cap = cap;
    }
    if (x->cap == l->cap)
        return 0;
    if (FIT(x->s.extra, l->cap) < 0 || FIT(x->s.inv_k, l->cap) < 0 || FIT(x->s.bias, l->cap) < 0 ||
        FIT(x->s.key, l->cap) < 0 || FIT(x->s.block, l->cap / SCORE_BLOCK) < 0 ||
        FIT(x->packed, l->cap) < 0 || FIT(x->rest, l->cap) < 0 || FIT(x->out, l->cap) < 0 ||
        FIT(x->count, l->cap) < 0 || FIT(x->hosts, l->cap) < 0)
        return -ENOMEM;
    x->cap = l->cap;
    for (size_t i = 0; i < l->cap; i++)
        x->s.inv_k[i] = 1.0f;
    return 0;
}

void scratch_free(struct scratch *x)
{
    void *arrays[] = {x->s.extra, x->s.inv_k,    x->s.bias,        x->s.key, x->s.block,
                      x->packed,  x->rest,       x->out,           x->count, x->hosts,
                      x->class_n, x->class_node, x->class_affinity};
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++)
        free(arrays[i]);
    for (size_t i = 0; i < CLASS_MEMOS; i++)
        free(x->memos[i].results);
    vec_free(&x->touched);
    *x = (struct scratch){0};
}

/* --- values of an attribute --- */

static void values_clear(struct value_counts *v)
{
    free(v->of);
    vec_free(&v->texts);
    vec_free(&v->counts);
    map_free(&v->numbers);
}

static int value_number(struct value_counts *v, const char *text, uint32_t *ret)
{
    uintptr_t n = (uintptr_t)map_get(&v->numbers, str_of(text));
    if (!n) {
        if (vec_push(&v->texts, text) < 0 || vec_push(&v->counts, 0) < 0)
            return -ENOMEM;
        n = v->texts.n;
        if (map_put(&v->numbers, str_of(text), (void *)n, NULL) < 0)
            return -ENOMEM;
    }
    *ret = (uint32_t)n - 1;
    return 0;
}

/* Numbers the values of all nodes, those that cannot be used now too: their allocations count. */
static int values_init(struct run *r, struct value_counts *v)
{
    struct uuid_text scratch;
    v->of = malloc(r->l->cap * sizeof(*v->of) + 1);
    if (!v->of)
        return -ENOMEM;
    for (size_t i = 0; i < r->l->cap; i++) {
        const struct node *n = r->l->nodes[i];
        const char *text = n ? target_value(&v->target, n, &scratch) : NULL;
        v->of[i] = UINT32_MAX;
        if (text == scratch.z && text)
            text = arena_strdup(r->f->arena, text);
        if (text && value_number(v, text, &v->of[i]) < 0)
            return -ENOMEM;
    }
    return 0;
}

static void values_add(struct value_counts *v, uint32_t slot, int delta)
{
    uint32_t n = v->of[slot];
    if (n != UINT32_MAX && (delta > 0 || v->counts.items[n]))
        v->counts.items[n] += (uint32_t)delta;
}

/* --- spread --- */

/* Boost when every value should get its part of the count. Targets that are not named share what is
 * left; a value that should have nothing gets the full penalty. */
static double targeted_boost(const struct spread_state *s, const char *text, uint32_t used,
                             double total)
{
    double want = -1, named = 0;
    OBJS_FOR(const struct spread_target, t, s->spread->targets)
    {
        double d = (double)t->percent / 100 * total;
        named += d;
        if (streq(t->value, text))
            want = d;
    }
    if (want < 0 && named > 0 && named < total)
        want = total - named;
    if (want <= 0)
        return -1;
    return (want - (used + 1.0)) / want * s->weight;
}

/* Boost when all values should be used alike: towards the least used one. */
static double even_boost(uint32_t used, uint32_t min, uint32_t max)
{
    if (!max)
        return 0;
    if (used != min)
        return ((double)min - used) / min;
    return min == max ? -1 : ((double)max - min) / min;
}

static void spread_refresh(const struct run *r, struct spread_state *s)
{
    uint32_t min = 0, max = 0;
    bool even = s->spread->targets.n == 0;
    for (size_t i = 0; even && i < s->v.counts.n; i++) {
        uint32_t n = s->v.counts.items[i];
        min = n && (!min || n < min) ? n : min;
        max = MAX(max, n);
    }
    for (size_t i = 0; i < s->v.counts.n; i++) {
        uint32_t n = s->v.counts.items[i];
        s->boost[i] = even ? even_boost(n, min, max)
                           : targeted_boost(s, s->v.texts.items[i], n, (double)r->group->count);
    }
    s->missing_boost = even && !max ? 0 : -1;
    for (size_t i = 0; i < s->v.counts.n; i++)
        s->boost_f[i] = (float)s->boost[i];
    s->boost_f[s->v.counts.n] = (float)s->missing_boost;
}

static int spreads_init(struct run *r)
{
    const struct objs *lists[] = {&r->in->job->spreads, &r->group->spreads};
    int64_t sum = 0;
    r->spreads = arena_array(r->f->arena, struct spread_state, lists[0]->n + lists[1]->n + 1);
    if (!r->spreads)
        return -ENOMEM;
    for (size_t k = 0; k < 2; k++)
        OBJS_FOR(const struct spread, sp, *lists[k])
    sum += sp->weight;
    for (size_t k = 0; k < 2; k++)
        OBJS_FOR(const struct spread, sp, *lists[k])
        {
            struct spread_state *s = &r->spreads[r->n_spreads++];
            s->spread = sp;
            s->weight = sum ? (double)sp->weight / (double)sum : 1;
            if (target_parse(r->f->arena, sp->attribute, &s->v.target) < 0 ||
                values_init(r, &s->v) < 0)
                return -ENOMEM;
            s->boost = arena_array(r->f->arena, double, s->v.counts.n + 1);
            s->boost_f = arena_array(r->f->arena, float, s->v.counts.n + 1);
            if (!s->boost || !s->boost_f)
                return -ENOMEM;
        }
    return 0;
}

double run_boost(const struct run *r, uint32_t slot)
{
    double sum = 0;
    for (size_t i = 0; i < r->n_spreads; i++) {
        const struct spread_state *s = &r->spreads[i];
        uint32_t n = s->v.of[slot];
        sum += n == UINT32_MAX ? s->missing_boost : s->boost[n];
    }
    return sum;
}

/* --- distinct_hosts, distinct_property --- */

static int distinct_init(struct run *r)
{
    r->distinct = arena_array(r->f->arena, struct value_counts, r->f->n_distinct + 1);
    if (!r->distinct)
        return -ENOMEM;
    for (size_t i = 0; i < r->f->n_distinct; i++) {
        r->distinct[i].target = r->f->distinct[i].target;
        if (values_init(r, &r->distinct[i]) < 0)
            return -ENOMEM;
    }
    return 0;
}

static bool property_full(const struct run *r, size_t i, uint32_t slot)
{
    uint32_t n = r->distinct[i].of[slot];
    return n == UINT32_MAX || r->distinct[i].counts.items[n] >= r->f->distinct[i].allowed;
}

static bool host_taken(const struct run *r, uint32_t slot)
{
    return (r->f->distinct_hosts_job && r->x->hosts[slot]) ||
           (r->f->distinct_hosts_group && r->x->count[slot]);
}

/* What depends on the job's own allocations; recomputed when one comes or goes. */
static uint16_t out_by_members(const struct run *r, uint32_t slot)
{
    if (host_taken(r, slot))
        return OUT_HOST;
    for (size_t i = 0; i < r->f->n_distinct; i++)
        if (property_full(r, i, slot))
            return OUT_PROPERTY;
    return 0;
}

static void set_out(struct run *r, uint32_t slot, uint16_t why)
{
    r->x->out[slot] = why;
    r->x->s.bias[slot] = why ? SCORE_NONE : 0;
}

static void recheck_members(struct run *r, uint32_t slot)
{
    uint16_t was = r->x->out[slot];
    if (was && was != OUT_HOST && was != OUT_PROPERTY)
        return;
    set_out(r, slot, out_by_members(r, slot));
}

/* --- members --- */

double run_others(const struct run *r, uint32_t slot, int *ret_n)
{
    double sum = 0;
    uint32_t n = r->x->count[slot];
    float affinity = r->f->n_affinities ? r->x->class_affinity[r->l->class_id[slot]] : 0;
    if (r->f->n_affinities && r->affinity_by_node)
        affinity = (float)feasible_affinity(r->f, r->l->nodes[slot]);
    *ret_n = 0;
    if (n) {
        sum -= (double)(n + 1) / (double)MAX(r->group->count, (int64_t)1);
        ++*ret_n;
    }
    if (affinity != 0) {
        sum += affinity;
        ++*ret_n;
    }
    return sum;
}

/* Before a slot first differs from the clean state the arrays are kept in between runs. */
static int touch(struct run *r, uint32_t slot)
{
    const struct scratch *x = r->x;
    bool clean = !x->count[slot] && !x->hosts[slot] && x->s.inv_k[slot] == 1.0f;
    return clean ? vec_push(&r->x->touched, slot) : 0;
}

static void untouch_all(struct scratch *x)
{
    for (size_t i = 0; i < x->touched.n; i++) {
        uint32_t slot = x->touched.items[i];
        x->count[slot] = x->hosts[slot] = 0;
        x->s.extra[slot] = 0;
        x->s.inv_k[slot] = 1.0f;
    }
    x->touched.n = 0;
}

static void set_others(struct run *r, uint32_t slot)
{
    int n;
    r->x->s.extra[slot] = (float)run_others(r, slot, &n);
    r->x->s.inv_k[slot] = 1.0f / (float)(n + 1);
}

static void count_member(struct run *r, uint32_t slot, bool same_group, int delta)
{
    for (size_t i = 0; i < r->f->n_distinct; i++)
        if (same_group || r->f->distinct[i].whole_job)
            values_add(&r->distinct[i], slot, delta);
    if (delta > 0 || r->x->hosts[slot])
        r->x->hosts[slot] = (uint16_t)(r->x->hosts[slot] + delta);
    if (!same_group)
        return;
    if (delta > 0 || r->x->count[slot])
        r->x->count[slot] = (uint16_t)(r->x->count[slot] + delta);
    for (size_t i = 0; i < r->n_spreads; i++)
        values_add(&r->spreads[i].v, slot, delta);
}

static int count_members(struct run *r)
{
    const struct members *m = ledger_members(r->l, r->in->job->ns, r->in->job->id);
    if (!m)
        return 0;
    int group = members_find_group(m, r->group->name);
    for (size_t i = 0; i < m->cap; i++) {
        uint32_t slot = cell_slot(&m->cells[i]);
        if (m->cells[i].count && touch(r, slot) < 0)
            return -ENOMEM;
        for (uint32_t k = 0; k < m->cells[i].count; k++)
            count_member(r, slot, cell_group(&m->cells[i]) == group, 1);
    }
    return 0;
}

int run_member(struct run *r, uint32_t slot, const char *group, int delta)
{
    bool same = streq(group, r->group->name);
    if (touch(r, slot) < 0)
        return -ENOMEM;
    count_member(r, slot, same, delta);
    if (same)
        set_others(r, slot);
    recheck_members(r, slot);
    run_rescore(r, slot);
    for (size_t i = 0; i < r->n_spreads; i++)
        spread_refresh(r, &r->spreads[i]);
    for (size_t i = 0; i < r->f->n_distinct; i++)
        for (uint32_t k = 0; k < r->l->n; k++)
            if (r->distinct[i].of[k] == r->distinct[i].of[slot] && k != slot) {
                recheck_members(r, k);
                run_rescore(r, k);
            }
    return 0;
}

/* --- the scan --- */

static uint16_t class_result(struct run *r, uint32_t class, const struct node *n)
{
    if (r->by_class[class] == CLASS_UNKNOWN)
        r->by_class[class] = (uint16_t)feasible_class(r->f, n);
    return r->by_class[class];
}

static void class_seen_first(struct run *r, uint32_t class, const struct node *n)
{
    r->x->class_node[class] = n;
    if (r->f->n_affinities && !r->affinity_by_node)
        r->x->class_affinity[class] = (float)feasible_affinity(r->f, n);
}

/* The memo of this signature, or the one unused for longest emptied for it. */
static struct class_memo *memo_find(struct scratch *x, const uint64_t sig[2])
{
    struct class_memo *oldest = &x->memos[0];
    for (size_t i = 0; i < CLASS_MEMOS; i++) {
        struct class_memo *m = &x->memos[i];
        if (m->used_at && m->signature[0] == sig[0] && m->signature[1] == sig[1])
            return m;
        if (m->used_at < oldest->used_at)
            oldest = m;
    }
    memcpy(oldest->signature, sig, sizeof(oldest->signature));
    if (oldest->n)
        memset(oldest->results, 0xff, oldest->n * sizeof(*oldest->results));
    return oldest;
}

static int memo_take(struct run *r)
{
    uint64_t sig[2];
    feasible_signature(r->f, sig);
    struct class_memo *m = memo_find(r->x, sig);
    m->used_at = ++r->x->memo_clock;
    if (m->n < r->x->class_cap) {
        uint16_t *p = realloc(m->results, r->x->class_cap * sizeof(*p));
        if (!p)
            return -ENOMEM;
        memset(p + m->n, 0xff, (r->x->class_cap - m->n) * sizeof(*p));
        m->results = p;
        m->n = r->x->class_cap;
    }
    r->by_class = m->results;
    return 0;
}

/* Pointers are kept in locals: every store might change them, as far as the compiler knows. */
static void scan_classes(struct run *r)
{
    const uint32_t *class_id = r->l->class_id;
    const uint8_t *ready = r->l->ready;
    uint16_t *by_class = r->by_class, *out = r->x->out;
    uint32_t *class_n = r->x->class_n;
    float *bias = r->x->s.bias;
    for (uint32_t i = 0, n = (uint32_t)r->l->cap; i < n; i++) {
        uint16_t why = OUT_NOT_READY;
        if (ready[i]) {
            why = by_class[class_id[i]];
            if (why == CLASS_UNKNOWN)
                why = class_result(r, class_id[i], r->l->nodes[i]);
            if (!class_n[class_id[i]]++)
                class_seen_first(r, class_id[i], r->l->nodes[i]);
        }
        out[i] = why;
        bias[i] = why ? SCORE_NONE : 0;
    }
}

static void scan_nodes(struct run *r)
{
    for (uint32_t i = 0; i < r->l->n; i++)
        if (!r->x->out[i])
            set_out(r, i, (uint16_t)feasible_node(r->f, r->l->nodes[i]));
}

static void scan_special(struct run *r, uint32_t slot)
{
    if (r->x->out[slot])
        return;
    uint16_t why = out_by_members(r, slot);
    if (!why && r->n_statics && run_port_conflict(r, slot, NULL))
        why = OUT_STATIC_PORT;
    if (why)
        set_out(r, slot, why);
}

static void scan(struct run *r)
{
    struct scratch *x = r->x;
    if (x->class_cap) /* none without nodes */
        memset(x->class_n, 0, x->class_cap * sizeof(*x->class_n));
    bool special =
        r->f->distinct_hosts_job || r->f->distinct_hosts_group || r->f->n_distinct || r->n_statics;
    scan_classes(r);
    if (r->f->needs_node)
        scan_nodes(r);
    for (uint32_t i = 0; special && i < r->l->n; i++)
        scan_special(r, i);
}

static int fill_others(struct run *r)
{
    struct scratch *x = r->x;
    size_t n = x->touched.n;
    for (size_t i = 0; i < n; i++)
        set_others(r, x->touched.items[i]);
    for (uint32_t i = 0; r->f->n_affinities && i < r->l->n; i++) {
        if (x->out[i])
            continue;
        if (touch(r, i) < 0)
            return -ENOMEM;
        set_others(r, i);
    }
    return 0;
}

void run_rescore(struct run *r, uint32_t slot)
{
    score_slot(r->l, &r->ask, &r->x->s, slot, NULL);
    score_block(&r->x->s, slot);
}

void run_exclude(struct run *r, uint32_t slot, uint16_t why)
{
    set_out(r, slot, why);
    run_rescore(r, slot);
}

/* With spread the boosts change with every placement, so all feasible slots are looked at again. */
static float spread_key(const struct score_arrays *s, uint32_t i, float boost)
{
    float inv = boost == 0 ? s->inv_k[i] : s->inv_k[i] / (1.0f + s->inv_k[i]);
    return (s->packed[i] + boost) * inv + s->rest[i];
}

static uint32_t best_spread(const struct run *r)
{
    const struct score_arrays *s = &r->x->s;
    const struct spread_state *one = r->n_spreads == 1 ? &r->spreads[0] : NULL;
    uint32_t best = SLOT_NONE, missing = one ? (uint32_t)one->v.counts.n : 0;
    float top = SCORE_NONE / 10;
    for (uint32_t i = 0; i < r->l->n; i++) {
        if (s->rest[i] < SCORE_NONE / 10)
            continue;
        float boost = one ? one->boost_f[MIN(one->v.of[i], missing)] : (float)run_boost(r, i);
        float key = spread_key(s, i, boost);
        if (key > top) {
            top = key;
            best = i;
        }
    }
    return best;
}

uint32_t run_best(struct run *r)
{
    return r->n_spreads ? best_spread(r) : score_best(&r->x->s, r->l->cap);
}

static int collect_ports(struct run *r)
{
    size_t n = 0;
    OBJS_FOR(const struct network_resource, w, r->group->networks)
    {
        n += w->reserved_ports.n;
        r->n_dynamic += w->dynamic_ports.n;
    }
    r->statics = arena_array(r->f->arena, struct static_port, n + 1);
    if (!r->statics)
        return -ENOMEM;
    OBJS_FOR(const struct network_resource, w, r->group->networks)
    OBJS_FOR(const struct port, p, w->reserved_ports)
    {
        const char *text = arena_printf(r->f->arena, "network: reserved port collision %s=%lld",
                                        nonull(p->label), (long long)p->value);
        if (!text)
            return -ENOMEM;
        r->statics[r->n_statics++] = (struct static_port){p, text};
    }
    return 0;
}

static bool affinities_escape(const struct feasible *f)
{
    for (size_t i = 0; i < f->n_affinities; i++)
        if (f->affinities[i].c.escapes)
            return true;
    return false;
}

static struct score_ask ask_of(const struct allocated_resources *r)
{
    struct capacity c = alloc_usage(r);
    return (struct score_ask){(int32_t)MIN(c.cpu, (int64_t)INT32_MAX / 4),
                              (int32_t)MIN(c.memory_mb, (int64_t)INT32_MAX / 4),
                              (int32_t)MIN(c.disk_mb, (int64_t)INT32_MAX / 4)};
}

int run_begin(struct run *r, struct ledger *l, struct scratch *x, struct arena *a,
              const struct place_input *in, struct task_group *g, struct err *err)
{
    *r = (struct run){.l = l, .x = x, .in = in, .group = g, .a = a};
    int e = feasible_new(in->job, g, err, &r->f);
    if (e < 0)
        return e;
    r->affinity_by_node = affinities_escape(r->f);
    r->plain = group_resources(a, g);
    if (!r->plain || scratch_fit(x, l) < 0 || memo_take(r) < 0 || collect_ports(r) < 0 ||
        spreads_init(r) < 0 || distinct_init(r) < 0) {
        run_end(r);
        return err_set(err, -ENOMEM, "out of memory");
    }
    r->ask = ask_of(r->plain);
    x->s.packed = r->n_spreads ? x->packed : NULL;
    x->s.rest = r->n_spreads ? x->rest : NULL;
    if (count_members(r) < 0) {
        run_end(r);
        return err_set(err, -ENOMEM, "out of memory");
    }
    scan(r);
    if (fill_others(r) < 0) {
        run_end(r);
        return err_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < r->n_spreads; i++)
        spread_refresh(r, &r->spreads[i]);
    score_all(l, &r->ask, &x->s);
    return 0;
}

void run_end(struct run *r)
{
    if (r->x)
        untouch_all(r->x);
    for (size_t i = 0; r->spreads && i < r->n_spreads; i++)
        values_clear(&r->spreads[i].v);
    for (size_t i = 0; r->distinct && r->f && i < r->f->n_distinct; i++)
        values_clear(&r->distinct[i]);
    r->f = feasible_free(r->f);
    *r = (struct run){0};
}
