// SPDX-License-Identifier: Apache-2.0
/* Error text for a person, beside the negative errno for the program. The function that knows
 * what went wrong fills it; callers may add context on the way up. Reporting and returning are one
 * statement: `return err_set(err, -EINVAL, "...")`. Every function accepts err == NULL. */
#pragma once
#include "base/macros.h"

#define ERR_TEXT_MAX 1024

struct err {
    char text[ERR_TEXT_MAX]; /* "" = no error; always NUL-terminated, cut on a UTF-8 boundary */
};

/* Replaces the text; returns code (negative errno) unchanged. */
int err_set(struct err *err, int code, const char *fmt, ...) printf_like(3, 4);
/* "<context>: <old text>"; returns code. With no old text: "<context>: <strerror(-code)>". */
int err_wrap(struct err *err, int code, const char *fmt, ...) printf_like(3, 4);
/* "<context>: <strerror(-code)>"; returns code. */
int err_errno(struct err *err, int code, const char *fmt, ...) printf_like(3, 4);
