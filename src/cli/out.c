// SPDX-License-Identifier: Apache-2.0
/* Tables, colours, times: how Nomad's command line looks. */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/internal.h"

void say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

int fail(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    fflush(stdout);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return 1;
}

int fail_api(struct cli *c, const char *what)
{
    return fail(c, "Error %s: %s", what, c->err.text);
}

const char *colorize(struct cli *c, const char *text)
{
    static const struct {
        const char *tag, *code;
    } tags[] = {
        {"[bold]", "\033[1m"},  {"[reset]", "\033[0m"},         {"[green]", "\033[32m"},
        {"[red]", "\033[31m"},  {"[yellow]", "\033[33m"},       {"[cyan]", "\033[36m"},
        {"[blue]", "\033[34m"}, {"[light_yellow]", "\033[93m"},
    };
    struct buf b = {0};
    bool used = false;
    for (const char *p = nonull(text); *p;) {
        size_t i = 0;
        while (i < ARRAY_LEN(tags) && !has_prefix(p, tags[i].tag))
            i++;
        if (i == ARRAY_LEN(tags)) {
            buf_addc(&b, *p++);
            continue;
        }
        if (c->color)
            buf_addz(&b, tags[i].code);
        used = true;
        p += strlen(tags[i].tag);
    }
    if (used && c->color)
        buf_addz(&b, "\033[0m");
    const char *r = arena_strndup(c->arena, nonull(b.p), b.n);
    buf_free(&b);
    return r;
}

void table_row(struct table *t, const char *fmt, ...)
{
    va_list ap;
    size_t start = t->text.n;
    va_start(ap, fmt);
    buf_vprintf(&t->text, fmt, ap);
    va_end(ap);
    for (size_t i = start; i < t->text.n; i++) /* a cell is one line */
        if (t->text.p[i] == '\n')
            t->text.p[i] = ' ';
    buf_addc(&t->text, '\n');
}

/* Width on screen: characters, not bytes. */
static size_t width(struct str s)
{
    size_t w = 0;
    for (size_t i = 0; i < s.n; i++)
        w += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return w;
}

static struct str next_cell(struct str *row)
{
    const char *bar = memchr(row->p, '|', row->n);
    struct str cell = bar ? str_n(row->p, (size_t)(bar - row->p)) : *row;
    size_t used = cell.n + (bar ? 1 : 0);
    row->p += used;
    row->n -= used;
    while (cell.n && cell.p[0] == ' ')
        cell.p++, cell.n--;
    while (cell.n && cell.p[cell.n - 1] == ' ')
        cell.n--;
    return cell.n ? cell : str_of("<none>");
}

static struct str next_row(struct str *text)
{
    const char *nl = memchr(text->p, '\n', text->n);
    struct str row = nl ? str_n(text->p, (size_t)(nl - text->p)) : *text;
    text->p += row.n + (nl ? 1 : 0);
    text->n -= row.n + (nl ? 1 : 0);
    return row;
}

enum { COLUMNS_MAX = 32 };

static const char *format(struct arena *a, struct table *t, const char *glue, size_t max_cells)
{
    size_t widths[COLUMNS_MAX] = {0};
    struct buf out = {0};
    for (struct str text = buf_str(&t->text); text.n;) {
        struct str row = next_row(&text);
        for (size_t i = 0; i < max_cells && (row.n || i == 0); i++) {
            struct str cell = i + 1 == max_cells ? row : next_cell(&row);
            widths[i] = MAX(widths[i], width(cell));
            if (i + 1 == max_cells)
                break;
        }
    }
    for (struct str text = buf_str(&t->text); text.n;) {
        struct str row = next_row(&text);
        if (out.n)
            buf_addc(&out, '\n');
        size_t bars = 0;
        for (size_t i = 0; i < row.n; i++)
            bars += row.p[i] == '|';
        size_t cells = MIN(bars + 1, max_cells);
        for (size_t i = 0; i < cells; i++) {
            struct str cell = i + 1 == max_cells ? row : next_cell(&row);
            if (i + 1 == max_cells && cell.n == 0)
                cell = str_of("<none>");
            buf_add_str(&out, cell);
            if (i + 1 < cells) {
                for (size_t w = width(cell); w < widths[i]; w++)
                    buf_addc(&out, ' ');
                buf_addz(&out, glue);
            }
        }
    }
    const char *r = arena_strndup(a, nonull(out.p), out.n);
    buf_free(&out);
    buf_free(&t->text);
    return r;
}

const char *table_format(struct arena *a, struct table *t)
{
    return format(a, t, "  ", COLUMNS_MAX);
}

const char *kv_format(struct arena *a, struct table *t)
{
    return format(a, t, " = ", 2);
}

const char *id_short(struct cli *c, const struct uuid *id)
{
    const char *z = arena_strdup(c->arena, UUID_Z(id));
    return flag_on(c, "verbose") || strlen(z) < 8 ? z : arena_strndup(c->arena, z, 8);
}

const char *time_text(struct cli *c, nsec_t t)
{
    struct buf b = {0};
    if (t == 0)
        return "N/A";
    time_format_local(&b, t);
    const char *r = arena_strndup(c->arena, b.p, b.n);
    buf_free(&b);
    return r;
}

const char *time_ago(struct cli *c, nsec_t t)
{
    struct buf b = {0};
    if (t == 0)
        return "";
    time_format_ago(&b, t, now_wall());
    const char *r = arena_strndup(c->arena, b.p, b.n);
    buf_free(&b);
    return r;
}

const char *print_json(struct cli *c, const struct schema *s, const void *obj)
{
    struct buf b = {0};
    model_json(s, obj, &b, JSONF_PRETTY);
    const char *r = arena_strndup(c->arena, nonull(b.p), b.n);
    buf_free(&b);
    return r;
}
