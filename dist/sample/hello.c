// SPDX-License-Identifier: Apache-2.0
/* The program dist/try deploys: a numbered line a second, a farewell on SIGINT or SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *from_env(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "?";
}

int main(void)
{
    const struct timespec second = {.tv_sec = 1};
    unsigned int line = 0;
    sigset_t stop;
    int sig;

    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    printf("hello from %s, allocation %s\n", from_env("NOMAD_JOB_NAME"),
           from_env("NOMAD_ALLOC_ID"));
    do {
        printf("%u %s\n", ++line, from_env("GREETING"));
        fflush(stdout);
        sig = sigtimedwait(&stop, NULL, &second);
    } while (sig < 0);
    printf("stopping on %s after %u lines\n", sigdescr_np(sig), line);
    return 0;
}
