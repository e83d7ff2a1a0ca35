// SPDX-License-Identifier: Apache-2.0
#include "client/client_methods.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "client/client_internal.h"
#include "client/signals.h"

/* ---- Allocations.Restart, Allocations.Signal ---- */

struct verb {
    void (*run)(struct task_runner *tr, const struct verb *v);
    int sig;
    const char *sig_name;
};

static void restart_task(struct task_runner *tr, const struct verb *v unused_arg)
{
    struct task_note n = {.type = NOTE_RESTART_SIGNAL, .text = "User requested task to restart"};
    task_runner_event(tr, &(struct task_fsm_event){.type = TFE_RESTART, .note = &n});
}

static void ignore_answer(void *user unused_arg, int r unused_arg, const struct err *err unused_arg)
{
}

static void signal_task(struct task_runner *tr, const struct verb *v)
{
    struct task_note n = {.type = NOTE_SIGNALING,
                          .text = "User requested that a signal be sent",
                          .detail = v->sig_name};
    task_runner_note(tr, &n);
    alloc_runner_changed(tr->ar);
    (void)units_kill(tr->ar->c->units, tr->unit.z, UNIT_KILL_MAIN, v->sig, ignore_answer, tr);
}

/* Applies to one task or, without a name, to all that run. */
static void apply_verb(struct client *c, struct rpc_call *call, const struct uuid *id,
                       const char *task, const struct verb *v)
{
    struct alloc_runner *ar = client_find(c, id);
    size_t n = 0;
    if (!ar) {
        rpc_fail(call, 404, "unknown allocation \"%s\"", UUID_Z(id));
        return;
    }
    if (!isempty(task) && !alloc_runner_task(ar, task)) {
        rpc_fail(call, 404, "Could not find task runner for task: %s", task);
        return;
    }
    for (size_t i = 0; i < ar->n_tasks; i++) {
        struct task_runner *tr = &ar->tasks[i];
        if ((!isempty(task) && !streq(task, tr->task->name)) || tr->fsm.state != TFS_RUNNING)
            continue;
        v->run(tr, v);
        n++;
    }
    if (n == 0) {
        rpc_fail(call, 400, "Task not running");
        return;
    }
    rpc_reply(call);
    rpc_finish(call);
}

void client_alloc_restart(void *impl, struct rpc_call *call)
{
    const struct alloc_restart_args *args = call->args;
    const struct verb v = {.run = restart_task};
    apply_verb(impl, call, &args->alloc_id, args->task_name, &v);
}

void client_alloc_signal(void *impl, struct rpc_call *call)
{
    const struct alloc_signal_args *args = call->args;
    char buf[24];
    int sig = 0;
    if (signal_parse(args->signal, &sig) < 0) {
        rpc_fail(call, 400, "Unknown signal %s", args->signal);
        return;
    }
    if (sig == 0)
        sig = SIGKILL;
    const struct verb v = {.run = signal_task, .sig = sig, .sig_name = signal_name(sig, buf)};
    apply_verb(impl, call, &args->alloc_id, args->task, &v);
}

/* ---- the table ---- */

static const struct rpc_method methods[] = {
    {.name = "FileSystem.List",
     .args = &fs_args_schema,
     .reply = &fs_list_reply_schema,
     .capability = CAP_READ_FS,
     .handle = client_fs_list},
    {.name = "FileSystem.Stat",
     .args = &fs_args_schema,
     .reply = &fs_stat_reply_schema,
     .capability = CAP_READ_FS,
     .handle = client_fs_stat},
    {.name = "FileSystem.Stream",
     .args = &fs_args_schema,
     .flags = RPC_STREAM,
     .capability = CAP_READ_FS,
     .open = client_fs_stream},
    {.name = "FileSystem.Logs",
     .args = &fs_logs_args_schema,
     .flags = RPC_STREAM,
     .capability = CAP_READ_LOGS,
     .open = client_fs_logs},
    {.name = "Allocations.Restart",
     .args = &alloc_restart_args_schema,
     .reply = &index_reply_schema,
     .capability = CAP_ALLOC_LIFECYCLE,
     .handle = client_alloc_restart},
    {.name = "Allocations.Signal",
     .args = &alloc_signal_args_schema,
     .reply = &index_reply_schema,
     .capability = CAP_ALLOC_LIFECYCLE,
     .handle = client_alloc_signal},
    {.name = "Allocations.Stats",
     .args = &alloc_args_schema,
     .reply = &stats_reply_schema,
     .capability = CAP_READ_JOB,
     .handle = client_alloc_stats},
    {.name = "ClientStats.Stats",
     .args = &node_args_schema,
     .reply = &stats_reply_schema,
     .capability = CAP_NODE_READ,
     .handle = client_host_stats},
};

void client_register_methods(struct client *c)
{
    rpc_register(c->rpc, methods, ARRAY_LEN(methods), c);
}
