// SPDX-License-Identifier: Apache-2.0
#include "fingerprint/util.h"

static int run(const struct fingerprint_input *in, struct arena *a, struct node *n, struct err *err)
{
    return fp_set(a, n, "os.signals",
                  "SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,"
                  "SIGKILL,SIGPIPE,SIGPROF,SIGQUIT,SIGSEGV,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,"
                  "SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGWINCH,SIGXCPU,SIGXFSZ");
}

const struct fingerprinter fingerprint_signal = {"signal", run};
