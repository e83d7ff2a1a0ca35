// SPDX-License-Identifier: Apache-2.0
/* /v1/allocations, /v1/allocation/..., /v1/client/allocation/... */
#include <errno.h>

#include "http/endpoints.h"
#include "rpc/messages.h"

static int prepare_list(struct http_request *req, void *args, struct http_response *resp)
{
    struct alloc_list_args *a = args;
    const char *z = uri_param(&req->uri, "task_states");
    bool show = true;
    if (!isempty(z) && uri_bool(z, &show) < 0)
        return http_error(resp, 400, "Failed to parse value of \"task_states\" (%s) as a bool", z);
    a->no_task_states = !show;
    return 0;
}

static int prepare_signal(struct http_request *req, void *args, struct http_response *resp)
{
    struct alloc_signal_args *a = args;
    return isempty(a->signal) ? http_error(resp, 400, "Signal must be specified") : 0;
}

const struct http_route http_alloc_routes[] = {
    {HTTP_GET, "/v1/allocations", "Alloc.List", .params = "resources=Resources",
     .show = "Allocations", .prepare = prepare_list},
    {HTTP_GET, "/v1/allocation/*", "Alloc.GetAlloc", .id = "AllocID", .show = "Alloc",
     .missing = "alloc not found"},
    {HTTP_WRITE, "/v1/allocation/*/stop", "Alloc.Stop", .id = "AllocID",
     .params = "no_shutdown_delay=NoShutdownDelay"},
    {HTTP_GET | HTTP_WRITE, "/v1/client/allocation/*/restart", "Allocations.Restart",
     .id = "AllocID", .flags = ROUTE_BODY | ROUTE_OPTIONAL},
    {HTTP_WRITE, "/v1/client/allocation/*/signal", "Allocations.Signal", .id = "AllocID",
     .flags = ROUTE_BODY, .prepare = prepare_signal},
    {HTTP_GET, "/v1/client/allocation/*/stats", "Allocations.Stats", .id = "AllocID",
     .show = "HostStats"},
    {0},
};
