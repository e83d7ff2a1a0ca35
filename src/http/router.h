// SPDX-License-Identifier: Apache-2.0
/* From a request to a call of the method table and from its reply to an answer: one table row an
 * endpoint. Pure but for the method table; the server does the waiting.
 * Paths, parameters, codes and texts are Nomad's (command/agent of 1.0.18). */
#pragma once
#include "http/uri.h"
#include "model/json.h"
#include "rpc/rpc.h"

struct job;

enum http_methods {
    HTTP_GET = 1 << 0,
    HTTP_WRITE = 1 << 1, /* PUT and POST alike */
    HTTP_DELETE = 1 << 2,
};

struct http_request {
    unsigned method; /* one of http_methods; 0: any other */
    struct uri uri;
    struct str body;   /* NUL-terminated */
    const char *token; /* X-Nomad-Token */
    const char *id;    /* what the pattern's `*` stood for */
    struct arena *arena;
    const struct http_api *api;
};

struct http_response {
    int status;
    const char *content_type; /* NULL: no body */
    struct buf body;
    uint64_t index;
    nsec_t last_contact;
    bool known_leader;
    bool has_index, has_meta; /* X-Nomad-Index alone, or all three */
};

enum http_route_flags {
    ROUTE_BODY = 1 << 0,      /* the body is the method's arguments in JSON */
    ROUTE_OPTIONAL = 1 << 1,  /* ... or empty */
    ROUTE_PLAIN = 1 << 2,     /* a stream of bytes: text/plain whatever is in it */
    ROUTE_NO_ANSWER = 1 << 3, /* nothing in the answer's body */
};

struct http_route {
    unsigned methods;
    const char *pattern; /* one `*` stands for any text that is not empty, slashes too */
    const char *rpc;     /* method; NULL: `local` answers */
    const char *id;      /* argument that takes what `*` stood for */
    const char *params;  /* "purge=Purge all=All": query parameter to argument */
    const char *show;    /* field of the reply that is the answer; NULL: the whole reply */
    const char *missing; /* 404 with this text when what would be shown is not there */
    unsigned flags;
    /* Checks and completes the arguments. -EINVAL after http_error(). */
    int (*prepare)(struct http_request *req, void *args, struct http_response *resp);
    void (*local)(struct http_request *req, struct http_response *resp);
};

/* What endpoints need of the agent. */
struct http_api {
    struct rpc_table *rpc;
    const char *region;
    const struct http_route *const *routes; /* tables, each ended by a row without pattern */
    /* /v1/jobs/parse. NULL: 501. Variables are HCL text of assignments, or NULL. */
    int (*parse_job)(struct arena *a, struct str hcl, const char *variables, bool canonicalize,
                     struct job **ret, struct err *err);
};

/* Sets status and text; returns -EINVAL. */
int http_error(struct http_response *resp, int status, const char *fmt, ...) printf_like(3, 4);
/* The most specific row for path and method; NULL with 404 or 405 in resp. Fills req->id. */
const struct http_route *http_route(struct http_request *req, struct http_response *resp);
/* The call with its arguments filled; NULL with an error in resp (400, 501). */
struct rpc_call *http_prepare(const struct http_route *route, struct http_request *req,
                              struct http_response *resp);
/* The answer of a finished call, or its error. */
void http_answer(const struct http_route *route, const struct http_request *req,
                 const struct rpc_call *call, struct http_response *resp);
/* Answers with JSON as the request wants it (`?pretty`). */
void http_json(const struct http_request *req, struct http_response *resp, const struct schema *s,
               const void *obj);
unsigned http_json_flags(const struct http_request *req);
/* Every table of src/http, ended by NULL. */
extern const struct http_route *const http_routes[];
