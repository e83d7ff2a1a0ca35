// SPDX-License-Identifier: Apache-2.0
/* /v1/nodes, /v1/node/... */
#include <errno.h>

#include "http/endpoints.h"
#include "rpc/messages.h"

static int prepare_eligibility(struct http_request *req, void *args, struct http_response *resp)
{
    struct node_eligibility_args *a = args;
    int32_t e;
    if (enum_parse(&node_eligibility_texts, str_of(nonull(a->eligibility)), &e) < 0)
        return http_error(resp, 400, "invalid scheduling eligibility \"%s\"",
                          nonull(a->eligibility));
    return 0;
}

const struct http_route http_node_routes[] = {
    {HTTP_GET, "/v1/nodes", "Node.List", .params = "resources=Resources os=OS", .show = "Nodes"},
    {HTTP_GET, "/v1/node/*", "Node.GetNode", .id = "NodeID", .show = "Node",
     .missing = "node not found"},
    {HTTP_GET, "/v1/node/*/allocations", "Node.GetAllocs", .id = "NodeID", .show = "Allocs"},
    {HTTP_WRITE, "/v1/node/*/evaluate", "Node.Evaluate", .id = "NodeID"},
    {HTTP_WRITE, "/v1/node/*/eligibility", "Node.UpdateEligibility", .id = "NodeID",
     .flags = ROUTE_BODY, .prepare = prepare_eligibility},
    {0},
};
