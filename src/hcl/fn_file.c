// SPDX-License-Identifier: Apache-2.0
/* Functions on files: for the command line only; a server's context refuses all of them. */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "hcl/fn.h"

enum { PATH_TEXT_MAX = 4096, FILES_MAX = 10000, DIRS_DEPTH_MAX = 32, DOUBLE_STARS_MAX = 3 };

struct path {
    char z[PATH_TEXT_MAX];
};

static int path_arg(const struct call *c, size_t i, struct str *ret)
{
    if (!c->s.c->allow_fs)
        return fn_fail(c, FN_CALL, "functions on files are disabled here");
    int r = fn_text(c, i, ret);
    if (r == 0 && (ret->n >= PATH_TEXT_MAX / 2 || memchr(ret->p, '\0', ret->n)))
        r = fn_fail(c, (int)i, "this is not a usable path");
    return r;
}

static bool expand_home(struct str s, struct path *p)
{
    const char *home = getenv("HOME");
    struct passwd *pw = home ? NULL : getpwuid(getuid());
    home = home ? home : pw ? pw->pw_dir : NULL;
    bool tilde = s.n && s.p[0] == '~' && (s.n == 1 || s.p[1] == '/');
    if (s.n && s.p[0] == '~' && (!tilde || !home))
        return false;
    int n = tilde ? snprintf(p->z, sizeof(p->z), "%s%.*s", home, (int)s.n - 1, s.p + 1)
                  : snprintf(p->z, sizeof(p->z), STR_FMT, STR_ARG(s));
    return n >= 0 && (size_t)n < sizeof(p->z);
}

/* Argument i as a path below base_dir unless absolute. */
static int open_path(const struct call *c, size_t i, struct path *p)
{
    struct path home;
    struct str s;
    int r = path_arg(c, i, &s);
    if (r < 0)
        return r;
    if (!expand_home(s, &home))
        return fn_fail(c, (int)i, "cannot expand \"~\" in this path");
    int n = home.z[0] == '/' ? snprintf(p->z, sizeof(p->z), "%s", home.z)
                             : snprintf(p->z, sizeof(p->z), "%s/%s", c->s.c->base_dir, home.z);
    if (n < 0 || (size_t)n >= sizeof(p->z))
        return fn_fail(c, (int)i, "the path is too long");
    return 0;
}

static int read_file(const struct call *c, struct buf *b)
{
    struct path p;
    struct stat st;
    int r = open_path(c, 0, &p);
    if (r < 0)
        return r;
    cleanup_fd int fd = open(p.z, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return fn_fail(c, 0, "cannot read %s: %s", p.z, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fn_fail(c, 0, "%s is not a regular file", p.z);
    for (;;) {
        char *to = buf_reserve(b, 65536);
        ssize_t n = to ? read(fd, to, 65536) : 0;
        if (n < 0)
            return fn_fail(c, 0, "cannot read %s: %s", p.z, strerror(errno));
        if (n == 0)
            return 0;
        b->n += (size_t)n;
        r = site_grown(&c->s, b);
        if (r < 0)
            return r;
    }
}

static int fn_file_text(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    int r = read_file(c, &b);
    if (r < 0)
        return r;
    if (utf8_bad(buf_str(&b)) < b.n)
        return fn_fail(c, 0, "the file is not UTF-8; use filebase64()");
    return site_buf(&c->s, &b, ret);
}

static int fn_filebase64(const struct call *c, struct val *ret)
{
    cleanup_buf struct buf b = {0}, text = {0};
    int r = read_file(c, &b);
    if (r < 0)
        return r;
    base64_encode(&text, buf_str(&b));
    return site_buf(&c->s, &text, ret);
}

static int fn_fileexists(const struct call *c, struct val *ret)
{
    struct path p;
    struct stat st;
    int r = open_path(c, 0, &p);
    if (r < 0)
        return r;
    if (stat(p.z, &st) < 0 && errno != ENOENT && errno != ENOTDIR)
        return fn_fail(c, 0, "cannot look at %s: %s", p.z, strerror(errno));
    *ret = val_bool(stat(p.z, &st) == 0 && S_ISREG(st.st_mode));
    return 0;
}

/* The longest way without "." and "..", as Go cleans paths. */
static int clean(const struct call *c, const char *path, struct val *ret)
{
    cleanup_buf struct buf b = {0};
    bool absolute = path[0] == '/';
    size_t floor = 0; /* what ".." cannot take away */
    if (absolute)
        buf_addc(&b, '/');
    floor = b.n;
    while (*path) {
        size_t n = strcspn(path, "/");
        bool dotdot = n == 2 && path[0] == '.' && path[1] == '.';
        if (dotdot && b.n > floor) {
            while (b.n > floor && b.p[b.n - 1] != '/')
                b.n--;
            b.n -= b.n > floor;
        } else if (n && !(n == 1 && path[0] == '.') && !(dotdot && absolute)) {
            if (b.n && b.p[b.n - 1] != '/')
                buf_addc(&b, '/');
            buf_add(&b, path, n);
            if (dotdot)
                floor = b.n;
        }
        path += n;
        path += *path == '/';
    }
    return site_str(&c->s, b.n ? buf_str(&b) : str_of("."), ret);
}

static int fn_abspath(const struct call *c, struct val *ret)
{
    struct path p;
    struct str s;
    int r = path_arg(c, 0, &s);
    if (r < 0)
        return r;
    cleanup_free char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return fn_fail(c, FN_CALL, "the current directory is gone");
    int n = s.n && s.p[0] == '/' ? snprintf(p.z, sizeof(p.z), STR_FMT, STR_ARG(s))
                                 : snprintf(p.z, sizeof(p.z), "%s/" STR_FMT, cwd, STR_ARG(s));
    if (n < 0 || (size_t)n >= sizeof(p.z))
        return fn_fail(c, 0, "the path is too long");
    return clean(c, p.z, ret);
}

static struct str without_slashes(struct str s)
{
    while (s.n > 1 && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

static int fn_basename(const struct call *c, struct val *ret)
{
    struct str s;
    int r = path_arg(c, 0, &s);
    if (r < 0)
        return r;
    s = without_slashes(s);
    const char *slash = s.n > 1 && s.p ? memrchr(s.p, '/', s.n) : NULL;
    if (slash)
        s = str_n(slash + 1, (size_t)(s.p + s.n - slash) - 1);
    return site_str(&c->s, s.n ? s : str_of("."), ret);
}

static int fn_dirname(const struct call *c, struct val *ret)
{
    struct path p;
    struct str s;
    int r = path_arg(c, 0, &s);
    if (r < 0)
        return r;
    const char *slash = s.n && s.p ? memrchr(s.p, '/', s.n) : NULL;
    snprintf(p.z, sizeof(p.z), "%.*s", slash ? (int)(slash - s.p) + 1 : 0, s.p);
    return clean(c, p.z, ret);
}

static int fn_pathexpand(const struct call *c, struct val *ret)
{
    struct path p;
    struct str s;
    int r = path_arg(c, 0, &s);
    if (r < 0)
        return r;
    if (!expand_home(s, &p))
        return fn_fail(c, 0, "cannot expand \"~\" in this path");
    return site_str(&c->s, str_of(p.z), ret);
}

struct walk {
    const struct call *c;
    const char *pattern;
    VEC(struct val) found;
    size_t seen;
};

/* `**` matches across directories, everything else within one name. */
static bool glob(const char *pattern, const char *path)
{
    const char *stars = strstr(pattern, "**");
    if (!stars)
        return fnmatch(pattern, path, FNM_PATHNAME) == 0;
    char head[PATH_TEXT_MAX];
    snprintf(head, sizeof(head), "%.*s", (int)(stars - pattern), pattern);
    const char *rest = stars + 2 + (stars[2] == '/');
    size_t slashes = 0;
    for (const char *p = head; *p; p++)
        slashes += *p == '/';
    const char *tail = path;
    for (; slashes && tail; slashes--)
        tail = strchr(tail, '/') ? strchr(tail, '/') + 1 : NULL;
    if (!tail)
        return false;
    char start[PATH_TEXT_MAX];
    snprintf(start, sizeof(start), "%.*s", (int)(tail - path), path);
    if (head[0] && fnmatch(head, start, FNM_PATHNAME) != 0)
        return false;
    for (; tail; tail = strchr(tail, '/') ? strchr(tail, '/') + 1 : NULL)
        if (!*rest || glob(rest, tail))
            return true;
    return false;
}

static int walk_dir(struct walk *w, const char *dir, const char *prefix, unsigned depth);

static int walk_entry(struct walk *w, const char *dir, const char *prefix, const char *name,
                      unsigned depth)
{
    struct path full, rel;
    struct stat st;
    struct val v;
    if (++w->seen > FILES_MAX)
        return fn_fail(w->c, 0, "more than %d files", FILES_MAX);
    int n = snprintf(full.z, sizeof(full.z), "%s/%s", dir, name);
    int m = snprintf(rel.z, sizeof(rel.z), "%s%s", prefix, name);
    if ((size_t)n >= sizeof(full.z) || (size_t)m + 1 >= sizeof(rel.z) || lstat(full.z, &st) < 0)
        return 0;
    if (S_ISDIR(st.st_mode)) {
        rel.z[m] = '/';
        rel.z[m + 1] = '\0';
        return depth < DIRS_DEPTH_MAX ? walk_dir(w, full.z, rel.z, depth + 1) : 0;
    }
    if ((S_ISLNK(st.st_mode) && (stat(full.z, &st) < 0 || !S_ISREG(st.st_mode))) ||
        !glob(w->pattern, rel.z) || utf8_bad(str_of(rel.z)) < strlen(rel.z))
        return 0;
    int r = site_str(&w->c->s, str_of(rel.z), &v);
    if (r == 0 && vec_push(&w->found, v) < 0)
        r = err_set(w->c->s.err, -ENOMEM, "out of memory");
    return r;
}

static int walk_dir(struct walk *w, const char *dir, const char *prefix, unsigned depth)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int r = 0;
    while (d && r == 0 && (e = readdir(d)))
        if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
            r = walk_entry(w, dir, prefix, e->d_name, depth);
    if (d)
        closedir(d);
    return r;
}

static int fn_fileset(const struct call *c, struct val *ret)
{
    struct path p, pattern;
    struct str s;
    struct walk w = {.c = c, .pattern = pattern.z};
    unsigned stars = 0;
    int r = open_path(c, 0, &p);
    if (r == 0)
        r = path_arg(c, 1, &s);
    if (r < 0)
        return r;
    snprintf(pattern.z, sizeof(pattern.z), STR_FMT, STR_ARG(s));
    for (const char *at = pattern.z; (at = strstr(at, "**")); at += 2)
        stars++;
    if (stars > DOUBLE_STARS_MAX)
        return fn_fail(c, 1, "more than %d times \"**\"", DOUBLE_STARS_MAX);
    r = walk_dir(&w, p.z, "", 0);
    if (r == 0)
        r = site_set(&c->s, w.found.items, w.found.n, ret);
    vec_free(&w.found);
    return r;
}

const struct fn fn_file[] = {
    {"abspath", 1, 1, fn_abspath},
    {"basename", 1, 1, fn_basename},
    {"dirname", 1, 1, fn_dirname},
    {"file", 1, 1, fn_file_text},
    {"filebase64", 1, 1, fn_filebase64},
    {"fileexists", 1, 1, fn_fileexists},
    {"fileset", 2, 2, fn_fileset},
    {"pathexpand", 1, 1, fn_pathexpand},
    {0},
};
