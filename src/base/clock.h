// SPDX-License-Identifier: Apache-2.0
/* Time as int64 nanoseconds: wall clock since 1970 (UTC), durations as differences.
 * Pure code never calls the two clocks: time comes in with the event. */
#pragma once
#include "base/buf.h"

typedef int64_t nsec_t;

#define NSEC_USEC INT64_C(1000)
#define NSEC_MSEC INT64_C(1000000)
#define NSEC_SEC INT64_C(1000000000)
#define NSEC_MIN (60 * NSEC_SEC)
#define NSEC_HOUR (60 * NSEC_MIN)

nsec_t now_wall(void);
nsec_t now_mono(void);

/* Go-style durations: "1h30m", "1.5s", "-10ms", "0"; units ns us µs ms s m h. -EINVAL, -ERANGE. */
int duration_parse(struct str s, nsec_t *ret);
/* As Go prints them: "1h30m0s", "1.5s", "300ms", "0s". */
void duration_format(struct buf *b, nsec_t d);
/* RFC 3339 in UTC with up to nine fractional digits, trailing zeros dropped, "Z". */
void time_format_rfc3339(struct buf *b, nsec_t t);
int time_parse_rfc3339(struct str s, nsec_t *ret);
/* "2026-11-20T12:25:00Z" in the local zone with numeric offset, seconds only (CLI tables). */
void time_format_local(struct buf *b, nsec_t t);
/* Difference in the CLI's words: "<1s ago", "3m12s ago", "1d2h ago". */
void time_format_ago(struct buf *b, nsec_t t, nsec_t now);
