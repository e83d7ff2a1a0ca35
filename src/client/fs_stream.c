// SPDX-License-Identifier: Apache-2.0
#include "client/fs_stream.h"

#include <errno.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/log.h"
#include "model/json.h"

#define CHUNK (64 * 1024)
#define BURST 16          /* chunks before other work of the loop gets its turn */
#define HEARTBEAT_MS 1000 /* "{}" when nothing happens, so that a dead peer is noticed */

struct fs_stream {
    struct fs_stream_spec spec;
    char *name;
    struct rpc_stream *to;
    uv_timer_t timer;
    uv_fs_event_t event;
    int open_handles;
    bool watching, paused, over, idle;
    int64_t left; /* of limit */
};

static void on_closed(uv_handle_t *h)
{
    struct fs_stream *s = h->data;
    if (--s->open_handles > 0)
        return;
    free(s->name);
    free(s);
}

static void finish(struct fs_stream *s)
{
    if (s->over)
        return;
    s->over = true;
    if (s->spec.is_log)
        log_reader_close(&s->spec.log);
    else if (s->spec.fd >= 0)
        close(s->spec.fd);
    uv_close((uv_handle_t *)&s->timer, on_closed);
    if (s->watching)
        uv_close((uv_handle_t *)&s->event, on_closed);
}

static void frame(struct buf *b, const struct fs_stream *s, struct str bytes, int64_t number,
                  int64_t offset)
{
    cleanup_buf struct buf file = {0};
    buf_addz(&file, s->name);
    if (s->spec.is_log)
        buf_printf(&file, ".%lld", (long long)number);
    buf_addz(b, "{\"Data\":\"");
    base64_encode(b, bytes);
    buf_addz(b, "\",\"File\":");
    struct json_writer w = json_writer(b, 0);
    jw_strn(&w, buf_str(&file));
    buf_printf(b, ",\"Offset\":%lld}", (long long)(offset + (int64_t)bytes.n));
}

static int send_bytes(struct fs_stream *s, struct str bytes, int64_t number, int64_t offset)
{
    if (s->spec.plain)
        return s->to->write(s->to, bytes.p, bytes.n);
    cleanup_buf struct buf b = {0};
    frame(&b, s, bytes, number, offset);
    return b.failed ? -ENOMEM : s->to->write(s->to, b.p, b.n);
}

static ssize_t read_some(struct fs_stream *s, char *buf, int64_t *number, int64_t *offset)
{
    size_t want = s->spec.limit > 0 ? (size_t)MIN(s->left, CHUNK) : CHUNK;
    if (want == 0)
        return 0;
    if (s->spec.is_log)
        return log_reader_read(&s->spec.log, buf, want, number, offset);
    ssize_t n = pread(s->spec.fd, buf, want, s->spec.offset);
    if (n < 0)
        return -errno;
    *number = 0;
    *offset = s->spec.offset;
    s->spec.offset += n;
    return n;
}

static void end_with(struct fs_stream *s, int r)
{
    struct err err = {0};
    struct rpc_stream *to = s->to;
    if (r < 0)
        err_errno(&err, r, "cannot read %s", s->name);
    finish(s);
    to->end(to, r < 0 ? &err : NULL);
}

static void on_timer(uv_timer_t *t);

static void at_end(struct fs_stream *s)
{
    if (!s->spec.follow || (s->spec.limit > 0 && s->left == 0)) {
        end_with(s, 0);
    } else {
        s->idle = true;
        uv_timer_start(&s->timer, on_timer, s->watching ? HEARTBEAT_MS : HEARTBEAT_MS / 4, 0);
    }
}

static void pump(struct fs_stream *s)
{
    char buf[CHUNK];
    int64_t number = 0, offset = 0;
    for (int i = 0; i < BURST; i++) {
        ssize_t n = read_some(s, buf, &number, &offset);
        if (n < 0) {
            end_with(s, (int)n);
            return;
        }
        if (n == 0) {
            at_end(s);
            return;
        }
        s->left -= n;
        int r = send_bytes(s, str_n(buf, (size_t)n), number, offset);
        if (r <= 0) { /* gone or full: `cancel` or `resume` follows */
            s->paused = true;
            return;
        }
    }
    uv_timer_start(&s->timer, on_timer, 0, 0);
}

static void on_timer(uv_timer_t *t)
{
    struct fs_stream *s = t->data;
    if (s->over || s->paused)
        return;
    if (s->idle && !s->spec.plain && s->to->write(s->to, "{}", 2) <= 0) {
        s->paused = true;
        return;
    }
    s->idle = false;
    pump(s);
}

static void on_event(uv_fs_event_t *h, const char *file unused_arg, int events unused_arg,
                     int status unused_arg)
{
    struct fs_stream *s = h->data;
    if (s->over || s->paused)
        return;
    s->idle = false;
    uv_timer_start(&s->timer, on_timer, 0, 0);
}

static void on_resume(struct rpc_stream *to)
{
    struct fs_stream *s = to->producer;
    s->paused = false;
    if (!s->over)
        uv_timer_start(&s->timer, on_timer, 0, 0);
}

static void on_cancel(struct rpc_stream *to)
{
    finish(to->producer);
}

static void watch(struct fs_stream *s, uv_loop_t *loop)
{
    if (!s->spec.follow || !s->spec.watch || uv_fs_event_init(loop, &s->event) < 0)
        return;
    s->event.data = s;
    s->watching = true;
    s->open_handles++;
    (void)uv_fs_event_start(&s->event, on_event, s->spec.watch, 0);
}

int fs_stream_start(uv_loop_t *loop, const struct fs_stream_spec *spec, struct rpc_stream *to)
{
    struct fs_stream *s = calloc(1, sizeof(*s));
    if (!s || !(s->name = strdup(nonull(spec->name)))) {
        free(s);
        return -ENOMEM;
    }
    s->spec = *spec;
    s->left = spec->limit;
    s->to = to;
    to->producer = s;
    to->resume = on_resume;
    to->cancel = on_cancel;
    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    s->open_handles = 1;
    watch(s, loop);
    uv_timer_start(&s->timer, on_timer, 0, 0);
    return 0;
}
