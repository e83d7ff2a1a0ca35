// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "client/fetch/fetch.h"
#include "model/job.h"
#include "model/table.h"

#define S struct fetch_spec
static const struct field fields[] = {
    F(1, url, "Url", NULL, FT_STR, CHG_NONE),
    F(2, target, "Target", NULL, FT_STR, CHG_NONE),
    F(3, file_name, "FileName", NULL, FT_STR, CHG_NONE),
    F(4, mode, "Mode", NULL, FT_INT, CHG_NONE),
    F(5, digest_type, "DigestType", NULL, FT_STR, CHG_NONE),
    F(6, digest, "Digest", NULL, FT_STR, CHG_NONE),
    F(7, archive, "Archive", NULL, FT_STR, CHG_NONE),
    F(8, headers, "Headers", NULL, FT_SMAP, CHG_NONE),
    F(9, insecure, "Insecure", NULL, FT_BOOL, CHG_NONE),
    F(10, max_bytes, "MaxBytes", NULL, FT_INT, CHG_NONE),
    F(11, max_files, "MaxFiles", NULL, FT_INT, CHG_NONE),
    F(12, tries, "Tries", NULL, FT_INT, CHG_NONE),
    F(13, backoff, "Backoff", NULL, FT_DUR, CHG_NONE),
};
SCHEMA(fetch_spec_schema, "FetchSpec", fields);
#undef S

static const char *const kinds[] = {"tar.gz", "tgz", "tar.bz2", "tbz2", "tar.xz", "txz", "tar.zst",
                                    "tzst",   "tar", "zip",     "gz",   "bz2",    "xz",  "zst"};

static const char *canonical(const char *kind)
{
    static const char *const same[][2] = {
        {"tgz", "tar.gz"}, {"tbz2", "tar.bz2"}, {"txz", "tar.xz"}, {"tzst", "tar.zst"}};
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        if (streq(kind, same[i][0]))
            return same[i][1];
    return kind;
}

const char *fetch_archive_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t n = strlen(kinds[i]), len = strlen(path);
        if (len > n + 1 && path[len - n - 1] == '.' && streq(path + len - n, kinds[i]))
            return canonical(kinds[i]);
    }
    return NULL;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static const char *unescape(struct arena *a, struct str s)
{
    char *out = arena_strndup(a, s.p, s.n), *q = out;
    for (const char *p = out; p && *p; p++) {
        int hi = *p == '%' && p[1] ? hex_value(p[1]) : -1;
        int lo = hi >= 0 ? hex_value(p[2]) : -1;
        if (lo >= 0) {
            *q++ = (char)(hi * 16 + lo);
            p += 2;
        } else {
            *q++ = *p;
        }
    }
    if (q)
        *q = 0;
    return out;
}

/* The parameters that are meant for us, not for the server. */
static bool is_ours(const char *key)
{
    return streq(key, "checksum") || streq(key, "archive") || streq(key, "filename");
}

/* Splits "?a=b&checksum=..." into the URL without ours, and ours. */
static int split_query(struct arena *a, const char *source, const char **ret_url,
                       struct smap *ret_ours)
{
    const char *q = strchr(source, '?');
    if (!q) {
        *ret_url = source;
        return 0;
    }
    cleanup_buf struct buf b = {0};
    buf_add(&b, source, (size_t)(q - source));
    char glue = '?';
    for (const char *p = q + 1; *p;) {
        size_t n = strcspn(p, "&"), eq = strcspn(p, "=&");
        const char *key = unescape(a, str_n(p, eq));
        const char *value = unescape(a, str_n(p + eq + (eq < n), n - eq - (eq < n)));
        if (!key || !value)
            return -ENOMEM;
        if (is_ours(key)) {
            if (smap_set(a, ret_ours, key, value) < 0)
                return -ENOMEM;
        } else {
            buf_addc(&b, glue);
            buf_add(&b, p, n);
            glue = '&';
        }
        p += n + (p[n] == '&');
    }
    *ret_url = arena_strndup(a, nonull(b.p), b.n);
    return *ret_url && !b.failed ? 0 : -ENOMEM;
}

static int take_checksum(struct arena *a, const char *text, struct fetch_spec *s, struct err *err)
{
    static const struct {
        const char *type;
        size_t hex;
    } types[] = {{"md5", 32}, {"sha1", 40}, {"sha256", 64}, {"sha512", 128}};
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    for (size_t i = 0; colon && i < ARRAY_LEN(types); i++) {
        if (n != strlen(types[i].type) || memcmp(text, types[i].type, n) != 0)
            continue;
        if (strlen(colon + 1) != types[i].hex ||
            strspn(colon + 1, "0123456789abcdefABCDEF") != types[i].hex)
            return err_set(err, -EINVAL, "checksum \"%s\": %s needs %zu hexadecimal digits", text,
                           types[i].type, types[i].hex);
        s->digest_type = types[i].type;
        s->digest = arena_strdup(a, colon + 1);
        return s->digest ? 0 : -ENOMEM;
    }
    return err_set(err, -EINVAL,
                   "checksum \"%s\" must be md5:, sha1:, sha256: or sha512: and the digest", text);
}

static int take_archive(const char *text, struct fetch_spec *s, struct err *err)
{
    if (streq(text, "false") || streq(text, "0")) {
        s->archive = "false";
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (streq(text, kinds[i])) {
            s->archive = canonical(kinds[i]);
            return 0;
        }
    const char *near = nearest_name(str_of(text), kinds, ARRAY_LEN(kinds));
    return err_set(err, -EINVAL, "archive type \"%s\" is not known%s%s", text,
                   near ? "; did you mean " : "", nonull(near));
}

static int take_options(struct arena *a, const struct smap *options, struct fetch_spec *s,
                        struct err *err)
{
    for (size_t i = 0; i < options->n; i++) {
        const char *key = options->items[i].key, *value = nonull(options->items[i].value);
        int r = 0;
        if (streq(key, "checksum"))
            r = *value ? take_checksum(a, value, s, err) : 0;
        else if (streq(key, "archive"))
            r = take_archive(value, s, err);
        else if (streq(key, "filename"))
            s->file_name = value;
        else
            return err_set(err, -EOPNOTSUPP, "not supported: artifact option \"%s\"", key);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_scheme(const char **url, struct err *err)
{
    const char *forced = strstr(*url, "::");
    size_t scheme = strcspn(*url, ":/");
    if (forced && forced < *url + scheme + 1) {
        if (!has_prefix(*url, "http::") && !has_prefix(*url, "https::") &&
            !has_prefix(*url, "file::"))
            return err_set(err, -EOPNOTSUPP, "not supported: artifact source \"%.*s\"",
                           (int)(forced - *url + 2), *url);
        *url = forced + 2;
    }
    if (has_prefix(*url, "http://") || has_prefix(*url, "https://") || has_prefix(*url, "file:///"))
        return 0;
    return err_set(err, -EOPNOTSUPP,
                   "not supported: artifact source \"%s\" (http, https and file URLs are)", *url);
}

/* Last part of the path. */
static const char *base_name(struct arena *a, const char *url)
{
    const char *path = strstr(url, "://") + 3;
    size_t n = strcspn(path, "?#");
    while (n > 0 && path[n - 1] == '/')
        n--;
    size_t from = n;
    while (from > 0 && path[from - 1] != '/')
        from--;
    const char *name = from == 0 ? "" : unescape(a, str_n(path + from, n - from));
    return isempty(name) || streq(name, ".") || streq(name, "..") || strchr(name, '/') ? "artifact"
                                                                                       : name;
}

static int take_mode(const char *mode, struct fetch_spec *s, struct err *err)
{
    if (isempty(mode) || streq(mode, "any"))
        s->mode = FETCH_ANY;
    else if (streq(mode, "file"))
        s->mode = FETCH_FILE;
    else if (streq(mode, "dir"))
        s->mode = FETCH_DIR;
    else
        return err_set(err, -EINVAL, "artifact mode \"%s\" must be any, file or dir", mode);
    return 0;
}

int fetch_spec_of(struct arena *a, const struct artifact *art, struct fetch_spec *ret,
                  struct err *err)
{
    struct fetch_spec s = {.insecure = art->insecure,
                           .max_bytes = FETCH_MAX_BYTES,
                           .max_files = FETCH_MAX_FILES,
                           .tries = 3,
                           .backoff = NSEC_SEC,
                           .headers = art->headers};
    struct smap ours = {0};
    if (isempty(art->source))
        return err_set(err, -EINVAL, "artifact has no source");
    int r = split_query(a, art->source, &s.url, &ours);
    if (r == 0)
        r = check_scheme(&s.url, err);
    if (r == 0)
        r = take_mode(art->mode, &s, err);
    if (r == 0)
        r = take_options(a, &ours, &s, err);
    if (r == 0)
        r = take_options(a, &art->options, &s, err);
    if (r < 0)
        return r;
    const char *name = base_name(a, s.url);
    if (isempty(s.archive))
        s.archive = fetch_archive_of(name);
    if (isempty(s.archive))
        s.archive = "false";
    if (isempty(s.file_name))
        s.file_name = name;
    if (strchr(s.file_name, '/') || streq(s.file_name, "..") || streq(s.file_name, "."))
        return err_set(err, -EINVAL, "artifact file name \"%s\" is not a plain name", s.file_name);
    *ret = s;
    return 0;
}
