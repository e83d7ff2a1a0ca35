// SPDX-License-Identifier: Apache-2.0
/* What Nomad's API has and this agent has not: a clear answer instead of "not found". */
#include "http/endpoints.h"

static void not_yet(struct http_request *req, struct http_response *resp)
{
    http_error(resp, 501, "not supported yet: %s", req->uri.path);
}

static void no_acls(struct http_request *req, struct http_response *resp)
{
    http_error(resp, 400, "ACL support disabled");
}

static void no_deployment(struct http_request *req, struct http_response *resp)
{
    http_error(resp, 404, "deployment not found");
}

static void none(struct http_request *req, struct http_response *resp)
{
    buf_addz(&resp->body, "[]");
    resp->status = 200;
    resp->content_type = "application/json";
}

#define ANY (HTTP_GET | HTTP_WRITE | HTTP_DELETE)

const struct http_route http_absent_routes[] = {
    {ANY, "/v1/acl/*", .local = no_acls},
    {ANY, "/v1/deployment/*", .local = no_deployment},
    {HTTP_GET, "/v1/volumes", .local = none},
    {HTTP_GET, "/v1/plugins", .local = none},
    {HTTP_GET, "/v1/scaling/policies", .local = none},
    {HTTP_WRITE, "/v1/job/*/periodic/force", .local = not_yet},
    {HTTP_WRITE, "/v1/job/*/dispatch", .local = not_yet},
    {HTTP_WRITE, "/v1/job/*/revert", .local = not_yet},
    {HTTP_WRITE, "/v1/job/*/stable", .local = not_yet},
    {HTTP_GET | HTTP_WRITE, "/v1/job/*/scale", .local = not_yet},
    {HTTP_WRITE, "/v1/node/*/drain", .local = not_yet},
    {HTTP_WRITE, "/v1/node/*/purge", .local = not_yet},
    {ANY, "/v1/namespace/*", .local = not_yet},
    {HTTP_GET, "/v1/client/gc", .local = not_yet},
    {HTTP_GET | HTTP_WRITE, "/v1/client/allocation/*/exec", .local = not_yet},
    {HTTP_GET | HTTP_WRITE, "/v1/client/allocation/*/gc", .local = not_yet},
    {HTTP_GET, "/v1/client/allocation/*/snapshot", .local = not_yet},
    {HTTP_GET, "/v1/metrics", .local = not_yet},
    {HTTP_GET, "/v1/event/stream", .local = not_yet},
    {HTTP_GET, "/v1/agent/monitor", .local = not_yet},
    {HTTP_GET, "/v1/agent/host", .local = not_yet},
    {HTTP_WRITE, "/v1/agent/join", .local = not_yet},
    {HTTP_WRITE, "/v1/agent/force-leave", .local = not_yet},
    {ANY, "/v1/operator/*", .local = not_yet},
    {HTTP_WRITE, "/v1/system/reconcile/summaries", .local = not_yet},
    {0},
};
