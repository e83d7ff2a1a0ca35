// SPDX-License-Identifier: Apache-2.0
#include "client/client_internal.h"

void task_runner_fetch(struct task_runner *tr, void (*done)(struct task_runner *tr),
                       void (*failed)(struct task_runner *tr, enum task_note_type type,
                                      bool unrecoverable, const char *text))
{
    if (tr->task->artifacts.n > 0)
        failed(tr, NOTE_DOWNLOAD_FAILED, true, "not supported: artifact blocks");
    else
        done(tr);
}

void task_runner_fetch_cancel(struct task_runner *tr unused_arg)
{
}
