// SPDX-License-Identifier: Apache-2.0
/* Unpacking what strangers packed. Paths and links are judged by their text first and by openat2()
 * beneath the target when they are used; sizes are counted as bytes arrive, since headers lie. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "client/fetch/fetch.h"

#define PATH_LEN_MAX 4000
#define CHUNK 65536

struct unpack {
    struct archive *in;
    int dir_fd;
    const struct fetch_limits *limits;
    int64_t bytes, files;
    const char *raw_name; /* the one file of a "gz" and its like */
};

static int refuse(struct err *err, const char *entry, const char *why)
{
    return err_set(err, -EPERM, "archive refused: entry \"%s\" %s", entry, why);
}

/* "./a//b/" -> "a/b"; -EPERM for absolute paths and "..". "" is the target itself. */
static int clean_path(const char *path, char ret[PATH_LEN_MAX + 1], struct err *err)
{
    size_t n = 0;
    if (*path == '/')
        return refuse(err, path, "has an absolute path");
    if (strlen(path) > PATH_LEN_MAX)
        return refuse(err, "...", "has a path that is too long");
    for (const char *p = path; *(p += strspn(p, "/"));) {
        size_t k = strcspn(p, "/");
        if (k == 2 && p[0] == '.' && p[1] == '.')
            return refuse(err, path, "leads out of the directory");
        if (!(k == 1 && *p == '.')) {
            if (n)
                ret[n++] = '/';
            memcpy(ret + n, p, k);
            n += k;
        }
        p += k;
    }
    ret[n] = 0;
    return 0;
}

/* A symbolic link's target, seen from the link's directory, must stay inside. ".." counts only in
 * front: behind another part it would be taken from wherever that part, a link perhaps, leads. */
static bool link_stays_inside(const char *link, const char *target)
{
    int depth = 0;
    bool down = false;
    if (*target == '/' || !*target)
        return false;
    for (const char *p = link; (p = strchr(p, '/')); p++)
        depth++;
    for (const char *p = target; *(p += strspn(p, "/"));) {
        size_t k = strcspn(p, "/");
        if (k == 2 && p[0] == '.' && p[1] == '.')
            depth--;
        else if (!(k == 1 && *p == '.'))
            down = true;
        if (depth < 0 || (down && k == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += k;
    }
    return true;
}

static int open_beneath(int dir, const char *path, uint64_t flags, mode_t mode)
{
    /* No links at all on the way: the archive could have made them a moment ago. */
    struct open_how how = {
        .flags = flags | O_CLOEXEC, .mode = mode, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
    return fd < 0 ? -errno : fd;
}

/* Makes the directories above `path`; returns a descriptor of the last and where the name starts.
 */
static int open_parent(struct unpack *u, const char *path, const char **ret_name, struct err *err)
{
    cleanup_fd int at = openat(u->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *p = path;
    for (const char *slash; at >= 0 && (slash = strchr(p, '/')); p = slash + 1) {
        char part[PATH_LEN_MAX + 1];
        snprintf(part, sizeof(part), "%.*s", (int)(slash - p), p);
        if (mkdirat(at, part, 0755) < 0 && errno != EEXIST)
            return err_errno(err, -errno, "cannot make \"%s\"", path);
        int next = open_beneath(at, part, O_RDONLY | O_DIRECTORY, 0);
        if (next == -ELOOP || next == -ENOTDIR)
            return refuse(err, path, "goes through a link or file");
        close(at);
        at = next;
    }
    if (at < 0)
        return err_errno(err, at, "cannot open \"%s\"", path);
    *ret_name = p;
    return take_fd(&at);
}

static int copy_data(struct unpack *u, int fd, const char *path, struct err *err)
{
    char buf[CHUNK];
    for (;;) {
        la_ssize_t n = archive_read_data(u->in, buf, sizeof(buf));
        if (n < 0)
            return err_set(err, -EBADMSG, "archive is damaged: %s", archive_error_string(u->in));
        if (n == 0)
            return 0;
        u->bytes += n;
        if (u->bytes > u->limits->max_bytes)
            return err_set(err, -EPERM, "archive refused: it unpacks to more than %lld bytes",
                           (long long)u->limits->max_bytes);
        for (la_ssize_t at = 0; at < n;) {
            ssize_t w = write(fd, buf + at, (size_t)(n - at));
            if (w < 0)
                return err_errno(err, -errno, "cannot write \"%s\"", path);
            at += w;
        }
    }
}

static int make_file(struct unpack *u, const char *path, mode_t mode, struct err *err)
{
    const char *name;
    cleanup_fd int parent = open_parent(u, path, &name, err);
    if (parent < 0)
        return parent;
    if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
        return err_errno(err, -errno, "cannot replace \"%s\"", path);
    cleanup_fd int fd =
        openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, -errno, "cannot write \"%s\"", path);
    int r = copy_data(u, fd, path, err);
    if (r == 0 && fchmod(fd, (mode & 0777) | 0400) < 0) /* no setuid, setgid, sticky */
        r = err_errno(err, -errno, "cannot write \"%s\"", path);
    return r;
}

static int make_directory(struct unpack *u, const char *path, mode_t mode, struct err *err)
{
    const char *name;
    if (!*path)
        return 0;
    cleanup_fd int parent = open_parent(u, path, &name, err);
    if (parent < 0)
        return parent;
    if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
        return err_errno(err, -errno, "cannot make \"%s\"", path);
    cleanup_fd int fd = open_beneath(parent, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd == -ELOOP || fd == -ENOTDIR)
        return refuse(err, path, "is a directory where a link or file is");
    if (fd < 0)
        return err_errno(err, fd, "cannot open \"%s\"", path);
    return fchmod(fd, (mode & 0777) | 0700) < 0 ? err_errno(err, -errno, "\"%s\"", path) : 0;
}

static int make_symlink(struct unpack *u, const char *path, const char *target, struct err *err)
{
    const char *name;
    if (!target || !link_stays_inside(path, target))
        return refuse(err, path, "is a link that leads out of the directory");
    cleanup_fd int parent = open_parent(u, path, &name, err);
    if (parent < 0)
        return parent;
    (void)unlinkat(parent, name, 0);
    return symlinkat(target, parent, name) < 0 ? err_errno(err, -errno, "cannot link \"%s\"", path)
                                               : 0;
}

static int make_hardlink(struct unpack *u, const char *path, const char *target, struct err *err)
{
    char clean[PATH_LEN_MAX + 1], proc[64];
    const char *name;
    int r = clean_path(target, clean, err);
    if (r < 0)
        return r;
    cleanup_fd int from = open_beneath(u->dir_fd, clean, O_RDONLY | O_NOFOLLOW, 0);
    cleanup_fd int parent = open_parent(u, path, &name, err);
    struct stat st;
    if (parent < 0)
        return parent;
    if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode))
        return refuse(err, path, "is a hard link to something that is no file of the archive");
    (void)unlinkat(parent, name, 0);
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", from);
    return linkat(AT_FDCWD, proc, parent, name, AT_SYMLINK_FOLLOW) < 0
               ? err_errno(err, -errno, "cannot link \"%s\"", path)
               : 0;
}

static int unpack_entry(struct unpack *u, struct archive_entry *e, struct err *err)
{
    char path[PATH_LEN_MAX + 1];
    const char *raw = u->raw_name ? u->raw_name : archive_entry_pathname(e);
    if (++u->files > u->limits->max_files)
        return err_set(err, -EPERM, "archive refused: it holds more than %lld files",
                       (long long)u->limits->max_files);
    if (!raw)
        return refuse(err, "?", "has no name");
    int r = clean_path(raw, path, err);
    if (r < 0)
        return r;
    if (archive_entry_hardlink(e))
        return make_hardlink(u, path, archive_entry_hardlink(e), err);
    mode_t mode = u->raw_name ? 0644 : archive_entry_perm(e);
    switch (u->raw_name ? AE_IFREG : archive_entry_filetype(e)) {
    case AE_IFREG:
        return *path ? make_file(u, path, mode, err) : refuse(err, raw, "has no name");
    case AE_IFDIR:
        return make_directory(u, path, mode, err);
    case AE_IFLNK:
        return make_symlink(u, path, archive_entry_symlink(e), err);
    case AE_IFCHR:
    case AE_IFBLK:
        return refuse(err, raw, "is a device");
    default:
        return refuse(err, raw, "is neither file, directory nor link");
    }
}

static int choose_format(struct archive *in, const char *kind, bool *ret_raw)
{
    bool tar = has_prefix(kind, "tar"), zip = streq(kind, "zip");
    archive_read_support_filter_gzip(in);
    archive_read_support_filter_bzip2(in);
    archive_read_support_filter_xz(in);
    archive_read_support_filter_zstd(in);
    *ret_raw = !tar && !zip;
    int r = tar   ? archive_read_support_format_tar(in)
            : zip ? archive_read_support_format_zip(in)
                  : archive_read_support_format_raw(in);
    return r == ARCHIVE_OK ? 0 : -EOPNOTSUPP;
}

static int unpack_all(struct unpack *u, struct err *err)
{
    struct archive_entry *e;
    for (;;) {
        int a = archive_read_next_header(u->in, &e);
        if (a == ARCHIVE_EOF)
            return u->files > 0 ? 0 : err_set(err, -EBADMSG, "archive is empty");
        if (a < ARCHIVE_WARN)
            return err_set(err, -EBADMSG, "archive is damaged: %s", archive_error_string(u->in));
        if (u->raw_name && archive_filter_code(u->in, 0) == ARCHIVE_FILTER_NONE)
            return err_set(err, -EBADMSG, "archive is damaged: it is not compressed");
        int r = unpack_entry(u, e, err);
        if (r < 0)
            return r;
    }
}

int fetch_unpack(int fd, const char *kind, int dir_fd, const char *name,
                 const struct fetch_limits *limits, struct err *err)
{
    struct unpack u = {.in = archive_read_new(), .dir_fd = dir_fd, .limits = limits};
    bool raw = false;
    if (!u.in)
        return -ENOMEM;
    int r = choose_format(u.in, kind, &raw);
    if (raw)
        u.raw_name = name;
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    if (r < 0)
        err_errno(err, r, "archive type \"%s\"", kind);
    else if (archive_read_open_fd(u.in, fd, CHUNK) != ARCHIVE_OK)
        r = err_set(err, -EBADMSG, "not a %s archive: %s", kind, archive_error_string(u.in));
    else
        r = unpack_all(&u, err);
    archive_read_free(u.in);
    return r;
}
