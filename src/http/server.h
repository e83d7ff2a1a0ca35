// SPDX-License-Identifier: Apache-2.0
/* The HTTP front: libmicrohttpd's threads read requests and write answers; whatever has to wait
 * suspends its connection and is resumed from the loop. While a connection is suspended the library
 * sees neither disconnects nor timeouts, so the loop watches descriptor and deadline.
 *
 * Start, stop and free on the loop's thread. Requests are answered until stop; those still waiting
 * then get 503. */
#pragma once
#include <uv.h>

#include "base/err.h"
#include "http/router.h"

struct http_config {
    const char *address; /* numeric IPv4 or IPv6 */
    uint16_t port;       /* 0: any free one */
    unsigned threads;    /* 0: 4 */
    unsigned max_per_ip; /* connections of one address; 0: no limit */
    size_t max_body;     /* bytes; 0: 4 MiB */
    nsec_t idle_timeout; /* a connection without progress; 0: 120 s */
    struct http_api api; /* borrowed until the server is freed */
};

struct http_server;

/* NULL with a text in err. */
struct http_server *http_server_start(uv_loop_t *loop, const struct http_config *config,
                                      struct err *err);
uint16_t http_server_port(const struct http_server *s);
/* No new connections, ends the old ones; idempotent. Calls still running end on their own later. */
void http_server_stop(struct http_server *s);
/* Stops first. Then run the loop once for its handles to close. Returns NULL. */
struct http_server *http_server_free(struct http_server *s);
