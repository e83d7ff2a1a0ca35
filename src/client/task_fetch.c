// SPDX-License-Identifier: Apache-2.0
/* A task's artifacts, one after the other, each in a sandboxed unit of its own: nobody's rights, no
 * network namespace of the task, one writable directory. What it made is given to the task's user.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/log.h"
#include "client/client_internal.h"
#include "client/fetch/fetch.h"
#include "client/user.h"

#define TARGET "/mnt/artifact"
#define LINE_MAX_LEN 4096
#define PROGRESS_EVERY (30 * NSEC_SEC)
#define LOST_STARTS_MAX 20

typedef void (*done_fn)(struct task_runner *tr);
typedef void (*failed_fn)(struct task_runner *tr, enum task_note_type type, bool unrecoverable,
                          const char *text);

struct fetch_job {
    struct client *c;
    struct task_runner *tr; /* NULL: cancelled */
    done_fn done;
    failed_fn failed;
    struct unit_name unit;
    struct unit_watch *watch;
    uv_pipe_t pipe;
    char chunk[LINE_MAX_LEN];
    struct buf lines;
    char *source, *target; /* target: host path of the directory */
    uv_work_t work;
    uid_t uid;
    gid_t gid;
    nsec_t told;
    bool pipe_open, eof, exited, ok, final, working;
    char text[ERR_TEXT_MAX];
};

static void job_next(struct task_runner *tr, done_fn done, failed_fn failed);

static void job_free(struct fetch_job *j)
{
    buf_free(&j->lines);
    free(j->source);
    free(j->target);
    free(j);
}

static void ignore_answer(void *user unused_arg, int r unused_arg, const struct err *err unused_arg)
{
}

static void on_pipe_closed(uv_handle_t *h)
{
    struct fetch_job *j = h->data;
    j->pipe_open = false;
    if (!j->tr && !j->working)
        job_free(j);
}

/* Unit and pipe go; the object with the last of its handles. */
static void job_close(struct fetch_job *j)
{
    j->tr = NULL;
    units_cancel(j->c->units, j);
    j->watch = unit_watch_free(j->watch);
    if (j->unit.z[0])
        (void)units_reap(j->c->units, j->unit.z, ignore_answer, j->c);
    j->unit.z[0] = 0;
    if (j->pipe_open && !uv_is_closing((uv_handle_t *)&j->pipe))
        uv_close((uv_handle_t *)&j->pipe, on_pipe_closed);
    else if (!j->pipe_open && !j->working)
        job_free(j);
}

/* ---- the end ---- */

static void chown_tree(int fd, uid_t uid, gid_t gid, int depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return;
    }
    struct dirent *e;
    while (depth < 256 && (e = readdir(dir))) {
        struct stat st;
        if (streq(e->d_name, ".") || streq(e->d_name, "..") ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        bool nobodys = st.st_uid == 65534;
        if (nobodys && fchownat(dirfd(dir), e->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
            log_warn("client", "artifact: cannot chown %s: %m", e->d_name);
        int sub = S_ISDIR(st.st_mode) ? openat(dirfd(dir), e->d_name,
                                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                                      : -1;
        if (sub >= 0)
            chown_tree(sub, uid, gid, depth + 1);
    }
    closedir(dir);
}

static void on_work(uv_work_t *w)
{
    struct fetch_job *j = container_of(w, struct fetch_job, work);
    int fd = open(j->target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        chown_tree(fd, j->uid, j->gid, 0);
}

static void on_work_done(uv_work_t *w, int status unused_arg)
{
    struct fetch_job *j = container_of(w, struct fetch_job, work);
    struct task_runner *tr = j->tr;
    done_fn done = j->done;
    failed_fn failed = j->failed;
    j->working = false;
    job_close(j);
    if (!tr)
        return;
    tr->fetch = NULL;
    tr->next_artifact++;
    job_next(tr, done, failed);
}

static void report_failure(struct fetch_job *j)
{
    struct task_runner *tr = j->tr;
    failed_fn failed = j->failed;
    bool final = j->final;
    char text[ERR_TEXT_MAX];
    snprintf(text, sizeof(text), "failed to download artifact \"%.300s\": %.600s", j->source,
             *j->text ? j->text : "the fetcher ended without an answer");
    tr->fetch = NULL;
    job_close(j);
    failed(tr, NOTE_DOWNLOAD_FAILED, final, text);
}

/* The answer is complete when the unit has ended and its pipe was read to the end. */
static void check_end(struct fetch_job *j)
{
    if (!j->tr || !j->exited || !j->eof || j->working)
        return;
    if (!j->ok) {
        report_failure(j);
        return;
    }
    j->working = true;
    if (uv_queue_work(j->c->loop, &j->work, on_work, on_work_done) < 0) {
        j->working = false;
        report_failure(j);
    }
}

/* ---- what it says ---- */

static void tell_progress(struct fetch_job *j, const char *line)
{
    long long done = 0, total = 0;
    nsec_t now = now_mono();
    if (sscanf(line, "P %lld %lld", &done, &total) < 1 || now - j->told < PROGRESS_EVERY)
        return;
    char text[256];
    if (total > 0)
        snprintf(text, sizeof(text), "Client is downloading artifacts: %lld of %lld MB", done >> 20,
                 total >> 20);
    else
        snprintf(text, sizeof(text), "Client is downloading artifacts: %lld MB", done >> 20);
    j->told = now;
    task_runner_note(j->tr, &(struct task_note){.type = NOTE_DOWNLOADING, .text = text});
    alloc_runner_changed(j->tr->ar);
}

static void take_line(struct fetch_job *j, const char *line)
{
    if (has_prefix(line, "P "))
        tell_progress(j, line);
    else if (has_prefix(line, "OK "))
        j->ok = true;
    else if (has_prefix(line, "FINAL ") || has_prefix(line, "RETRY ")) {
        j->final = *line == 'F';
        snprintf(j->text, sizeof(j->text), "%s", line + 6);
    }
}

static void take_lines(struct fetch_job *j)
{
    char *nl;
    while (j->tr && j->lines.n > 0 && (nl = memchr(j->lines.p, '\n', j->lines.n))) {
        *nl = 0;
        take_line(j, j->lines.p);
        buf_consume(&j->lines, (size_t)(nl - j->lines.p) + 1);
    }
    if (j->lines.n > LINE_MAX_LEN)
        buf_reset(&j->lines);
}

static void on_alloc(uv_handle_t *h, size_t want unused_arg, uv_buf_t *b)
{
    struct fetch_job *j = h->data;
    *b = uv_buf_init(j->chunk, sizeof(j->chunk));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct fetch_job *j = s->data;
    if (n > 0) {
        buf_add(&j->lines, b->base, (size_t)n);
        take_lines(j);
    } else if (n < 0) {
        j->eof = true;
        uv_read_stop(s);
        check_end(j);
    }
}

static void on_exit_seen(void *user, const struct unit_exit *ex,
                         const struct unit_state *state unused_arg)
{
    struct fetch_job *j = user;
    j->exited = true;
    if (ex->end != UNIT_END_EXIT && !*j->text)
        snprintf(j->text, sizeof(j->text), "the fetcher: %s", ex->text);
    /* systemd keeps its copy of the pipe until then. */
    (void)units_reap(j->c->units, j->unit.z, ignore_answer, j->c);
    j->unit.z[0] = 0;
    check_end(j);
}

static void on_started(void *user, int r, const struct unit_state *state unused_arg,
                       const struct err *err)
{
    struct fetch_job *j = user;
    if (r >= 0 || !j->tr)
        return;
    if (r == -ECONNRESET && j->tr->lost_starts < LOST_STARTS_MAX) {
        struct task_runner *tr = j->tr;
        done_fn done = j->done;
        failed_fn failed = j->failed;
        tr->lost_starts++;
        tr->fetch = NULL;
        job_close(j);
        job_next(tr, done, failed);
        return;
    }
    snprintf(j->text, sizeof(j->text), "the fetcher does not start: %.500s", err->text);
    j->exited = j->eof = true;
    check_end(j);
}

/* ---- the start ---- */

/* "local/x", "${NOMAD_ALLOC_DIR}/data": as a path below the allocation. */
static int place_of(struct task_runner *tr, struct arena *a, const char *destination,
                    const char **ret_rel, struct err *err)
{
    const char *base = tr->ar->dir.path, *dest = isempty(destination) ? "local/" : destination;
    size_t n = strlen(base);
    bool inside = strncmp(dest, base, n) == 0 && (dest[n] == '/' || !dest[n]);
    cleanup_buf struct buf b = {0};
    if (!inside)
        buf_printf(&b, "%s/", tr->task->name);
    for (const char *p = inside ? dest + n : dest; *(p += strspn(p, "/"));) {
        size_t k = strcspn(p, "/");
        if (k == 2 && p[0] == '.' && p[1] == '.')
            return err_set(err, -EXDEV,
                           "artifact destination path \"%s\" escapes the alloc "
                           "directory",
                           dest);
        if (!(k == 1 && *p == '.'))
            buf_printf(&b, "%.*s/", (int)k, p);
        p += k;
    }
    *ret_rel = b.failed ? NULL : arena_strndup(a, nonull(b.p), b.n);
    return *ret_rel ? 0 : -ENOMEM;
}

/* In mode "file" the destination names the file. */
static void split_file(struct arena *a, const char **rel, struct fetch_spec *s)
{
    char *z = arena_strdup(a, *rel);
    size_t n = strlen(z);
    while (n > 0 && z[n - 1] == '/')
        z[--n] = 0;
    char *slash = strrchr(z, '/');
    if (s->mode != FETCH_FILE || !slash)
        return;
    *slash = 0;
    s->file_name = slash + 1;
    *rel = z;
}

static int order_fd(const struct fetch_spec *s, struct err *err)
{
    cleanup_buf struct buf b = {0};
    model_encode(&fetch_spec_schema, s, &b);
    cleanup_fd int fd = memfd_create("nomad-artifact", MFD_CLOEXEC);
    if (b.failed || fd < 0 || write(fd, b.p, b.n) != (ssize_t)b.n || lseek(fd, 0, SEEK_SET) < 0)
        return err_set(err, -EIO, "cannot write the fetcher's order");
    return take_fd(&fd);
}

static int start_unit(struct fetch_job *j, int order, int out, struct err *err)
{
    static const char *const argv[] = {"nomad", "artifact-fetch", NULL};
    const struct alloc_runner *ar = j->tr->ar;
    const struct unit_bind bind = {.src = j->target, .dst = TARGET, .writable = true};
    const struct unit_pair tmpfs = {"/mnt", "size=64k,mode=0755"};
    struct unit_name slice = unit_name_slice(&ar->id);
    struct unit_spec s = UNIT_SPEC_INIT;
    struct uuid_text node = uuid_text(&j->c->node_id);
    s.name = j->unit.z;
    s.slice = slice.z;
    s.description = "nomad artifact download";
    s.node_id = node.z;
    s.exec = j->c->config.self;
    s.argv = argv;
    s.user = "nobody";
    s.stdin_fd = order;
    s.stdout_fd = out;
    s.kill_timeout = NSEC_SEC;
    s.limits_best_effort = true;
    s.limits.tasks_max = 64;
    /* No RestrictSUIDSGID: its filter refuses openat2(), which unpacking rests on. */
    s.sandbox = (struct unit_sandbox){
        .binds = &bind,
        .n_binds = 1,
        .tmpfs = &tmpfs,
        .n_tmpfs = 1,
        .set_cap_bounding = true,
        .no_new_privileges = true,
        .private_tmp = true,
        .private_devices = true,
        .private_ipc = true,
        .protect_kernel_tunables = true,
        .protect_kernel_modules = true,
        .protect_kernel_logs = true,
        .protect_control_groups = true,
        .protect_clock = true,
        .protect_hostname = true,
        .protect_system = "strict",
        .protect_proc = "invisible",
    };
    int r = unit_watch_create(j->c->units, j->unit.z, false, on_exit_seen, j, &j->watch);
    return r < 0 ? err_errno(err, r, "cannot watch the fetcher")
                 : units_start(j->c->units, &s, on_started, j, err);
}

static int open_pipe(struct fetch_job *j, int *ret_out, struct err *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, -errno, "pipe");
    int r = uv_pipe_init(j->c->loop, &j->pipe, 0);
    if (r == 0) {
        j->pipe.data = j;
        j->pipe_open = true;
        r = uv_pipe_open(&j->pipe, fds[0]);
    }
    if (r < 0)
        close(fds[0]);
    else
        r = uv_read_start((uv_stream_t *)&j->pipe, on_alloc, on_read);
    if (r < 0) {
        close(fds[1]);
        return err_errno(err, r, "pipe of the fetcher");
    }
    *ret_out = fds[1];
    return 0;
}

static int prepare(struct task_runner *tr, struct arena *a, struct fetch_spec *ret,
                   const char **ret_rel, struct err *err)
{
    const struct artifact *raw = tr->task->artifacts.items[tr->next_artifact];
    struct artifact art;
    int r = task_runner_artifact(tr, a, raw, &art);
    if (r == 0)
        r = fetch_spec_of(a, &art, ret, err);
    if (r == 0)
        r = place_of(tr, a, art.destination, ret_rel, err);
    if (r < 0)
        return r;
    split_file(a, ret_rel, ret);
    ret->target = TARGET;
    if (isempty(tr->ar->c->config.self))
        return err_set(err, -EOPNOTSUPP, "not supported: artifacts, no fetcher is configured");
    return alloc_dir_make_path(&tr->ar->dir, *ret_rel, err);
}

static int launch(struct fetch_job *j, struct arena *a, struct err *err)
{
    struct fetch_spec s;
    struct user_ids ids;
    const char *rel = NULL;
    int r = prepare(j->tr, a, &s, &rel, err);
    if (r == 0)
        r = user_find(task_runner_user(j->tr), &ids, err);
    if (r < 0)
        return r;
    j->uid = ids.uid;
    j->gid = ids.gid;
    j->source = strdup(s.url);
    cleanup_buf struct buf path = {0};
    buf_printf(&path, "%s/%s", j->tr->ar->dir.path, rel);
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.p[--path.n] = 0;
    j->target = buf_steal(&path);
    if (!j->source || !j->target)
        return -ENOMEM;
    cleanup_fd int order = order_fd(&s, err), out = -1;
    r = order < 0 ? order : open_pipe(j, &out, err);
    return r < 0 ? r : start_unit(j, order, out, err);
}

static void job_next(struct task_runner *tr, done_fn done, failed_fn failed)
{
    struct err err = {0};
    if (tr->next_artifact >= tr->task->artifacts.n) {
        done(tr);
        return;
    }
    cleanup_arena struct arena *a = arena_new(0);
    struct fetch_job *j = calloc(1, sizeof(*j));
    if (!a || !j) {
        free(j);
        failed(tr, NOTE_DOWNLOAD_FAILED, false, "out of memory");
        return;
    }
    struct uuid random;
    char name[300];
    uint32_t nonce;
    uuid_random(&random);
    memcpy(&nonce, random.b, sizeof(nonce));
    snprintf(name, sizeof(name), "artifact:%s", tr->task->name);
    j->c = tr->ar->c;
    j->tr = tr;
    j->done = done;
    j->failed = failed;
    j->told = now_mono();
    j->unit = unit_name_service(&tr->ar->id, str_of(name), nonce);
    tr->fetch = j;
    int r = launch(j, a, &err);
    if (r < 0) {
        if (!j->source)
            j->source = strdup(
                nonull(((struct artifact *)tr->task->artifacts.items[tr->next_artifact])->source));
        snprintf(j->text, sizeof(j->text), "%s", *err.text ? err.text : strerror(-r));
        j->final = r == -EINVAL || r == -EOPNOTSUPP || r == -EXDEV || r == -ENOTDIR;
        report_failure(j);
    }
}

void task_runner_fetch(struct task_runner *tr, done_fn done, failed_fn failed)
{
    if (tr->task->artifacts.n == 0) {
        done(tr);
        return;
    }
    tr->next_artifact = 0;
    task_runner_note(tr, &(struct task_note){.type = NOTE_DOWNLOADING});
    alloc_runner_changed(tr->ar);
    job_next(tr, done, failed);
}

void task_runner_fetch_cancel(struct task_runner *tr)
{
    struct fetch_job *j = take_ptr(tr->fetch);
    if (j)
        job_close(j);
}
