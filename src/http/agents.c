// SPDX-License-Identifier: Apache-2.0
/* /v1/agent/..., /v1/status/..., /v1/regions, /v1/namespaces, /v1/search, /v1/system/... */
#include "http/endpoints.h"
#include "rpc/messages.h"

/* The one namespace there is. */
static void namespaces(struct http_request *req, struct http_response *resp)
{
    struct json_writer w = json_writer(&resp->body, http_json_flags(req));
    jw_arr_begin(&w);
    jw_obj_begin(&w);
    jw_key(&w, "Name");
    jw_str(&w, "default");
    jw_key(&w, "Description");
    jw_str(&w, "Default shared namespace");
    jw_key(&w, "CreateIndex");
    jw_uint(&w, 1);
    jw_key(&w, "ModifyIndex");
    jw_uint(&w, 1);
    jw_obj_end(&w);
    jw_arr_end(&w);
    resp->status = 200;
    resp->content_type = "application/json";
}

/* Ours alone until regions are joined. */
static void regions(struct http_request *req, struct http_response *resp)
{
    struct json_writer w = json_writer(&resp->body, http_json_flags(req));
    jw_arr_begin(&w);
    jw_str(&w, req->api->region);
    jw_arr_end(&w);
    resp->status = 200;
    resp->content_type = "application/json";
}

const struct http_route http_agent_routes[] = {
    {HTTP_GET, "/v1/agent/self", "Agent.Self", .show = "HostStats"},
    {HTTP_GET, "/v1/agent/health", "Agent.Health", .show = "HostStats"},
    {HTTP_GET, "/v1/agent/servers", "Agent.Servers", .show = "Texts"},
    {HTTP_GET, "/v1/agent/members", "Status.Members"},
    {HTTP_GET, "/v1/client/stats", "ClientStats.Stats", .params = "node_id=NodeID",
     .show = "HostStats"},
    {HTTP_GET, "/v1/status/leader", "Status.Leader", .show = "Text"},
    {HTTP_GET, "/v1/status/peers", "Status.Peers", .show = "Texts"},
    {HTTP_GET, "/v1/regions", .local = regions},
    {HTTP_GET, "/v1/namespaces", .local = namespaces},
    {HTTP_WRITE, "/v1/search", "Search.PrefixSearch", .flags = ROUTE_BODY},
    {HTTP_WRITE, "/v1/system/gc", "System.GarbageCollect", .flags = ROUTE_NO_ANSWER},
    {0},
};

const struct http_route *const http_routes[] = {
    http_job_routes, http_node_routes,  http_alloc_routes,  http_eval_routes,
    http_fs_routes,  http_agent_routes, http_absent_routes, NULL,
};
