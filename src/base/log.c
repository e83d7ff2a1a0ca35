// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

enum log_level log_threshold = LOGL_INFO;

static const struct {
    const char *name, *label;
    int journal;
} levels[LOGL_MAX] = {
    [LOGL_TRACE] = {"TRACE", "[TRACE]", 7}, [LOGL_DEBUG] = {"DEBUG", "[DEBUG]", 7},
    [LOGL_INFO] = {"INFO", "[INFO] ", 6},   [LOGL_WARN] = {"WARN", "[WARN] ", 4},
    [LOGL_ERROR] = {"ERROR", "[ERROR]", 3},
};

int log_level_parse(const char *name)
{
    if (!name)
        return -1;
    if (strcasecmp(name, "WARNING") == 0 || strcasecmp(name, "ERR") == 0)
        return strcasecmp(name, "ERR") ? LOGL_WARN : LOGL_ERROR;
    for (int i = 0; i < LOGL_MAX; i++)
        if (strcasecmp(name, levels[i].name) == 0)
            return i;
    return -1;
}

const char *log_level_name(enum log_level level)
{
    return levels[level].name;
}

/* $JOURNAL_STREAM names the device and inode of the journal's socket when stderr is one. */
static bool to_journal(void)
{
    static int cached = -1;
    if (cached < 0) {
        const char *env = getenv("JOURNAL_STREAM");
        unsigned long long dev, ino;
        struct stat st;
        cached = env && sscanf(env, "%llu:%llu", &dev, &ino) == 2 && fstat(2, &st) == 0 &&
                 st.st_dev == dev && st.st_ino == ino;
    }
    return cached;
}

void log_write(enum log_level level, const char *subsystem, const char *fmt, ...)
{
    char line[4096];
    int n;
    if (to_journal()) {
        n = snprintf(line, sizeof(line), "<%d>%s: ", levels[level].journal, subsystem);
    } else {
        struct timespec ts;
        struct tm tm;
        clock_gettime(CLOCK_REALTIME, &ts);
        gmtime_r(&ts.tv_sec, &tm);
        n = (int)strftime(line, sizeof(line), "    %Y-%m-%dT%H:%M:%S", &tm);
        n += snprintf(line + n, sizeof(line) - (size_t)n, ".%03ldZ %s %s: ", ts.tv_nsec / 1000000,
                      levels[level].label, subsystem);
    }
    va_list ap;
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
    va_end(ap);
    n = MIN(n + MAX(m, 0), (int)sizeof(line) - 2);
    for (int i = 0; i < n; i++) /* one event, one line */
        if (line[i] == '\n')
            line[i] = ' ';
    line[n] = '\n';
    for (char *p = line; n >= 0;) {
        ssize_t w = write(2, p, (size_t)n + 1);
        if (w <= 0)
            return;
        p += w;
        n -= (int)w;
    }
}
