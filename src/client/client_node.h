// SPDX-License-Identifier: Apache-2.0
/* The node as it is registered: identity, fingerprint, drivers, configuration. */
#pragma once
#include "base/err.h"

struct client;

/* Replaces client.node. */
int client_node_build(struct client *c, struct err *err);
