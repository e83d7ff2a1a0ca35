// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <errno.h>

int http_error(struct http_response *resp, int status, const char *fmt, ...)
{
    va_list ap;
    buf_reset(&resp->body);
    va_start(ap, fmt);
    buf_vprintf(&resp->body, fmt, ap);
    va_end(ap);
    resp->status = status;
    resp->content_type = "text/plain; charset=utf-8";
    return -EINVAL;
}

/* Length of the literal text when the pattern matches, -1 otherwise. */
static int match(const char *pattern, struct str path, struct str *ret_id)
{
    const char *star = strchr(pattern, '*');
    struct str before = {pattern, star ? (size_t)(star - pattern) : strlen(pattern)};
    struct str after = str_of(star ? star + 1 : "");
    *ret_id = str_n("", 0);
    if (!star)
        return str_eq(path, before) ? (int)before.n + 1 : -1;
    if (path.n <= before.n + after.n || memcmp(path.p, before.p, before.n) != 0 ||
        memcmp(path.p + path.n - after.n, after.p, after.n) != 0)
        return -1;
    *ret_id = str_n(path.p + before.n, path.n - before.n - after.n);
    return (int)(before.n + after.n);
}

const struct http_route *http_route(struct http_request *req, struct http_response *resp)
{
    const struct http_route *best = NULL;
    int most = -1;
    bool other_method = false;
    struct str path = str_of(req->uri.path), id, best_id = {0};
    for (const struct http_route *const *t = req->api->routes; *t; t++)
        for (const struct http_route *r = *t; r->pattern; r++) {
            int n = match(r->pattern, path, &id);
            if (n < most || n < 0)
                continue;
            if (n > most)
                best = NULL, other_method = false;
            most = n;
            if (!(r->methods & req->method)) {
                other_method = true;
                continue;
            }
            best = r;
            best_id = id;
        }
    if (!best) {
        if (other_method)
            http_error(resp, 405, "Invalid method");
        else
            http_error(resp, 404, "Invalid path");
        return NULL;
    }
    req->id = arena_str(req->arena, best_id);
    return best;
}

unsigned http_json_flags(const struct http_request *req)
{
    const char *pretty = uri_param(&req->uri, "pretty");
    return pretty && !streq(pretty, "0") ? JSONF_PRETTY : 0;
}

static void finish_json(const struct http_request *req, struct http_response *resp)
{
    if (http_json_flags(req) & JSONF_PRETTY)
        buf_addc(&resp->body, '\n');
    resp->status = 200;
    resp->content_type = "application/json";
}

void http_json(const struct http_request *req, struct http_response *resp, const struct schema *s,
               const void *obj)
{
    model_json(s, obj, &resp->body, http_json_flags(req));
    finish_json(req, resp);
}

/* A parameter's text into the argument of any simple type. */
static int set_field(struct http_request *req, const struct field *f, void *args, const char *name,
                     const char *z, struct http_response *resp)
{
    void *p = field_ptr(f, args);
    bool b;
    switch ((enum ftype)f->type) {
    case FT_STR:
        *(const char **)p = z;
        return 0;
    case FT_BOOL:
        if (uri_bool(z, &b) < 0)
            return http_error(resp, 400, "Failed to parse value of \"%s\" (%s) as a bool", name, z);
        *(bool *)p = b;
        return 0;
    case FT_INT:
        if (parse_i64(str_of(z), p) < 0)
            return http_error(resp, 400, "error parsing %s: \"%s\" is no whole number", name, z);
        return 0;
    case FT_UUID:
        if (uuid_parse(str_of(z), p) < 0 || isempty(z))
            return http_error(resp, 400, "%s: \"%s\" is no full id (36 characters)", name, z);
        return 0;
    default:
        assert(!"parameters are texts, numbers, ids or booleans");
        return -EINVAL;
    }
}

static const struct field *arg_field(const struct rpc_call *call, struct str name)
{
    const struct field *f = schema_field(call->method->args, name);
    assert(f); /* a row names an argument its method does not have */
    return f;
}

/* "path=Path limit=Limit" */
static int set_params(const struct http_route *route, struct http_request *req,
                      struct rpc_call *call, struct http_response *resp)
{
    for (const char *p = nonull(route->params); *p;) {
        size_t n = strcspn(p, " ");
        const char *eq = memchr(p, '=', n);
        assert(eq);
        const char *name = arena_strndup(req->arena, p, (size_t)(eq - p));
        const char *z = uri_param(&req->uri, name);
        if (!isempty(z) && set_field(req, arg_field(call, str_n(eq + 1, n - (size_t)(eq - p) - 1)),
                                     call->args, name, z, resp) < 0)
            return -EINVAL;
        p += n + strspn(p + n, " ");
    }
    return 0;
}

#define MAX_WAIT (300 * NSEC_SEC)

static int set_blocking(struct http_request *req, struct rpc_common *c, struct http_response *resp)
{
    const char *wait = uri_param(&req->uri, "wait"), *index = uri_param(&req->uri, "index");
    if (!isempty(wait) && duration_parse(str_of(wait), &c->max_query_time) < 0)
        return http_error(resp, 400, "Invalid wait time");
    if (!isempty(index) && parse_u64(str_of(index), &c->min_query_index) < 0)
        return http_error(resp, 400, "Invalid index");
    c->max_query_time = MIN(MAX(c->max_query_time, 0), MAX_WAIT);
    return 0;
}

static int set_common(struct http_request *req, struct rpc_call *call, struct http_response *resp)
{
    struct rpc_common *c = rpc_common_of(call);
    const char *region = uri_param(&req->uri, "region"), *ns = uri_param(&req->uri, "namespace"),
               *prefix = uri_param(&req->uri, "prefix");
    if (!isempty(region))
        c->region = region;
    else if (isempty(c->region))
        c->region = req->api->region;
    if (!isempty(ns))
        c->ns = ns;
    else if (isempty(c->ns))
        c->ns = "default";
    if (!isempty(prefix))
        c->prefix = prefix;
    if (req->token)
        c->auth_token = req->token;
    c->allow_stale = uri_has(&req->uri, "stale");
    c->forwarded = false; /* a body cannot claim it */
    c->min_query_index = 0;
    c->max_query_time = 0;
    return call->method->flags & RPC_WRITE ? 0 : set_blocking(req, c, resp);
}

static int read_body(const struct http_route *route, struct http_request *req,
                     struct rpc_call *call, struct http_response *resp)
{
    struct err err = {{0}};
    if (!(route->flags & ROUTE_BODY))
        return 0;
    if (req->body.n == 0)
        return route->flags & ROUTE_OPTIONAL ? 0 : http_error(resp, 400, "Request body is empty");
    if (model_from_json(call->method->args, call->arena, req->body, "", 0, &call->args, &err) < 0)
        return http_error(resp, 400, "%s", err.text);
    return 0;
}

static int fill(const struct http_route *route, struct http_request *req, struct rpc_call *call,
                struct http_response *resp)
{
    if (read_body(route, req, call, resp) < 0 || set_common(req, call, resp) < 0 ||
        set_params(route, req, call, resp) < 0)
        return -EINVAL;
    if (route->id &&
        set_field(req, arg_field(call, str_of(route->id)), call->args, "id", req->id, resp) < 0)
        return -EINVAL;
    return route->prepare ? route->prepare(req, call->args, resp) : 0;
}

struct rpc_call *http_prepare(const struct http_route *route, struct http_request *req,
                              struct http_response *resp)
{
    struct rpc_call *call = rpc_call_new(req->api->rpc, route->rpc);
    if (!call) {
        http_error(resp, 501, "not supported by this agent: %s", route->rpc);
        return NULL;
    }
    return fill(route, req, call, resp) < 0 ? rpc_call_free(call) : call;
}

static bool is_list(const struct field *f)
{
    return f->type == FT_OBJS || f->type == FT_STRS;
}

static void show_field(const struct http_route *route, const struct http_request *req,
                       const struct rpc_call *call, struct http_response *resp)
{
    const struct field *f = schema_field(call->method->reply, str_of(route->show));
    struct json_writer w = json_writer(&resp->body, http_json_flags(req));
    assert(f);
    if (route->missing && field_is_empty(f, call->reply)) {
        http_error(resp, 404, "%s", route->missing);
        return;
    }
    if (is_list(f) && field_is_empty(f, call->reply)) {
        jw_arr_begin(&w);
        jw_arr_end(&w);
    } else {
        jw_field(&w, f, call->reply);
    }
    finish_json(req, resp);
}

void http_answer(const struct http_route *route, const struct http_request *req,
                 const struct rpc_call *call, struct http_response *resp)
{
    if (call->code) {
        http_error(resp, call->code, "%s", call->err.text);
        return;
    }
    const struct rpc_meta *m = call->reply;
    resp->index = m->index;
    resp->last_contact = m->last_contact;
    resp->known_leader = m->known_leader;
    resp->has_index = m->index > 0; /* what comes from no table has none */
    resp->has_meta = resp->has_index && !(call->method->flags & RPC_WRITE);
    if (route->flags & ROUTE_NO_ANSWER)
        resp->status = 200;
    else if (route->show)
        show_field(route, req, call, resp);
    else
        http_json(req, resp, call->method->reply, call->reply);
    if (resp->body.failed)
        http_error(resp, 500, "out of memory");
}
