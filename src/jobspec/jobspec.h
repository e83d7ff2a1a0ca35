// SPDX-License-Identifier: Apache-2.0
/* Job files: HCL2 text to a Job, defaults as Nomad's servers and clients set them, and validation.
 * Everything lives in the arena given. */
#pragma once
#include "base/err.h"
#include "hcl/hcl.h"
#include "model/job.h"

/* The file's one `job` block, decoded by the field tables; not canonical yet. Errors name file,
 * line and column, show the line and suggest the nearest known name. What is not supported
 * (Connect, Vault, CSI plugins, Enterprise) is refused by name. */
int jobspec_parse_hcl(struct arena *a, const char *filename, struct str text,
                      const struct hcl_options *opts, struct job **ret, struct err *err);

/* Fills in every default that depends on other fields: names, restart and reschedule policies by
 * job type, inherited update/migrate/restart blocks, artifact destinations. Idempotent. -ENOMEM. */
int job_canonicalize(struct arena *a, struct job *j);

/* Everything that is wrong with a canonical job, one text each, outermost first. -ENOMEM. */
int job_validate(struct arena *a, const struct job *j, struct strs *ret_errors);
/* What is accepted but not acted upon yet, or probably not meant. */
int job_warnings(struct arena *a, const struct job *j, struct strs *ret_warnings);
/* "N error(s) occurred:\n\n\t* ...": how Nomad prints a list of errors. NULL for none. */
const char *job_errors_text(struct arena *a, const struct strs *errors);
const char *job_warnings_text(struct arena *a, const struct strs *warnings);

/* "md5:…", "sha1:…", "sha256:…", "sha512:…" with a digest of the right length in hex. Shared by
 * validation and the fetcher. *ret_type is static. -EINVAL with a text. */
int checksum_parse(struct str text, const char **ret_type, struct str *ret_hex, struct err *err);
