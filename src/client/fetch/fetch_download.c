// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <errno.h>

#include "client/fetch/fetch.h"

#define PROGRESS_STEP (INT64_C(1) << 20)
#define STALL_SECONDS 60L

struct transfer {
    const struct fetch_spec *spec;
    int fd;
    struct fetch_digest *digest;
    fetch_progress_cb progress;
    void *user;
    int64_t done, told;
    int failure; /* ours, beside curl's */
};

static size_t on_data(char *p, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    size_t left = size * n;
    if (t->done + (int64_t)left > t->spec->max_bytes) {
        t->failure = -EFBIG;
        return 0;
    }
    if (t->digest)
        fetch_digest_add(t->digest, p, left);
    for (size_t at = 0; at < left;) {
        ssize_t w = write(t->fd, p + at, left - at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0) {
            t->failure = w < 0 ? -errno : -EIO;
            return 0;
        }
        at += (size_t)w;
    }
    t->done += (int64_t)left;
    return left;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now unused_arg,
                       curl_off_t ul unused_arg, curl_off_t ut unused_arg)
{
    struct transfer *t = user;
    if (t->progress && t->done - t->told >= PROGRESS_STEP) {
        t->told = t->done;
        t->progress(t->user, t->done, total);
    }
    return 0;
}

static void configure(CURL *c, struct transfer *t, struct curl_slist *headers)
{
    const char *schemes = has_prefix(t->spec->url, "file:") ? "file" : "http,https";
    curl_easy_setopt(c, CURLOPT_URL, t->spec->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes);
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "nomad-artifact-fetch");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    if (t->spec->insecure) {
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

/* Worth another try: nobody answered, or the server says it is its fault. */
static bool may_go_away(CURLcode code, long status)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    case CURLE_HTTP_RETURNED_ERROR:
        return status >= 500 || status == 408 || status == 429;
    default:
        return false;
    }
}

static int explain(CURL *c, CURLcode code, const struct transfer *t, struct err *err)
{
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (t->failure == -EFBIG)
        return err_set(err, -EFBIG, "it is larger than %lld bytes", (long long)t->spec->max_bytes);
    if (t->failure < 0)
        return err_errno(err, t->failure, "cannot store it");
    int r = may_go_away(code, status) ? -EHOSTUNREACH : -EREMOTEIO;
    if (code == CURLE_HTTP_RETURNED_ERROR)
        return err_set(err, r, "bad response code: %ld", status);
    return err_set(err, r, "%s", curl_easy_strerror(code));
}

int fetch_download(const struct fetch_spec *s, int fd, struct fetch_digest *digest,
                   fetch_progress_cb progress, void *user, struct err *err)
{
    struct transfer t = {.spec = s, .fd = fd, .digest = digest, .progress = progress, .user = user};
    struct curl_slist *headers = NULL;
    CURL *c = curl_easy_init();
    if (!c)
        return -ENOMEM;
    for (size_t i = 0; i < s->headers.n; i++) {
        cleanup_buf struct buf b = {0};
        buf_printf(&b, "%s: %s", s->headers.items[i].key, nonull(s->headers.items[i].value));
        /* A line break would smuggle in a header of its own. */
        if (!b.failed && !strpbrk(b.p, "\r\n"))
            headers = curl_slist_append(headers, b.p);
    }
    configure(c, &t, headers);
    CURLcode code = curl_easy_perform(c);
    int r = code == CURLE_OK ? 0 : explain(c, code, &t, err);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    return r;
}
