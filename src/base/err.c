// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Drop a multi-byte sequence that the size limit cut in two. */
static void trim_partial_utf8(char *s)
{
    size_t n = strlen(s), back = 0;
    if (n + 1 < ERR_TEXT_MAX)
        return;
    while (n > 0 && back < 3 && ((unsigned char)s[n - 1] & 0xc0) == 0x80)
        n--, back++;
    if (n > 0 && ((unsigned char)s[n - 1] & 0xc0) == 0xc0)
        s[n - 1] = '\0';
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    memcpy(err->text, text, sizeof(text));
    trim_partial_utf8(err->text);
    return code;
}

static void join(struct err *err, const char *context, const char *text)
{
    char joined[2 * ERR_TEXT_MAX + 4];
    snprintf(joined, sizeof(joined), "%s: %s", context, text);
    memcpy(err->text, joined, ERR_TEXT_MAX - 1);
    err->text[ERR_TEXT_MAX - 1] = '\0';
    trim_partial_utf8(err->text);
}

int err_wrap(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    char context[ERR_TEXT_MAX], old[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    memcpy(old, err->text, sizeof(old));
    join(err, context, old[0] ? old : strerror(-code));
    return code;
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    char context[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    join(err, context, strerror(-code));
    return code;
}
