// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "http/exchange.h"

#define DEFAULT_BODY ((size_t)4 << 20)
#define DEFAULT_IDLE (120 * NSEC_SEC)
#define SWEEP_MS 5000u

struct http_server *server_unref(struct http_server *s)
{
    if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        pthread_cond_destroy(&s->ended);
        pthread_mutex_destroy(&s->lock);
        free(s);
    }
    return NULL;
}

/* The library decodes its own copy; ours is parsed from the raw text. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
    return exchange_new(cls, conn, uri);
}

static unsigned method_of(const char *z)
{
    if (streq(z, "GET"))
        return HTTP_GET;
    if (streq(z, "PUT") || streq(z, "POST"))
        return HTTP_WRITE;
    return streq(z, "DELETE") ? HTTP_DELETE : 0;
}

static const char *token_of(struct http_exchange *x)
{
    const char *z = MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "X-Nomad-Token");
    if (isempty(z)) {
        z = MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "Authorization");
        z = has_prefix(z, "Bearer ") ? z + strlen("Bearer ") : NULL;
    }
    return arena_strdup(x->req.arena, z);
}

/* A length announced in advance is refused before the bytes come. */
static enum MHD_Result on_headers(struct http_exchange *x, const char *method)
{
    const char *z = MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "Content-Length");
    uint64_t n;
    x->seen = true;
    x->req.method = method_of(method);
    x->req.token = token_of(x);
    if (!z || parse_u64(str_of(z), &n) < 0 || n <= x->server->max_body)
        return MHD_YES;
    x->too_large = true;
    return exchange_run(x);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **con_cls)
{
    struct http_exchange *x = *con_cls;
    if (!x)
        return MHD_NO; /* memory was short when the request line came */
    if (!x->seen)
        return on_headers(x, method);
    if (*data_size == 0)
        return exchange_run(x);
    if (x->body.n + *data_size > x->server->max_body)
        x->too_large = true;
    else
        buf_add(&x->body, data, *data_size);
    *data_size = 0;
    return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con_cls,
                         enum MHD_RequestTerminationCode why)
{
    struct http_exchange *x = *con_cls;
    *con_cls = NULL;
    if (x)
        exchange_completed(x);
}

/* A peer that vanished without a word is noticed after a minute and a half. */
static void on_connection(void *cls, struct MHD_Connection *conn, void **socket_cls,
                          enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info;
    int on = 1, idle = 45, interval = 15, count = 3;
    if (what != MHD_CONNECTION_NOTIFY_STARTED ||
        !(info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)))
        return;
    setsockopt(info->connect_fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(info->connect_fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(info->connect_fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(info->connect_fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static void on_log(void *cls, const char *fmt, va_list ap)
{
    char z[512];
    vsnprintf(z, sizeof(z), fmt, ap);
    z[strcspn(z, "\n")] = '\0';
    log_debug("http", "%s", z);
}

static int parse_address(const char *z, uint16_t port, struct sockaddr_storage *ret, socklen_t *len)
{
    struct sockaddr_in *v4 = (void *)ret;
    struct sockaddr_in6 *v6 = (void *)ret;
    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, z, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *len = sizeof(*v4);
        return 0;
    }
    if (inet_pton(AF_INET6, z, &v6->sin6_addr) != 1)
        return -EINVAL;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    *len = sizeof(*v6);
    return 0;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    if (getsockname(fd, (void *)&sa, &len) < 0)
        return 0;
    return ntohs(sa.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&sa)->sin_port
                                         : ((struct sockaddr_in6 *)(void *)&sa)->sin6_port);
}

static int listen_on(const struct http_config *c, int *ret_fd, struct err *err)
{
    struct sockaddr_storage sa;
    socklen_t len;
    int on = 1;
    if (parse_address(nonull(c->address), c->port, &sa, &len) < 0)
        return err_set(err, -EINVAL, "http address \"%s\" is no IP address", nonull(c->address));
    cleanup_fd int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, -errno, "http: cannot make a socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (void *)&sa, len) < 0 || listen(fd, 1024) < 0)
        return err_errno(err, -errno, "http: cannot listen on %s port %u", c->address, c->port);
    *ret_fd = take_fd(&fd);
    return 0;
}

/* Suspended requests whose time is over are answered; the library's own timeout does not run. */
static void on_sweep(uv_timer_t *t)
{
    struct http_server *s = t->data;
    nsec_t now = now_mono();
    pthread_mutex_lock(&s->lock);
    list_for_each_safe (it, &s->waiting) {
        struct http_exchange *x = list_item(it, struct http_exchange, link);
        if (x->deadline > now)
            continue;
        x->late = true;
        exchange_resume(x);
    }
    pthread_mutex_unlock(&s->lock);
}

static int start_sweep(struct http_server *s)
{
    s->sweep = calloc(1, sizeof(*s->sweep));
    if (!s->sweep)
        return -ENOMEM;
    uv_timer_init(s->loop, s->sweep);
    s->sweep->data = s;
    uv_timer_start(s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    uv_unref((uv_handle_t *)s->sweep);
    return 0;
}

static int start_daemon(struct http_server *s, const struct http_config *c, struct err *err)
{
    cleanup_fd int fd = -1;
    nsec_t idle = c->idle_timeout ? c->idle_timeout : DEFAULT_IDLE;
    int r = listen_on(c, &fd, err);
    if (r < 0)
        return r;
    s->port = port_of(fd);
    s->mhd = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL |
                                  MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
                              0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
                              MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE,
                              MAX(c->threads, 0u) ?: 4u, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
                              MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
                              MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
                              MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(idle / NSEC_SEC),
                              MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->max_per_ip, MHD_OPTION_END);
    if (!s->mhd)
        return err_set(err, -EIO, "http: cannot start the server's threads");
    take_fd(&fd); /* the library closes it */
    return 0;
}

struct http_server *http_server_start(uv_loop_t *loop, const struct http_config *config,
                                      struct err *err)
{
    struct http_server *s = calloc(1, sizeof(*s));
    if (!s) {
        err_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    s->loop = loop;
    s->api = config->api;
    s->max_body = config->max_body ? config->max_body : DEFAULT_BODY;
    s->refs = 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->ended, NULL);
    list_init(&s->waiting);
    if (start_sweep(s) < 0 || start_daemon(s, config, err) < 0)
        return http_server_free(s);
    return s;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

/* With the lock held: ends what is suspended and gives the answers a moment to go out. */
static void end_waiting(struct http_server *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    list_for_each_safe (it, &s->waiting) {
        struct http_exchange *x = list_item(it, struct http_exchange, link);
        x->ending = true;
        s->ending++;
        exchange_resume(x);
    }
    while (s->ending && pthread_cond_timedwait(&s->ended, &s->lock, &until) == 0)
        ;
}

/* The daemon aborts when one of its connections is still suspended. */
void http_server_stop(struct http_server *s)
{
    if (!s->mhd)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    end_waiting(s);
    pthread_mutex_unlock(&s->lock);
    MHD_stop_daemon(s->mhd);
    s->mhd = NULL;
}

static void on_timer_closed(uv_handle_t *h)
{
    free(h);
}

struct http_server *http_server_free(struct http_server *s)
{
    if (!s)
        return NULL;
    http_server_stop(s);
    if (s->sweep)
        uv_close((uv_handle_t *)take_ptr(s->sweep), on_timer_closed);
    return server_unref(s);
}
