// SPDX-License-Identifier: Apache-2.0
/* Time stamps are RFC 3339 texts and keep their offset. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "hcl/fn.h"

struct stamp {
    int64_t sec;  /* since 1970, UTC */
    int offset;   /* minutes east */
    struct tm tm; /* local to the offset */
};

static int parse_offset(struct str s)
{
    const char *z = s.p + s.n - 6;
    if (s.n < 6 || (z[0] != '+' && z[0] != '-'))
        return 0;
    int minutes = ((z[1] - '0') * 10 + z[2] - '0') * 60 + (z[4] - '0') * 10 + z[5] - '0';
    return z[0] == '-' ? -minutes : minutes;
}

static int set_stamp(const struct call *c, struct stamp *t, nsec_t when, int offset)
{
    t->sec = when / NSEC_SEC - (when % NSEC_SEC < 0);
    t->offset = offset;
    time_t local = (time_t)(t->sec + offset * 60);
    return gmtime_r(&local, &t->tm) ? 0 : fn_fail(c, FN_CALL, "the time is out of range");
}

static int read_stamp(const struct call *c, size_t i, struct stamp *t, nsec_t *ret_when)
{
    struct str s;
    int r = fn_text(c, i, &s);
    if (r < 0)
        return r;
    if (time_parse_rfc3339(s, ret_when) < 0)
        return fn_fail(c, (int)i, "\"%.*s\" is not a time like 2026-11-20T12:00:00Z",
                       (int)MIN(s.n, 64u), s.p);
    return set_stamp(c, t, *ret_when, parse_offset(s));
}

static void add_offset(struct buf *b, int offset, bool colon)
{
    int abs = offset < 0 ? -offset : offset;
    buf_printf(b, "%c%02d%s%02d", offset < 0 ? '-' : '+', abs / 60, colon ? ":" : "", abs % 60);
}

static int fn_timeadd(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct stamp t;
    struct str s;
    nsec_t d, when;
    int r = read_stamp(c, 0, &t, &when);
    if (r == 0)
        r = fn_text(c, 1, &s);
    if (r < 0)
        return r;
    if (duration_parse(s, &d) < 0)
        return fn_fail(c, 1, "\"%.*s\" is not a duration like 1h30m", (int)MIN(s.n, 64u), s.p);
    if (__builtin_add_overflow(when, d, &when))
        return fn_fail(c, FN_CALL, "the time is out of range");
    r = set_stamp(c, &t, when, t.offset);
    if (r < 0)
        return r;
    buf_printf(&b, "%04d-%02d-%02dT%02d:%02d:%02d", t.tm.tm_year + 1900, t.tm.tm_mon + 1,
               t.tm.tm_mday, t.tm.tm_hour, t.tm.tm_min, t.tm.tm_sec);
    if (t.offset)
        add_offset(&b, t.offset, true);
    else
        buf_addc(&b, 'Z');
    return site_buf(&c->s, &b, ret);
}

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

static bool add_number(struct buf *b, size_t n, int v)
{
    if (n <= 2)
        buf_printf(b, n == 2 ? "%02d" : "%d", v);
    return n <= 2;
}

static bool add_zone(struct buf *b, size_t n, int offset)
{
    if (offset == 0 && (n == 1 || n == 3))
        buf_addz(b, n == 1 ? "Z" : "UTC");
    else if (n == 1 || n == 3 || n == 4 || n == 5)
        add_offset(b, offset, n == 1 || n == 5);
    else
        return false;
    return true;
}

/* One run of n equal letters; false if there is no such sequence. */
static bool add_letters(struct buf *b, char letter, size_t n, const struct stamp *t)
{
    int hour12 = t->tm.tm_hour % 12 ? t->tm.tm_hour % 12 : 12;
    switch (letter) {
    case 'Y':
        if (n == 4)
            buf_printf(b, "%04d", t->tm.tm_year + 1900);
        else if (n == 2)
            buf_printf(b, "%02d", (t->tm.tm_year + 1900) % 100);
        return n == 4 || n == 2;
    case 'M':
        if (n >= 3 && n <= 4)
            buf_printf(b, "%.*s", n == 4 ? 9 : 3, months[t->tm.tm_mon]);
        return n >= 3 ? n <= 4 : add_number(b, n, t->tm.tm_mon + 1);
    case 'D':
        return add_number(b, n, t->tm.tm_mday);
    case 'E':
        if (n == 3 || n == 4)
            buf_printf(b, "%.*s", n == 4 ? 9 : 3, days[t->tm.tm_wday]);
        return n == 3 || n == 4;
    case 'h':
        return add_number(b, n, t->tm.tm_hour);
    case 'H':
        return add_number(b, n, hour12);
    case 'A':
    case 'a':
        if (n == 2)
            buf_addz(b, letter == 'A'        ? t->tm.tm_hour < 12 ? "AM" : "PM"
                        : t->tm.tm_hour < 12 ? "am"
                                             : "pm");
        return n == 2;
    case 'm':
        return add_number(b, n, t->tm.tm_min);
    case 's':
        return add_number(b, n, t->tm.tm_sec);
    case 'Z':
        return add_zone(b, n, t->offset);
    default:
        return false;
    }
}

/* A quoted text; '' inside is one quote. Returns the length taken, 0 if it is not closed. */
static size_t add_quoted(struct buf *b, struct str s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] != '\'') {
            buf_addc(b, s.p[i]);
        } else if (i + 1 < s.n && s.p[i + 1] == '\'') {
            buf_addc(b, '\'');
            i++;
        } else {
            return i + 1;
        }
    }
    return 0;
}

static int fn_formatdate(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct stamp t;
    nsec_t when;
    struct str f;
    int r = fn_text(c, 0, &f);
    if (r == 0)
        r = read_stamp(c, 1, &t, &when);
    if (r < 0)
        return r;
    for (size_t i = 0, n; i < f.n; i += n) {
        char ch = f.p[i];
        bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
        for (n = 1; letter && i + n < f.n && f.p[i + n] == ch;)
            n++;
        if (ch == '\'' && (n = add_quoted(&b, str_n(f.p + i, f.n - i))) == 0)
            return fn_fail(c, 0, "a ' is not closed");
        if (letter && !add_letters(&b, ch, n, &t))
            return fn_fail(c, 0, "\"%.*s\" means nothing in a date's format; put texts in ' '",
                           (int)MIN(n, 16u), f.p + i);
        if (!letter && ch != '\'')
            buf_addc(&b, ch);
    }
    return site_buf(&c->s, &b, ret);
}

const struct fn fn_date[] = {
    {"formatdate", 2, 2, fn_formatdate},
    {"timeadd", 2, 2, fn_timeadd},
    {0},
};
