// SPDX-License-Identifier: Apache-2.0
/* Logging: one line per event to stderr (the journal when run as a unit), with the subsystem and
 * key=value fields. Libraries stay at debug; a function either logs or returns an error, not both.
 */
#pragma once
#include "base/macros.h"

enum log_level { LOGL_TRACE, LOGL_DEBUG, LOGL_INFO, LOGL_WARN, LOGL_ERROR, LOGL_MAX };

extern enum log_level log_threshold;

/* "TRACE".."ERROR", case-insensitive ("WARNING" too); -1 if unknown. */
int log_level_parse(const char *name);
const char *log_level_name(enum log_level level);
/* Lines in Nomad's look ("2026-11-20T12:00:00.000Z [INFO]  client: ..."), or with "<6>" priorities
 * when stderr is the journal. */
void log_write(enum log_level level, const char *subsystem, const char *fmt, ...) printf_like(3, 4);

#define log_at(level, sub, ...)                                                                    \
    do {                                                                                           \
        if ((level) >= log_threshold)                                                              \
            log_write((level), (sub), __VA_ARGS__);                                                \
    } while (0)
#define log_trace(sub, ...) log_at(LOGL_TRACE, sub, __VA_ARGS__)
#define log_debug(sub, ...) log_at(LOGL_DEBUG, sub, __VA_ARGS__)
#define log_info(sub, ...) log_at(LOGL_INFO, sub, __VA_ARGS__)
#define log_warn(sub, ...) log_at(LOGL_WARN, sub, __VA_ARGS__)
#define log_error(sub, ...) log_at(LOGL_ERROR, sub, __VA_ARGS__)
