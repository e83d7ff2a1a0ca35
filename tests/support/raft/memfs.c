// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raft/memfs.h"

#include <errno.h>

#include "base/str.h"

#define SECTOR 512u

struct memfs_inode {
    uint8_t *now, *safe; /* cap bytes each, zero beyond their sizes */
    uint8_t *dirty;      /* a byte per sector */
    size_t n, n_safe, cap;
    bool size_dirty, locked;
};

static uint64_t roll(struct memfs *m, uint64_t n)
{
    uint64_t z = m->rng += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % n;
}

static void inode_grow(struct memfs_inode *i, size_t n)
{
    if (n <= i->cap)
        return;
    size_t cap = (n * 2 + SECTOR - 1) / SECTOR * SECTOR;
    i->now = realloc(i->now, cap);
    i->safe = realloc(i->safe, cap);
    i->dirty = realloc(i->dirty, cap / SECTOR);
    memset(i->now + i->cap, 0, cap - i->cap);
    memset(i->safe + i->cap, 0, cap - i->cap);
    memset(i->dirty + i->cap / SECTOR, 0, (cap - i->cap) / SECTOR);
    i->cap = cap;
}

static void inode_resize(struct memfs_inode *i, size_t n)
{
    inode_grow(i, n);
    if (n < i->n) {
        memset(i->now + n, 0, i->n - n);
        memset(i->dirty + n / SECTOR, 1, (i->n - 1) / SECTOR - n / SECTOR + 1);
    }
    i->n = n;
    i->size_dirty = true;
}

static void inode_write(struct memfs_inode *i, const void *p, size_t n, size_t at)
{
    if (n == 0)
        return;
    if (at + n > i->n)
        inode_resize(i, at + n);
    memcpy(i->now + at, p, n);
    memset(i->dirty + at / SECTOR, 1, (at + n - 1) / SECTOR - at / SECTOR + 1);
}

static void inode_sync(struct memfs_inode *i, bool arrives)
{
    for (size_t s = 0; s < i->cap / SECTOR; s++) {
        if (arrives && i->dirty[s])
            memcpy(i->safe + s * SECTOR, i->now + s * SECTOR, SECTOR);
        i->dirty[s] = 0;
    }
    if (arrives && i->size_dirty)
        i->n_safe = i->n;
    i->size_dirty &= !arrives;
}

/* True when the operation must fail with *ret. */
static bool faulty(struct memfs *m, bool may_fill, int *ret)
{
    *ret = -EIO;
    if (m->off)
        return true;
    if (++m->ops != m->fault_at || m->fault == MEMFS_NONE)
        return false;
    if (m->fault == MEMFS_ENOSPC && !may_fill)
        return false;
    m->fault_hit = true;
    m->off = m->fault == MEMFS_STOP;
    *ret = m->fault == MEMFS_ENOSPC ? -ENOSPC : -EIO;
    return true;
}

static struct memfs_name *find(struct memfs *m, const char *path)
{
    for (size_t i = 0; i < m->now.n; i++)
        if (streq(m->now.items[i].path, path))
            return &m->now.items[i];
    return NULL;
}

#define names_set(list, p, node)                                                                   \
    do {                                                                                           \
        size_t at_ = 0;                                                                            \
        while (at_ < (list)->n && !streq((list)->items[at_].path, (p)))                            \
            at_++;                                                                                 \
        if (at_ < (list)->n) {                                                                     \
            free((list)->items[at_].path);                                                         \
            vec_swap_del((list), at_);                                                             \
        }                                                                                          \
        if (node) {                                                                                \
            struct memfs_name fresh_ = {strdup(p), (node)};                                        \
            if (vec_push((list), fresh_) < 0)                                                      \
                abort();                                                                           \
        }                                                                                          \
    } while (0)

static void change_name(struct memfs *m, const char *path, struct memfs_inode *inode,
                        const char *from)
{
    struct memfs_change c = {strdup(path), inode, from ? strdup(from) : NULL};
    names_set(&m->now, path, inode);
    if (from)
        names_set(&m->now, from, (struct memfs_inode *)NULL);
    if (vec_push(&m->changes, c) < 0)
        abort();
}

static int op_mkdir(void *ctx, const char *path)
{
    int r;
    return faulty(ctx, true, &r) ? r : 0;
}

static int op_open(void *ctx, const char *path, int flags)
{
    struct memfs *m = ctx;
    struct memfs_name *name = find(m, path);
    int r = -EIO;
    if (m->off || (flags & (O_CREAT | O_TRUNC) && faulty(m, true, &r)))
        return r;
    if (!name && !(flags & O_CREAT))
        return -ENOENT;
    struct memfs_inode *i = name ? name->inode : calloc(1, sizeof(*i));
    if (!name) {
        if (vec_push(&m->inodes, i) < 0)
            abort();
        change_name(m, path, i, NULL);
    } else if (flags & O_TRUNC) {
        inode_resize(i, 0);
    }
    if (vec_push(&m->handles, i) < 0)
        abort();
    return (int)m->handles.n - 1;
}

static int op_close(void *ctx, int fd)
{
    struct memfs *m = ctx;
    m->handles.items[fd]->locked = false;
    m->handles.items[fd] = NULL;
    return 0;
}

static int op_lock(void *ctx, int fd)
{
    struct memfs *m = ctx;
    if (m->off)
        return -EIO;
    if (m->handles.items[fd]->locked)
        return -EWOULDBLOCK;
    m->handles.items[fd]->locked = true;
    return 0;
}

static ssize_t op_pread(void *ctx, int fd, void *p, size_t n, uint64_t at)
{
    struct memfs *m = ctx;
    struct memfs_inode *i = m->handles.items[fd];
    if (m->off)
        return -EIO;
    if (at >= i->n)
        return 0;
    n = MIN(n, i->n - at);
    memcpy(p, i->now + at, n);
    return (ssize_t)n;
}

static int op_pwrite(void *ctx, int fd, const void *p, size_t n, uint64_t at)
{
    struct memfs *m = ctx;
    int r;
    bool was_off = m->off;
    if (!faulty(m, true, &r)) {
        inode_write(m->handles.items[fd], p, n, at);
        return 0;
    }
    if (!was_off) /* some of it went through */
        inode_write(m->handles.items[fd], p, (size_t)roll(m, n + 1), at);
    return r;
}

static int op_allocate(void *ctx, int fd, uint64_t size)
{
    struct memfs *m = ctx;
    int r;
    if (faulty(m, true, &r))
        return r;
    if (size > m->handles.items[fd]->n)
        inode_resize(m->handles.items[fd], size);
    return 0;
}

static int op_truncate(void *ctx, int fd, uint64_t size)
{
    struct memfs *m = ctx;
    int r;
    if (faulty(m, false, &r))
        return r;
    inode_resize(m->handles.items[fd], size);
    return 0;
}

static int op_sync(void *ctx, int fd)
{
    struct memfs *m = ctx;
    int r;
    bool was_off = m->off, bad = faulty(m, false, &r);
    if (!was_off && !m->off)
        inode_sync(m->handles.items[fd], !bad);
    return bad ? r : 0;
}

static int64_t op_size(void *ctx, int fd)
{
    struct memfs *m = ctx;
    return m->off ? -EIO : (int64_t)m->handles.items[fd]->n;
}

static int op_rename(void *ctx, const char *from, const char *to)
{
    struct memfs *m = ctx;
    int r;
    if (faulty(m, false, &r))
        return r;
    struct memfs_name *name = find(m, from);
    if (!name)
        return -ENOENT;
    change_name(m, to, name->inode, from);
    return 0;
}

static int op_unlink(void *ctx, const char *path)
{
    struct memfs *m = ctx;
    int r;
    if (faulty(m, false, &r))
        return r;
    if (find(m, path))
        change_name(m, path, NULL, NULL);
    return 0;
}

static void apply_changes(struct memfs *m, size_t n)
{
    for (size_t i = 0; i < m->changes.n; i++) {
        struct memfs_change *c = &m->changes.items[i];
        if (i < n)
            names_set(&m->safe, c->path, c->inode);
        if (i < n && c->from)
            names_set(&m->safe, c->from, (struct memfs_inode *)NULL);
        free(c->path);
        free(c->from);
    }
    m->changes.n = 0;
}

static int op_sync_dir(void *ctx, const char *path)
{
    struct memfs *m = ctx;
    int r;
    if (faulty(m, false, &r))
        return r;
    apply_changes(m, m->changes.n);
    return 0;
}

static int op_list(void *ctx, const char *path, void (*name_cb)(void *, const char *), void *arg)
{
    struct memfs *m = ctx;
    size_t n = strlen(path);
    if (m->off)
        return -EIO;
    for (size_t i = 0; i < m->now.n; i++)
        if (strncmp(m->now.items[i].path, path, n) == 0 && m->now.items[i].path[n] == '/')
            name_cb(arg, m->now.items[i].path + n + 1);
    return 0;
}

static int op_free_space(void *ctx, const char *path, uint64_t *ret_bytes)
{
    *ret_bytes = ((struct memfs *)ctx)->free_space;
    return 0;
}

void memfs_init(struct memfs *m, uint64_t seed)
{
    *m = (struct memfs){.rng = seed, .free_space = UINT64_C(1) << 40};
    m->fs = (struct raft_fs){.ctx = m,
                             .mkdir = op_mkdir,
                             .open = op_open,
                             .close = op_close,
                             .lock = op_lock,
                             .pread = op_pread,
                             .pwrite = op_pwrite,
                             .allocate = op_allocate,
                             .truncate = op_truncate,
                             .sync = op_sync,
                             .size = op_size,
                             .rename = op_rename,
                             .unlink = op_unlink,
                             .sync_dir = op_sync_dir,
                             .list = op_list,
                             .free_space = op_free_space};
}

static void forget_names(struct memfs_name *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(items[i].path);
}

void memfs_free(struct memfs *m)
{
    apply_changes(m, 0);
    forget_names(m->now.items, m->now.n);
    forget_names(m->safe.items, m->safe.n);
    for (size_t i = 0; i < m->inodes.n; i++) {
        free(m->inodes.items[i]->now);
        free(m->inodes.items[i]->safe);
        free(m->inodes.items[i]->dirty);
        free(m->inodes.items[i]);
    }
    vec_free(&m->now);
    vec_free(&m->safe);
    vec_free(&m->changes);
    vec_free(&m->inodes);
    vec_free(&m->handles);
}

void memfs_exit(struct memfs *m)
{
    for (size_t i = 0; i < m->inodes.n; i++)
        m->inodes.items[i]->locked = false;
    m->handles.n = 0;
}

static void cut_inode(struct memfs *m, struct memfs_inode *i)
{
    uint64_t mood = roll(m, 3); /* nothing, everything, or some sectors of what was on its way */
    for (size_t s = 0; s < i->cap / SECTOR; s++)
        if (i->dirty[s] && (mood == 1 || (mood == 2 && roll(m, 2))))
            memcpy(i->safe + s * SECTOR, i->now + s * SECTOR, SECTOR);
    if (i->size_dirty && (mood == 1 || (mood == 2 && roll(m, 2))))
        i->n_safe = i->n;
    memset(i->safe + i->n_safe, 0, i->cap - i->n_safe);
    memcpy(i->now, i->safe, i->cap);
    memset(i->dirty, 0, i->cap / SECTOR);
    i->n = i->n_safe;
    i->size_dirty = false;
}

void memfs_power_cut(struct memfs *m)
{
    m->off = false;
    m->fault_at = 0;
    apply_changes(m, (size_t)roll(m, m->changes.n + 1));
    forget_names(m->now.items, m->now.n);
    m->now.n = 0;
    for (size_t i = 0; i < m->safe.n; i++)
        names_set(&m->now, m->safe.items[i].path, m->safe.items[i].inode);
    for (size_t i = 0; i < m->inodes.n; i++)
        if (m->inodes.items[i]->cap)
            cut_inode(m, m->inodes.items[i]);
    memfs_exit(m);
}

uint8_t *memfs_content(struct memfs *m, const char *path, size_t *ret_n)
{
    struct memfs_name *name = find(m, path);
    *ret_n = name ? name->inode->n : 0;
    return name ? name->inode->now : NULL;
}

void memfs_settle(struct memfs *m)
{
    for (size_t i = 0; i < m->inodes.n; i++)
        inode_sync(m->inodes.items[i], true);
    apply_changes(m, m->changes.n);
}
