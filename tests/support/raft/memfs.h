// SPDX-License-Identifier: Apache-2.0
/* A disk in memory behind the file layer, which knows what a power cut would leave of it: data is
 * safe after a sync of its file, names after a sync of the directory, a failed sync leaves pages
 * that look clean and never arrive. Any single operation can be made to fail or to be the last. */
#pragma once
#include "base/vec.h"
#include "raft-io/fs.h"

enum memfs_fault {
    MEMFS_NONE,
    MEMFS_EIO,    /* the operation fails; a write may have happened in part */
    MEMFS_ENOSPC, /* the same with another reason; only writes, allocations and creations */
    MEMFS_STOP,   /* this and all later operations fail without effect: the machine is off */
};

struct memfs_inode;
struct memfs_name {
    char *path;
    struct memfs_inode *inode;
};
struct memfs_change { /* to the names, not synced yet */
    char *path;
    struct memfs_inode *inode; /* NULL: removed */
    char *from;                /* rename: the old name goes in the same step; else NULL */
};
struct memfs {
    struct raft_fs fs;
    uint64_t rng;
    VEC(struct memfs_name) now, safe;
    VEC(struct memfs_change) changes;
    VEC(struct memfs_inode *) inodes;
    VEC(struct memfs_inode *) handles;
    uint64_t ops;      /* that change something, so far */
    uint64_t fault_at; /* the fault happens at this one; 0 = never */
    enum memfs_fault fault;
    bool off, fault_hit;
    uint64_t free_space;
};

void memfs_init(struct memfs *m, uint64_t seed);
void memfs_free(struct memfs *m);
/* The process is gone: handles and locks are, the cache stays. */
void memfs_exit(struct memfs *m);
/* Power is gone: what was not synced survives in arbitrary parts. Ends MEMFS_STOP too. */
void memfs_power_cut(struct memfs *m);
/* Current content of a file (borrowed), NULL if there is none. For damaging it on purpose. */
uint8_t *memfs_content(struct memfs *m, const char *path, size_t *ret_n);
/* Sync of everything, as after a long quiet time. */
void memfs_settle(struct memfs *m);
