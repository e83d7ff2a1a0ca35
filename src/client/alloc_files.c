// SPDX-License-Identifier: Apache-2.0
#include "client/alloc_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/vec.h"

void file_mode_text(uint32_t mode, char ret[16])
{
    static const char letters[] = "rwxrwxrwx";
    char *p = ret;
    if (S_ISDIR(mode))
        *p++ = 'd';
    if (S_ISLNK(mode))
        *p++ = 'L';
    if (S_ISFIFO(mode))
        *p++ = 'p';
    if (S_ISSOCK(mode))
        *p++ = 'S';
    if (S_ISCHR(mode) || S_ISBLK(mode))
        *p++ = 'D';
    if (p == ret)
        *p++ = '-';
    for (int i = 0; i < 9; i++)
        *p++ = mode & (1U << (8 - i)) ? letters[i] : '-';
    *p = 0;
}

/* Where the descriptor really is, as a path below the allocation: <task>/secrets is off limits
 * however it was reached. */
static int refuse_secrets(const struct alloc_dir *d, int fd, const char *path, struct err *err)
{
    char link[64], real[8192], base[4200];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, real, sizeof(real) - 1);
    if (n < 0)
        return err_errno(err, -errno, "path \"%s\"", path);
    real[n] = 0;
    char *resolved = realpath(d->path, NULL);
    snprintf(base, sizeof(base), "%s/", resolved ? resolved : d->path);
    free(resolved);
    const char *rest = has_prefix(real, base) ? real + strlen(base) : "";
    const char *second = strchr(rest, '/');
    if (second && (streq(second + 1, "secrets") || has_prefix(second + 1, "secrets/")))
        return err_set(err, -EPERM, "Reading secret file prohibited: %s", path);
    return 0;
}

static int open_checked(const struct alloc_dir *d, const char *path, int flags, struct err *err)
{
    cleanup_fd int fd =
        alloc_dir_open(d, path, flags & O_PATH ? flags : flags | O_NONBLOCK, 0, err);
    if (fd < 0)
        return fd;
    int r = refuse_secrets(d, fd, path, err);
    return r < 0 ? r : take_fd(&fd);
}

static struct file_info *info_of(struct arena *a, const char *name, const struct stat *st)
{
    struct file_info *i = model_new(&file_info_schema, a);
    char mode[16];
    if (!i)
        return NULL;
    file_mode_text(st->st_mode, mode);
    i->name = arena_strdup(a, name);
    i->file_mode = arena_strdup(a, mode);
    i->is_dir = S_ISDIR(st->st_mode);
    i->size = st->st_size;
    i->mod_time = st->st_mtim.tv_sec * NSEC_SEC + st->st_mtim.tv_nsec;
    return i->name && i->file_mode ? i : NULL;
}

int alloc_files_stat(const struct alloc_dir *d, struct arena *a, const char *path,
                     struct file_info **ret, struct err *err)
{
    struct stat st;
    cleanup_fd int fd = open_checked(d, path, O_PATH, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return err_errno(err, -errno, "path \"%s\"", path);
    const char *slash = strrchr(path, '/');
    *ret = info_of(a, slash && slash[1] ? slash + 1 : path, &st);
    return *ret ? 0 : -ENOMEM;
}

static int by_name(const void *x, const void *y)
{
    const struct file_info *const *a = x, *const *b = y;
    return strcmp((*a)->name, (*b)->name);
}

int alloc_files_list(const struct alloc_dir *d, struct arena *a, const char *path,
                     struct objs *ret_infos, struct err *err)
{
    int fd = open_checked(d, path, O_RDONLY | O_DIRECTORY, err);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd < 0)
            return fd;
        close(fd);
        return err_errno(err, -errno, "path \"%s\"", path);
    }
    struct dirent *e;
    struct objs list = {0};
    int r = 0;
    while (r == 0 && (e = readdir(dir))) {
        struct stat st;
        if (streq(e->d_name, ".") || streq(e->d_name, "..") ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        struct file_info *i = info_of(a, e->d_name, &st);
        r = i ? objs_add(a, &list, i) : -ENOMEM;
    }
    closedir(dir);
    if (r == 0 && list.n > 1)
        qsort(list.items, list.n, sizeof(*list.items), by_name);
    if (r == 0)
        *ret_infos = list;
    return r;
}

int alloc_files_open(const struct alloc_dir *d, const char *path, int64_t *ret_size,
                     struct err *err)
{
    struct stat st;
    cleanup_fd int fd = open_checked(d, path, O_RDONLY, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return err_errno(err, -errno, "path \"%s\"", path);
    if (S_ISDIR(st.st_mode))
        return err_set(err, -EISDIR, "file \"%s\" is a directory", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, -EINVAL, "\"%s\" is no plain file", path);
    *ret_size = st.st_size;
    return take_fd(&fd);
}
