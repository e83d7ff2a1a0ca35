// SPDX-License-Identifier: Apache-2.0
/* Records on the thread pool: the loop never waits for a disk. Writes of one allocation keep their
 * order; several waiting ones become one. Loop thread only. */
#pragma once
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"

struct record_store;

/* Makes `dir` (0700) if missing. */
int record_store_create(uv_loop_t *loop, const char *dir, struct record_store **ret,
                        struct err *err);
/* Lets what is under way and queued be written first (blocks); callbacks do not run any more. */
struct record_store *record_store_free(struct record_store *s);

typedef void (*record_saved_cb)(void *user, int r);
/* Takes the buffer's content. cb (may be NULL) runs later, once these bytes or newer ones are
 * written; r < 0: they are not (logged). Without cb the write waits 0.1 s for newer bytes. `sync`:
 * they must outlive a power cut, not only the agent. */
int record_store_save(struct record_store *s, const struct uuid *alloc, struct buf *bytes,
                      bool sync, record_saved_cb cb, void *user);
int record_store_remove(struct record_store *s, const struct uuid *alloc);
/* Callbacks of this user will not run. */
void record_store_cancel(struct record_store *s, void *user);
