// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static nsec_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return ts.tv_sec * NSEC_SEC + ts.tv_nsec;
}

nsec_t now_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

nsec_t now_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static const struct unit {
    const char *name;
    nsec_t ns;
} units[] = {
    {"ns", 1},         {"us", NSEC_USEC}, {"µs", NSEC_USEC}, {"μs", NSEC_USEC},
    {"ms", NSEC_MSEC}, {"s", NSEC_SEC},   {"m", NSEC_MIN},   {"h", NSEC_HOUR},
};

static const struct unit *unit_at(struct str s)
{
    const struct unit *best = NULL;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_has_prefix(s, units[i].name) &&
            (!best || strlen(units[i].name) > strlen(best->name)))
            best = &units[i];
    return best;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int duration_parse(struct str s, nsec_t *ret)
{
    bool neg = false;
    nsec_t total = 0;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
        neg = s.p[0] == '-';
        s.p++, s.n--;
    }
    if (str_eqz(s, "0")) {
        *ret = 0;
        return 0;
    }
    if (s.n == 0)
        return -EINVAL;
    while (s.n) {
        nsec_t whole = 0, part = 0, scale = 1;
        size_t digits = 0;
        for (; s.n && is_digit(*s.p); s.p++, s.n--, digits++)
            if (__builtin_mul_overflow(whole, 10, &whole) ||
                __builtin_add_overflow(whole, *s.p - '0', &whole))
                return -ERANGE;
        if (s.n && *s.p == '.')
            for (s.p++, s.n--; s.n && is_digit(*s.p); s.p++, s.n--, digits++)
                if (scale < 1000000000000)
                    part = part * 10 + (*s.p - '0'), scale *= 10;
        const struct unit *u = unit_at(s);
        if (!digits || !u)
            return -EINVAL;
        nsec_t v;
        if (__builtin_mul_overflow(whole, u->ns, &v) ||
            __builtin_add_overflow(v, (nsec_t)((double)part * ((double)u->ns / (double)scale)),
                                   &v) ||
            __builtin_add_overflow(total, v, &total))
            return -ERANGE;
        s.p += strlen(u->name);
        s.n -= strlen(u->name);
    }
    *ret = neg ? -total : total;
    return 0;
}

/* value/unit with the fraction's trailing zeros dropped */
static void format_fraction(struct buf *b, uint64_t v, uint64_t unit, const char *name)
{
    uint64_t frac = v % unit;
    buf_printf(b, "%llu", (unsigned long long)(v / unit));
    if (frac) {
        char digits[16];
        int width = 0;
        for (uint64_t u = unit; u > 1; u /= 10)
            width++;
        snprintf(digits, sizeof(digits), "%0*llu", width, (unsigned long long)frac);
        size_t n = strlen(digits);
        while (n && digits[n - 1] == '0')
            digits[--n] = '\0';
        buf_printf(b, ".%s", digits);
    }
    buf_addz(b, name);
}

void duration_format(struct buf *b, nsec_t d)
{
    if (d == 0) {
        buf_addz(b, "0s");
        return;
    }
    uint64_t u = d < 0 ? -(uint64_t)d : (uint64_t)d;
    if (d < 0)
        buf_addc(b, '-');
    if (u < NSEC_USEC)
        format_fraction(b, u, 1, "ns");
    else if (u < NSEC_MSEC)
        format_fraction(b, u, NSEC_USEC, "µs");
    else if (u < NSEC_SEC)
        format_fraction(b, u, NSEC_MSEC, "ms");
    else {
        uint64_t h = u / NSEC_HOUR, m = u % NSEC_HOUR / NSEC_MIN;
        if (h)
            buf_printf(b, "%lluh", (unsigned long long)h);
        if (h || m)
            buf_printf(b, "%llum", (unsigned long long)m);
        format_fraction(b, u % NSEC_MIN, NSEC_SEC, "s");
    }
}

void time_format_rfc3339(struct buf *b, nsec_t t)
{
    time_t sec = (time_t)(t / NSEC_SEC);
    nsec_t frac = t % NSEC_SEC;
    if (frac < 0)
        frac += NSEC_SEC, sec--;
    struct tm tm;
    gmtime_r(&sec, &tm);
    char z[40];
    strftime(z, sizeof(z), "%Y-%m-%dT%H:%M:%S", &tm);
    buf_addz(b, z);
    if (frac) {
        snprintf(z, sizeof(z), "%09lld", (long long)frac);
        size_t n = 9;
        while (z[n - 1] == '0')
            z[--n] = '\0';
        buf_printf(b, ".%s", z);
    }
    buf_addc(b, 'Z');
}

int time_parse_rfc3339(struct str s, nsec_t *ret)
{
    char z[64];
    if (s.n < 20 || s.n >= sizeof(z))
        return -EINVAL;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    struct tm tm = {0};
    char *p = strptime(z, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!p)
        return -EINVAL;
    nsec_t frac = 0, scale = NSEC_SEC;
    if (*p == '.')
        for (p++; is_digit(*p); p++)
            if (scale > 1)
                scale /= 10, frac += (*p - '0') * scale;
    int offset = 0;
    if (*p == 'Z' || *p == 'z') {
        p++;
    } else if (*p == '+' || *p == '-') {
        int h, m;
        if (sscanf(p + 1, "%2d:%2d", &h, &m) != 2 || strlen(p) != 6)
            return -EINVAL;
        offset = (*p == '-' ? -1 : 1) * (h * 3600 + m * 60);
        p += 6;
    } else {
        return -EINVAL;
    }
    if (*p)
        return -EINVAL;
    nsec_t ns;
    if (__builtin_mul_overflow((nsec_t)timegm(&tm) - offset, NSEC_SEC, &ns))
        return -ERANGE;
    *ret = ns + frac;
    return 0;
}

void time_format_local(struct buf *b, nsec_t t)
{
    time_t sec = (time_t)(t / NSEC_SEC);
    struct tm tm;
    localtime_r(&sec, &tm);
    char z[40], zone[8];
    strftime(z, sizeof(z), "%Y-%m-%dT%H:%M:%S", &tm);
    strftime(zone, sizeof(zone), "%z", &tm);
    if (tm.tm_gmtoff == 0)
        buf_printf(b, "%sZ", z);
    else
        buf_printf(b, "%s%.3s:%s", z, zone, zone + 3);
}

void time_format_ago(struct buf *b, nsec_t t, nsec_t now)
{
    static const struct {
        const char *name;
        int64_t sec;
    } steps[] = {{"y", 365 * 86400}, {"mo", 30 * 86400}, {"d", 86400},
                 {"h", 3600},        {"m", 60},          {"s", 1}};
    int64_t d = (now - t) / NSEC_SEC;
    if (t == 0)
        return;
    if (d < 1) {
        buf_addz(b, "<1s ago");
        return;
    }
    int shown = 0;
    for (size_t i = 0; i < ARRAY_LEN(steps) && shown < 2; i++) {
        int64_t n = d / steps[i].sec;
        if (!n) {
            if (shown)
                break; /* only adjacent units, as "1h2m" */
            continue;
        }
        buf_printf(b, "%lld%s", (long long)n, steps[i].name);
        d -= n * steps[i].sec;
        shown++;
    }
    buf_addz(b, " ago");
}
