// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "hcl/ast.h"
#include "hcl/text.h"

enum { SHOWN_MAX = 100, SHOWN_BEFORE = 60 };

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

bool hcl_range_pos(struct hcl_range r, unsigned *ret_line, unsigned *ret_col)
{
    if (!r.src)
        return false;
    unsigned line = 1, col = 1;
    const char *p = r.src->text.p;
    size_t end = MIN((size_t)r.start, r.src->text.n);
    for (size_t i = 0; i < end; i++) {
        if (p[i] == '\n') {
            line++;
            col = 1;
        } else if (!is_tail(p[i])) {
            col++;
        }
    }
    *ret_line = line;
    *ret_col = col;
    return true;
}

const char *hcl_range_file(struct hcl_range r)
{
    return r.src ? r.src->name : "";
}

/* Appends p[from, to) as printable single-width text; returns the number of characters. */
static size_t add_shown(struct buf *b, const char *p, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        n += !is_tail(p[i]);
        buf_addc(b, (unsigned char)p[i] < 0x20 || p[i] == 0x7f ? ' ' : p[i]);
    }
    return n;
}

/* The source line and a caret line under the range; a long line is shown in part. */
static void add_excerpt(struct buf *b, struct hcl_range r, unsigned line)
{
    const char *p = r.src->text.p;
    size_t n = r.src->text.n, at = MIN((size_t)r.start, n), bol = at, eol = at;
    while (bol > 0 && p[bol - 1] != '\n')
        bol--;
    while (eol < n && p[eol] != '\n' && p[eol] != '\r')
        eol++;
    if (at - bol > SHOWN_BEFORE)
        bol = at - SHOWN_BEFORE;
    while (bol < at && is_tail(p[bol]))
        bol++;
    if (eol - bol > SHOWN_MAX)
        eol = bol + SHOWN_MAX;
    while (eol > at && eol < n && is_tail(p[eol]))
        eol--;
    buf_printf(b, "\n%5u | ", line);
    size_t lead = add_shown(b, p, bol, at);
    size_t marked = add_shown(b, p, at, MIN(MAX((size_t)r.end, at), eol));
    add_shown(b, p, MIN(MAX((size_t)r.end, at), eol), eol);
    buf_printf(b, "\n      | %*s^", (int)lead, "");
    for (size_t i = 1; i < marked; i++)
        buf_addc(b, '~');
}

int hcl_error(struct err *err, struct hcl_range r, const char *fmt, ...)
{
    if (!err)
        return -EINVAL;
    cleanup_buf struct buf b = {0};
    unsigned line, col;
    bool known = hcl_range_pos(r, &line, &col);
    if (known)
        buf_printf(&b, "%s:%u:%u: ", r.src->name, line, col);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    if (known)
        add_excerpt(&b, r, line);
    cleanup_buf struct buf clean = {0};
    utf8_add_clean(&clean, buf_str(&b));
    return err_set(err, -EINVAL, "%s", b.failed || clean.failed ? "out of memory" : clean.p);
}
