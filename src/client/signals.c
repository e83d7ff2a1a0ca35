// SPDX-License-Identifier: Apache-2.0
#include "client/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>

static const struct {
    const char *name;
    int sig;
} signals[] = {
    {"SIGABRT", SIGABRT}, {"SIGALRM", SIGALRM}, {"SIGBUS", SIGBUS},     {"SIGCHLD", SIGCHLD},
    {"SIGCONT", SIGCONT}, {"SIGFPE", SIGFPE},   {"SIGHUP", SIGHUP},     {"SIGILL", SIGILL},
    {"SIGINT", SIGINT},   {"SIGIO", SIGIO},     {"SIGIOT", SIGIOT},     {"SIGKILL", SIGKILL},
    {"SIGPIPE", SIGPIPE}, {"SIGPROF", SIGPROF}, {"SIGQUIT", SIGQUIT},   {"SIGSEGV", SIGSEGV},
    {"SIGSTOP", SIGSTOP}, {"SIGSYS", SIGSYS},   {"SIGTERM", SIGTERM},   {"SIGTRAP", SIGTRAP},
    {"SIGTSTP", SIGTSTP}, {"SIGTTIN", SIGTTIN}, {"SIGTTOU", SIGTTOU},   {"SIGURG", SIGURG},
    {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}, {"SIGWINCH", SIGWINCH}, {"SIGXCPU", SIGXCPU},
    {"SIGXFSZ", SIGXFSZ},
};

int signal_parse(const char *name, int *ret)
{
    int64_t number;
    if (isempty(name)) {
        *ret = 0;
        return 0;
    }
    if (parse_i64(str_of(name), &number) == 0) {
        if (number < 1 || number > SIGRTMAX)
            return -EINVAL;
        *ret = (int)number;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        if (strcasecmp(name, signals[i].name) == 0 || strcasecmp(name, signals[i].name + 3) == 0) {
            *ret = signals[i].sig;
            return 0;
        }
    return -EINVAL;
}

const char *signal_name(int sig, char buf[24])
{
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        if (signals[i].sig == sig)
            return signals[i].name;
    snprintf(buf, 24, "signal %d", sig);
    return buf;
}

void signal_list(struct buf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        buf_printf(b, "%s%s", i ? "," : "", signals[i].name);
}
