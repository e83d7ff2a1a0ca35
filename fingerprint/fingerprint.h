// SPDX-License-Identifier: Apache-2.0
/* What this host is: attributes and resources of the node, names and formats as Nomad's. Each
 * fingerprinter reads files below `root`, so fake /proc and /sys trees test it, and adds what it
 * finds; what cannot be found out is left out, it never stops the others. */
#pragma once
#include "base/err.h"
#include "model/node.h"

struct fingerprint_input {
    const char *root;        /* "" or NULL: the real / */
    const char *alloc_dir;   /* whose file system counts as storage */
    const char *interface;   /* NULL: that of the default route */
    int64_t network_speed;   /* Mbit/s, 0: detect */
    int64_t cpu_total;       /* MHz in all, 0: detect */
    int64_t memory_total_mb; /* 0: detect */
    const char *version, *http_addr;
};

struct fingerprinter {
    const char *name;
    int (*run)(const struct fingerprint_input *in, struct arena *a, struct node *n,
               struct err *err);
};

/* Runs all; a failing one is logged at debug. n->resources is made if NULL. -ENOMEM only. */
int fingerprint_all(const struct fingerprint_input *in, struct arena *a, struct node *n,
                    struct err *err);
const struct fingerprinter *const *fingerprint_list(size_t *ret_n);

extern const struct fingerprinter fingerprint_arch, fingerprint_cpu, fingerprint_memory,
    fingerprint_storage, fingerprint_host, fingerprint_signal, fingerprint_network,
    fingerprint_systemd, fingerprint_cgroup, fingerprint_nomad;
