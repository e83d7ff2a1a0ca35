// SPDX-License-Identifier: Apache-2.0
/* base64, URL, JSON and YAML. */
#include "base/base64.h"
#include "hcl/fn.h"
#include "hcl/yaml.h"

static int fn_base64encode(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str s;
    int r = fn_text(c, 0, &s);
    if (r < 0)
        return r;
    base64_encode(&b, s);
    return site_buf(&c->s, &b, ret);
}

/* Line breaks inside are skipped, as Go does. */
static int fn_base64decode(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str s, bytes;
    int r = fn_text(c, 0, &s);
    for (size_t i = 0; r == 0 && i < s.n; i++)
        if (s.p[i] != '\n' && s.p[i] != '\r')
            buf_addc(&b, s.p[i]);
    if (r < 0)
        return r;
    if (b.failed || !site_alloc(&c->s, b.n, 1))
        return site_oom(&c->s);
    if (base64_decode(c->s.c->a, b.n ? buf_str(&b) : str_of(""), &bytes) < 0)
        return fn_fail(c, 0, "the text is not base64");
    if (utf8_bad(bytes) < bytes.n)
        return fn_fail(c, 0, "the decoded text is not UTF-8");
    return site_str(&c->s, bytes, ret);
}

static int fn_urlencode(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    struct str s;
    int r = fn_text(c, 0, &s);
    for (size_t i = 0; r == 0 && i < s.n; i++) {
        char ch = s.p[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                     (ch >= '0' && ch <= '9') || (ch && strchr("-_.~", ch));
        if (plain)
            buf_addc(&b, ch);
        else if (ch == ' ')
            buf_addc(&b, '+');
        else
            buf_printf(&b, "%%%02X", (unsigned char)ch);
    }
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

static int fn_jsondecode(const struct call *c, struct val *ret)
{
    struct str s;
    int r = fn_text(c, 0, &s);
    return r < 0 ? r : hcl_json_read(&c->s, s, "the argument of jsondecode()", ret);
}

static int fn_jsonencode(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    int r = hcl_json_write(&c->s, c->args[0], &b);
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

static int fn_yamlencode(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    int r = hcl_yaml_write(&c->s, c->args[0], &b);
    return r < 0 ? r : site_buf(&c->s, &b, ret);
}

const struct fn fn_encode[] = {
    {"base64decode", 1, 1, fn_base64decode},
    {"base64encode", 1, 1, fn_base64encode},
    {"jsondecode", 1, 1, fn_jsondecode},
    {"jsonencode", 1, 1, fn_jsonencode},
    {"urlencode", 1, 1, fn_urlencode},
    {"yamlencode", 1, 1, fn_yamlencode},
    {0},
};
