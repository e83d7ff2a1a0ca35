// SPDX-License-Identifier: Apache-2.0
/* What agent and relay agree on. In the relay's directory (root's, 0700):
 *   <id>.stream   text lines "key=value": dir, prefix, max_files, max_file_size
 *   <id>.fifo     the stream; appears after its .stream, already open for writing
 *   <id>.dropped  decimal bytes lost to a full disk so far, if any
 * <id> is short ([0-9a-f]{8}): all of them travel in one environment variable over a relay restart.
 * Files are <dir>/<prefix>.<N>; the highest N is written, numbering never starts over. */
#pragma once

#define RELAY_DIR "/run/nomad/fifo"
#define RELAY_UNIT "nomad-relay.service"
#define RELAY_ID_LEN 8
#define RELAY_DESCRIPTOR_MAX 8192
