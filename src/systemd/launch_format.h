// SPDX-License-Identifier: Apache-2.0
/* What the launcher reads from descriptor 0: this header in host byte order, then `size` bytes:
 *   cwd NUL, path NUL, argv[0] NUL ... argv[argc-1] NUL, env[0] NUL ... env[envc-1] NUL
 * Empty cwd: stay; empty path: argv[0], looked up in the task's own PATH unless it has a '/'. */
#pragma once
#include <stdint.h>

#define LAUNCH_MAGIC 0x31434c4eU /* "NLC1" */
#define LAUNCH_VERSION 1U
#define LAUNCH_MAX_SIZE (64U << 20)

struct launch_header {
    uint32_t magic, version, size, argc, envc, flags;
};

#define LAUNCH_FLAG_RESET_SIGNALS 1U /* all signals default and unblocked, umask 022 */

/* On failure the launcher moves the read position of descriptor 0, which the agent shares, to here.
 */
#define LAUNCH_FAILED_POSITION (1LL << 40)

/* Exit statuses that mean "the task never ran"; one line on stderr says why. systemd's own (200 and
 * up) end before them. */
enum launch_status {
    LAUNCH_EXIT_BAD_INPUT = 247,
    LAUNCH_EXIT_CHDIR = 248,
    LAUNCH_EXIT_NOT_FOUND = 249, /* ENOENT */
    LAUNCH_EXIT_EXEC = 250,      /* EACCES, ENOEXEC, ... */
};
