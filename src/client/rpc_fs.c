// SPDX-License-Identifier: Apache-2.0
/* FileSystem.*: files and logs of the allocations on this node. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "client/alloc_files.h"
#include "client/client_internal.h"
#include "client/client_methods.h"
#include "client/fs_stream.h"

/* NULL after failing the call. */
static struct alloc_runner *find(struct client *c, struct rpc_call *call, const struct uuid *id)
{
    struct alloc_runner *ar = client_find(c, id);
    if (!ar)
        rpc_fail(call, 404, "unknown allocation \"%s\"", UUID_Z(id));
    return ar;
}

static void fail(struct rpc_call *call, int r, const struct err *err)
{
    int code = r == -ENOENT || r == -ENOTDIR ? 404
               : r == -EPERM || r == -EXDEV  ? 403
               : r == -ENOMEM                ? 500
                                             : 400;
    rpc_fail(call, code, "%s", err->text);
}

static const char *path_of(const struct fs_args *args)
{
    return isempty(args->path) ? "/" : args->path;
}

void client_fs_list(void *impl, struct rpc_call *call)
{
    struct err err = {0};
    const struct fs_args *args = call->args;
    struct alloc_runner *ar = find(impl, call, &args->alloc_id);
    if (!ar)
        return;
    struct fs_list_reply *reply = rpc_reply(call);
    int r = alloc_files_list(&ar->dir, call->arena, path_of(args), &reply->files, &err);
    if (r < 0)
        fail(call, r, &err);
    else
        rpc_finish(call);
}

void client_fs_stat(void *impl, struct rpc_call *call)
{
    struct err err = {0};
    const struct fs_args *args = call->args;
    struct alloc_runner *ar = find(impl, call, &args->alloc_id);
    if (!ar)
        return;
    struct fs_stat_reply *reply = rpc_reply(call);
    int r = alloc_files_stat(&ar->dir, call->arena, path_of(args), &reply->info, &err);
    if (r < 0)
        fail(call, r, &err);
    else
        rpc_finish(call);
}

static bool from_end(const char *origin)
{
    return streq(origin, "end");
}

void client_fs_stream(void *impl, struct rpc_call *call, struct rpc_stream *stream)
{
    struct err err = {0};
    struct client *c = impl;
    const struct fs_args *args = call->args;
    struct alloc_runner *ar = find(c, call, &args->alloc_id);
    int64_t size = 0;
    char watch[8200];
    if (!ar)
        return;
    cleanup_fd int fd = alloc_files_open(&ar->dir, path_of(args), &size, &err);
    if (fd < 0) {
        fail(call, fd, &err);
        return;
    }
    snprintf(watch, sizeof(watch), "%s/%s", ar->dir.path, path_of(args));
    struct fs_stream_spec spec = {
        .fd = fd,
        .offset = from_end(args->origin) ? MAX(size - args->offset, 0) : MAX(args->offset, 0),
        .name = path_of(args),
        .limit = MAX(args->limit, 0),
        .plain = args->plain_text,
        .follow = args->follow,
    };
    int r = fs_stream_start(c->loop, &spec, stream);
    if (r < 0) {
        rpc_fail(call, 500, "%s", strerror(-r));
        return;
    }
    take_fd(&fd);
    rpc_finish(call);
}

void client_fs_logs(void *impl, struct rpc_call *call, struct rpc_stream *stream)
{
    struct err err = {0};
    struct client *c = impl;
    const struct fs_logs_args *args = call->args;
    struct alloc_runner *ar = find(c, call, &args->alloc_id);
    char prefix[300], dir[4300];
    if (!ar)
        return;
    if (!alloc_runner_task(ar, nonull(args->task))) {
        rpc_fail(call, 404, "unknown task name \"%s\"", nonull(args->task));
        return;
    }
    if (!streq(args->log_type, "stdout") && !streq(args->log_type, "stderr")) {
        rpc_fail(call, 400, "must provide log type (stdout/stderr)");
        return;
    }
    snprintf(prefix, sizeof(prefix), "%s.%s", args->task, args->log_type);
    snprintf(dir, sizeof(dir), "%s/alloc/logs", ar->dir.path);
    int fd = alloc_dir_open(&ar->dir, "alloc/logs", O_RDONLY | O_DIRECTORY, 0, &err);
    struct fs_stream_spec spec = {.is_log = true,
                                  .name = prefix,
                                  .plain = args->plain_text,
                                  .follow = args->follow,
                                  .watch = dir,
                                  .fd = -1};
    int r =
        fd < 0 ? fd : log_reader_open(fd, prefix, from_end(args->origin), args->offset, &spec.log);
    if (r < 0) {
        if (isempty(err.text))
            err_errno(&err, r, "log of task \"%s\"", args->task);
        fail(call, r, &err);
        return;
    }
    r = fs_stream_start(c->loop, &spec, stream);
    if (r < 0) {
        log_reader_close(&spec.log);
        rpc_fail(call, 500, "%s", strerror(-r));
        return;
    }
    rpc_finish(call);
}
