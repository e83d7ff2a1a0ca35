// SPDX-License-Identifier: Apache-2.0
/* Version constraints ("version" and "semver" operators). Rules are those of the go-version
 * library, whose results Nomad's users see:
 *  - "version" takes 1.2.3-rc1+meta, v1.2, 1.2.3beta and the operators = != > < >= <= ~>, several
 *    separated by commas; a constraint without pre-release never matches a version with one;
 *  - "semver" wants a dash before the pre-release in the constraint, has no ~>, and orders
 *    pre-releases as Semver 2.0 does. */
#pragma once
#include "base/str.h"

/* Does `version` satisfy all of `constraints`? False when either is malformed. */
bool version_matches(struct str version, struct str constraints, bool semver);
/* For validation: -EINVAL when malformed. */
int version_constraints_check(struct str constraints, bool semver);
