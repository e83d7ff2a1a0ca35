// SPDX-License-Identifier: Apache-2.0
#include "client/records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/log.h"
#include "model/table.h"

#define N CHG_NONE
#define MAGIC "NMDALLOC"
#define HEADER_SIZE (8 + 4 + 4 + 4)
#define RECORD_MAX (64U << 20)

#define S struct task_record
static const struct field task_record_fields[] = {
    F(1, name, "Name", NULL, FT_STR, N),
    F(2, state, "State", NULL, FT_OBJ, N, .sub = &task_state_schema),
    F(3, fsm_state, "FsmState", NULL, FT_INT, N),
    F(4, restart_count, "RestartCount", NULL, FT_INT, N),
    F(5, restart_interval_start, "RestartIntervalStart", NULL, FT_TIME, N),
    F(6, killed, "Killed", NULL, FT_BOOL, N),
    F(7, triggered, "Triggered", NULL, FT_BOOL, N),
    F(8, setup_done, "SetupDone", NULL, FT_BOOL, N),
    F(9, stop_requested, "StopRequested", NULL, FT_BOOL, N),
    F(10, unit, "Unit", NULL, FT_STR, N),
    F(11, invocation_id, "InvocationID", NULL, FT_BYTES, N),
    F(12, streams, "Streams", NULL, FT_STRS, N),
};
SCHEMA(task_record_schema, "TaskRecord", task_record_fields);
#undef S

#define S struct alloc_record
static const struct field alloc_record_fields[] = {
    F(1, alloc, "Alloc", NULL, FT_OBJ, N, .sub = &allocation_schema),
    F(2, job, "Job", NULL, FT_OBJ, N, .sub = &job_schema),
    F(3, tasks, "Tasks", NULL, FT_OBJS, N, .sub = &task_record_schema),
    F(4, health, "Health", NULL, FT_OBJ, N, .sub = &alloc_deployment_status_schema),
    F(5, received_at, "ReceivedAt", NULL, FT_TIME, N),
    F(6, removed, "Removed", NULL, FT_BOOL, N),
};
SCHEMA(alloc_record_schema, "AllocRecord", alloc_record_fields);
#undef S

void records_encode(const struct alloc_record *r, struct buf *out)
{
    cleanup_buf struct buf body = {0};
    model_encode(&alloc_record_schema, r, &body);
    buf_addz(out, MAGIC);
    buf_add_be32(out, RECORD_VERSION);
    buf_add_be32(out, (uint32_t)body.n);
    buf_add_be32(out, crc32c(0, body.p, body.n));
    buf_add_str(out, buf_str(&body));
    if (body.failed)
        out->failed = true;
}

static int check_header(struct reader *r, struct err *err)
{
    struct str magic;
    uint32_t version, size, crc;
    if (reader_bytes(r, 8, &magic) < 0 || !str_eqz(magic, MAGIC))
        return err_set(err, -EBADMSG, "not an allocation record");
    if (reader_be32(r, &version) < 0 || reader_be32(r, &size) < 0 || reader_be32(r, &crc) < 0)
        return err_set(err, -EBADMSG, "record is cut short");
    if (version > RECORD_VERSION)
        return err_set(err, -EPROTONOSUPPORT, "record has version %u, this agent knows %u", version,
                       RECORD_VERSION);
    if (reader_left(r) != size)
        return err_set(err, -EBADMSG, "record holds %zu bytes instead of %u", reader_left(r), size);
    if (crc32c(0, r->p, size) != crc)
        return err_set(err, -EBADMSG, "checksum of the record is wrong");
    return 0;
}

int records_decode(struct arena *a, struct str bytes, struct alloc_record **ret, struct err *err)
{
    struct reader r = reader_of(bytes.p, bytes.n);
    int e = check_header(&r, err);
    if (e < 0)
        return e;
    void *obj = NULL;
    e = model_decode(&alloc_record_schema, a, &r, &obj);
    struct alloc_record *rec = obj;
    if (e == 0 && (!rec->alloc || !rec->job || uuid_is_zero(&rec->alloc->id)))
        e = -EBADMSG;
    if (e < 0)
        return err_errno(err, e, "record cannot be decoded");
    OBJS_FOR(struct task_record, t, rec->tasks)
    if (!t->state || t->fsm_state < 0 || t->fsm_state >= TFS_MAX)
        return err_set(err, -EBADMSG, "record of task \"%s\" is incomplete", nonull(t->name));
    rec->alloc->job = rec->job;
    *ret = rec;
    return 0;
}

static int write_all(int fd, struct str s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            s = str_n(s.p + n, s.n - (size_t)n);
    }
    return 0;
}

int records_write(const char *dir, const struct uuid *alloc, struct str bytes, bool sync,
                  struct err *err)
{
    char path[4200], tmp[4200];
    snprintf(path, sizeof(path), "%s/%s", dir, UUID_Z(alloc));
    snprintf(tmp, sizeof(tmp), "%s/.%s.tmp", dir, UUID_Z(alloc));
    cleanup_fd int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : write_all(fd, bytes);
    if (r == 0 && sync && fdatasync(fd) < 0)
        r = -errno;
    if (r == 0 && rename(tmp, path) < 0)
        r = -errno;
    cleanup_fd int dfd = r < 0 || !sync ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dfd >= 0 && fsync(dfd) < 0)
        r = -errno;
    return r < 0 ? err_errno(err, r, "cannot write allocation record %s", path) : 0;
}

int records_remove(const char *dir, const struct uuid *alloc)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/%s", dir, UUID_Z(alloc));
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int read_file(int dir, const char *name, struct buf *b)
{
    cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size > RECORD_MAX)
        return -EFBIG;
    for (;;) {
        char *p = buf_reserve(b, 65536);
        if (!p)
            return -ENOMEM;
        ssize_t n = read(fd, p, 65536);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        if (n > 0)
            b->n += (size_t)n;
    }
}

static void set_aside(int dir, const char *name, const struct err *err)
{
    char bad[512];
    snprintf(bad, sizeof(bad), "%s.bad", name);
    log_error("client", "allocation record %s is unreadable, set aside as %s: %s", name, bad,
              err->text);
    if (renameat(dir, name, dir, bad) < 0)
        log_error("client", "cannot rename %s: %m", name);
}

static void load_one(int dir, const char *name, const struct uuid *id, records_load_cb cb,
                     void *user)
{
    struct err err = {0};
    cleanup_buf struct buf b = {0};
    cleanup_arena struct arena *a = arena_new(0);
    struct alloc_record *rec = NULL;
    int r = a ? read_file(dir, name, &b) : -ENOMEM;
    if (r == 0 && b.n == 0) { /* a power cut before the first write without `sync` arrived */
        unlinkat(dir, name, 0);
        return;
    }
    if (r < 0)
        err_errno(&err, r, "cannot read");
    else
        r = records_decode(a, buf_str(&b), &rec, &err);
    if (r == 0 && !uuid_eq(&rec->alloc->id, id))
        r = err_set(&err, -EBADMSG, "it is of allocation %s", UUID_Z(&rec->alloc->id));
    if (r < 0)
        set_aside(dir, name, &err);
    else
        cb(user, take_ptr(a), rec);
}

int records_load(const char *path, records_load_cb cb, void *user, struct err *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? 0 : err_errno(err, -errno, "cannot read %s", path);
    struct dirent *e;
    while ((e = readdir(dir))) {
        struct uuid id;
        if (strlen(e->d_name) == UUID_TEXT_LEN && uuid_parse(str_of(e->d_name), &id) == 0)
            load_one(dirfd(dir), e->d_name, &id, cb, user);
    }
    closedir(dir);
    return 0;
}
