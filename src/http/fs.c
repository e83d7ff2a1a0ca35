// SPDX-License-Identifier: Apache-2.0
/* /v1/client/fs/...: files and logs of an allocation. */
#include <errno.h>

#include "http/endpoints.h"
#include "rpc/messages.h"

static int want_path(struct http_request *req, void *args, struct http_response *resp)
{
    struct fs_args *a = args;
    return isempty(a->path) ? http_error(resp, 400, "must provide a file name") : 0;
}

static int prepare_ls(struct http_request *req, void *args, struct http_response *resp)
{
    struct fs_args *a = args;
    if (isempty(a->path))
        a->path = "/";
    return 0;
}

static int check_origin(const char **origin, struct http_response *resp)
{
    if (isempty(*origin))
        *origin = "start";
    if (streq(*origin, "start") || streq(*origin, "end"))
        return 0;
    return http_error(resp, 400, "origin must be start or end");
}

static int prepare_cat(struct http_request *req, void *args, struct http_response *resp)
{
    struct fs_args *a = args;
    a->origin = "start";
    a->plain_text = true;
    a->follow = false;
    return want_path(req, args, resp);
}

static int prepare_stream(struct http_request *req, void *args, struct http_response *resp)
{
    struct fs_args *a = args;
    if (isempty(uri_param(&req->uri, "follow")))
        a->follow = true;
    return check_origin(&a->origin, resp) < 0 ? -EINVAL : want_path(req, args, resp);
}

static int prepare_logs(struct http_request *req, void *args, struct http_response *resp)
{
    struct fs_logs_args *a = args;
    if (isempty(a->task))
        return http_error(resp, 400, "must provide task name");
    if (!streq(a->log_type, "stdout") && !streq(a->log_type, "stderr"))
        return http_error(resp, 400, "must provide log type (stdout/stderr)");
    return check_origin(&a->origin, resp);
}

const struct http_route http_fs_routes[] = {
    {HTTP_GET, "/v1/client/fs/ls/*", "FileSystem.List", .id = "AllocID", .params = "path=Path",
     .show = "Files", .prepare = prepare_ls},
    {HTTP_GET, "/v1/client/fs/stat/*", "FileSystem.Stat", .id = "AllocID", .params = "path=Path",
     .show = "Info", .prepare = want_path},
    {HTTP_GET, "/v1/client/fs/cat/*", "FileSystem.Stream", .id = "AllocID", .params = "path=Path",
     .flags = ROUTE_PLAIN, .prepare = prepare_cat},
    {HTTP_GET, "/v1/client/fs/readat/*", "FileSystem.Stream", .id = "AllocID",
     .params = "path=Path offset=Offset limit=Limit", .flags = ROUTE_PLAIN, .prepare = prepare_cat},
    {HTTP_GET, "/v1/client/fs/stream/*", "FileSystem.Stream", .id = "AllocID",
     .params = "path=Path offset=Offset limit=Limit follow=Follow origin=Origin",
     .prepare = prepare_stream},
    {HTTP_GET, "/v1/client/fs/logs/*", "FileSystem.Logs", .id = "AllocID",
     .params = "task=Task type=LogType offset=Offset origin=Origin plain=PlainText follow=Follow",
     .prepare = prepare_logs},
    {0},
};
