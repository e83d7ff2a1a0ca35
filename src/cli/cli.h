// SPDX-License-Identifier: Apache-2.0
/* The command line: Nomad's commands, flags, output and exit codes over the HTTP API. */
#pragma once

/* Everything but `agent`. Returns the exit code. */
int cli_main(int argc, char **argv);
