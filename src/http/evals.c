// SPDX-License-Identifier: Apache-2.0
/* /v1/evaluations, /v1/evaluation/... */
#include "http/endpoints.h"

const struct http_route http_eval_routes[] = {
    {HTTP_GET, "/v1/evaluations", "Eval.List", .params = "job=Job status=Status",
     .show = "Evaluations"},
    {HTTP_GET, "/v1/evaluation/*", "Eval.GetEval", .id = "EvalID", .show = "Eval",
     .missing = "eval not found"},
    {HTTP_GET, "/v1/evaluation/*/allocations", "Eval.Allocations", .id = "EvalID",
     .show = "Allocations"},
    {0},
};
