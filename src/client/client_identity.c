// SPDX-License-Identifier: Apache-2.0
/* The node's id and secret: made once, kept in <data_dir>/client/{client-id,secret-id}. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "client/client_internal.h"

static int read_id(const char *path, struct uuid *ret, struct err *err)
{
    char text[64];
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    if (n <= 0 || uuid_parse(str_n(text, (size_t)n), ret) < 0)
        return err_set(err, -EINVAL, "%s does not hold an id", path);
    return 0;
}

static int write_id(const char *path, const struct uuid *id, struct err *err)
{
    char tmp[4200];
    snprintf(tmp, sizeof(tmp), "%s.tmp", path);
    cleanup_fd int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, UUID_Z(id), UUID_TEXT_LEN) != UUID_TEXT_LEN || fsync(fd) < 0 ||
        rename(tmp, path) < 0)
        return err_errno(err, errno ? -errno : -EIO, "cannot write %s", path);
    return 0;
}

static int load(const char *dir, const char *name, struct uuid *ret, struct err *err)
{
    char path[4100];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int r = read_id(path, ret, err);
    if (r != -ENOENT)
        return r;
    uuid_random(ret);
    return write_id(path, ret, err);
}

int client_load_identity(struct client *c, struct err *err)
{
    char dir[4096];
    snprintf(dir, sizeof(dir), "%s/client", c->config.data_dir);
    if (mkdir(c->config.data_dir, 0755) < 0 && errno != EEXIST)
        return err_errno(err, -errno, "cannot make %s", c->config.data_dir);
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return err_errno(err, -errno, "cannot make %s", dir);
    int r = load(dir, "client-id", &c->node_id, err);
    return r < 0 ? r : load(dir, "secret-id", &c->secret_id, err);
}
