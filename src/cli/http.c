// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>

#include "cli/internal.h"

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    buf_add(ctx, p, size * n);
    return size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct answer *a = ctx;
    struct str line = str_n(p, size * n);
    static const char name[] = "X-Nomad-Index:";
    if (line.n > sizeof(name) && strncasecmp(line.p, name, sizeof(name) - 1) == 0)
        a->index = strtoull(p + sizeof(name) - 1, NULL, 10);
    return line.n;
}

const char *url_escape(struct cli *c, const char *text)
{
    struct buf b = {0};
    for (const char *p = nonull(text); *p; p++) {
        unsigned char x = (unsigned char)*p;
        if ((x >= '0' && x <= '9') || (x >= 'A' && x <= 'Z') || (x >= 'a' && x <= 'z') ||
            strchr("-_.~", x))
            buf_addc(&b, *p);
        else
            buf_printf(&b, "%%%02X", x);
    }
    const char *r = arena_strndup(c->arena, nonull(b.p), b.n);
    buf_free(&b);
    return r;
}

static const char *full_url(struct cli *c, const char *path)
{
    const char *base = c->address, *sep = strchr(path, '?') ? "&" : "?";
    if (has_prefix(base, "unix://"))
        base = "http://localhost";
    size_t n = strlen(base);
    while (n && base[n - 1] == '/')
        n--;
    const char *url = arena_printf(c->arena, "%.*s%s", (int)n, base, path);
    if (!isempty(c->region)) {
        url = arena_printf(c->arena, "%s%sregion=%s", url, sep, url_escape(c, c->region));
        sep = "&";
    }
    if (!isempty(c->ns) && !strstr(path, "namespace="))
        url = arena_printf(c->arena, "%s%snamespace=%s", url, sep, url_escape(c, c->ns));
    return url;
}

static CURL *handle(struct cli *c, const char *path, struct curl_slist **headers)
{
    CURL *h = curl_easy_init();
    if (!h)
        return NULL;
    curl_easy_setopt(h, CURLOPT_URL, full_url(c, path));
    if (has_prefix(c->address, "unix://"))
        curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, c->address + strlen("unix://"));
    if (!isempty(c->token))
        *headers =
            curl_slist_append(*headers, arena_printf(c->arena, "X-Nomad-Token: %s", c->token));
    *headers = curl_slist_append(*headers, "Expect:");
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, *headers);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    return h;
}

static void no_answer(struct cli *c, CURLcode r, const char *method, const char *path)
{
    err_set(&c->err, -EIO, "%s \"%s%s\": %s", method, c->address, path,
            r == CURLE_COULDNT_CONNECT ? "connection refused; is the agent running?"
                                       : curl_easy_strerror(r));
}

struct answer api_call(struct cli *c, const char *method, const char *path, const char *body)
{
    struct answer a = {0};
    struct curl_slist *headers = NULL;
    CURL *h = handle(c, path, &headers);
    if (!h) {
        err_set(&c->err, -ENOMEM, "out of memory");
        return a;
    }
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
    if (body) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    }
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &a.body);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &a);
    CURLcode r = curl_easy_perform(h);
    if (r == CURLE_OK)
        curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &a.status);
    else
        no_answer(c, r, method, path);
    curl_easy_cleanup(h);
    curl_slist_free_all(headers);
    if (a.status >= 400)
        err_set(&c->err, -EIO, "Unexpected response code: %ld (%s)", a.status,
                a.body.n ? a.body.p : "no text");
    return a;
}

static int checked(struct cli *c, struct answer *a)
{
    if (a->status == 0)
        return -EIO;
    return a->status >= 400 ? (int)a->status : 0;
}

int api_send(struct cli *c, const char *method, const char *path, const char *body,
             const struct schema *reply, void **ret)
{
    struct answer a = api_call(c, method, path, body);
    int r = checked(c, &a);
    if (ret)
        *ret = NULL;
    if (r == 0 && reply && a.body.n && !streq(a.body.p, "null"))
        r = model_from_json(reply, c->arena, buf_str(&a.body), "", JSONF_LOCAL, ret, &c->err);
    buf_free(&a.body);
    return r;
}

int api_get(struct cli *c, const struct schema *s, const char *path, void **ret)
{
    return api_send(c, "GET", path, NULL, s, ret);
}

int api_get_list(struct cli *c, const struct schema *s, const char *path, struct objs *ret)
{
    struct answer a = api_call(c, "GET", path, NULL);
    int r = checked(c, &a);
    *ret = (struct objs){0};
    json_error_t e;
    json_t *list = r == 0 ? json_loadb(nonull(a.body.p), a.body.n, JSON_DECODE_ANY, &e) : NULL;
    buf_free(&a.body);
    if (r)
        return r;
    if (!json_is_array(list) && !json_is_null(list)) {
        json_decref(list);
        return err_set(&c->err, -EINVAL, "%s: the answer is no list", path);
    }
    size_t n = json_array_size(list);
    ret->items = arena_array(c->arena, void *, n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = model_from_json_tree(s, c->arena, json_array_get(list, i), "", JSONF_LOCAL,
                                 &ret->items[ret->n], &c->err);
        ret->n += r == 0;
    }
    json_decref(list);
    return r;
}

struct streaming {
    CURL *h;
    bool (*cb)(void *ctx, const char *p, size_t n);
    void *ctx;
    struct buf error;
    bool stopped;
};

static size_t on_stream(char *p, size_t size, size_t n, void *ctx)
{
    struct streaming *s = ctx;
    long status = 0;
    curl_easy_getinfo(s->h, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) {
        buf_add(&s->error, p, size * n);
        return size * n;
    }
    if (s->cb(s->ctx, p, size * n))
        return size * n;
    s->stopped = true;
    return 0;
}

int api_stream(struct cli *c, const char *path, bool (*cb)(void *ctx, const char *p, size_t n),
               void *ctx)
{
    struct curl_slist *headers = NULL;
    struct streaming s = {.h = handle(c, path, &headers), .cb = cb, .ctx = ctx};
    long status = 0;
    if (!s.h)
        return -ENOMEM;
    curl_easy_setopt(s.h, CURLOPT_WRITEFUNCTION, on_stream);
    curl_easy_setopt(s.h, CURLOPT_WRITEDATA, &s);
    CURLcode r = curl_easy_perform(s.h);
    curl_easy_getinfo(s.h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(s.h);
    curl_slist_free_all(headers);
    int q = 0;
    if (status >= 400)
        q = err_set(&c->err, (int)status, "Unexpected response code: %ld (%s)", status,
                    nonull(s.error.p));
    else if (r != CURLE_OK && !s.stopped) {
        no_answer(c, r, "GET", path);
        q = -EIO;
    }
    buf_free(&s.error);
    return q;
}
