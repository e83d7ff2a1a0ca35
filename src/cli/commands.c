// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"

const struct command *const commands[] = {
    &cmd_agent_info,       &cmd_alloc_fs,     &cmd_alloc_logs,
    &cmd_alloc_restart,    &cmd_alloc_signal, &cmd_alloc_status,
    &cmd_alloc_stop,       &cmd_eval_status,  &cmd_job_init,
    &cmd_job_inspect,      &cmd_job_plan,     &cmd_job_run,
    &cmd_job_status,       &cmd_job_stop,     &cmd_job_validate,
    &cmd_node_eligibility, &cmd_node_status,  &cmd_server_members,
    &cmd_status,           &cmd_version,      NULL,
};
