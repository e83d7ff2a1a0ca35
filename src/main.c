// SPDX-License-Identifier: Apache-2.0
/* The one binary: the agent, the artifact fetcher it starts in a sandbox, and the command line. */
#include <string.h>

#include "agent/agent.h"
#include "cli/cli.h"
#include "client/fetch/fetch.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "agent") == 0)
        return agent_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "artifact-fetch") == 0)
        return fetch_main(0, 1);
    return cli_main(argc, argv);
}
