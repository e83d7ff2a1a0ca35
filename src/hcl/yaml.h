// SPDX-License-Identifier: Apache-2.0
/* YAML output; private to src/hcl. */
#pragma once
#include "hcl/eval.h"

/* Block style, two spaces a level, keys and texts in double quotes as Nomad's yamlencode writes. */
int hcl_yaml_write(const struct site *s, struct val v, struct buf *b);
