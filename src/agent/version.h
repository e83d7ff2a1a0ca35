// SPDX-License-Identifier: Apache-2.0
/* The version told to users and peers: the Nomad release whose interfaces are spoken. */
#pragma once

#define NOMAD_VERSION "1.0.18"
