// SPDX-License-Identifier: Apache-2.0
/* What must be there before a task's unit: its directory, the dispatched payload, artifacts. Done
 * once; a restart of the task finds it as the task left it. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>

#include "base/log.h"
#include "client/client_internal.h"
#include "client/user.h"

static void done(struct task_runner *tr)
{
    tr->setup_done = true;
    task_runner_event(tr, &(struct task_fsm_event){.type = TFE_SETUP_DONE});
}

static void failed(struct task_runner *tr, enum task_note_type type, bool unrecoverable,
                   const char *text)
{
    task_runner_fail(tr, TFE_SETUP_FAILED, type, unrecoverable, text);
}

const char *task_runner_user(const struct task_runner *tr)
{
    const struct driver *d = driver_find(tr->task->driver);
    return isempty(tr->task->user) && d ? d->default_user : tr->task->user;
}

static int make_directory(struct task_runner *tr, struct err *err)
{
    struct user_ids ids = {0};
    int r = user_find(task_runner_user(tr), &ids, err);
    if (r < 0)
        return r;
    return alloc_dir_make_task(&tr->ar->dir, tr->task->name, ids.uid, ids.gid, err);
}

static int write_payload(struct task_runner *tr, struct err *err)
{
    const struct dispatch_payload *p = tr->task->dispatch_payload;
    struct str bytes = tr->ar->alloc->job->payload;
    if (!p || isempty(p->file))
        return 0;
    char rel[1024], dir[1024];
    snprintf(rel, sizeof(rel), "%s/local/%s", tr->task->name, p->file);
    snprintf(dir, sizeof(dir), "%s", rel);
    *strrchr(dir, '/') = 0;
    int r = alloc_dir_make_path(&tr->ar->dir, dir, err);
    if (r < 0)
        return r;
    cleanup_fd int fd = alloc_dir_open(&tr->ar->dir, rel, O_WRONLY | O_CREAT | O_TRUNC, 0666, err);
    if (fd < 0)
        return fd;
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0)
            return err_errno(err, -errno, "cannot write the payload to %s", rel);
        bytes = str_n(bytes.p + n, bytes.n - (size_t)n);
    }
    return 0;
}

static const char *unsupported(const struct task *t, const struct task_group *g)
{
    OBJS_FOR(struct network_resource, nw, g->networks)
    if (!isempty(nw->mode) && !streq(nw->mode, "host"))
        return "not supported: group network modes other than \"host\"";
    if (t->resources && t->resources->devices.n > 0)
        return "not supported: device blocks";
    if (t->templates.n > 0)
        return "not supported: template blocks";
    if (t->volume_mounts.n > 0)
        return "not supported: volume_mount blocks";
    return NULL;
}

void task_runner_setup(struct task_runner *tr)
{
    struct err err = {0};
    const struct driver *d = driver_find(tr->task->driver);
    const char *no = unsupported(tr->task, tr->ar->group);
    if (tr->setup_done) {
        done(tr);
        return;
    }
    if (!d) {
        err_set(&err, -EINVAL, "driver \"%s\" is not known on this node", nonull(tr->task->driver));
        failed(tr, NOTE_DRIVER_FAILURE, true, err.text);
        return;
    }
    if (no) {
        failed(tr, NOTE_VALIDATION, true, no);
        return;
    }
    task_runner_note(tr,
                     &(struct task_note){.type = NOTE_SETUP, .text = "Building Task Directory"});
    int r = make_directory(tr, &err);
    if (r == 0)
        r = write_payload(tr, &err);
    if (r < 0)
        failed(tr, NOTE_SETUP_FAILURE, r == -EINVAL || r == -EXDEV, err.text);
    else
        task_runner_fetch(tr, done, failed);
}

void task_runner_cancel_setup(struct task_runner *tr)
{
    task_runner_fetch_cancel(tr);
}
