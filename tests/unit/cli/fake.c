// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/fake.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/unit/cmocka_all.h"

char fake_body[65536], fake_url[1024];

static struct MHD_Daemon *daemon_;
static const struct canned *answers;
static bool used[64];
static char address[64] = "http://127.0.0.1:1";

static const struct canned *answer_for(const char *method, const char *url)
{
    const struct canned *last = NULL;
    for (size_t i = 0; answers[i].method; i++) {
        if (strcmp(answers[i].method, method) || strcmp(answers[i].path, url))
            continue;
        last = &answers[i];
        if (!used[i]) {
            used[i] = true;
            break;
        }
    }
    return last;
}

static void *keep_url(void *ctx, const char *uri, struct MHD_Connection *conn)
{
    snprintf(fake_url, sizeof(fake_url), "%s", uri);
    fake_body[0] = '\0';
    return NULL;
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *conn, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **seen)
{
    if (!*seen) {
        *seen = fake_body;
        return MHD_YES;
    }
    if (*upload_size) {
        size_t n = strlen(fake_body);
        assert_true(n + *upload_size < sizeof(fake_body));
        memcpy(fake_body + n, upload, *upload_size);
        fake_body[n + *upload_size] = '\0';
        *upload_size = 0;
        return MHD_YES;
    }
    const struct canned *a = answer_for(method, url);
    const char *body = a ? a->body : "nothing here";
    struct MHD_Response *r =
        MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result q = MHD_queue_response(conn, a ? a->status : 404, r);
    MHD_destroy_response(r);
    return q;
}

void fake_start(const struct canned *list)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    answers = list;
    memset(used, 0, sizeof(used));
    daemon_ = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL,
                               MHD_OPTION_SOCK_ADDR, &sa, MHD_OPTION_URI_LOG_CALLBACK, keep_url,
                               NULL, MHD_OPTION_END);
    assert_non_null(daemon_);
    snprintf(address, sizeof(address), "http://127.0.0.1:%u",
             MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port);
}

void fake_stop(void)
{
    if (daemon_)
        MHD_stop_daemon(daemon_);
    daemon_ = NULL;
}

static int divert(int fd, FILE *to)
{
    int old = dup(fd);
    assert_true(old >= 0 && dup2(fileno(to), fd) == fd);
    return old;
}

static void restore(int fd, int old, FILE *from, char *text, size_t size)
{
    dup2(old, fd);
    close(old);
    rewind(from);
    text[fread(text, 1, size - 1, from)] = '\0';
    fclose(from);
}

struct ran run_cli(const char *line)
{
    struct ran r = {0};
    char text[1024], *argv[32] = {(char *)"nomad"};
    int argc = 1;
    snprintf(text, sizeof(text), "%s", line);
    for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    setenv("NOMAD_ADDR", address, 1);
    FILE *out = tmpfile(), *err = tmpfile();
    fflush(stdout);
    fflush(stderr);
    int old_out = divert(1, out), old_err = divert(2, err);
    r.code = cli_main(argc, argv);
    fflush(stdout);
    fflush(stderr);
    restore(1, old_out, out, r.out, sizeof(r.out));
    restore(2, old_err, err, r.err, sizeof(r.err));
    return r;
}
