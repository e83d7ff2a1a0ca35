// SPDX-License-Identifier: Apache-2.0
/* The state as a stream of bytes (Raft snapshots) and as a number (replay tests).
 *
 * Stream: "NMDSTAT1", then records of varint length, kind byte and payload; the last one carries
 * the number of records and a CRC-32C of all bytes before it. Objects are in the positional binary
 * form. Derived tables are not in it; they are counted again. */
#pragma once
#include "base/err.h"
#include "state/state.h"

/* Takes the next bytes; a negative result ends the writing and is returned. */
typedef int (*state_sink_cb)(void *arg, const void *p, size_t n);
/* Any thread, from a pinned version. Pieces of about 64 KiB. -ENOMEM, or what the sink said. */
int state_write(const struct snap *v, state_sink_cb sink, void *arg);

/* Fed with the stream in pieces of any size, on any thread. */
struct state_reader;
struct state_reader *state_reader_new(void);
struct state_reader *state_reader_free(struct state_reader *r);
/* -EBADMSG with text, -ENOMEM; then only free is left. */
int state_reader_feed(struct state_reader *r, const void *p, size_t n, struct err *err);
/* The stream is over: -EBADMSG unless it was whole. */
int state_reader_finish(struct state_reader *r, struct err *err);
/* After a good finish, on the core loop, outside a transaction: the state is what was read. Pins on
 * what was before stay good; watches all fire; listeners hear STATE_RESTORED. */
void state_install(struct state *st, struct state_reader *r);
/* What a restore replaced and nobody pins any more, else NULL: to store_free() on any thread, which
 * takes microseconds an object. What is not taken state_reclaim() frees on the spot. */
struct store *state_take_replaced(struct state *st);

/* Equal states have equal hashes on every machine; indexes count, memory and history do not. */
uint64_t state_hash(const struct snap *v);
