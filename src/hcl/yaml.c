// SPDX-License-Identifier: Apache-2.0
#include "hcl/yaml.h"

static void add_text(struct buf *b, struct str s)
{
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c == '\n')
            buf_addz(b, "\\n");
        else if (c == '\t')
            buf_addz(b, "\\t");
        else if ((unsigned char)c < 0x20 || c == 0x7f)
            buf_printf(b, "\\x%02x", (unsigned char)c);
        else
            buf_addc(b, c);
    }
    buf_addc(b, '"');
}

static void add_break(struct buf *b, unsigned depth)
{
    buf_printf(b, "\n%*s", (int)(2 * depth), "");
}

static int write_value(const struct site *s, struct val v, unsigned depth, bool in_list,
                       struct buf *b);

static int write_map(const struct site *s, struct val v, unsigned depth, bool in_list,
                     struct buf *b)
{
    int r = 0;
    for (size_t i = 0; i < v.map.n && r == 0; i++) {
        if (i || (depth && !in_list))
            add_break(b, depth);
        add_text(b, v.map.entries[i].key);
        buf_addc(b, ':');
        struct val e = v.map.entries[i].value;
        bool nested = (e.type == VAL_MAP && e.map.n) || (e.type == VAL_LIST && e.list.n);
        if (!nested)
            buf_addc(b, ' ');
        r = write_value(s, e, depth + (e.type == VAL_MAP), false, b);
    }
    return r;
}

static int write_list(const struct site *s, struct val v, unsigned depth, bool in_list, bool top,
                      struct buf *b)
{
    int r = 0;
    for (size_t i = 0; i < v.list.n && r == 0; i++) {
        if (i || (!in_list && !top))
            add_break(b, depth);
        buf_addz(b, "- ");
        r = write_value(s, v.list.items[i], depth + 1, true, b);
    }
    return r;
}

static int write_value(const struct site *s, struct val v, unsigned depth, bool in_list,
                       struct buf *b)
{
    int r = site_work(s, 1 + (v.type == VAL_STR ? v.s.n / 64 : depth / 16));
    if (r == 0)
        r = site_grown(s, b);
    if (r == 0 && depth > WALK_DEPTH_MAX)
        r = site_fail(s, "this value is nested too deep");
    if (r < 0)
        return r;
    switch (v.type) {
    case VAL_STR:
        add_text(b, v.s);
        break;
    case VAL_LIST:
        if (v.list.n)
            return write_list(s, v, depth, in_list, b->n == 0, b);
        buf_addz(b, "[]");
        break;
    case VAL_MAP:
        if (v.map.n)
            return write_map(s, v, depth, in_list, b);
        buf_addz(b, "{}");
        break;
    case VAL_NULL:
        buf_addz(b, "null");
        break;
    case VAL_BOOL:
        buf_addz(b, v.b ? "true" : "false");
        break;
    default:
        number_add(b, v);
    }
    return 0;
}

int hcl_yaml_write(const struct site *s, struct val v, struct buf *b)
{
    int r = write_value(s, v, 0, false, b);
    buf_addc(b, '\n');
    return r;
}
