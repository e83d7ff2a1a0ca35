// SPDX-License-Identifier: Apache-2.0
/* Artifacts: download, check, unpack. Runs as a process of its own without privileges, its only
 * writable place is spec.target; it gets the spec on stdin and answers by lines on stdout:
 *   P <bytes done> <bytes in all or 0>     progress
 *   OK <bytes>                             the last line of success
 *   FINAL <reason>  /  RETRY <reason>      the last line of failure: trying later is useless / not
 * The digest is checked while streaming and before anything is unpacked. */
#pragma once
#include "base/err.h"
#include "model/schema.h"

enum fetch_mode { FETCH_ANY, FETCH_FILE, FETCH_DIR };

struct fetch_spec {
    const char *url;                  /* http, https or file; without our own parameters */
    const char *target;               /* directory to write to */
    const char *file_name;            /* name of a plain file in target */
    int64_t mode;                     /* enum fetch_mode */
    const char *digest_type, *digest; /* "sha256", hex; "" none */
    const char *archive; /* "tar.gz", ...; "" by the URL's ending, "false" never unpack */
    struct smap headers;
    bool insecure;
    int64_t max_bytes, max_files; /* of download and of what is unpacked */
    int64_t tries;
    nsec_t backoff; /* before the second try, doubling */
};
extern const struct schema fetch_spec_schema;

#define FETCH_MAX_BYTES (INT64_C(100) << 30)
#define FETCH_MAX_FILES 4096

struct artifact;

/* An artifact block as Nomad reads it: parameters of the source (?checksum=, ?archive=, ?filename=)
 * and `options` decide digest and unpacking. All texts are interpolated. target is left empty.
 * -EINVAL, -EOPNOTSUPP (git::, s3::, ...) with a text for the job's author. */
int fetch_spec_of(struct arena *a, const struct artifact *art, struct fetch_spec *ret,
                  struct err *err);
/* "tar.gz" for ".../x.tgz"; NULL: no archive. Pure. */
const char *fetch_archive_of(const char *path);

/* The process: returns its exit status. */
int fetch_main(int in_fd, int out_fd);

/* ---- its parts ---- */
struct fetch_digest;
int fetch_digest_new(const char *type, struct fetch_digest **ret, struct err *err);
void fetch_digest_add(struct fetch_digest *d, const void *p, size_t n);
/* Frees d. -EBADMSG names both digests. */
int fetch_digest_check(struct fetch_digest *d, const char *want, struct err *err);
void fetch_digest_free(struct fetch_digest *d);

typedef void (*fetch_progress_cb)(void *user, int64_t done, int64_t total);
/* Into an open file; digest may be NULL. -EAGAIN kinds: -EHOSTUNREACH (connection, 5xx) may go
 * away, everything else is final. */
int fetch_download(const struct fetch_spec *s, int fd, struct fetch_digest *digest,
                   fetch_progress_cb progress, void *user, struct err *err);

struct fetch_limits {
    int64_t max_bytes, max_files;
};
/* Archive at fd (from its start) into the directory; `kind` as fetch_archive_of() names it. Refuses
 * with -EPERM: absolute paths, "..", links that lead out, devices, more than the limits. What was
 * unpacked before the refusal is left for the caller to remove. `name` is that of a single
 * compressed file ("gz"). */
int fetch_unpack(int fd, const char *kind, int dir_fd, const char *name,
                 const struct fetch_limits *limits, struct err *err);
