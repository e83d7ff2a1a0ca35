// SPDX-License-Identifier: Apache-2.0
/* Signal names as jobs write them. Pure. */
#pragma once
#include "base/buf.h"

/* "SIGHUP", "hup", "1"; NULL or "": 0. -EINVAL. */
int signal_parse(const char *name, int *ret);
/* "SIGHUP"; "signal 33" for one without a name. */
const char *signal_name(int sig, char buf[24]);
/* "SIGABRT,SIGALRM,..." as the node attribute os.signals. */
void signal_list(struct buf *b);
