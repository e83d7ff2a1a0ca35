// SPDX-License-Identifier: Apache-2.0
#include "systemd/unit_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define PREFIX "nomad-"
#define PATH_PREFIX "/org/freedesktop/systemd1/unit/"
#define HEX_LEN 32
#define NONCE_LEN 8
#define CUT_LEN (2 + 16) /* "\h" and the hash */
#define TASK_MAX                                                                                   \
    (UNIT_NAME_MAX - (sizeof(PREFIX) - 1) - HEX_LEN - 1 - 1 - NONCE_LEN - (sizeof(".service") - 1))

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
    const char *p = c ? strchr(hex_digits, c) : NULL;
    return p ? (int)(p - hex_digits) : -EINVAL;
}

static void put_uuid(char *p, const struct uuid *u)
{
    for (size_t i = 0; i < sizeof(u->b); i++) {
        *p++ = hex_digits[u->b[i] >> 4];
        *p++ = hex_digits[u->b[i] & 15];
    }
}

static int get_uuid(const char *p, struct uuid *ret)
{
    struct uuid u;
    for (size_t i = 0; i < sizeof(u.b); i++) {
        int hi = hex_value(p[2 * i]), lo = hex_value(p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return -EINVAL;
        u.b[i] = (uint8_t)(hi << 4 | lo);
    }
    *ret = u;
    return 0;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(":_.-", c));
}

struct unit_name unit_name_slice(const struct uuid *alloc)
{
    char hex[HEX_LEN + 1] = {0};
    struct unit_name n;
    put_uuid(hex, alloc);
    snprintf(n.z, sizeof(n.z), PREFIX "%s.slice", hex);
    return n;
}

/* Writes at most `room` bytes of whole escapes; returns the bytes of the task that went in. */
static size_t escape_head(struct str task, size_t room, char *out, size_t *ret_len)
{
    size_t i = 0, n = 0;
    for (; i < task.n; i++) {
        char c = task.p[i];
        size_t need = is_plain(c) ? 1 : 4;
        if (n + need > room)
            break;
        if (need == 1)
            out[n] = c;
        else
            memcpy(out + n, (char[]){'\\', 'x', hex_digits[(uint8_t)c >> 4], hex_digits[c & 15]},
                   4);
        n += need;
    }
    *ret_len = n;
    return i;
}

static void escape_task(struct str task, char out[TASK_MAX + 1])
{
    size_t n;
    if (escape_head(task, TASK_MAX, out, &n) < task.n) {
        escape_head(task, TASK_MAX - CUT_LEN, out, &n);
        snprintf(out + n, CUT_LEN + 1, "\\h%016llx",
                 (unsigned long long)hash_bytes(task.p, task.n, 0));
        n += CUT_LEN;
    }
    out[n] = '\0';
}

struct unit_name unit_name_service(const struct uuid *alloc, struct str task, uint32_t nonce)
{
    char hex[HEX_LEN + 1] = {0}, escaped[TASK_MAX + 1];
    struct unit_name n;
    put_uuid(hex, alloc);
    escape_task(task, escaped);
    snprintf(n.z, sizeof(n.z), PREFIX "%s-%s-%08x.service", hex, escaped, nonce);
    return n;
}

static int unescape_task(struct str s, struct unit_name_parts *p)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            if (!is_plain(s.p[i]))
                return -EINVAL;
            p->task[p->task_len++] = s.p[i];
        } else if (s.n - i == CUT_LEN && s.p[i + 1] == 'h') {
            p->task_cut = true;
            return 0;
        } else {
            if (s.n - i < 4 || s.p[i + 1] != 'x' || hex_value(s.p[i + 2]) < 0 ||
                hex_value(s.p[i + 3]) < 0)
                return -EINVAL;
            p->task[p->task_len++] = (char)(hex_value(s.p[i + 2]) << 4 | hex_value(s.p[i + 3]));
            i += 3;
        }
    }
    return 0;
}

static int parse_service(struct str s, struct unit_name_parts *p)
{
    if (s.n < 1 + NONCE_LEN + 1 || s.n > UNIT_NAME_MAX || s.p[0] != '-')
        return -EINVAL;
    const char *nonce = s.p + s.n - NONCE_LEN;
    if (nonce[-1] != '-' || nonce - 1 <= s.p + 1)
        return -EINVAL;
    for (size_t i = 0; i < NONCE_LEN; i++) {
        int v = hex_value(nonce[i]);
        if (v < 0)
            return -EINVAL;
        p->nonce = p->nonce << 4 | (uint32_t)v;
    }
    p->kind = UNIT_NAME_SERVICE;
    return unescape_task(str_n(s.p + 1, (size_t)(nonce - 1 - (s.p + 1))), p);
}

int unit_name_parse(struct str name, struct unit_name_parts *ret)
{
    struct unit_name_parts p = {0};
    bool slice = str_has_suffix(name, ".slice");
    if (!str_has_prefix(name, PREFIX) || (!slice && !str_has_suffix(name, ".service")))
        return -EINVAL;
    size_t head = sizeof(PREFIX) - 1, tail = strlen(slice ? ".slice" : ".service");
    if (name.n > UNIT_NAME_MAX || name.n < head + HEX_LEN + tail)
        return -EINVAL;
    int r = get_uuid(name.p + head, &p.alloc);
    if (r < 0)
        return r;
    struct str rest = str_n(name.p + head + HEX_LEN, name.n - head - HEX_LEN - tail);
    if (slice) {
        if (rest.n)
            return -EINVAL;
        p.kind = UNIT_NAME_SLICE;
    } else {
        r = parse_service(rest, &p);
        if (r < 0)
            return r;
    }
    *ret = p;
    return 0;
}

void unit_path_of_name(const char *name, char ret[UNIT_PATH_MAX])
{
    char *o = ret + sprintf(ret, PATH_PREFIX);
    size_t n = strnlen(name, UNIT_NAME_MAX);
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (i > 0 && c >= '0' && c <= '9'))
            *o++ = c;
        else
            o += sprintf(o, "_%02x", (unsigned)(uint8_t)c);
    }
    *o = '\0';
}

int unit_name_of_path(const char *path, struct unit_name *ret)
{
    if (!has_prefix(path, PATH_PREFIX))
        return -EINVAL;
    struct unit_name u;
    size_t n = 0;
    for (const char *p = path + sizeof(PATH_PREFIX) - 1; *p; p++) {
        char c = *p;
        if (c == '_') {
            int hi = hex_value(p[1]), lo = hi < 0 ? -EINVAL : hex_value(p[2]);
            if (lo < 0)
                return -EINVAL;
            c = (char)(hi << 4 | lo);
            p += 2;
        }
        if (n == UNIT_NAME_MAX || c == '/' || c == '\0')
            return -EINVAL;
        u.z[n++] = c;
    }
    if (n == 0)
        return -EINVAL;
    u.z[n] = '\0';
    *ret = u;
    return 0;
}

void unit_cgroup_path(struct buf *b, const char *slice, const char *service)
{
    if (!streq(slice, UNIT_ROOT_SLICE))
        buf_addz(b, UNIT_ROOT_SLICE "/");
    buf_addz(b, slice);
    if (service) {
        buf_addc(b, '/');
        buf_addz(b, service);
    }
}
