// SPDX-License-Identifier: Apache-2.0
/* Vectors are 32 bytes: gcc 12 breaks 64-byte ones into scalars. Integer compares are avoided for
 * the same reason: sign bits are spread into masks. The build forbids contraction to fused
 * multiply-add, else the clones would choose differently on different machines. */
#include <math.h>

#include "sched/score.h"

typedef float vf __attribute__((vector_size(32)));
typedef int32_t vi __attribute__((vector_size(32)));
typedef uint32_t vu __attribute__((vector_size(32)));
#define LANES 8
#define always_inline_fn static inline __attribute__((always_inline))

#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define clones __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define clones
#endif
#pragma GCC diagnostic ignored "-Wpsabi"

struct vask {
    vi cpu, mem, disk;
    vf fcpu, fmem;
};

always_inline_fn vi splat_i(int32_t x)
{
    return (vi){x, x, x, x, x, x, x, x};
}

always_inline_fn vf splat(float x)
{
    return (vf){x, x, x, x, x, x, x, x};
}

/* 10^x for 0 <= x <= 1; relative error below 3e-7. */
always_inline_fn vf pow10v(vf x)
{
    vf y = x * 3.32192809f;
    vf r = y + 12582912.0f; /* 1.5 * 2^23: the integer part sits in the low bits */
    vi n = (vi)r - 0x4B400000;
    vf f = y - (r - 12582912.0f);
    vf p = splat(1.54035304e-4f);
    p = p * f + 1.33335581e-3f;
    p = p * f + 9.61812911e-3f;
    p = p * f + 5.55041087e-2f;
    p = p * f + 2.40226507e-1f;
    p = p * f + 6.93147181e-1f;
    p = p * f + 1.0f;
    return (vf)((vi)p + (n << 23));
}

always_inline_fn vf rsqrtv(vf x)
{
    vf y = (vf)(0x5f3759df - (vi)((vu)x >> 1));
    vf h = x * 0.5f;
    y = y * (1.5f - h * y * y);
    y = y * (1.5f - h * y * y);
    return y * (1.5f - h * y * y);
}

always_inline_fn vf select_v(vi mask, vf yes, vf no)
{
    return (vf)(((vi)yes & mask) | ((vi)no & ~mask));
}

always_inline_fn vf to_float(vi x)
{
    return __builtin_convertvector(x, vf);
}

struct vkey {
    vf packed, rest;
};

always_inline_fn struct vkey key_v(const struct ledger *l, const struct score_arrays *s,
                                   const struct vask *ask, size_t i, vi ucpu, vi umem, vi udisk)
{
    vi ccpu = *(const vi *)&l->cap_cpu[i], cmem = *(const vi *)&l->cap_mem[i];
    vi lcpu = ccpu - ucpu - ask->cpu, lmem = cmem - umem - ask->mem;
    vi ldisk = *(const vi *)&l->cap_disk[i] - udisk - ask->disk;
    vi misfit = (lcpu | lmem | ldisk) >> 31;
    vf rcpu = *(const vf *)&l->rcpu[i], rmem = *(const vf *)&l->rmem[i];
    vf acpu = ask->fcpu * rcpu, amem = ask->fmem * rmem;
    vf after_cpu = 1.0f - to_float(ucpu + ask->cpu) * rcpu;
    vf after_mem = 1.0f - to_float(umem + ask->mem) * rmem;
    vf pack = (20.0f - pow10v(after_cpu) - pow10v(after_mem)) * (1.0f / 18.0f);
    vf fcpu = to_float(ccpu - ucpu) * rcpu, fmem = to_float(cmem - umem) * rmem;
    vf len = (acpu * acpu + amem * amem) * (fcpu * fcpu + fmem * fmem);
    vf cosine = (acpu * fcpu + amem * fmem) * rsqrtv(len + 1e-20f);
    vf rest = cosine - *(const vf *)&l->unstarted[i] * SCORE_UNSTARTED;
    rest = select_v(misfit, splat(SCORE_NONE), rest + *(const vf *)&s->bias[i]);
    return (struct vkey){pack + *(const vf *)&s->extra[i], rest};
}

always_inline_fn struct vask ask_v(const struct score_ask *a)
{
    return (struct vask){
        .cpu = splat_i(a->cpu),
        .mem = splat_i(a->mem),
        .disk = splat_i(a->disk),
        .fcpu = splat((float)a->cpu),
        .fmem = splat((float)a->mem),
    };
}

always_inline_fn vf max_v(vf a, vf b)
{
    return select_v((vi)(a - b) >> 31, b, a);
}

/* Local copies of the pointers: stores to the arrays might change them otherwise. */
clones void score_all(const struct ledger *ledger, const struct score_ask *ask,
                      const struct score_arrays *arrays)
{
    const struct ledger l = *ledger;
    const struct score_arrays s = *arrays;
    const struct vask a = ask_v(ask);
    for (size_t i = 0; i < l.cap; i += SCORE_BLOCK) {
        vf top = splat(SCORE_NONE * 4);
        for (size_t k = i; k < i + SCORE_BLOCK; k += LANES) {
            struct vkey v = key_v(&l, &s, &a, k, *(const vi *)&l.used_cpu[k],
                                  *(const vi *)&l.used_mem[k], *(const vi *)&l.used_disk[k]);
            vf key = v.packed * *(const vf *)&s.inv_k[k] + v.rest;
            *(vf *)&s.key[k] = key;
            if (s.packed) {
                *(vf *)&s.packed[k] = v.packed;
                *(vf *)&s.rest[k] = v.rest;
            }
            top = max_v(top, key);
        }
        float best = top[0];
        for (size_t k = 1; k < LANES; k++)
            best = top[k] > best ? top[k] : best;
        s.block[i / SCORE_BLOCK] = best;
    }
}

clones void score_slot(const struct ledger *l, const struct score_ask *ask,
                       const struct score_arrays *s, uint32_t slot, const struct score_ask *credit)
{
    struct vask a = ask_v(ask);
    size_t i = slot & ~(uint32_t)(LANES - 1), lane = slot % LANES;
    vi ucpu = *(const vi *)&l->used_cpu[i], umem = *(const vi *)&l->used_mem[i],
       udisk = *(const vi *)&l->used_disk[i];
    if (credit) {
        ucpu[lane] -= credit->cpu;
        umem[lane] -= credit->mem;
        udisk[lane] -= credit->disk;
    }
    struct vkey v = key_v(l, s, &a, i, ucpu, umem, udisk);
    vf key = v.packed * *(const vf *)&s->inv_k[i] + v.rest;
    s->key[slot] = key[lane];
    if (s->packed) {
        s->packed[slot] = v.packed[lane];
        s->rest[slot] = v.rest[lane];
    }
}

static bool usable(float key)
{
    return key > SCORE_NONE / 10;
}

clones int64_t score_usable(const struct score_arrays *s, size_t cap)
{
    vi n = {0};
    for (size_t i = 0; i < cap; i += LANES)
        n += (vi)(SCORE_NONE / 10 - *(const vf *)&s->key[i]) >> 31;
    int64_t sum = 0;
    for (size_t i = 0; i < LANES; i++)
        sum -= n[i];
    return sum;
}

/* The highest of the first n floats, n a multiple of LANES. */
always_inline_fn float highest(const float *p, size_t n)
{
    vf top = *(const vf *)p;
    for (size_t i = LANES; i < n; i += LANES)
        top = max_v(top, *(const vf *)&p[i]);
    float best = top[0];
    for (size_t i = 1; i < LANES; i++)
        best = top[i] > best ? top[i] : best;
    return best;
}

clones void score_block(const struct score_arrays *s, uint32_t slot)
{
    size_t i = slot & ~(uint32_t)(SCORE_BLOCK - 1);
    s->block[i / SCORE_BLOCK] = highest(&s->key[i], SCORE_BLOCK);
}

clones uint32_t score_best(const struct score_arrays *s, size_t cap)
{
    size_t n = cap / SCORE_BLOCK, block = 0, k = 0;
    size_t whole = n & ~(size_t)(LANES - 1);
    float best = whole ? highest(s->block, whole) : SCORE_NONE;
    for (size_t i = whole; i < n; i++)
        best = s->block[i] > best ? s->block[i] : best;
    if (!usable(best))
        return SLOT_NONE;
    while (s->block[block] != best)
        block++;
    const float *key = &s->key[block * SCORE_BLOCK];
    while (k < SCORE_BLOCK - 1 && key[k] != best)
        k++;
    return (uint32_t)(block * SCORE_BLOCK + k);
}

/* Keeps the k best of what it is offered, falling; equals stay in the order offered. */
struct top_list {
    float keys[SCORE_TOP_MAX];
    uint32_t at[SCORE_TOP_MAX];
    size_t n, k;
};

static void top_offer(struct top_list *t, float key, uint32_t at)
{
    if (t->n == t->k && key <= t->keys[t->n - 1])
        return;
    size_t i = t->n < t->k ? t->n++ : t->n - 1;
    for (; i > 0 && t->keys[i - 1] < key; i--) {
        t->keys[i] = t->keys[i - 1];
        t->at[i] = t->at[i - 1];
    }
    t->keys[i] = key;
    t->at[i] = at;
}

/* The k best slots are in the k best blocks. */
size_t score_top(const struct score_arrays *s, size_t cap, size_t k, uint32_t *ret_slots)
{
    assert(k > 0 && k <= SCORE_TOP_MAX);
    struct top_list blocks = {.k = k}, slots = {.k = k};
    for (size_t i = 0; i < cap / SCORE_BLOCK; i++)
        if (usable(s->block[i]))
            top_offer(&blocks, s->block[i], (uint32_t)i);
    for (size_t b = 0; b < blocks.n; b++)
        for (uint32_t i = 0; i < SCORE_BLOCK; i++) {
            float key = s->key[blocks.at[b] * SCORE_BLOCK + i];
            if (usable(key))
                top_offer(&slots, key, blocks.at[b] * SCORE_BLOCK + i);
        }
    memcpy(ret_slots, slots.at, slots.n * sizeof(*ret_slots));
    return slots.n;
}

double score_binpack(const struct ledger *l, const struct score_ask *ask, uint32_t slot,
                     const struct score_ask *credit)
{
    double ucpu = l->used_cpu[slot] + ask->cpu - (credit ? credit->cpu : 0);
    double umem = l->used_mem[slot] + ask->mem - (credit ? credit->mem : 0);
    double fcpu = 1 - (l->cap_cpu[slot] > 0 ? ucpu / l->cap_cpu[slot] : 0);
    double fmem = 1 - (l->cap_mem[slot] > 0 ? umem / l->cap_mem[slot] : 0);
    double score = (20 - pow(10, fcpu) - pow(10, fmem)) / 18;
    return score < 0 ? 0 : score > 1 ? 1 : score;
}
